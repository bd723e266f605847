//! What a fault would cost.

use super::{Fault, pool::find, wei};
use crate::{failure::Outcome, output::table, session::Session};
use alloy_primitives::{Address, U256, utils::format_ether};
use clap::Args;
use hansa_abi::IStaking;
use serde_json::json;

#[derive(Args, Debug)]
pub(crate) struct PreviewArgs {
    /// Ids or names, 8 at most
    #[arg(required = true, value_name = "OPERATOR")]
    operators: Vec<String>,
    /// What they did
    #[arg(long)]
    kind: Fault,
    /// Tell also what it would cost this account
    #[arg(long, value_name = "ADDRESS")]
    delegator: Option<Address>,
}

pub(super) async fn run(arguments: &PreviewArgs, session: &Session<'_>) -> Outcome {
    let rpc = session.rpc()?;
    let mut operators: Vec<IStaking::Operator> = Vec::new();
    for who in &arguments.operators {
        let operator = find(&rpc, who).await?;
        // Nobody loses the same stake twice.
        if operators.iter().all(|other| other.id != operator.id) {
            operators.push(operator);
        }
    }
    let ids: Vec<u64> = operators.iter().map(|operator| operator.id).collect();
    let kind = arguments.kind.number();
    // One block for both, so that the one is a part of the other.
    let block = rpc.block_number().await?;
    let all = IStaking::previewSlashCall {
        operatorIds: ids.clone(),
        kind,
        epoch: 0,
    };
    let amounts = super::pool::view_at(&rpc, all, block).await?;
    let losses = match arguments.delegator {
        Some(delegator) => {
            let call = IStaking::previewLossCall {
                operatorIds: ids,
                kind,
                epoch: 0,
                delegator,
            };
            Some(super::pool::view_at(&rpc, call, block).await?)
        }
        None => None,
    };
    let loss_of = |index: usize| {
        losses
            .as_ref()
            .and_then(|losses| losses.get(index).copied())
    };
    let sum = |amounts: &[U256]| {
        let amounts = amounts.iter().copied();
        amounts.fold(U256::ZERO, U256::saturating_add)
    };
    let documents: Vec<_> = operators
        .iter()
        .zip(&amounts)
        .enumerate()
        .map(|(index, (operator, amount))| {
            let loss = loss_of(index).map(wei);
            json!({"operator": operator.id, "name": operator.name, "wei": wei(*amount), "loss_wei": loss})
        })
        .collect();
    let document = json!({
        "kind": arguments.kind.name(),
        "block": block,
        "operators": documents,
        "wei": wei(sum(&amounts)),
        "delegator": arguments.delegator,
        "loss_wei": losses.as_deref().map(sum).map(wei),
    });
    session.output.result(&document, || {
        let mut head = vec!["ID", "OPERATOR", "ETHER"];
        head.extend(losses.as_ref().map(|_| "OF THE DELEGATOR"));
        let mut rows = Vec::new();
        for (index, (operator, amount)) in operators.iter().zip(&amounts).enumerate() {
            let mut row = vec![
                operator.id.to_string(),
                operator.name.clone(),
                format_ether(*amount),
            ];
            row.extend(loss_of(index).map(format_ether));
            rows.push(row);
        }
        if operators.len() > 1 {
            let mut row = vec![
                String::new(),
                "together".into(),
                format_ether(sum(&amounts)),
            ];
            row.extend(losses.as_deref().map(sum).map(format_ether));
            rows.push(row);
        }
        table(&head, &rows)
    })
}
