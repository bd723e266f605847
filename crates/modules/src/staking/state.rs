//! Where things lie in the module's storage.
//!
//! | slot | what |
//! |---|---|
//! | 0 | counters: operators (bits 0..64), newest epoch with a committee plus one (64..128), slashes (128..192) |
//! | 1 | the pot: wei to be paid at the next freeze |
//! | 2 | the chain's genesis hash |
//! | 3 | the last selection, see `selection` |
//! | 8..=18 | parameters, see `settings` |
//! | 24 | `mapping(operator => standing share of zones)`, see `allocations` |
//! | 25 | `mapping(operator => mapping(zone => share))`, likewise |
//! | 26 | `mapping(operator => shares that zones have of their own)`: basis points (bits 0..64), zones (64..128) |
//! | 27 | `mapping(zone => mapping(operator => its last slash for a fault there (bits 0..64), and the epoch from which it has left (64..128)))` |
//! | 28 | `mapping(epoch => when its committee was fixed, seconds since 1970)` |
//! | 31 | `mapping(operator => when it was last seen to take part, seconds since 1970)` |
//! | 32 | `mapping(epoch => committee id)` |
//! | 33 | `mapping(committee id => seats)`: count (+0), then for each seat operator id and fee recipient (+1, +3, ..), key (+2, +4, ..) |
//! | 34 | `mapping(epoch => stakes)`: wei of each seat (+0, +1, ..) |
//! | 35 | `mapping(epoch => participation)`, see `participation` |
//! | 36 | `mapping(operator => record)`, see below |
//! | 37 | `mapping(owner => operator)` |
//! | 38 | `mapping(key => operator that has or had it)` |
//! | 39 | `mapping(operator => mapping(epoch => rewards of one wei that counted in all epochs up to this one, 2^-96 wei))` |
//! | 40 | `mapping(operator => pool)`: held (+0), total (+1), epochs of young stake (+2), epochs at which stake left (+3), cutoff (+4), `mapping(from => held cell)` (+5), `mapping(until => set of froms)` (+6), `mapping(until => mapping(from => cell))` (+7) |
//! | 41 | `mapping(operator => mapping(delegator => position))`: header (+0), base (+1), rewards in 2^-96 wei (+2), lots (+8..), unbonding entries (+16..), what their targets may lose (+32..), `mapping(slash => what it took)` (+48) |
//! | 42 | `mapping(delegator => operators)`: count (+0), ids (+1..) |
//! | 43 | `mapping(id => slash)`, see `slashes` |
//! | 44 | `mapping(operator => mapping(epoch => slash))` |
//! | 45 | `mapping(operator => pending slashes)`: count (+0), then each: id (bits 0..64), epoch (64..128) |
//! | 46 | `mapping(operator => settled slashes)`: count (+0), then each: epoch (0..64), epochs rewarded before (64..128), cutoff (128..192), bps (192..208), id (208..256) |
//! | 47 | how many operators are not retired |
//! | 48.. | their ids, at most MAX_OPERATOR_RECORDS |
//!
//! An operator's record: owner (bits 0..160), commission (160..176), 1 + 2 if exited + 4 if retired (176..184), bar
//! (184..192), end of the bar (192..224), commission that rises count from (224..240), offences (240..256; +0); key (+1);
//! next key (+2); fee recipient (+3); terms of each kind of fault, since when rises of the commission count in seconds (64
//! bits each, +4); earned (+5); self-stake (+6); name, endpoint, metadata (+7..); for a retired one, epochs rewarded when it retired, plus one (+10).
//!
//! A position's header: entries (0..8), lots (8..16), free (16..32), settled slashes seen (32..64), epochs rewarded
//! (64..128), 1 + 2 if it restakes by itself (128..144), largest loss by kind of fault (16 bits each, 144..192), place in
//! the delegator's list (192..256).

use crate::{
    context::{Context, Stop},
    host::StorageRead,
};
use alloy_primitives::U256;
use hansa_abi::STAKING;

const COUNTERS: U256 = slot(0);
pub(super) const POT: U256 = slot(1);
pub(super) const LAST_SELECTION: U256 = slot(3);
pub(super) const GENESIS_HASH: U256 = slot(2);
pub(super) const STANDING: U256 = slot(24);
pub(super) const SHARES_OF_ZONES: U256 = slot(25);
pub(super) const ALLOCATED: U256 = slot(26);
pub(super) const LEFT: U256 = slot(27);
pub(super) const FIXED_AT: U256 = slot(28);
pub(super) const SEEN: U256 = slot(31);
pub(super) const COMMITTEE_IDS: U256 = slot(32);
pub(super) const COMMITTEES: U256 = slot(33);
pub(super) const STAKES: U256 = slot(34);
pub(super) const PARTICIPATION: U256 = slot(35);
pub(super) const OPERATORS: U256 = slot(36);
pub(super) const OWNERS: U256 = slot(37);
pub(super) const KEYS: U256 = slot(38);
pub(super) const INDEXES: U256 = slot(39);
pub(super) const OPERATOR_POOLS: U256 = slot(40);
pub(super) const POSITIONS: U256 = slot(41);
pub(super) const DELEGATIONS: U256 = slot(42);
pub(super) const SLASHES: U256 = slot(43);
pub(super) const PUNISHED: U256 = slot(44);
pub(super) const PENDING: U256 = slot(45);
pub(super) const SETTLED: U256 = slot(46);
pub(super) const LISTED: U256 = slot(47);
pub(super) const LISTED_IDS: U256 = slot(48);

/// One of the module's own slots.
pub(super) const fn slot(number: u64) -> U256 {
    U256::from_limbs([number, 0, 0, 0])
}

/// The slot `by` after another.
pub(super) fn offset(slot: U256, by: u64) -> U256 {
    slot.wrapping_add(U256::from(by))
}

/// Reads a slot of the module, within a call or outside.
pub(super) fn load<R: StorageRead>(read: &mut R, slot: U256) -> Result<U256, R::Error> {
    read.sload(STAKING, slot)
}

/// Counts over the whole module.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) operators: u64,
    /// Epochs with a fixed committee, from 0 on.
    pub(super) fixed: u64,
    pub(super) slashes: u64,
}

pub(super) fn counters<R: StorageRead>(read: &mut R) -> Result<Counters, R::Error> {
    let [operators, fixed, slashes, _] = load(read, COUNTERS)?.into_limbs();
    Ok(Counters {
        operators,
        fixed,
        slashes,
    })
}

pub(super) fn set_counters(context: &mut Context<'_>, counters: Counters) -> Result<(), Stop> {
    let Counters {
        operators,
        fixed,
        slashes,
    } = counters;
    context.sstore(COUNTERS, U256::from_limbs([operators, fixed, slashes, 0]))
}
