//! `hansa message`: where messages between chains are.

use super::{
    bridge::words,
    zone::{wait_for, zone_rpc},
};
use crate::{
    failure::{Failure, Outcome},
    session::Session,
    transact::{outcome_with, place, transact_at},
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256, utils::format_ether};
use alloy_rpc_types_eth::Filter;
use alloy_sol_types::{SolEvent as _, SolValue as _};
use clap::{Args, Subcommand};
use hansa_abi::{
    IMessages::{self, Message, Sent},
    IZones, MESSAGES, ZONES, receiver_call,
};
use hansa_client::{Call, Rpc};
use serde_json::{Value, json};

/// Blocks that one question for logs covers.
const LOG_BLOCKS: u64 = 10_000;

#[derive(Debug, Subcommand)]
pub(crate) enum MessageCommand {
    /// Show how far the messages of a transaction are
    #[command(after_help = "\
Examples:
  hansa message status 0x4f5c...9e --zone market
  hansa message status 0x4f5c...9e --json")]
    Status(MessageArgs),
    /// Have the receiver of a message take it: for the ERC-7786 gateway, call its recipient
    #[command(after_help = "\
Nodes do this by themselves where a message asks for it (see IMessages.sendWithCall) and pays for it, or needs little gas. Anybody else can, as often as it
takes: when the recipient reverted, or nobody was paid.

Example:
  hansa --as member-1 message deliver 0x4f5c...9e --zone market")]
    Deliver(MessageArgs),
    /// Let go what is held for a zone's daily limit, as far as that allows now, or for a receiver that was blocked
    #[command(after_help = "\
What is for a blocked address is held on the hub, or kept by the zone that it came to, until the directive ends. A zone pays all that it
keeps for the address at once.

Example:
  hansa --as member-1 message release 0x4f5c...9e --zone market")]
    Release(MessageArgs),
    /// Send the ether of a message back that nobody took within 7 days
    #[command(
        after_help = "Example:\n  hansa --as member-1 message refund 0x4f5c...9e --zone market"
    )]
    Refund(MessageArgs),
}

#[derive(Args, Debug)]
pub(crate) struct MessageArgs {
    /// The transaction that sent it
    transaction: B256,
    /// The zone that it was sent on; the hub by default
    #[arg(long, value_name = "NAME")]
    zone: Option<String>,
}

/// A zone, for commands.
pub(super) struct Zone {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) chain_id: u64,
    pub(super) rpc: Rpc,
    created_at: u64,
}

/// The hub, for commands.
pub(super) struct Hub {
    pub(super) rpc: Rpc,
}

impl Hub {
    pub(super) fn of(session: &Session<'_>) -> Outcome<Self> {
        Ok(Self {
            rpc: session.rpc()?,
        })
    }

    /// The zone with a name.
    pub(super) async fn zone(&self, name: &str) -> Outcome<Zone> {
        let call = IZones::zoneNamedCall { name: name.into() };
        let id = self.rpc.view(ZONES, &call).await?;
        if id == 0 {
            return Err(Failure::usage(
                format!("the league has no zone {name}"),
                "`hansa zone list` shows its zones",
            ));
        }
        let zone = self
            .rpc
            .view(ZONES, &IZones::zoneCall { zoneId: id })
            .await?;
        Ok(Zone {
            id,
            name: name.to_owned(),
            chain_id: zone.parameters.chainId,
            rpc: zone_rpc(&self.rpc, name)?,
            created_at: zone.createdAt,
        })
    }

    /// The chain with an id; `None` for the hub.
    async fn chain(&self, chain_id: u64) -> Outcome<Option<Zone>> {
        if self.rpc.chain_id().await? == chain_id {
            return Ok(None);
        }
        let zones = super::zone::zones(&self.rpc).await?;
        let named = zones
            .into_iter()
            .find(|zone| zone.parameters.chainId == chain_id);
        match named {
            Some(zone) => Ok(Some(self.zone(&zone.parameters.name).await?)),
            None => Err(Failure::usage(
                format!("the league has no chain with the id {chain_id}"),
                "`hansa zone list` shows its zones",
            )),
        }
    }
}

/// The hub's newest word on a message of a zone, in blocks from `from` on.
pub(super) async fn delivered(
    hub: &Rpc,
    sent: &Sent,
    from: u64,
) -> Outcome<Option<IMessages::Delivered>> {
    let head = hub.block_number().await?;
    let mut newest = None;
    for first in (from..=head).step_by(LOG_BLOCKS as usize) {
        let filter = Filter::new()
            .address(MESSAGES)
            .event_signature(IMessages::Delivered::SIGNATURE_HASH)
            .topic1(sent.id)
            .from_block(first)
            .to_block(head.min(first + LOG_BLOCKS - 1));
        let logs = hub.logs(&filter).await?;
        let events = logs
            .iter()
            .filter_map(|log| IMessages::Delivered::decode_log_data(log.data()).ok());
        newest = events.last().or(newest);
    }
    Ok(newest)
}

pub(crate) async fn run(command: &MessageCommand, session: &Session<'_>) -> Outcome {
    match command {
        MessageCommand::Status(arguments) => status(arguments, session).await,
        MessageCommand::Deliver(arguments) => deliver(arguments, session).await,
        MessageCommand::Release(arguments) => release(arguments, session).await,
        MessageCommand::Refund(arguments) => refund(arguments, session).await,
    }
}

/// What a transaction sent, and where from.
async fn sent(arguments: &MessageArgs, hub: &Hub) -> Outcome<(Option<Zone>, Vec<Sent>)> {
    let zone = match &arguments.zone {
        Some(name) => Some(hub.zone(name).await?),
        None => None,
    };
    let rpc = zone.as_ref().map_or(&hub.rpc, |zone| &zone.rpc);
    let receipts = rpc.receipts(&[arguments.transaction]).await?;
    let receipt = receipts.into_iter().flatten().next();
    let sent: Vec<_> = receipt.map_or_else(Vec::new, |receipt| {
        let logs = receipt.logs().iter();
        logs.filter_map(|log| Sent::decode_log_data(log.data()).ok())
            .collect()
    });
    if sent.is_empty() {
        return Err(Failure::usage(
            format!("{} sent no message there", arguments.transaction),
            "name the zone that it was sent on with --zone",
        ));
    }
    Ok((zone, sent))
}

/// How far a message is, in a word and in words.
async fn progress(hub: &Hub, from: Option<&Zone>, sent: &Sent) -> Outcome<(&'static str, String)> {
    let nonce = sent.message.nonce;
    if let Some(zone) = from {
        let call = IZones::checkpointOfCall { zoneId: zone.id };
        let known = hub.rpc.view(ZONES, &call).await?.outboxCount;
        if known <= nonce {
            return Ok(("sent", "the hub does not know of its block yet".into()));
        }
        let Some(event) = delivered(&hub.rpc, sent, zone.created_at).await? else {
            return Ok((
                "proved",
                "the hub knows of its block, and has not taken it yet".into(),
            ));
        };
        match event.outcome {
            IMessages::Outcome::Waiting | IMessages::Outcome::Forwarded => {}
            IMessages::Outcome::Held => {
                let call = IMessages::waitingCall { id: sent.id };
                let held = hub.rpc.view(MESSAGES, &call).await?.held;
                let words = format!(
                    "held: {} ether wait for the zone's daily limit, or until {} is not blocked any more",
                    format_ether(held),
                    sent.message.to
                );
                return Ok(("held", words));
            }
            IMessages::Outcome::Paid => return Ok(("paid", words(event.outcome).into())),
            outcome => return Ok(("returned", words(outcome).into())),
        }
    }
    let target = hub.chain(sent.message.destination).await?;
    let (rpc, name) = match &target {
        Some(zone) => (&zone.rpc, zone.name.as_str()),
        None => (&hub.rpc, "the hub"),
    };
    if let (None, Some(_)) = (from, &target) {
        let taken = rpc.view(MESSAGES, &IMessages::arrivedCall {}).await?;
        if taken <= nonce {
            return Ok(("sent", format!("{name} has not taken it yet")));
        }
    }
    if sent.message.data.is_empty() {
        if let Some(zone) = &target {
            let held = kept(zone, sent.message.to).await?;
            if !held.is_zero() {
                return Ok(("held", keeps(zone, sent.message.to, held)));
            }
        }
        return Ok((
            "paid",
            format!("its receiver has the ether on {name}, or in its next blocks"),
        ));
    }
    let call = IMessages::waitingCall { id: sent.id };
    let since = rpc.view(MESSAGES, &call).await?.since;
    Ok(if since > 0 {
        let to = sent.message.to;
        let words = if sent.message.gas > 0 {
            format!(
                "it waits on {name} until {to} is called for it: nodes do that where it pays, or takes little gas, and anybody can (`hansa message deliver`)"
            )
        } else {
            format!("it waits on {name} until {to} takes it")
        };
        ("waiting", words)
    } else {
        (
            "taken",
            format!("it does not wait on {name}: taken, sent back, or still to come"),
        )
    })
}

async fn status(arguments: &MessageArgs, session: &Session<'_>) -> Outcome {
    let hub = Hub::of(session)?;
    let (zone, sent) = sent(arguments, &hub).await?;
    let (mut documents, mut lines) = (Vec::new(), Vec::new());
    for of in &sent {
        let (state, words) = progress(&hub, zone.as_ref(), of).await?;
        let message = &of.message;
        documents.push(json!({
            "message": of.id,
            "source": message.source,
            "destination": message.destination,
            "nonce": message.nonce,
            "sender": message.sender,
            "to": message.to,
            "wei": message.value.to_string(),
            "gas": message.gas,
            "reward_wei": message.reward.to_string(),
            "data": message.data,
            "state": state,
        }));
        lines.push(format!(
            "{}: {} ether to {} on chain {}\n  {words}",
            of.id,
            format_ether(message.value),
            message.to,
            message.destination
        ));
    }
    session.output.result(&documents, || lines.join("\n"))
}

async fn deliver(arguments: &MessageArgs, session: &Session<'_>) -> Outcome {
    let hub = Hub::of(session)?;
    let (_, sent) = sent(arguments, &hub).await?;
    for of in &sent {
        let target = hub.chain(of.message.destination).await?;
        let rpc = target.map_or_else(|| hub.rpc.clone(), |zone| zone.rpc);
        let what = format!("the message {} at its destination", of.id);
        let come = async || {
            let call = IMessages::waitingCall { id: of.id };
            let waiting = rpc.view(MESSAGES, &call).await.ok()?;
            if waiting.since > 0 {
                return Some(None);
            }
            taken(&rpc, of.id).await.ok()?.map(Some)
        };
        if let Some(by) = wait_for(session, &what, come).await? {
            report(session, of, &by)?;
            continue;
        }
        let call = Call {
            to: Some(of.message.to),
            value: U256::ZERO,
            input: receiver_call(&of.message),
            gas: None,
        };
        let sender = session.sender_at(rpc.clone(), None).await?;
        let sent = sender.send(call).await;
        // A node may have been faster.
        if sent.is_err()
            && let Some(by) = taken(&rpc, of.id).await?
        {
            report(session, of, &by)?;
            continue;
        }
        let receipt = sent?;
        let document: Value = outcome_with(&receipt, json!({ "message": of.id }));
        session.output.item(&document, || {
            format!("{}: delivered, {}", of.id, place(&receipt))
        })?;
    }
    Ok(())
}

/// The transaction by which a message was taken in the chain's newest blocks, if it was.
async fn taken(rpc: &Rpc, id: B256) -> Outcome<Option<B256>> {
    let head = rpc.block_number().await?;
    let filter = Filter::new()
        .address(MESSAGES)
        .event_signature(IMessages::Taken::SIGNATURE_HASH)
        .topic1(id)
        .from_block(head.saturating_sub(LOG_BLOCKS - 1))
        .to_block(head);
    let logs = rpc.logs(&filter).await?;
    Ok(logs.first().and_then(|log| log.transaction_hash))
}

fn report(session: &Session<'_>, sent: &Sent, by: &B256) -> Outcome<()> {
    let document = json!({ "message": sent.id, "transaction": by, "already": true });
    let words = || format!("{}: was taken already, by {by}", sent.id);
    session.output.item(&document, words)
}

/// What stands for the ether that a zone keeps for an address (`IMessages.release`).
const fn keeping(chain_id: u64, address: Address) -> Message {
    Message {
        source: chain_id,
        destination: chain_id,
        nonce: 0,
        sender: address,
        to: address,
        value: U256::ZERO,
        fee: U256::ZERO,
        gas: 0,
        reward: U256::ZERO,
        data: Bytes::new(),
    }
}

/// Wei that a zone keeps for an address that was blocked when they came.
pub(super) async fn kept(zone: &Zone, address: Address) -> Outcome<U256> {
    held(&zone.rpc, &keeping(zone.chain_id, address)).await
}

pub(super) fn keeps(zone: &Zone, address: Address, held: U256) -> String {
    format!(
        "{} keeps {} ether until {address} is not blocked any more (`hansa message release`)",
        zone.name,
        format_ether(held)
    )
}

async fn held(rpc: &Rpc, message: &Message) -> Outcome<U256> {
    let id = keccak256(message.abi_encode());
    let held = rpc.view(MESSAGES, &IMessages::waitingCall { id }).await?;
    Ok(held.held)
}

async fn release(arguments: &MessageArgs, session: &Session<'_>) -> Outcome {
    let hub = Hub::of(session)?;
    let (_, sent) = sent(arguments, &hub).await?;
    // A zone pays all that it keeps for an address at once.
    let mut paid = Vec::new();
    for of in &sent {
        let (mut rpc, mut message) = (hub.rpc.clone(), of.message.clone());
        if held(&rpc, &message).await?.is_zero()
            && let Some(zone) = hub.chain(message.destination).await?
        {
            message = keeping(zone.chain_id, message.to);
            rpc = zone.rpc;
            let id = keccak256(message.abi_encode());
            if paid.contains(&id) {
                continue;
            }
            paid.push(id);
        }
        let call = IMessages::releaseCall {
            message: message.clone(),
        };
        let receipt = transact_at(session, rpc.clone(), MESSAGES, &call, U256::ZERO).await?;
        let held = held(&rpc, &message).await?;
        let more = json!({ "message": of.id, "held_wei": held.to_string() });
        let document = outcome_with(&receipt, more);
        session.output.item(&document, || {
            format!(
                "{}: {} ether still held, {}",
                of.id,
                format_ether(held),
                place(&receipt)
            )
        })?;
    }
    Ok(())
}

async fn refund(arguments: &MessageArgs, session: &Session<'_>) -> Outcome {
    let hub = Hub::of(session)?;
    let (_, sent) = sent(arguments, &hub).await?;
    for of in &sent {
        let target = hub.chain(of.message.destination).await?;
        let rpc = target.map_or_else(|| hub.rpc.clone(), |zone| zone.rpc);
        let message = of.message.clone();
        let call = IMessages::refundCall { message };
        let receipt = transact_at(session, rpc, MESSAGES, &call, U256::ZERO).await?;
        let document: Value = outcome_with(&receipt, json!({ "message": of.id }));
        session.output.item(&document, || {
            format!("{}: on its way back, {}", of.id, place(&receipt))
        })?;
    }
    Ok(())
}
