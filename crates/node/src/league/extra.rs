//! Operators of a local league that come, go, or take another key after its genesis.

use super::{
    League, LeagueError,
    accounts::new_keystore,
    files, folder,
    layout::{Layout, MAX_LOCAL_OPERATORS, PortPlan, operator_name},
    lock::Lock,
};
use crate::{JoinFrom, Peer, generate_key, load_key, new_evidence_account, save_key};
use alloy_primitives::{Address, B256};
use commonware_cryptography::Signer as _;
use hansa_primitives::{PrivateKey, PublicKey};
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// The key that an operator is about to take.
const NEXT_KEY: &str = "key.next";

/// The files of a new operator.
#[derive(Debug)]
pub struct Added {
    /// Its name.
    pub name: String,
    /// Its ed25519 key.
    pub key: PrivateKey,
    /// Where the others reach it.
    pub endpoint: SocketAddr,
    /// The account that acts for it.
    pub owner: Address,
    /// That account's keystore, under the league's password.
    pub keystore: PathBuf,
    /// The account that evidence is sent from.
    pub evidence: Address,
}

/// Makes the files of one more operator, whose node gets the chain as `from` says. It is not started, nor known to the chain.
///
/// # Errors
/// There is no league, or no room in it, or a file cannot be written.
pub fn add(dir: &Path, from: JoinFrom) -> Result<Added, LeagueError> {
    let league = League::open(dir)?;
    let _lock = Lock::take(&league.layout)?;
    let layout = &league.layout;
    let free = |index: &usize| !layout.operator(&operator_name(*index)).exists();
    let index = (0..MAX_LOCAL_OPERATORS).find(free).ok_or_else(|| {
        let count = MAX_LOCAL_OPERATORS + 1;
        LeagueError::Range {
            what: "operators of a local league",
            value: count.to_string(),
            allowed: format!("at most {MAX_LOCAL_OPERATORS}"),
        }
    })?;
    let name = operator_name(index);
    let folder = layout.operator(&name);
    let password =
        fs::read_to_string(layout.password()).map_err(LeagueError::io(&layout.password()))?;
    files::make_dir(&folder)?;
    let owner = new_keystore(&layout.members(), &name, password.trim())?;
    let (key, _) = generate_key();
    save_key(&folder.join("key"), &key)?;
    let evidence = new_evidence_account(&folder.join(folder::EVIDENCE_KEY))?;
    let mut config = league
        .operators
        .first()
        .map(|first| first.config.clone())
        .ok_or_else(|| LeagueError::NoLeague { dir: dir.into() })?;
    config.name = name.clone();
    config.join.from = from;
    config.p2p.peers = league
        .operators
        .iter()
        .map(|operator| {
            let key = load_key(&layout.operator(&operator.name).join("key"))?;
            Ok(Peer {
                public_key: B256::from_slice(key.public_key().as_ref()),
                address: operator.config.p2p.listen,
            })
        })
        .collect::<Result<_, LeagueError>>()?;
    folder::set_ports(&mut config, plan(&league).ports(index));
    let endpoint = config.p2p.listen;
    // The others learn it from the chain; after their next start, from their files, which follow when ports are moved.
    for other in &league.operators {
        let mut config = other.config.clone();
        config.p2p.peers.push(Peer {
            public_key: B256::from_slice(key.public_key().as_ref()),
            address: endpoint,
        });
        files::write_toml(&layout.config(&other.name), &config)?;
    }
    // The configuration last: it is what makes an operator.
    files::write_toml(&layout.config(&name), &config)?;
    Ok(Added {
        keystore: layout.keystore(&name),
        name,
        key,
        endpoint,
        owner,
        evidence,
    })
}

/// The plan that the league's ports follow.
fn plan(league: &League) -> PortPlan {
    let first = league.operators.first();
    let base = first.map(|operator| {
        let rpc = operator.config.rpc.listen.port();
        let index = folder::place(&operator.name).unwrap_or_default();
        (rpc - super::layout::PORT_STEP * index as u16, operator)
    });
    let by_base = base.filter(|(base, operator)| {
        let index = folder::place(&operator.name).unwrap_or_default();
        let ports = PortPlan::new(Some(*base), 1).map(|plan| plan.ports(index));
        ports.is_ok_and(|ports| ports.p2p == operator.config.p2p.listen.port())
    });
    PortPlan::new(by_base.map(|(base, _)| base), 1).unwrap_or_else(|_| PortPlan::default())
}

/// Makes the next key of an operator, or returns the one that was made and not taken yet.
///
/// # Errors
/// There is no such operator, or a file cannot be written.
pub fn next_key(dir: &Path, operator: &str) -> Result<PrivateKey, LeagueError> {
    let league = League::open(dir)?;
    league.known(operator)?;
    let path = league.layout.operator(operator).join(NEXT_KEY);
    if !path.exists() {
        save_key(&path, &generate_key().0)?;
    }
    Ok(load_key(&path)?)
}

/// Puts the next key of a stopped operator in the place of its key, which is kept under another name.
///
/// # Errors
/// There is no next key, or a file cannot be moved.
pub fn take_next_key(dir: &Path, operator: &str) -> Result<PublicKey, LeagueError> {
    let league = League::open(dir)?;
    league.known(operator)?;
    let _lock = Lock::take(&league.layout)?;
    let folder = league.layout.operator(operator);
    let (key, next) = (folder.join("key"), folder.join(NEXT_KEY));
    let public = load_key(&next)?.public_key();
    let former = load_key(&key)?.public_key();
    // The former key and the record of its votes are kept first: a crash leaves one key or the other in its place.
    let kept = folder.join(format!("key.{former}"));
    for (from, to) in [
        (
            folder.join("key.voter"),
            folder.join(format!("key.{former}.voter")),
        ),
        (key.clone(), kept),
    ] {
        if from.exists() && !to.exists() {
            fs::hard_link(&from, &to).map_err(LeagueError::io(&to))?;
        }
    }
    fs::rename(&next, &key).map_err(LeagueError::io(&key))?;
    // The others learn it from the chain; after their next start, from their files.
    let [former, taken] = [&former, &public].map(|key| B256::from_slice(key.as_ref()));
    for other in &league.operators {
        let mut config = other.config.clone();
        for peer in &mut config.p2p.peers {
            if peer.public_key == former {
                peer.public_key = taken;
            }
        }
        if config != other.config {
            files::write_toml(&league.layout.config(&other.name), &config)?;
        }
    }
    Ok(public)
}

/// Takes a stopped operator out of the league: `up` does not start it any more. Its files stay.
///
/// # Errors
/// There is no such operator, it runs, or it is the last one.
pub fn retire(dir: &Path, operator: &str) -> Result<(), LeagueError> {
    let league = League::open(dir)?;
    league.known(operator)?;
    let _lock = Lock::take(&league.layout)?;
    if league.process(operator).is_some() {
        return Err(LeagueError::PortsInUse {
            operator: operator.into(),
        });
    }
    files::write(&retired(&league.layout, operator), b"")?;
    League::open(dir)?.save_document().map(drop)
}

/// The mark of an operator that has left.
pub(super) fn retired(layout: &Layout, operator: &str) -> PathBuf {
    layout.operator(operator).join("retired")
}
