//! Executing a block, transaction by transaction.

use crate::{
    BlockDb, BlockParams, ChainRules, Changes, Directive, Evm, build, epochs, system, tx_env,
};
use alloy_consensus::Transaction as _;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bloom, TxKind, U256};
use hansa_modules::staking::Committee;
use hansa_primitives::{Block, Finalization, Inputs, Outbox, Receipt, Transaction};
use revm::{
    Database, ExecuteEvm,
    context::TxEnv,
    context_interface::{
        ContextTr, JournalTr,
        result::{EVMError, ExecutionResult, InvalidTransaction},
        transaction::AuthorizationTr,
    },
};
use thiserror::Error;

/// Why a block cannot be executed at all.
#[derive(Debug, Error)]
pub enum ExecutionError {
    /// The state cannot be read. Says nothing about the block.
    #[error("state: {0}")]
    State(String),
    /// The chain's genesis is not one.
    #[error("genesis: {0}")]
    Genesis(String),
}

/// Why a transaction cannot be part of this block, by the rules of the chain.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum InvalidTx {
    /// Ethereum's own rules.
    #[error("{0}")]
    Ethereum(InvalidTransaction),
    /// Its sender or recipient is blocked, or somebody who delegates in it or is delegated to (EIP-7702).
    #[error("{} is blocked until {} by alert {}", .0.target, .0.until, .0.alert_id)]
    Blocked(Directive),
    /// EIP-4844.
    #[error("blob transactions (EIP-4844) are not accepted here")]
    Blob,
}

/// Why a transaction was not executed.
#[derive(Debug, Error)]
pub enum Refusal {
    /// It would make the block invalid.
    #[error(transparent)]
    Invalid(#[from] InvalidTx),
    /// Its gas limit is more than what the block has left.
    #[error("gas limit {gas_limit} is over the {left} gas that the block has left")]
    BlockFull {
        /// The transaction's.
        gas_limit: u64,
        /// The block's.
        left: u64,
    },
    /// The block cannot be executed.
    #[error(transparent)]
    Fatal(#[from] ExecutionError),
}

/// An executed transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxOutcome {
    /// Ran to its end without reverting.
    pub success: bool,
    /// Gas charged.
    pub gas_used: u64,
}

/// An executed block.
#[derive(Clone, Debug)]
pub struct BlockOutcome {
    /// One per transaction.
    pub receipts: Vec<Receipt>,
    /// Sum over the transactions.
    pub gas_used: u64,
    /// Union of the receipts' blooms.
    pub logs_bloom: Bloom,
    /// Id of the committee that finalizes the block's child.
    pub next_committee: B256,
    /// What the chain has sent up to this block, if it is a zone.
    pub outbox: Outbox,
    /// The committee of the next epoch, if this block fixes it.
    pub fixed: Option<Committee>,
    /// What changed.
    pub changes: Changes,
}

/// What the end of a block needs to know of consensus.
#[derive(Clone, Debug, Default)]
pub struct Closing {
    /// ed25519 key of the operator that proposed the block.
    pub proposer: B256,
    /// Id of the committee that finalizes the block.
    pub committee: B256,
    /// Seats of the committee that signed the finalization that the block carries, if it carries one.
    pub signers: Option<Vec<u32>>,
}

impl From<&Block> for Closing {
    fn from(block: &Block) -> Self {
        let header = block.header();
        Self {
            proposer: B256::from_slice(header.proposer().as_ref()),
            committee: header.committee,
            signers: block.finalization().map(signers),
        }
    }
}

/// Seats of those who signed.
pub fn signers(finalization: &Finalization) -> Vec<u32> {
    let signers = finalization.certificate.signers.iter();
    signers.map(|signer| signer.get()).collect()
}

/// A block in the making: used alike by the proposer, who skips what is refused, and by verifiers,
/// for whom a refusal makes the block invalid.
pub struct BlockExecutor<D: Database> {
    evm: Evm<D>,
    rules: ChainRules,
    params: BlockParams,
    inputs: Inputs,
    receipts: Vec<Receipt>,
    gas_used: u64,
    bytes: usize,
}

impl<D: Database> BlockExecutor<D> {
    /// Starts the block `params` on `parent`'s state, and makes the system's writes.
    ///
    /// # Errors
    /// The state cannot be read, or the genesis is not one.
    pub fn new(rules: ChainRules, params: BlockParams, parent: D) -> Result<Self, ExecutionError> {
        Self::with_inputs(rules, params, Inputs::default(), parent)
    }

    /// As [`BlockExecutor::new`], on a zone, with what the block takes from the hub.
    ///
    /// # Errors
    /// As [`BlockExecutor::new`].
    pub fn with_inputs(
        rules: ChainRules,
        params: BlockParams,
        inputs: Inputs,
        parent: D,
    ) -> Result<Self, ExecutionError> {
        let mut db = BlockDb::new(parent);
        system::prepare(&rules, &params, &inputs, &mut db)?;
        let evm = build(&rules, &params, db, (), |_| {}).map_err(state_error)?;
        Ok(Self {
            evm,
            rules,
            params,
            inputs,
            receipts: Vec::new(),
            gas_used: 0,
            bytes: 0,
        })
    }

    /// Gas that the block has left.
    pub const fn gas_left(&self) -> u64 {
        self.params.terms.gas_limit.saturating_sub(self.gas_used)
    }

    /// Sum of the executed transactions' encodings, bytes.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Executes one more transaction.
    ///
    /// # Errors
    /// See [`Refusal`]; after all but the fatal one the block goes on as if it had not been tried.
    pub fn execute(
        &mut self,
        transaction: &Transaction,
        sender: Address,
    ) -> Result<TxOutcome, Refusal> {
        if transaction.is_eip4844() {
            return Err(InvalidTx::Blob.into());
        }
        let left = self.gas_left();
        let gas_limit = transaction.gas_limit();
        if gas_limit > left {
            return Err(Refusal::BlockFull { gas_limit, left });
        }
        let tx = tx_env(transaction, sender);
        self.check_guard(&tx)?;
        self.untouch_authorities(&tx);
        let result = self.evm.transact_one(tx);
        let result = match result {
            Ok(result) => result,
            Err(EVMError::Transaction(invalid)) => {
                return Err(InvalidTx::Ethereum(invalid).into());
            }
            Err(error) => return Err(ExecutionError::State(error.to_string()).into()),
        };
        let gas_used = result.gas().tx_gas_used();
        let success = result.is_success();
        self.gas_used += gas_used;
        self.bytes += transaction.encode_2718_len();
        let logs = match result {
            ExecutionResult::Success { logs, .. } => logs,
            ExecutionResult::Revert { .. } | ExecutionResult::Halt { .. } => Vec::new(),
        };
        self.receipts.push(Receipt {
            tx_type: transaction.tx_type(),
            success,
            cumulative_gas_used: self.gas_used,
            logs,
        });
        Ok(TxOutcome { success, gas_used })
    }

    fn check_guard(&mut self, tx: &TxEnv) -> Result<(), Refusal> {
        if !self.evm.precompiles.is_guarded() {
            return Ok(());
        }
        let recipient = match tx.kind {
            TxKind::Call(to) => to,
            TxKind::Create => tx.caller.create(tx.nonce),
        };
        self.check_address(tx.caller)?;
        self.check_address(recipient)?;
        for authorization in &tx.authorization_list {
            self.check_address(authorization.address())?;
            // One that nobody signed has no effect.
            if let Some(authority) = authorization.authority() {
                self.check_address(authority)?;
            }
        }
        Ok(())
    }

    /// An authority that the state does not hold gives no refund (EIP-7702). The journal spans the block: one that an
    /// earlier transaction touched and left empty must not pass for one that exists.
    fn untouch_authorities(&mut self, tx: &TxEnv) {
        let authorities = tx.authorization_list.iter();
        for authority in authorities.filter_map(AuthorizationTr::authority) {
            if let Some(account) = self.evm.ctx.journal_mut().state.get_mut(&authority)
                && account.is_loaded_as_not_existing()
                && account.info.is_empty()
            {
                account.unmark_touch();
            }
        }
    }

    fn check_address(&mut self, address: Address) -> Result<(), Refusal> {
        let now = self.params.timestamp();
        let db = self.evm.ctx.journal_mut().db_mut();
        match db.directive(address, now).map_err(state_error)? {
            Some(directive) => Err(InvalidTx::Blocked(directive).into()),
            None => Ok(()),
        }
    }

    /// Ends the block: base fees go to the treasury and to the operators' rewards, and staking takes note of who took part.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn finish(mut self, closing: &Closing) -> Result<BlockOutcome, ExecutionError> {
        let fees = U256::from(self.gas_used) * U256::from(self.params.base_fee_per_gas);
        let ended = epochs::end_block(
            &mut self.evm,
            &self.rules,
            &self.params,
            closing,
            &self.inputs,
            fees,
        )?;
        let journal = self.evm.finalize();
        let db = self.evm.ctx.journaled_state.database;
        let changes = db
            .into_changes(journal, &ended.credits)
            .map_err(state_error)?;
        Ok(BlockOutcome {
            logs_bloom: hansa_primitives::receipts_bloom(&self.receipts),
            receipts: self.receipts,
            gas_used: self.gas_used,
            next_committee: ended.next_committee,
            outbox: ended.outbox,
            fixed: ended.fixed,
            changes,
        })
    }
}

pub(crate) fn state_error(error: impl std::fmt::Display) -> ExecutionError {
    ExecutionError::State(error.to_string())
}
