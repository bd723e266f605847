//! An account that a node sends transactions from by itself.

use crate::{Head, Runtime};
use alloy_consensus::{SignableTransaction as _, TxEip1559};
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use commonware_parallel::Strategy;
use futures::lock::Mutex;
use hansa_abi::describe_error;
use hansa_mempool::{HeadState as _, Origin, Pool, PoolError};
use hansa_modules::{Call, RunResult};
use hansa_state::{PreImages, StateError};
use std::sync::Arc;

/// Gas that a call may use: the block has more.
const CALL_GAS: u64 = 20_000_000;
/// Wei per gas for the proposer.
const TIP: u128 = 1_000_000_000;

/// Gas that is kept for ten pieces of evidence.
const EVIDENCE_GAS: u64 = 30_000_000;
/// Gas that is kept for more than a thousand checkpoints, a week of them.
const CHECKPOINT_GAS: u64 = 300_000_000;

/// What a call to a module uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallGas {
    /// Of the module.
    pub(crate) module: u64,
    /// Bytes of its input.
    pub(crate) bytes: usize,
}

impl CallGas {
    /// With Ethereum's price of a transaction and of its bytes.
    const fn total(self) -> u64 {
        let bytes = (self.bytes as u64).saturating_mul(40);
        self.module.saturating_add(21_000).saturating_add(bytes)
    }
}

/// What a call is for: what else its account has to be able to pay for afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// All that it has.
    Everything,
    /// Evidence comes first.
    Upkeep,
    /// A gift to strangers: evidence and checkpoints come first.
    Gift,
}

/// What a call to a module would come to now.
pub(crate) enum Outlook {
    /// It succeeds, returns this and uses so much gas.
    Returns(Bytes, CallGas),
    /// The module refuses it, in words.
    Refused(String),
}

/// Sends transactions to native modules. Clones share the account.
pub struct Payer<E: Runtime, S: Strategy, P> {
    pool: Pool,
    head: Head<E, S, P>,
    signer: PrivateKeySigner,
    chain_id: u64,
    /// Held while a transaction gets its nonce.
    turn: Arc<Mutex<()>>,
}

impl<E: Runtime, S: Strategy, P> Clone for Payer<E, S, P> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            head: self.head.clone(),
            signer: self.signer.clone(),
            chain_id: self.chain_id,
            turn: self.turn.clone(),
        }
    }
}

impl<E: Runtime, S: Strategy, P: PreImages> Payer<E, S, P> {
    /// An account of the chain with this pool and this state.
    pub fn new(pool: Pool, head: Head<E, S, P>, signer: PrivateKeySigner, chain_id: u64) -> Self {
        Self {
            pool,
            head,
            signer,
            chain_id,
            turn: Arc::default(),
        }
    }

    /// The same account on another chain.
    pub fn on(&self, pool: Pool, head: Head<E, S, P>, chain_id: u64) -> Self {
        Self::new(pool, head, self.signer.clone(), chain_id)
    }

    /// The account.
    pub const fn address(&self) -> Address {
        self.signer.address()
    }

    /// The chain's newest state.
    pub const fn head(&self) -> &Head<E, S, P> {
        &self.head
    }

    /// Whether a transaction that was sent may still come into a block.
    pub fn is_under_way(&self, nonce: Option<u64>) -> bool {
        let next = self.pool.nonce_after(&self.address());
        nonce.is_some_and(|nonce| next.is_some_and(|next| next > nonce))
    }

    /// What a call from the account would come to; `None` while that cannot be told.
    pub(crate) async fn outlook(&self, module: Address, input: &Bytes) -> Option<Outlook> {
        let call = Call {
            caller: self.address(),
            value: U256::ZERO,
            input,
            is_static: false,
            gas_limit: CALL_GAS,
        };
        outlook(&self.head, self.chain_id, module, &call).await
    }

    /// Whether the account can pay for a call, and for what comes first after that.
    pub(crate) async fn spares(&self, call: CallGas, worth: Worth) -> bool {
        let kept = match worth {
            Worth::Everything => return true,
            Worth::Upkeep => EVIDENCE_GAS,
            Worth::Gift => EVIDENCE_GAS + CHECKPOINT_GAS,
        };
        let needed = self.most(kept.saturating_add(call.total()));
        self.balance().await >= needed
    }

    /// What the account has, wei.
    pub async fn balance(&self) -> U256 {
        let account = self.head.account(self.address()).await;
        account.map_or(U256::ZERO, |account| account.balance)
    }

    /// What so much gas costs at most, should fees double until it is used, wei.
    pub fn most(&self, gas: u64) -> U256 {
        let price = 2 * u128::from(self.pool.head().base_fee_next) + TIP;
        U256::from(price) * U256::from(gas)
    }

    /// What so much gas costs now, wei.
    pub fn price(&self, gas: u64) -> U256 {
        let price = u128::from(self.pool.head().base_fee_next) + TIP;
        U256::from(price) * U256::from(gas)
    }

    /// Whether the account can give away so much gas, or that and `value` wei: evidence and checkpoints come first.
    pub async fn can_give(&self, gas: u64, value: U256) -> bool {
        let kept = self.most(gas.saturating_add(EVIDENCE_GAS + CHECKPOINT_GAS));
        self.balance().await >= kept.saturating_add(value)
    }

    /// What a call costs now, wei.
    pub(crate) fn cost(&self, call: CallGas) -> U256 {
        self.price(call.total())
    }

    /// Sends a call, with half as much again for its module as it uses now, and returns its nonce.
    ///
    /// # Errors
    /// The pool refuses it.
    pub(crate) async fn send(
        &self,
        module: Address,
        input: Bytes,
        call: CallGas,
    ) -> Result<u64, PoolError> {
        let gas_limit = call.total().saturating_add(call.module / 2);
        self.submit(module, U256::ZERO, input, gas_limit).await
    }

    /// Sends a transaction, and returns its nonce.
    ///
    /// # Errors
    /// The pool refuses it.
    pub async fn submit(
        &self,
        to: Address,
        value: U256,
        input: Bytes,
        gas_limit: u64,
    ) -> Result<u64, PoolError> {
        let _turn = self.turn.lock().await;
        let account = self.address();
        let state = self.head.account(account).await?;
        let nonce = self.pool.nonce_after(&account).unwrap_or(state.nonce);
        let base_fee = u128::from(self.pool.head().base_fee_next);
        let transaction = TxEip1559 {
            chain_id: self.chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas: 2 * base_fee + TIP,
            max_priority_fee_per_gas: TIP,
            to: TxKind::Call(to),
            value,
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

/// What a call to a module of the chain with this state would come to.
pub(crate) async fn outlook<E: Runtime, S: Strategy, P: PreImages>(
    head: &Head<E, S, P>,
    chain_id: u64,
    module: Address,
    call: &Call<'_>,
) -> Option<Outlook> {
    let outcome = head.dry_run(module, call, chain_id).await;
    let failed = |error: &StateError| tracing::debug!(%error, "cannot ask a module");
    let outcome = outcome.inspect_err(failed).ok()?;
    Some(match outcome.result {
        RunResult::Return(output) => {
            let (module, bytes) = (outcome.gas_used, call.input.len());
            Outlook::Returns(output, CallGas { module, bytes })
        }
        RunResult::Revert(data) => {
            Outlook::Refused(describe_error(&data).unwrap_or_else(|| data.to_string()))
        }
        RunResult::OutOfGas => Outlook::Refused("it takes too much gas".into()),
        RunResult::Fatal(reason) => Outlook::Refused(reason),
    })
}
