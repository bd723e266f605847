//! What zones need to know of directives: every change, in order, for ever.
//!
//! The hub appends; a zone applies what its blocks take from there. An entry says in which block of the hub it was
//! added, so that how much a zone's block takes follows from the block of the hub that it names, whoever reads it and when.
//!
//! An entry: target (bits 0..160) and severity (160..168; +0); end (0..64), alert id (64..128), block (128..192; +1).

use super::{checks, directives, state::DirectiveEntry};
use crate::{
    context::{Context, Stop},
    genesis::explain,
    host::{Block, Host, HostError, StorageRead},
    slots::{address_key, mapping},
};
use alloy_primitives::{Address, U256};
use hansa_abi::GUARD;
use hansa_primitives::DirectiveChange;

/// How many entries there are.
const COUNT: U256 = U256::from_limbs([8, 0, 0, 0]);
const ENTRIES: U256 = U256::from_limbs([9, 0, 0, 0]);

/// Appends a change.
pub(super) fn append(context: &mut Context<'_>, change: DirectiveChange) -> Result<(), Stop> {
    let count = context.sload(COUNT)?;
    let slot = context.slot_of(count, ENTRIES)?;
    let target = address_key(change.target) | U256::from(change.severity) << 160usize;
    let limbs = [change.until, change.alert_id, context.block_number(), 0];
    context.sstore(slot, target)?;
    context.sstore(slot.wrapping_add(U256::ONE), U256::from_limbs(limbs))?;
    context.sstore(COUNT, count.saturating_add(U256::ONE))
}

/// The changes from the `from`-th on, at most `most`, that were made up to block `number`. The state may be of a later block.
///
/// # Errors
/// When the state cannot be read.
pub fn changes<R: StorageRead>(
    read: &mut R,
    from: u64,
    number: u64,
    most: usize,
) -> Result<Vec<DirectiveChange>, R::Error> {
    let count = read.sload(GUARD, COUNT)?.as_limbs()[0];
    let mut changes = Vec::new();
    for index in (from..count).take(most) {
        let slot = mapping(U256::from(index), ENTRIES);
        let target = read.sload(GUARD, slot)?.to_be_bytes::<32>();
        let [until, alert_id, added, _] = read
            .sload(GUARD, slot.wrapping_add(U256::ONE))?
            .into_limbs();
        if added > number {
            break;
        }
        changes.push(DirectiveChange {
            target: Address::from_slice(&target[12..]),
            alert_id,
            until,
            severity: target[11],
        });
    }
    Ok(changes)
}

/// Sets how long a zone obeys a directive at most. Those that it obeys already stay as they are.
///
/// # Errors
/// [`HostError::Fatal`] when the host fails.
pub fn limit(host: &mut dyn Host, max_duration_s: u64, block: Block) -> Result<(), HostError> {
    let mut context = Context::of_chain(host, GUARD, block);
    let (min_bond, _) = super::state::parameters(&mut context).map_err(failed)?;
    super::state::set_parameters(&mut context, min_bond, max_duration_s)
        .and_then(|()| context.commit())
        .map_err(failed)
}

fn failed(stop: Stop) -> HostError {
    HostError::Fatal(format!("guard, inputs: {}", explain(stop)))
}

/// Applies changes on a zone, under its own policy: it obeys alerts of `min_severity` and above, and none for longer than its longest
/// duration from now. Whom it protects is not blocked by them as long as it does. Where an address has as many directives as
/// it can have, the one that ends first makes room. Nothing is refused: the hub has decided.
///
/// # Errors
/// [`HostError::Fatal`] when the host fails.
pub fn apply(
    host: &mut dyn Host,
    changes: &[DirectiveChange],
    min_severity: u8,
    block: Block,
) -> Result<(), HostError> {
    let mut context = Context::of_chain(host, GUARD, block);
    let applied = apply_in(&mut context, changes, min_severity).and_then(|()| context.commit());
    applied.map_err(failed)
}

fn apply_in(
    context: &mut Context<'_>,
    changes: &[DirectiveChange],
    min_severity: u8,
) -> Result<(), Stop> {
    let (_, longest) = super::state::parameters(context)?;
    let latest = context.now().saturating_add(longest);
    for change in changes {
        if change.until == 0 {
            directives::remove(context, change.target, change.alert_id)?;
            continue;
        }
        if change.severity < min_severity || checks::is_of_protocol(change.target) {
            continue;
        }
        let entry = DirectiveEntry {
            alert_id: change.alert_id,
            until: change.until.min(latest),
        };
        directives::force(context, change.target, entry)?;
    }
    Ok(())
}
