//! `hansa evidence`.

use super::stake::{Fault, Names, fault_name, slash_state, slashes};
use crate::{
    failure::{Failure, Outcome},
    output::table,
    session::{Session, read_limited},
    transact::{event, outcome_with, place, transact},
    values,
};
use alloy_primitives::{Bytes, U256, utils::format_ether};
use clap::{Args, Subcommand};
use hansa_abi::{IStaking, STAKING};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Largest file with evidence, bytes: twice what the module takes, in hex, and what is around it.
const MAX_FILE_BYTES: u64 = 4_096;

#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// List the faults that were proved, and what became of them
    #[command(after_help = "Example:\n  hansa evidence list")]
    List,
    /// Prove that an operator signed two votes that contradict each other
    #[command(after_help = "\
Nodes submit what they witness by themselves; this is for evidence from elsewhere. FILE is JSON such as
{\"kind\": \"conflicting-notarize\", \"evidence\": \"0x...\"} (the kinds: conflicting-notarize, conflicting-finalize,
nullify-finalize), or the evidence alone in hex with --kind. A part of the slash goes to you when it is settled.

Examples:
  hansa --as member-1 evidence submit evidence.json
  hansa --as member-1 evidence submit evidence.hex --kind nullify-finalize")]
    Submit(SubmitArgs),
    /// Appeal a slash: its window grows, and the members decide
    #[command(after_help = "\
Once for each slash, by whoever has stake that answers for it. The bond comes back when the slash is reversed, and goes to the fund otherwise.

Example:
  hansa --as member-1 evidence appeal 3")]
    Appeal(SlashArgs),
    /// Approve an appeal as a member: more than half of the members' weight reverses the slash
    #[command(after_help = "Example:\n  hansa --as member-1 evidence approve 3")]
    Approve(SlashArgs),
    /// Settle a slash whose window is over; for anybody
    #[command(after_help = "Example:\n  hansa --as member-1 evidence settle 3")]
    Settle(SlashArgs),
}

#[derive(Args, Debug)]
pub(crate) struct SlashArgs {
    /// The slash's id: `hansa evidence list` shows it
    slash: u64,
}

#[derive(Args, Debug)]
pub(crate) struct SubmitArgs {
    /// The evidence
    file: PathBuf,
    /// The id of the zone that the fault was on, where the file does not say so; the hub by default
    #[arg(long, value_name = "ID")]
    zone: Option<u64>,
    /// What it proves, where the file does not say so
    #[arg(long)]
    kind: Option<Fault>,
}

pub(crate) async fn run(command: &EvidenceCommand, session: &Session<'_>) -> Outcome {
    match command {
        EvidenceCommand::List => list(session).await,
        EvidenceCommand::Submit(arguments) => submit(session, arguments).await,
        EvidenceCommand::Appeal(arguments) => appeal(session, arguments.slash).await,
        EvidenceCommand::Approve(arguments) => approve(session, arguments.slash).await,
        EvidenceCommand::Settle(arguments) => settle(session, arguments.slash).await,
    }
}

fn document(slash: &IStaking::Slash, name: &str) -> Value {
    json!({
        "slash": slash.id,
        "operator": slash.operatorId,
        "name": name,
        "kind": fault_name(slash.kind),
        "zone": slash.zoneId,
        "epoch": slash.epoch,
        "view": slash.view_,
        "bps": slash.bps,
        "wei": slash.amount.to_string(),
        "state": slash_state(slash.state),
        "settles_epoch": slash.settlesAt,
        "finder": slash.finder,
        "appellant": (!slash.appellant.is_zero()).then_some(slash.appellant),
    })
}

async fn list(session: &Session<'_>) -> Outcome {
    let rpc = session.rpc()?;
    let block = rpc.block_number().await?;
    let slashes = slashes(&rpc, block).await?;
    let names = Names::read(&rpc, block).await?;
    let name = |slash: &IStaking::Slash| names.get(slash.operatorId);
    let documents = slashes.iter().map(|slash| document(slash, &name(slash)));
    session.output.result(&documents.collect::<Vec<_>>(), || {
        let row = |slash: &IStaking::Slash| {
            vec![
                slash.id.to_string(),
                name(slash),
                fault_name(slash.kind).to_owned(),
                match slash.zoneId {
                    0 => format!("epoch {}, view {}", slash.epoch, slash.view_),
                    zone => format!("zone {zone}, view {}", slash.view_),
                },
                values::show_share(slash.bps),
                format_ether(slash.amount),
                slash_state(slash.state).to_owned(),
                slash.settlesAt.to_string(),
                slash.finder.to_string(),
            ]
        };
        table(
            &[
                "ID",
                "OPERATOR",
                "FAULT",
                "IN",
                "SHARE",
                "ETHER",
                "STATE",
                "SETTLES IN",
                "FINDER",
            ],
            &slashes.iter().map(row).collect::<Vec<_>>(),
        )
    })
}

/// A file with evidence.
/// A node's file says more.
#[derive(Deserialize)]
struct Document {
    /// A name, or the module's number.
    kind: Value,
    evidence: Bytes,
    /// The zone that the fault was on; 0 for the hub.
    #[serde(default)]
    zone: u64,
}

/// Reads evidence and what it proves.
fn read(path: &Path, asked: Option<Fault>) -> Outcome<(Fault, Bytes, u64)> {
    let text = read_limited(path, MAX_FILE_BYTES)?;
    let text = String::from_utf8_lossy(&text);
    let text = text.trim();
    let wrong = |cause: &dyn std::fmt::Display| {
        Failure::usage(
            format!("no evidence in {}: {cause}", path.display()),
            "see `hansa evidence submit --help` for what the file holds",
        )
    };
    if !text.starts_with('{') {
        let evidence = text.parse::<Bytes>().map_err(|error| wrong(&error))?;
        let fault = asked.ok_or_else(|| {
            Failure::usage(
                format!("{} does not say what it proves", path.display()),
                "say it with --kind",
            )
        })?;
        return Ok((fault, evidence, 0));
    }
    let document: Document = serde_json::from_str(text).map_err(|error| wrong(&error))?;
    let stated = match &document.kind {
        Value::String(name) => Fault::from_name(name),
        Value::Number(number) => number.as_u64().and_then(Fault::from_number),
        _ => None,
    };
    let stated = stated.ok_or_else(|| wrong(&format!("there is no kind {}", document.kind)))?;
    match asked {
        Some(asked) if asked != stated => {
            Err(wrong(&format!("it is said to be {}", stated.name())))
        }
        _ => Ok((stated, document.evidence, document.zone)),
    }
}

async fn submit(session: &Session<'_>, arguments: &SubmitArgs) -> Outcome {
    let (fault, evidence, zone) = read(&arguments.file, arguments.kind)?;
    let zone = arguments.zone.unwrap_or(zone);
    let kind = fault.number();
    let receipt = if zone == 0 {
        let call = IStaking::submitEvidenceCall { kind, evidence };
        transact(session, STAKING, &call, U256::ZERO).await?
    } else {
        let call = IStaking::submitZoneEvidenceCall {
            zoneId: zone,
            kind,
            evidence,
        };
        transact(session, STAKING, &call, U256::ZERO).await?
    };
    let Some(raised) = event::<IStaking::SlashRaised>(&receipt) else {
        return Err(Failure::failed(
            "the module took the evidence and tells nothing of a slash",
            "see `hansa evidence list`",
        ));
    };
    let more = json!({
        "slash": raised.slashId,
        "operator": raised.operatorId,
        "zone": zone,
        "kind": fault.name(),
        "epoch": raised.epoch,
        "view": raised.view_,
        "bps": raised.bps,
        "wei": raised.amount.to_string(),
        "settles_epoch": raised.settlesAt,
    });
    let where_ = match zone {
        0 => String::new(),
        zone => format!("zone {zone} in its "),
    };
    session.output.result(&outcome_with(&receipt, more), || {
        format!(
            "slash {}: operator {} loses {} of what answers for {where_}epoch {}, about {} ether, and is settled from epoch {} on; {}",
            raised.slashId,
            raised.operatorId,
            values::show_share(raised.bps),
            raised.epoch,
            format_ether(raised.amount),
            raised.settlesAt,
            place(&receipt)
        )
    })
}

async fn appeal(session: &Session<'_>, slash: u64) -> Outcome {
    let rpc = session.rpc()?;
    let parameters = rpc.view(STAKING, &IStaking::parametersCall {}).await?;
    let bond = parameters.appealBond;
    let call = IStaking::appealCall { slashId: slash };
    let receipt = transact(session, STAKING, &call, bond).await?;
    let settles = event::<IStaking::SlashAppealed>(&receipt).map(|event| event.settlesAt);
    let more = json!({"slash": slash, "bond_wei": bond.to_string(), "settles_epoch": settles});
    session.output.result(&outcome_with(&receipt, more), || {
        format!(
            "slash {slash} is appealed with a bond of {} ether, and is settled from epoch {} on unless members reverse it; {}",
            format_ether(bond),
            settles.unwrap_or_default(),
            place(&receipt)
        )
    })
}

async fn approve(session: &Session<'_>, slash: u64) -> Outcome {
    let call = IStaking::approveAppealCall { slashId: slash };
    let receipt = transact(session, STAKING, &call, U256::ZERO).await?;
    let approved = event::<IStaking::AppealApproved>(&receipt);
    let (approving, total) = approved.map_or((0, 0), |event| (event.approving, event.total));
    let reversed = event::<IStaking::SlashReversed>(&receipt).is_some();
    let more = json!({
        "slash": slash,
        "approving": approving,
        "total": total,
        "reversed": reversed,
    });
    session.output.result(&outcome_with(&receipt, more), || {
        let outcome = if reversed {
            "it is reversed"
        } else {
            "it stands until more than half approve"
        };
        format!(
            "{approving} of {total} approve the appeal of slash {slash}: {outcome}; {}",
            place(&receipt)
        )
    })
}

async fn settle(session: &Session<'_>, slash: u64) -> Outcome {
    let call = IStaking::settleSlashCall { slashId: slash };
    let receipt = transact(session, STAKING, &call, U256::ZERO).await?;
    let settled = event::<IStaking::SlashSettled>(&receipt);
    let amount = settled.map_or(U256::ZERO, |event| event.amount);
    let more = json!({"slash": slash, "wei": amount.to_string()});
    session.output.result(&outcome_with(&receipt, more), || {
        format!(
            "slash {slash} is settled: {} ether are taken; {}",
            format_ether(amount),
            place(&receipt)
        )
    })
}
