//! `hansa init` and `hansa genesis`: the files of a league that is not local.

use super::league::failure;
use crate::{
    failure::{Failure, Outcome},
    output::Output,
    settings::Settings,
};
use alloy_primitives::Address;
use clap::{Args, Subcommand};
use hansa_node::{
    DASHBOARD_PORT, METRICS_PORT, P2P_PORT, RPC_PORT, TAXII_PORT,
    league::{self, GenesisOptions, InitOptions},
};
use hansa_primitives::{Genesis, Pace, StakingParams};
use serde_json::json;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

#[derive(Args, Debug)]
#[command(after_help = "\
Makes `key`, `node.toml` and `operator.toml` in --dir. Hand operator.toml to the others; run it again
with their files as --peer-file: the key is kept.

Examples:
  hansa init --dir operator --name alpha --fee-recipient 0x... --address 203.0.113.7:9545
  hansa init --dir operator --name alpha --fee-recipient 0x... --address 203.0.113.7:9545 \\
      --peer-file beta.toml --peer-file gamma.toml")]
pub(crate) struct InitArgs {
    /// A name for people
    #[arg(long)]
    name: String,
    /// Receives the tips of the operator's blocks
    #[arg(long, value_name = "ADDRESS")]
    fee_recipient: Address,
    /// Where the other operators reach this node
    #[arg(long, value_name = "IP:PORT")]
    address: SocketAddr,
    /// Where the node listens for them
    #[arg(long, value_name = "IP:PORT", default_value_t = any(P2P_PORT))]
    p2p_listen: SocketAddr,
    /// Where JSON-RPC listens
    #[arg(long, value_name = "IP:PORT", default_value_t = local(RPC_PORT))]
    rpc_listen: SocketAddr,
    /// Where TAXII listens
    #[arg(long, value_name = "IP:PORT", default_value_t = local(TAXII_PORT))]
    taxii_listen: SocketAddr,
    /// Where the dashboard is served
    #[arg(long, value_name = "IP:PORT", default_value_t = local(DASHBOARD_PORT))]
    dashboard_listen: SocketAddr,
    /// Where metrics are served
    #[arg(long, value_name = "IP:PORT", default_value_t = local(METRICS_PORT))]
    metrics_listen: SocketAddr,
    /// Another operator's operator.toml
    #[arg(long, value_name = "FILE")]
    peer_file: Vec<PathBuf>,
    /// The operators have private addresses
    #[arg(long)]
    allow_private_ips: bool,
    /// The league's genesis, relative to --dir
    #[arg(long, value_name = "FILE", default_value = "genesis.toml")]
    genesis: PathBuf,
}

const fn local(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

const fn any(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)
}

#[derive(Debug, Subcommand)]
pub(crate) enum GenesisCommand {
    /// Make a genesis from operators' and members' files
    New(NewArgs),
    /// Check a genesis by every rule of the chain
    Check(FileArgs),
    /// Print a genesis's hash
    Hash(FileArgs),
    /// Print a genesis with all its values
    Show(FileArgs),
}

#[derive(Args, Debug)]
#[command(after_help = "\
A member's file: name, address (of its account), and optionally contact, x25519, roles, weight.

Examples:
  hansa genesis new --chain-id 48571 --name \"Baltic league\" --operator alpha.toml \\
      --operator beta.toml --member port-of-riga.toml --out genesis.toml")]
pub(crate) struct NewArgs {
    /// EIP-155 chain id
    #[arg(long, value_name = "ID")]
    chain_id: u64,
    /// A name for people
    #[arg(long)]
    name: String,
    /// An operator's operator.toml
    #[arg(long, value_name = "FILE", required = true)]
    operator: Vec<PathBuf>,
    /// A member's file
    #[arg(long, value_name = "FILE")]
    member: Vec<PathBuf>,
    /// Accounts of the first block (TOML)
    #[arg(long, value_name = "FILE")]
    alloc: Option<PathBuf>,
    /// When it begins, milliseconds since the Unix epoch [default: now]
    #[arg(long, value_name = "MS")]
    timestamp_ms: Option<u64>,
    /// Blocks are at least this far apart
    #[arg(long, value_name = "MS", default_value_t = Pace::default().min_block_interval_ms)]
    block_interval_ms: u64,
    /// An idle league makes a block this often
    #[arg(long, value_name = "MS", default_value_t = Pace::default().heartbeat_ms)]
    heartbeat_ms: u64,
    /// Blocks of an epoch: the committee can change after each
    #[arg(long, value_name = "BLOCKS", default_value_t = StakingParams::default().epoch_blocks)]
    epoch_blocks: u64,
    /// How many blocks before the last one of an epoch the next committee is fixed [default: a tenth of an epoch]
    #[arg(long, value_name = "BLOCKS")]
    freeze_blocks: Option<u64>,
    /// The new file, TOML or JSON by its ending
    #[arg(long, value_name = "FILE", default_value = "genesis.toml")]
    out: PathBuf,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  hansa genesis check genesis.toml")]
pub(crate) struct FileArgs {
    /// The genesis, TOML or JSON by its ending
    file: PathBuf,
}

pub(crate) fn init(arguments: &InitArgs, settings: &Settings, output: Output) -> Outcome {
    let peers = arguments.peer_file.iter();
    let peers = peers.map(|path| league::read_operator_file(path));
    let options = InitOptions {
        name: arguments.name.clone(),
        fee_recipient: arguments.fee_recipient,
        address: arguments.address,
        p2p_listen: arguments.p2p_listen,
        rpc_listen: arguments.rpc_listen,
        taxii_listen: arguments.taxii_listen,
        dashboard_listen: arguments.dashboard_listen,
        metrics_listen: arguments.metrics_listen,
        peers: peers.collect::<Result<_, _>>().map_err(failure)?,
        allow_private_ips: arguments.allow_private_ips,
        genesis: arguments.genesis.clone(),
    };
    let made = league::init(&settings.dir.value, &options).map_err(failure)?;
    output.result(&made, || {
        let key = if made.kept_key { "kept" } else { "new" };
        format!(
            "public key {} ({key})\nhand {} to the other operators and to whoever makes the genesis\n\
             then: hansa node --config {}",
            made.public_key,
            made.operator_file.display(),
            made.config.display()
        )
    })
}

pub(crate) fn run(command: &GenesisCommand, output: Output) -> Outcome {
    match command {
        GenesisCommand::New(arguments) => new(arguments, output),
        GenesisCommand::Check(arguments) => {
            let (genesis, hash) = load(arguments)?;
            league::check_genesis(&arguments.file, &genesis).map_err(failure)?;
            let (operators, members) = (genesis.operators.len(), genesis.members.len());
            let document = json!({
                "valid": true,
                "hash": hash,
                "chain_id": genesis.chain_id,
                "operators": operators,
                "members": members,
            });
            output.result(&document, || {
                format!("valid: {operators} operators, {members} members, hash {hash}")
            })
        }
        GenesisCommand::Hash(arguments) => {
            let (_, hash) = load(arguments)?;
            output.result(&json!({ "hash": hash }), || hash)
        }
        GenesisCommand::Show(arguments) => {
            let (genesis, hash) = load(arguments)?;
            let document = json!({ "hash": hash, "genesis": genesis });
            output.result(&document, || format!("# hash {hash}\n{}", toml(&genesis)))
        }
    }
}

fn new(arguments: &NewArgs, output: Output) -> Outcome {
    let genesis = league::new_genesis(&GenesisOptions {
        chain_id: arguments.chain_id,
        name: arguments.name.clone(),
        operators: arguments.operator.clone(),
        members: arguments.member.clone(),
        alloc: arguments.alloc.clone(),
        timestamp_ms: arguments.timestamp_ms,
        staking: StakingParams {
            epoch_blocks: arguments.epoch_blocks,
            freeze_blocks: arguments
                .freeze_blocks
                .unwrap_or(arguments.epoch_blocks / 10)
                .max(1),
            ..StakingParams::default()
        },
        pace: Pace {
            min_block_interval_ms: arguments.block_interval_ms,
            heartbeat_ms: arguments.heartbeat_ms,
        },
    })
    .map_err(failure)?;
    league::save_genesis(&arguments.out, &genesis).map_err(failure)?;
    let hash = hash(&genesis)?;
    let path = arguments.out.display().to_string();
    output.result(&json!({ "file": path, "hash": hash }), || {
        format!("{path}\nhash {hash}: every operator must have the same")
    })
}

fn load(arguments: &FileArgs) -> Outcome<(Genesis, String)> {
    let genesis = league::load_genesis_file(&arguments.file).map_err(failure)?;
    let hash = hash(&genesis)?;
    Ok((genesis, hash))
}

fn hash(genesis: &Genesis) -> Outcome<String> {
    let hash = genesis.hash();
    let hash = hash.map_err(|error| Failure::failed(error, "correct the genesis file"))?;
    Ok(hash.to_string())
}

fn toml(genesis: &Genesis) -> String {
    // A genesis that was read has a TOML form.
    toml::to_string(genesis).unwrap_or_else(|error| format!("# {error}"))
}
