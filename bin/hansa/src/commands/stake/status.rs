//! The operators and their seats.

use super::{
    account,
    pool::{Clock, operators, view_at},
    report::{about, bar, bar_name},
    risk, wei,
};
use crate::{failure::Outcome, output::table, session::Session, values};
use alloy_primitives::{Address, B256, utils::format_ether};
use clap::Args;
use hansa_abi::{IStaking, STAKING};
use hansa_client::Rpc;
use serde_json::{Value, json};

#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    /// Show what this account has at stake
    address: Option<Address>,
}

pub(super) async fn run(arguments: &StatusArgs, session: &Session<'_>) -> Outcome {
    let rpc = session.rpc()?;
    let clock = Clock::read(&rpc).await?;
    let operators = operators(&rpc, clock.block).await?;
    match arguments.address {
        None => all(session, &rpc, &clock, operators).await,
        Some(address) => account::show(session, &rpc, &clock, &operators, address).await,
    }
}

/// An operator and its seats.
struct Row {
    operator: IStaking::Operator,
    /// The key of its seat, if it has one: another than the operator's from the freeze block that rotates it to the
    /// end of the epoch.
    seat_key: Option<B256>,
    /// `None` until the next committee is fixed.
    next_seat: Option<bool>,
    rate: IStaking::rewardRateReturn,
}

impl Row {
    fn document(&self) -> Value {
        let operator = &self.operator;
        json!({
            "id": operator.id,
            "name": operator.name,
            "owner": operator.owner,
            "seat": self.seat_key.is_some(),
            "seat_key": self.seat_key,
            "next_seat": self.next_seat,
            "key": operator.key,
            "next_key": (!operator.nextKey.is_zero()).then_some(operator.nextKey),
            "stake_wei": wei(operator.stake),
            "self_stake_wei": wei(operator.selfStake),
            "unbonding_wei": wei(operator.unbonding),
            "earned_wei": wei(operator.earned),
            "commission_bps": operator.commissionBps,
            "risk_bps": risk::by_kind(operator.risk.shares()),
            "next_risk_bps": risk::by_kind(operator.nextRisk.shares()),
            "next_risk_epochs": risk::by_kind(operator.nextRiskEpochs),
            "willing": operator.willing,
            "exited": operator.exited,
            "bar": bar_name(operator.bar),
            "barred_until": (operator.barredUntil != u64::MAX).then_some(operator.barredUntil),
            "offences": operator.offences,
            "slashed_out": operator.slashedOut,
            "endpoint": operator.endpoint,
            "metadata": operator.metadata,
            "reward_epochs": self.rate.epochs,
            "reward_wei_per_ether": wei(self.rate.perEther),
        })
    }

    fn cells(&self) -> Vec<String> {
        let operator = &self.operator;
        let seat = match (self.seat_key.is_some(), self.next_seat) {
            (true, Some(false)) => "leaves",
            (false, Some(true)) => "joins",
            (true, _) => "yes",
            (false, _) => "-",
        };
        let voting = self.seat_key.unwrap_or(operator.key);
        let mut key = voting.to_string();
        key.truncate(10);
        if voting != operator.key || !operator.nextKey.is_zero() {
            key.push_str(" rotates");
        }
        vec![
            operator.id.to_string(),
            operator.name.clone(),
            seat.to_owned(),
            format_ether(operator.stake),
            values::show_share(operator.commissionBps),
            risk::cell(&operator.risk),
            bar(operator),
            key,
        ]
    }
}

/// The state of the operators after a block.
async fn rows(
    rpc: &Rpc,
    clock: &Clock,
    operators: Vec<IStaking::Operator>,
) -> Outcome<(Vec<Row>, bool)> {
    let call = IStaking::committeeOfCall { epoch: clock.epoch };
    let now = view_at(rpc, call, clock.block).await?;
    let fixed = clock.block >= clock.freeze_block;
    let next = if fixed {
        let call = IStaking::committeeOfCall {
            epoch: clock.epoch.saturating_add(1),
        };
        Some(view_at(rpc, call, clock.block).await?)
    } else {
        None
    };
    let rates: Vec<_> = operators
        .iter()
        .map(|operator| IStaking::rewardRateCall {
            operatorId: operator.id,
        })
        .collect();
    let rates = rpc.views_at(STAKING, &rates, clock.block).await?;
    let key_of = |seats: &[IStaking::Seat], id: u64| {
        let mut seats = seats.iter();
        seats
            .find(|seat| seat.operatorId == id)
            .map(|seat| seat.key)
    };
    let rows = operators
        .into_iter()
        .zip(rates)
        .map(|(operator, rate)| Row {
            seat_key: key_of(&now.seats, operator.id),
            next_seat: next
                .as_ref()
                .map(|next| key_of(&next.seats, operator.id).is_some()),
            rate,
            operator,
        });
    Ok((rows.collect(), fixed))
}

async fn all(
    session: &Session<'_>,
    rpc: &Rpc,
    clock: &Clock,
    operators: Vec<IStaking::Operator>,
) -> Outcome {
    let (rows, fixed) = rows(rpc, clock, operators).await?;
    let pool = view_at(rpc, IStaking::concentrationCall {}, clock.block).await?;
    let selection = view_at(rpc, IStaking::lastSelectionCall {}, clock.block).await?;
    let kept = selection.result == IStaking::SelectionResult::NobodyWilling;
    let document = json!({
        "epoch": clock.epoch,
        "block": clock.block,
        "first_block": clock.first_block,
        "freeze_block": clock.freeze_block,
        "last_block": clock.last_block,
        "next_epoch_about": clock.begins_s(clock.epoch.saturating_add(1)),
        "next_committee_fixed": fixed,
        "checkpoint": clock.checkpoint,
        "nobody_willing": kept,
        "stake_wei": wei(pool.total),
        "nakamoto": pool.nakamoto,
        "operators": rows.iter().map(Row::document).collect::<Vec<_>>(),
    });
    session.output.result(&document, || {
        let mut text = headline(clock, fixed);
        if kept {
            text.push_str("nobody was willing at the last selection: the committee of before stays\n");
        }
        if pool.nakamoto > 0 {
            let total = format_ether(pool.total);
            let least = pool.nakamoto;
            text.push_str(&format!(
                "{total} ether at stake; {least} of the largest operators have more than a third of it\n"
            ));
        }
        let head = [
            "ID", "NAME", "SEAT", "STAKE", "COMMISSION", "AT RISK", "BAR", "KEY",
        ];
        let cells: Vec<_> = rows.iter().map(Row::cells).collect();
        let legend = risk::legend(rows.iter().map(|row| &row.operator.risk));
        format!("{text}\n{}{legend}", table(&head, &cells))
    })
}

fn headline(clock: &Clock, fixed: bool) -> String {
    let (epoch, block) = (clock.epoch, clock.block);
    let next = epoch.saturating_add(1);
    let begins = about(clock.begins_s(next));
    let committee = if fixed {
        "its committee is fixed".to_owned()
    } else {
        let freezes = about(clock.reached_s(clock.freeze_block));
        format!(
            "its committee is fixed at block {}, {freezes}",
            clock.freeze_block
        )
    };
    let checkpoint = clock
        .checkpoint
        .as_ref()
        .map_or_else(String::new, |checkpoint| {
            format!("checkpoint for nodes that join from state: {checkpoint}\n")
        });
    format!(
        "epoch {epoch}, block {block} of {} to {}\nepoch {next} begins {begins}; {committee}\n{checkpoint}",
        clock.first_block, clock.last_block
    )
}
