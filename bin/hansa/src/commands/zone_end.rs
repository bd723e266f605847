//! `hansa zone fund`, `stop` and `exit`: how a zone is kept, and how it ends.

use super::{
    message::{Hub, Zone},
    zone::{tell, wait_for},
};
use crate::{
    failure::{Failure, Outcome},
    session::Session,
    transact::{event, outcome_with, place, transact},
    values,
};
use alloy_primitives::{Address, B256, Bytes, U256, utils::format_ether};
use clap::Args;
use hansa_abi::{
    IMessages,
    IZones::{self, Phase, Reason},
    MESSAGES, ZONES, phase_name,
};
use serde::Deserialize;
use serde_json::json;

#[derive(Args, Debug)]
pub(crate) struct FundArgs {
    /// The zone's name
    zone: String,
    /// How much, with its unit: 1.5ether, 20gwei, 100wei
    #[arg(value_parser = values::amount)]
    amount: U256,
}

#[derive(Args, Debug)]
pub(crate) struct StopArgs {
    /// The zone's name
    zone: String,
}

#[derive(Args, Debug)]
pub(crate) struct ExitArgs {
    /// The zone's name
    zone: String,
    /// Whose ether; yours by default
    #[arg(long, value_name = "ADDRESS")]
    account: Option<Address>,
}

const fn because(reason: Reason) -> &'static str {
    match reason {
        Reason::Creator => "its creator closed it",
        Reason::Escrow => "its escrow is used up",
        Reason::Halted => "the hub heard nothing of it for too long",
        Reason::None | Reason::__Invalid => "this version does not know why",
    }
}

/// Where a zone is in its life, in a sentence. `now` is the chain's time.
pub(super) fn phase_words(zone: &IZones::Zone, now: u64) -> String {
    let name = &zone.parameters.name;
    let left = |at: u64| at.saturating_sub(now);
    match zone.phase {
        Phase::Closing if zone.reason == Reason::Halted => format!(
            "closing ({}): it can be reseeded at {}, in {} s (hansa zone reseed {name}), and stopped at {}, in {} s",
            because(zone.reason),
            values::show_s(zone.reseedsAt),
            left(zone.reseedsAt),
            values::show_s(zone.stopsAt),
            left(zone.stopsAt)
        ),
        Phase::Closing => format!(
            "closing ({}): it can be stopped at {}, in {} s",
            because(zone.reason),
            values::show_s(zone.closesAt),
            left(zone.closesAt)
        ),
        Phase::Stopped => format!(
            "stopped ({}); the hub waits for its last block",
            because(zone.reason)
        ),
        Phase::Settled => format!(
            "ended ({}); what is left there: hansa zone exit {name}",
            because(zone.reason)
        ),
        _ if zone.parameters.rentPerDay.is_zero() => {
            format!(
                "{}; escrow {} ether, no rent",
                phase_name(zone.phase),
                format_ether(zone.escrow)
            )
        }
        _ => format!(
            "{}; escrow {} ether, rent {} ether each day",
            phase_name(zone.phase),
            format_ether(zone.escrow),
            format_ether(zone.parameters.rentPerDay)
        ),
    }
}

pub(super) async fn fund(arguments: &FundArgs, session: &Session<'_>) -> Outcome {
    let hub = Hub::of(session)?;
    let zone = hub.zone(&arguments.zone).await?;
    let call = IZones::fundCall { zoneId: zone.id };
    let receipt = transact(session, ZONES, &call, arguments.amount).await?;
    let escrow = event::<IZones::EscrowFilled>(&receipt).map(|event| event.escrow);
    let escrow = escrow.unwrap_or_default();
    let reopened = event::<IZones::ZoneReopened>(&receipt).is_some();
    let more = json!({
        "zone": zone.id,
        "escrow_wei": escrow.to_string(),
        "reopened": reopened,
    });
    session.output.result(&outcome_with(&receipt, more), || {
        let again = if reopened { "; it stays open" } else { "" };
        format!(
            "the escrow of {} has {} ether now{again}, {}",
            zone.name,
            format_ether(escrow),
            place(&receipt)
        )
    })
}

pub(super) async fn stop(arguments: &StopArgs, session: &Session<'_>) -> Outcome {
    let hub = Hub::of(session)?;
    let zone = hub.zone(&arguments.zone).await?;
    let call = IZones::closeCall { zoneId: zone.id };
    let receipt = transact(session, ZONES, &call, U256::ZERO).await?;
    let closes_at = event::<IZones::ZoneClosing>(&receipt).map_or(0, |event| event.closesAt);
    let more = json!({ "zone": zone.id, "closes_at": closes_at });
    session.output.result(&outcome_with(&receipt, more), || {
        format!(
            "{name} is closing, {}: its operators stop it at {}\nits users can leave until then (hansa bridge withdraw {name}), and afterwards (hansa zone exit {name})",
            place(&receipt),
            values::show_s(closes_at),
            name = zone.name
        )
    })
}

/// What a node proves of an account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    state_root: B256,
    account: Proved,
}

/// A value in a chain's state; none for what is not there.
#[derive(Deserialize)]
struct Proved {
    value: Option<Bytes>,
    proof: Option<Bytes>,
}

pub(super) async fn exit(arguments: &ExitArgs, session: &Session<'_>) -> Outcome {
    let hub = Hub::of(session)?;
    let zone = hub.zone(&arguments.zone).await?;
    let account = session.address_or_own(arguments.account)?;
    let record = IZones::zoneCall { zoneId: zone.id };
    let record = hub.rpc.view(ZONES, &record).await?;
    if matches!(
        record.phase,
        Phase::Registered | Phase::Active | Phase::Closing
    ) {
        return Err(Failure::usage(
            format!("{} has not ended", zone.name),
            format!("hansa bridge withdraw {} AMOUNT", zone.name),
        ));
    }
    tell(session, "waiting until the hub knows its last block");
    let settled = async || {
        let call = IZones::zoneCall { zoneId: zone.id };
        let zone = hub.rpc.view(ZONES, &call).await.ok();
        zone.filter(|zone| zone.phase == Phase::Settled)
    };
    wait_for(session, "the zone's last checkpoint", settled).await?;
    let call = prove(&hub, &zone, account).await?;
    let receipt = transact(session, MESSAGES, &call, U256::ZERO).await?;
    let exited = event::<IMessages::Exited>(&receipt);
    let (paid, left) = exited.map_or_else(Default::default, |event| (event.amount, event.left));
    let more = json!({
        "zone": zone.id,
        "account": account,
        "paid_wei": paid.to_string(),
        "left_wei": left.to_string(),
    });
    session.output.result(&outcome_with(&receipt, more), || {
        let rest = if left.is_zero() {
            String::new()
        } else {
            let left = format_ether(left);
            format!("\n{left} ether are left, for the zone's daily limit: again tomorrow")
        };
        format!(
            "{account} has {} ether more on the hub, {}{rest}",
            format_ether(paid),
            place(&receipt)
        )
    })
}

async fn prove(hub: &Hub, zone: &Zone, account: Address) -> Outcome<IMessages::exitCall> {
    let proof: Proof = zone
        .rpc
        .call("hansa_getProof", vec![json!(account)])
        .await?;
    let checkpoint = IZones::checkpointOfCall { zoneId: zone.id };
    let checkpoint = hub.rpc.view(ZONES, &checkpoint).await?;
    if proof.state_root != checkpoint.stateRoot {
        return Err(Failure::failed(
            format!(
                "this operator is not at block {} of {}, which is the last that the hub knows of",
                checkpoint.number, zone.name
            ),
            "ask another operator with --rpc",
        ));
    }
    let (Some(state), Some(proof)) = (proof.account.value, proof.account.proof) else {
        return Err(Failure::usage(
            format!("{account} has nothing on {}", zone.name),
            "name another account with --account",
        ));
    };
    Ok(IMessages::exitCall {
        zoneId: zone.id,
        account,
        state,
        proof,
    })
}
