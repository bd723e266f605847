//! `hansa exchange revoke` and `sight`.

use crate::{
    failure::Outcome,
    session::{Session, now_ms},
    transact::{outcome, place, transact},
    values,
};
use alloy_primitives::{B256, U256};
use clap::Args;
use hansa_abi::{EXCHANGE, IExchange};

#[derive(Args, Debug)]
pub(crate) struct RevokeArgs {
    /// The object: its STIX id, or the exchange's id
    #[arg(value_parser = values::object_id)]
    object: B256,
    /// Why
    #[arg(long, default_value = "")]
    reason: String,
}

#[derive(Args, Debug)]
pub(crate) struct SightArgs {
    /// The object: its STIX id, or the exchange's id
    #[arg(value_parser = values::object_id)]
    object: B256,
    /// How often
    #[arg(long, default_value_t = 1)]
    count: u32,
    /// When first, such as 2026-01-31T12:00:00Z; now by default
    #[arg(long, value_name = "TIME", value_parser = values::timestamp_ms)]
    first_seen: Option<u64>,
    /// When last; now by default
    #[arg(long, value_name = "TIME", value_parser = values::timestamp_ms)]
    last_seen: Option<u64>,
}

pub(super) async fn revoke(arguments: &RevokeArgs, session: &Session<'_>) -> Outcome {
    let call = IExchange::revokeCall {
        objectId: arguments.object,
        reason: arguments.reason.clone(),
    };
    let receipt = transact(session, EXCHANGE, &call, U256::ZERO).await?;
    session.output.result(&outcome(&receipt), || {
        format!("revoked for good {}", place(&receipt))
    })
}

pub(super) async fn sight(arguments: &SightArgs, session: &Session<'_>) -> Outcome {
    let last = arguments.last_seen.unwrap_or_else(now_ms);
    let call = IExchange::sightCall {
        objectId: arguments.object,
        count: arguments.count,
        firstSeenMs: arguments.first_seen.unwrap_or(last),
        lastSeenMs: last,
    };
    let receipt = transact(session, EXCHANGE, &call, U256::ZERO).await?;
    session.output.result(&outcome(&receipt), || {
        format!("sighting reported {}", place(&receipt))
    })
}
