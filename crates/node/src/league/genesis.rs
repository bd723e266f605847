//! The genesis of a development league, and the check of any genesis by every rule of the chain.

use super::{
    Account, LeagueError,
    accounts::{development_member, development_x25519},
    development_accounts,
    layout::MAX_LOCAL_OPERATORS,
};
use crate::text::{self, MAX_GENESIS_BYTES};
use alloy_primitives::{Address, B256, U256};
use hansa_evm::{BlockDb, MemoryDb, genesis_changes};
use hansa_primitives::{
    Alloc, CREATE2_DEPLOYER, Fees, Fork, Genesis, GenesisError, GuardParams, Member, Operator,
    Pace, PublicKey, StakingParams, ZonesParams, genesis_timestamp_ms, x25519_public,
};
use std::{collections::BTreeMap, path::Path};

/// The chain id of a development league unless another one is asked for.
pub const DEVELOPMENT_CHAIN_ID: u64 = 4_857;
/// Chain ids on which well-known keys may hold value: Hansa's, and the two that development tools
/// use (1337 and 31337). Nothing on them is worth anything.
pub const DEVELOPMENT_CHAIN_IDS: [u64; 3] = [DEVELOPMENT_CHAIN_ID, 1_337, 31_337];
/// Wei of every development account and member.
const BALANCE: u128 = 10_000 * 1_000_000_000_000_000_000;
/// Wei that every operator of a development league stakes.
const STAKE: u128 = 2_000 * 1_000_000_000_000_000_000;
/// Commission of its operators.
const COMMISSION_BPS: u64 = 1_000;
/// Short, so that a change of the committee is seen within minutes even on an idle league.
const EPOCH_BLOCKS: u64 = 20;
/// Blocks before the end of such an epoch where its committee is fixed.
const FREEZE_BLOCKS: u64 = 4;
/// Roles of the first member: member and sentinel.
const SENTINEL: u8 = 3;
/// Roles of the others.
const MEMBER: u8 = 1;

/// Whether well-known keys are harmless on a chain.
pub fn is_development(genesis: &Genesis) -> bool {
    genesis.development && DEVELOPMENT_CHAIN_IDS.contains(&genesis.chain_id)
}

/// A member of a new development league.
pub(super) struct NewMember {
    pub(super) name: String,
    pub(super) address: Address,
    /// The public key.
    pub(super) x25519: B256,
}

/// What a development league is made from.
pub(super) struct Parts<'a> {
    pub(super) chain_id: u64,
    pub(super) pace: Pace,
    pub(super) zones: ZonesParams,
    pub(super) operators: &'a [(String, PublicKey)],
    pub(super) members: &'a [NewMember],
    /// Accounts that evidence is sent from.
    pub(super) evidence: &'a [Address],
    pub(super) accounts: &'a [Account],
}

/// A development league's genesis. The operators' tips go to the members of the same rank.
pub(super) fn development(parts: &Parts<'_>) -> Genesis {
    let members = parts.members.iter().map(|member| member.address);
    let accounts = parts.accounts.iter().map(|account| account.address);
    let funded = Alloc {
        balance: U256::from(BALANCE),
        ..Alloc::default()
    };
    let recipients = members.clone().chain(std::iter::repeat(Address::ZERO));
    let operators = parts.operators.iter().zip(recipients);
    // Backdated, so that the first block is due at once: it shows that the league agrees.
    let timestamp_ms = genesis_timestamp_ms().saturating_sub(parts.pace.heartbeat_ms);
    Genesis {
        chain_id: parts.chain_id,
        name: "Hansa development league".into(),
        development: true,
        timestamp_ms,
        gas_limit: 100_000_000,
        fork: Fork::OSAKA,
        fees: Fees::default(),
        pace: parts.pace,
        zone: None,
        operators: operators
            .map(|((name, key), fee_recipient)| Operator {
                stake: U256::from(STAKE),
                commission_bps: COMMISSION_BPS,
                ..Operator::new(name, B256::from_slice(key.as_ref()), fee_recipient)
            })
            .collect(),
        staking: StakingParams {
            epoch_blocks: EPOCH_BLOCKS,
            freeze_blocks: FREEZE_BLOCKS,
            ..StakingParams::default()
        },
        members: parts
            .members
            .iter()
            .enumerate()
            .map(|(index, member)| Member {
                name: member.name.clone(),
                contact: format!("security@{}.example", member.name),
                address: member.address,
                x25519: member.x25519,
                roles: if index == 0 { SENTINEL } else { MEMBER },
                weight: 1,
            })
            .collect(),
        guard: GuardParams::default(),
        zones: parts.zones,
        alloc: members
            .chain(accounts)
            .chain(parts.evidence.iter().copied())
            .map(|address| (address, funded.clone()))
            .chain([(CREATE2_DEPLOYER, Alloc::create2_deployer())])
            .collect::<BTreeMap<_, _>>(),
    }
}

/// Why well-known keys, or the mark of a development league, must not be in this genesis.
pub(crate) fn misplaced(genesis: &Genesis) -> Option<String> {
    let chain_id = genesis.chain_id;
    if DEVELOPMENT_CHAIN_IDS.contains(&chain_id) {
        return None;
    }
    if genesis.development {
        return Some(format!("development = true on chain id {chain_id}"));
    }
    // The derivation cannot fail: see there.
    let secrets = (0..MAX_LOCAL_OPERATORS).filter_map(|index| development_x25519(index).ok());
    let publics: Vec<B256> = secrets
        .map(|secret| x25519_public(&secret.to_bytes()))
        .collect();
    let members = &genesis.members;
    if let Some(member) = members
        .iter()
        .find(|member| publics.contains(&member.x25519))
    {
        return Some(format!(
            "X25519 key {} on chain id {chain_id}: everybody has its secret",
            member.x25519
        ));
    }
    let accounts = development_accounts().ok()?;
    let members = (0..MAX_LOCAL_OPERATORS).filter_map(|index| development_member(index).ok());
    let known: Vec<Address> = accounts
        .iter()
        .map(|account| account.address)
        .chain(members.map(|member| member.address()))
        .collect();
    let recipients = genesis.operators.iter();
    let recipients = recipients.map(|operator| operator.fee_recipient);
    let members = genesis.members.iter().map(|member| member.address);
    let mut used = genesis
        .alloc
        .keys()
        .copied()
        .chain(members)
        .chain(recipients);
    let account = used.find(|used| known.contains(used))?;
    Some(format!(
        "{account} on chain id {chain_id}: everybody has its key"
    ))
}

/// Checks a genesis as the chain will: its fields, the modules' rules by making its first state, and
/// that what is for development leagues is in no other.
///
/// # Errors
/// The first rule that it breaks.
pub fn check(path: &Path, genesis: &Genesis) -> Result<(), LeagueError> {
    genesis.validate().map_err(LeagueError::genesis(path))?;
    if let Some(reason) = misplaced(genesis) {
        let path = path.into();
        return Err(LeagueError::Misplaced { path, reason });
    }
    let mut state = BlockDb::new(MemoryDb::default());
    genesis_changes(genesis, &mut state).map_err(|error| LeagueError::Damaged {
        path: path.into(),
        reason: error.to_string(),
    })
}

/// Reads a genesis file, TOML or JSON by its ending.
///
/// # Errors
/// It cannot be read, or is not a genesis.
pub fn load(path: &Path) -> Result<Genesis, LeagueError> {
    let text = text::read(path, MAX_GENESIS_BYTES).map_err(LeagueError::io(path))?;
    parse(path, &text).map_err(LeagueError::genesis(path))
}

pub(crate) fn parse(path: &Path, text: &str) -> Result<Genesis, GenesisError> {
    if path.extension().is_some_and(|ending| ending == "json") {
        Genesis::from_json(text)
    } else {
        Genesis::from_toml(text)
    }
}
