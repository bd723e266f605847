//! What this node hears of operators that break the rules: kept as files, and sent to staking by itself.

use crate::{
    KeyError,
    datadir::write_durably,
    head::NodeHead,
    keys::{read_secret, write_secret},
};
use alloy_primitives::{Address, B256, Bytes};
use alloy_signer_local::PrivateKeySigner;
use commonware_parallel::Rayon;
use commonware_runtime::{Spawner as _, Supervisor as _, tokio::Context};
use hansa_engine::{Accuser, Evidence};
use hansa_index::Index;
use hansa_mempool::Pool;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// Pieces of evidence that wait for their turn.
const BACKLOG: usize = 16;

/// Evidence as it is kept in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceFile {
    /// 0 conflicting notarize, 1 conflicting finalize, 2 nullify and finalize.
    pub kind: u8,
    /// Epoch of the fault.
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
    pub(crate) signer: Option<PrivateKeySigner>,
    pub(crate) pool: Pool,
    pub(crate) head: NodeHead,
    pub(crate) chain_id: u64,
}

impl Clerk {
    /// Works until nobody hears anything any more.
    pub(crate) fn start(self, context: &Context, mut heard: mpsc::Receiver<Evidence>) {
        let (forward, evidence) = channel();
        if let Some(signer) = self.signer {
            let accuser: Accuser<Context, Rayon, Index> = Accuser {
                evidence,
                pool: self.pool,
                head: self.head,
                signer,
                chain_id: self.chain_id,
            };
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

fn keep(folder: &Path, evidence: &Evidence) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let operator = B256::from_slice(evidence.operator.as_ref());
    let file = EvidenceFile {
        kind: evidence.kind,
        epoch: evidence.epoch,
        view: evidence.view,
        operator,
        evidence: evidence.proof.clone().into(),
    };
    let path = folder.join(format!("{}-{operator}.json", evidence.epoch));
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
            epoch,
            view,
            operator: operator.clone(),
            proof: vec![1, 2, 3],
        };
        let path = keep(folder.path(), &evidence(3, 7)).unwrap();
        keep(folder.path(), &evidence(3, 8)).unwrap();
        keep(folder.path(), &evidence(4, 1)).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
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
