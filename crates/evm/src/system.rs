//! What a block does before its first transaction.

use crate::{Account, BlockDb, BlockParams, ChainRules, executor::ExecutionError};
use alloy_eips::eip2935::{HISTORY_SERVE_WINDOW, HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE};
use alloy_primitives::{Bytes, KECCAK256_EMPTY, U256, keccak256};
use hansa_modules::genesis::{
    Genesis as ModulesGenesis, GenesisMember, GuardParameters, StorageWrite, storage,
};
use hansa_modules::members::Roles;
use hansa_primitives::Genesis;
use revm::Database;

/// Code of every module account: one invalid instruction. It is never run, but makes the accounts
/// exist and passes the `EXTCODESIZE` check that Solidity puts before calls.
const MODULE_CODE: Bytes = Bytes::from_static(&[0xfe]);

/// Writes the system's part of the block: genesis in block 1, the parent hash in every block.
pub(crate) fn prepare<D: Database>(
    rules: &ChainRules,
    params: &BlockParams,
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
    Ok(())
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
    for write in module_storage(genesis)? {
        db.set_storage(write.address, write.slot, write.value);
    }
    Ok(())
}

/// The modules' first slots. A genesis without members leaves them empty.
fn module_storage(genesis: &Genesis) -> Result<Vec<StorageWrite>, ExecutionError> {
    let refused = |error: String| ExecutionError::Genesis(error);
    if genesis.members.is_empty() {
        return Ok(Vec::new());
    }
    let members = genesis
        .members
        .iter()
        .map(|member| {
            Ok(GenesisMember {
                name: member.name.clone(),
                contact: member.contact.clone(),
                address: member.address,
                x25519: member.x25519,
                roles: Roles::from_mask(member.roles)
                    .map_err(|error| refused(error.to_string()))?,
                weight: (member.roles != Roles::OBSERVER.mask()).then_some(member.weight),
            })
        })
        .collect::<Result<_, ExecutionError>>()?;
    let parameters = ModulesGenesis {
        members,
        guard: GuardParameters {
            min_bond: genesis.guard.min_bond,
            max_duration_s: genesis.guard.max_duration_s,
            never_block: genesis.guard.never_block.iter().copied().collect(),
        },
    };
    storage(&parameters, genesis.timestamp_ms / 1_000).map_err(|error| refused(error.to_string()))
}
