//! `init` and `genesis new`: a league that is not local.
//!
//! Every operator runs `init` and hands its `operator.toml` (public) to the others; somebody makes the
//! genesis from them; then each runs `init` again with the others' files as peers.

use super::{LeagueError, files, genesis};
use crate::{
    Config, Dashboard, History, Join, Log, Metrics, P2p, Peer, Resources, Rpc, Taxii, Zones,
    generate_key, save_key,
    text::{self, MAX_CONFIG_BYTES, MAX_GENESIS_BYTES},
};
use alloy_primitives::{Address, B256};
use commonware_cryptography::Signer as _;
use hansa_primitives::{
    Alloc, Fees, Fork, Genesis, GuardParams, Member, Operator, Pace, StakingParams, ZonesParams,
    genesis_timestamp_ms,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// What an operator tells the others: `operator.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorFile {
    /// A name for people.
    pub name: String,
    /// ed25519 public key.
    pub public_key: B256,
    /// Receives its tips.
    pub fee_recipient: Address,
    /// Where its node is reached by the others.
    pub address: SocketAddr,
}

/// What `init` is told.
#[derive(Clone, Debug)]
pub struct InitOptions {
    /// A name for people.
    pub name: String,
    /// Receives the operator's tips.
    pub fee_recipient: Address,
    /// Where the others reach this node.
    pub address: SocketAddr,
    /// Where it listens for them.
    pub p2p_listen: SocketAddr,
    /// Where JSON-RPC listens.
    pub rpc_listen: SocketAddr,
    /// Where TAXII listens.
    pub taxii_listen: SocketAddr,
    /// Where the dashboard is served.
    pub dashboard_listen: SocketAddr,
    /// Where metrics are served.
    pub metrics_listen: SocketAddr,
    /// The others.
    pub peers: Vec<OperatorFile>,
    /// The league has private addresses.
    pub allow_private_ips: bool,
    /// The genesis file, relative to the folder.
    pub genesis: PathBuf,
}

/// What `init` made.
#[derive(Clone, Debug, Serialize)]
pub struct Initialized {
    /// The operator's folder.
    pub dir: PathBuf,
    /// The node's configuration.
    pub config: PathBuf,
    /// The file for the others.
    pub operator_file: PathBuf,
    /// ed25519 public key.
    pub public_key: B256,
    /// The key was there already.
    pub kept_key: bool,
}

/// Makes an operator's folder: `key`, `node.toml`, `operator.toml`. A key that is there is kept, the
/// other two are written anew.
///
/// # Errors
/// A file cannot be read or written, or the key is damaged.
pub fn init(dir: &Path, options: &InitOptions) -> Result<Initialized, LeagueError> {
    let dir = std::path::absolute(dir).map_err(LeagueError::io(dir))?;
    files::make_dir(&dir)?;
    let path = dir.join("key");
    let kept_key = path.exists();
    let key = if kept_key {
        crate::load_key(&path)?
    } else {
        let (key, _) = generate_key();
        save_key(&path, &key)?;
        key
    };
    let public_key = B256::from_slice(key.public_key().as_ref());
    let peers = options.peers.iter();
    let peers = peers.filter(|peer| peer.public_key != public_key);
    let config = Config {
        name: options.name.clone(),
        genesis: options.genesis.clone(),
        key: Some("key".into()),
        evidence_key: None,
        data_dir: "data".into(),
        join: Join::default(),
        p2p: P2p {
            listen: options.p2p_listen,
            allow_private_ips: options.allow_private_ips,
            peers: peers
                .map(|peer| Peer {
                    public_key: peer.public_key,
                    address: peer.address,
                })
                .collect(),
        },
        rpc: Rpc {
            listen: options.rpc_listen,
            ..Rpc::default()
        },
        taxii: Taxii {
            listen: options.taxii_listen,
            ..Taxii::default()
        },
        dashboard: Dashboard {
            listen: options.dashboard_listen,
            ..Dashboard::default()
        },
        metrics: Metrics {
            listen: options.metrics_listen,
        },
        zones: Zones::default(),
        history: History::default(),
        log: Log::default(),
        resources: Resources::default(),
    };
    let made = Initialized {
        config: dir.join("node.toml"),
        operator_file: dir.join("operator.toml"),
        dir,
        public_key,
        kept_key,
    };
    files::write_toml(&made.config, &config)?;
    let public = OperatorFile {
        name: options.name.clone(),
        public_key,
        fee_recipient: options.fee_recipient,
        address: options.address,
    };
    files::write_toml(&made.operator_file, &public)?;
    Ok(made)
}

/// What `genesis new` is told.
#[derive(Clone, Debug)]
pub struct GenesisOptions {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// A name for people.
    pub name: String,
    /// The operators' `operator.toml` files.
    pub operators: Vec<PathBuf>,
    /// The members' files: a `[[members]]` entry of a genesis each, without its heading.
    pub members: Vec<PathBuf>,
    /// A file of accounts: `[0x...]` with `balance`, `nonce`, `code`, `storage`.
    pub alloc: Option<PathBuf>,
    /// When it begins, milliseconds since the Unix epoch; now if not given.
    pub timestamp_ms: Option<u64>,
    /// Block production.
    pub pace: Pace,
    /// Stake and epochs.
    pub staking: StakingParams,
}

/// Makes a genesis and checks it by every rule of the chain.
///
/// # Errors
/// A file cannot be read, or the result breaks a rule.
pub fn new_genesis(options: &GenesisOptions) -> Result<Genesis, LeagueError> {
    let operators = options.operators.iter().map(|path| {
        let file = read_operator_file(path)?;
        Ok(Operator {
            endpoint: file.address.to_string(),
            ..Operator::new(file.name, file.public_key, file.fee_recipient)
        })
    });
    let alloc: BTreeMap<Address, Alloc> = match &options.alloc {
        Some(path) => read_toml(path, MAX_GENESIS_BYTES)?,
        None => BTreeMap::new(),
    };
    let genesis = Genesis {
        chain_id: options.chain_id,
        name: options.name.clone(),
        development: false,
        timestamp_ms: options.timestamp_ms.unwrap_or_else(genesis_timestamp_ms),
        gas_limit: 100_000_000,
        fork: Fork::OSAKA,
        fees: Fees::default(),
        pace: options.pace,
        zone: None,
        operators: operators.collect::<Result<_, LeagueError>>()?,
        staking: options.staking.clone(),
        members: options
            .members
            .iter()
            .map(|path| read_toml::<Member>(path, MAX_CONFIG_BYTES))
            .collect::<Result<_, _>>()?,
        guard: GuardParams::default(),
        zones: ZonesParams::default(),
        alloc,
    };
    genesis::check(Path::new("the new genesis"), &genesis)?;
    Ok(genesis)
}

/// Writes a genesis to a new file, TOML or JSON by its ending.
///
/// # Errors
/// The file exists or cannot be written.
pub fn save_genesis(path: &Path, genesis: &Genesis) -> Result<(), LeagueError> {
    if path.exists() {
        return Err(LeagueError::Exists { path: path.into() });
    }
    if path.extension().is_some_and(|ending| ending == "json") {
        let text = serde_json::to_vec_pretty(genesis).map_err(|error| LeagueError::Damaged {
            path: path.into(),
            reason: error.to_string(),
        })?;
        return files::write(path, &text);
    }
    files::write_toml(path, genesis)
}

/// Reads an `operator.toml`.
///
/// # Errors
/// It cannot be read or is none.
pub fn read_operator_file(path: &Path) -> Result<OperatorFile, LeagueError> {
    read_toml(path, MAX_CONFIG_BYTES)
}

fn read_toml<T: DeserializeOwned>(path: &Path, limit: u64) -> Result<T, LeagueError> {
    let text = text::read(path, limit).map_err(LeagueError::io(path))?;
    toml::from_str(&text).map_err(|error| LeagueError::Damaged {
        path: path.into(),
        reason: error.message().into(),
    })
}
