//! The zone that a new local league begins with.

use super::text;
use crate::{
    commands::{
        bridge,
        zone::{self, CreateArgs},
    },
    failure::{Failure, Outcome},
    output::Output,
    session::Session,
    settings::{Setting, Settings},
    transact::event,
};
use alloy_primitives::{U256, utils::Unit};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall as _;
use futures::future::try_join_all;
use hansa_abi::{IMessages, IZones, MESSAGES, ZONES, phase_name};
use hansa_client::{Call, Rpc, Sender, SenderConfig};
use hansa_node::league::Document;
use serde::Serialize;

/// Its name.
const NAME: &str = "market";
/// Its EIP-155 chain id.
const CHAIN_ID: u64 = 48_571;
/// As `hansa zone create` would be told. A development league may want to see an upgrade, or the end: its users are told minutes before.
const WORDS: [&str; 5] = [NAME, "--chain-id", "48571", "--notice", "10m"];
/// What each development account sends to itself there, ether.
pub(super) const FUNDS: u64 = 100;
fn ether(count: u64) -> U256 {
    U256::from(count) * Unit::ETHER.wei()
}

/// A zone that a local league has.
#[derive(Debug, Serialize)]
pub(super) struct Zone {
    zone: u64,
    pub(super) name: String,
    pub(super) chain_id: u64,
    pub(super) phase: &'static str,
    pub(super) rpc: String,
}

fn hub(document: &Document) -> Outcome<Rpc> {
    let operators = document.operators.iter();
    Ok(Rpc::of(operators.map(|operator| operator.rpc.as_str()))?)
}

/// The zones of a league that runs.
pub(super) async fn zones(document: &Document) -> Outcome<Vec<Zone>> {
    let hub = hub(document)?;
    let shape = |found: IZones::Zone| {
        Ok(Zone {
            zone: found.id,
            rpc: zone::zone_rpc(&hub, &found.parameters.name)?
                .url()
                .to_owned(),
            name: found.parameters.name,
            chain_id: found.parameters.chainId,
            phase: phase_name(found.phase),
        })
    };
    zone::zones(&hub).await?.into_iter().map(shape).collect()
}

/// Creates the zone as the first member, and brings some ether of each development account there. What is done already is left as it is.
pub(super) async fn open(document: &Document, settings: &Settings, output: Output) -> Outcome<()> {
    let member = document.members.first().map(|member| member.name.clone());
    // What the user has set may be for another league.
    let settings = Settings {
        dir: Setting::default(document.dir.clone()),
        rpc: Setting::default(settings.rpc.value.clone()),
        member: Setting::default(member),
        keystore: Setting::default(None),
        password: Setting::default(None),
        ..settings.clone()
    };
    let session = &Session::new(&settings, output)?;
    if !output.json {
        super::tell(text::MARKET);
    }
    let hub = hub(document)?;
    let name = NAME.to_owned();
    if hub.view(ZONES, &IZones::zoneNamedCall { name }).await? == 0 {
        let warden = session.signer()?.address().to_string();
        let words = [&WORDS[..], &["--warden", &warden]].concat();
        zone::register(session, &CreateArgs::of(&words)?).await?;
    }
    let rpc = zone::zone_rpc(&hub, NAME)?;
    zone::first_block(session, &rpc, NAME).await?;
    let deposits = document.accounts.iter().map(|account| async {
        if !rpc.balance(account.address).await?.is_zero() {
            return Outcome::Ok(0);
        }
        let signer = PrivateKeySigner::from_bytes(&account.private_key);
        let advice = "make the league anew with `hansa reset` and `hansa up`";
        let signer = signer.map_err(|error| Failure::failed(error, advice))?;
        let sender = Sender::new(hub.clone(), signer, SenderConfig::default()).await?;
        let call = Call {
            to: Some(MESSAGES),
            value: ether(FUNDS),
            input: bridge::send(CHAIN_ID, account.address, U256::ZERO)
                .abi_encode()
                .into(),
            gas: None,
        };
        let receipt = sender.send(call).await?;
        let sent = event::<IMessages::Sent>(&receipt);
        Ok(sent.map_or(0, |sent| sent.message.nonce))
    });
    let entries = try_join_all(deposits).await?;
    let last = entries.into_iter().max().unwrap_or_default();
    bridge::arrived(session, &rpc, last, NAME).await
}
