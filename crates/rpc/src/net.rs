//! The `net` and `web3` namespaces.

use crate::method::{Method, handler};
use alloy_primitives::{Bytes, U64, keccak256};

pub(crate) const METHODS: &[Method] = &[
    Method::new(
        "net_version",
        "The chain id, decimal.",
        &[],
        "string",
        handler!(node, _args => node.chain_id().to_string()),
    ),
    Method::new(
        "net_listening",
        "Always true.",
        &[],
        "boolean",
        handler!(_node, _args => true),
    ),
    Method::new(
        "net_peerCount",
        "How many operators this node has a session with.",
        &[],
        "quantity",
        handler!(node, _args => {
            let peers = node.context.node.peers();
            U64::from(peers.iter().filter(|peer| peer.connected).count())
        }),
    ),
    Method::new(
        "web3_clientVersion",
        "Name and version of the node.",
        &[],
        "string",
        handler!(node, _args => node.context.node.client_version()),
    ),
    Method::new(
        "web3_sha3",
        "keccak256 of bytes.",
        &["data: bytes"],
        "hash",
        handler!(_node, args => keccak256(args.get::<Bytes>(0)?)),
    ),
];
