//! `hansa alert`.

use crate::{
    failure::{Failure, Outcome},
    output::{part, table},
    session::Session,
    transact::{event, outcome_with, place, transact},
    values,
};
use alloy_primitives::{Address, B256, U256, utils::format_ether};
use alloy_rpc_types_eth::TransactionReceipt;
use clap::{Args, Subcommand, ValueEnum};
use hansa_abi::{GUARD, IGuard};
use hansa_client::Rpc;
use serde_json::{Value, json};

/// Alert ids on one page (the module's own limit).
const PAGE: u64 = 256;

#[derive(Debug, Subcommand)]
pub(crate) enum AlertCommand {
    /// Raise an alert with a bond
    #[command(after_help = "\
Example:
  hansa --as member-1 alert raise --target 0x098B716B8Aaf21512996dC57EB0615e2383E2f96 \\
    --object indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --severity critical --for 1h")]
    Raise(Box<RaiseArgs>),
    /// Endorse a pending alert
    #[command(after_help = "Example:\n  hansa --as member-2 alert endorse 1")]
    Endorse(IdArgs),
    /// Vote to revoke an alert
    #[command(after_help = "Example:\n  hansa --as member-2 alert revoke 1")]
    Revoke(IdArgs),
    /// Take back the bond of an alert that ended well
    #[command(after_help = "Example:\n  hansa --as member-1 alert claim 1")]
    Claim(IdArgs),
    /// List the alerts
    #[command(after_help = "Examples:\n  hansa alert list\n  hansa alert list --all")]
    List(ListArgs),
    /// Show an alert and its votes
    #[command(after_help = "Example:\n  hansa alert show 1")]
    Show(IdArgs),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Action {
    Watch,
    Block,
}

impl Action {
    const fn number(self) -> u8 {
        match self {
            Self::Watch => 0,
            Self::Block => 2,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    const fn number(self) -> u8 {
        match self {
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::Critical => 4,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct RaiseArgs {
    /// A hostile address; repeat it for more
    #[arg(long = "target", required = true, value_name = "ADDRESS")]
    targets: Vec<Address>,
    /// The published object that gives the grounds
    #[arg(long, value_name = "ID", value_parser = values::object_id)]
    object: B256,
    /// How bad it is
    #[arg(long, default_value = "high")]
    severity: Severity,
    /// What the directive shall do
    #[arg(long, default_value = "block")]
    action: Action,
    /// How long the directive shall hold: 90s, 10m, 1h, 7d
    #[arg(long = "for", default_value = "1h", value_name = "DURATION", value_parser = values::duration_s)]
    duration: u64,
    /// The bond, with its unit; the least that the chain takes by default, which it takes for each target
    #[arg(long, value_name = "AMOUNT", value_parser = values::amount)]
    bond: Option<U256>,
    /// In force at once, for ten minutes at most (sentinels only)
    #[arg(long)]
    provisional: bool,
    /// In a few words
    #[arg(long, default_value = "")]
    reason: String,
}

#[derive(Args, Debug)]
pub(crate) struct IdArgs {
    /// The alert
    id: u64,
}

#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Those that ended too
    #[arg(long)]
    all: bool,
}

pub(crate) async fn run(command: &AlertCommand, session: &Session<'_>) -> Outcome {
    match command {
        AlertCommand::Raise(arguments) => raise(session, arguments).await,
        AlertCommand::Endorse(arguments) => {
            let call = IGuard::endorseCall {
                alertId: U256::from(arguments.id),
            };
            let receipt = transact(session, GUARD, &call, U256::ZERO).await?;
            endorsed(session, &receipt, &arguments.id.to_string())
        }
        AlertCommand::Revoke(arguments) => revoke(session, arguments.id).await,
        AlertCommand::Claim(arguments) => {
            let call = IGuard::claimBondCall {
                alertId: U256::from(arguments.id),
            };
            let receipt = transact(session, GUARD, &call, U256::ZERO).await?;
            let amount = event::<IGuard::BondReturned>(&receipt).map(|event| event.amount);
            let amount = amount.unwrap_or_default();
            let more = json!({"alert": arguments.id.to_string(), "wei": amount.to_string()});
            session.output.result(&outcome_with(&receipt, more), || {
                format!(
                    "{} ether came back {}",
                    format_ether(amount),
                    place(&receipt)
                )
            })
        }
        AlertCommand::List(arguments) => list(session, arguments.all).await,
        AlertCommand::Show(arguments) => show(session, arguments.id).await,
    }
}

async fn raise(session: &Session<'_>, arguments: &RaiseArgs) -> Outcome {
    let rpc = session.rpc()?;
    let bond = match arguments.bond {
        Some(bond) => bond,
        None => {
            let parameters = rpc.view(GUARD, &IGuard::parametersCall {}).await?;
            let targets = U256::from(arguments.targets.len());
            parameters.minBond.saturating_mul(targets)
        }
    };
    // The chain's clock, not this machine's, is what the expiry is measured by.
    let now = rpc.time().await?;
    let input = IGuard::AlertInput {
        targets: arguments.targets.clone(),
        action: arguments.action.number(),
        severity: arguments.severity.number(),
        expiry: now.saturating_add(arguments.duration),
        objectId: arguments.object,
        reason: arguments.reason.clone(),
    };
    let receipt = if arguments.provisional {
        transact(
            session,
            GUARD,
            &IGuard::raiseProvisionalCall { input },
            bond,
        )
        .await?
    } else {
        transact(session, GUARD, &IGuard::raiseCall { input }, bond).await?
    };
    let id = event::<IGuard::AlertRaised>(&receipt).map(|event| event.alertId);
    endorsed(session, &receipt, &id.unwrap_or_default().to_string())
}

/// What raising or endorsing came to.
fn endorsed(session: &Session<'_>, receipt: &TransactionReceipt, id: &str) -> Outcome {
    let accepted = event::<IGuard::AlertAccepted>(receipt).is_some();
    let vote = event::<IGuard::AlertEndorsed>(receipt);
    let (endorsing, total) = vote.map_or((0, 0), |event| (event.endorsing, event.total));
    let directive = event::<IGuard::DirectiveIssued>(receipt);
    let until = directive.map(|directive| directive.until);
    let more = json!({
        "alert": id,
        "accepted": accepted,
        "endorsing": endorsing,
        "total": total,
        "directive_until": until,
    });
    session.output.result(&outcome_with(receipt, more), || {
        let mut text = if accepted {
            format!("alert {id} is accepted {}", place(receipt))
        } else {
            format!(
                "alert {id} is pending: {endorsing} of {total} endorse, two thirds are needed; {}\n\
                 next: hansa --as <another member> alert endorse {id}",
                place(receipt)
            )
        };
        if let Some(until) = until {
            text.push_str(&format!(
                "\na directive holds until {}",
                values::show_s(until)
            ));
        }
        text
    })
}

async fn revoke(session: &Session<'_>, id: u64) -> Outcome {
    let call = IGuard::voteRevokeCall {
        alertId: U256::from(id),
    };
    let receipt = transact(session, GUARD, &call, U256::ZERO).await?;
    let revoked = event::<IGuard::AlertRevoked>(&receipt).is_some();
    let vote = event::<IGuard::RevocationVoted>(&receipt);
    let (revoking, total) = vote.map_or((0, 0), |event| (event.revoking, event.total));
    let more = json!({
        "alert": id.to_string(),
        "revoked": revoked,
        "revoking": revoking,
        "total": total,
    });
    session.output.result(&outcome_with(&receipt, more), || {
        let place = place(&receipt);
        if revoked {
            return format!("alert {id} is revoked and its bond forfeited {place}");
        }
        format!(
            "{revoking} of {total} vote to revoke alert {id}, more than half is needed; {place}"
        )
    })
}

async fn alerts(rpc: &Rpc) -> Outcome<Vec<IGuard::Alert>> {
    let mut ids: Vec<U256> = Vec::new();
    loop {
        let call = IGuard::alertIdsCall {
            offset: U256::from(ids.len()),
            limit: U256::from(PAGE),
        };
        let page = rpc.view(GUARD, &call).await?;
        let empty = page.ids.is_empty();
        ids.extend(page.ids);
        if empty || U256::from(ids.len()) >= page.total {
            break;
        }
    }
    let calls: Vec<_> = ids
        .into_iter()
        .map(|id| IGuard::alertCall { alertId: id })
        .collect();
    Ok(rpc.views(GUARD, &calls).await?)
}

async fn list(session: &Session<'_>, all: bool) -> Outcome {
    let mut alerts = alerts(&session.rpc()?).await?;
    alerts.retain(|alert| {
        let alive = [IGuard::AlertStatus::Pending, IGuard::AlertStatus::Accepted];
        all || alive.contains(&alert.status)
    });
    let documents: Vec<_> = alerts.iter().map(document).collect();
    session.output.result(&documents, || {
        let row = |alert: &IGuard::Alert| {
            let first = alert
                .targets
                .first()
                .map(Address::to_string)
                .unwrap_or_default();
            let more = alert.targets.len().saturating_sub(1);
            let more = if more > 0 {
                format!(" +{more}")
            } else {
                String::new()
            };
            vec![
                alert.id.to_string(),
                status(alert.status).to_owned(),
                action(alert.action).to_owned(),
                severity(alert.severity).to_owned(),
                values::show_s(alert.expiry),
                format!("{first}{more}"),
                alert.reason.clone(),
            ]
        };
        table(
            &[
                "ID", "STATUS", "ACTION", "SEVERITY", "EXPIRES", "TARGETS", "REASON",
            ],
            &alerts.iter().map(row).collect::<Vec<_>>(),
        )
    })
}

async fn show(session: &Session<'_>, id: u64) -> Outcome {
    let rpc = session.rpc()?;
    let id = U256::from(id);
    let alert = rpc.view(GUARD, &IGuard::alertCall { alertId: id }).await?;
    if alert.status == IGuard::AlertStatus::None {
        return Err(Failure::failed(
            format!("there is no alert {id}"),
            "see which there are: `hansa alert list --all`",
        ));
    }
    let tally = rpc.view(GUARD, &IGuard::tallyCall { alertId: id }).await?;
    let mut result = document(&alert);
    result["endorsing"] = json!(tally.endorsing);
    result["revoking"] = json!(tally.revoking);
    result["total"] = json!(tally.total);
    result["endorsers"] = json!(tally.endorsers);
    result["revokers"] = json!(tally.revokers);
    session.output.result(&result, || {
        let join = |addresses: &[Address]| {
            let texts: Vec<_> = addresses.iter().map(Address::to_string).collect();
            texts.join(", ")
        };
        let rows = [
            ("alert", alert.id.to_string()),
            ("status", status(alert.status).to_owned()),
            ("action", action(alert.action).to_owned()),
            ("severity", severity(alert.severity).to_owned()),
            ("raiser", alert.raiser.to_string()),
            ("raised", values::show_s(alert.raisedAt)),
            ("accepted", values::show_s(alert.acceptedAt)),
            ("expires", values::show_s(alert.expiry)),
            ("bond", format!("{} ether", format_ether(alert.bond))),
            ("object", alert.objectId.to_string()),
            ("reason", alert.reason.clone()),
            ("targets", join(&alert.targets)),
            (
                "endorse",
                format!(
                    "{} of {}: {}",
                    tally.endorsing,
                    tally.total,
                    join(&tally.endorsers)
                ),
            ),
            (
                "revoke",
                format!(
                    "{} of {}: {}",
                    tally.revoking,
                    tally.total,
                    join(&tally.revokers)
                ),
            ),
        ];
        rows.map(|(name, value)| format!("{name:9} {}", part(&value)))
            .join("\n")
    })
}

fn document(alert: &IGuard::Alert) -> Value {
    json!({
        "id": alert.id.to_string(),
        "status": status(alert.status),
        "action": action(alert.action),
        "severity": severity(alert.severity),
        "raiser": alert.raiser,
        "raised_at": alert.raisedAt,
        "accepted_at": alert.acceptedAt,
        "provisional_until": alert.provisionalUntil,
        "expiry": alert.expiry,
        "bond": alert.bond.to_string(),
        "bond_claimed": alert.bondClaimed,
        "object_id": alert.objectId,
        "reason": alert.reason,
        "targets": alert.targets,
    })
}

const fn status(status: IGuard::AlertStatus) -> &'static str {
    match status {
        IGuard::AlertStatus::Pending => "pending",
        IGuard::AlertStatus::Accepted => "accepted",
        IGuard::AlertStatus::Revoked => "revoked",
        IGuard::AlertStatus::Lapsed => "lapsed",
        IGuard::AlertStatus::Expired => "expired",
        _ => "none",
    }
}

const fn action(action: u8) -> &'static str {
    match action {
        0 => "watch",
        1 => "limit",
        _ => "block",
    }
}

const fn severity(severity: u8) -> &'static str {
    match severity {
        1 => "low",
        2 => "medium",
        3 => "high",
        _ => "critical",
    }
}
