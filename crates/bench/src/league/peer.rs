//! The peer: anvil, under the same load in the same run.
//!
//! Anvil makes a block a second (`--block-time 1`), with room for every transaction. In its default mode,
//! a block per transaction, concurrent batches make version 1.7.1 stop including anything.

use super::{Steps, start::find_anvil};
use crate::{
    load::{Client, Recipients, Session, describe},
    report::Report,
    token::Token,
    world::Kind,
};
use alloy_primitives::U64;
use eyre::{Context as _, Result, bail};
use serde_json::json;
use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

pub(crate) const SECTION: &str = "peer (anvil)";

/// Ends with its owner.
struct Anvil(Child);

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Loads anvil.
///
/// # Errors
/// It is not installed, or fails.
pub(crate) async fn run(
    contracts: &Path,
    port: u16,
    steps: &Steps,
    token: Option<&Token>,
    report: &mut Report,
) -> Result<()> {
    let program = find_anvil(contracts)?;
    let child = Command::new(&program)
        .args(["--silent", "--block-time", "1", "--gas-limit", "1000000000"])
        .args(["--port", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .wrap_err_with(|| format!("cannot run {}", program.display()))?;
    let anvil = Anvil(child);
    let url = format!("http://127.0.0.1:{port}");
    let mut client = Client::new(&url)?;
    for attempt in 0.. {
        let answer = client.call::<U64>("eth_chainId", json!([])).await;
        match answer {
            Ok(_) => break,
            Err(error) if attempt > 100 => bail!("anvil does not start: {error:#}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    let mut session = Session::open_default(vec![url], steps.accounts).await?;
    let pids = vec![anvil.0.id()];
    for (kind, txs) in steps.kinds(&mut session, token).await? {
        let run = steps.max(kind, Recipients::Senders, txs, &pids);
        let outcome = crate::load::execute(&mut session, &run).await?;
        describe(report, SECTION, kind.name(), &outcome)?;
        if kind == Kind::Transfer
            && let Some(process) = outcome.processes.first()
        {
            report.row(SECTION, "peak memory", process.peak_rss_mib, "MiB", None);
        }
    }
    Ok(())
}
