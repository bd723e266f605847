//! Content as a member may publish it: inspection never panics, and what passes is valid JSON.

#![no_main]

use hansa_taxii::stix;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if stix::inspect(data).is_ok() {
        let text = std::str::from_utf8(data).expect("what passes is UTF-8");
        assert!(
            text.trim_start().starts_with('{'),
            "what passes is an object"
        );
    }
});
