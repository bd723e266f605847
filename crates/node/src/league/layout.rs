//! Where a local league keeps what, and which ports its operators listen on.

use super::LeagueError;
use crate::{DASHBOARD_PORT, METRICS_PORT, P2P_PORT, RPC_PORT, TAXII_PORT};
use std::path::{Path, PathBuf};

/// Operators of a local league at most: with more, the default ports would overlap.
pub const MAX_LOCAL_OPERATORS: usize = 10;
/// Ports from one operator to the next.
pub const PORT_STEP: u16 = 10;
/// The lowest port base: those below need privileges.
pub const MIN_PORT_BASE: u16 = 1_024;

/// Paths of a local league's folder.
///
/// ```text
/// genesis.toml            defines the chain
/// league.json             what clients need; written by `up` and `down`
/// zone-pending            until the first zone of a new league is there
/// password                opens every member's keystore, and its TAXII account
/// members/member-1.json   encrypted keystores
/// members/member-1.x25519.json the secret of the member's X25519 key, encrypted alike
/// operator-1/node.toml    the node's configuration
/// operator-1/key          its ed25519 key
/// operator-1/evidence-key the account that it sends evidence from
/// operator-1/data/        its chain
/// operator-1/log          what it said
/// operator-1/process.json the process that runs it
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    dir: PathBuf,
}

impl Layout {
    /// A league in `dir`.
    ///
    /// # Errors
    /// The working directory, which a relative path counts from, is gone.
    pub fn new(dir: &Path) -> Result<Self, LeagueError> {
        let dir = std::path::absolute(dir).map_err(LeagueError::io(dir))?;
        Ok(Self { dir })
    }

    /// The folder, absolute.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The genesis file.
    pub fn genesis(&self) -> PathBuf {
        self.dir.join("genesis.toml")
    }

    /// What clients need.
    pub fn document(&self) -> PathBuf {
        self.dir.join("league.json")
    }

    /// Is there until the first zone of a new league is.
    pub fn zone_pending(&self) -> PathBuf {
        self.dir.join("zone-pending")
    }

    /// The members' password.
    pub fn password(&self) -> PathBuf {
        self.dir.join("password")
    }

    /// The members' keystores.
    pub fn members(&self) -> PathBuf {
        self.dir.join("members")
    }

    /// A member's keystore.
    pub fn keystore(&self, member: &str) -> PathBuf {
        self.members().join(format!("{member}.json"))
    }

    /// The keystore of a member's X25519 key.
    pub fn x25519(&self, member: &str) -> PathBuf {
        self.members().join(x25519_name(member))
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.dir.join("lock")
    }

    /// Where a new league is put together.
    pub(super) fn nursery(&self) -> PathBuf {
        self.dir.join(".creating")
    }

    /// Where what is being removed goes first.
    pub(super) fn trash(&self) -> PathBuf {
        self.dir.join(".removing")
    }

    /// An operator's folder.
    pub fn operator(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// An operator's configuration.
    pub fn config(&self, operator: &str) -> PathBuf {
        self.operator(operator).join("node.toml")
    }

    /// An operator's log.
    pub fn log(&self, operator: &str) -> PathBuf {
        self.operator(operator).join("log")
    }

    /// The record of an operator's process.
    pub(super) fn process(&self, operator: &str) -> PathBuf {
        self.operator(operator).join("process.json")
    }

    /// What is there of a league, complete or not. Nothing else in the folder is ever touched.
    pub(super) fn present(&self) -> Vec<PathBuf> {
        let mut found = vec![self.genesis(), self.document(), self.password()];
        found.extend([self.zone_pending(), self.members()]);
        found.extend([self.nursery(), self.trash()]);
        let operators = 0..MAX_LOCAL_OPERATORS;
        found.extend(operators.map(|index| self.operator(&operator_name(index))));
        found.retain(|path| path.symlink_metadata().is_ok());
        found
    }
}

/// The file of a member's X25519 key.
pub(super) fn x25519_name(member: &str) -> String {
    format!("{member}.x25519.json")
}

/// `operator-1` for 0.
pub fn operator_name(index: usize) -> String {
    format!("operator-{}", index + 1)
}

/// `member-1` for 0.
pub fn member_name(index: usize) -> String {
    format!("member-{}", index + 1)
}

/// The ports of one operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Ethereum JSON-RPC, HTTP and WebSocket.
    pub rpc: u16,
    /// TAXII 2.1.
    pub taxii: u16,
    /// The peer network.
    pub p2p: u16,
    /// Prometheus.
    pub metrics: u16,
    /// The dashboard.
    pub dashboard: u16,
}

/// Which ports a league uses.
///
/// Without a base, operator 1 has the well-known ports (RPC 8545, TAXII 8180, p2p 9545, metrics
/// 9645, dashboard 8080) and each further operator ten more. With a base N, operator 1 has RPC N, TAXII N+1, p2p N+2,
/// metrics N+3 and dashboard N+4, and each further operator again ten more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortPlan(Option<u16>);

impl PortPlan {
    /// A plan for so many operators.
    ///
    /// # Errors
    /// The ports would leave the range of ports without privileges.
    pub fn new(base: Option<u16>, operators: usize) -> Result<Self, LeagueError> {
        if let Some(base) = base {
            let last = highest_base(operators);
            if !(MIN_PORT_BASE..=last).contains(&base) {
                return Err(LeagueError::Range {
                    what: "--port-base",
                    value: base.to_string(),
                    allowed: format!("{MIN_PORT_BASE} to {last}"),
                });
            }
        }
        Ok(Self(base))
    }

    /// The ports of an operator, counted from 0 and below [`MAX_LOCAL_OPERATORS`].
    pub fn ports(self, index: usize) -> Ports {
        let offset = PORT_STEP * index.min(MAX_LOCAL_OPERATORS - 1) as u16;
        let [rpc, taxii, p2p, metrics, dashboard] = match self.0 {
            Some(base) => [base, base + 1, base + 2, base + 3, base + 4],
            None => [RPC_PORT, TAXII_PORT, P2P_PORT, METRICS_PORT, DASHBOARD_PORT],
        }
        .map(|port| port + offset);
        Ports {
            rpc,
            taxii,
            p2p,
            metrics,
            dashboard,
        }
    }
}

/// The highest base with which all ports of so many operators exist.
fn highest_base(operators: usize) -> u16 {
    u16::MAX - PORT_STEP * operators.clamp(1, MAX_LOCAL_OPERATORS) as u16
}
