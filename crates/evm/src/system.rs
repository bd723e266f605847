//! What a block does before its first transaction.

use crate::{
    Account, BlockDb, BlockParams, ChainRules,
    executor::{ExecutionError, state_error},
};
use alloy_eips::eip2935::{HISTORY_SERVE_WINDOW, HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE};
use alloy_primitives::{Address, Bytes, KECCAK256_EMPTY, U256, keccak256};
use hansa_abi::STAKING;
use hansa_modules::{
    HostError, StorageRead,
    genesis::{
        Genesis as ModulesGenesis, GenesisMember, GenesisOperator, GuardParameters, StorageWrite,
        genesis_balance, storage,
    },
    guard,
    members::Roles,
    messages,
    staking::{self, Committee},
};
use hansa_primitives::{Genesis, Inputs};
use revm::Database;
use std::{collections::HashMap, convert::Infallible, fmt::Display};

/// Code of every module account: one invalid instruction. It is never run, but makes the accounts
/// exist and passes the `EXTCODESIZE` check that Solidity puts before calls.
const MODULE_CODE: Bytes = Bytes::from_static(&[0xfe]);

/// Writes the system's part of the block, before its transactions: genesis in block 1, the parent hash in every block, and what a zone takes
/// from the hub.
///
/// # Errors
/// The state cannot be read, or the genesis is not one.
pub fn prepare<D: Database>(
    rules: &ChainRules,
    params: &BlockParams,
    inputs: &Inputs,
    db: &mut BlockDb<D>,
) -> Result<(), ExecutionError> {
    if params.number == 1 {
        genesis_changes(&rules.genesis, db)?;
    }
    if let Some(parent) = params.number.checked_sub(1) {
        db.set_storage(
            HISTORY_STORAGE_ADDRESS,
            U256::from(parent % HISTORY_SERVE_WINDOW as u64),
            params.parent_hash.into(),
        );
    }
    apply_inputs(rules, params, inputs, db).map_err(state_error)
}

fn apply_inputs<D: Database>(
    rules: &ChainRules,
    params: &BlockParams,
    inputs: &Inputs,
    db: &mut BlockDb<D>,
) -> Result<(), HostError> {
    if rules.genesis.zone.is_none() {
        return Ok(());
    }
    let block = params.module_block(rules.chain_id);
    if let Some(terms) = &inputs.terms {
        guard::feed::limit(db, terms.max_directive_s, block)?;
    }
    if !inputs.directives.is_empty() {
        guard::feed::apply(db, &inputs.directives, params.terms.min_severity, block)?;
    }
    // By the directives that the block takes itself.
    for (to, amount) in messages::arrive(db, &inputs.arrivals, block)? {
        credit(db, to, amount)?;
    }
    match fixed_committee(rules, params, inputs) {
        Some(committee) => staking::adopt(db, &committee, block),
        None => Ok(()),
    }
}

/// Gives ether to an account. No code runs.
fn credit<D: Database>(db: &mut BlockDb<D>, to: Address, amount: U256) -> Result<(), HostError> {
    // An account that is empty does not exist (EIP-161).
    if amount.is_zero() {
        return Ok(());
    }
    let account = db.current_account(to);
    let account = account.map_err(|error| HostError::Fatal(error.to_string()))?;
    let mut account = account.unwrap_or_default();
    // What is locked on the hub fits.
    account.balance = account.balance.saturating_add(amount);
    db.set_account(to, account, Bytes::new());
    Ok(())
}

/// The committee that a zone's block fixes: of the next epoch, or of its own if that is the first behind a cut.
pub(crate) fn fixed_committee(
    rules: &ChainRules,
    params: &BlockParams,
    inputs: &Inputs,
) -> Option<Committee> {
    let fixes = rules.genesis.zone.is_some() && !inputs.seats.is_empty();
    let epoch = rules.epochs.epoch_of(params.number);
    fixes.then(|| Committee {
        epoch: match rules.epochs.cut_at(params.number) {
            Some(cut) => cut.epoch,
            None => epoch + 1,
        },
        seats: inputs.seats.clone(),
    })
}

fn contract(code: &Bytes) -> Account {
    Account {
        nonce: 1,
        balance: U256::ZERO,
        code_hash: keccak256(code),
    }
}

/// Writes a genesis into an empty state: allocation, module accounts, the modules' storage, and the
/// EIP-2935 contract.
///
/// # Errors
/// The modules refuse the genesis members or parameters.
pub fn genesis_changes<D: Database>(
    genesis: &Genesis,
    db: &mut BlockDb<D>,
) -> Result<(), ExecutionError> {
    let code = HISTORY_STORAGE_CODE.clone();
    db.set_account(HISTORY_STORAGE_ADDRESS, contract(&code), code);
    for module in hansa_abi::MODULES {
        db.set_account(module.address, contract(&MODULE_CODE), MODULE_CODE);
    }
    for (address, alloc) in &genesis.alloc {
        let code_hash = if alloc.code.is_empty() {
            KECCAK256_EMPTY
        } else {
            keccak256(&alloc.code)
        };
        let account = Account {
            nonce: alloc.nonce,
            balance: alloc.balance,
            code_hash,
        };
        db.set_account(*address, account, alloc.code.clone());
        for (slot, value) in &alloc.storage {
            db.set_storage(*address, (*slot).into(), (*value).into());
        }
    }
    let modules = module_genesis(genesis)?;
    let staked = genesis_balance(&modules);
    if !staked.is_zero() {
        let account = Account {
            balance: staked,
            ..contract(&MODULE_CODE)
        };
        db.set_account(STAKING, account, MODULE_CODE);
    }
    for write in module_storage(genesis, &modules)? {
        db.set_storage(write.address, write.slot, write.value);
    }
    Ok(())
}

/// The committee of epoch 0: all operators of the genesis. Empty without operators.
///
/// # Errors
/// The modules refuse the genesis.
pub fn genesis_committee(genesis: &Genesis) -> Result<Committee, ExecutionError> {
    let mut slots = Slots(
        module_storage(genesis, &module_genesis(genesis)?)?
            .into_iter()
            .map(|write| ((write.address, write.slot), write.value))
            .collect(),
    );
    let Ok(committee) = staking::committee(&mut slots, 0);
    Ok(committee.unwrap_or(Committee {
        epoch: 0,
        seats: Vec::new(),
    }))
}

/// The modules' storage at genesis.
struct Slots(HashMap<(Address, U256), U256>);

impl StorageRead for Slots {
    type Error = Infallible;

    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, Infallible> {
        Ok(self.0.get(&(module, slot)).copied().unwrap_or_default())
    }
}

fn refused(error: impl Display) -> ExecutionError {
    ExecutionError::Genesis(error.to_string())
}

/// The modules' first slots. A genesis with neither members nor operators leaves them empty.
fn module_storage(
    genesis: &Genesis,
    modules: &ModulesGenesis,
) -> Result<Vec<StorageWrite>, ExecutionError> {
    if genesis.members.is_empty() && genesis.operators.is_empty() && genesis.zone.is_none() {
        return Ok(Vec::new());
    }
    storage(modules, genesis.timestamp_ms / 1_000).map_err(refused)
}

/// A genesis as the modules take it.
fn module_genesis(genesis: &Genesis) -> Result<ModulesGenesis, ExecutionError> {
    let members = genesis.members.iter().map(|member| {
        Ok(GenesisMember {
            name: member.name.clone(),
            contact: member.contact.clone(),
            address: member.address,
            x25519: member.x25519,
            roles: Roles::from_mask(member.roles).map_err(refused)?,
            weight: (member.roles != Roles::OBSERVER.mask()).then_some(member.weight),
        })
    });
    let operators = genesis.operators.iter().map(|operator| GenesisOperator {
        name: operator.name.clone(),
        public_key: operator.public_key,
        owner: operator.owner(),
        fee_recipient: operator.fee_recipient,
        commission_bps: operator.commission_bps,
        stake: operator.stake,
        endpoint: operator.endpoint.clone(),
    });
    Ok(ModulesGenesis {
        members: members.collect::<Result<_, ExecutionError>>()?,
        guard: GuardParameters {
            min_bond: genesis.guard.min_bond,
            max_duration_s: genesis.guard.max_duration_s,
            never_block: genesis.guard.never_block.iter().copied().collect(),
            warden: genesis.guard.warden,
        },
        staking: genesis.staking.clone(),
        zones: genesis.zones,
        operators: operators.collect(),
        committee: genesis
            .zone
            .as_ref()
            .map_or_else(Vec::new, |zone| zone.committee.clone()),
        zone: genesis.zone.as_ref().map_or(0, |zone| zone.id),
        genesis_hash: genesis.hash().map_err(refused)?,
    })
}
