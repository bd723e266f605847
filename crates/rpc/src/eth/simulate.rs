//! `eth_simulateV1`: blocks of calls on top of a finalized block, each seeing those before it.
//!
//! Simulated blocks carry no state root: nobody commits to their state.

use crate::{
    errors::{CallResult, Fault},
    eth::call::{check_guard, check_party, prepare, transaction_gas},
    eth::simulated::{Gathered, envelope, shown},
    exec::{Checks, NoCosts, Session, apply_block, apply_state, invalid_fault},
    limits::Limits,
    method::{Method, handler},
    node::Node,
};
use alloy_consensus::{
    EMPTY_OMMER_ROOT_HASH, EMPTY_ROOT_HASH, Header, TxEnvelope, transaction::Recovered,
};
use alloy_eips::{
    BlockId, eip1559::calc_next_block_base_fee, eip4895::Withdrawals, eip7685::EMPTY_REQUESTS_HASH,
};
use alloy_primitives::{B256, U256};
use alloy_rpc_types_eth::{
    Block, BlockTransactions, Header as RpcHeader, TransactionRequest,
    simulate::{SimBlock, SimulatePayload, SimulatedBlock},
};
use hansa_evm::BlockParams;
use hansa_index::FinalizedBlock;
use hansa_primitives::{Inputs, Terms, receipts_bloom, receipts_root, transactions_root};
use revm::{
    Database as _,
    context::TxEnv,
    context_interface::result::{InvalidTransaction, ResultAndState},
    inspector::NoOpInspector,
};
use revm_inspectors::transfer::TransferInspector;
use serde_json::Value;
use std::{cmp::Ordering, sync::Arc};

pub(crate) const METHODS: &[Method] = &[Method::new(
    "eth_simulateV1",
    "Runs blocks of calls on a block's state, with overrides, and returns the blocks, 12 s apart where no time is given. Their state root is zero.",
    &["payload: SimulatePayload", "block: blockId?"],
    "SimulatedBlock[]",
    handler!(node, args => {
        refuse_withdrawals(&args.get(0)?)?;
        simulate(node, args.get(0)?, args.opt(1)?).await?
    }),
)];

/// A block that is given no time is this much after the one before it (as go-ethereum), seconds.
const TIME_STEP: u64 = 12;
/// Most calls in all, for each block that there may be.
const CALLS_PER_BLOCK: usize = 4;

/// Codes of the execution-apis for this method.
mod code {
    pub(super) const NONCE_TOO_LOW: i32 = -38010;
    pub(super) const NONCE_TOO_HIGH: i32 = -38011;
    pub(super) const BASE_FEE_TOO_LOW: i32 = -38012;
    pub(super) const INTRINSIC_GAS: i32 = -38013;
    pub(super) const INSUFFICIENT_FUNDS: i32 = -38014;
    pub(super) const BLOCK_GAS_LIMIT: i32 = -38015;
    pub(super) const NUMBER_ORDER: i32 = -38020;
    pub(super) const TIME_ORDER: i32 = -38021;
    pub(super) const SENDER_NOT_EOA: i32 = -38024;
    pub(super) const INIT_CODE: i32 = -38025;
    pub(super) const CLIENT_LIMIT: i32 = -38026;
}

/// The method's own code for a transaction that cannot run.
fn recode(mut fault: Fault) -> Fault {
    let table = [
        ("nonce too low", code::NONCE_TOO_LOW),
        ("nonce too high", code::NONCE_TOO_HIGH),
        (
            "max fee per gas less than block base fee",
            code::BASE_FEE_TOO_LOW,
        ),
        ("intrinsic gas too low", code::INTRINSIC_GAS),
        ("insufficient gas for floor", code::INTRINSIC_GAS),
        ("insufficient funds", code::INSUFFICIENT_FUNDS),
        ("sender not an eoa", code::SENDER_NOT_EOA),
        ("max initcode size exceeded", code::INIT_CODE),
    ];
    let known = table
        .iter()
        .find(|(words, _)| fault.message.starts_with(words));
    if let Some((_, code)) = known {
        fault.code = *code;
    }
    fault
}

/// No chain here has withdrawals: a block would not be what was asked for.
fn refuse_withdrawals(payload: &Value) -> CallResult<()> {
    let blocks = payload["blockStateCalls"].as_array();
    let asked = blocks.into_iter().flatten().any(|block| {
        let withdrawals = block["blockOverrides"]["withdrawals"].as_array();
        withdrawals.is_some_and(|all| !all.is_empty())
    });
    if asked {
        let what = "block override \"withdrawals\" is not supported: no chain here has any";
        return Err(Fault::params(what));
    }
    Ok(())
}

type Simulated = SimulatedBlock<Block>;

async fn simulate(
    node: &Arc<Node>,
    payload: SimulatePayload,
    id: Option<BlockId>,
) -> CallResult<Vec<Simulated>> {
    if payload.block_state_calls.is_empty() {
        return Err(Fault::params("empty input"));
    }
    let base = node.state_block(id)?;
    let shared = node.clone();
    node.heavy(move |deadline| {
        let session = Session::after(&shared.context, shared.config.limits, &base, deadline)?;
        Simulation::new(session, &base, &payload).run(payload.block_state_calls)
    })
    .await
}

/// A simulation under way.
struct Simulation {
    session: Session,
    /// The block that the next one stands on.
    parent: Header,
    parent_hash: B256,
    base_number: u64,
    /// What the block that it stands on kept to.
    terms: Terms,
    gas_left: u64,
    trace_transfers: bool,
    validation: bool,
    full: bool,
}

impl Simulation {
    fn new(session: Session, base: &FinalizedBlock, payload: &SimulatePayload) -> Self {
        let header = base.block.header();
        Self {
            gas_left: session.limits.call_gas,
            session,
            parent: Header {
                number: header.number,
                timestamp: header.timestamp(),
                gas_limit: header.terms.gas_limit,
                gas_used: header.gas_used,
                base_fee_per_gas: Some(header.base_fee_per_gas),
                beneficiary: header.beneficiary,
                ..Header::default()
            },
            parent_hash: base.block.hash(),
            base_number: header.number,
            terms: header.terms,
            trace_transfers: payload.trace_transfers,
            validation: payload.validation,
            full: payload.return_full_transactions,
        }
    }

    fn run(mut self, blocks: Vec<SimBlock>) -> CallResult<Vec<Simulated>> {
        check_size(&blocks, &self.session.limits)?;
        let mut simulated = Vec::new();
        for block in blocks {
            let asked = block
                .block_overrides
                .as_ref()
                .and_then(|given| given.number);
            let number = match asked {
                Some(number) => number.saturating_to(),
                None => self.parent.number.saturating_add(1),
            };
            self.check_number(number)?;
            // Blocks that the caller skipped are there, and empty.
            while self.parent.number + 1 < number {
                simulated.push(self.block(SimBlock::default())?);
            }
            simulated.push(self.block(block)?);
        }
        Ok(simulated)
    }

    fn check_number(&self, number: u64) -> CallResult<()> {
        if number <= self.parent.number {
            let message = format!(
                "block numbers must be in order: {number} <= {}",
                self.parent.number
            );
            return Err(Fault::new(code::NUMBER_ORDER, message));
        }
        let limits = &self.session.limits;
        if number - self.base_number > limits.max_simulated_blocks as u64 {
            return Err(too_many(limits));
        }
        Ok(())
    }

    /// The environment of the next block.
    fn params(&self, block: &SimBlock) -> CallResult<BlockParams> {
        let parent = &self.parent;
        let given = block.block_overrides.as_ref();
        let time = given.and_then(|given| given.time);
        let time = time.unwrap_or(parent.timestamp.saturating_add(TIME_STEP));
        if time <= parent.timestamp {
            let message = format!(
                "block timestamps must be in order: {time} <= {}",
                parent.timestamp
            );
            return Err(Fault::new(code::TIME_ORDER, message));
        }
        let fees = &self.session.rules.genesis.fees;
        let base_fee = if self.validation {
            calc_next_block_base_fee(
                parent.gas_used,
                parent.gas_limit,
                parent.base_fee_per_gas.unwrap_or_default(),
                fees.base_fee_params(),
            )
            .max(self.terms.min_base_fee)
        } else {
            0
        };
        Ok(BlockParams {
            number: parent.number + 1,
            timestamp_ms: time.saturating_mul(1_000),
            beneficiary: parent.beneficiary,
            terms: Terms {
                gas_limit: parent.gas_limit,
                ..self.terms
            },
            base_fee_per_gas: base_fee,
            parent_hash: self.parent_hash,
        })
    }

    fn block(&mut self, block: SimBlock) -> CallResult<Simulated> {
        self.session.params = self.params(&block)?;
        self.session.replaced.clear();
        self.session.blob_base_fee = None;
        self.session.begin_block(&Inputs::default())?;
        if let Some(overrides) = block.state_overrides {
            apply_state(&mut self.session, overrides)?;
        }
        let mut beacon_root = B256::ZERO;
        if let Some(mut overrides) = block.block_overrides {
            beacon_root = overrides.beacon_root.unwrap_or_default();
            overrides.number = None;
            overrides.time = None;
            apply_block(&mut self.session, &overrides)?;
        }
        let mut gathered = Gathered::default();
        for request in block.calls {
            self.call(request, &mut gathered)?;
        }
        Ok(self.seal(gathered, beacon_root))
    }

    fn call(&mut self, request: TransactionRequest, gathered: &mut Gathered) -> CallResult<()> {
        let session = &mut self.session;
        let remaining = session
            .params
            .terms
            .gas_limit
            .saturating_sub(gathered.gas_used);
        if let Some(gas) = request.gas
            && gas > remaining
        {
            let message =
                format!("block gas limit reached: remaining: {remaining}, required: {gas}");
            return Err(Fault::new(code::BLOCK_GAS_LIMIT, message));
        }
        let mut most = remaining.min(self.gas_left);
        if self.validation && request.gas.is_none() {
            most = most.min(transaction_gas(&session.params.terms));
        }
        let tx = prepare(session, &request, most)?;
        let checks = if self.validation {
            check_nonce(session, &tx)?;
            check_guard(session, &tx)?;
            Checks::Block
        } else {
            // To a blocked address it fails by itself.
            check_party(session, tx.caller)?;
            Checks::Call
        };
        let outcome = if self.trace_transfers {
            let inspector = TransferInspector::new(false).with_logs(true);
            session
                .run(tx.clone(), checks, inspector, NoCosts)
                .map(|(outcome, _)| outcome)
        } else {
            session
                .run(tx.clone(), checks, NoOpInspector, NoCosts)
                .map(|(outcome, _)| outcome)
        };
        let ResultAndState { result, state } = outcome.map_err(recode)?;
        session.commit(state);
        let gas_used = result.gas().tx_gas_used();
        self.gas_left = self.gas_left.saturating_sub(gas_used);
        let transaction = envelope(&tx, &request);
        gathered.add(
            Recovered::new_unchecked(transaction, tx.caller),
            result,
            gas_used,
            self.trace_transfers,
        );
        Ok(())
    }

    /// Makes the block of what ran, and the parent of the next one.
    fn seal(&mut self, gathered: Gathered, beacon_root: B256) -> Simulated {
        let params = &self.session.params;
        let envelopes: Vec<TxEnvelope> = gathered
            .transactions
            .iter()
            .map(|tx| tx.inner().clone())
            .collect();
        let header = Header {
            parent_hash: self.parent_hash,
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: params.beneficiary,
            state_root: B256::ZERO,
            transactions_root: transactions_root(&envelopes),
            receipts_root: receipts_root(&gathered.receipts),
            logs_bloom: receipts_bloom(&gathered.receipts),
            number: params.number,
            gas_limit: params.terms.gas_limit,
            gas_used: gathered.gas_used,
            timestamp: params.timestamp(),
            mix_hash: params.parent_hash,
            base_fee_per_gas: Some(params.base_fee_per_gas),
            withdrawals_root: Some(EMPTY_ROOT_HASH),
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(beacon_root),
            requests_hash: Some(EMPTY_REQUESTS_HASH),
            ..Header::default()
        };
        let hash = header.hash_slow();
        let mut calls = gathered.calls;
        for log in calls.iter_mut().flat_map(|call| call.logs.iter_mut()) {
            log.block_hash = Some(hash);
            log.block_number = Some(header.number);
            log.block_timestamp = Some(header.timestamp);
        }
        let transactions = if self.full {
            let all = gathered.transactions.into_iter().enumerate();
            BlockTransactions::Full(
                all.map(|(index, tx)| shown(tx, index, hash, &header))
                    .collect(),
            )
        } else {
            BlockTransactions::Hashes(envelopes.iter().map(|tx| *tx.tx_hash()).collect())
        };
        let size = header.size()
            + envelopes
                .iter()
                .map(TxEnvelope::eip2718_encoded_length)
                .sum::<usize>();
        self.parent_hash = hash;
        self.parent = header.clone();
        SimulatedBlock {
            inner: Block {
                header: RpcHeader {
                    hash,
                    inner: header,
                    total_difficulty: None,
                    size: Some(U256::from(size)),
                },
                uncles: Vec::new(),
                transactions,
                withdrawals: Some(Withdrawals::default()),
            },
            calls,
        }
    }
}

/// Before anything else about a transaction, as go-ethereum does it: revm looks at its fees first.
fn check_nonce(session: &mut Session, tx: &TxEnv) -> CallResult<()> {
    let state = session.db.basic(tx.caller)?.unwrap_or_default().nonce;
    let wrong = match tx.nonce.cmp(&state) {
        Ordering::Equal => return Ok(()),
        Ordering::Less => InvalidTransaction::NonceTooLow {
            tx: tx.nonce,
            state,
        },
        Ordering::Greater => InvalidTransaction::NonceTooHigh {
            tx: tx.nonce,
            state,
        },
    };
    let base_fee = session.params.base_fee_per_gas;
    Err(recode(invalid_fault(&wrong, tx.caller, base_fee)))
}

fn most_calls(limits: &Limits) -> usize {
    // A call is about as much work as an empty block; a thousand are as many as a page can show.
    limits.max_simulated_blocks.saturating_mul(CALLS_PER_BLOCK)
}

fn too_many(limits: &Limits) -> Fault {
    let (blocks, calls) = (limits.max_simulated_blocks, most_calls(limits));
    let message = format!(
        "too many blocks or calls: at most {blocks} blocks and {calls} calls in all \
         (rpc.limits.max_simulated_blocks = {blocks})"
    );
    Fault::new(code::CLIENT_LIMIT, message)
}

fn check_size(blocks: &[SimBlock], limits: &Limits) -> CallResult<()> {
    let calls: usize = blocks.iter().map(|block| block.calls.len()).sum();
    if blocks.len() > limits.max_simulated_blocks || calls > most_calls(limits) {
        return Err(too_many(limits));
    }
    Ok(())
}
