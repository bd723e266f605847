//! The newest finalized state, as the pool checks transactions against it.

use crate::node::States;
use commonware_parallel::Rayon;
use commonware_runtime::tokio::Context;
use hansa_engine::{Head, Payer};
use hansa_index::Index;

pub(crate) type NodeHead = Head<Context, Rayon, Index>;
pub(crate) type NodePayer = Payer<Context, Rayon, Index>;

/// Reads the newest finalized state, at the chain's time: the clock's, which the next block's will be,
/// but never before the head's.
pub(crate) fn head(states: States, index: Index) -> NodeHead {
    Head::new(states, move || {
        let clock = hansa_primitives::genesis_timestamp_ms() / 1_000;
        let head = index
            .head()
            .and_then(|(number, _)| index.header(number).ok().flatten());
        head.map_or(clock, |(_, header)| header.timestamp().max(clock))
    })
}
