//! From a record to the genesis of a chain.

use super::state::{self, COUNT};
use crate::{
    context::Stop,
    genesis::with_context,
    host::StorageRead,
    staking::{Calendar, Seat},
    testing::MemoryHost,
};
use alloy_primitives::{B256, U256};
use hansa_abi::ZONES;
use hansa_primitives::{
    Alloc, CREATE2_DEPLOYER, Fees, Genesis, GuardParams, Pace, StakingParams, Zone, ZonesParams,
};
use std::collections::BTreeMap;

/// Blocks between the one that fixes a zone's next committee and the end of an epoch.
pub(super) const FREEZE_BLOCKS: u64 = 3;

/// What the module begins with on a hub: nothing, where its parameters are the usual ones.
pub(crate) fn write_genesis(
    host: &mut MemoryHost,
    of: &ZonesParams,
    timestamp: u64,
) -> Result<(), Stop> {
    if *of == ZonesParams::default() {
        return Ok(());
    }
    with_context(host, ZONES, timestamp, |context| {
        context.sstore(state::HALTED_AFTER, U256::from(of.halted_after_s))
    })
}

/// How many zones there are; their ids are 1 to this.
///
/// # Errors
/// When the state cannot be read.
pub fn count<R: StorageRead>(state: &mut R) -> Result<u64, R::Error> {
    Ok(state.sload(ZONES, COUNT)?.as_limbs()[0])
}

/// The genesis of a zone, `None` where there is none. `hub` is the hub's genesis, and `hub_hash` its hash. It never changes.
///
/// # Errors
/// When the state cannot be read.
pub fn genesis<R: StorageRead>(
    state: &mut R,
    (hub, hub_hash): (&Genesis, B256),
    id: u64,
) -> Result<Option<Genesis>, R::Error> {
    let Some(record) = state::read(state, id)? else {
        return Ok(None);
    };
    let calendar = Calendar {
        epoch_blocks: hub.staking.epoch_blocks,
        freeze_blocks: hub.staking.freeze_blocks,
    };
    let epoch = calendar.epoch_of(record.created_at);
    let committee = super::committee(state, id, epoch)?;
    let seats = committee.map_or_else(Vec::new, |committee| committee.seats);
    let guard = state::guard_rule(state, id)?;
    // What answers for a zone is the hub's to know.
    let without_stake = |seat| Seat {
        stake: U256::ZERO,
        ..seat
    };
    Ok(Some(Genesis {
        chain_id: record.chain_id,
        name: state::name(state, id)?,
        development: hub.development,
        timestamp_ms: record.timestamp.saturating_mul(1_000),
        gas_limit: record.terms.gas_limit,
        fork: record.terms.fork,
        fees: Fees {
            initial_base_fee: record.terms.min_base_fee,
            min_base_fee: record.terms.min_base_fee,
            ..Fees::default()
        },
        pace: Pace {
            min_block_interval_ms: record.terms.min_block_interval_ms,
            heartbeat_ms: record.terms.heartbeat_ms,
        },
        zone: Some(Zone {
            hub: hub_hash,
            id,
            hub_interval_ms: hub.pace.min_block_interval_ms,
            since: record.created_at,
            committee: seats.into_iter().map(without_stake).collect(),
            min_severity: record.terms.min_severity,
        }),
        operators: Vec::new(),
        staking: StakingParams {
            epoch_blocks: record.epoch_blocks,
            freeze_blocks: FREEZE_BLOCKS,
            ..StakingParams::default()
        },
        members: Vec::new(),
        guard: GuardParams {
            max_duration_s: record.terms.max_directive_s,
            never_block: guard.neverBlocked.into_iter().collect(),
            warden: (!guard.warden.is_zero()).then_some(guard.warden),
            ..GuardParams::default()
        },
        zones: ZonesParams::default(),
        alloc: BTreeMap::from([(CREATE2_DEPLOYER, Alloc::create2_deployer())]),
    }))
}
