//! Object ids: keccak256 of the STIX id as text.

use crate::limits::{MAX_TYPE_BYTES, MIN_TYPE_BYTES};
use alloy_primitives::{B256, FixedBytes, hex, keccak256};

/// The id of the object with a STIX id `type--uuid`. Total: also for types that the exchange refuses.
pub fn object_id(object_type: &str, uuid: &FixedBytes<16>) -> B256 {
    keccak256(stix_id(object_type, uuid))
}

/// The STIX id as text, with the UUID in lower case (RFC 9562).
pub(super) fn stix_id(object_type: &str, uuid: &FixedBytes<16>) -> String {
    let digits = hex::encode(uuid);
    let (a, b, c, d, e) = (
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    );
    format!("{object_type}--{a}-{b}-{c}-{d}-{e}")
}

/// Whether a type is one that STIX 2.1 allows, within the exchange's limits: a letter first (section 3.1),
/// then a-z, 0-9 and hyphens, not two of these in a row (section 11.2.1) nor one at the end (two hyphens
/// end the type in an id).
pub(super) fn is_valid_type(object_type: &str) -> bool {
    (MIN_TYPE_BYTES..=MAX_TYPE_BYTES).contains(&object_type.len())
        && object_type
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && object_type.starts_with(|first: char| first.is_ascii_lowercase())
        && !object_type.ends_with('-')
        && !object_type.contains("--")
}
