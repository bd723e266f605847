//! Checks that need no state. Order and words follow go-ethereum's pool.

use crate::{Origin, PoolError, Rules};
use alloy_consensus::Transaction as _;
use alloy_primitives::Address;
use hansa_primitives::{Fork, MAX_TRANSACTION_BYTES, Terms, Transaction, TransactionError};
use revm::{
    context_interface::cfg::gas::calculate_initial_tx_gas,
    primitives::{eip3860::MAX_INITCODE_SIZE, eip7825::TX_GAS_LIMIT_CAP, hardfork::SpecId},
};

/// What can be refused before the sender is known.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn before_recovery(
    transaction: &Transaction,
    size: usize,
    rules: &Rules,
    terms: &Terms,
    origin: Origin,
) -> Result<(), PoolError> {
    if transaction.is_eip4844() {
        return Err(TransactionError::Blob.into());
    }
    if size > MAX_TRANSACTION_BYTES {
        return Err(TransactionError::Oversized { size }.into());
    }
    match transaction.chain_id() {
        Some(have) if have != rules.chain_id => {
            return Err(PoolError::ChainId {
                have,
                want: rules.chain_id,
            });
        }
        None if origin == Origin::Local && !rules.allow_unprotected => {
            return Err(PoolError::Unprotected);
        }
        _ => {}
    }
    let size = transaction.input().len();
    if transaction.is_create() && size > MAX_INITCODE_SIZE {
        return Err(PoolError::InitCodeSize {
            size,
            limit: MAX_INITCODE_SIZE,
        });
    }
    by_terms(transaction, terms)?;
    fees(transaction, rules)?;
    if transaction
        .authorization_list()
        .is_some_and(|list| list.is_empty())
    {
        return Err(PoolError::EmptyAuthorizations);
    }
    Ok(())
}

/// What no block that keeps to `terms` can take.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn by_terms(transaction: &Transaction, terms: &Terms) -> Result<(), PoolError> {
    if transaction.is_eip7702() && terms.fork < Fork::PRAGUE {
        return Err(PoolError::UnsupportedType);
    }
    gas_limits(transaction.gas_limit(), terms)?;
    let (fee_cap, needed) = (transaction.max_fee_per_gas(), terms.min_base_fee);
    if fee_cap < u128::from(needed) {
        return Err(PoolError::FeeCapTooLow { fee_cap, needed });
    }
    // A node does not serve a chain by rules that it does not know.
    intrinsic_gas(transaction, hansa_evm::spec(terms.fork).unwrap_or_default())
}

fn gas_limits(gas: u64, terms: &Terms) -> Result<(), PoolError> {
    if terms.fork >= Fork::OSAKA && gas > TX_GAS_LIMIT_CAP {
        return Err(PoolError::GasLimitTooHigh {
            cap: TX_GAS_LIMIT_CAP,
            gas,
        });
    }
    if gas > terms.gas_limit {
        return Err(PoolError::GasLimit {
            gas,
            limit: terms.gas_limit,
        });
    }
    Ok(())
}

fn fees(transaction: &Transaction, rules: &Rules) -> Result<(), PoolError> {
    let fee_cap = transaction.max_fee_per_gas();
    let tip = transaction.max_priority_fee_per_gas().unwrap_or(fee_cap);
    if tip > fee_cap {
        return Err(PoolError::TipAboveFeeCap { tip, fee_cap });
    }
    if tip < rules.min_tip {
        return Err(PoolError::TipTooLow {
            tip,
            needed: rules.min_tip,
        });
    }
    Ok(())
}

fn intrinsic_gas(transaction: &Transaction, spec: SpecId) -> Result<(), PoolError> {
    let (accounts, slots) = transaction.access_list().map_or((0, 0), |list| {
        (
            list.len() as u64,
            list.iter().map(|item| item.storage_keys.len() as u64).sum(),
        )
    });
    let needed = calculate_initial_tx_gas(
        spec,
        transaction.input(),
        transaction.is_create(),
        accounts,
        slots,
        transaction.authorization_list().map_or(0, <[_]>::len) as u64,
        None,
    );
    let gas = transaction.gas_limit();
    if gas < needed.initial_total_gas() {
        return Err(PoolError::IntrinsicGas {
            gas,
            needed: needed.initial_total_gas(),
        });
    }
    if gas < needed.floor_gas() {
        return Err(PoolError::FloorDataGas {
            gas,
            needed: needed.floor_gas(),
        });
    }
    Ok(())
}

/// What needs the sender's address, and still no state.
///
/// # Errors
/// The nonce could never be used up (EIP-2681).
pub(crate) fn after_recovery(transaction: &Transaction, sender: Address) -> Result<(), PoolError> {
    if transaction.nonce() == u64::MAX {
        return Err(PoolError::NonceMax {
            sender,
            nonce: u64::MAX,
        });
    }
    Ok(())
}
