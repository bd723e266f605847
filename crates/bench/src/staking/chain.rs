//! A chain of operators in memory: the executor that nodes run, and no consensus around it.

use crate::{accounts::address, cpu::own_seconds};
use alloy_consensus::{SignableTransaction as _, TxEip1559};
use alloy_primitives::{Address, B256, Bytes, Signature, U256};
use alloy_sol_types::SolCall;
use commonware_cryptography::Signer as _;
use eyre::{OptionExt as _, Result, ensure};
use hansa_abi::STAKING;
use hansa_evm::{
    Account, BlockDb, BlockExecutor, BlockOutcome, BlockParams, ChainRules, Closing, MemoryDb,
};
use hansa_modules::{
    Block, query,
    staking::{Calendar, Committee, committee},
};
use hansa_primitives::{
    Fees, Fork, Genesis, GuardParams, Operator, Pace, PrivateKey, StakingParams, Terms,
    Transaction, ZonesParams, public_key_bytes,
};
use std::{collections::BTreeMap, sync::Arc};

const CHAIN_ID: u64 = 7;
const BASE_FEE: u64 = 1_000_000_000;
/// Seed of the operators' owners.
const OWNERS: u64 = 11;
/// Epochs are short, so that many of them pass soon. Nothing that is measured depends on their length.
const CALENDAR: Calendar = Calendar {
    epoch_blocks: 16,
    freeze_blocks: 2,
};
/// Gas that each call may use.
const CALL_GAS: u64 = 10_000_000;
/// As much as a block of the set-up needs.
const BLOCK_GAS: u64 = 1_000_000_000_000;
const MS_PER_BLOCK: u64 = 1_000;

/// So many ether, in wei.
pub(super) fn ether(count: u64) -> U256 {
    U256::from(count) * U256::from(10u64.pow(18))
}

/// The account that acts for operator `id`.
pub(super) fn owner(id: u64) -> Address {
    address(OWNERS, id)
}

/// The key of operator `id`.
pub(super) fn key(id: u64) -> PrivateKey {
    PrivateKey::from_seed(id)
}

/// A call to staking.
#[derive(Clone, Debug)]
pub(super) struct Call {
    from: Address,
    value: U256,
    input: Bytes,
}

impl Call {
    /// With ether.
    pub(super) fn pay(from: Address, value: U256, call: &impl SolCall) -> Self {
        Self {
            from,
            value,
            input: call.abi_encode().into(),
        }
    }

    /// Without.
    pub(super) fn new(from: Address, call: &impl SolCall) -> Self {
        Self::pay(from, U256::ZERO, call)
    }
}

/// What one execution took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spent {
    /// CPU time, seconds.
    pub(super) seconds: f64,
    /// Of the transaction, with what any transaction costs.
    pub(super) gas: u64,
}

/// See the module's documentation.
pub(super) struct Chain {
    rules: ChainRules,
    db: MemoryDb,
    /// The next block.
    number: u64,
    pub(super) genesis_hash: B256,
}

impl Chain {
    /// A chain of `operators` operators, all of which have a seat, before its first block. Windows have
    /// their default lengths.
    ///
    /// # Errors
    /// The genesis is refused.
    pub(super) fn new(operators: u64) -> Result<Self> {
        let genesis = genesis(operators);
        let genesis_hash = genesis.hash()?;
        let mut chain = Self {
            rules: ChainRules::new(Arc::new(genesis)),
            db: MemoryDb::default(),
            number: 1,
            genesis_hash,
        };
        // Block 1 writes the genesis, and has no committee in its parent's state.
        let outcome = chain.executor()?.finish(&Closing::default())?;
        chain.apply(&outcome);
        Ok(chain)
    }

    pub(super) const fn epoch(&self) -> u64 {
        CALENDAR.epoch_of(self.number)
    }

    /// The committee of an epoch.
    ///
    /// # Errors
    /// It is not fixed yet.
    pub(super) fn committee(&mut self, epoch: u64) -> Result<Committee> {
        let found = committee(&mut BlockDb::new(&mut self.db), epoch)?;
        found.ok_or_eyre("the epoch has no committee yet")
    }

    /// What a view answers in the next block.
    ///
    /// # Errors
    /// It reverts.
    pub(super) fn ask<C: SolCall>(&mut self, call: &C) -> Result<C::Return> {
        let block = self.module_block();
        Ok(query(BlockDb::new(&mut self.db), STAKING, call, &block)?)
    }

    fn module_block(&self) -> Block {
        Block {
            number: self.number,
            timestamp: self.params().timestamp(),
            chain_id: CHAIN_ID,
        }
    }

    /// The end of a block that everybody signed.
    fn closing(&mut self) -> Result<Closing> {
        let committee = self.committee(self.epoch())?;
        let seats = committee.seats.len() as u32;
        // The first block of an epoch has no finalization of its epoch to carry.
        let is_first = self.number.is_multiple_of(CALENDAR.epoch_blocks);
        Ok(Closing {
            proposer: committee.seats.first().map_or(B256::ZERO, |seat| seat.key),
            committee: committee.id(),
            signers: (!is_first).then(|| (0..seats).collect()),
        })
    }

    fn params(&self) -> BlockParams {
        BlockParams {
            number: self.number,
            timestamp_ms: self.number * MS_PER_BLOCK,
            beneficiary: Address::repeat_byte(0xbe),
            terms: Terms {
                gas_limit: BLOCK_GAS,
                ..Terms::default()
            },
            base_fee_per_gas: BASE_FEE,
            parent_hash: B256::left_padding_from(&self.number.to_be_bytes()),
        }
    }

    fn executor(&mut self) -> Result<BlockExecutor<&mut MemoryDb>> {
        let (rules, params) = (self.rules.clone(), self.params());
        Ok(BlockExecutor::new(rules, params, &mut self.db)?)
    }

    fn apply(&mut self, outcome: &BlockOutcome) {
        self.db.apply(&outcome.changes);
        self.number += 1;
    }

    /// A call as a transaction, whose signature is nobody's: the executor is told who sent it. A sender that
    /// is new is made rich.
    fn transaction(&mut self, call: &Call) -> Transaction {
        let sender = self.db.accounts.entry(call.from).or_insert(Account {
            balance: ether(1_000_000),
            ..Account::default()
        });
        let transaction = TxEip1559 {
            chain_id: CHAIN_ID,
            nonce: sender.nonce,
            gas_limit: CALL_GAS,
            max_fee_per_gas: u128::from(BASE_FEE),
            max_priority_fee_per_gas: 0,
            to: STAKING.into(),
            value: call.value,
            access_list: Default::default(),
            input: call.input.clone(),
        };
        let nobody = Signature::new(U256::ONE, U256::ONE, false);
        transaction.into_signed(nobody).into()
    }

    /// Makes a block of calls, of which all must succeed; a sender has one at most.
    ///
    /// # Errors
    /// One does not.
    pub(super) fn block(&mut self, calls: &[Call]) -> Result<()> {
        let transactions: Vec<_> = calls.iter().map(|call| self.transaction(call)).collect();
        let closing = self.closing()?;
        let mut executor = self.executor()?;
        for (transaction, call) in transactions.iter().zip(calls) {
            let outcome = executor.execute(transaction, call.from)?;
            ensure!(outcome.success, "a call of the set-up failed: {call:?}");
        }
        let outcome = executor.finish(&closing)?;
        self.apply(&outcome);
        Ok(())
    }

    /// Makes empty blocks up to the first one of an epoch.
    ///
    /// # Errors
    /// The epoch is over.
    pub(super) fn enter(&mut self, epoch: u64) -> Result<()> {
        self.run_to(epoch * CALENDAR.epoch_blocks)
    }

    /// Makes empty blocks until the next one is the present epoch's freeze block.
    ///
    /// # Errors
    /// It is past.
    pub(super) fn run_to_freeze(&mut self) -> Result<()> {
        self.run_to(CALENDAR.freeze_block(self.epoch()))
    }

    fn run_to(&mut self, number: u64) -> Result<()> {
        ensure!(self.number <= number, "block {number} is in the past");
        while self.number < number {
            self.block(&[])?;
        }
        Ok(())
    }

    /// Executes a call as the first of a block, and leaves the state alone.
    ///
    /// # Errors
    /// It fails: the benchmark would measure something else.
    pub(super) fn measure(&mut self, call: &Call) -> Result<Spent> {
        let transaction = self.transaction(call);
        let mut executor = self.executor()?;
        let start = own_seconds();
        let outcome = executor.execute(&transaction, call.from)?;
        let seconds = own_seconds() - start;
        ensure!(outcome.success, "the call fails");
        Ok(Spent {
            seconds,
            gas: outcome.gas_used,
        })
    }

    /// CPU seconds of the end of a block without transactions: staking's part, and collecting what it
    /// changed. Leaves the state alone.
    ///
    /// # Errors
    /// The state contradicts itself.
    pub(super) fn measure_end(&mut self) -> Result<f64> {
        let closing = self.closing()?;
        let executor = self.executor()?;
        let start = own_seconds();
        executor.finish(&closing)?;
        Ok(own_seconds() - start)
    }

    /// What a call should cost: a transaction with its bytes, and what the module itself asks for.
    #[cfg(test)]
    pub(super) fn expected_gas(&mut self, call: &Call) -> u64 {
        // EIP-2028.
        let bytes = call.input.iter();
        let data: u64 = bytes.map(|byte| if *byte == 0 { 4 } else { 16 }).sum();
        let block = self.module_block();
        let call = hansa_modules::Call {
            caller: call.from,
            value: call.value,
            input: &call.input,
            is_static: false,
            gas_limit: CALL_GAS,
        };
        let run = hansa_modules::dry_run(BlockDb::new(&mut self.db), STAKING, &call, &block);
        21_000 + data + run.gas_used
    }
}

fn genesis(operators: u64) -> Genesis {
    let operator = |id| Operator {
        owner: Some(owner(id)),
        commission_bps: 1_000,
        ..Operator::new(
            format!("operator {id}"),
            public_key_bytes(&key(id)),
            owner(id),
        )
    };
    Genesis {
        chain_id: CHAIN_ID,
        name: "bench".into(),
        development: true,
        timestamp_ms: 0,
        gas_limit: BLOCK_GAS,
        fork: Fork::OSAKA,
        fees: Fees::default(),
        pace: Pace::default(),
        zone: None,
        operators: (1..=operators).map(operator).collect(),
        staking: StakingParams {
            epoch_blocks: CALENDAR.epoch_blocks,
            freeze_blocks: CALENDAR.freeze_blocks,
            seats: operators,
            // Rewards whose size does not hang on the fees of the set-up alone.
            emission_per_epoch: ether(1),
            operator_cost: ether(1) / U256::from(1_000),
            ..StakingParams::default()
        },
        members: Vec::new(),
        guard: GuardParams::default(),
        zones: ZonesParams::default(),
        alloc: BTreeMap::new(),
    }
}
