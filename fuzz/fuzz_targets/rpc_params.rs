//! Parameters as a stranger may send them to the JSON-RPC server.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        hansa_rpc::read_as_everything(text);
    }
});
