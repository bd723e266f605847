//! `hansa zone committee`: who may serve a zone, and who does.

use super::{
    message::Hub,
    stake::{Names, find},
};
use crate::{
    failure::{Failure, Outcome},
    output::table,
    session::Session,
    transact::{event, outcome_with, place, transact},
    values,
};
use alloy_primitives::{U256, utils::format_ether};
use clap::Args;
use hansa_abi::{
    IStaking,
    IZones::{self, CommitteeRule},
    STAKING, ZONES,
};
use hansa_client::Rpc;
use serde_json::{Value, json};

/// Who may serve a zone, as far as it is said.
#[derive(Args, Debug)]
pub(crate) struct RuleArgs {
    /// Seats at most, 4 to 128; 0 for all that fit
    #[arg(long, value_name = "SEATS")]
    max_seats: Option<u16>,
    /// What of each operator's stake answers for the zone at least, with its unit
    #[arg(long, value_name = "AMOUNT", value_parser = values::amount)]
    min_stake: Option<U256>,
    /// Operators that may serve, by name or id, separated by commas
    #[arg(long, value_name = "OPERATORS", value_delimiter = ',')]
    allow: Vec<String>,
}

impl RuleArgs {
    const fn says_nothing(&self) -> bool {
        self.max_seats.is_none() && self.min_stake.is_none() && self.allow.is_empty()
    }

    /// What is asked for, on top of a rule.
    pub(super) async fn rule(&self, hub: &Rpc, former: CommitteeRule) -> Outcome<CommitteeRule> {
        let mut allowed = Vec::new();
        for who in &self.allow {
            allowed.push(find(hub, who).await?.id);
        }
        allowed.sort_unstable();
        allowed.dedup();
        Ok(CommitteeRule {
            maxSeats: self.max_seats.unwrap_or(former.maxSeats),
            minStake: self.min_stake.unwrap_or(former.minStake),
            allowed: if allowed.is_empty() {
                former.allowed
            } else {
                allowed
            },
        })
    }
}

/// Everybody may.
pub(super) const fn everybody() -> CommitteeRule {
    CommitteeRule {
        maxSeats: 0,
        minStake: U256::ZERO,
        allowed: Vec::new(),
    }
}

#[derive(Args, Debug)]
pub(crate) struct CommitteeArgs {
    /// The zone's name
    zone: String,
    #[command(flatten)]
    rule: RuleArgs,
    /// Every operator may serve
    #[arg(long, conflicts_with = "allow")]
    allow_all: bool,
}

/// A rule for programs.
pub(super) fn document(rule: &CommitteeRule) -> Value {
    json!({
        "max_seats": (rule.maxSeats != 0).then_some(rule.maxSeats),
        "min_stake_wei": rule.minStake.to_string(),
        "allowed": rule.allowed,
    })
}

/// A rule in words: `at most 7 seats; 5.0 ether of each; operators a, b`.
pub(super) fn words(rule: &CommitteeRule, names: &Names) -> String {
    let mut parts = Vec::new();
    if rule.maxSeats != 0 {
        parts.push(format!("at most {} seats", rule.maxSeats));
    }
    if !rule.minStake.is_zero() {
        parts.push(format!("{} ether of each", format_ether(rule.minStake)));
    }
    if !rule.allowed.is_empty() {
        let allowed: Vec<_> = rule.allowed.iter().map(|id| names.get(*id)).collect();
        parts.push(format!("only {}", allowed.join(", ")));
    }
    if parts.is_empty() {
        "every operator of the hub that gives it a share".into()
    } else {
        parts.join("; ")
    }
}

pub(super) async fn run(arguments: &CommitteeArgs, session: &Session<'_>) -> Outcome {
    let hub = Hub::of(session)?;
    let zone = hub.zone(&arguments.zone).await?;
    let call = IZones::zoneCall { zoneId: zone.id };
    let record = hub.rpc.view(ZONES, &call).await?;
    if arguments.rule.says_nothing() && !arguments.allow_all {
        return show(&record, &hub.rpc, session).await;
    }
    let mut former = record.parameters.committee;
    if arguments.allow_all {
        former.allowed.clear();
    }
    let rule = arguments.rule.rule(&hub.rpc, former).await?;
    let call = IZones::setCommitteeRuleCall {
        zoneId: zone.id,
        rule,
    };
    let receipt = transact(session, ZONES, &call, U256::ZERO).await?;
    let Some(event) = event::<IZones::CommitteeRuleChanged>(&receipt) else {
        return Err(Failure::failed(
            "the transaction changed no rule",
            "hansa zone committee tells what holds",
        ));
    };
    let names = Names::read(&hub.rpc, hub.rpc.block_number().await?).await?;
    let more = json!({
        "zone": zone.id,
        "starts_at": event.startsAt,
        "rule": document(&event.rule),
    });
    session.output.result(&outcome_with(&receipt, more), || {
        format!(
            "{}: {} from {} on, {}\nit holds for committees that the hub fixes from then on; the zone's operators change at the end of its own epoch",
            zone.name,
            words(&event.rule, &names),
            values::show_s(event.startsAt),
            place(&receipt)
        )
    })
}

/// The rule, and who serves by it in this epoch of the hub and, once that is fixed, in the next.
async fn show(record: &IZones::Zone, hub: &Rpc, session: &Session<'_>) -> Outcome {
    let block = hub.block_number().await?;
    let now = IStaking::epochOfCall { blockNumber: block };
    let now = hub.view(STAKING, &now).await?.epoch;
    let names = Names::read(hub, block).await?;
    let time = hub.time().await?;
    let (mut documents, mut rows) = (Vec::new(), Vec::new());
    for epoch in [now, now + 1] {
        let call = IZones::committeeOfCall {
            zoneId: record.id,
            epoch,
        };
        for seat in hub.view(ZONES, &call).await?.seats {
            documents.push(json!({
                "epoch": epoch,
                "operator": seat.operatorId,
                "name": names.get(seat.operatorId),
                "wei": seat.stake.to_string(),
            }));
            rows.push(vec![
                epoch.to_string(),
                names.get(seat.operatorId),
                format_ether(seat.stake),
            ]);
        }
    }
    let rule = &record.parameters.committee;
    let document = json!({
        "zone": record.id,
        "rule": document(rule),
        "rule_starts_at": record.committeeSince,
        "seats": documents,
    });
    session.output.result(&document, || {
        format!(
            "{}: {}{}\n{}",
            record.parameters.name,
            words(rule, &names),
            match record.committeeSince {
                starts_at if starts_at > time => {
                    format!(", from {} on", values::show_s(starts_at))
                }
                _ => String::new(),
            },
            table(
                &["EPOCH OF THE HUB", "OPERATOR", "STAKE THAT ANSWERS"],
                &rows
            )
        )
    })
}
