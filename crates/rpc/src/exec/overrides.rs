//! State and block overrides of simulated calls.

use super::Session;
use crate::errors::{CallResult, Fault};
use alloy_eips::eip2935::{HISTORY_SERVE_WINDOW, HISTORY_STORAGE_ADDRESS};
use alloy_primitives::U256;
use alloy_rpc_types_eth::{BlockOverrides, state::StateOverride};
use hansa_evm::is_precompile;
use revm::{Database as _, bytecode::Bytecode, state::AccountInfo};
use serde::{Deserialize, de::IgnoredAny};

/// Codes of the execution-apis.
mod code {
    pub(super) const MOVED_TO_ITSELF: i32 = -38022;
    pub(super) const MOVED_TO_ONE: i32 = -38023;
}

/// Lays `overrides` over the session's state. As go-ethereum does it, one at a precompile's address also removes the precompile there; a module goes
/// only where its code is replaced.
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
    move_precompiles(session, &overrides)?;
    for (address, account) in overrides {
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

fn move_precompiles(session: &mut Session, overrides: &StateOverride) -> CallResult<()> {
    let spec = session.params.spec();
    let replaced = &mut session.replaced;
    for (address, account) in overrides {
        let is_precompile = is_precompile(spec, address);
        let is_module = hansa_abi::module_at(address).is_some();
        if is_precompile || (is_module && account.code.is_some()) {
            replaced.entry(*address).or_insert(None);
        }
        let Some(to) = account.move_precompile_to else {
            continue;
        };
        if !is_precompile {
            let what = format!("account {address} is not a precompile");
            return Err(Fault::server(what));
        }
        if to == *address {
            let what = format!("account {address} is moved to itself");
            return Err(Fault::new(code::MOVED_TO_ITSELF, what));
        }
        if overrides.contains_key(&to) {
            let what = format!("account {to} is already overridden");
            return Err(Fault::server(what));
        }
        if replaced.insert(to, Some(*address)).flatten().is_some() {
            let what = format!("more than one precompile is moved to {to}");
            return Err(Fault::new(code::MOVED_TO_ONE, what));
        }
    }
    Ok(())
}

/// Refuses what only a block can be given, not a call: as go-ethereum does.
///
/// # Errors
/// It was given.
pub(crate) fn check_call(overrides: &BlockOverrides) -> CallResult<()> {
    if overrides.beacon_root.is_some() {
        return Err(Fault::server(
            "block override \"beaconRoot\" is not supported for this RPC method",
        ));
    }
    Ok(())
}

/// What [`BlockOverrides`] leave out.
#[derive(Deserialize)]
pub(crate) struct BeyondCalls {
    withdrawals: Option<IgnoredAny>,
}

/// As [`check_call`].
///
/// # Errors
/// It was given.
pub(crate) fn check_withdrawals(overrides: Option<BeyondCalls>) -> CallResult<()> {
    if overrides.is_some_and(|given| given.withdrawals.is_some()) {
        return Err(Fault::server(
            "block override \"withdrawals\" is not supported for this RPC method",
        ));
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
    if let Some(fee) = overrides.blob_base_fee {
        let fee = u128::try_from(fee)
            .map_err(|_| Fault::params("block override blobBaseFee too large"))?;
        session.blob_base_fee = Some(fee);
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
