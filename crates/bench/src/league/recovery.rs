//! How soon a killed operator votes again.

use super::start::League;
use crate::load::{Client, Session};
use eyre::{OptionExt as _, Result, bail};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A restarted operator that does not vote for this long is stuck.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Transactions keep blocks coming: an idle chain makes one only every few seconds.
const TRAFFIC: Duration = Duration::from_millis(100);

/// The public key of the operator behind `url`, as its node tells it.
///
/// # Errors
/// It is not an operator's.
pub(crate) async fn public_key(url: &str) -> Result<String> {
    let status: Value = Client::new(url)?.call("hansa_status", json!([])).await?;
    let operator = &status["operator"];
    let key = operator.get("publicKey").or(operator.get("public_key"));
    let key = key.and_then(Value::as_str);
    Ok(key.ok_or_eyre("the node is not an operator's")?.to_owned())
}

/// Waits until a block after the present one was proposed by `operator`, or carries its vote, and gives
/// the time since `since`. The first of the session's URLs is asked.
///
/// # Errors
/// That does not happen.
pub(crate) async fn votes_again(
    session: &mut Session,
    operator: &str,
    since: Instant,
) -> Result<Duration> {
    let mut client = session.client()?;
    let probes = (TIMEOUT.as_millis() / TRAFFIC.as_millis()) as u64;
    let traffic = session.sign_probes(probes).await?;
    let status: Value = client.call("hansa_status", json!([])).await?;
    let before = number(&status["head"]["number"])?;
    for transaction in &traffic {
        let _: Value = client
            .call("eth_sendRawTransaction", json!([transaction]))
            .await?;
        tokio::time::sleep(TRAFFIC).await;
        let status: Value = client.call("hansa_status", json!([])).await?;
        let head = &status["head"];
        if number(&head["number"])? <= before {
            continue;
        }
        let params = json!([head["number"]]);
        let certificate: Value = client.call("hansa_getCertificate", params).await?;
        let signers = certificate["signers"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if head["proposer"] == operator || signers.iter().any(|signer| signer == operator) {
            return Ok(since.elapsed());
        }
    }
    bail!("no vote of {operator} in {TIMEOUT:?}")
}

fn number(value: &Value) -> Result<u64> {
    Ok(serde_json::from_value::<alloy_primitives::U64>(value.clone())?.to())
}

/// Kills an operator, starts it again at once, and waits until it votes.
///
/// # Errors
/// It does not.
pub(crate) async fn kill_and_wait(
    league: &mut League,
    session: &mut Session,
    index: usize,
    operator: &str,
) -> Result<Duration> {
    let since = Instant::now();
    league.kill(index)?;
    league.restart(index)?;
    votes_again(session, operator, since).await
}
