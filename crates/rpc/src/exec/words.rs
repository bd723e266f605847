//! go-ethereum's words for what revm says.

use crate::errors::{EXECUTION_REVERTED, Fault};
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::{GenericContractError, SolInterface as _};
use hansa_evm::{decode_blocked, directive_name};
use revm::context_interface::result::{HaltReason, InvalidTransaction, OutOfGasError};
use serde_json::json;

/// `execution reverted`, with the reason where there is one, and the data.
pub(crate) fn reverted(output: Bytes) -> Fault {
    let words = match revert_reason(&output) {
        Some(reason) => format!("execution reverted: {reason}"),
        None => "execution reverted".to_owned(),
    };
    Fault::new(EXECUTION_REVERTED, words).with_data(json!(output))
}

fn revert_reason(output: &[u8]) -> Option<String> {
    if let Some(directive) = decode_blocked(output) {
        return Some(format!(
            "{} is blocked by {} until {} (unix seconds)",
            directive.target,
            directive_name(directive.alert_id),
            directive.until
        ));
    }
    match GenericContractError::abi_decode(output).ok()? {
        GenericContractError::Revert(revert) => Some(revert.reason),
        GenericContractError::Panic(panic) => Some(panic.kind().map_or_else(
            || format!("unknown panic code: {:#x}", panic.code),
            |kind| kind.as_str().to_owned(),
        )),
    }
}

/// Why execution stopped.
pub(crate) fn halt_words(reason: &HaltReason) -> String {
    match reason {
        HaltReason::OutOfGas(OutOfGasError::Basic | OutOfGasError::Precompile) => "out of gas",
        HaltReason::OutOfGas(_) => "out of gas: not enough gas for the memory or the access",
        HaltReason::OpcodeNotFound => "invalid opcode",
        HaltReason::InvalidFEOpcode => "invalid opcode: INVALID",
        HaltReason::InvalidJump => "invalid jump destination",
        HaltReason::StackUnderflow => "stack underflow",
        HaltReason::StackOverflow => "stack limit reached 1024 (1023)",
        HaltReason::OutOfOffset => "return data out of bounds",
        HaltReason::CreateCollision => "contract address collision",
        HaltReason::NonceOverflow => "nonce uint64 overflow",
        HaltReason::CreateContractSizeLimit => "max code size exceeded",
        HaltReason::CreateContractStartingWithEF => "invalid code: must not begin with 0xef",
        HaltReason::CreateInitCodeSizeLimit => "max initcode size exceeded",
        HaltReason::StateChangeDuringStaticCall | HaltReason::CallNotAllowedInsideStatic => {
            "write protection"
        }
        HaltReason::OutOfFunds => "insufficient balance for transfer",
        HaltReason::CallTooDeep => "max call depth exceeded",
        other => return other.to_string(),
    }
    .to_owned()
}

/// Why a transaction cannot run at all. Codes as `eth_simulateV1` names them are in
/// [`crate::eth::simulate`].
pub(crate) fn invalid_fault(invalid: &InvalidTransaction, sender: Address, base_fee: u64) -> Fault {
    use InvalidTransaction as Invalid;
    let words = match invalid {
        Invalid::LackOfFundForMaxFee { fee, balance } => format!(
            "insufficient funds for gas * price + value: address {sender} have {balance} want {fee}"
        ),
        Invalid::OverflowPaymentInTransaction => {
            format!("insufficient funds for gas * price + value: address {sender}")
        }
        Invalid::GasPriceLessThanBasefee => format!(
            "max fee per gas less than block base fee: address {sender}, baseFee: {base_fee}"
        ),
        Invalid::PriorityFeeGreaterThanMaxFee => {
            format!("max priority fee per gas higher than max fee per gas: address {sender}")
        }
        Invalid::NonceTooLow { tx, state } => {
            format!("nonce too low: address {sender}, tx: {tx} state: {state}")
        }
        Invalid::NonceTooHigh { tx, state } => {
            format!("nonce too high: address {sender}, tx: {tx} state: {state}")
        }
        Invalid::NonceOverflowInTransaction => {
            format!("nonce has max value: address {sender}")
        }
        Invalid::CallGasCostMoreThanGasLimit {
            initial_gas,
            gas_limit,
        } => format!("intrinsic gas too low: have {gas_limit}, want {initial_gas}"),
        Invalid::GasFloorMoreThanGasLimit {
            gas_floor,
            gas_limit,
        } => {
            format!("insufficient gas for floor data gas cost: have {gas_limit}, want {gas_floor}")
        }
        Invalid::RejectCallerWithCode => format!("sender not an eoa: address {sender}"),
        Invalid::CallerGasLimitMoreThanBlock => "gas limit reached".to_owned(),
        Invalid::TxGasLimitGreaterThanCap { gas_limit, cap } => {
            format!("transaction gas limit too high (cap: {cap}, tx: {gas_limit})")
        }
        Invalid::CreateInitCodeSizeLimit => "max initcode size exceeded".to_owned(),
        Invalid::InvalidChainId => "invalid chain id for signer".to_owned(),
        Invalid::EmptyAuthorizationList => {
            "set code tx must have at least one authorization tuple".to_owned()
        }
        other => other.to_string(),
    };
    Fault::server(words)
}
