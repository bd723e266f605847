//! What delegators have, and what they could lose or lost.

use super::{
    ledger::{Ledger, Page},
    shapes::{Concentration, Delegation, Exposure, OperatorExposure, Preview, Slash, Slashes},
};
use crate::{
    errors::{CallResult, Fault},
    node::Node,
};
use alloy_eips::BlockId;
use alloy_primitives::{Address, U64};
use hansa_abi::IStaking;
use std::sync::Arc;

pub(super) async fn delegations(
    node: &Arc<Node>,
    delegator: Address,
    id: Option<BlockId>,
) -> CallResult<Vec<Delegation>> {
    Ledger::at(node, id, move |ledger| {
        let ids = ledger.ask(&IStaking::delegationsOfCall { delegator })?;
        let mut positions = Vec::new();
        for id in ids {
            let call = IStaking::delegationCall {
                operatorId: id,
                delegator,
            };
            let position = ledger.ask(&call)?;
            positions.push(Delegation::new(position, ledger.operator(id)?.name));
        }
        Ok(positions)
    })
    .await
}

pub(super) async fn preview(
    node: &Arc<Node>,
    operators: Vec<U64>,
    kind: U64,
    delegator: Option<Address>,
    id: Option<BlockId>,
) -> CallResult<Vec<Preview>> {
    let kind = u8::try_from(kind.to::<u64>())
        .map_err(|_| Fault::params("invalid argument 1: kinds go from 0 to 2"))?;
    let ids: Vec<u64> = operators.iter().map(U64::to).collect();
    Ledger::at(node, id, move |ledger| {
        let amounts = ledger.ask(&IStaking::previewSlashCall {
            operatorIds: ids.clone(),
            kind,
            epoch: 0,
        })?;
        let losses = match delegator {
            Some(delegator) => {
                let losses = ledger.ask(&IStaking::previewLossCall {
                    operatorIds: ids.clone(),
                    kind,
                    epoch: 0,
                    delegator,
                })?;
                losses.into_iter().map(Some).collect()
            }
            None => vec![None; ids.len()],
        };
        let mut previews = Vec::new();
        for ((operator_id, amount), loss) in ids.into_iter().zip(amounts).zip(losses) {
            previews.push(Preview {
                operator_id,
                name: ledger.operator(operator_id)?.name,
                amount,
                loss,
            });
        }
        Ok(previews)
    })
    .await
}

pub(super) async fn exposure(
    node: &Arc<Node>,
    delegator: Option<Address>,
    id: Option<BlockId>,
) -> CallResult<Exposure> {
    Ledger::at(node, id, move |ledger| {
        let operators = match delegator {
            Some(delegator) => {
                let all = ledger.ask(&IStaking::exposureCall { delegator })?;
                let mut named = Vec::new();
                for exposure in all {
                    let name = ledger.operator(exposure.operatorId)?.name;
                    named.push(OperatorExposure::new(exposure, name));
                }
                Some(named)
            }
            None => None,
        };
        let concentration = ledger.ask(&IStaking::concentrationCall {})?;
        let mut largest = Vec::new();
        for (id, stake) in concentration.largest.iter().zip(concentration.stakes) {
            largest.push((*id, ledger.operator(*id)?.name, stake));
        }
        Ok(Exposure {
            operators,
            concentration: Concentration::new(concentration.total, concentration.nakamoto, largest),
        })
    })
    .await
}

pub(super) async fn slashes(
    node: &Arc<Node>,
    page: Page,
    delegator: Option<Address>,
    id: Option<BlockId>,
) -> CallResult<Slashes> {
    Ledger::at(node, id, move |ledger| {
        let (offset, limit) = page;
        let answer = ledger.ask(&IStaking::slashesCall { offset, limit })?;
        let mut slashes = Vec::new();
        for slash in answer.page {
            let share = delegator.map(|delegator| {
                let slash_id = slash.id;
                ledger.ask(&IStaking::slashShareOfCall {
                    slashId: slash_id,
                    delegator,
                })
            });
            let share = share.transpose()?.map(|share| share.amount);
            let name = ledger.operator(slash.operatorId)?.name;
            slashes.push(Slash::new(slash, name, share));
        }
        Ok(Slashes {
            total: answer.total.saturating_to(),
            slashes,
        })
    })
    .await
}
