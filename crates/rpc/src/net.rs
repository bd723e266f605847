//! The `net` and `web3` namespaces, and which namespaces there are.

use crate::method::{Method, handler};
use alloy_primitives::{Bytes, U64, keccak256};
use std::collections::BTreeMap;

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
        "rpc_modules",
        "The namespaces that are switched on, with the version of each.",
        &[],
        "Modules",
        handler!(node, _args => {
            let names = node.config.namespaces.iter().map(String::as_str);
            names.chain(["rpc"]).map(|name| (name, "1.0")).collect::<BTreeMap<_, _>>()
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
