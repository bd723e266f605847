//! Paths and queries as a stranger may send them to the TAXII server.

#![no_main]

use hansa_taxii::{Kind, Limits, Query, Route};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = Route::parse(text);
    let limits = Limits::default();
    for kind in [Kind::Listing, Kind::Object, Kind::Versions, Kind::Plain] {
        if let Ok(query) = Query::parse(text, kind, &limits) {
            assert!(query.limit <= limits.page_max, "a page over its limit");
        }
    }
});
