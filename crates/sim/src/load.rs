//! Real, signed transactions, offered to operators over simulated time.

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{Address, B256, TxKind, U256};
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

    /// Its address.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// The next transfer of one wei.
    ///
    /// # Panics
    /// Never: signing with a local key does not fail.
    pub fn transfer(&mut self, to: Address) -> Transaction {
        let transaction = TxEip1559 {
            chain_id: self.chain_id,
            nonce: self.nonce,
            gas_limit: 21_000,
            max_fee_per_gas: 10_000_000_000,
            max_priority_fee_per_gas: 1_000_000 + u128::from(self.nonce % 7),
            to: TxKind::Call(to),
            value: U256::from(1),
            access_list: Default::default(),
            input: Default::default(),
        };
        self.nonce += 1;
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
}

impl Default for Load {
    fn default() -> Self {
        Self {
            batch: 3,
            every: Duration::from_millis(250),
            rounds: 40,
        }
    }
}
