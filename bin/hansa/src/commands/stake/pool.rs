//! Reading operators, slashes and the clock of the staking module.

use crate::failure::{Failure, Outcome};
use alloy_primitives::{U64, U256};
use hansa_abi::{IStaking, STAKING};
use hansa_client::{Rpc, RpcError};
use serde_json::json;
use std::collections::BTreeMap;

/// Operators or slashes on one page (the module's own limit).
const PAGE: u64 = 64;
/// Blocks that the pace of the chain is measured over.
const PACE_BLOCKS: u64 = 256;

/// One view of the module after a block.
pub(super) async fn view_at<C: alloy_sol_types::SolCall>(
    rpc: &Rpc,
    call: C,
    block: u64,
) -> Outcome<C::Return> {
    let answers = rpc.views_at(STAKING, &[call], block).await?;
    let answer = answers.into_iter().next();
    // One call has one answer, or an error.
    Ok(answer.ok_or_else(|| RpcError::Malformed {
        method: C::SIGNATURE.to_owned(),
        cause: "no answer".into(),
    })?)
}

/// Every operator after a block, in order of ids.
pub(super) async fn operators(rpc: &Rpc, block: u64) -> Outcome<Vec<IStaking::Operator>> {
    let mut operators = Vec::new();
    loop {
        let call = IStaking::operatorsCall {
            offset: U256::from(operators.len()),
            limit: U256::from(PAGE),
        };
        let page = view_at(rpc, call, block).await?;
        let empty = page.page.is_empty();
        operators.extend(page.page);
        if empty || U256::from(operators.len()) >= page.total {
            return Ok(operators);
        }
    }
}

/// Every slash after a block, oldest first.
pub(crate) async fn slashes(rpc: &Rpc, block: u64) -> Outcome<Vec<IStaking::Slash>> {
    let mut slashes = Vec::new();
    loop {
        let call = IStaking::slashesCall {
            offset: U256::from(slashes.len()),
            limit: U256::from(PAGE),
        };
        let page = view_at(rpc, call, block).await?;
        let empty = page.page.is_empty();
        slashes.extend(page.page);
        if empty || U256::from(slashes.len()) >= page.total {
            return Ok(slashes);
        }
    }
}

/// The operator that an id or a name means.
///
/// # Errors
/// There is none, or several have this name: names are free to choose.
pub(crate) async fn find(rpc: &Rpc, who: &str) -> Outcome<IStaking::Operator> {
    if let Ok(id) = who.parse::<u64>() {
        let call = IStaking::operatorCall { operatorId: id };
        return Ok(rpc.view(STAKING, &call).await?);
    }
    let block = rpc.block_number().await?;
    let mut named = operators(rpc, block).await?;
    named.retain(|operator| operator.name == who);
    match named.as_slice() {
        [_] => Ok(named.remove(0)),
        [] => Err(Failure::failed(
            format!("no operator is called `{who}`"),
            "see which there are: `hansa stake status`",
        )),
        several => {
            let ids: Vec<_> = several.iter().map(|one| one.id.to_string()).collect();
            Err(Failure::usage(
                format!(
                    "{} operators are called `{who}`: {}",
                    several.len(),
                    ids.join(", ")
                ),
                "name the one that you mean by its id; `hansa stake status` shows their stakes",
            ))
        }
    }
}

/// Operators' names by their ids.
pub(crate) struct Names(BTreeMap<u64, String>);

impl Names {
    /// Those of operators that are at hand.
    pub(super) fn of(operators: &[IStaking::Operator]) -> Self {
        let names = operators.iter();
        Self(names.map(|one| (one.id, one.name.clone())).collect())
    }

    /// Those of all operators.
    pub(crate) async fn read(rpc: &Rpc, block: u64) -> Outcome<Self> {
        Ok(Self::of(&operators(rpc, block).await?))
    }

    /// A name, or the id where there is none.
    pub(crate) fn get(&self, id: u64) -> String {
        let name = self.0.get(&id).cloned();
        name.unwrap_or_else(|| id.to_string())
    }
}

/// Where the chain stands, and how fast it goes.
pub(super) struct Clock {
    pub(super) block: u64,
    pub(super) epoch: u64,
    pub(super) first_block: u64,
    pub(super) freeze_block: u64,
    pub(super) last_block: u64,
    /// For nodes that join from state.
    pub(super) checkpoint: Option<String>,
    epoch_blocks: u64,
    /// The newest block's, seconds since 1970.
    time_s: u64,
    /// How long the last blocks took.
    measured_s: u64,
    measured_blocks: u64,
}

impl Clock {
    pub(super) async fn read(rpc: &Rpc) -> Outcome<Self> {
        let block = rpc.block_number().await?;
        let call = IStaking::epochOfCall { blockNumber: block };
        let now = view_at(rpc, call, block).await?;
        // Another implementation's node may not have it.
        let params = vec![json!(U64::from(block))];
        let epoch = rpc.call::<serde_json::Value>("hansa_epoch", params).await;
        let checkpoint = epoch
            .ok()
            .and_then(|epoch| Some(epoch["checkpoint"].as_str()?.to_owned()));
        // Block 0 is as old as the genesis file, however late the league was started.
        let measured_blocks = PACE_BLOCKS.min(block.saturating_sub(1));
        let time_s = rpc.time_at(block).await?;
        let (before_s, measured_blocks) = match rpc.time_at(block - measured_blocks).await {
            // A node that joined from state lately does not have that block.
            Err(RpcError::Refused { code: 4444, .. }) => (time_s, 0),
            before_s => (before_s?, measured_blocks),
        };
        Ok(Self {
            block,
            epoch: now.epoch,
            first_block: now.firstBlock,
            freeze_block: now.freezeBlock,
            last_block: now.lastBlock,
            checkpoint,
            epoch_blocks: now
                .lastBlock
                .saturating_sub(now.firstBlock)
                .saturating_add(1),
            time_s,
            measured_s: time_s.saturating_sub(before_s),
            measured_blocks,
        })
    }

    /// About when an epoch begins at the chain's present pace, seconds since 1970; `None` when it has begun, or the
    /// pace is not known.
    pub(super) fn begins_s(&self, epoch: u64) -> Option<u64> {
        if epoch <= self.epoch || self.measured_blocks == 0 {
            return None;
        }
        let first = epoch.checked_mul(self.epoch_blocks)?;
        self.reached_s(first)
    }

    /// About when a block is made, as [`Self::begins_s`].
    pub(super) fn reached_s(&self, block: u64) -> Option<u64> {
        let blocks = block.checked_sub(self.block)?;
        let wait = u128::from(blocks) * u128::from(self.measured_s);
        let wait = wait.checked_div(u128::from(self.measured_blocks))?;
        self.time_s.checked_add(u64::try_from(wait).ok()?)
    }
}
