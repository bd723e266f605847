//! A transaction as a stranger may send it: decoding never panics, and what decodes encodes to the same bytes.

#![no_main]

use alloy_eips::eip2718::Encodable2718;
use hansa_primitives::decode_transaction;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(transaction) = decode_transaction(data) {
        assert_eq!(
            transaction.encoded_2718(),
            data,
            "two encodings of one transaction"
        );
    }
});
