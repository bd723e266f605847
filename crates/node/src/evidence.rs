//! What this node hears of operators that break the rules: kept as files, and sent to staking by itself.

use crate::{
    KeyError,
    datadir::write_durably,
    head::{NodeHead, NodePayer},
    keys::{read_secret, write_secret},
};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_signer_local::PrivateKeySigner;
use commonware_runtime::{
    Spawner as _, Supervisor as _,
    telemetry::metrics::{Gauge, GaugeExt as _, MetricsExt as _},
    tokio::Context,
};
use hansa_engine::{Accuser, Evidence};
use hansa_mempool::{HeadState as _, Pool};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::sync::mpsc;

const GWEI: u64 = 1_000_000_000;
/// How often the account that pays for evidence is looked at.
const PURSE_INTERVAL: Duration = Duration::from_secs(30);
/// Gas that a piece of evidence takes at most, with what a sender adds for safety: on a zone the committees of all epochs are looked at for which
/// evidence is taken.
const EVIDENCE_GAS: u64 = 3_000_000;
/// Pieces of evidence that wait for their turn.
const BACKLOG: usize = 16;

/// Evidence as it is kept in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceFile {
    /// 0 conflicting notarize, 1 conflicting finalize, 2 nullify and finalize.
    pub kind: u8,
    /// The zone that it was on; 0 for the hub.
    #[serde(default)]
    pub zone: u64,
    /// The chain's epoch of the fault.
    pub epoch: u64,
    /// View of the fault.
    pub view: u64,
    /// The operator's key.
    pub operator: B256,
    /// The encoded pair of votes.
    pub evidence: Bytes,
}

/// A new account for evidence in a file that only its owner can read.
///
/// # Errors
/// The file exists or cannot be written.
pub fn new_evidence_account(path: &Path) -> Result<Address, KeyError> {
    let signer = PrivateKeySigner::random();
    write_secret(path, signer.to_bytes().as_slice())?;
    Ok(signer.address())
}

/// The account in a file.
///
/// # Errors
/// The file cannot be read, is readable by others, or does not hold a key.
pub(crate) fn load_account(path: &Path) -> Result<PrivateKeySigner, KeyError> {
    let secret = read_secret(path)?;
    PrivateKeySigner::from_slice(&secret).map_err(|_| KeyError::Malformed { path: path.into() })
}

/// A place for evidence to go to, and what takes it from there.
pub(crate) fn channel() -> (mpsc::Sender<Evidence>, mpsc::Receiver<Evidence>) {
    mpsc::channel(BACKLOG)
}

/// Keeps evidence, and sends it where there is an account that pays for it.
pub(crate) struct Clerk {
    pub(crate) folder: PathBuf,
    pub(crate) payer: Option<NodePayer>,
    pub(crate) pool: Pool,
    pub(crate) head: NodeHead,
}

impl Clerk {
    /// Works until nobody hears anything any more.
    pub(crate) fn start(self, context: &Context, mut heard: mpsc::Receiver<Evidence>) {
        let (forward, evidence) = channel();
        if let Some(payer) = self.payer {
            let purse = Purse {
                account: payer.address(),
                head: self.head.clone(),
                pool: self.pool.clone(),
                gauge: context.child("evidence").gauge(
                    "account_gwei",
                    "What the account that pays for evidence has",
                ),
            };
            drop(context.child("purse").spawn(|context| async move {
                tokio::select! {
                    _ = context.stopped() => {}
                    () = purse.watch() => {}
                }
            }));
            let accuser = Accuser { evidence, payer };
            let context = context.child("accuser");
            drop(context.spawn(move |context| accuser.run(context)));
        }
        tokio::spawn(async move {
            while let Some(evidence) = heard.recv().await {
                match keep(&self.folder, &evidence) {
                    Ok(path) => tracing::warn!(path = %path.display(), "evidence is kept"),
                    Err(error) => tracing::error!(%error, "evidence cannot be kept"),
                }
                if forward.is_closed() {
                    tracing::warn!(
                        "no evidence_key in the configuration: submit it by `hansa evidence submit FILE`"
                    );
                } else {
                    let _ = forward.try_send(evidence);
                }
            }
        });
    }
}

/// The account that pays for evidence.
struct Purse {
    account: Address,
    head: NodeHead,
    pool: Pool,
    gauge: Gauge,
}

impl Purse {
    /// Keeps its gauge, and says so when it has become too little. Ends with the node.
    async fn watch(self) {
        let mut sufficed = true;
        loop {
            if let Ok(account) = self.head.account(self.account).await {
                let gwei = account.balance / U256::from(GWEI);
                let _ = self.gauge.try_set(i64::try_from(gwei).unwrap_or(i64::MAX));
                let suffices = account.balance >= needed(self.pool.head().base_fee_next);
                if sufficed && !suffices {
                    tracing::warn!(
                        account = %self.account,
                        "this account cannot pay for evidence, which is then only kept: send it ether"
                    );
                }
                sufficed = suffices;
            }
            tokio::time::sleep(PURSE_INTERVAL).await;
        }
    }
}

/// Wei that one piece of evidence costs at most, should fees double until it is sent.
fn needed(base_fee: u64) -> U256 {
    U256::from(EVIDENCE_GAS) * U256::from(base_fee) * U256::from(2)
}

fn keep(folder: &Path, evidence: &Evidence) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let operator = B256::from_slice(evidence.operator.as_ref());
    let file = EvidenceFile {
        kind: evidence.kind,
        zone: evidence.zone,
        epoch: evidence.epoch,
        view: evidence.view,
        operator,
        evidence: evidence.proof.clone().into(),
    };
    let chain = match evidence.zone {
        0 => String::new(),
        zone => format!("zone-{zone}-"),
    };
    let path = folder.join(format!("{chain}{}-{operator}.json", evidence.epoch));
    let bytes = serde_json::to_vec_pretty(&file).unwrap_or_default();
    write_durably(&path, &bytes)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate_key;

    #[test]
    fn evidence_is_kept_once_for_each_operator_and_epoch() {
        let folder = tempfile::tempdir().unwrap();
        let (_, operator) = generate_key();
        let evidence = |epoch, view| Evidence {
            kind: 0,
            zone: 0,
            epoch,
            view,
            operator: operator.clone(),
            proof: vec![1, 2, 3],
        };
        let path = keep(folder.path(), &evidence(3, 7)).unwrap();
        keep(folder.path(), &evidence(3, 8)).unwrap();
        keep(folder.path(), &evidence(4, 1)).unwrap();
        let on_zone = Evidence {
            zone: 7,
            ..evidence(4, 1)
        };
        keep(folder.path(), &on_zone).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
        let kept: EvidenceFile = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!((kept.epoch, kept.view, kept.kind), (3, 8, 0));
        assert_eq!(kept.operator.as_slice(), operator.as_ref());
    }

    #[test]
    fn an_account_is_written_for_its_owner_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("evidence-key");
        let address = new_evidence_account(&path).unwrap();
        assert_eq!(load_account(&path).unwrap().address(), address);
        assert!(new_evidence_account(&path).is_err());
    }
}
