//! A chain's state in memory with many accounts, and blocks of signed transactions on it.

use crate::{
    accounts::{Action, Terms, address, sign, signer},
    token::{SUPPLY, Token, balance_slot, transfer_input},
};
use alloy_primitives::{Address, B256, U256};
use alloy_signer_local::PrivateKeySigner;
use clap::ValueEnum;
use eyre::{OptionExt as _, Result, ensure};
use hansa_evm::{
    Account, BlockExecutor, BlockOutcome, BlockParams, ChainRules, Change, Changes, Closing,
    MemoryDb,
};
use hansa_primitives::{
    Fees, Fork, Genesis, GuardParams, Pace, StakingParams, Transaction, ZonesParams,
};
use rayon::prelude::*;
use revm::Database;
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};

const SEED: u64 = 1;
const CHAIN_ID: u64 = 7;
const BASE_FEE: u64 = 1_000_000_000;
/// Accounts with keys; all others only receive.
const MAX_SENDERS: usize = 10_000;
/// Step through the recipients: a prime, so that it visits them all, far apart.
const STRIDE: u64 = 7_368_787;
const TERMS: Terms = Terms {
    chain_id: CHAIN_ID,
    max_fee_per_gas: 2 * BASE_FEE as u128,
    max_priority_fee_per_gas: 1_000,
};

/// What transactions do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Ether from one account to another.
    Transfer,
    /// `transfer` of an OpenZeppelin ERC-20 token.
    Erc20,
}

impl Kind {
    /// For people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Erc20 => "ERC-20 transfer",
        }
    }
}

/// A block's worth of work.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) transactions: Arc<Vec<Transaction>>,
    pub(crate) senders: Arc<Vec<Address>>,
}

/// See the module's documentation.
pub(crate) struct World {
    pub(crate) rules: ChainRules,
    pub(crate) db: MemoryDb,
    /// The token's address, if there is one.
    pub(crate) token: Option<Address>,
    number: u64,
    accounts: usize,
    signers: Vec<PrivateKeySigner>,
    nonces: Vec<u64>,
    signed: u64,
}

impl World {
    /// A state with `accounts` rich accounts; with a token that they all own, when there is one.
    ///
    /// # Errors
    /// A block of the set-up fails.
    pub(crate) fn new(accounts: usize, token: Option<&Token>) -> Result<Self> {
        let senders = accounts.min(MAX_SENDERS) as u64;
        let signers: Vec<_> = (0..senders)
            .into_par_iter()
            .map(|index| signer(SEED, index))
            .collect::<Result<_>>()?;
        let mut world = Self {
            rules: ChainRules::new(Arc::new(genesis())),
            db: MemoryDb::default(),
            token: None,
            number: 1,
            accounts,
            nonces: vec![0; signers.len()],
            signers,
            signed: 0,
        };
        let first = world.execute(&Work {
            transactions: Arc::default(),
            senders: Arc::default(),
        })?;
        world.apply(&first.changes);
        let rich = Account {
            balance: U256::from(10).pow(U256::from(24)),
            ..Account::default()
        };
        for index in 0..accounts {
            world.db.accounts.insert(world.account(index), rich);
        }
        if let Some(token) = token {
            world.deploy(token)?;
        }
        Ok(world)
    }

    /// The account number `index`.
    fn account(&self, index: usize) -> Address {
        match self.signers.get(index) {
            Some(signer) => signer.address(),
            None => address(SEED, index as u64),
        }
    }

    /// Creates the token by a transaction and gives a share of it to every account.
    fn deploy(&mut self, token: &Token) -> Result<()> {
        let creator = self
            .signers
            .first()
            .ok_or_eyre("a world needs an account")?;
        let (sender, nonce) = (creator.address(), self.nonces[0]);
        let transaction = sign(creator, &TERMS, nonce, Action::create(token.init_code()))?;
        self.nonces[0] += 1;
        let outcome = self.execute(&Work {
            transactions: Arc::new(vec![transaction]),
            senders: Arc::new(vec![sender]),
        })?;
        self.apply(&outcome.changes);
        let token = sender.create(nonce);
        let share = SUPPLY / U256::from(self.accounts);
        for index in 0..self.accounts {
            let slot = balance_slot(self.account(index));
            self.db.storage.insert((token, slot), share);
        }
        self.token = Some(token);
        Ok(())
    }

    /// The next block's parameters.
    pub(crate) fn params(&self) -> BlockParams {
        BlockParams {
            number: self.number,
            timestamp_ms: 1_000_000 + self.number * 1_000,
            beneficiary: Address::repeat_byte(0xbe),
            terms: self.rules.genesis.terms(),
            base_fee_per_gas: BASE_FEE,
            parent_hash: B256::left_padding_from(&self.number.to_be_bytes()),
        }
    }

    /// Signs the next `count` transactions: senders take turns, recipients are spread over all
    /// accounts.
    ///
    /// # Errors
    /// There is no token.
    pub(crate) fn work(&mut self, kind: Kind, count: usize) -> Result<Work> {
        let jobs: Vec<(usize, u64, Action)> = (0..count)
            .map(|_| {
                let from = (self.signed % self.signers.len() as u64) as usize;
                let to = self.account((self.signed * STRIDE % self.accounts as u64) as usize);
                let nonce = self.nonces[from];
                self.nonces[from] += 1;
                self.signed += 1;
                Ok((from, nonce, self.action(kind, to)?))
            })
            .collect::<Result<_>>()?;
        let senders = jobs.iter().map(|job| self.signers[job.0].address());
        let senders = Arc::new(senders.collect());
        let transactions = jobs
            .into_par_iter()
            .map(|(from, nonce, action)| sign(&self.signers[from], &TERMS, nonce, action))
            .collect::<Result<_>>()?;
        Ok(Work {
            transactions: Arc::new(transactions),
            senders,
        })
    }

    fn action(&self, kind: Kind, to: Address) -> Result<Action> {
        Ok(match kind {
            Kind::Transfer => Action::transfer(to, U256::from(1)),
            Kind::Erc20 => {
                let token = self.token.ok_or_eyre("this world has no token")?;
                Action::call(token, transfer_input(to, U256::from(1)), 100_000)
            }
        })
    }

    /// Executes a block on the state, and leaves the state alone.
    ///
    /// # Errors
    /// A transaction is refused or fails: the benchmark would measure something else.
    pub(crate) fn execute(&mut self, work: &Work) -> Result<BlockOutcome> {
        let (rules, params) = (self.rules.clone(), self.params());
        execute(rules, params, &mut self.db, work)
    }

    /// Ends a block.
    pub(crate) fn apply(&mut self, changes: &Changes) {
        self.db.apply(changes);
        self.number += 1;
    }

    /// The whole state as changes to an empty one, in pieces of at most `size` accounts and slots.
    pub(crate) fn pieces(&self, size: usize) -> Vec<Changes> {
        let accounts: Vec<_> = self.db.accounts.iter().collect();
        let slots: Vec<_> = self.db.storage.iter().collect();
        let code: BTreeMap<_, _> = self.db.code.clone().into_iter().collect();
        let mut pieces = vec![Changes {
            code,
            ..Changes::default()
        }];
        pieces.extend(accounts.chunks(size).map(|chunk| {
            Changes {
                accounts: chunk
                    .iter()
                    .map(|(address, account)| {
                        let (old, new) = (None, Some(**account));
                        (**address, Change { old, new })
                    })
                    .collect(),
                ..Changes::default()
            }
        }));
        pieces.extend(slots.chunks(size).map(|chunk| {
            Changes {
                storage: chunk
                    .iter()
                    .map(|(slot, value)| {
                        let (old, new) = (U256::ZERO, **value);
                        (**slot, Change { old, new })
                    })
                    .collect(),
                ..Changes::default()
            }
        }));
        pieces
    }
}

/// Executes a block of transactions that must all succeed.
///
/// # Errors
/// One does not, or the state cannot be read.
pub(crate) fn execute<D: Database>(
    rules: ChainRules,
    params: BlockParams,
    db: D,
    work: &Work,
) -> Result<BlockOutcome> {
    let mut executor = BlockExecutor::new(rules, params, db)?;
    for (transaction, sender) in work.transactions.iter().zip(work.senders.iter()) {
        let outcome = executor.execute(transaction, *sender)?;
        ensure!(outcome.success, "{} failed", transaction.tx_hash());
    }
    Ok(executor.finish(&Closing::default())?)
}

fn genesis() -> Genesis {
    Genesis {
        staking: StakingParams::default(),
        chain_id: CHAIN_ID,
        name: "bench".into(),
        development: true,
        timestamp_ms: 1_000_000,
        gas_limit: 1_000_000_000,
        fork: Fork::OSAKA,
        fees: Fees::default(),
        pace: Pace::default(),
        zone: None,
        operators: Vec::new(),
        members: Vec::new(),
        guard: GuardParams::default(),
        zones: ZonesParams::default(),
        alloc: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests;
