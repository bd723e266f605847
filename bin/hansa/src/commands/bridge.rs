//! `hansa bridge`: ether between the chains of a league.

use super::{
    message::{Hub, delivered, keeps, kept},
    zone::{tell, wait_for},
};
use crate::{
    failure::{Failure, Outcome},
    output::table,
    session::Session,
    transact::{event, outcome_with, place, transact, transact_at},
    values,
};
use alloy_primitives::{Address, Bytes, U256, utils::format_ether};
use clap::{Args, Subcommand};
use hansa_abi::{
    IMessages::{self, Outcome as Delivery},
    IZones, MESSAGES, ZONES,
};
use hansa_client::Rpc;
use serde_json::{Value, json};
use std::time::Instant;

#[derive(Debug, Subcommand)]
pub(crate) enum BridgeCommand {
    /// Send ether from the hub to an account on a zone
    #[command(after_help = "\
The hub keeps it for the zone, whose next block has it. `hansa bridge withdraw` is the way back. A zone that blocks the account keeps it until that
ends (`hansa message release`).

Examples:
  hansa --as member-1 bridge deposit market 5ether
  hansa --as member-1 bridge deposit market 1ether --to 0x00000000000000000000000000000000000000aa")]
    Deposit(DepositArgs),
    /// Send ether from a zone to an account on the hub, or on another zone
    #[command(after_help = "\
The zone's operators tell the hub of the block that it left in, and deliver it. So much may leave a zone a day as stake
answers for it; what is more waits (`hansa bridge status`, `hansa message release`).

Examples:
  hansa --as member-1 bridge withdraw market 2ether
  hansa --as member-1 bridge withdraw market 1ether --into grid --to 0x00000000000000000000000000000000000000aa")]
    Withdraw(WithdrawArgs),
    /// Show what the hub holds for each zone, and what is under way
    #[command(after_help = "Examples:\n  hansa bridge status\n  hansa bridge status --json")]
    Status,
}

#[derive(Args, Debug)]
pub(crate) struct DepositArgs {
    /// The zone's name
    zone: String,
    /// How much, with its unit: 1.5ether, 20gwei, 100wei
    #[arg(value_parser = values::amount)]
    amount: U256,
    /// Who receives it there; you by default
    #[arg(long, value_name = "ADDRESS")]
    to: Option<Address>,
    /// Do not wait until it is there
    #[arg(long)]
    no_wait: bool,
}

#[derive(Args, Debug)]
pub(crate) struct WithdrawArgs {
    /// The zone that it leaves
    zone: String,
    /// How much arrives, with its unit: 1.5ether, 20gwei, 100wei
    #[arg(value_parser = values::amount)]
    amount: U256,
    /// The zone that it goes to, instead of the hub
    #[arg(long, value_name = "ZONE")]
    into: Option<String>,
    /// Who receives it there; you by default
    #[arg(long, value_name = "ADDRESS")]
    to: Option<Address>,
    /// What the operator that delivers it receives beside the amount; operators of zones deliver for nothing as well
    #[arg(long, value_parser = values::amount, default_value = "0wei")]
    fee: U256,
    /// Do not wait until it is there
    #[arg(long)]
    no_wait: bool,
}

pub(crate) async fn run(command: &BridgeCommand, session: &Session<'_>) -> Outcome {
    match command {
        BridgeCommand::Deposit(arguments) => deposit(arguments, session).await,
        BridgeCommand::Withdraw(arguments) => withdraw(arguments, session).await,
        BridgeCommand::Status => status(session).await,
    }
}

/// Ether alone, for an account of another chain.
pub(super) fn send(destination: u64, to: Address, fee: U256) -> IMessages::sendCall {
    IMessages::sendCall {
        destination,
        to,
        fee,
        data: Bytes::new(),
    }
}

fn add(document: &mut Value, name: &str, value: impl Into<Value>) {
    if let Value::Object(document) = document {
        document.insert(name.to_owned(), value.into());
    }
}

/// `1.2 s`.
fn since(start: Instant) -> (u64, String) {
    let ms = start.elapsed().as_millis() as u64;
    (ms, format!("{}.{} s", ms / 1_000, ms % 1_000 / 100))
}

async fn deposit(arguments: &DepositArgs, session: &Session<'_>) -> Outcome {
    let start = Instant::now();
    let hub = Hub::of(session)?;
    let zone = hub.zone(&arguments.zone).await?;
    let name = zone.name.as_str();
    let to = session.address_or_own(arguments.to)?;
    let call = send(zone.chain_id, to, U256::ZERO);
    let receipt = transact(session, MESSAGES, &call, arguments.amount).await?;
    let sent = event::<IMessages::Sent>(&receipt);
    let mut more = json!({ "zone": zone.id, "to": to, "wei": arguments.amount.to_string() });
    if let Some(sent) = &sent {
        add(&mut more, "message", sent.id.to_string());
    }
    let ether = format_ether(arguments.amount);
    // Where no operator answers for the zone, there is nothing to wait for.
    let (Some(sent), false, Ok(_)) = (&sent, arguments.no_wait, zone.rpc.block_number().await)
    else {
        let document = outcome_with(&receipt, more);
        return session.output.result(&document, || {
            format!(
                "{ether} ether are on their way to {to} on {name}, {}",
                place(&receipt)
            )
        });
    };
    tell(session, &format!("locked {}", place(&receipt)));
    arrived(session, &zone.rpc, sent.message.nonce, name).await?;
    let balance = zone.rpc.balance(to).await?;
    add(&mut more, "balance_wei", balance.to_string());
    let (ms, elapsed) = since(start);
    add(&mut more, "elapsed_ms", ms);
    let held = kept(&zone, to).await?;
    add(&mut more, "held_wei", held.to_string());
    let document = outcome_with(&receipt, more);
    session.output.result(&document, || {
        if !held.is_zero() {
            return keeps(&zone, to, held);
        }
        format!(
            "{ether} ether arrived after {elapsed}: {to} has {} on {name}",
            format_ether(balance)
        )
    })
}

/// Waits until a zone has taken an entry of its lane.
pub(super) async fn arrived(
    session: &Session<'_>,
    zone: &Rpc,
    entry: u64,
    name: &str,
) -> Outcome<()> {
    let look = async || {
        let taken = zone.view(MESSAGES, &IMessages::arrivedCall {}).await;
        taken.ok().filter(|taken| *taken > entry)
    };
    wait_for(session, &format!("the ether on {name}"), look)
        .await
        .map(drop)
}

async fn withdraw(arguments: &WithdrawArgs, session: &Session<'_>) -> Outcome {
    let start = Instant::now();
    let hub = Hub::of(session)?;
    let from = hub.zone(&arguments.zone).await?;
    let into = match &arguments.into {
        Some(name) => Some(hub.zone(name).await?),
        None => None,
    };
    let to = session.address_or_own(arguments.to)?;
    let destination = match &into {
        Some(zone) => zone.chain_id,
        None => hub.rpc.chain_id().await?,
    };
    if destination == from.chain_id {
        return Err(Failure::usage(
            format!("it is on {} already", from.name),
            "`hansa account send` moves ether within a chain",
        ));
    }
    let target = into.as_ref().map_or("the hub", |zone| zone.name.as_str());
    let call = send(destination, to, arguments.fee);
    let value = arguments.amount.saturating_add(arguments.fee);
    let before = hub.rpc.block_number().await?;
    let receipt = transact_at(session, from.rpc.clone(), MESSAGES, &call, value).await?;
    let sent = event::<IMessages::Sent>(&receipt);
    let sent = sent.ok_or_else(|| {
        Failure::failed(
            format!("{} tells of no message", place(&receipt)),
            "is this a zone of the league that --dir or --rpc names?",
        )
    })?;
    let ether = format_ether(arguments.amount);
    let mut more = json!({
        "zone": from.id,
        "into": into.as_ref().map_or(0, |zone| zone.id),
        "to": to,
        "wei": arguments.amount.to_string(),
        "message": sent.id,
        "nonce": sent.message.nonce,
    });
    if arguments.no_wait {
        let document = outcome_with(&receipt, more);
        return session.output.result(&document, || {
            format!(
                "{ether} ether left {} {}: hansa message status {} --zone {}",
                from.name,
                place(&receipt),
                receipt.transaction_hash,
                from.name
            )
        });
    }
    tell(session, &format!("left {} {}", from.name, place(&receipt)));
    let look = async || delivered(&hub.rpc, &sent, before).await.ok().flatten();
    let event = wait_for(session, "its delivery on the hub", look).await?;
    tell(
        session,
        &format!("the hub took it: {}", words(event.outcome)),
    );
    if let (Delivery::Forwarded, Some(zone)) = (event.outcome, &into) {
        let lane = IMessages::laneCall { zoneId: zone.id };
        let entries = hub.rpc.view(MESSAGES, &lane).await?.sent;
        arrived(session, &zone.rpc, entries.saturating_sub(1), &zone.name).await?;
    }
    add(
        &mut more,
        "outcome",
        format!("{:?}", event.outcome).to_lowercase(),
    );
    let (ms, elapsed) = since(start);
    add(&mut more, "elapsed_ms", ms);
    let document = outcome_with(&receipt, more);
    let hash = receipt.transaction_hash;
    session.output.result(&document, || match event.outcome {
        Delivery::Held => format!(
            "{ether} ether left {name} and wait on the hub for the zone's daily limit, or until {to} is not blocked any more: hansa message release {hash} --zone {name}",
            name = from.name
        ),
        Delivery::Returned => format!("{ether} ether are on their way back: {target} cannot receive them"),
        _ => format!("{ether} ether arrived on {target} after {elapsed}"),
    })
}

/// What became of a message, for people.
pub(super) const fn words(outcome: Delivery) -> &'static str {
    match outcome {
        Delivery::Paid => "its receiver has the ether",
        Delivery::Waiting => "it waits until its receiver takes it",
        Delivery::Forwarded => "it goes on to another zone",
        Delivery::Held => "held, for the zone's daily limit is reached or its receiver is blocked",
        Delivery::Returned => "returned, for nobody can receive it",
        Delivery::__Invalid => "in a way that this version does not know",
    }
}

async fn status(session: &Session<'_>) -> Outcome {
    let rpc = session.rpc()?;
    let zones = super::zone::zones(&rpc).await?;
    let lanes: Vec<_> = zones
        .iter()
        .map(|zone| IMessages::laneCall { zoneId: zone.id })
        .collect();
    let lanes = rpc.views(MESSAGES, &lanes).await?;
    let checkpoints: Vec<_> = zones
        .iter()
        .map(|zone| IZones::checkpointOfCall { zoneId: zone.id })
        .collect();
    let checkpoints = rpc.views(ZONES, &checkpoints).await?;
    let now_ms = rpc.time().await?.saturating_mul(1_000);
    let (mut documents, mut rows) = (Vec::new(), Vec::new());
    for ((zone, lane), checkpoint) in zones.iter().zip(lanes).zip(checkpoints) {
        let name = &zone.parameters.name;
        let its = super::zone::zone_rpc(&rpc, name)?;
        let sent = its.view(MESSAGES, &IMessages::outboxCall {}).await.ok();
        let taken = its.view(MESSAGES, &IMessages::arrivedCall {}).await.ok();
        let going = sent.map(|sent| sent.count.saturating_sub(lane.delivered));
        let coming = taken.map(|taken| lane.sent.saturating_sub(taken));
        let age_ms = (checkpoint.number > 0).then(|| now_ms.saturating_sub(checkpoint.timestampMs));
        documents.push(json!({
            "zone": zone.id,
            "name": name,
            "locked_wei": lane.locked.to_string(),
            "held_wei": lane.held.to_string(),
            "to_zone": coming,
            "to_hub": going,
            "outflow_wei": lane.outflow.to_string(),
            "outflow_limit_wei": lane.outflowLimit.to_string(),
            "checkpoint": checkpoint.number,
            "checkpoint_age_ms": age_ms,
        }));
        let count =
            |count: Option<u64>| count.map_or_else(|| "?".into(), |count| count.to_string());
        rows.push(vec![
            name.clone(),
            format_ether(lane.locked),
            format_ether(lane.held),
            count(coming),
            count(going),
            format!(
                "{} of {}",
                format_ether(lane.outflow),
                format_ether(lane.outflowLimit)
            ),
            age_ms.map_or_else(
                || "none".into(),
                |age| format!("block {}, {} s ago", checkpoint.number, age / 1_000),
            ),
        ]);
    }
    session.output.result(&documents, || {
        if rows.is_empty() {
            return "no zones yet: `hansa zone create --help`".into();
        }
        let head = [
            "ZONE",
            "LOCKED",
            "HELD",
            "TO ZONE",
            "TO HUB",
            "LEFT TODAY",
            "CHECKPOINT",
        ];
        table(&head, &rows)
    })
}
