//! Signing transactions, sending them in a window, and waiting until each is in a block.
//!
//! One sender signs for one account and numbers its transactions itself, from what the node's pool
//! says is next. Transactions are sent in nonce order without waiting for each other's blocks, as far
//! as the window of [`SenderConfig`] allows. What the base fee outgrew is replaced at the same nonce
//! with a higher fee. A failed transaction ends the whole run: what was sent before it stands.

use crate::{
    describe_revert,
    limits::{MAX_TRANSACTION_GAS, POLL_MS, WINDOW, WINDOW_BYTES},
    rpc::{Rpc, RpcError},
};
use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, TxKind, U64, U128, U256};
use alloy_rpc_types_eth::TransactionReceipt;
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};
use thiserror::Error;

#[cfg(test)]
mod tests;

/// Percent that a replacement raises both fees by: the pool asks for 10.
const BUMP_PERCENT: u128 = 12;
/// A transaction without a receipt for this long is looked at again: the base fee may have outgrown it.
const STALL: Duration = Duration::from_secs(3);

/// Gas beyond the estimate of a call, at least. What is not used costs nothing.
const ROOM: u64 = 200_000;

/// What a transaction shall do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// To whom; `None` creates a contract.
    pub to: Option<Address>,
    /// Wei.
    pub value: U256,
    /// Input.
    pub input: Bytes,
    /// Gas limit; estimated by the node when absent.
    pub gas: Option<u64>,
}

/// A transaction that is in a block.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Position among the calls given.
    pub index: usize,
    /// The receipt.
    pub receipt: TransactionReceipt,
}

/// Why a transaction is not in a block.
#[derive(Debug, Error)]
pub enum SendError {
    /// The node refused, or did not answer.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// It needs more gas than a transaction may have.
    #[error("needs {needed} gas, and one transaction may use {MAX_TRANSACTION_GAS} (EIP-7825)")]
    TooMuchGas {
        /// As estimated.
        needed: u64,
    },
    /// It is in a block, and failed there.
    #[error("transaction {hash} failed in block {block}: {reason}")]
    Failed {
        /// Which.
        hash: B256,
        /// Where.
        block: u64,
        /// Why, as far as a second call tells.
        reason: String,
    },
    /// No block took it in time.
    #[error("transaction {hash} was in no block after {seconds} s")]
    Timeout {
        /// Which.
        hash: B256,
        /// How long was waited.
        seconds: u64,
    },
    /// The key did not sign.
    #[error("cannot sign: {0}")]
    Signer(String),
}

/// How a sender works.
#[derive(Clone, Copy, Debug)]
pub struct SenderConfig {
    /// Transactions in flight at once.
    pub window: usize,
    /// Give up when no transaction came into a block for this long.
    pub timeout: Duration,
}

impl Default for SenderConfig {
    fn default() -> Self {
        Self {
            window: WINDOW,
            timeout: Duration::from_secs(120),
        }
    }
}

/// Fees of a transaction, wei per gas.
#[derive(Clone, Copy, Debug)]
struct Fees {
    base: u128,
    cap: u128,
    tip: u128,
}

/// A transaction under way.
struct Flight {
    index: usize,
    nonce: u64,
    call: Call,
    gas: u64,
    fees: Fees,
    /// The transaction and its replacements: one of them comes into a block.
    hashes: Vec<B256>,
    since: Instant,
}

/// Signs and sends for one account.
#[derive(Debug)]
pub struct Sender {
    rpc: Rpc,
    signer: PrivateKeySigner,
    chain_id: u64,
    config: SenderConfig,
}

impl Sender {
    /// A sender on the chain that `rpc` serves.
    ///
    /// # Errors
    /// The node does not tell its chain id.
    pub async fn new(
        rpc: Rpc,
        signer: PrivateKeySigner,
        config: SenderConfig,
    ) -> Result<Self, SendError> {
        let chain_id = rpc.chain_id().await?;
        Ok(Self {
            rpc,
            signer,
            chain_id,
            config,
        })
    }

    /// Whose transactions these are.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// The node.
    pub fn rpc(&self) -> &Rpc {
        &self.rpc
    }

    /// Sends one transaction and waits for its receipt.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&self, call: Call) -> Result<TransactionReceipt, SendError> {
        let mut receipt = None;
        self.send_all([call], |sent| receipt = Some(sent.receipt))
            .await?;
        receipt.ok_or_else(|| SendError::Signer("nothing was sent".into()))
    }

    /// Sends transactions in order, some at once, and tells `done` of each that is in a block, in order.
    ///
    /// # Errors
    /// The first that fails; those sent before it may still come into blocks.
    pub async fn send_all(
        &self,
        calls: impl IntoIterator<Item = Call>,
        mut done: impl FnMut(Sent),
    ) -> Result<(), SendError> {
        let mut calls = calls.into_iter().enumerate().peekable();
        let mut nonce = self.rpc.nonce(self.address(), "pending").await?;
        let mut flights: VecDeque<Flight> = VecDeque::new();
        let mut progress = Instant::now();
        let mut fees = None;
        while calls.peek().is_some() || !flights.is_empty() {
            while let Some((_, next)) = calls.peek()
                && self.has_room(&flights, next)
            {
                let current = match fees {
                    Some(fees) => fees,
                    None => *fees.insert(self.fees().await?),
                };
                let Some((index, call)) = calls.next() else {
                    break;
                };
                flights.push_back(self.launch(index, nonce, call, current).await?);
                nonce += 1;
            }
            let landed = self.land(&mut flights, &mut done).await?;
            if landed {
                progress = Instant::now();
                fees = None;
                continue;
            }
            self.check_stalled(&mut flights, progress).await?;
            tokio::time::sleep(Duration::from_millis(POLL_MS)).await;
        }
        Ok(())
    }

    fn has_room(&self, flights: &VecDeque<Flight>, next: &Call) -> bool {
        let bytes: usize = flights.iter().map(|flight| flight.call.input.len()).sum();
        flights.is_empty()
            || (flights.len() < self.config.window && bytes + next.input.len() <= WINDOW_BYTES)
    }

    /// The base fee of the next block, a cap that bears several full blocks, and a tip.
    async fn fees(&self) -> Result<Fees, RpcError> {
        let history: Value = self
            .rpc
            .call(
                "eth_feeHistory",
                vec![json!("0x1"), json!("latest"), json!([])],
            )
            .await?;
        let base = history
            .get("baseFeePerGas")
            .and_then(Value::as_array)
            .and_then(|fees| fees.last())
            .and_then(|fee| serde_json::from_value::<U128>(fee.clone()).ok());
        let base: u128 = match base {
            Some(base) => base.to(),
            None => self.rpc.call::<U128>("eth_gasPrice", vec![]).await?.to(),
        };
        let tip: U128 = self.rpc.call("eth_maxPriorityFeePerGas", vec![]).await?;
        let tip: u128 = tip.to();
        let cap = base.saturating_mul(2).saturating_add(tip);
        Ok(Fees { base, cap, tip })
    }

    async fn launch(
        &self,
        index: usize,
        nonce: u64,
        call: Call,
        fees: Fees,
    ) -> Result<Flight, SendError> {
        let gas = match call.gas {
            Some(gas) => gas,
            None => self.estimate(&call).await?,
        };
        if gas > MAX_TRANSACTION_GAS {
            return Err(SendError::TooMuchGas { needed: gas });
        }
        let hash = self.submit(&call, nonce, gas, fees).await?;
        Ok(Flight {
            index,
            nonce,
            call,
            gas,
            fees,
            hashes: vec![hash],
            since: Instant::now(),
        })
    }

    /// The node's estimate and more, for what other transactions change meanwhile: a vote that comes to decide costs more than one among many.
    async fn estimate(&self, call: &Call) -> Result<u64, RpcError> {
        let request = self.request(call);
        let estimate: U64 = self.rpc.call("eth_estimateGas", vec![request]).await?;
        let estimate: u64 = estimate.to();
        let least = if call.input.is_empty() { 0 } else { ROOM };
        let roomy = estimate.saturating_add((estimate / 10).max(least));
        Ok(if estimate <= MAX_TRANSACTION_GAS {
            roomy.min(MAX_TRANSACTION_GAS)
        } else {
            estimate
        })
    }

    fn request(&self, call: &Call) -> Value {
        let mut request = json!({
            "from": self.address(),
            "value": call.value,
            "input": call.input,
        });
        if let Some(to) = call.to {
            request["to"] = json!(to);
        }
        request
    }

    async fn submit(
        &self,
        call: &Call,
        nonce: u64,
        gas: u64,
        fees: Fees,
    ) -> Result<B256, SendError> {
        let transaction = TxEip1559 {
            chain_id: self.chain_id,
            nonce,
            gas_limit: gas,
            max_fee_per_gas: fees.cap,
            max_priority_fee_per_gas: fees.tip,
            to: call.to.map_or(TxKind::Create, TxKind::Call),
            value: call.value,
            access_list: Default::default(),
            input: call.input.clone(),
        };
        let signature = self
            .signer
            .sign_hash_sync(&transaction.signature_hash())
            .map_err(|error| SendError::Signer(error.to_string()))?;
        let envelope = TxEnvelope::from(transaction.into_signed(signature));
        let hash = *envelope.tx_hash();
        let raw = Bytes::from(envelope.encoded_2718());
        let sent = self
            .rpc
            .call::<B256>("eth_sendRawTransaction", vec![json!(raw)])
            .await;
        match sent {
            Ok(_) => Ok(hash),
            // An answer got lost on the way: the transaction is there.
            Err(RpcError::Refused { message, .. }) if message.starts_with("already known") => {
                Ok(hash)
            }
            // Another node may have had it first, and it is in a block meanwhile.
            Err(RpcError::Refused { message, .. })
                if message.starts_with("nonce too low") && self.has_landed(hash).await =>
            {
                Ok(hash)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn has_landed(&self, hash: B256) -> bool {
        let receipts = self.rpc.receipts(&[hash]).await;
        receipts.is_ok_and(|receipts| receipts.iter().any(Option::is_some))
    }

    /// Takes what came into blocks from the front of the queue; whether there was any.
    async fn land(
        &self,
        flights: &mut VecDeque<Flight>,
        done: &mut impl FnMut(Sent),
    ) -> Result<bool, SendError> {
        let hashes: Vec<B256> = flights
            .iter()
            .flat_map(|flight| flight.hashes.iter().copied())
            .collect();
        let mut receipts = self.rpc.receipts(&hashes).await?.into_iter();
        let mut landed = false;
        let mut ready = Vec::new();
        for flight in flights.iter() {
            let of_flight = receipts.by_ref().take(flight.hashes.len());
            // All are drained, so that the next flight's receipts come next.
            let of_flight: Vec<_> = of_flight.flatten().collect();
            ready.push(of_flight.into_iter().next());
        }
        for receipt in ready {
            let Some(receipt) = receipt else { break };
            let Some(flight) = flights.pop_front() else {
                break;
            };
            if !receipt.status() {
                return Err(self.failed(&flight.call, &receipt).await);
            }
            landed = true;
            done(Sent {
                index: flight.index,
                receipt,
            });
        }
        Ok(landed)
    }

    /// Why a transaction failed. The receipt does not tell; the same call on the newest state usually does.
    async fn failed(&self, call: &Call, receipt: &TransactionReceipt) -> SendError {
        let params = vec![self.request(call), json!("latest")];
        let again = self.rpc.call::<Bytes>("eth_call", params).await;
        let reason = match again {
            Err(RpcError::Reverted(data)) => describe_revert(&data),
            Err(error) => error.to_string(),
            Ok(_) => format!("the same call passes now ({} gas used)", receipt.gas_used),
        };
        SendError::Failed {
            hash: receipt.transaction_hash,
            block: receipt.block_number.unwrap_or_default(),
            reason,
        }
    }

    /// Ends a wait that is too long, sends again what waits, and replaces what the base fee outgrew.
    async fn check_stalled(
        &self,
        flights: &mut VecDeque<Flight>,
        progress: Instant,
    ) -> Result<(), SendError> {
        let Some(first) = flights.front() else {
            return Ok(());
        };
        if progress.elapsed() >= self.config.timeout {
            return Err(SendError::Timeout {
                hash: first.hashes.last().copied().unwrap_or_default(),
                seconds: self.config.timeout.as_secs(),
            });
        }
        if first.since.elapsed() < STALL {
            return Ok(());
        }
        let now = self.fees().await?;
        for flight in flights {
            flight.since = Instant::now();
            let fees = if flight.fees.cap >= now.base {
                // As it is: the node may have dropped it since, and then says why, or was started anew.
                flight.fees
            } else {
                let bump = |fee: u128| fee.saturating_mul(100 + BUMP_PERCENT) / 100 + 1;
                let tip = now.tip.max(bump(flight.fees.tip));
                let cap = now.cap.max(bump(flight.fees.cap)).max(tip);
                Fees { cap, tip, ..now }
            };
            match self
                .submit(&flight.call, flight.nonce, flight.gas, fees)
                .await
            {
                Ok(hash) => {
                    if !flight.hashes.contains(&hash) {
                        flight.hashes.push(hash);
                    }
                    flight.fees = fees;
                }
                // It came into a block meanwhile.
                Err(SendError::Rpc(RpcError::Refused { message, .. }))
                    if message.starts_with("nonce too low") => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
