//! A block as another operator may send it: decoding never panics, and what decodes encodes to the same bytes.

#![no_main]

use bytes::Bytes;
use commonware_codec::{Decode, Encode};
use hansa_primitives::{Block, BlockCfg};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(block) = Block::decode_cfg(Bytes::copy_from_slice(data), &BlockCfg::default()) {
        assert_eq!(block.encode().as_ref(), data, "two encodings of one block");
    }
});
