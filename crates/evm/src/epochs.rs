//! What a block does after its last transaction: fees, who took part, and the committee of the next epoch.

use crate::{
    BlockDb, BlockParams, ChainRules, Closing, Evm,
    executor::{ExecutionError, state_error},
    precompiles::JournalHost,
    system,
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::STAKING;
use hansa_modules::{
    messages,
    staking::{self, BlockEnd, Committee},
};
use hansa_primitives::{Inputs, Outbox};
use revm::{
    Database,
    context_interface::{ContextTr, JournalTr},
};

/// Parts in a whole, for shares.
const BPS: u64 = 10_000;

/// The end of a block.
pub(crate) struct EndedBlock {
    /// Wei that come from nowhere in the EVM: base fees, which it burns, and what is issued.
    pub(crate) credits: Vec<(Address, U256)>,
    pub(crate) next_committee: B256,
    pub(crate) outbox: Outbox,
    pub(crate) fixed: Option<Committee>,
}

/// Runs the end of a block in its journal.
pub(crate) fn end_block<D: Database>(
    evm: &mut Evm<D>,
    rules: &ChainRules,
    params: &BlockParams,
    closing: &Closing,
    inputs: &Inputs,
    fees: U256,
) -> Result<EndedBlock, ExecutionError> {
    let context = &mut evm.ctx;
    if rules.genesis.zone.is_some() {
        // The hub chooses a zone's operators: each has its share of the fees with the blocks that it proposes.
        let share = rules.genesis.staking.fee_share_bps;
        let operators = fees * U256::from(share) / U256::from(BPS);
        let parent = context.journal_mut().db_mut();
        let next_committee = next_committee(parent, rules, params, closing)?;
        let outbox = messages::outbox(&mut JournalHost { context });
        return Ok(EndedBlock {
            credits: vec![
                (rules.treasury, fees - operators),
                (params.beneficiary, operators),
            ],
            next_committee,
            outbox: outbox.map_err(state_error)?,
            fixed: system::fixed_committee(rules, params, inputs),
        });
    }
    // A chain of tests.
    if rules.genesis.operators.is_empty() {
        return Ok(EndedBlock {
            credits: vec![(rules.treasury, fees)],
            next_committee: closing.committee,
            outbox: Outbox::default(),
            fixed: None,
        });
    }
    // A share that changes counts from the next block on.
    let parent = context.journal_mut().db_mut();
    let share = staking::fee_share_bps(parent).map_err(state_error)?;
    let rewards = fees * U256::from(share) / U256::from(BPS);
    let next_committee = next_committee(parent, rules, params, closing)?;
    let end = BlockEnd {
        block: params.module_block(rules.chain_id),
        proposer: closing.proposer,
        signers: closing.signers.as_deref(),
        fees: rewards,
    };
    context
        .journal_mut()
        .load_account(STAKING)
        .map_err(state_error)?;
    let ended = staking::end_block(&mut JournalHost { context }, &end).map_err(state_error)?;
    Ok(EndedBlock {
        credits: vec![
            (rules.treasury, fees - rewards),
            (STAKING, rewards + ended.minted),
        ],
        next_committee,
        outbox: Outbox::default(),
        fixed: ended.next,
    })
}

/// The committee of the next block: fixed some blocks ago, so that the parent's state has it.
fn next_committee<D: Database>(
    parent: &mut BlockDb<D>,
    rules: &ChainRules,
    params: &BlockParams,
    closing: &Closing,
) -> Result<B256, ExecutionError> {
    if !rules.epochs.hands_over(params.number) {
        return Ok(closing.committee);
    }
    let next = rules.epochs.epoch_of(params.number) + 1;
    let committee = staking::committee(parent, next).map_err(state_error)?;
    committee
        .map(|committee| committee.id())
        .ok_or_else(|| ExecutionError::State(format!("no committee for epoch {next}")))
}
