//! The staking module as of one block.

use crate::{
    errors::{CallResult, Fault, LIMIT_EXCEEDED},
    node::Node,
};
use alloy_eips::BlockId;
use alloy_primitives::{U64, U256};
use alloy_sol_types::SolCall;
use hansa_abi::{IStaking, STAKING};
use hansa_modules::{Block, QueryError, query, staking};
use hansa_state::StateView;
use std::sync::Arc;

/// Offset and limit of a listing.
pub(super) type Page = (U256, U256);

/// Where a page begins, and how long it is: `most`, by default, which is the module's own limit.
///
/// # Errors
/// It is longer than that.
pub(super) fn page(offset: Option<U64>, limit: Option<U64>, most: usize) -> CallResult<Page> {
    let most = U64::from(most);
    let limit = limit.unwrap_or(most);
    if limit > most {
        let words = format!(
            "limit exceeded: {limit} entries asked for, at most {most} are in one answer; go on with offset"
        );
        return Err(Fault::new(LIMIT_EXCEEDED, words));
    }
    Ok((U256::from(offset.unwrap_or_default()), U256::from(limit)))
}

/// See the module's documentation.
pub(super) struct Ledger<'a> {
    state: &'a dyn StateView,
    block: Block,
}

impl Ledger<'_> {
    /// Asks the module as of the block that `id` means, on a thread that may block.
    pub(super) async fn at<T: Send + 'static>(
        node: &Arc<Node>,
        id: Option<BlockId>,
        ask: impl FnOnce(&Ledger<'_>) -> CallResult<T> + Send + 'static,
    ) -> CallResult<T> {
        let found = node.state_block(id)?;
        let header = found.block.header();
        let block = Block {
            number: header.number,
            timestamp: header.timestamp(),
            chain_id: node.chain_id(),
        };
        node.with_state(block.number, move |state| ask(&Ledger { state, block }))
            .await
    }

    /// The block's number.
    pub(super) const fn block(&self) -> u64 {
        self.block.number
    }

    /// The answer of one of the module's views.
    pub(super) fn ask<C: SolCall>(&self, call: &C) -> CallResult<C::Return> {
        query(self.state, STAKING, call, &self.block).map_err(|error| match error {
            QueryError::Refused(words) => Fault::server(format!("staking: {words}")),
            QueryError::State(cause) => Fault::internal(cause),
        })
    }

    /// The block's epoch.
    pub(super) fn epoch(&self) -> CallResult<IStaking::epochOfReturn> {
        let block_number = self.block.number;
        self.ask(&IStaking::epochOfCall {
            blockNumber: block_number,
        })
    }

    /// The committee of an epoch.
    ///
    /// # Errors
    /// It is not fixed.
    pub(super) fn committee(&self, epoch: u64) -> CallResult<IStaking::committeeOfReturn> {
        self.ask(&IStaking::committeeOfCall { epoch })
    }

    /// The committee after that of `epoch`; `None` until it is fixed.
    pub(super) fn next_committee(
        &self,
        epoch: u64,
    ) -> CallResult<Option<IStaking::committeeOfReturn>> {
        let next = epoch.saturating_add(1);
        let mut state = self.state;
        if staking::newest_epoch(&mut state)? < next {
            return Ok(None);
        }
        self.committee(next).map(Some)
    }

    /// An operator.
    pub(super) fn operator(&self, id: u64) -> CallResult<IStaking::Operator> {
        self.ask(&IStaking::operatorCall { operatorId: id })
    }
}
