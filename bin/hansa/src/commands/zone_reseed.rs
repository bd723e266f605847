//! `hansa zone reseed`: how a zone that has halted goes on.

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
use alloy_primitives::U256;
use alloy_rpc_types_eth::TransactionReceipt;
use clap::Args;
use hansa_abi::{
    IZones::{self, Phase, Reason},
    ZONES, phase_name,
};
use serde_json::{Value, json};

#[derive(Args, Debug)]
pub(crate) struct ReseedArgs {
    /// The zone's name
    zone: String,
    /// Do the next step only: announce it, or reseed it
    #[arg(long)]
    no_wait: bool,
}

pub(super) async fn run(arguments: &ReseedArgs, session: &Session<'_>) -> Outcome {
    let hub = Hub::of(session)?;
    let zone = hub.zone(&arguments.zone).await?;
    let record = IZones::zoneCall { zoneId: zone.id };
    let record = hub.rpc.view(ZONES, &record).await?;
    match (record.phase, record.reason) {
        (Phase::Registered | Phase::Active, _) => {
            let call = IZones::haltCall { zoneId: zone.id };
            let receipt = transact(session, ZONES, &call, U256::ZERO).await?;
            if arguments.no_wait {
                return announced(session, &zone, &receipt);
            }
            let name = &zone.name;
            tell(
                session,
                &format!("{name} counts as halted, {}", place(&receipt)),
            );
        }
        (Phase::Closing, Reason::Halted) => {}
        (phase, _) => {
            return Err(Failure::usage(
                format!(
                    "{} is {} for another reason than that it has halted",
                    zone.name,
                    phase_name(phase)
                ),
                format!("hansa zone status {}", zone.name),
            ));
        }
    }
    let call = IZones::reseedCall { zoneId: zone.id };
    if !arguments.no_wait {
        tell(
            session,
            "waiting until a whole epoch of the hub has passed: whoever has newer blocks can bring them",
        );
        let due = async || match hub.rpc.view(ZONES, &call).await {
            Err(error) if error.to_string().contains("NotDueBefore") => None,
            // What else is wrong, the transaction says.
            _ => Some(()),
        };
        wait_for(session, "that epoch", due).await?;
    }
    let receipt = transact(session, ZONES, &call, U256::ZERO).await?;
    let (first, epoch) = event::<IZones::ZoneReseeded>(&receipt)
        .map_or((0, 0), |event| (event.firstBlock, event.epoch));
    let mut more = json!({ "zone": zone.id, "first_block": first, "epoch": epoch });
    if !arguments.no_wait {
        tell(
            session,
            &format!(
                "{} goes on from block {first}, {}",
                zone.name,
                place(&receipt)
            ),
        );
        let number = async || {
            let head = zone.rpc.block_number().await.ok()?;
            (head >= first).then_some(head)
        };
        let number = wait_for(session, &format!("block {first} of {}", zone.name), number).await?;
        if let Value::Object(more) = &mut more {
            more.insert("zone_block".into(), number.into());
        }
    }
    session.output.result(&outcome_with(&receipt, more), || {
        let name = &zone.name;
        format!(
            "{name} is open again: its present committee goes on from block {first}, in epoch {epoch}, {}\nblocks from there on that its former committee may have made are void; who serves it now: hansa zone committee {name}",
            place(&receipt)
        )
    })
}

/// What the command says if all it did was to announce that the zone counts as halted.
fn announced(session: &Session<'_>, zone: &Zone, receipt: &TransactionReceipt) -> Outcome {
    let closes_at = event::<IZones::ZoneClosing>(receipt).map_or(0, |event| event.closesAt);
    let more = json!({ "zone": zone.id, "closes_at": closes_at });
    session.output.result(&outcome_with(receipt, more), || {
        format!(
            "{name} counts as halted, {}: a checkpoint of it takes that back\nafter a whole epoch of the hub, reseed it: hansa zone reseed {name}\nit ends at {} otherwise",
            place(receipt),
            values::show_s(closes_at),
            name = zone.name
        )
    })
}
