//! Reverts in words.

use alloy_primitives::hex;
use alloy_sol_types::{Revert, SolError as _};

/// What a reverted call returned, in words: a native module's error, a contract's reason, or hex.
pub fn describe_revert(data: &[u8]) -> String {
    if data.is_empty() {
        return "without a reason".into();
    }
    if let Some(words) = hansa_abi::describe_error(data) {
        return words;
    }
    match Revert::abi_decode(data) {
        Ok(revert) => revert.reason,
        Err(_) => hex::encode_prefixed(data),
    }
}
