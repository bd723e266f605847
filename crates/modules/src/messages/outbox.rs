//! What a zone has sent: the tree of [`hansa_primitives::Outbox`], kept so that every message can be proved against every root there ever was.

use super::state::{self, Home, NODES, ROOT, load};
use crate::{
    context::{Context, Stop, ensure},
    gas,
    host::StorageRead,
    slots::mapping,
};
use alloy_primitives::{B256, U256};
use hansa_abi::IMessages;
use hansa_primitives::{OUTBOX_LEVELS, Outbox, empty_subtree, parent};

/// Messages that a zone can send, and one more: a full tree would look like an empty one from above.
const MAX_MESSAGES: u64 = 1 << OUTBOX_LEVELS;

/// What the chain has sent so far, as the header of the block that ends now has to say it.
///
/// # Errors
/// When the state cannot be read.
pub fn outbox<R: StorageRead>(state: &mut R) -> Result<Outbox, R::Error> {
    let count = state::home(state)?.sent;
    let root = load(state, ROOT)?.into();
    Ok(Outbox { count, root })
}

/// The slot of a node whose leaves are all there.
fn node_slot(level: usize, index: u64) -> U256 {
    mapping(U256::from_limbs([index, level as u64, 0, 0]), NODES)
}

/// Appends a message's id, and counts it.
pub(super) fn push(context: &mut Context<'_>, home: Home, id: B256) -> Result<(), Stop> {
    let count = home.sent;
    ensure(count < MAX_MESSAGES - 1, || IMessages::OutboxFull {
        limit: MAX_MESSAGES,
    })?;
    // At each level, on the way up and for the root.
    let hashes = 2 * OUTBOX_LEVELS as u64;
    context.charge(gas::keccak(64).saturating_mul(2 * hashes))?;
    let (mut node, mut index) = (id, count);
    context.sstore(node_slot(0, index), node.into())?;
    let mut level = 0;
    // A right child completes its parent.
    while index & 1 == 1 {
        let left = context.sload(node_slot(level, index - 1))?;
        node = parent(left.into(), node);
        (level, index) = (level + 1, index >> 1);
        context.sstore(node_slot(level, index), node.into())?;
    }
    let sent = count + 1;
    let root = root(context, sent)?;
    context.sstore(ROOT, root.into())?;
    state::set_home(context, Home { sent, ..home })
}

/// The root over the first `count` messages.
fn root(context: &mut Context<'_>, count: u64) -> Result<B256, Stop> {
    let mut node = B256::ZERO;
    for level in 0..OUTBOX_LEVELS {
        let size = count >> level;
        node = if size & 1 == 1 {
            let left = context.sload(node_slot(level, size - 1))?;
            parent(left.into(), node)
        } else {
            parent(node, empty_subtree(level))
        };
    }
    Ok(node)
}

/// A node of the tree over the first `count` messages.
fn node(context: &mut Context<'_>, level: usize, index: u64, count: u64) -> Result<B256, Stop> {
    let (first, end) = (index << level, (index + 1) << level);
    if end <= count {
        return Ok(context.sload(node_slot(level, index))?.into());
    }
    // A single leaf is there or not.
    let (Some(below), true) = (level.checked_sub(1), first < count) else {
        return Ok(empty_subtree(level));
    };
    context.charge(gas::keccak(64))?;
    let left = node(context, below, 2 * index, count)?;
    let right = node(context, below, 2 * index + 1, count)?;
    Ok(parent(left, right))
}

/// See `IMessages.proof`.
pub(super) fn proof(
    context: &mut Context<'_>,
    call: IMessages::proofCall,
) -> Result<Vec<B256>, Stop> {
    let (nonce, count) = (call.nonce, call.count);
    let sent = state::home(context)?.sent;
    let there = nonce < count && count <= sent;
    ensure(there, || IMessages::NotCheckpointed {
        nonce,
        count: count.min(sent),
    })?;
    let siblings =
        (0..OUTBOX_LEVELS).map(|level| node(context, level, (nonce >> level) ^ 1, count));
    siblings.collect()
}

/// See `IMessages.outbox`.
pub(super) fn describe(
    context: &mut Context<'_>,
    _: IMessages::outboxCall,
) -> Result<IMessages::outboxReturn, Stop> {
    let Outbox { count, root } = outbox(context)?;
    Ok(IMessages::outboxReturn { count, root })
}

const _: () = assert!(OUTBOX_LEVELS < 64, "a count of messages fits into a word");
