//! The `debug` namespace: traces of what ran, and raw encodings.
//!
//! A block is traced by running it again from its parent's state. The whole trace of a request has
//! one deadline (`call_timeout_ms`) and one budget (`max_trace_bytes`); with `timeout`, a client gives each
//! transaction less.

use crate::{
    duration,
    errors::{CallResult, Fault},
    eth::call::{Given, call_checks, prepare},
    exec::{BeyondCalls, Checks, Session, TraceCosts, check_withdrawals, transaction_at},
    method::{Method, handler},
    node::Node,
};
use alloy_consensus::TxReceipt as _;
use alloy_eips::{BlockId, BlockNumberOrTag, eip2718::Encodable2718 as _};
use alloy_primitives::{B256, Bytes};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_rpc_types_trace::{
    common::TraceResult,
    geth::{GethDebugTracerType, GethDebugTracingCallOptions, GethDebugTracingOptions, GethTrace},
};
use commonware_codec::Encode as _;
use hansa_index::FinalizedBlock;
use revm::context::TxEnv;
use revm_inspectors::tracing::{DebugInspector, DebugInspectorError, TransactionContext};
use serde::Deserialize;
use std::{fmt::Display, sync::Arc, time::Duration};

pub(crate) const METHODS: &[Method] = &[
    Method::new(
        "debug_traceTransaction",
        "Runs a finalized transaction again and records it: struct logs, callTracer, prestateTracer.",
        &["hash: hash", "options: TraceOptions?"],
        "Trace",
        handler!(node, args => {
            trace_transaction(node, args.get(0)?, args.opt(1)?.unwrap_or_default()).await?
        }),
    ),
    Method::new(
        "debug_traceCall",
        "Runs a call on a block's state, or on the one before its transaction `txIndex`, and records it.",
        &[
            "call: CallRequest",
            "block: blockId?",
            "options: TraceOptions?",
        ],
        "Trace",
        handler!(node, args => {
            let beyond: Option<CallOptions> = args.opt(2)?;
            check_withdrawals(beyond.and_then(|given| given.block_overrides))?;
            let options: Option<GethDebugTracingCallOptions> = args.opt(2)?;
            trace_call(node, args.get(0)?, args.opt(1)?, options.unwrap_or_default()).await?
        }),
    ),
    Method::new(
        "debug_traceBlockByNumber",
        "Runs all transactions of a block again and records them.",
        &["block: blockTag", "options: TraceOptions?"],
        "Trace[]",
        handler!(node, args => {
            let tag: BlockNumberOrTag = args.get(0)?;
            trace_block(node, tag.into(), args.opt(1)?.unwrap_or_default()).await?
        }),
    ),
    Method::new(
        "debug_traceBlockByHash",
        "Runs all transactions of a block again and records them.",
        &["hash: hash", "options: TraceOptions?"],
        "Trace[]",
        handler!(node, args => {
            let hash: B256 = args.get(0)?;
            trace_block(node, hash.into(), args.opt(1)?.unwrap_or_default()).await?
        }),
    ),
    Method::new(
        "debug_getRawTransaction",
        "A finalized or waiting transaction in its EIP-2718 encoding.",
        &["hash: hash"],
        "bytes?",
        handler!(node, args => raw_transaction(node, args.get(0)?)?),
    ),
    Method::new(
        "debug_getRawHeader",
        "The header of a block in Hansa's encoding, which is not RLP; its keccak256 is the block's hash.",
        &["block: blockId"],
        "bytes?",
        handler!(node, args => {
            let block = node.block(args.get(0)?)?;
            block.map(|found| Bytes::from(found.block.header().encode()))
        }),
    ),
    Method::new(
        "debug_getRawBlock",
        "A block in Hansa's encoding, which is not RLP; it begins with the header.",
        &["block: blockId"],
        "bytes?",
        handler!(node, args => {
            let block = node.block(args.get(0)?)?;
            block.map(|found| Bytes::from(found.block.encode()))
        }),
    ),
    Method::new(
        "debug_getRawReceipts",
        "The receipts of a block in their EIP-2718 encoding.",
        &["block: blockId"],
        "bytes[]?",
        handler!(node, args => raw_receipts(node, args.get(0)?)?),
    ),
];

/// The part of a traced call's options that [`GethDebugTracingCallOptions`] leave out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallOptions {
    block_overrides: Option<BeyondCalls>,
}

type BlockTrace = Vec<TraceResult<GethTrace, String>>;

fn raw_transaction(node: &Node, hash: B256) -> CallResult<Option<Bytes>> {
    if let Some(located) = node.chain.transaction(hash)? {
        return Ok(Some(located.transaction.encoded_2718().into()));
    }
    let waiting = node.context.pool.transaction(hash);
    Ok(waiting.map(|pooled| pooled.transaction.encoded_2718().into()))
}

fn raw_receipts(node: &Node, id: BlockId) -> CallResult<Option<Vec<Bytes>>> {
    let Some(block) = node.block(id)? else {
        return Ok(None);
    };
    let receipts = block.receipts.iter();
    let encoded = receipts.map(|receipt| receipt.with_bloom_ref().encoded_2718().into());
    Ok(Some(encoded.collect()))
}

fn tracer_fault(error: DebugInspectorError<impl Display>) -> Fault {
    match error {
        DebugInspectorError::Database(error) => Fault::internal(error),
        DebugInspectorError::InvalidTracerConfig => Fault::params("invalid tracer config"),
        DebugInspectorError::UnsupportedTracer | DebugInspectorError::JsTracerNotEnabled => {
            Fault::server(
                "tracer not found: there are callTracer, prestateTracer, 4byteTracer, \
                 flatCallTracer, erc7562Tracer, muxTracer and noopTracer, and the struct logger \
                 by default",
            )
        }
        error @ DebugInspectorError::MuxInspector(_) => Fault::params(error.to_string()),
    }
}

/// The tracer, or the error that the options deserve.
fn tracer(options: &GethDebugTracingOptions) -> CallResult<DebugInspector> {
    if let Some(GethDebugTracerType::JsTracer(_)) = &options.tracer {
        let unknown: DebugInspectorError = DebugInspectorError::JsTracerNotEnabled;
        return Err(tracer_fault(unknown));
    }
    DebugInspector::new(options.clone()).map_err(tracer_fault)
}

/// How a client wants a transaction traced.
struct Tracing {
    options: GethDebugTracingOptions,
    /// The longest that one transaction may run, if less than the node allows.
    timeout: Option<Duration>,
}

impl Tracing {
    fn new(options: GethDebugTracingOptions) -> CallResult<Self> {
        let read = |text: &String| {
            let words = || Fault::params(format!("time: invalid duration {text:?}"));
            duration::parse(text).ok_or_else(words)
        };
        let timeout = options.timeout.as_ref().map(read).transpose()?;
        Ok(Self { options, timeout })
    }
}

fn costs(session: &Session, tracer: &DebugInspector) -> TraceCosts {
    let (steps, memory) = match tracer {
        DebugInspector::Default(_, config) => (true, config.is_memory_enabled()),
        DebugInspector::Mux(..) | DebugInspector::Erc7562Tracer(..) => (true, true),
        // The call tracers record frames, the prestate tracer what was touched.
        _ => (false, false),
    };
    TraceCosts {
        left: session.limits.max_trace_bytes,
        steps,
        memory,
    }
}

/// Runs and records `tx`; what it does stays in the session.
fn trace(
    session: &mut Session,
    tx: TxEnv,
    checks: Checks,
    tracing: &Tracing,
    place: Option<TransactionContext>,
) -> CallResult<GethTrace> {
    let inspector = tracer(&tracing.options)?;
    let costs = costs(session, &inspector);
    let deadline = session.deadline.clone();
    session.deadline = deadline.within(tracing.timeout);
    let (outcome, mut inspector) = session.run(tx.clone(), checks, inspector, costs)?;
    session.deadline = deadline;
    let block = session.params.env();
    let result = inspector.get_result(place, &tx, &block, &outcome, &mut session.db);
    session.commit(outcome.state);
    result.map_err(tracer_fault)
}

fn place(block: &FinalizedBlock, index: usize) -> TransactionContext {
    let transaction = block.block.transactions().get(index);
    TransactionContext {
        block_hash: Some(block.block.hash()),
        tx_index: Some(index),
        tx_hash: transaction.map(|transaction| *transaction.tx_hash()),
    }
}

async fn trace_transaction(
    node: &Arc<Node>,
    hash: B256,
    options: GethDebugTracingOptions,
) -> CallResult<GethTrace> {
    let tracing = Tracing::new(options)?;
    let missing = || Fault::server("transaction not found");
    let located = node.chain.transaction(hash)?.ok_or_else(missing)?;
    let block = node
        .chain
        .block(located.block_number)?
        .ok_or_else(missing)?;
    let index = located.index as usize;
    let shared = node.clone();
    node.heavy(move |deadline| {
        let mut session = Session::before(&shared, &block, deadline)?;
        session.replay(&block, index)?;
        let tx = transaction_at(&block, index).ok_or_else(missing)?;
        let at = Some(place(&block, index));
        trace(&mut session, tx, Checks::Block, &tracing, at)
    })
    .await
}

async fn trace_block(
    node: &Arc<Node>,
    id: BlockId,
    options: GethDebugTracingOptions,
) -> CallResult<BlockTrace> {
    let tracing = Tracing::new(options)?;
    let missing = || Fault::server("block not found");
    let block = node.block(id)?.ok_or_else(missing)?;
    let shared = node.clone();
    node.heavy(move |deadline| {
        let mut session = Session::before(&shared, &block, deadline)?;
        let mut traces = Vec::new();
        let mut bytes = 0;
        let most = session.limits.max_trace_bytes;
        for index in 0..block.block.transactions().len() {
            let Some(tx) = transaction_at(&block, index) else {
                break;
            };
            let at = place(&block, index);
            let tx_hash = at.tx_hash;
            let traced = trace(&mut session, tx, Checks::Block, &tracing, Some(at))?;
            bytes += serde_json::to_vec(&traced).map_or(0, |text| text.len() as u64);
            if bytes > most {
                let what = "the block's trace is larger; trace single transactions";
                return Err(Fault::limit("max_trace_bytes", most, what));
            }
            traces.push(TraceResult::Success {
                result: traced,
                tx_hash,
            });
        }
        Ok(traces)
    })
    .await
}

async fn trace_call(
    node: &Arc<Node>,
    request: TransactionRequest,
    block: Option<BlockId>,
    options: GethDebugTracingCallOptions,
) -> CallResult<GethTrace> {
    if block == Some(BlockId::pending()) {
        return Err(Fault::server("tracing on top of pending is not supported"));
    }
    let given = Given {
        request,
        block,
        index: options.tx_index,
        state: options.state_overrides,
        overrides: options.block_overrides,
    };
    let tracing = Tracing::new(options.tracing_options)?;
    given
        .on(node, move |session, request| {
            let cap = session.limits.call_gas;
            let tx = prepare(session, &request, cap)?;
            let checks = call_checks(session, &tx)?;
            trace(session, tx, checks, &tracing, None)
        })
        .await
}
