//! Records of the module in words.

use crate::values;
use alloy_rpc_types_eth::TransactionReceipt;
use alloy_sol_types::SolEvent;
use hansa_abi::IStaking;

/// About when, for people.
pub(super) fn about(seconds: Option<u64>) -> String {
    seconds.map_or_else(
        || "-".into(),
        |seconds| format!("about {}", values::show_s(seconds)),
    )
}

/// Every event of a kind in a receipt.
pub(super) fn events<E: SolEvent>(receipt: &TransactionReceipt) -> Vec<E> {
    let logs = receipt.logs().iter();
    logs.filter_map(|log| E::decode_log_data(log.data()).ok())
        .collect()
}

/// Why an operator is not selected, and until when at least.
pub(super) fn bar(operator: &IStaking::Operator) -> String {
    if operator.slashedOut {
        return "slashed out".into();
    }
    let why = match operator.bar {
        IStaking::Bar::Jailed => "jailed",
        IStaking::Bar::Faulted => "faulted",
        _ if operator.exited => return "exited".into(),
        _ if !operator.willing => return "low self-stake".into(),
        _ => return "-".into(),
    };
    match operator.barredUntil {
        u64::MAX => format!("{why}, slash pending"),
        until => format!("{why} until epoch {until}"),
    }
}

/// The bar's name, for programs.
pub(super) const fn bar_name(bar: IStaking::Bar) -> &'static str {
    match bar {
        IStaking::Bar::Jailed => "jailed",
        IStaking::Bar::Faulted => "faulted",
        _ => "none",
    }
}

/// What a slash came to.
pub(crate) const fn slash_state(state: IStaking::SlashState) -> &'static str {
    match state {
        IStaking::SlashState::Pending => "pending",
        IStaking::SlashState::Settled => "settled",
        IStaking::SlashState::Reversed => "reversed",
        _ => "none",
    }
}
