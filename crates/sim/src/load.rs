//! Real, signed transactions, offered to operators over simulated time.

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use hansa_primitives::Transaction;
use std::time::Duration;

/// An account that sends.
#[derive(Clone, Debug)]
pub struct Account {
    signer: PrivateKeySigner,
    chain_id: u64,
    nonce: u64,
}

impl Account {
    /// The `index`-th account of every simulation.
    ///
    /// # Panics
    /// Never: the bytes are a valid key.
    pub fn new(index: u32, chain_id: u64) -> Self {
        let mut key = [1u8; 32];
        key[..4].copy_from_slice(&(index + 1).to_be_bytes());
        let signer = PrivateKeySigner::from_bytes(&B256::from(key))
            .unwrap_or_else(|error| panic!("a valid key: {error}"));
        Self {
            signer,
            chain_id,
            nonce: 0,
        }
    }

    /// Its key.
    pub fn signer(&self) -> PrivateKeySigner {
        self.signer.clone()
    }

    /// Its address.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// The next transfer of one wei.
    ///
    /// # Panics
    /// Never: signing with a local key does not fail.
    pub fn transfer(&mut self, to: Address) -> Transaction {
        let transfer = self.transfer_at(self.nonce, to);
        self.nonce += 1;
        transfer
    }

    /// A transfer of one wei with some nonce.
    ///
    /// # Panics
    /// As [`Account::transfer`].
    pub fn transfer_at(&self, nonce: u64, to: Address) -> Transaction {
        self.sign(self.call_at(nonce, to, U256::from(1), Bytes::new(), 21_000))
    }

    /// The next call of a native module.
    ///
    /// # Panics
    /// As [`Account::transfer`].
    pub fn call(&mut self, to: Address, value: U256, input: impl Into<Bytes>) -> Transaction {
        let call = self.call_at(self.nonce, to, value, input.into(), 2_000_000);
        self.nonce += 1;
        self.sign(call)
    }

    /// A call of a native module with some nonce.
    pub(crate) fn call_now(
        &self,
        nonce: u64,
        to: Address,
        value: U256,
        input: Vec<u8>,
    ) -> Transaction {
        self.sign(self.call_at(nonce, to, value, input.into(), 2_000_000))
    }

    fn call_at(
        &self,
        nonce: u64,
        to: Address,
        value: U256,
        input: Bytes,
        gas_limit: u64,
    ) -> TxEip1559 {
        TxEip1559 {
            chain_id: self.chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas: 10_000_000_000,
            max_priority_fee_per_gas: 1_000_000 + u128::from(nonce % 7),
            to: TxKind::Call(to),
            value,
            access_list: Default::default(),
            input,
        }
    }

    fn sign(&self, transaction: TxEip1559) -> Transaction {
        let signature = self
            .signer
            .sign_hash_sync(&transaction.signature_hash())
            .unwrap_or_else(|error| panic!("local signing: {error}"));
        transaction.into_signed(signature).into()
    }
}

/// How much is offered to each operator.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Transactions in each round.
    pub batch: usize,
    /// Time between rounds.
    pub every: Duration,
    /// Rounds.
    pub rounds: usize,
    /// After a restart, go on where the journal of local transactions may end, rather than from the
    /// start: then nothing but the journal brings back what was taken before.
    pub journaled: bool,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            batch: 3,
            every: Duration::from_millis(250),
            rounds: 10,
            journaled: true,
        }
    }
}
