//! The lookups that a chain does for every transaction and call frame: two slots, whatever the number
//! of directives, and not metered.
//!
//! Both look at the state they are given. To enforce from the block after the one that accepted an
//! alert, a chain hands them the state before the block.

use super::state::{DirectiveEntry, LATEST_UNTIL, target_slot};
use crate::host::StorageRead;
use alloy_primitives::{Address, U256};
use hansa_abi::GUARD;

/// A directive that blocks an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The alert behind it.
    pub alert_id: U256,
    /// When it ends, in seconds: the address is free in a block with this timestamp.
    pub until: u64,
}

/// Whether any address at all may be blocked at `now` (seconds). May stay true after a revocation,
/// until the revoked directive would have ended; is never false while a directive is in force.
///
/// # Errors
/// When the state cannot be read.
pub fn any_active<R: StorageRead + ?Sized>(state: &mut R, now: u64) -> Result<bool, R::Error> {
    Ok(state.sload(GUARD, LATEST_UNTIL)?.as_limbs()[0] > now)
}

/// The directive that blocks `target` at `now` (seconds): of several, the one that ends last.
///
/// # Errors
/// When the state cannot be read.
pub fn blocked<R: StorageRead + ?Sized>(
    state: &mut R,
    target: Address,
    now: u64,
) -> Result<Option<Blocked>, R::Error> {
    let entry = DirectiveEntry::decode(state.sload(GUARD, target_slot(target))?);
    Ok((entry.until > now).then(|| Blocked {
        alert_id: U256::from(entry.alert_id),
        until: entry.until,
    }))
}
