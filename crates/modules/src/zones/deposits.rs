//! The feed of a zone's deposits: it only grows, and says in which block of the hub each came.

use super::state::{deposit_slot, read};
use crate::host::StorageRead;
use alloy_primitives::{Address, U256};
use hansa_abi::ZONES;
use hansa_primitives::Deposit;

/// A zone's deposits from the `from`-th on, at most `most`, that were made up to block `number`. The state may be of a later block.
///
/// # Errors
/// When the state cannot be read.
pub fn deposits<R: StorageRead>(
    state: &mut R,
    (zone, from): (u64, u64),
    number: u64,
    most: usize,
) -> Result<Vec<Deposit>, R::Error> {
    let count = read(state, zone)?.map_or(0, |record| record.deposits);
    let mut deposits = Vec::new();
    for index in (from..count).take(most) {
        let slot = deposit_slot(zone, index);
        let first = state.sload(ZONES, slot)?;
        let amount = state.sload(ZONES, slot.wrapping_add(U256::ONE))?;
        let added: U256 = first >> 160usize;
        if added > U256::from(number) {
            break;
        }
        deposits.push(Deposit {
            to: Address::from_slice(&first.to_be_bytes::<32>()[12..]),
            amount,
        });
    }
    Ok(deposits)
}
