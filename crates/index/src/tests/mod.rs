//! A made-up chain, and the index's answers compared with it.

mod diffs;
mod feed;
mod logs;
mod objects;
mod open;

use crate::{Config, FinalizedBlock, Index};
use alloy_consensus::{SignableTransaction, Transaction as _, TxEip1559, TxLegacy, TxType};
use alloy_primitives::{Address, B256, Bytes, Log, Signature, TxKind, U256};
use commonware_consensus::types::{Epoch, Round, View};
use commonware_cryptography::Signer as _;
use hansa_primitives::{
    Block, Context, Header, HubPoint, PrivateKey, Receipt, StateCommitment, Terms, Transaction,
    digest, receipts_bloom, receipts_root, transactions_root,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub(crate) const GENESIS: B256 = B256::repeat_byte(0x47);

pub(crate) fn config() -> Config {
    Config::new(GENESIS)
}

/// The logs of a block's transactions.
pub(crate) type Spec = Vec<Vec<Log>>;

/// Blocks that follow each other.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) blocks: Vec<FinalizedBlock>,
    start: u64,
    salt: u64,
}

impl Chain {
    pub(crate) fn new(start: u64) -> Self {
        Self {
            blocks: Vec::new(),
            start,
            salt: 0,
        }
    }

    /// The same chain so far; what follows differs.
    pub(crate) fn fork(&self) -> Self {
        Self {
            salt: self.salt + 1,
            ..self.clone()
        }
    }

    pub(crate) fn extend(&mut self, specs: impl IntoIterator<Item = Spec>) -> &mut Self {
        for spec in specs {
            self.push(spec);
        }
        self
    }

    pub(crate) fn push(&mut self, spec: Spec) -> FinalizedBlock {
        let number = self.start + self.blocks.len() as u64;
        let parent = self.blocks.last().map_or(GENESIS, |last| last.block.hash());
        let block = block(number, parent, self.salt, spec);
        self.blocks.push(block.clone());
        block
    }
}

fn transaction(number: u64, index: u64, salt: u64) -> Transaction {
    if index % 5 == 4 {
        let legacy = TxLegacy {
            nonce: number << 20 | index,
            gas_price: u128::from(salt),
            ..TxLegacy::default()
        };
        return legacy.into_signed(Signature::test_signature()).into();
    }
    TxEip1559 {
        chain_id: 1,
        nonce: number << 20 | index,
        gas_limit: 21_000,
        max_fee_per_gas: u128::from(salt),
        to: TxKind::Call(Address::repeat_byte(1)),
        value: U256::from(index),
        input: Bytes::from(vec![7; (index % 40) as usize]),
        ..TxEip1559::default()
    }
    .into_signed(Signature::test_signature())
    .into()
}

pub(crate) fn block(number: u64, parent: B256, salt: u64, spec: Spec) -> FinalizedBlock {
    let transactions: Vec<_> = (0..spec.len() as u64)
        .map(|index| transaction(number, index, salt))
        .collect();
    let mut gas = 0;
    let receipts: Vec<_> = spec
        .into_iter()
        .zip(&transactions)
        .map(|(logs, transaction)| {
            gas += 21_000 + logs.len() as u64;
            let tx_type = match transaction {
                Transaction::Legacy(_) => TxType::Legacy,
                _ => TxType::Eip1559,
            };
            Receipt {
                tx_type,
                success: gas % 3 != 0,
                cumulative_gas_used: gas,
                logs,
            }
        })
        .collect();
    let header = Header {
        context: Context {
            round: Round::new(Epoch::zero(), View::new(number)),
            leader: PrivateKey::from_seed(1).public_key(),
            parent: (View::new(number.saturating_sub(1)), digest(parent)),
        },
        parent_hash: parent,
        number,
        timestamp_ms: 1_700_000_000_000 + number * 100,
        beneficiary: Address::repeat_byte(salt as u8),
        terms: Terms::default(),
        gas_used: gas,
        base_fee_per_gas: 7,
        transactions_root: transactions_root(&transactions),
        receipts_root: receipts_root(&receipts),
        logs_bloom: receipts_bloom(&receipts),
        committee: B256::ZERO,
        next_committee: B256::ZERO,
        finalization: B256::ZERO,
        finalized_view: 0,
        hub: HubPoint::default(),
        inputs: B256::ZERO,
        outbox: Default::default(),
        state: StateCommitment {
            ops_end: 3,
            code_end: 1,
            ..StateCommitment::default()
        },
    };
    let senders = (0..transactions.len()).map(|index| Address::repeat_byte(index as u8));
    FinalizedBlock {
        senders: Arc::new(senders.collect()),
        block: Block::new(header, transactions),
        receipts: Arc::new(receipts),
    }
}

pub(crate) fn feed(index: &Index, chain: &Chain) {
    for block in &chain.blocks {
        index.append(block, None).unwrap();
    }
}

/// A log from a small world, so that filters hit and miss.
pub(crate) fn log(emitter: u8, topics: &[u8], data: usize) -> Log {
    let topics = topics.iter().map(|topic| B256::repeat_byte(*topic));
    Log::new_unchecked(
        Address::repeat_byte(emitter),
        topics.collect(),
        Bytes::from(vec![emitter; data]),
    )
}

/// Everything that can be asked about blocks and transactions, against the blocks themselves.
pub(crate) fn check(index: &Index, blocks: &[FinalizedBlock]) {
    let ends = blocks.first().zip(blocks.last());
    let head = ends.map(|(_, last)| (last.block.number(), last.block.hash()));
    assert_eq!(index.head(), head);
    assert_eq!(index.oldest(), ends.map(|(first, _)| first.block.number()));
    for expected in blocks {
        let number = expected.block.number();
        let hash = expected.block.hash();
        assert_eq!(index.number_of(&hash).unwrap(), Some(number));
        assert_eq!(index.hash_of(number).unwrap(), Some(hash));
        let header = expected.block.header().clone();
        assert_eq!(index.header(number).unwrap(), Some((hash, header)));
        let found = index.block_by_hash(&hash).unwrap().unwrap();
        assert_eq!(found, expected.block);
        assert_eq!(found.transactions(), expected.block.transactions());
        assert_eq!(index.senders(number).unwrap().unwrap(), expected.senders);
        assert_eq!(index.receipts(number).unwrap().unwrap(), expected.receipts);
        check_transactions(index, expected);
    }
    if let Some((number, _)) = head {
        assert!(index.block(number + 1).unwrap().is_none());
        assert!(index.receipts(number + 1).unwrap().is_none());
    }
    assert!(
        index
            .transaction(&B256::repeat_byte(0xee))
            .unwrap()
            .is_none()
    );
    assert!(index.number_of(&B256::repeat_byte(0xee)).unwrap().is_none());
    check_addresses(index, blocks);
}

/// Every address's transactions, page by page.
fn check_addresses(index: &Index, blocks: &[FinalizedBlock]) {
    let mut expected: BTreeMap<Address, Vec<(u64, u32)>> = BTreeMap::new();
    for block in blocks.iter().rev() {
        let transactions = block.block.transactions().iter().enumerate();
        for (place, transaction) in transactions.rev() {
            let sender = block.senders[place];
            let other = transaction.to().or_else(|| {
                let created = block.receipts[place].success;
                created.then(|| sender.create(transaction.nonce()))
            });
            let all = BTreeSet::from_iter([Some(sender), other]);
            for address in all.into_iter().flatten() {
                let places = expected.entry(address).or_default();
                places.push((block.block.number(), place as u32));
            }
        }
    }
    expected.insert(Address::repeat_byte(0xee), Vec::new());
    for (address, places) in expected {
        for limit in [1, 3, 1_000] {
            let mut before = None;
            let mut found = Vec::new();
            loop {
                let page = index
                    .transactions_of(address, before, (limit, usize::MAX), || false)
                    .unwrap();
                assert!(page.found.len() <= limit);
                let places = page.found.iter().map(|of| (of.block_number, of.index));
                found.extend(places);
                if page.next.is_none() {
                    break;
                }
                assert_eq!(page.found.len(), limit);
                before = page.next;
            }
            assert_eq!(found, places, "{address} by {limit}");
        }
    }
}

fn check_transactions(index: &Index, expected: &FinalizedBlock) {
    let number = expected.block.number();
    let (mut gas_before, mut logs_before) = (0, 0);
    for (place, transaction) in expected.block.transactions().iter().enumerate() {
        let found = index.transaction(transaction.tx_hash()).unwrap().unwrap();
        let receipt = &expected.receipts[place];
        assert_eq!(found.block_number, number);
        assert_eq!(found.block_hash, expected.block.hash());
        assert_eq!(found.index as usize, place);
        assert_eq!(found.transaction, *transaction);
        assert_eq!(found.sender, expected.senders[place]);
        assert_eq!(found.receipt, *receipt);
        assert_eq!(found.gas_used, receipt.cumulative_gas_used - gas_before);
        assert_eq!(found.first_log_index, logs_before);
        gas_before = receipt.cumulative_gas_used;
        logs_before += receipt.logs.len() as u32;
    }
    let past = expected.block.transactions().len() as u32;
    assert!(index.transaction_at(number, past).unwrap().is_none());
}
