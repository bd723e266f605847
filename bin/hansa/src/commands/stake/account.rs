//! What an account has at stake, what is on its way out, and what it lost.

use super::{
    fault_name,
    pool::{Clock, Names, slashes, view_at},
    report::{about, slash_state},
    risk, wei,
};
use crate::{failure::Outcome, output::table, session::Session, values};
use alloy_primitives::{Address, U256, utils::format_ether};
use hansa_abi::{IStaking, STAKING};
use hansa_client::Rpc;
use serde_json::json;

/// What a slash took, or would take, from an account.
struct Share {
    slash: IStaking::Slash,
    amount: U256,
}

/// Every slash that took something from an account, or would.
async fn shares(rpc: &Rpc, clock: &Clock, delegator: Address) -> Outcome<Vec<Share>> {
    let slashes = slashes(rpc, clock.block).await?;
    // All of them: a position that is gone was slashed all the same.
    let calls: Vec<_> = slashes
        .iter()
        .map(|slash| IStaking::slashShareOfCall {
            slashId: slash.id,
            delegator,
        })
        .collect();
    let shares = rpc.views_at(STAKING, &calls, clock.block).await?;
    let shares = slashes.into_iter().zip(shares).map(|(slash, share)| Share {
        slash,
        amount: share.amount,
    });
    Ok(shares.filter(|share| !share.amount.is_zero()).collect())
}

pub(super) async fn show(
    session: &Session<'_>,
    rpc: &Rpc,
    clock: &Clock,
    operators: &[IStaking::Operator],
    delegator: Address,
) -> Outcome {
    let names = Names::of(operators);
    let ids = IStaking::delegationsOfCall { delegator };
    let ids = view_at(rpc, ids, clock.block).await?;
    let calls: Vec<_> = ids
        .into_iter()
        .map(|id| IStaking::delegationCall {
            operatorId: id,
            delegator,
        })
        .collect();
    let positions = rpc.views_at(STAKING, &calls, clock.block).await?;
    let shares = shares(rpc, clock, delegator).await?;
    let owned = operators
        .iter()
        .find(|operator| operator.owner == delegator);
    let position_document = |position: &IStaking::Delegation| {
        let lots = position.lots.iter();
        let lots = lots.map(|lot| json!({"wei": wei(lot.amount), "from_epoch": lot.from}));
        let leaving = position.unbonding.iter().map(|entry| {
            json!({
                "wei": wei(entry.amount),
                "until_epoch": entry.until,
                "claimable_epoch": entry.claimableAt,
                "claimable_about": clock.begins_s(entry.claimableAt),
                "claimable": clock.epoch >= entry.claimableAt,
                "to": (entry.to != 0).then_some(entry.to),
            })
        });
        json!({
            "operator": position.operatorId,
            "name": names.get(position.operatorId),
            "wei": wei(position.amount),
            "young": lots.collect::<Vec<_>>(),
            "unbonding": leaving.collect::<Vec<_>>(),
            "rewards_wei": wei(position.rewards),
            "max_loss_bps": risk::by_kind(position.maxLoss.shares()),
            "auto_restake": position.autoRestake,
        })
    };
    let share_document = |share: &Share| {
        json!({
            "slash": share.slash.id,
            "operator": share.slash.operatorId,
            "name": names.get(share.slash.operatorId),
            "kind": fault_name(share.slash.kind),
            "epoch": share.slash.epoch,
            "view": share.slash.view_,
            "bps": share.slash.bps,
            "state": slash_state(share.slash.state),
            "settles_epoch": share.slash.settlesAt,
            "wei": wei(share.amount),
        })
    };
    let document = json!({
        "address": delegator,
        "epoch": clock.epoch,
        "block": clock.block,
        "operator": owned.map(|operator| operator.id),
        "earned_wei": owned.map(|operator| wei(operator.earned)),
        "positions": positions.iter().map(position_document).collect::<Vec<_>>(),
        "slashes": shares.iter().map(share_document).collect::<Vec<_>>(),
    });
    session.output.result(&document, || {
        let mut text = format!(
            "{delegator} in epoch {}, block {}\n",
            clock.epoch, clock.block
        );
        if let Some(operator) = owned {
            text.push_str(&format!(
                "owns operator {} ({}), which earned {} ether that can be claimed\n",
                operator.id,
                operator.name,
                format_ether(operator.earned)
            ));
        }
        text.push_str(&sections(clock, &names, &positions, &shares));
        text
    })
}

/// What an account has, what is leaving, and what it lost, each where there is any.
fn sections(
    clock: &Clock,
    names: &Names,
    positions: &[IStaking::Delegation],
    shares: &[Share],
) -> String {
    if positions.is_empty() && shares.is_empty() {
        return "nothing at stake\n".into();
    }
    let mut text = String::new();
    let mut section = |head: &[&str], rows: Vec<Vec<String>>, legend: &str| {
        if !rows.is_empty() {
            text.push('\n');
            text.push_str(&table(head, &rows));
            text.push_str(legend);
        }
    };
    let position = |position: &IStaking::Delegation| {
        let lots = position.lots.iter();
        let young = lots.map(|lot| format!("{} from epoch {}", format_ether(lot.amount), lot.from));
        let young: Vec<_> = young.collect();
        vec![
            names.get(position.operatorId),
            format_ether(position.amount),
            if young.is_empty() {
                "-".into()
            } else {
                young.join(", ")
            },
            format_ether(position.rewards),
            risk::cell(&position.maxLoss),
            if position.autoRestake { "on" } else { "off" }.into(),
        ]
    };
    section(
        &[
            "OPERATOR",
            "STAKE",
            "OF IT YOUNG",
            "REWARDS",
            "MAX LOSS",
            "RESTAKES",
        ],
        positions.iter().map(position).collect(),
        &risk::legend(positions.iter().map(|position| &position.maxLoss)),
    );
    let entries = positions.iter().flat_map(|position| {
        let from = position.operatorId;
        position.unbonding.iter().map(move |entry| (from, entry))
    });
    let entry = |(from, entry): (u64, &IStaking::Unbonding)| {
        let ready = match (clock.epoch >= entry.claimableAt, entry.to) {
            (false, _) => about(clock.begins_s(entry.claimableAt)),
            (true, 0) => "now: withdraw".into(),
            (true, _) => "now: complete".into(),
        };
        vec![
            names.get(from),
            format_ether(entry.amount),
            if entry.to == 0 {
                "-".into()
            } else {
                names.get(entry.to)
            },
            entry.claimableAt.to_string(),
            ready,
        ]
    };
    section(
        &["LEAVES", "ETHER", "FOR", "FROM EPOCH", "WHEN"],
        entries.map(entry).collect(),
        "",
    );
    let share = |share: &Share| {
        let slash = &share.slash;
        let cost = match slash.state {
            IStaking::SlashState::Pending => {
                format!(
                    "{} at epoch {}",
                    format_ether(share.amount),
                    slash.settlesAt
                )
            }
            _ => format_ether(share.amount),
        };
        vec![
            slash.id.to_string(),
            names.get(slash.operatorId),
            fault_name(slash.kind).into(),
            format!("epoch {}, view {}", slash.epoch, slash.view_),
            values::show_share(slash.bps),
            slash_state(slash.state).into(),
            cost,
        ]
    };
    section(
        &[
            "SLASH",
            "OPERATOR",
            "WHY",
            "FAULT IN",
            "SHARE",
            "STATE",
            "COSTS YOU",
        ],
        shares.iter().map(share).collect(),
        "",
    );
    text
}
