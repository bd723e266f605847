//! A league's folder: made, opened, given other ports.

use super::{
    Document, LeagueError, MemberEntry, OperatorEntry, PortPlan, Ports,
    accounts::{
        development_accounts, development_member, development_x25519, keystore_address,
        random_password, save_keystore, save_x25519,
    },
    extra, files,
    genesis::{
        self, DEVELOPMENT_CHAIN_ID, DEVELOPMENT_CHAIN_IDS, NewMember, Parts, is_development,
    },
    layout::{Layout, MAX_LOCAL_OPERATORS, member_name, operator_name},
    process::{Process, Record},
};
use crate::{
    Config, Dashboard, Join, Log, Metrics, P2p, Peer, Resources, Rpc, Taxii, TaxiiCredential,
    Zones, generate_key, new_evidence_account, save_key,
    text::{self, MAX_CONFIG_BYTES},
};
use alloy_primitives::B256;
use hansa_primitives::{
    Genesis, MAX_TIMESTAMP_STEP_MS, MIN_HALTED_AFTER_S, Pace, PublicKey, ZonesParams,
};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

/// The file of the account that an operator sends evidence from.
pub(super) const EVIDENCE_KEY: &str = "evidence-key";
/// Operators of a new league unless another number is asked for.
pub const DEFAULT_OPERATORS: usize = 4;

/// What a league is made with, or is expected to have. `None`: what it has, or the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// How many operators, and members.
    pub operators: Option<usize>,
    /// See [`PortPlan`].
    pub port_base: Option<u16>,
    /// Blocks are at least this far apart.
    pub block_interval_ms: Option<u64>,
    /// An idle league makes a block this often.
    pub heartbeat_ms: Option<u64>,
    /// One of [`DEVELOPMENT_CHAIN_IDS`].
    pub chain_id: Option<u64>,
    /// See [`ZonesParams::halted_after_s`].
    pub halted_after_s: Option<u64>,
}

impl Options {
    /// Whether a league can be made with them.
    pub(super) fn check(&self) -> Result<PortPlan, LeagueError> {
        let range = |what, value: String, allowed: String| LeagueError::Range {
            what,
            value,
            allowed,
        };
        let count = self.operators.unwrap_or(DEFAULT_OPERATORS);
        if !(1..=MAX_LOCAL_OPERATORS).contains(&count) {
            let allowed = format!("1 to {MAX_LOCAL_OPERATORS}");
            return Err(range("--operators", count.to_string(), allowed));
        }
        if let Some(id) = self
            .chain_id
            .filter(|id| !DEVELOPMENT_CHAIN_IDS.contains(id))
        {
            let allowed = format!("a development chain id, one of {DEVELOPMENT_CHAIN_IDS:?}");
            return Err(range("--chain-id", id.to_string(), allowed));
        }
        let pace = self.pace();
        let (interval, heartbeat) = (pace.min_block_interval_ms, pace.heartbeat_ms);
        if !(1..=MAX_TIMESTAMP_STEP_MS).contains(&interval) {
            let allowed = format!("1 to {MAX_TIMESTAMP_STEP_MS} ms");
            return Err(range("--block-interval-ms", interval.to_string(), allowed));
        }
        if !(interval..=MAX_TIMESTAMP_STEP_MS).contains(&heartbeat) {
            let allowed = format!("{interval} (the block interval) to {MAX_TIMESTAMP_STEP_MS} ms");
            return Err(range("--heartbeat-ms", heartbeat.to_string(), allowed));
        }
        let patience = self.zones().halted_after_s;
        if patience < MIN_HALTED_AFTER_S {
            let allowed = format!("at least {MIN_HALTED_AFTER_S} s");
            return Err(range("--halted-after", format!("{patience} s"), allowed));
        }
        PortPlan::new(self.port_base, count)
    }

    fn zones(&self) -> ZonesParams {
        let default = ZonesParams::default();
        ZonesParams {
            halted_after_s: self.halted_after_s.unwrap_or(default.halted_after_s),
        }
    }

    fn pace(&self) -> Pace {
        let default = Pace::default();
        Pace {
            min_block_interval_ms: self
                .block_interval_ms
                .unwrap_or(default.min_block_interval_ms),
            heartbeat_ms: self.heartbeat_ms.unwrap_or(default.heartbeat_ms),
        }
    }
}

/// A node of the league.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Its name, which is its folder's.
    pub name: String,
    /// Its configuration as the file has it: paths are relative to the file's folder.
    pub config: Config,
}

/// A local league's folder.
#[derive(Clone, Debug)]
pub struct League {
    pub(super) layout: Layout,
    pub(super) genesis: Genesis,
    pub(super) genesis_hash: B256,
    pub(super) operators: Vec<Operator>,
    members: Vec<MemberEntry>,
}

impl League {
    /// Whether a folder holds a league.
    ///
    /// # Errors
    /// It holds parts of one only.
    pub(super) fn exists(layout: &Layout) -> Result<bool, LeagueError> {
        if layout.genesis().is_file() {
            return Ok(true);
        }
        let mut parts = layout.present();
        // What a crash left of a league in the making, or of one that was removed, is no part of one.
        let (nursery, trash) = (layout.nursery(), layout.trash());
        parts.retain(|path| *path != nursery && *path != trash);
        match parts.first().and_then(|path| path.file_name()) {
            None => Ok(false),
            Some(found) => Err(LeagueError::Incomplete {
                dir: layout.dir().into(),
                found: found.to_string_lossy().into_owned(),
            }),
        }
    }

    /// Opens the league in a folder.
    ///
    /// # Errors
    /// There is none, or its files are damaged, or it is not a development league.
    pub fn open(dir: &Path) -> Result<Self, LeagueError> {
        let layout = Layout::new(dir)?;
        if !Self::exists(&layout)? {
            return Err(LeagueError::NoLeague {
                dir: layout.dir().into(),
            });
        }
        let path = layout.genesis();
        let genesis = genesis::load(&path)?;
        if !is_development(&genesis) {
            let chain_id = genesis.chain_id;
            return Err(LeagueError::NotDevelopment { path, chain_id });
        }
        let genesis_hash = genesis.hash().map_err(LeagueError::genesis(&path))?;
        let first = genesis
            .operators
            .iter()
            .map(|operator| operator.name.clone());
        let later = (0..MAX_LOCAL_OPERATORS)
            .map(operator_name)
            .filter(|name| layout.config(name).is_file())
            .filter(|name| !genesis.operators.iter().any(|known| known.name == *name));
        let later: Vec<String> = later.collect();
        let operators = first
            .chain(later.iter().cloned())
            .filter(|name| !extra::retired(&layout, name).exists())
            .map(|name| read_operator(&layout, &name))
            .collect::<Result<Vec<_>, _>>()?;
        let names = operators.iter().map(|operator| operator.name.clone());
        let mut members: Vec<MemberEntry> = genesis
            .members
            .iter()
            .zip(names.cycle())
            .map(|(member, operator)| MemberEntry {
                name: member.name.clone(),
                address: member.address,
                keystore: layout.keystore(&member.name),
                operator,
            })
            .collect();
        for name in later {
            let keystore = layout.keystore(&name);
            members.push(MemberEntry {
                address: keystore_address(&keystore)?,
                keystore,
                operator: name.clone(),
                name,
            });
        }
        Ok(Self {
            layout,
            genesis,
            genesis_hash,
            operators,
            members,
        })
    }

    /// Makes a new league. The caller holds the lock.
    pub(super) fn create(layout: &Layout, options: &Options) -> Result<Self, LeagueError> {
        let plan = options.check()?;
        let count = options.operators.unwrap_or(DEFAULT_OPERATORS);
        // Everything is made aside and then moved, the genesis last: it is what makes a league.
        let nursery = Layout::new(&layout.nursery())?;
        if nursery.dir().exists() {
            fs::remove_dir_all(nursery.dir()).map_err(LeagueError::io(nursery.dir()))?;
        }
        files::make_dir(&nursery.members())?;
        let password = random_password();
        files::write_secret(&nursery.password(), password.as_bytes())?;
        let members = (0..count)
            .map(|index| {
                let (folder, name) = (nursery.members(), member_name(index));
                let key = development_member(index)?;
                let secret = development_x25519(index)?;
                Ok(NewMember {
                    address: save_keystore(&folder, &name, &password, &key)?,
                    x25519: save_x25519(&folder, &name, &password, &secret)?,
                    name,
                })
            })
            .collect::<Result<Vec<NewMember>, LeagueError>>()?;
        let mut evidence = Vec::new();
        let operators = (0..count)
            .map(|index| {
                let name = operator_name(index);
                let (key, public) = generate_key();
                let folder = nursery.operator(&name);
                files::make_dir(&folder)?;
                save_key(&folder.join("key"), &key)?;
                evidence.push(new_evidence_account(&folder.join(EVIDENCE_KEY))?);
                Ok((name, public))
            })
            .collect::<Result<Vec<(String, PublicKey)>, LeagueError>>()?;
        let genesis = genesis::development(&Parts {
            chain_id: options.chain_id.unwrap_or(DEVELOPMENT_CHAIN_ID),
            pace: options.pace(),
            zones: options.zones(),
            operators: &operators,
            members: &members,
            evidence: &evidence,
            accounts: &development_accounts()?,
        });
        genesis::check(&layout.genesis(), &genesis)?;
        files::write_toml(&nursery.genesis(), &genesis)?;
        let credentials = credentials(&members, &password)?;
        for index in 0..count {
            let config = node_config(&operators, index, plan, &credentials);
            files::write_toml(&nursery.config(&config.name), &config)?;
        }
        move_in(&nursery, layout)?;
        Self::open(layout.dir())
    }

    /// Checks that the league is what `options` ask for, and gives it the ports they ask for.
    pub(super) fn adapt(&mut self, options: &Options) -> Result<(), LeagueError> {
        let pace = self.genesis.pace;
        let operators = self.operators.len();
        let wanted = [
            (
                "--operators",
                // Some may have come or gone since.
                options
                    .operators
                    .filter(|asked| *asked != self.genesis.operators.len())
                    .map(|count| count as u64),
                operators as u64,
            ),
            ("--chain-id", options.chain_id, self.genesis.chain_id),
            (
                "--block-interval-ms",
                options.block_interval_ms,
                pace.min_block_interval_ms,
            ),
            ("--heartbeat-ms", options.heartbeat_ms, pace.heartbeat_ms),
            (
                "--halted-after",
                options.halted_after_s,
                self.genesis.zones.halted_after_s,
            ),
        ];
        for (what, asked, has) in wanted {
            if let Some(asked) = asked.filter(|asked| *asked != has) {
                let dir = self.layout.dir().into();
                return Err(LeagueError::Differs {
                    what,
                    asked,
                    has,
                    dir,
                });
            }
        }
        match options.port_base {
            Some(base) => {
                let places = self.operators.iter();
                let places = places.filter_map(|operator| place(&operator.name));
                let most = places.max().unwrap_or_default() + 1;
                self.move_ports(PortPlan::new(Some(base), most)?)
            }
            None => Ok(()),
        }
    }

    fn move_ports(&mut self, plan: PortPlan) -> Result<(), LeagueError> {
        let ports: Vec<Ports> = self
            .operators
            .iter()
            .enumerate()
            .map(|(index, operator)| plan.ports(place(&operator.name).unwrap_or(index)))
            .collect();
        let old: Vec<SocketAddr> = self
            .operators
            .iter()
            .map(|operator| operator.config.p2p.listen)
            .collect();
        let mut moved = self.operators.clone();
        for (operator, ports_of) in moved.iter_mut().zip(&ports) {
            set_ports(&mut operator.config, *ports_of);
            for peer in &mut operator.config.p2p.peers {
                if let Some(place) = old.iter().position(|address| *address == peer.address) {
                    peer.address = local(ports[place].p2p);
                }
            }
        }
        let changes = |(new, old): (&Operator, &Operator)| new.config != old.config;
        if !moved.iter().zip(&self.operators).any(changes) {
            return Ok(());
        }
        if let Some((operator, _)) = self.running().first() {
            return Err(LeagueError::PortsInUse {
                operator: operator.clone(),
            });
        }
        for operator in &moved {
            files::write_toml(&self.layout.config(&operator.name), &operator.config)?;
        }
        self.operators = moved;
        Ok(())
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        self.layout.dir()
    }

    /// Paths in the folder.
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The chain's definition.
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The operators, in the order of the genesis.
    pub fn operators(&self) -> &[Operator] {
        &self.operators
    }

    /// An error that names the operators, unless there is one of this name.
    pub(super) fn known(&self, name: &str) -> Result<&Operator, LeagueError> {
        let operators = self.operators.iter();
        let found = operators.clone().find(|operator| operator.name == name);
        found.ok_or_else(|| LeagueError::UnknownOperator {
            name: name.into(),
            known: operators
                .map(|known| known.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// The process of an operator, if it runs.
    pub fn process(&self, operator: &str) -> Option<(Record, Process)> {
        let record = Record::load(&self.layout.process(operator))?;
        let process = record.find()?;
        Some((record, process))
    }

    /// The operators that run, and their processes.
    pub(super) fn running(&self) -> Vec<(String, Process)> {
        self.operators
            .iter()
            .filter_map(|operator| {
                let (_, process) = self.process(&operator.name)?;
                Some((operator.name.clone(), process))
            })
            .collect()
    }

    /// What clients need, as it is now.
    ///
    /// # Errors
    /// As [`development_accounts`].
    pub fn document(&self) -> Result<Document, LeagueError> {
        let entry = |operator: &Operator| {
            let process = self.process(&operator.name);
            let pid = process.map(|(record, _)| record.pid);
            OperatorEntry::new(&self.layout, &operator.name, &operator.config, pid)
        };
        Ok(Document {
            chain_id: self.genesis.chain_id,
            genesis_hash: self.genesis_hash,
            dir: self.layout.dir().into(),
            genesis: self.layout.genesis(),
            password_file: self.layout.password(),
            operators: self.operators.iter().map(entry).collect(),
            accounts: development_accounts()?,
            members: self.members.clone(),
        })
    }

    /// Writes `league.json`.
    pub(super) fn save_document(&self) -> Result<Document, LeagueError> {
        let document = self.document()?;
        files::write_json(&self.layout.document(), &document)?;
        Ok(document)
    }

    /// Checks that the keystores are those of the genesis.
    pub(super) fn check_members(&self) -> Result<(), LeagueError> {
        for member in &self.members {
            let found = keystore_address(&member.keystore)?;
            if found != member.address {
                return Err(LeagueError::Keystore {
                    path: member.keystore.clone(),
                    reason: format!(
                        "it is of {found}, not of {} ({})",
                        member.name, member.address
                    ),
                });
            }
        }
        Ok(())
    }
}

fn read_operator(layout: &Layout, name: &str) -> Result<Operator, LeagueError> {
    let path = layout.config(name);
    let damaged = |reason: String| LeagueError::Damaged {
        path: path.clone(),
        reason,
    };
    // A name is a folder here: it must not lead elsewhere.
    if Path::new(name).components().count() != 1 || name.starts_with('.') {
        return Err(damaged(format!("{name:?} cannot be an operator's folder")));
    }
    let text = text::read(&path, MAX_CONFIG_BYTES).map_err(LeagueError::io(&path))?;
    let config: Config = toml::from_str(&text).map_err(|error| damaged(error.message().into()))?;
    config
        .validate()
        .map_err(|error| damaged(error.to_string()))?;
    Ok(Operator {
        name: name.into(),
        config,
    })
}

/// One password hash for each member; every operator has all of them.
fn credentials(members: &[NewMember], password: &str) -> Result<Vec<TaxiiCredential>, LeagueError> {
    let credential = |NewMember { name, .. }: &NewMember| {
        let hash = hansa_taxii::hash_password(password);
        Ok(TaxiiCredential {
            member: name.clone(),
            password_hash: hash.map_err(|error| LeagueError::Keystore {
                path: name.into(),
                reason: error.to_string(),
            })?,
        })
    };
    members.iter().map(credential).collect()
}

fn node_config(
    operators: &[(String, PublicKey)],
    index: usize,
    plan: PortPlan,
    credentials: &[TaxiiCredential],
) -> Config {
    let others = operators.iter().enumerate();
    let others = others.filter(|(other, _)| *other != index);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut config = Config {
        name: operators[index].0.clone(),
        genesis: "../genesis.toml".into(),
        key: Some("key".into()),
        evidence_key: Some(EVIDENCE_KEY.into()),
        data_dir: "data".into(),
        join: Join::default(),
        p2p: P2p {
            allow_private_ips: true,
            peers: others
                .map(|(other, (_, key))| Peer {
                    public_key: B256::from_slice(key.as_ref()),
                    address: local(plan.ports(other).p2p),
                })
                .collect(),
            ..P2p::default()
        },
        rpc: Rpc::default(),
        taxii: Taxii {
            credentials: credentials.to_vec(),
            ..Taxii::default()
        },
        dashboard: Dashboard::default(),
        metrics: Metrics::default(),
        // Each of them is to answer for whatever is looked at.
        zones: Zones {
            follow: vec!["*".into()],
            #[cfg(feature = "test-utils")]
            poison: None,
        },
        history: crate::History::default(),
        log: Log::default(),
        // The nodes share one machine.
        resources: Resources {
            compute_threads: (cores / operators.len()).max(1),
            ..Resources::default()
        },
    };
    set_ports(&mut config, plan.ports(index));
    config
}

/// The place of `operator-3`: 2.
pub(super) fn place(name: &str) -> Option<usize> {
    let number: usize = name.strip_prefix("operator-")?.parse().ok()?;
    number.checked_sub(1)
}

pub(super) const fn set_ports(config: &mut Config, ports: Ports) {
    config.rpc.listen = local(ports.rpc);
    config.taxii.listen = local(ports.taxii);
    config.p2p.listen = local(ports.p2p);
    config.metrics.listen = local(ports.metrics);
    config.dashboard.listen = local(ports.dashboard);
}

const fn local(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// Moves a league into place, its genesis last.
fn move_in(from: &Layout, to: &Layout) -> Result<(), LeagueError> {
    let mut paths = from.present();
    paths.sort_by_key(|path| *path == from.genesis());
    for path in paths {
        let target = to.dir().join(path.file_name().unwrap_or_default());
        fs::rename(&path, &target).map_err(LeagueError::io(&target))?;
    }
    fs::remove_dir(from.dir()).map_err(LeagueError::io(from.dir()))
}
