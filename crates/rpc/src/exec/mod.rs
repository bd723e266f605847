//! Running transactions that are not in any block, on the state of one that is.
//!
//! Everything here blocks its thread. A run ends at its gas limit or at the session's deadline,
//! whichever comes first.

mod overrides;
mod request;
mod state;
mod watch;
mod words;

pub(crate) use overrides::{BeyondCalls, apply_block, apply_state, check_call, check_withdrawals};
pub(crate) use request::transaction;
pub(crate) use state::{Db, StateRef};
pub(crate) use watch::{Costs, NoCosts, Stop, TraceCosts, Watch};
pub(crate) use words::{halt_words, invalid_fault, reverted};

use crate::{
    Context,
    deadline::Deadline,
    errors::{CallResult, Fault},
    limits::Limits,
    node::Node,
};
use alloy_primitives::{Address, U256, map::AddressMap};
use hansa_abi::GUARD;
use hansa_evm::{
    BlockDb, BlockParams, ChainRules, Directive, EvmContext, build, directive_name, directive_on,
    tx_env,
};
use hansa_index::FinalizedBlock;
use hansa_primitives::Inputs;
use revm::{
    DatabaseCommit as _, InspectEvm as _, Inspector,
    context::{CfgEnv, TxEnv},
    context_interface::result::{EVMError, ExecutionResult, ResultAndState},
    inspector::NoOpInspector,
    state::EvmState,
};
use serde_json::json;
use std::{collections::HashMap, sync::Arc};

/// How strictly a transaction is checked before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checks {
    /// As in a block.
    Block,
    /// As a simulated call: any sender, any nonce, any gas limit.
    Call,
    /// As such a call that changes nothing, like a contract's `STATICCALL`: that is open to blocked addresses too.
    Read,
}

/// One state, one block environment, and what was run on them so far.
pub(crate) struct Session {
    pub(crate) rules: ChainRules,
    pub(crate) params: BlockParams,
    pub(crate) db: Db,
    pub(crate) limits: Limits,
    /// Addresses at which another precompile runs, or none.
    pub(crate) replaced: AddressMap<Option<Address>>,
    /// What `BLOBBASEFEE` says, if not what it always says here.
    pub(crate) blob_base_fee: Option<u128>,
    pub(crate) deadline: Deadline,
    /// The guard's slots that runs have written, as they were before the block's first: directives bind from the next block on.
    guard_before: Arc<HashMap<U256, U256>>,
}

/// What a run needs of its inspector, for any database that a session may run on.
pub(crate) trait Inspects: for<'a> Inspector<EvmContext<&'a mut Db>> {}
impl<I: for<'a> Inspector<EvmContext<&'a mut Db>>> Inspects for I {}

impl Session {
    /// On the state after `block`, in that block's environment.
    pub(crate) fn after(
        context: &Context,
        limits: Limits,
        block: &FinalizedBlock,
        deadline: Deadline,
    ) -> CallResult<Self> {
        let params = BlockParams::from(block.block.header());
        Self::open((context, limits), params, block.block.number(), deadline)
    }

    /// On the state before `block`'s first transaction, in that block's environment.
    pub(crate) fn before(
        node: &Node,
        block: &FinalizedBlock,
        deadline: Deadline,
    ) -> CallResult<Self> {
        let params = BlockParams::from(block.block.header());
        let parent = params.number.checked_sub(1);
        let parent = parent.ok_or_else(|| Fault::server("genesis is not traceable"))?;
        let chain = (&node.context, node.config.limits);
        let mut session = Self::open(chain, params, parent, deadline)?;
        session.begin_block(block.block.inputs())?;
        Ok(session)
    }

    fn open(
        (context, limits): (&Context, Limits),
        params: BlockParams,
        state: u64,
        deadline: Deadline,
    ) -> CallResult<Self> {
        let view = context.state.view(state)?;
        Ok(Self {
            rules: ChainRules::new(context.genesis.clone()),
            params,
            db: Db::new(StateRef(view)),
            limits,
            replaced: AddressMap::default(),
            blob_base_fee: None,
            deadline,
            guard_before: Arc::default(),
        })
    }

    /// What the system writes before a block's first transaction; `inputs`: what a zone's block takes from the hub.
    pub(crate) fn begin_block(&mut self, inputs: &Inputs) -> CallResult<()> {
        self.guard_before = Arc::default();
        let mut block = BlockDb::new(&mut self.db);
        hansa_evm::prepare(&self.rules, &self.params, inputs, &mut block)
            .map_err(Fault::internal)?;
        let changes = block.into_changes(EvmState::default(), &[])?;
        state::apply(&mut self.db, &changes)
    }

    /// Runs a block's first transactions.
    pub(crate) fn replay(&mut self, block: &FinalizedBlock, count: usize) -> CallResult<()> {
        for tx in (0..count).map_while(|index| transaction_at(block, index)) {
            let (outcome, _) = self.run(tx, Checks::Block, NoOpInspector, NoCosts)?;
            self.commit(outcome.state);
        }
        Ok(())
    }

    /// The directive that blocks `address` in this block.
    pub(crate) fn directive(&mut self, address: Address) -> CallResult<Option<Directive>> {
        let now = self.params.timestamp();
        let mut block = BlockDb::new(&mut self.db).with_guard_before(self.guard_before.clone());
        Ok(directive_on(&mut block, address, now)?)
    }

    /// Runs `tx` without keeping what it does.
    ///
    /// # Errors
    /// It is not valid here, the state cannot be read, or a limit stopped it.
    pub(crate) fn run<I: Inspects, C: Costs>(
        &mut self,
        tx: TxEnv,
        checks: Checks,
        inspector: I,
        costs: C,
    ) -> CallResult<(ResultAndState, I)> {
        let reads = checks == Checks::Read;
        let watch = Watch::new(inspector, costs, self.deadline.clone(), reads);
        let mut params = self.params;
        let relaxed = checks != Checks::Block;
        if relaxed && tx.gas_price == 0 {
            // As go-ethereum: who names no price sees no base fee.
            params.base_fee_per_gas = 0;
        }
        let block = BlockDb::new(&mut self.db).with_guard_before(self.guard_before.clone());
        let caller = tx.caller;
        let mut evm = build(&self.rules, &params, block, watch, |config: &mut CfgEnv| {
            if relaxed {
                relax(config);
            }
        })?;
        evm.precompiles.replace(&self.replaced);
        if let (Some(fee), Some(blobs)) = (
            self.blob_base_fee,
            &mut evm.ctx.block.blob_excess_gas_and_price,
        ) {
            blobs.blob_gasprice = fee;
        }
        let outcome = evm.inspect_tx(tx);
        let watch = evm.inspector;
        if let Some(stop) = watch.stopped {
            return Err(self.stop_fault(stop));
        }
        match outcome {
            Ok(outcome) => Ok((outcome, watch.inner)),
            Err(EVMError::Transaction(invalid)) => {
                Err(invalid_fault(&invalid, caller, params.base_fee_per_gas))
            }
            Err(EVMError::Database(error)) => Err(error.into()),
            Err(error) => Err(Fault::internal(error)),
        }
    }

    /// Keeps what a run did, for the runs after it in the same block.
    pub(crate) fn commit(&mut self, state: EvmState) {
        if let Some(guard) = state.get(&GUARD) {
            let before = Arc::make_mut(&mut self.guard_before);
            for (slot, value) in guard.storage.iter().filter(|(_, value)| value.is_changed()) {
                before.entry(*slot).or_insert(value.original_value());
            }
        }
        self.db.commit(state);
    }

    fn stop_fault(&self, stop: Stop) -> Fault {
        let limits = &self.limits;
        match stop {
            Stop::Deadline => self.deadline.fault(),
            Stop::Trace => Fault::limit(
                "max_trace_bytes",
                limits.max_trace_bytes,
                "the trace is larger; trace less, or with callTracer",
            ),
        }
    }
}

/// A block's transaction as the EVM takes it.
pub(crate) fn transaction_at(block: &FinalizedBlock, index: usize) -> Option<TxEnv> {
    let transaction = block.block.transactions().get(index)?;
    let sender = block.senders.get(index)?;
    Some(tx_env(transaction, *sender))
}

fn relax(config: &mut CfgEnv) {
    config.disable_nonce_check = true;
    config.disable_eip3607 = true;
    config.disable_block_gas_limit = true;
    config.tx_gas_limit_cap = Some(u64::MAX);
}

/// The guard's refusal of a party, as the pool words it.
pub(crate) fn blocked_fault(directive: &Directive) -> Fault {
    let (alert, until) = (directive.alert_id, directive.until);
    let message = format!(
        "blocked by {} until {until} (unix seconds): {} is blocked by this chain's guard",
        directive_name(alert),
        directive.target
    );
    Fault::server(message).with_data(json!({
        "address": directive.target,
        "alertId": alert,
        "until": until,
    }))
}

/// The result of a call: what it returned, or its error.
pub(crate) fn returned(result: ExecutionResult) -> CallResult<alloy_primitives::Bytes> {
    match result {
        ExecutionResult::Success { output, .. } => Ok(output.into_data()),
        ExecutionResult::Revert { output, .. } => Err(reverted(output)),
        ExecutionResult::Halt { reason, .. } => Err(Fault::server(halt_words(&reason))),
    }
}
