//! Blocks that are really executed, in memory.

use alloy_consensus::{SignableTransaction as _, TxEip1559, transaction::SignerRecoverable as _};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address};
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall;
use commonware_codec::Encode as _;
use commonware_cryptography::{Signer as _, ed25519};
use hansa_evm::{BlockExecutor, BlockParams, ChainRules, Changes, Closing, MemoryDb};
use hansa_index::{FinalizedBlock, Index};
use hansa_primitives::{
    Alloc, Block, Fees, Fork, Genesis, GuardParams, Header, Member, Operator, Pace, StakingParams,
    StateCommitment, Transaction, ZonesParams, next_base_fee, receipts_root, transactions_root,
};
use hansa_state::MemoryState;
use std::{collections::BTreeMap, sync::Arc};

pub const CHAIN_ID: u64 = 7;
pub const GWEI: u128 = 1_000_000_000;
pub const ETHER: u64 = 1_000_000_000_000_000_000;
/// A transfer of this much is refused by the fake pool as the guard would.
pub const BLOCKED_VALUE: U256 = U256::from_limbs([666, 0, 0, 0]);
/// Holds [`contract`].
pub const CONTRACT: Address = address!("0x00000000000000000000000000000000000c0de1");
pub const FRIEND: Address = address!("0x000000000000000000000000000000000000f00d");

pub fn signer() -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(7)).unwrap()
}

/// By the first byte of its input: 1 reverts with "nope", 2 runs for ever, 3 returns slot 0,
/// anything else adds 1 to slot 0 and logs topic 0x42.
pub fn contract() -> Bytes {
    let mut code: Vec<u8> = Vec::new();
    code.extend([0x60, 0, 0x35, 0x60, 248, 0x1c]);
    let mut jumps = Vec::new();
    for choice in 1..=3u8 {
        code.extend([0x80, 0x60, choice, 0x14, 0x60, 0, 0x57]);
        jumps.push(code.len() - 2);
    }
    code.extend([0x60, 1, 0x60, 0, 0x54, 0x01, 0x60, 0, 0x55]);
    code.extend([0x60, 0x42, 0x60, 0, 0x60, 0, 0xa1, 0x00]);
    code[jumps[0]] = code.len() as u8;
    code.extend([
        0x5b, 0x63, 0x08, 0xc3, 0x79, 0xa0, 0x60, 224, 0x1b, 0x60, 0, 0x52,
    ]);
    code.extend([0x60, 0x20, 0x60, 4, 0x52, 0x60, 4, 0x60, 36, 0x52]);
    code.extend([
        0x63, b'n', b'o', b'p', b'e', 0x60, 224, 0x1b, 0x60, 68, 0x52,
    ]);
    code.extend([0x60, 100, 0x60, 0, 0xfd]);
    code[jumps[1]] = code.len() as u8;
    let start = code.len() as u8;
    code.extend([0x5b, 0x60, start, 0x56]);
    code[jumps[2]] = code.len() as u8;
    code.extend([0x5b, 0x60, 0, 0x54, 0x60, 0, 0x52, 0x60, 32, 0x60, 0, 0xf3]);
    code.into()
}

/// A call of [`CONTRACT`] that emits a log.
pub fn count(nonce: u64) -> Transaction {
    sign(nonce, CONTRACT.into(), U256::ZERO, vec![9].into())
}

pub fn sign(nonce: u64, to: TxKind, value: U256, input: Bytes) -> Transaction {
    sign_limited(nonce, to, value, (input, 200_000))
}

/// A call of a native module, with gas for all of its selectors.
pub fn call<C: SolCall>(nonce: u64, module: Address, value: U256, call: &C) -> Transaction {
    let input = call.abi_encode().into();
    sign_limited(nonce, module.into(), value, (input, 10_000_000))
}

fn sign_limited(
    nonce: u64,
    to: TxKind,
    value: U256,
    (input, gas_limit): (Bytes, u64),
) -> Transaction {
    let transaction = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit,
        max_fee_per_gas: 3 * GWEI,
        max_priority_fee_per_gas: 2,
        to,
        value,
        access_list: Default::default(),
        input,
    };
    let signature = signer()
        .sign_hash_sync(&transaction.signature_hash())
        .unwrap();
    transaction.into_signed(signature).into()
}

pub fn transfer(nonce: u64) -> Transaction {
    sign(nonce, FRIEND.into(), U256::from(5), Bytes::new())
}

pub fn raw(transaction: &Transaction) -> Bytes {
    use alloy_eips::eip2718::Encodable2718 as _;
    transaction.encoded_2718().into()
}

/// The key of the only operator.
pub fn operator_key() -> ed25519::PrivateKey {
    ed25519::PrivateKey::from_seed(1)
}

fn genesis() -> Genesis {
    let key = operator_key().public_key();
    let rich = Alloc {
        balance: U256::from(1_000) * U256::from(ETHER),
        ..Alloc::default()
    };
    let code = Alloc {
        code: contract(),
        ..Alloc::default()
    };
    Genesis {
        chain_id: CHAIN_ID,
        name: "test".into(),
        development: true,
        timestamp_ms: 1_700_000_000_000,
        gas_limit: 100_000_000,
        fork: Fork::OSAKA,
        fees: Fees::default(),
        pace: Pace::default(),
        zone: None,
        operators: vec![Operator::new(
            "one",
            B256::from_slice(&key.encode()),
            Address::repeat_byte(0xfe),
        )],
        staking: StakingParams::default(),
        // Alone, so that an alert of its own is accepted at once.
        members: vec![Member {
            name: "alone".into(),
            contact: "alone@example.org".into(),
            address: signer().address(),
            x25519: B256::ZERO,
            roles: 1,
            weight: 1,
        }],
        guard: GuardParams::default(),
        zones: ZonesParams::default(),
        alloc: BTreeMap::from([(signer().address(), rich), (CONTRACT, code)]),
    }
}

/// A chain: block 1 is empty; block 2 transfers and calls the contract; block 3 creates a contract
/// and fails.
pub struct World {
    pub genesis: Arc<Genesis>,
    pub genesis_block: Block,
    pub index: Index,
    pub state: MemoryState,
    db: MemoryDb,
    head: Header,
    pub blocks: Vec<FinalizedBlock>,
}

impl World {
    pub fn new() -> Self {
        let genesis = Arc::new(genesis());
        let empty = StateCommitment {
            ops_end: 1,
            code_end: 1,
            ..StateCommitment::default()
        };
        let committee = hansa_evm::genesis_committee(&genesis).unwrap().id();
        let header = genesis.header(empty, committee).unwrap();
        let index = Index::in_memory(hansa_index::Config::new(genesis.hash().unwrap())).unwrap();
        let state = MemoryState::default();
        state.begin(0);
        let mut world = Self {
            genesis_block: Block::new(header.clone(), Vec::new()),
            genesis,
            index,
            state,
            db: MemoryDb::default(),
            head: header,
            blocks: Vec::new(),
        };
        world.mine(Vec::new());
        let count = Bytes::from_static(&[0xff]);
        let fail = Bytes::from_static(&[1]);
        let empty = Bytes::from_static(&[0x60, 0, 0x60, 0, 0xf3]);
        world.mine(vec![
            transfer(0),
            sign(1, CONTRACT.into(), U256::ZERO, count),
        ]);
        world.mine(vec![
            sign(2, TxKind::Create, U256::ZERO, empty),
            sign(3, CONTRACT.into(), U256::ZERO, fail),
        ]);
        world
    }

    pub fn mine(&mut self, transactions: Vec<Transaction>) -> FinalizedBlock {
        let fees = &self.genesis.fees;
        let parent = &self.head;
        let mut header = parent.clone();
        header.parent_hash = parent.hash();
        header.number += 1;
        header.timestamp_ms += 1_500;
        header.beneficiary = self.genesis.operators[0].fee_recipient;
        header.base_fee_per_gas = match parent.number {
            0 => fees.initial_base_fee,
            _ => next_base_fee(parent, fees.base_fee_params(), &parent.terms),
        };
        let rules = ChainRules::new(self.genesis.clone());
        let params = BlockParams::from(&header);
        let mut executor = BlockExecutor::new(rules, params, self.db.clone()).unwrap();
        let senders: Vec<_> = transactions
            .iter()
            .map(|transaction| transaction.recover_signer().unwrap())
            .collect();
        for (transaction, sender) in transactions.iter().zip(&senders) {
            executor.execute(transaction, *sender).unwrap();
        }
        let closing = Closing {
            proposer: B256::from_slice(header.proposer().as_ref()),
            committee: header.committee,
            signers: None,
        };
        let outcome = executor.finish(&closing).unwrap();
        header.gas_used = outcome.gas_used;
        header.logs_bloom = outcome.logs_bloom;
        header.transactions_root = transactions_root(&transactions);
        header.receipts_root = receipts_root(&outcome.receipts);
        header.state.root = B256::repeat_byte(header.number as u8);
        self.db.apply(&outcome.changes);
        self.apply(header.number, &outcome.changes);
        let block = FinalizedBlock {
            block: Block::new(header.clone(), transactions),
            receipts: Arc::new(outcome.receipts),
            senders: Arc::new(senders),
        };
        self.append(&block);
        self.head = header;
        self.blocks.push(block.clone());
        block
    }

    fn append(&self, block: &FinalizedBlock) {
        self.index.append(block, None).unwrap();
    }

    fn apply(&self, number: u64, changes: &Changes) {
        self.state.begin(number);
        for code in changes.code.values() {
            self.state.set_code(code.clone());
        }
        for (address, change) in &changes.accounts {
            self.state
                .set_account(*address, change.new.unwrap_or_default());
        }
        for ((address, slot), change) in &changes.storage {
            self.state.set_storage(*address, *slot, change.new);
        }
    }
}
