//! Evidence becomes transactions by itself: whoever hears an operator contradict itself tells staking.

use crate::{Evidence, Head, Runtime};
use alloy_consensus::{SignableTransaction as _, TxEip1559};
use alloy_primitives::{Bytes, TxKind, U256, keccak256};
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall as _;
use commonware_macros::select;
use commonware_parallel::Strategy;
use commonware_utils::channel::mpsc;
use hansa_abi::{IStaking, STAKING, describe_error};
use hansa_mempool::{HeadState as _, Origin, Pool, PoolError};
use hansa_modules::{Call, RunResult};
use hansa_state::PreImages;
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

/// Evidence that waits to be taken: at most one piece for each operator and epoch.
const MAX_PENDING: usize = 64;
/// How often waiting evidence is looked at.
const POLL: Duration = Duration::from_millis(100);
/// How long a transaction may take to be included before another one is sent.
const RETRY: Duration = Duration::from_secs(5);
/// Nodes wait for a time of their own, in steps of [`POLL`], before they send: all of them have heard the same.
const STEPS: u8 = 4;
/// Gas that a call may use: the block has more.
const CALL_GAS: u64 = 20_000_000;
/// Wei per gas for the proposer.
const TIP: u128 = 1_000_000_000;

/// Sends evidence to staking.
pub struct Accuser<E: Runtime, S: Strategy, P> {
    /// What was heard.
    pub evidence: mpsc::Receiver<Evidence>,
    /// Takes the transactions.
    pub pool: Pool,
    /// The newest finalized state.
    pub head: Head<E, S, P>,
    /// Pays for the transactions, and receives the finder's fees.
    pub signer: PrivateKeySigner,
    /// EIP-155 chain id.
    pub chain_id: u64,
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
                    let key = (evidence.epoch, evidence.operator.clone());
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
        let seed = [self.signer.address().as_slice(), evidence.operator.as_ref()].concat();
        POLL * u32::from(keccak256(seed)[0] % STEPS)
    }

    /// Whether a transaction that was sent may still come into a block.
    fn is_under_way(&self, nonce: Option<u64>) -> bool {
        let next = self.pool.nonce_after(&self.signer.address());
        nonce.is_some_and(|nonce| next.is_some_and(|next| next > nonce))
    }

    /// Sends evidence, unless staking would refuse it: true, it need not be looked at again.
    async fn send(&self, waiting: &mut Waiting) -> bool {
        let evidence = &waiting.evidence;
        let input = IStaking::submitEvidenceCall {
            kind: evidence.kind,
            evidence: evidence.proof.clone().into(),
        };
        let input = Bytes::from(input.abi_encode());
        let call = Call {
            caller: self.signer.address(),
            value: U256::ZERO,
            input: &input,
            is_static: false,
            gas_limit: CALL_GAS,
        };
        let outcome = match self.head.dry_run(STAKING, &call, self.chain_id).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::debug!(%error, "cannot ask staking about evidence");
                return false;
            }
        };
        match outcome.result {
            RunResult::Return(_) => {}
            RunResult::Revert(data) => {
                let reason = describe_error(&data).unwrap_or_else(|| data.to_string());
                let (operator, epoch) = (&evidence.operator, evidence.epoch);
                tracing::info!(%operator, epoch, %reason, "evidence is settled");
                return true;
            }
            RunResult::OutOfGas | RunResult::Fatal(_) => return true,
        }
        if self.is_under_way(waiting.nonce) {
            return false;
        }
        match self.add(input, outcome.gas_used).await {
            Ok(nonce) => waiting.nonce = Some(nonce),
            Err(error) => {
                tracing::warn!(%error, account = %self.signer.address(), "evidence cannot be sent; fund the account of evidence, or submit it by `hansa evidence submit`");
            }
        }
        false
    }

    async fn add(&self, input: Bytes, gas: u64) -> Result<u64, PoolError> {
        let account = self.signer.address();
        let state = self.head.account(account).await?;
        let nonce = self.pool.nonce_after(&account).unwrap_or(state.nonce);
        let base_fee = u128::from(self.pool.head().base_fee_next);
        // Ethereum's price of a transaction and of its bytes comes on top.
        let gas_limit = gas + gas / 2 + 21_000 + 40 * input.len() as u64;
        let transaction = TxEip1559 {
            chain_id: self.chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas: 2 * base_fee + TIP,
            max_priority_fee_per_gas: TIP,
            to: TxKind::Call(STAKING),
            value: U256::ZERO,
            access_list: Default::default(),
            input,
        };
        let signature = self
            .signer
            .sign_hash_sync(&transaction.signature_hash())
            .unwrap_or_else(|error| panic!("a key in memory signs: {error}"));
        let transaction = transaction.into_signed(signature).into();
        self.pool
            .add(&self.head, transaction, Origin::Local)
            .await?;
        Ok(nonce)
    }
}
