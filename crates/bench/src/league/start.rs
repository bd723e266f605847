//! Starting a local league, and stopping and restarting its operators.
//!
//! Either `hansa up` makes everything, as a user would, or (`--nodes`) this program writes a genesis and
//! configurations itself and runs `hansa node`: then the genesis can be of any size.

use crate::{
    accounts::{address, development},
    load::Client,
};
use alloy_primitives::{B256, U64, U256};
use eyre::{Context as _, OptionExt as _, Result, bail, ensure};
use hansa_node::{Config, Peer, generate_key, save_key};
use hansa_primitives::{
    Alloc, Fees, Fork, Genesis, GuardParams, Operator as GenesisOperator, Pace, StakingParams,
    ZonesParams,
};
use serde::Deserialize;
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// A league that is not up after this long will not be.
const START_TIMEOUT: Duration = Duration::from_secs(120);
const START_POLL: Duration = Duration::from_millis(20);
/// Ports of one operator: p2p, RPC, TAXII, metrics, dashboard.
const PORTS: u16 = 5;
/// Seed of the genesis accounts.
const SEED: u64 = 3;

/// How to start.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) hansa: PathBuf,
    pub(crate) directory: PathBuf,
    pub(crate) port_base: u16,
    pub(crate) operators: u16,
    /// Run `hansa node` instead of `hansa up`.
    pub(crate) nodes: bool,
    /// Accounts in the genesis beside the development accounts; needs `nodes`.
    pub(crate) genesis_accounts: u64,
    /// Minimum block interval, ms, if not the default; needs `nodes`.
    pub(crate) interval_ms: Option<u64>,
    /// Lengths of epochs, if not the default; needs `nodes`.
    pub(crate) epochs: Option<Epochs>,
    /// Nodes that everybody knows and nobody starts; needs `nodes`.
    pub(crate) newcomers: u16,
}

/// A node that came later.
#[derive(Clone, Debug)]
pub(crate) struct Newcomer {
    pub(crate) rpc: String,
    pub(crate) metrics: String,
    /// Its data directory.
    pub(crate) data: PathBuf,
}

/// How blocks divide into epochs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epochs {
    pub(crate) blocks: u64,
    /// From fixing the next committee to the end.
    pub(crate) freeze_blocks: u64,
}

/// One operator's process.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Operator {
    pub(crate) rpc: String,
    /// TAXII's discovery, if `hansa up` started it.
    #[serde(default)]
    pub(crate) taxii: Option<String>,
    pub(crate) pid: u32,
}

#[derive(Deserialize)]
struct Document {
    operators: Vec<Operator>,
}

/// A running league; stops when dropped.
pub(crate) struct League {
    setup: Setup,
    pub(crate) operators: Vec<Operator>,
    /// Those started with `nodes`.
    children: Vec<Child>,
}

impl League {
    /// Starts a league in an empty directory, and waits until every operator answers.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) async fn start(setup: Setup) -> Result<Self> {
        let mut league = Self {
            setup,
            operators: Vec::new(),
            children: Vec::new(),
        };
        if league.setup.nodes {
            write_files(&league.setup)?;
            for index in 0..league.setup.operators {
                let child = spawn_node(&league.setup, index, &[])?;
                league.operators.push(Operator {
                    rpc: format!("http://{}", league.setup.listen(index, 1)),
                    taxii: None,
                    pid: child.id(),
                });
                league.children.push(child);
            }
        } else {
            league.operators = league.setup.up()?;
        }
        for operator in &league.operators {
            wait_for(&operator.rpc).await?;
        }
        Ok(league)
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.operators
            .iter()
            .map(|operator| operator.rpc.clone())
            .collect()
    }

    pub(crate) fn pids(&self) -> Vec<u32> {
        self.operators.iter().map(|operator| operator.pid).collect()
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// There is no such process.
    pub(crate) fn kill(&mut self, index: usize) -> Result<()> {
        match self.children.get_mut(index) {
            Some(child) => {
                child.kill()?;
                child.wait()?;
            }
            None => signal(self.operators[index].pid, "-KILL")?,
        }
        Ok(())
    }

    /// Starts a newcomer with these options. Does not wait for it.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn welcome(&mut self, newcomer: u16, options: &[&str]) -> Result<Newcomer> {
        let index = self.setup.operators + newcomer;
        self.children.push(spawn_node(&self.setup, index, options)?);
        let url = |service| format!("http://{}", self.setup.listen(index, service));
        Ok(Newcomer {
            rpc: url(1),
            metrics: url(3),
            data: self.data(index),
        })
    }

    /// The data directory of a node that was started with `nodes`.
    pub(crate) fn data(&self, index: u16) -> PathBuf {
        self.setup.operator(index).join("data")
    }

    /// Starts an operator that was killed. Does not wait for it.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn restart(&mut self, index: usize) -> Result<()> {
        if let Some(child) = self.children.get_mut(index) {
            *child = spawn_node(&self.setup, index as u16, &[])?;
            self.operators[index].pid = child.id();
        } else {
            self.operators = self.setup.up()?;
        }
        Ok(())
    }
}

impl Drop for League {
    fn drop(&mut self) {
        for child in &mut self.children {
            // Gone already is as good.
            let _ = child.kill();
            let _ = child.wait();
        }
        if !self.setup.nodes {
            let mut down = Command::new(&self.setup.hansa);
            let down = down.arg("down").arg("--dir").arg(&self.setup.directory);
            if !down
                .stdout(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
            {
                eprintln!(
                    "`hansa down --dir {}` failed",
                    self.setup.directory.display()
                );
            }
        }
    }
}

impl Setup {
    fn up(&self) -> Result<Vec<Operator>> {
        ensure!(
            self.genesis_accounts == 0 && self.interval_ms.is_none() && self.epochs.is_none(),
            "a genesis of our own (--genesis-accounts, --interval-ms, epochs) needs --nodes"
        );
        let output = Command::new(&self.hansa)
            .args(["up", "--detach", "--json", "--dir"])
            .arg(&self.directory)
            .args(["--port-base", &self.port_base.to_string()])
            .args(["--operators", &self.operators.to_string()])
            .stderr(Stdio::inherit())
            .output()
            .wrap_err_with(|| format!("cannot run {}", self.hansa.display()))?;
        ensure!(
            output.status.success(),
            "`hansa up` failed: {}",
            output.status
        );
        let document: Document =
            serde_json::from_slice(&output.stdout).wrap_err("what `hansa up --json` printed")?;
        ensure!(
            !document.operators.is_empty(),
            "`hansa up` names no operators"
        );
        Ok(document.operators)
    }

    fn listen(&self, index: u16, service: u16) -> SocketAddr {
        let port = self.port_base + index * PORTS + service;
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
    }

    fn operator(&self, index: u16) -> PathBuf {
        self.directory.join(format!("operator-{}", index + 1))
    }
}

fn write_files(setup: &Setup) -> Result<()> {
    let mut operators = Vec::new();
    let nodes = setup.operators + setup.newcomers;
    for index in 0..nodes {
        fs::create_dir_all(setup.operator(index))?;
        let (private, public) = generate_key();
        save_key(&setup.operator(index).join("operator.key"), &private)?;
        operators.push(GenesisOperator::new(
            format!("operator-{}", index + 1),
            B256::from_slice(public.as_ref()),
            address(SEED, u64::MAX - u64::from(index)),
        ));
    }
    let genesis_path = setup.directory.join("genesis.json");
    let founders = operators[..usize::from(setup.operators)].to_vec();
    let genesis = genesis(setup, founders)?;
    fs::write(&genesis_path, serde_json::to_vec(&genesis)?)?;
    for index in 0..nodes {
        let mut config = Config {
            name: operators[usize::from(index)].name.clone(),
            genesis: fs::canonicalize(&genesis_path)?,
            key: Some("operator.key".into()),
            evidence_key: None,
            join: Default::default(),
            data_dir: "data".into(),
            p2p: Default::default(),
            rpc: Default::default(),
            taxii: Default::default(),
            dashboard: Default::default(),
            metrics: Default::default(),
            zones: Default::default(),
            history: Default::default(),
            log: Default::default(),
            resources: Default::default(),
        };
        config.p2p.listen = setup.listen(index, 0);
        config.p2p.allow_private_ips = true;
        let others = (0..nodes).filter(|other| *other != index);
        config.p2p.peers = others
            .map(|other| Peer {
                public_key: operators[usize::from(other)].public_key,
                address: setup.listen(other, 0),
            })
            .collect();
        config.rpc.listen = setup.listen(index, 1);
        config.taxii.listen = setup.listen(index, 2);
        config.metrics.listen = setup.listen(index, 3);
        config.dashboard.listen = setup.listen(index, 4);
        fs::write(
            setup.operator(index).join("node.toml"),
            toml::to_string(&config)?,
        )?;
    }
    Ok(())
}

fn genesis(setup: &Setup, operators: Vec<GenesisOperator>) -> Result<Genesis> {
    let ether = U256::from(10).pow(U256::from(18));
    let with = |balance| Alloc {
        balance,
        ..Alloc::default()
    };
    let mut alloc: BTreeMap<_, _> = (0..setup.genesis_accounts)
        .map(|index| (address(SEED, index), with(ether)))
        .collect();
    for signer in development()? {
        alloc.insert(signer.address(), with(ether * U256::from(10_000)));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let mut pace = Pace::default();
    if let Some(interval) = setup.interval_ms {
        pace.min_block_interval_ms = interval;
    }
    let mut staking = StakingParams::default();
    if let Some(epochs) = setup.epochs {
        staking.epoch_blocks = epochs.blocks;
        staking.freeze_blocks = epochs.freeze_blocks;
    }
    let genesis = Genesis {
        chain_id: 31_337,
        name: "bench".into(),
        development: true,
        timestamp_ms: now.as_millis() as u64,
        gas_limit: 100_000_000,
        fork: Fork::OSAKA,
        fees: Fees::default(),
        pace,
        zone: None,
        operators,
        staking,
        members: Vec::new(),
        guard: GuardParams::default(),
        zones: ZonesParams::default(),
        alloc,
    };
    // Before four nodes refuse it one by one.
    genesis.validate()?;
    Ok(genesis)
}

fn spawn_node(setup: &Setup, index: u16, options: &[&str]) -> Result<Child> {
    let directory = setup.operator(index);
    let log = File::options()
        .create(true)
        .append(true)
        .open(directory.join("log"))?;
    Command::new(&setup.hansa)
        .args(["node", "--config"])
        .arg(directory.join("node.toml"))
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .wrap_err_with(|| format!("cannot run {}", setup.hansa.display()))
}

/// Waits until a node has made or followed a block.
async fn wait_for(url: &str) -> Result<()> {
    let start = Instant::now();
    let mut client = Client::new(url)?;
    while start.elapsed() < START_TIMEOUT {
        if let Ok(number) = client.call::<U64>("eth_blockNumber", json!([])).await
            && !number.is_zero()
        {
            return Ok(());
        }
        tokio::time::sleep(START_POLL).await;
    }
    bail!("{url} made no block in {START_TIMEOUT:?}")
}

/// Sends a signal to a process that this program was told of by name.
pub(crate) fn signal(pid: u32, signal: &str) -> Result<()> {
    let status = Command::new("kill")
        .args([signal, &pid.to_string()])
        .status()?;
    ensure!(status.success(), "kill {signal} {pid} failed");
    Ok(())
}

/// Where npm put anvil.
///
/// # Errors
/// It is not installed.
pub(crate) fn find_anvil(contracts: &Path) -> Result<PathBuf> {
    let packages = contracts.join("node_modules/@foundry-rs");
    fs::read_dir(&packages)
        .wrap_err_with(|| format!("no {}: run `make contracts`", packages.display()))?
        .flatten()
        .map(|entry| entry.path().join("bin/anvil"))
        .find(|path| path.is_file())
        .ok_or_eyre("anvil is not installed")
}
