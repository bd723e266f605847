//! `rpc.discover`: the OpenRPC document, made from the table of methods.

use crate::method::{self, Method, handler};
use serde_json::{Map, Value, json};

pub(crate) const METHODS: &[Method] = &[Method::new(
    "rpc.discover",
    "This document: every method, whether its namespace is switched on or not.",
    &[],
    "object",
    handler!(_node, _args => document()),
)];

/// The OpenRPC 1.3 document of the server. `openrpc.json` beside the sources is a copy.
pub fn document() -> Value {
    let mut methods: Vec<&Method> = method::all().collect();
    methods.sort_by_key(|method| method.name);
    json!({
        "openrpc": "1.3.2",
        "info": {
            "title": "Hansa JSON-RPC",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Ethereum JSON-RPC (ethereum/execution-apis) and the hansa namespace.",
        },
        "methods": methods.into_iter().map(describe).collect::<Vec<_>>(),
        "components": { "schemas": schemas() },
    })
}

fn describe(method: &Method) -> Value {
    let params: Vec<Value> = method
        .params
        .iter()
        .map(|param| {
            let (name, kind) = param.split_once(": ").unwrap_or((param, "object"));
            let required = !kind.ends_with('?');
            let kind = kind.trim_end_matches('?');
            json!({ "name": name, "required": required, "schema": schema(kind) })
        })
        .collect();
    json!({
        "name": method.name,
        "summary": method.summary,
        "paramStructure": "by-position",
        "params": params,
        "result": { "name": "result", "schema": schema(method.result) },
        "tags": [{ "name": method.namespace() }],
    })
}

/// The schema of a type: a base type or the name of an object, then `[]` for lists, then `?` for
/// what may be null.
fn schema(kind: &str) -> Value {
    if let Some(inner) = kind.strip_suffix('?') {
        return json!({ "oneOf": [schema(inner), { "type": "null" }] });
    }
    if let Some(inner) = kind.strip_suffix("[]") {
        return json!({ "type": "array", "items": schema(inner) });
    }
    match kind {
        "null" | "boolean" | "string" | "number" | "object" => json!({ "type": kind }),
        name => json!({ "$ref": format!("#/components/schemas/{name}") }),
    }
}

const TAGS: &[&str] = &["earliest", "finalized", "safe", "latest", "pending"];

/// Objects of the execution-apis and of Hansa, one line each.
const OBJECTS: &[(&str, &str)] = &[
    (
        "AccessListResult",
        "accessList, gasUsed and, where execution failed, error",
    ),
    (
        "AddressPage",
        "transactions, newest first: each transaction (execution-apis TransactionInfo) with timestampMs and succeeded; and next, \
         the place to give as before for older ones, null where there are none",
    ),
    (
        "AddressPaging",
        "before: a place, of which blockNumber and transactionIndex, below which to look; limit: how many, 25 without one",
    ),
    (
        "Block",
        "execution-apis Block with timestampMs and proposer; stateRoot is the QMDB root",
    ),
    (
        "BlockOverrides",
        "number, time, gasLimit, feeRecipient, prevRandao, baseFeePerGas",
    ),
    ("CallRequest", "execution-apis GenericTransaction"),
    (
        "Certificate",
        "header, finalization (encoded), epoch, view, parentView, signers, committee",
    ),
    (
        "Committee",
        "epoch, id, and seats in ascending order of keys: operatorId, name, key, feeRecipient, stake",
    ),
    (
        "Delegation",
        "operatorId, name, amount, lots, unbonding, rewards, maxLossBps (by kind of fault), autoRestake",
    ),
    (
        "Epoch",
        "epoch, firstBlock, freezeBlock, lastBlock, block, committee, nextCommittee (null until it is fixed), \
         epochBlocks, lastSelection, checkpoint (EPOCH:HASH of the last block before; null in epoch 0)",
    ),
    (
        "FeeHistory",
        "oldestBlock, baseFeePerGas, gasUsedRatio, reward",
    ),
    (
        "Filter",
        "address, topics, and fromBlock with toBlock, or blockHash",
    ),
    (
        "FilterChanges",
        "a list of logs, of hashes or of transactions",
    ),
    (
        "Finality",
        "how long blocks took from their timestamp to being final here: newest (blockNumber, ms), hour and minutes, each with count, \
         p50Ms, p90Ms, p99Ms and maxMs; minutes have at, seconds since 1970",
    ),
    (
        "Header",
        "a Block without transactions, uncles and withdrawals",
    ),
    (
        "Load",
        "machine (cores, loadAverage, memoryAvailable in bytes), and chains, the hub first: zone (null for the hub), cores and executing \
         (seconds in each second), gasPerSecond, and seconds, over which these are averages",
    ),
    ("Log", "execution-apis Log with blockTimestamp"),
    (
        "Operators",
        "total, and operators: IStaking.Operator with riskBps, nextRiskBps and nextRiskEpochs by kind of fault, seat, \
         nextSeat, and rewardRate (epochs, perEther)",
    ),
    ("Peer", "name, publicKey, address, connected"),
    (
        "PoolContent",
        "pending and queued: by sender, then by nonce",
    ),
    ("Modules", "by namespace: its version"),
    ("PoolStatus", "pending and queued"),
    ("Proof", "QMDB proofs of an account and its slots"),
    ("Receipt", "execution-apis ReceiptInfo"),
    (
        "SimulatePayload",
        "blockStateCalls, traceTransfers, validation, returnFullTransactions",
    ),
    ("SimulatedBlock", "a Block with calls"),
    (
        "SlashPreview",
        "operatorId, name, amount, and loss of the account that was asked about",
    ),
    (
        "Slashes",
        "total, and slashes: IStaking.Slash with name, and share of the account that was asked about",
    ),
    (
        "StakeExposure",
        "concentration (total, nakamoto, largest), and operators of the account that was asked about: \
         operatorId, name, amount, unbonding, worstLoss",
    ),
    (
        "StateOverrides",
        "by address: balance, nonce, code, state or stateDiff",
    ),
    ("Status", "the chain, its head and this node"),
    (
        "SyncStatus",
        "false, or startingBlock, currentBlock, highestBlock",
    ),
    (
        "Trace",
        "what the tracer makes: struct logs, a call frame, or a prestate",
    ),
    (
        "TraceOptions",
        "tracer, tracerConfig, timeout (for each transaction, as Go writes durations: 5s, 100ms), and the struct logger's switches",
    ),
    ("Transaction", "execution-apis TransactionInfo"),
    (
        "Zone",
        "IZones.Zone and its parameters, with serves: whether this node is to run it, and path: where it answers for it, null while it does not, and contradiction: the newest checkpoint that names another block than this node has, null where none does; hansa_zone adds the hub's epoch, the committee, its stake, what answers at least, and where it was reseeded",
    ),
];

fn schemas() -> Value {
    let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    let mut all = Map::new();
    all.insert("address".into(), text("^0x[0-9a-fA-F]{40}$"));
    all.insert("hash".into(), text("^0x[0-9a-fA-F]{64}$"));
    all.insert("bytes".into(), text("^0x([0-9a-fA-F]{2})*$"));
    all.insert("quantity".into(), text("^0x(0|[1-9a-fA-F][0-9a-fA-F]*)$"));
    let quantity = json!({ "$ref": "#/components/schemas/quantity" });
    let tag = json!({ "oneOf": [quantity, { "type": "string", "enum": TAGS }] });
    all.insert("blockTag".into(), tag.clone());
    let by_hash = json!({
        "type": "object",
        "description": "EIP-1898: blockHash with requireCanonical, or blockNumber",
    });
    let hash = json!({ "$ref": "#/components/schemas/hash" });
    all.insert("blockId".into(), json!({ "oneOf": [tag, hash, by_hash] }));
    for (name, description) in OBJECTS {
        all.insert((*name).into(), json!({ "description": description }));
    }
    Value::Object(all)
}
