//! Storage of the guard.
//!
//! | slot | what |
//! |---|---|
//! | 0 | the latest end of any `block` directive there ever was, in seconds |
//! | 1 | how many alerts were raised |
//! | 2, 3 | least bond in wei; longest duration in seconds |
//! | 4 | `mapping(address => 1 if the policy never blocks it)` |
//! | 5 | `mapping(id => alert)`: see [`AlertRecord`] |
//! | 6 | `mapping(target => directives)`: the one that ends last (+0), how many (+1), all (+2..); each alert id (bits 64..128) and end (0..64) |
//! | 7 | `mapping(sentinel => mapping(target => last provisional directive, in seconds))` |
//!
//! Alert: raiser, outcome, action, severity, flags and number of targets (+0); raised, expiry, end of the
//! provisional directive, accepted (+1, 64 bits each); bond (+2); object (+3); reason (+4);
//! endorsements (+8..); revocation votes (+12..); targets (+16..).

use crate::slots::{address_key, mapping};
use alloy_primitives::{Address, U256};

/// See [`super::enforcement::any_active`].
pub(super) const LATEST_UNTIL: U256 = U256::ZERO;
const TARGETS: U256 = U256::from_limbs([6, 0, 0, 0]);

/// One directive of a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DirectiveEntry {
    pub(super) alert_id: u64,
    pub(super) until: u64,
}

impl DirectiveEntry {
    pub(super) const fn decode(word: U256) -> Self {
        let [until, alert_id, _, _] = word.into_limbs();
        Self { alert_id, until }
    }

    pub(super) const fn encode(self) -> U256 {
        U256::from_limbs([self.until, self.alert_id, 0, 0])
    }
}

/// Where a target's directives lie.
pub(super) fn target_slot(target: Address) -> U256 {
    mapping(address_key(target), TARGETS)
}
