//! Evidence becomes transactions by itself: whoever hears an operator contradict itself tells staking.

use crate::{
    Evidence, Payer, Runtime,
    payer::{CallGas, Outlook},
};
use alloy_primitives::{Bytes, keccak256};
use alloy_sol_types::SolCall as _;
use commonware_macros::select;
use commonware_parallel::Strategy;
use commonware_utils::channel::mpsc;
use hansa_abi::{IStaking, STAKING};
use hansa_state::PreImages;
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

/// Evidence that waits to be taken: at most one piece for each chain, operator and epoch.
const MAX_PENDING: usize = 64;
/// How often waiting evidence is looked at.
const POLL: Duration = Duration::from_millis(100);
/// How long a transaction may take to be included before another one is sent.
const RETRY: Duration = Duration::from_secs(5);
/// Nodes wait for a time of their own, in steps of [`POLL`], before they send: all of them have heard the same.
const STEPS: u8 = 4;

/// Sends evidence to staking.
pub struct Accuser<E: Runtime, S: Strategy, P> {
    /// What was heard.
    pub evidence: mpsc::Receiver<Evidence>,
    /// Sends the transactions, and receives the finder's fees.
    pub payer: Payer<E, S, P>,
}

/// Evidence that is not taken yet, and when it is looked at.
struct Waiting {
    evidence: Evidence,
    at: SystemTime,
    /// The nonce of the transaction that carries it.
    nonce: Option<u64>,
}

impl<E: Runtime, S: Strategy, P: PreImages> Accuser<E, S, P> {
    /// Sends until there is nobody left who hears anything.
    pub async fn run(mut self, context: E) {
        let mut waiting = BTreeMap::new();
        loop {
            select! {
                evidence = self.evidence.recv() => {
                    let Some(evidence) = evidence else { return };
                    let key = (evidence.zone, evidence.epoch, evidence.operator.clone());
                    if waiting.len() < MAX_PENDING {
                        let at = context.current() + self.patience(&evidence);
                        waiting.entry(key).or_insert(Waiting {
                            evidence,
                            at,
                            nonce: None,
                        });
                    }
                },
                _ = context.sleep(POLL) => {},
            }
            let now = context.current();
            let mut done = Vec::new();
            for (key, waiting) in &mut waiting {
                if waiting.at <= now {
                    waiting.at = now + RETRY;
                    if self.send(waiting).await {
                        done.push(key.clone());
                    }
                }
            }
            waiting.retain(|key, _| !done.contains(key));
        }
    }

    fn patience(&self, evidence: &Evidence) -> Duration {
        let seed = [self.payer.address().as_slice(), evidence.operator.as_ref()].concat();
        POLL * u32::from(keccak256(seed)[0] % STEPS)
    }

    /// Sends evidence, unless staking would refuse it: true, it need not be looked at again.
    async fn send(&self, waiting: &mut Waiting) -> bool {
        let (input, call) = match self.judge(&waiting.evidence).await {
            Verdict::Unknown => return false,
            Verdict::Takes(input, call) => (input, call),
            Verdict::Refuses(reason) => {
                let Evidence {
                    operator,
                    zone,
                    epoch,
                    ..
                } = &waiting.evidence;
                tracing::info!(%operator, zone, epoch, %reason, "evidence is settled");
                return true;
            }
        };
        if self.payer.is_under_way(waiting.nonce) {
            return false;
        }
        match self.payer.send(STAKING, input, call).await {
            Ok(nonce) => waiting.nonce = Some(nonce),
            Err(error) => {
                tracing::warn!(%error, account = %self.payer.address(), "evidence cannot be sent; fund the account of evidence, or submit it by `hansa evidence submit`");
            }
        }
        false
    }

    /// What staking would say to evidence.
    async fn judge(&self, evidence: &Evidence) -> Verdict {
        let (kind, proof) = (evidence.kind, Bytes::from(evidence.proof.clone()));
        let input = match evidence.zone {
            0 => IStaking::submitEvidenceCall {
                kind,
                evidence: proof,
            }
            .abi_encode(),
            zone => IStaking::submitZoneEvidenceCall {
                zoneId: zone,
                kind,
                evidence: proof,
            }
            .abi_encode(),
        };
        let input = Bytes::from(input);
        match self.payer.outlook(STAKING, &input).await {
            None => Verdict::Unknown,
            Some(Outlook::Returns(_, call)) => Verdict::Takes(input, call),
            Some(Outlook::Refused(reason)) => Verdict::Refuses(reason),
        }
    }
}

/// What staking would say to evidence.
enum Verdict {
    /// That cannot be told now.
    Unknown,
    /// It takes this call, which uses so much gas.
    Takes(Bytes, CallGas),
    /// It refuses it, in words.
    Refuses(String),
}
