//! The modules' part of a genesis: from parameters to the storage that block 0 starts with.
//!
//! Everything goes through the modules' own logic on an in-memory host, so that no genesis can hold
//! what a vote could not have brought about.

use crate::{
    context::{Context, Stop},
    guard,
    host::Block,
    limits::MAX_MEMBERS,
    members::{self, Roles},
    messages,
    staking::{self, Seat, StakingParams},
    testing::MemoryHost,
    zones,
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::{MEMBERS, describe_error};
use hansa_primitives::ZonesParams;
use serde::{Deserialize, Serialize};

/// Parameters of the native modules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// The league's first members, all active.
    pub members: Vec<GenesisMember>,
    /// The guard's parameters.
    #[serde(default)]
    pub guard: GuardParameters,
    /// The staking module's parameters. Without operators they are checked, but the module stays off.
    #[serde(default)]
    pub staking: StakingParams,
    /// The first operators: the committee of epoch 0, all of them.
    #[serde(default)]
    pub operators: Vec<GenesisOperator>,
    /// The parameters of the module of zones.
    #[serde(default)]
    pub zones: ZonesParams,
    /// Of a zone, which has neither members nor operators of its own: the committee of epoch 0.
    #[serde(default)]
    pub committee: Vec<Seat>,
    /// Of a zone: its id.
    #[serde(default)]
    pub zone: u64,
    /// Hash of the chain's genesis: what operators sign is signed for this chain.
    #[serde(default)]
    pub genesis_hash: B256,
}

/// One of the first operators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisOperator {
    /// A name for people.
    pub name: String,
    /// ed25519 public key.
    pub public_key: B256,
    /// The account that acts for it, and holds its self-delegation.
    pub owner: Address,
    /// Receives the tips of the blocks that it proposes.
    pub fee_recipient: Address,
    /// Its share of its delegators' rewards, of 10,000.
    #[serde(default)]
    pub commission_bps: u64,
    /// Its self-delegation in wei, active from epoch 0.
    pub stake: U256,
    /// "host:port" where it can be reached; may be empty.
    #[serde(default)]
    pub endpoint: String,
}

/// One of the first members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisMember {
    /// Name of the organisation.
    pub name: String,
    /// How to reach it; may be empty.
    #[serde(default)]
    pub contact: String,
    /// The account that acts for it.
    pub address: Address,
    /// Its X25519 public key; zeros for none yet.
    #[serde(default)]
    pub x25519: B256,
    /// Its roles.
    #[serde(default = "default_roles")]
    pub roles: Roles,
    /// Its voting weight; defaults to 1, and to 0 for an observer.
    #[serde(default)]
    pub weight: Option<u32>,
}

/// The guard's parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GuardParameters {
    /// Least bond of an alert for each of its targets, in wei.
    pub min_bond: U256,
    /// Longest time from raising an alert to its expiry, in seconds.
    pub max_duration_s: u64,
    /// Addresses that are never blocked, besides modules, precompiles and system contracts.
    pub never_block: Vec<Address>,
    /// Who may change that, and issue directives of the chain's own.
    pub warden: Option<Address>,
}

impl Default for GuardParameters {
    /// One ether, 90 days, nobody.
    fn default() -> Self {
        Self {
            min_bond: U256::from(1_000_000_000_000_000_000u64),
            max_duration_s: 90 * 24 * 3_600,
            never_block: Vec::new(),
            warden: None,
        }
    }
}

/// One slot of a module's storage at genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageWrite {
    /// The module.
    pub address: Address,
    /// The slot.
    pub slot: U256,
    /// Its value, not zero.
    pub value: U256,
}

/// Why a genesis is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// A league needs somebody who can vote.
    #[error("no member has voting weight: add at least one with the member or sentinel role")]
    NoWeight,
    /// More members than a league can have.
    #[error("{count} members are more than the limit of {limit} (MAX_MEMBERS)")]
    TooManyMembers {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: u64,
    },
    /// The members module refuses a member.
    #[error("member {index} ({name:?}) is refused: {reason}")]
    Member {
        /// Position in the list, from 0.
        index: usize,
        /// Its name.
        name: String,
        /// The module's error.
        reason: String,
    },
    /// A parameter of the staking module is out of its bounds.
    #[error("staking parameter {parameter}: {reason}")]
    Staking {
        /// Which one.
        parameter: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The staking module refuses an operator.
    #[error("operator {index} ({name:?}) is refused: {reason}")]
    Operator {
        /// Position in the list, from 0.
        index: usize,
        /// Its name.
        name: String,
        /// The module's error.
        reason: String,
    },
    /// More operators than a committee has seats.
    #[error("{count} operators are more than the limit of {limit} (MAX_SEATS)")]
    TooManyOperators {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: u64,
    },
    /// A zone cannot begin.
    #[error("zone: {0}")]
    Zone(String),
    /// A parameter of the guard makes no sense.
    #[error("guard parameter {parameter}: {reason}")]
    Guard {
        /// Which one.
        parameter: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// The storage that the modules start with, in order of address and slot.
///
/// # Errors
/// When a member or a parameter breaks a rule of its module.
pub fn storage(genesis: &Genesis, timestamp: u64) -> Result<Vec<StorageWrite>, GenesisError> {
    let limit = MAX_MEMBERS;
    let count = genesis.members.len();
    if count as u64 > limit {
        return Err(GenesisError::TooManyMembers { count, limit });
    }
    let mut host = MemoryHost::default();
    for (index, member) in genesis.members.iter().enumerate() {
        add_member(&mut host, member, timestamp).map_err(|stop| GenesisError::Member {
            index,
            name: member.name.clone(),
            reason: explain(stop),
        })?;
    }
    let weight = with_context(&mut host, MEMBERS, timestamp, |context| {
        members::total_weight(context)
    });
    // A chain of operators alone has no exchange.
    let has_weight = weight.is_ok_and(|weight| weight > 0);
    let has_committee = !genesis.operators.is_empty() || !genesis.committee.is_empty();
    if !has_weight && (count > 0 || !has_committee) {
        return Err(GenesisError::NoWeight);
    }
    guard::set_parameters(&mut host, &genesis.guard)?;
    staking::write_genesis(&mut host, genesis, timestamp)?;
    zones::write_genesis(&mut host, &genesis.zones, timestamp)
        .map_err(|stop| GenesisError::Zone(explain(stop)))?;
    if genesis.zone != 0 {
        messages::write_genesis(&mut host, genesis.zone, timestamp)
            .map_err(|stop| GenesisError::Zone(explain(stop)))?;
    }
    Ok(host
        .storage
        .into_iter()
        .map(|((address, slot), value)| StorageWrite {
            address,
            slot,
            value,
        })
        .collect())
}

/// Wei that the staking module's account starts with: the sum of the operators' stakes.
pub fn genesis_balance(genesis: &Genesis) -> U256 {
    let stakes = genesis.operators.iter().map(|operator| operator.stake);
    stakes.fold(U256::ZERO, U256::saturating_add)
}

const fn default_roles() -> Roles {
    Roles::MEMBER
}

fn add_member(host: &mut MemoryHost, member: &GenesisMember, timestamp: u64) -> Result<(), Stop> {
    let default_weight = u32::from(member.roles != Roles::OBSERVER);
    let weight = member.weight.unwrap_or(default_weight);
    with_context(host, MEMBERS, timestamp, |context| {
        let profile = (member.name.as_str(), member.contact.as_str(), member.x25519);
        members::admit_at_genesis(context, member.address, profile, member.roles, weight)
    })
}

/// Runs a module's logic outside any call, with all the gas it wants, and keeps what it wrote.
pub(crate) fn with_context<T>(
    host: &mut MemoryHost,
    module: Address,
    timestamp: u64,
    logic: impl FnOnce(&mut Context<'_>) -> Result<T, Stop>,
) -> Result<T, Stop> {
    let block = Block {
        number: 0,
        timestamp,
        chain_id: 0,
    };
    let mut context = Context::of_chain(host, module, block);
    let result = logic(&mut context)?;
    context.commit()?;
    Ok(result)
}

/// A module's error in words.
pub(crate) fn explain(stop: Stop) -> String {
    match stop {
        Stop::Revert(data) => describe_error(&data).unwrap_or_else(|| data.to_string()),
        Stop::OutOfGas => "out of gas".into(),
        Stop::Fatal(message) => message,
    }
}
