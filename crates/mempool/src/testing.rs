//! Signed transactions and a head in memory, for the tests of this crate.

use crate::{AccountInfo, BlockedBy, HeadError, HeadInfo, HeadState};
use alloy_consensus::{SignableTransaction, TxEip1559, crypto::secp256k1::sign_message};
use alloy_primitives::{Address, B256, TxKind, U256};
use hansa_primitives::{Terms, Transaction};
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc};

pub(crate) const CHAIN: u64 = 7;
pub(crate) const GWEI: u128 = 1_000_000_000;

/// A key that belongs to nobody.
pub(crate) fn key(seed: u64) -> B256 {
    let mut key = B256::repeat_byte(1);
    key[24..].copy_from_slice(&seed.to_be_bytes());
    key
}

pub(crate) fn sign<T>(transaction: T, seed: u64) -> Transaction
where
    T: SignableTransaction<alloy_primitives::Signature>,
    Transaction: From<alloy_consensus::Signed<T>>,
{
    let signature = sign_message(key(seed), transaction.signature_hash()).unwrap();
    transaction.into_signed(signature).into()
}

/// The address of a test key.
pub(crate) fn address(seed: u64) -> Address {
    crate::recover_one(&sign(transfer(0), seed)).unwrap()
}

/// A transfer with a tip of one gwei and ample fee cap.
pub(crate) fn transfer(nonce: u64) -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 100 * GWEI,
        max_priority_fee_per_gas: GWEI,
        to: TxKind::Call(Address::repeat_byte(0xaa)),
        value: U256::from(1),
        ..TxEip1559::default()
    }
}

pub(crate) fn tipped(nonce: u64, tip: u128) -> TxEip1559 {
    TxEip1559 {
        max_fee_per_gas: 100 * GWEI + tip,
        max_priority_fee_per_gas: tip,
        ..transfer(nonce)
    }
}

pub(crate) fn head_at(number: u64) -> HeadInfo {
    HeadInfo {
        number,
        base_fee_next: GWEI as u64,
        terms: Terms::default(),
        timestamp: 1_700_000_000 + number,
    }
}

/// A head whose accounts are rich unless said otherwise.
#[derive(Clone, Default)]
pub(crate) struct MemoryHead(Arc<Mutex<Facts>>);

#[derive(Default)]
struct Facts {
    accounts: BTreeMap<Address, AccountInfo>,
    blocked: BTreeMap<Address, BlockedBy>,
    reads: usize,
    broken: bool,
}

impl MemoryHead {
    pub(crate) fn set(&self, address: Address, nonce: u64, balance: U256) {
        let account = AccountInfo {
            nonce,
            balance,
            ..AccountInfo::default()
        };
        self.0.lock().accounts.insert(address, account);
    }

    pub(crate) fn set_code(&self, address: Address) {
        let account = AccountInfo {
            has_code: true,
            ..rich()
        };
        self.0.lock().accounts.insert(address, account);
    }

    pub(crate) fn set_delegation(&self, address: Address) {
        let account = AccountInfo {
            delegates: true,
            ..rich()
        };
        self.0.lock().accounts.insert(address, account);
    }

    pub(crate) fn block(&self, address: Address, by: BlockedBy) {
        self.0.lock().blocked.insert(address, by);
    }

    pub(crate) fn break_down(&self) {
        self.0.lock().broken = true;
    }

    /// Accounts read so far.
    pub(crate) fn reads(&self) -> usize {
        self.0.lock().reads
    }
}

pub(crate) fn rich() -> AccountInfo {
    AccountInfo {
        nonce: 0,
        balance: U256::from(10).pow(U256::from(24)),
        ..AccountInfo::default()
    }
}

impl HeadState for MemoryHead {
    async fn account(&self, address: Address) -> Result<AccountInfo, HeadError> {
        let mut facts = self.0.lock();
        if facts.broken {
            return Err(HeadError("no disk".into()));
        }
        facts.reads += 1;
        Ok(facts.accounts.get(&address).copied().unwrap_or_else(rich))
    }

    async fn blocked(&self, address: Address) -> Option<BlockedBy> {
        self.0.lock().blocked.get(&address).copied()
    }
}
