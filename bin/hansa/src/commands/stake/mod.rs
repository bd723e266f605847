//! `hansa stake`.

mod account;
mod delegation;
mod operator;
mod pool;
mod preview;
mod report;
mod risk;
mod status;

use crate::{
    failure::Outcome,
    session::Session,
    transact::{event, outcome_with, place, transact},
};
use alloy_primitives::U256;
use alloy_rpc_types_eth::TransactionReceipt;
use alloy_sol_types::{SolCall, SolEvent};
use clap::{Subcommand, ValueEnum};
use hansa_abi::STAKING;
pub(super) use operator::own_operator;
pub(super) use pool::{Names, find, slashes};
pub(super) use report::slash_state;
use serde_json::{Value, json};

/// OPERATOR is an operator's id or its name.
#[derive(Debug, Subcommand)]
pub(crate) enum StakeCommand {
    /// Become an operator, and change what your operator offers
    #[command(subcommand)]
    Operator(operator::OperatorCommand),
    /// Delegate stake to an operator
    #[command(after_help = "\
It counts from the next epoch whose committee is not fixed yet.

Examples:
  hansa --as member-1 stake delegate operator-2 10ether
  hansa --as member-1 stake delegate 2 1.5ether --max-loss 5%
  hansa --as member-1 stake delegate 2 1.5ether --max-loss 5% --max-loss-for conflicting-finalize=10%")]
    Delegate(delegation::DelegateArgs),
    /// Take stake out; it can be withdrawn once it has unbonded
    #[command(after_help = "\
Examples:
  hansa --as member-1 stake undelegate operator-2 2.5ether
  hansa --as member-1 stake undelegate operator-2 all")]
    Undelegate(delegation::UndelegateArgs),
    /// Move stake to another operator, where it counts once it has unbonded and the move is completed
    #[command(
        after_help = "Example:\n  hansa --as member-1 stake redelegate operator-2 operator-3 5ether"
    )]
    Redelegate(delegation::RedelegateArgs),
    /// Complete moves of stake that has unbonded; for anybody's stake
    #[command(after_help = "\
Examples:
  hansa --as member-1 stake complete operator-2
  hansa --as member-1 stake complete operator-2 --delegator 0x90F79bf6EB2c4f870365E785982E1f101E93b906")]
    Complete(delegation::PositionArgs),
    /// Take out what has unbonded
    #[command(after_help = "Example:\n  hansa --as member-1 stake withdraw operator-2")]
    Withdraw(delegation::OperatorArgs),
    /// Take out rewards
    #[command(after_help = "Example:\n  hansa --as member-1 stake claim operator-2")]
    Claim(delegation::OperatorArgs),
    /// Delegate rewards
    #[command(after_help = "Example:\n  hansa --as member-1 stake restake operator-2")]
    Restake(delegation::OperatorArgs),
    /// Have rewards delegated whenever the position is touched, or no longer
    #[command(after_help = "Example:\n  hansa --as member-1 stake auto-restake operator-2 on")]
    AutoRestake(delegation::AutoRestakeArgs),
    /// Bring a position up to date; anybody's
    #[command(after_help = "\
Examples:
  hansa --as member-1 stake settle operator-2
  hansa --as member-1 stake settle operator-2 --delegator 0x90F79bf6EB2c4f870365E785982E1f101E93b906")]
    Settle(delegation::PositionArgs),
    /// Show the operators, or what an account has at stake and what it lost
    #[command(after_help = "\
Examples:
  hansa stake status
  hansa stake status 0x90F79bf6EB2c4f870365E785982E1f101E93b906")]
    Status(status::StatusArgs),
    /// Tell what a fault of one or more operators would cost
    #[command(after_help = "\
Examples:
  hansa stake preview operator-2 --kind conflicting-finalize
  hansa stake preview 1 2 --kind nullify-finalize --delegator 0x90F79bf6EB2c4f870365E785982E1f101E93b906")]
    Preview(preview::PreviewArgs),
}

/// A fault that costs stake: two votes of one operator in one view that contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Fault {
    /// Notarized two blocks
    ConflictingNotarize,
    /// Finalized two blocks
    ConflictingFinalize,
    /// Gave the view up, and finalized a block in it
    NullifyFinalize,
}

impl Fault {
    const ALL: [Self; 3] = [
        Self::ConflictingNotarize,
        Self::ConflictingFinalize,
        Self::NullifyFinalize,
    ];

    /// The module's number for it.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::ConflictingNotarize => 0,
            Self::ConflictingFinalize => 1,
            Self::NullifyFinalize => 2,
        }
    }

    /// As it is written and shown.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ConflictingNotarize => "conflicting-notarize",
            Self::ConflictingFinalize => "conflicting-finalize",
            Self::NullifyFinalize => "nullify-finalize",
        }
    }

    /// By the module's number.
    pub(super) fn from_number(number: u64) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|fault| u64::from(fault.number()) == number)
    }

    /// By its name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }
}

/// The name of a fault in a record of the module.
pub(super) fn fault_name(kind: u8) -> &'static str {
    Fault::from_number(kind.into()).map_or("unknown", Fault::name)
}

pub(crate) async fn run(command: &StakeCommand, session: &Session<'_>) -> Outcome {
    match command {
        StakeCommand::Operator(command) => operator::run(command, session).await,
        StakeCommand::Delegate(arguments) => delegation::delegate(arguments, session).await,
        StakeCommand::Undelegate(arguments) => delegation::undelegate(arguments, session).await,
        StakeCommand::Redelegate(arguments) => delegation::redelegate(arguments, session).await,
        StakeCommand::Complete(arguments) => delegation::complete(arguments, session).await,
        StakeCommand::Withdraw(arguments) => delegation::withdraw(arguments, session).await,
        StakeCommand::Claim(arguments) => delegation::claim(arguments, session).await,
        StakeCommand::Restake(arguments) => delegation::restake(arguments, session).await,
        StakeCommand::AutoRestake(arguments) => delegation::auto_restake(arguments, session).await,
        StakeCommand::Settle(arguments) => delegation::settle(arguments, session).await,
        StakeCommand::Status(arguments) => status::run(arguments, session).await,
        StakeCommand::Preview(arguments) => preview::run(arguments, session).await,
    }
}

/// Sends a call of the module; its receipt, and the event that says what it came to.
async fn send<E: SolEvent>(
    session: &Session<'_>,
    call: &impl SolCall,
    value: U256,
) -> Outcome<(TransactionReceipt, Option<E>)> {
    let receipt = transact(session, STAKING, call, value).await?;
    let event = event::<E>(&receipt);
    Ok((receipt, event))
}

/// Prints what a transaction came to: `more` beside the usual, or a line about it.
fn done(session: &Session<'_>, receipt: &TransactionReceipt, more: Value, text: &str) -> Outcome {
    session.output.result(&outcome_with(receipt, more), || {
        format!("{text} {}", place(receipt))
    })
}

/// Wei of an event, in JSON.
fn wei(amount: U256) -> Value {
    json!(amount.to_string())
}
