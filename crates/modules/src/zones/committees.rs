//! Who serves a zone.

use crate::{
    host::StorageRead,
    limits::MIN_ZONE_SEATS,
    staking::{self, Committee, Seat},
};
use alloy_primitives::U256;

/// Parts in a whole.
const BPS: U256 = U256::from_limbs([10_000, 0, 0, 0]);

/// The committee of a zone by an epoch of the hub: those of the hub's committee that have a share in the zone, each with its slice as its
/// stake. All of them where fewer than [`MIN_ZONE_SEATS`] have one: no zone is left alone. `None` while the epoch's is not fixed.
/// Only stakes change once the epoch has begun, which the hub forgets after a while.
///
/// # Errors
/// When the state cannot be read.
pub fn committee<R: StorageRead>(
    read: &mut R,
    zone: u64,
    epoch: u64,
) -> Result<Option<Committee>, R::Error> {
    let Some(mut hub) = staking::committee(read, epoch)? else {
        return Ok(None);
    };
    let mut joined: Vec<Seat> = Vec::new();
    for seat in &mut hub.seats {
        let share = staking::share_at(read, (seat.operator, zone), epoch)?;
        // A stake has at most 140 bits.
        seat.stake = seat.stake.saturating_mul(U256::from(share)) / BPS;
        if share > 0 {
            joined.push(seat.clone());
        }
    }
    if joined.len() >= MIN_ZONE_SEATS.min(hub.seats.len()) {
        hub.seats = joined;
    }
    Ok(Some(hub))
}
