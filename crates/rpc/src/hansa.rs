//! The `hansa` namespace: what Ethereum has no word for.

use crate::{
    api::{Certificate, Operator},
    errors::{CallResult, Fault},
    eth::fees::fee_quantity,
    method::{Method, handler},
    node::Node,
};
use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, U64, U256};
use serde::Serialize;
use serde_json::Value;

pub(crate) const METHODS: &[Method] = &[
    Method::new(
        "hansa_status",
        "The chain, its head and this node in one answer.",
        &[],
        "Status",
        handler!(node, _args => status(node)?),
    ),
    Method::new(
        "hansa_peers",
        "The other operators and whether a session with them is up.",
        &[],
        "Peer[]",
        handler!(node, _args => node.context.node.peers()),
    ),
    Method::new(
        "hansa_load",
        "How busy each chain that this node runs keeps its machine.",
        &[],
        "Load",
        handler!(node, _args => node.context.node.load()),
    ),
    Method::new(
        "hansa_getCertificate",
        "The quorum's signatures that made a block final, encoded and decoded.",
        &["block: blockId?"],
        "Certificate?",
        handler!(node, args => certificate(node, args.opt(0)?).await?),
    ),
    Method::new(
        "hansa_getProof",
        "QMDB proofs of an account and of slots against a block's state root.",
        &["address: address", "slots: quantity[]?", "block: blockId?"],
        "Proof",
        handler!(node, args => proof(node, args.get(0)?, args.opt(1)?, args.opt(2)?).await?),
    ),
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    client_version: String,
    name: String,
    chain_id: U64,
    /// keccak256 of the canonical genesis file.
    genesis: B256,
    head: Head,
    /// The oldest block after the genesis block that this node has: 1, unless it joined from state.
    oldest_block: U64,
    /// Blocks whose state can be read.
    oldest_state: U64,
    next_base_fee_per_gas: U64,
    /// An idle chain makes a block so often, milliseconds.
    heartbeat_ms: u64,
    syncing: bool,
    operator: Option<Operator>,
    operators: usize,
    peers_connected: usize,
    pending: usize,
    queued: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    number: U64,
    hash: B256,
    timestamp_ms: U64,
    state_root: B256,
    proposer: B256,
}

fn status(node: &Node) -> CallResult<Status> {
    let head = node.head()?;
    let header = head.block.header();
    let context = &node.context;
    let (pending, queued) = context.pool.status();
    Ok(Status {
        client_version: context.node.client_version(),
        name: context.genesis.name.clone(),
        chain_id: U64::from(node.chain_id()),
        genesis: node.genesis_hash,
        head: Head {
            number: U64::from(header.number),
            hash: head.block.hash(),
            timestamp_ms: U64::from(header.timestamp_ms),
            state_root: header.state.root,
            proposer: B256::from_slice(header.proposer().as_ref()),
        },
        oldest_block: U64::from(node.chain.oldest()),
        oldest_state: U64::from(context.state.range().0),
        next_base_fee_per_gas: fee_quantity(node, &head),
        heartbeat_ms: header.terms.heartbeat_ms,
        syncing: context.node.syncing().is_some(),
        operator: context.node.operator(),
        operators: context.genesis.operators.len(),
        peers_connected: context
            .node
            .peers()
            .iter()
            .filter(|peer| peer.connected)
            .count(),
        pending,
        queued,
    })
}

async fn certificate(node: &Node, id: Option<BlockId>) -> CallResult<Option<Certificate>> {
    match node.number(id.unwrap_or_default())? {
        Some(number) => node.context.node.certificate(number).await,
        None => Ok(None),
    }
}

async fn proof(
    node: &Node,
    address: Address,
    slots: Option<Vec<U256>>,
    id: Option<BlockId>,
) -> CallResult<Value> {
    let slots = slots.unwrap_or_default();
    let most = node.config.limits.max_proof_slots;
    if slots.len() > most {
        let what = format!("{} slots asked for", slots.len());
        return Err(Fault::limit("max_proof_slots", most, what));
    }
    let number = node
        .number(id.unwrap_or_default())?
        .ok_or_else(Fault::header_not_found)?;
    let slots = slots.into_iter().map(B256::from).collect();
    node.context.node.proof(address, slots, number).await
}
