//! Whether a league is healthy: asked of its nodes, never assumed.

use super::{
    League, files,
    probe::{self, Contradiction, Upgrade, Zone},
    process::Record,
};
use alloy_primitives::B256;
use futures::future::join_all;
use hansa_primitives::genesis_timestamp_ms;
use serde::Serialize;
use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf};

/// Beyond the heartbeat, a head may be this old before it counts as standing still.
const HEAD_SLACK_MS: u64 = 5_000;

/// What `hansa status` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Nothing is wrong.
    pub healthy: bool,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The league's folder.
    pub dir: PathBuf,
    /// What is wrong, for people: all operators' problems and the league's own.
    pub problems: Vec<String>,
    /// What will be wrong if nobody does anything, for people.
    pub warnings: Vec<String>,
    /// The nodes.
    pub operators: Vec<OperatorHealth>,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OperatorHealth {
    /// Its name.
    pub name: String,
    /// Its process; none when it does not run.
    pub pid: Option<u32>,
    /// Seconds since the process started.
    pub uptime_s: Option<u64>,
    /// Number of its newest block.
    pub head: Option<u64>,
    /// How old that block is.
    pub head_age_ms: Option<u64>,
    /// It is catching up.
    pub syncing: Option<bool>,
    /// Sessions with other operators.
    pub peers: Option<usize>,
    /// Zones that it runs, by name.
    pub zones: Vec<String>,
    /// Zones that it should run, and does not.
    pub zones_down: Vec<String>,
    /// Bytes of its folder.
    pub disk_bytes: u64,
    /// URL of JSON-RPC.
    pub rpc: String,
    /// What is wrong with it.
    pub problems: Vec<String>,
    /// What will be.
    pub warnings: Vec<String>,
    /// What will be wrong with the league, as far as it knows.
    #[serde(skip)]
    of_league: Vec<String>,
    /// What of its zones is not what the hub knows of them.
    #[serde(skip)]
    contradicts: Vec<String>,
    /// When its newest block was made.
    #[serde(skip)]
    head_timestamp_ms: u64,
}

/// Seconds that a zone has to start after it was created, or the node was started.
const ZONE_START_S: u64 = 10;

/// When the newest blocks must have been made.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fresh {
    /// Not longer ago than an idle league takes, and a little.
    Recently,
    /// After this time (milliseconds since the Unix epoch).
    Since(u64),
}

/// Asks every node.
pub async fn health(league: &League) -> Health {
    observe(league, Fresh::Recently).await
}

pub(super) async fn observe(league: &League, fresh: Fresh) -> Health {
    let password = std::fs::read_to_string(league.layout.password()).unwrap_or_default();
    let member = league.genesis.members.first();
    let login = member.map(|member| (member.name.as_str(), password.trim()));
    let operators = (0..league.operators.len()).map(|index| operator(league, index, login));
    let mut operators = join_all(operators).await;
    let heartbeat = league.genesis.pace.heartbeat_ms;
    for operator in operators
        .iter_mut()
        .filter(|operator| operator.head.is_some())
    {
        let stale = match fresh {
            Fresh::Recently => {
                let zones = operator.zones_down.iter();
                let down =
                    zones.map(|zone| format!("zone {zone} does not run there; its log says why"));
                operator.problems.extend(down);
                operator.problems.append(&mut operator.contradicts);
                operator.head_age_ms > Some(heartbeat + HEAD_SLACK_MS)
            }
            Fresh::Since(begin) => operator.head_timestamp_ms < begin,
        };
        if stale {
            let head = operator.head.unwrap_or_default();
            let seconds = operator.head_age_ms.unwrap_or_default() / 1_000;
            let problem = format!("its newest block {head} is {seconds} s old: no new block");
            operator.problems.push(problem);
        }
    }
    let named = |of: fn(&OperatorHealth) -> &[String]| -> Vec<String> {
        let all = operators.iter().flat_map(|operator| {
            let name = &operator.name;
            of(operator)
                .iter()
                .map(move |what| format!("{name}: {what}"))
        });
        all.collect()
    };
    let mut problems = named(|operator| &operator.problems);
    let mut warnings = named(|operator| &operator.warnings);
    let of_league = operators.iter().flat_map(|operator| &operator.of_league);
    warnings.extend(of_league.cloned().collect::<BTreeSet<_>>());
    problems.extend(disagreement(league, &operators).await);
    Health {
        healthy: problems.is_empty(),
        chain_id: league.genesis.chain_id,
        dir: league.dir().into(),
        problems,
        warnings,
        operators,
    }
}

async fn operator(league: &League, index: usize, login: Option<(&str, &str)>) -> OperatorHealth {
    let operator = &league.operators[index];
    let config = &operator.config;
    let record = league.process(&operator.name).map(|(record, _)| record);
    let mut health = OperatorHealth {
        name: operator.name.clone(),
        pid: record.as_ref().map(|record| record.pid),
        uptime_s: record.as_ref().and_then(Record::uptime_s),
        head: None,
        head_age_ms: None,
        syncing: None,
        peers: None,
        zones: Vec::new(),
        zones_down: Vec::new(),
        disk_bytes: files::disk_bytes(&league.layout.operator(&operator.name)),
        rpc: format!("http://{}", config.rpc.listen),
        problems: Vec::new(),
        warnings: Vec::new(),
        of_league: Vec::new(),
        contradicts: Vec::new(),
        head_timestamp_ms: 0,
    };
    if record.is_none() {
        // Whoever else answers on its ports, it is not this operator.
        health.problems.push("it does not run".into());
        return health;
    }
    let (status, zones, taxii, metrics) = tokio::join!(
        probe::status(config.rpc.listen),
        probe::zones(config.rpc.listen),
        login_to(config.taxii.listen, login),
        probe::metrics(config.metrics.listen),
    );
    match status {
        Ok(status) => judge(&mut health, &status, league),
        Err(error) => health.problems.push(format!("RPC: {error}")),
    }
    let started = (genesis_timestamp_ms() / 1_000).saturating_sub(ZONE_START_S);
    let settled = health.uptime_s >= Some(ZONE_START_S);
    for zone in zones.into_iter().flatten() {
        health.of_league.extend(ends(&zone));
        health.contradicts.extend(contradicts(&zone));
        if let Some(upgrade) = zone.upgrade.filter(|upgrade| !upgrade.followed) {
            let (
                name,
                Upgrade {
                    fork, starts_at, ..
                },
            ) = (&zone.name, upgrade);
            let left_s = starts_at.saturating_sub(genesis_timestamp_ms() / 1_000);
            health.warnings.push(format!(
                "zone {name} will run by {fork} in {left_s} s, which this version does not know, and stop here: install a newer one before"
            ));
        }
        if zone.path.is_some() {
            health.zones.push(zone.name);
        } else if zone.serves && settled && zone.timestamp < started {
            health.zones_down.push(zone.name);
        }
    }
    for (what, result) in [("TAXII", taxii), ("metrics", metrics)] {
        if let Err(error) = result {
            health.problems.push(format!("{what}: {error}"));
        }
    }
    health
}

/// That a zone will end, if something can be done about it, and what.
fn ends(zone: &Zone) -> Option<String> {
    let name = &zone.name;
    let reason = zone.reason.as_deref().filter(|_| zone.phase == "closing")?;
    let (why, way_out) = match reason {
        "halted" => ("the hub hears nothing of it", "reseed"),
        "escrow" => ("its escrow is used up", "fund"),
        _ => return None,
    };
    Some(format!(
        "zone {name} will end, for {why}: hansa zone {way_out} {name}, in time"
    ))
}

/// That the node has another history of a zone than the hub.
fn contradicts(zone: &Zone) -> Option<String> {
    let Contradiction {
        number,
        own,
        recorded,
    } = zone.contradiction.as_ref()?;
    let name = &zone.name;
    Some(format!(
        "zone {name}: block {number} is {own} there, and the hub has a checkpoint of {recorded}: believe neither before its operators have compared their blocks"
    ))
}

async fn login_to(address: SocketAddr, login: Option<(&str, &str)>) -> Result<(), String> {
    match login {
        Some((member, password)) => probe::taxii(address, member, password).await,
        None => Ok(()),
    }
}

fn judge(health: &mut OperatorHealth, status: &probe::NodeStatus, league: &League) {
    let head = status.head.number.to();
    let timestamp_ms = status.head.timestamp_ms.to();
    health.head = Some(head);
    health.head_timestamp_ms = timestamp_ms;
    health.head_age_ms = Some(genesis_timestamp_ms().saturating_sub(timestamp_ms));
    health.syncing = Some(status.syncing);
    health.peers = Some(status.peers_connected);
    let others = league.operators.len() - 1;
    let problems = &mut health.problems;
    if status.genesis != league.genesis_hash {
        problems.push(format!(
            "it runs another chain (genesis {})",
            status.genesis
        ));
    }
    if status.peers_connected < others {
        let connected = status.peers_connected;
        problems.push(format!(
            "it has a session with {connected} of {others} peers"
        ));
    }
    if status.syncing {
        problems.push("it is catching up".into());
    }
}

/// Compares the newest block that all have.
async fn disagreement(league: &League, operators: &[OperatorHealth]) -> Option<String> {
    let common = operators
        .iter()
        .filter_map(|operator| operator.head)
        .min()?;
    let answering = league.operators.iter().zip(operators);
    let answering = answering.filter(|(_, health)| health.head.is_some());
    let hashes =
        answering.map(|(operator, _)| probe::block_hash(operator.config.rpc.listen, common));
    let hashes = join_all(hashes).await;
    let different: BTreeSet<B256> = match hashes.into_iter().collect() {
        Ok(hashes) => hashes,
        Err(error) => return Some(format!("block {common} cannot be compared: {error}")),
    };
    (different.len() > 1).then(|| format!("the operators disagree about block {common}"))
}
