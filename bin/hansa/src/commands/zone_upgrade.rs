//! `hansa zone upgrade`: how a zone changes what it keeps to.

use super::message::Hub;
use crate::{
    failure::{Failure, Outcome},
    session::Session,
    transact::{event, outcome_with, place, transact},
    values,
};
use alloy_primitives::U256;
use clap::Args;
use hansa_abi::{IZones, ZONES};
use hansa_primitives::Fork;
use serde_json::{Value, json};

#[derive(Args, Debug)]
pub(crate) struct UpgradeArgs {
    /// The zone's name
    zone: String,
    /// Gas of a block
    #[arg(long)]
    gas_limit: Option<u64>,
    /// The least base fee, wei per gas
    #[arg(long, value_name = "WEI")]
    min_base_fee: Option<u64>,
    /// Least time between two blocks, milliseconds
    #[arg(long, value_name = "MS")]
    interval: Option<u64>,
    /// An idle zone makes a block this often, milliseconds
    #[arg(long, value_name = "MS")]
    heartbeat: Option<u64>,
    /// Directives of alerts below this severity (1 to 4) have no effect there
    #[arg(long, value_name = "SEVERITY")]
    min_severity: Option<u8>,
    /// No directive holds there for longer, as in 12h or 30d
    #[arg(long, value_name = "TIME", value_parser = values::duration_s)]
    max_directive: Option<u64>,
    /// Ethereum's rules: cancun, prague or osaka
    #[arg(long)]
    fork: Option<Fork>,
    /// When it is due, as in 12h or 30d from now; as soon as the zone's time of notice allows by default
    #[arg(long, value_name = "TIME", value_parser = values::duration_s)]
    after: Option<u64>,
    /// Take back the upgrade that is announced
    #[arg(long, conflicts_with_all = ["gas_limit", "min_base_fee", "interval", "heartbeat", "min_severity", "max_directive", "fork", "after"])]
    cancel: bool,
}

impl UpgradeArgs {
    /// What is asked for, on top of what is in force.
    fn terms(&self, now: &IZones::Terms) -> IZones::Terms {
        IZones::Terms {
            gasLimit: self.gas_limit.unwrap_or(now.gasLimit),
            minBaseFee: self.min_base_fee.unwrap_or(now.minBaseFee),
            blockIntervalMs: self.interval.unwrap_or(now.blockIntervalMs),
            heartbeatMs: self.heartbeat.unwrap_or(now.heartbeatMs),
            minSeverity: self.min_severity.unwrap_or(now.minSeverity),
            maxDirectiveSeconds: self.max_directive.unwrap_or(now.maxDirectiveSeconds),
            fork: self.fork.map_or(now.fork, Fork::number),
        }
    }
}

/// What the terms are called, and what they are.
fn rows(terms: &IZones::Terms) -> [(&'static str, String); 7] {
    let fork = Fork::from_number(terms.fork).to_string();
    [
        ("gas limit", terms.gasLimit.to_string()),
        ("least base fee", format!("{} wei", terms.minBaseFee)),
        ("interval", format!("{} ms", terms.blockIntervalMs)),
        ("heartbeat", format!("{} ms", terms.heartbeatMs)),
        ("least severity", terms.minSeverity.to_string()),
        (
            "longest directive",
            format!("{} s", terms.maxDirectiveSeconds),
        ),
        ("fork", fork),
    ]
}

/// Terms in words: `gas limit 30000000, least base fee 1000000 wei, …`.
pub(super) fn words(terms: &IZones::Terms) -> String {
    rows(terms)
        .map(|(name, value)| format!("{name} {value}"))
        .join(", ")
}

/// What an upgrade changes, in words: `gas limit 30000000 -> 60000000, fork prague -> osaka`.
pub(super) fn changes(old: &IZones::Terms, new: &IZones::Terms) -> String {
    let pairs = rows(old).into_iter().zip(rows(new));
    let changed = pairs.filter(|(old, new)| old.1 != new.1);
    let words: Vec<_> = changed
        .map(|(old, new)| format!("{} {} -> {}", old.0, old.1, new.1))
        .collect();
    if words.is_empty() {
        "nothing".into()
    } else {
        words.join(", ")
    }
}

/// The upgrade that a zone has announced, in a line; nothing where there is none.
pub(super) fn announced(zone: &IZones::Zone, now: u64) -> String {
    if zone.upgradesAt == 0 {
        return String::new();
    }
    format!(
        "changes at {}, in {} s: {}\n",
        values::show_s(zone.upgradesAt),
        zone.upgradesAt.saturating_sub(now),
        changes(&zone.parameters.terms, &zone.next)
    )
}

/// Terms for programs.
pub(super) fn document(terms: &IZones::Terms) -> Value {
    json!({
        "gas_limit": terms.gasLimit,
        "min_base_fee": terms.minBaseFee,
        "block_interval_ms": terms.blockIntervalMs,
        "heartbeat_ms": terms.heartbeatMs,
        "min_severity": terms.minSeverity,
        "max_directive_seconds": terms.maxDirectiveSeconds,
        "fork": Fork::from_number(terms.fork).to_string(),
    })
}

pub(super) async fn run(arguments: &UpgradeArgs, session: &Session<'_>) -> Outcome {
    let hub = Hub::of(session)?;
    let zone = hub.zone(&arguments.zone).await?;
    let call = IZones::zoneCall { zoneId: zone.id };
    let record = hub.rpc.view(ZONES, &call).await?;
    let now = &record.parameters.terms;
    let terms = arguments.terms(now);
    if terms == *now && record.upgradesAt == 0 {
        return Err(Failure::usage(
            format!("{} keeps to this already", zone.name),
            "say what changes, for example --gas-limit 60000000: hansa zone upgrade --help",
        ));
    }
    if terms == *now && !arguments.cancel {
        return Err(Failure::usage(
            "this would take back the upgrade that is announced",
            format!("hansa zone upgrade {} --cancel", zone.name),
        ));
    }
    let starts_at = match arguments.after {
        // A little later than asked for: it counts from the block that takes it.
        Some(after) => hub.rpc.time().await?.saturating_add(after),
        None => 0,
    };
    let words = changes(now, &terms);
    let call = IZones::upgradeCall {
        zoneId: zone.id,
        terms,
        startsAt: starts_at,
    };
    let receipt = transact(session, ZONES, &call, U256::ZERO).await?;
    let Some(event) = event::<IZones::ZoneUpgrading>(&receipt) else {
        return Err(Failure::failed(
            "the transaction announced no upgrade",
            "hansa zone status tells what is in force",
        ));
    };
    let call = IZones::zoneCall { zoneId: zone.id };
    let after = hub.rpc.view(ZONES, &call).await?;
    if arguments.cancel && after.parameters.terms != *now {
        return Err(Failure::failed(
            format!(
                "the upgrade was due before this came: {} has changed, and is to change back at {}",
                zone.name,
                values::show_s(event.startsAt)
            ),
            format!(
                "to keep the change: hansa zone upgrade {} --cancel",
                zone.name
            ),
        ));
    }
    let more = json!({
        "zone": zone.id,
        "upgrade": event.index,
        "starts_at": event.startsAt,
        "terms": document(&event.terms),
    });
    session.output.result(&outcome_with(&receipt, more), || {
        if arguments.cancel {
            return format!("{} stays as it is, {}", zone.name, place(&receipt));
        }
        format!(
            "{} changes at {}, {}\n{words}\nits first block that names a block of the hub of that time or later is the first that keeps to it",
            zone.name,
            values::show_s(event.startsAt),
            place(&receipt)
        )
    })
}
