//! What RPC asks the node itself.

use crate::{Config, network::Connected, node::States, peers::Roster, runtimes::Loads};
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use commonware_codec::Encode as _;
use commonware_consensus::{Epochable as _, Viewable as _, types::Height};
use futures::{FutureExt as _, future::BoxFuture};
use hansa_engine::Marshal;
use hansa_index::{FinalizedBlock, Index};
use hansa_modules::staking::{self, Committee};
use hansa_primitives::PublicKey;
use hansa_rpc::{Certificate, Fault, Load, NodeInfo, Operator, Peer, SyncProgress};
use hansa_state::{StateKey, StateProvider as _, account_key, prove, storage_key};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::{runtime::Handle, sync::broadcast};

/// Blocks behind the highest known before a node says that it is syncing.
const SYNCING_GAP: u64 = 8;

/// A JSON-RPC server error in these words.
fn server(message: impl Into<String>) -> Fault {
    Fault::new(hansa_rpc::errors::SERVER_ERROR, message)
}

/// See [`NodeInfo`].
pub(crate) struct Info {
    pub(crate) connected: Connected,
    pub(crate) roster: Roster,
    /// Where the databases are read.
    pub(crate) reads: Handle,
    pub(crate) config: Arc<Config>,
    pub(crate) me: PublicKey,
    pub(crate) marshal: Marshal,
    pub(crate) states: States,
    pub(crate) index: Index,
    pub(crate) started_at: u64,
    pub(crate) highest: Arc<AtomicU64>,
    pub(crate) loads: Loads,
    pub(crate) subscribers: broadcast::Sender<Arc<FinalizedBlock>>,
}

impl Info {
    /// The committee of an epoch that has begun.
    async fn committee(&self, epoch: u64) -> Result<Committee, Fault> {
        let states = self.states.clone();
        let read = move || {
            let view = states.view(states.head())?;
            staking::committee(&mut view.as_ref(), epoch)
        };
        let committee = self.reads.spawn_blocking(read).await;
        let committee = committee.map_err(|error| server(error.to_string()))?;
        committee
            .map_err(|error| server(error.to_string()))?
            .ok_or_else(|| server(format!("no committee for epoch {epoch}")))
    }

    async fn prove_key(&self, key: StateKey) -> Result<(B256, Value), Fault> {
        let failed = |error: hansa_state::StateError| server(error.to_string());
        let states = self.states.clone();
        let proved = self
            .reads
            .spawn(async move { prove(states.state_db(), key).await });
        let proved = proved.await.map_err(|error| server(error.to_string()))?;
        let (root, proof) = proved.map_err(failed)?;
        let key = Bytes::copy_from_slice(key.as_ref());
        let proof = match proof {
            Some(proof) => json!({
                "key": key,
                "value": Bytes::copy_from_slice(proof.value.as_ref()),
                "proof": Bytes::from(proof.proof),
            }),
            None => json!({ "key": key, "value": null, "proof": null }),
        };
        Ok((root, proof))
    }
}

impl NodeInfo for Info {
    fn client_version(&self) -> String {
        format!(
            "hansa/v{}/{}-{}",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH
        )
    }

    fn syncing(&self) -> Option<SyncProgress> {
        let current = self.index.head().map_or(0, |(number, _)| number);
        let highest = self.highest.load(Ordering::Relaxed);
        (highest > current + SYNCING_GAP).then_some(SyncProgress {
            starting: self.started_at,
            current,
            highest,
        })
    }

    fn peers(&self) -> Vec<Peer> {
        let me = B256::from_slice(self.me.as_ref());
        let operators = self.roster.present().into_iter();
        operators
            .filter(|(key, _)| *key != me)
            .map(|(public_key, listed)| {
                let configured = self.config.p2p.peers.iter();
                let configured = configured
                    .clone()
                    .find(|peer| peer.public_key == public_key);
                let endpoint = Some(listed.endpoint).filter(|endpoint| !endpoint.is_empty());
                Peer {
                    name: listed.name,
                    public_key,
                    address: configured.map(|peer| peer.address.to_string()).or(endpoint),
                    connected: self.connected.contains(&hex::encode(public_key)),
                }
            })
            .collect()
    }

    fn load(&self) -> Load {
        self.loads.now()
    }

    fn operator(&self) -> Option<Operator> {
        let public_key = B256::from_slice(self.me.as_ref());
        let listed = self.roster.now().remove(&public_key)?;
        Some(Operator {
            name: listed.name,
            public_key,
            fee_recipient: listed.fee_recipient,
        })
    }

    fn certificate(&self, number: u64) -> BoxFuture<'_, Result<Option<Certificate>, Fault>> {
        async move {
            let failed = |error: &dyn std::fmt::Display| server(error.to_string());
            let header = self.index.header(number).map_err(|error| failed(&error))?;
            let Some((_, header)) = header else {
                return Ok(None);
            };
            let Some(finalization) = self.marshal.get_finalization(Height::new(number)).await
            else {
                return Ok(None);
            };
            let committee = self.committee(header.epoch()).await?;
            let signers = finalization
                .certificate
                .signers
                .iter()
                .filter_map(|signer| committee.seats.get(signer.get() as usize))
                .map(|seat| seat.key)
                .collect();
            Ok(Some(Certificate {
                header: header.encode().to_vec().into(),
                epoch: finalization.epoch().get(),
                view: finalization.view().get(),
                parent_view: finalization.proposal.parent.get(),
                finalization: finalization.encode().to_vec().into(),
                signers,
                committee: committee.seats.len() as u32,
            }))
        }
        .boxed()
    }

    fn proof(
        &self,
        address: Address,
        slots: Vec<B256>,
        number: u64,
    ) -> BoxFuture<'_, Result<Value, Fault>> {
        async move {
            let header = self
                .index
                .header(number)
                .map_err(|error| server(error.to_string()))?;
            let Some((hash, header)) = header else {
                return Err(server("header not found"));
            };
            let (mut root, account) = self.prove_key(account_key(address)).await?;
            let mut storage = Vec::with_capacity(slots.len());
            for slot in slots {
                let slot_key = storage_key(address, U256::from_be_bytes(slot.0));
                let (slot_root, mut proof) = self.prove_key(slot_key).await?;
                if slot_root != root {
                    root = B256::ZERO;
                }
                proof["slot"] = json!(slot);
                storage.push(proof);
            }
            // The database proves its current state only.
            if root != header.state.root {
                return Err(server(format!(
                    "values can be proved at the head only, and the state has moved on from block {number}; ask again for \"latest\""
                )));
            }
            Ok(json!({
                "blockNumber": format!("{number:#x}"),
                "blockHash": hash,
                "stateRoot": root,
                "account": account,
                "storage": storage,
            }))
        }
        .boxed()
    }

    fn finalized(&self) -> broadcast::Receiver<Arc<FinalizedBlock>> {
        self.subscribers.subscribe()
    }
}
