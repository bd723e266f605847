//! Where things lie in a module's storage: Solidity's rules, so that known tools can read them.
//!
//! A mapping's value lies at `keccak256(key . base)`. A text's slot holds, for up to 31 bytes, the
//! bytes and twice the length; for more, twice the length plus one, and the bytes lie from
//! `keccak256(slot)` on.

use crate::{
    context::{Context, Stop},
    gas,
};
use alloy_primitives::{Address, B256, U256, keccak256};

/// The slot of `mapping(key => ...)` at `base`, unmetered.
pub(crate) fn mapping(key: U256, base: U256) -> U256 {
    let mut buffer = [0u8; 64];
    buffer[..32].copy_from_slice(&key.to_be_bytes::<32>());
    buffer[32..].copy_from_slice(&base.to_be_bytes::<32>());
    U256::from_be_bytes(keccak256(buffer).0)
}

/// An address as a mapping's key: left-padded.
pub(crate) fn address_key(address: Address) -> U256 {
    U256::from_be_bytes(address.into_word().0)
}

/// A 32-byte value as a mapping's key.
pub(crate) const fn word_key(word: B256) -> U256 {
    U256::from_be_bytes(word.0)
}

impl Context<'_> {
    /// The slot of a mapping's value.
    pub(crate) fn slot_of(&mut self, key: U256, base: U256) -> Result<U256, Stop> {
        self.charge(gas::keccak(64))?;
        Ok(mapping(key, base))
    }

    /// Writes a text, and clears what a longer former text leaves behind.
    pub(crate) fn store_text(&mut self, slot: U256, text: &str) -> Result<(), Stop> {
        let old_words = long_words(self.sload(slot)?);
        let bytes = text.as_bytes();
        let new_words = if bytes.len() < 32 {
            0
        } else {
            bytes.len().div_ceil(32)
        };
        if old_words > 0 || new_words > 0 {
            self.charge(gas::keccak(32))?;
            let start = U256::from_be_bytes(keccak256(slot.to_be_bytes::<32>()).0);
            for i in 0..old_words.max(new_words) {
                let chunk = bytes
                    .get(i * 32..)
                    .filter(|_| i < new_words)
                    .unwrap_or_default();
                self.sstore(start.wrapping_add(U256::from(i)), left_aligned(chunk))?;
            }
        }
        let head = if new_words > 0 {
            U256::from(bytes.len() * 2 + 1)
        } else {
            left_aligned(bytes) | U256::from(bytes.len() * 2)
        };
        self.sstore(slot, head)
    }

    /// Reads a text that [`store_text`](Self::store_text) wrote.
    pub(crate) fn load_text(&mut self, slot: U256) -> Result<String, Stop> {
        let head = self.sload(slot)?;
        let words = long_words(head);
        let mut bytes = Vec::new();
        if words == 0 {
            let length = usize::from(head.byte(0) / 2).min(31);
            bytes.extend_from_slice(&head.to_be_bytes::<32>()[..length]);
        } else {
            self.charge(gas::keccak(32))?;
            let start = U256::from_be_bytes(keccak256(slot.to_be_bytes::<32>()).0);
            for i in 0..words {
                let word = self.sload(start.wrapping_add(U256::from(i)))?;
                bytes.extend_from_slice(&word.to_be_bytes::<32>());
            }
            bytes.truncate(long_length(head));
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// How many words a long text has whose slot holds `head`; 0 for a short one.
fn long_words(head: U256) -> usize {
    if head.bit(0) {
        long_length(head).div_ceil(32)
    } else {
        0
    }
}

/// The length of a long text. Never beyond what a module can have written.
fn long_length(head: U256) -> usize {
    usize::try_from(head >> 1)
        .unwrap_or(usize::MAX)
        .min(crate::limits::MAX_TEXT_BYTES)
}

/// Up to 32 bytes, padded on the right.
fn left_aligned(bytes: &[u8]) -> U256 {
    let mut word = [0u8; 32];
    let length = bytes.len().min(32);
    word[..length].copy_from_slice(&bytes[..length]);
    U256::from_be_bytes(word)
}
