//! Fork schedule, module table, guard, and block execution over revm.
//!
//! # The protocol of a block
//! 1. Before the first transaction: block 1 writes the genesis allocation and the modules' initial
//!    storage; every block writes its parent's hash into the EIP-2935 history contract.
//! 2. Transactions, in order. A transaction that cannot be included (nonce, balance, gas, a
//!    directive on its sender, its recipient, or a party to its authorizations) makes the whole block
//!    invalid; one that fails while it runs yields a receipt.
//! 3. After the last: base fees are shared between the treasury and the operators' rewards, and staking
//!    takes note of who took part in consensus, settles rewards and chooses the next committee.
//!
//! # What this crate promises
//! - Same parent state, same block: same receipts and same [`Changes`], on every machine. No clock,
//!   no randomness, no order of hash maps shows in a result.
//! - User input never panics and never aborts a block: it yields a receipt or an [`InvalidTx`].
//! - Directives are read from the *parent's* state: an alert that is accepted in one block is
//!   enforced from the next, by proposer and verifiers alike.

mod block_db;
mod changes;
mod epochs;
mod executor;
mod guard;
mod instance;
mod precompiles;
mod system;

#[cfg(test)]
mod tests;

use hansa_primitives::Fork;
use revm::primitives::hardfork::SpecId;

pub use block_db::{BlockDb, MemoryDb, MemoryError};
pub use changes::{Account, Change, Changes};
pub use executor::{
    BlockExecutor, BlockOutcome, Closing, ExecutionError, InvalidTx, Refusal, TxOutcome, signers,
};
pub use guard::{Directive, decode_blocked, directive_name, directive_on};
pub use instance::{BlockParams, ChainRules, Evm, EvmContext, build, tx_env};
pub use precompiles::{Precompiles, is_precompile};
pub use system::{genesis_changes, genesis_committee, prepare};

/// The rules of Ethereum as revm names them; `None` for those that this build does not know.
pub const fn spec(fork: Fork) -> Option<SpecId> {
    match fork {
        Fork::CANCUN => Some(SpecId::CANCUN),
        Fork::PRAGUE => Some(SpecId::PRAGUE),
        Fork::OSAKA => Some(SpecId::OSAKA),
        _ => None,
    }
}
