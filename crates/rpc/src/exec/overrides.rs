//! State and block overrides of simulated calls.

use super::Session;
use crate::errors::{CallResult, Fault};
use alloy_eips::eip2935::{HISTORY_SERVE_WINDOW, HISTORY_STORAGE_ADDRESS};
use alloy_primitives::U256;
use alloy_rpc_types_eth::{BlockOverrides, state::StateOverride};
use revm::{Database as _, bytecode::Bytecode, state::AccountInfo};

/// Lays `overrides` over the session's state.
///
/// # Errors
/// More of them than `max_state_overrides`, or a combination that has no meaning.
pub(crate) fn apply_state(session: &mut Session, overrides: StateOverride) -> CallResult<()> {
    let most = session.limits.max_state_overrides;
    let slots = overrides
        .values()
        .flat_map(|account| [&account.state, &account.state_diff]);
    let slots: usize = slots.flatten().map(|slots| slots.len()).sum();
    if overrides.len() + slots > most {
        let what = format!("{} accounts and {slots} slots overridden", overrides.len());
        return Err(Fault::limit("max_state_overrides", most, what));
    }
    for (address, account) in overrides {
        if account.move_precompile_to.is_some() {
            return Err(Fault::params("movePrecompileToAddress is not supported"));
        }
        if account.state.is_some() && account.state_diff.is_some() {
            return Err(Fault::params(format!(
                "account {address} has both 'state' and 'stateDiff'"
            )));
        }
        let db = &mut session.db;
        let known = db.basic(address)?;
        let mut info: AccountInfo = known.unwrap_or_default();
        if let Some(nonce) = account.nonce {
            info.nonce = nonce;
        }
        if let Some(balance) = account.balance {
            info.balance = balance;
        }
        if let Some(code) = account.code {
            let code = Bytecode::new_raw_checked(code)
                .map_err(|error| Fault::params(format!("code of {address}: {error}")))?;
            info.code_hash = code.hash_slow();
            info.code = Some(code);
        }
        db.insert_account_info(address, info);
        if let Some(state) = account.state {
            let slots = state.into_iter();
            let slots = slots.map(|(slot, value)| (slot.into(), value.into()));
            db.replace_account_storage(address, slots.collect())?;
        }
        for (slot, value) in account.state_diff.unwrap_or_default() {
            db.insert_account_storage(address, slot.into(), value.into())?;
        }
    }
    Ok(())
}

/// Changes what a call sees of its block.
///
/// # Errors
/// A number that no block has.
pub(crate) fn apply_block(session: &mut Session, overrides: &BlockOverrides) -> CallResult<()> {
    let params = &mut session.params;
    let fits = |value: U256, name: &str| {
        u64::try_from(value).map_err(|_| Fault::params(format!("block override {name} too large")))
    };
    if let Some(number) = overrides.number {
        params.number = fits(number, "number")?;
    }
    if let Some(time) = overrides.time {
        params.timestamp_ms = time.saturating_mul(1_000);
    }
    if let Some(gas_limit) = overrides.gas_limit {
        params.terms.gas_limit = gas_limit;
    }
    if let Some(coinbase) = overrides.coinbase {
        params.beneficiary = coinbase;
    }
    if let Some(random) = overrides.random {
        params.parent_hash = random;
    }
    if let Some(base_fee) = overrides.base_fee {
        params.base_fee_per_gas = fits(base_fee, "baseFeePerGas")?;
    }
    // `BLOCKHASH` reads the EIP-2935 contract: that is where other hashes go.
    for (number, hash) in overrides.block_hash.iter().flatten() {
        let slot = U256::from(number % HISTORY_SERVE_WINDOW as u64);
        let hash = U256::from_be_bytes(hash.0);
        session
            .db
            .insert_account_storage(HISTORY_STORAGE_ADDRESS, slot, hash)?;
    }
    Ok(())
}
