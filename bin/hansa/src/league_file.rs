//! The local league that `hansa up` made: `league.json` in its directory.

use crate::failure::{Failure, Outcome};
use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The file's name in the league's directory.
pub(crate) const FILE_NAME: &str = "league.json";
/// The file with the password of all keystores of a development league.
pub(crate) const PASSWORD_FILE_NAME: &str = "password";

/// A league on this machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LeagueFile {
    /// EIP-155 chain id.
    pub(crate) chain_id: u64,
    /// One node each.
    pub(crate) operators: Vec<Operator>,
    /// Funded development accounts.
    #[serde(default)]
    pub(crate) accounts: Vec<Account>,
    /// Members of the exchange with keystores here.
    #[serde(default)]
    pub(crate) members: Vec<Member>,
}

/// An operator's node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Operator {
    pub(crate) name: String,
    /// URL of JSON-RPC over HTTP.
    pub(crate) rpc: String,
    /// URL of JSON-RPC over WebSocket.
    pub(crate) ws: String,
    /// URL of the TAXII server.
    pub(crate) taxii: String,
    /// URL of the dashboard.
    #[serde(default)]
    pub(crate) dashboard: String,
    /// URL of the Prometheus metrics.
    pub(crate) metrics: String,
    /// Its process; none when it is stopped.
    pub(crate) pid: Option<u32>,
    /// Its directory.
    pub(crate) dir: PathBuf,
}

/// A development account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) address: Address,
    pub(crate) private_key: B256,
}

/// A member's credentials.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) address: Address,
    /// Relative to the league's directory.
    pub(crate) keystore: PathBuf,
    /// The operator whose node it uses: its name, or its position.
    #[serde(default)]
    pub(crate) operator: Value,
}

impl LeagueFile {
    /// The league in a directory; `None` when there is none.
    ///
    /// # Errors
    /// The file is there and cannot be understood.
    pub(crate) fn load(dir: &Path) -> Outcome<Option<Self>> {
        let path = dir.join(FILE_NAME);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(Failure::failed(
                    format!("cannot read {}: {error}", path.display()),
                    "name the directory of a league with --dir",
                ));
            }
        };
        serde_json::from_slice(&text).map(Some).map_err(|error| {
            Failure::failed(
                format!("{}: {error}", path.display()),
                "make the league anew with `hansa reset` and `hansa up`",
            )
        })
    }

    /// A member by name or address.
    pub(crate) fn member(&self, who: &str) -> Option<&Member> {
        let address: Option<Address> = who.parse().ok();
        let mut members = self.members.iter();
        members.find(|member| member.name == who || Some(member.address) == address)
    }

    /// A development account by address.
    pub(crate) fn account(&self, who: &str) -> Option<&Account> {
        let address: Address = who.parse().ok()?;
        self.accounts
            .iter()
            .find(|account| account.address == address)
    }

    /// The operator that a member uses.
    pub(crate) fn operator_of(&self, member: &Member) -> Option<&Operator> {
        match &member.operator {
            Value::String(name) => self
                .operators
                .iter()
                .find(|operator| operator.name == *name),
            Value::Number(position) => {
                let position = usize::try_from(position.as_u64()?).ok()?;
                self.operators.get(position)
            }
            _ => None,
        }
    }
}
