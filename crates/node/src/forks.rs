//! Ethereum's rules that a zone may run by, and that this version may not know.

use crate::NodeError;
use alloy_sol_types::SolEvent as _;
use hansa_abi::{IZones, ZONES};
use hansa_index::{FinalizedBlock, Index};
use hansa_primitives::{Fork, Genesis};

/// Tells the operator of upgrades that this version will not follow, while there is time to install another one.
pub(crate) fn warn_of_upgrades(block: &FinalizedBlock) {
    let logs = block.receipts.iter().flat_map(|receipt| &receipt.logs);
    for log in logs.filter(|log| log.address == ZONES) {
        let Ok(upgrade) = IZones::ZoneUpgrading::decode_log_data(&log.data) else {
            continue;
        };
        let fork = Fork::from_number(upgrade.terms.fork);
        if !fork.is_known() {
            tracing::warn!(
                zone = upgrade.zoneId,
                %fork,
                starts_at = upgrade.startsAt,
                "a zone will run by rules that this version of hansa does not know, and stop here then: install a newer version before"
            );
        }
    }
}

/// Refuses a chain whose newest block is by rules that this version does not know.
pub(crate) fn require_known(genesis: &Genesis, index: &Index) -> Result<(), NodeError> {
    let head = index
        .head()
        .and_then(|(number, _)| index.header(number).ok().flatten());
    let fork = head.map_or(genesis.fork, |(_, header)| header.terms.fork);
    require_fork(&genesis.name, fork)
}

pub(crate) fn require_fork(name: &str, fork: Fork) -> Result<(), NodeError> {
    if fork.is_known() {
        return Ok(());
    }
    Err(NodeError::Failed(format!(
        "{name} runs by {fork}, which this version of hansa does not know: install a newer one"
    )))
}
