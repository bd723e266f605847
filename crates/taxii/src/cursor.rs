//! The `next` parameter of paging (TAXII 2.1 section 3.5).
//!
//! A cursor says after which `date_added` the next page begins, and in which collection. It is opaque
//! to clients and holds no node's secret, so any operator takes up a walk that another began. A forged
//! one gains nothing that `added_after` does not give; the check digits are there so that a damaged or
//! misplaced cursor is refused instead of skipping objects in silence.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use thiserror::Error;
use uuid::Uuid;

const CONTEXT: &str = "hansa-taxii 2026-11 cursor";
const VERSION: u8 = 1;
const CHECK_BYTES: usize = 8;
const BYTES: usize = 1 + 8 + CHECK_BYTES;
/// How long the text of a cursor is.
pub(crate) const TEXT_BYTES: usize = (BYTES * 4).div_ceil(3);

/// Why a text is not a cursor of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("`next` is not a value that this collection gave; begin again without it")]
pub(crate) struct CursorError;

/// The cursor after `added_us` in a collection.
#[must_use]
pub(crate) fn encode(collection: Uuid, added_us: u64) -> String {
    let mut bytes = [0_u8; BYTES];
    bytes[0] = VERSION;
    bytes[1..9].copy_from_slice(&added_us.to_be_bytes());
    bytes[9..].copy_from_slice(&check(collection, added_us));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The `added_us` of a cursor.
///
/// # Errors
/// [`CursorError`] if the text did not come from [`encode`] for this collection.
pub(crate) fn decode(collection: Uuid, text: &str) -> Result<u64, CursorError> {
    let mut bytes = [0_u8; BYTES];
    let read = match text.len() {
        TEXT_BYTES => URL_SAFE_NO_PAD
            .decode_slice(text, &mut bytes)
            .map_err(|_| CursorError)?,
        _ => return Err(CursorError),
    };
    let mut position = [0_u8; 8];
    position.copy_from_slice(&bytes[1..9]);
    let added_us = u64::from_be_bytes(position);
    let sound = read == BYTES && bytes[0] == VERSION && bytes[9..] == check(collection, added_us);
    if sound {
        Ok(added_us)
    } else {
        Err(CursorError)
    }
}

fn check(collection: Uuid, added_us: u64) -> [u8; CHECK_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    hasher
        .update(collection.as_bytes())
        .update(&added_us.to_be_bytes());
    let mut digest = [0_u8; CHECK_BYTES];
    hasher.finalize_xof().fill(&mut digest);
    digest
}

#[cfg(test)]
mod tests;
