//! `hansa zone guard`: a zone's own policy.

use super::message::{Hub, Zone};
use crate::{
    failure::{Failure, Outcome},
    output::table,
    session::Session,
    transact::{outcome_with, place, transact_at},
    values,
};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use clap::Args;
use hansa_abi::{GUARD, IGuard, IZones, ZONES};
use hansa_client::Rpc;
use serde_json::{Value, json};

/// Addresses on one page of a list (the module's own limit).
const PAGE: u64 = 256;

/// What a zone's guard begins with.
#[derive(Args, Debug)]
pub(crate) struct GuardRuleArgs {
    /// The account that decides on the zone's own directives and on whom it never blocks; nobody by default
    #[arg(long, value_name = "ADDRESS")]
    warden: Option<Address>,
    /// Addresses that the zone never blocks, separated by commas; 32 at most
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    never_block: Vec<Address>,
}

impl GuardRuleArgs {
    pub(super) fn rule(&self) -> IZones::GuardRule {
        let mut never_blocked = self.never_block.clone();
        never_blocked.sort_unstable();
        never_blocked.dedup();
        IZones::GuardRule {
            warden: self.warden.unwrap_or_default(),
            neverBlocked: never_blocked,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct GuardArgs {
    /// The zone's name
    zone: String,
    #[command(flatten)]
    change: Change,
    /// How long the zone's own directives shall hold: 90s, 10m, 1h, 7d
    #[arg(long = "for", value_name = "DURATION", value_parser = values::duration_s, default_value = "1h", requires = "block")]
    duration: u64,
    /// Why, in a few words
    #[arg(long, default_value = "", requires = "block")]
    reason: String,
}

/// One of these, or none.
#[derive(Args, Debug)]
#[group(multiple = false)]
struct Change {
    /// Block addresses there, separated by commas
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    block: Vec<Address>,
    /// End the zone's own directives on addresses
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    unblock: Vec<Address>,
    /// Never block addresses there, whatever the hub directs
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    protect: Vec<Address>,
    /// Let directives hold against addresses again
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    unprotect: Vec<Address>,
    /// Hand over to another warden
    #[arg(long, value_name = "ADDRESS")]
    warden: Option<Address>,
    /// Give it up for ever: nobody decides any more
    #[arg(long)]
    no_warden: bool,
}

pub(super) async fn run(arguments: &GuardArgs, session: &Session<'_>) -> Outcome {
    let hub = Hub::of(session)?;
    let zone = hub.zone(&arguments.zone).await?;
    let change = &arguments.change;
    let listed = |words: &str, targets: &[Address]| {
        let targets: Vec<_> = targets.iter().map(Address::to_string).collect();
        format!("{words}: {}", targets.join(", "))
    };
    if !change.block.is_empty() {
        let until = zone.rpc.time().await?.saturating_add(arguments.duration);
        let call = IGuard::issueOwnCall {
            targets: change.block.clone(),
            until,
            reason: arguments.reason.clone(),
        };
        let words = format!(
            "{} until {}",
            listed("blocked", &change.block),
            values::show_s(until)
        );
        return send(session, &zone, &call, &words).await;
    }
    if !change.unblock.is_empty() {
        let targets = change.unblock.clone();
        let words = listed("no longer blocked by the zone's own directives", &targets);
        return send(session, &zone, &IGuard::endOwnCall { targets }, &words).await;
    }
    if !change.protect.is_empty() {
        let targets = change.protect.clone();
        let words = listed("never blocked", &targets);
        return send(session, &zone, &IGuard::protectCall { targets }, &words).await;
    }
    if !change.unprotect.is_empty() {
        let targets = change.unprotect.clone();
        let words = listed(
            "blocked again by the directives that are in force",
            &targets,
        );
        return send(session, &zone, &IGuard::unprotectCall { targets }, &words).await;
    }
    if let Some(to) = change.warden {
        if to.is_zero() {
            return Err(Failure::usage(
                "nobody has the address zero",
                "to give it up for ever: --no-warden",
            ));
        }
        let words = format!("its warden is {to}");
        return send(session, &zone, &IGuard::setWardenCall { to }, &words).await;
    }
    if change.no_warden {
        let to = Address::ZERO;
        let words = "it has no warden, and never will";
        return send(session, &zone, &IGuard::setWardenCall { to }, words).await;
    }
    show(session, &hub.rpc, &zone).await
}

async fn send<C: SolCall>(session: &Session<'_>, zone: &Zone, call: &C, words: &str) -> Outcome {
    let receipt = transact_at(session, zone.rpc.clone(), GUARD, call, U256::ZERO).await?;
    let warden = zone.rpc.view(GUARD, &IGuard::wardenCall {}).await?;
    let more = json!({ "zone": zone.id, "warden": known(warden) });
    session.output.result(&outcome_with(&receipt, more), || {
        format!(
            "{}, from the next block on: {words}\n{}",
            zone.name,
            place(&receipt)
        )
    })
}

fn known(warden: Address) -> Option<Address> {
    (!warden.is_zero()).then_some(warden)
}

/// Addresses that a chain never blocks.
async fn protected(chain: &Rpc) -> Outcome<Vec<Address>> {
    let mut all = Vec::new();
    loop {
        let call = IGuard::protectedAddressesCall {
            offset: U256::from(all.len()),
            limit: U256::from(PAGE),
        };
        let page = chain.view(GUARD, &call).await?;
        let is_last = page.page.is_empty();
        all.extend(page.page);
        if is_last || U256::from(all.len()) >= page.total {
            return Ok(all);
        }
    }
}

/// Whom a chain's own directives are against, and until when; those that are over left out.
async fn own(chain: &Rpc) -> Outcome<Vec<(Address, u64)>> {
    let (mut all, mut seen) = (Vec::new(), 0);
    loop {
        let call = IGuard::ownDirectivesCall {
            offset: U256::from(seen),
            limit: U256::from(PAGE),
        };
        let page = chain.view(GUARD, &call).await?;
        let is_last = page.targets.is_empty();
        seen += page.targets.len();
        let of_page = page.targets.into_iter().zip(page.ends);
        all.extend(of_page.filter(|(_, until)| *until != 0));
        if is_last || U256::from(seen) >= page.total {
            return Ok(all);
        }
    }
}

async fn show(session: &Session<'_>, hub: &Rpc, zone: &Zone) -> Outcome {
    let call = IZones::zoneCall { zoneId: zone.id };
    let terms = hub.view(ZONES, &call).await?.parameters.terms;
    let warden = zone.rpc.view(GUARD, &IGuard::wardenCall {}).await?;
    let protected = protected(&zone.rpc).await?;
    let own = own(&zone.rpc).await?;
    let now = zone.rpc.time().await?;
    let documents: Vec<Value> = (own.iter())
        .map(|(target, until)| json!({ "target": target, "until": until }))
        .collect();
    let document = json!({
        "zone": zone.id,
        "name": zone.name,
        "min_severity": terms.minSeverity,
        "max_directive_seconds": terms.maxDirectiveSeconds,
        "warden": known(warden),
        "never_blocked": protected,
        "own_directives": documents,
    });
    session.output.result(&document, || {
        let rows: Vec<_> = (own.iter())
            .map(|(target, until)| {
                vec![
                    target.to_string(),
                    format!(
                        "{}, in {} s",
                        values::show_s(*until),
                        until.saturating_sub(now)
                    ),
                ]
            })
            .collect();
        let mut text = format!(
            "{} obeys alerts of severity {} and above, for {} s at most\n",
            zone.name, terms.minSeverity, terms.maxDirectiveSeconds
        );
        text += &match known(warden) {
            Some(warden) => format!("warden: {warden}\n"),
            None => "it has no warden: nobody decides on the rest\n".to_owned(),
        };
        text += "never blocked: ";
        if protected.is_empty() {
            text += "nobody\n";
        } else {
            let named: Vec<_> = protected.iter().map(Address::to_string).collect();
            text += &format!("{}\n", named.join(", "));
        }
        if rows.is_empty() {
            text + "own directives: none"
        } else {
            text + &table(&["BLOCKED BY THE ZONE ITSELF", "UNTIL"], &rows)
        }
    })
}
