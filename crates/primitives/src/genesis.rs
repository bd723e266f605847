//! The genesis file: everything that defines a chain before its first block.
//!
//! TOML or JSON. Its hash is `keccak256` of its canonical JSON form (fields in the order of this
//! file, maps sorted), so reformatting a file does not change the chain, and any change of meaning
//! does.

use crate::{
    Context, Digest, Fork, Header, HubPoint, MAX_CODE_BYTES, MAX_EPOCH_BLOCKS, MAX_GENESIS_MEMBERS,
    MAX_OPERATORS, MIN_EPOCH_BLOCKS, PublicKey, Seat, StakingParams, StateCommitment, Terms,
    transactions_root,
};
use alloy_eips::{eip1559::BaseFeeParams, eip2935::HISTORY_STORAGE_ADDRESS};
use alloy_primitives::{Address, B256, Bloom, Bytes, U256, address, hex, keccak256};
use commonware_codec::DecodeExt as _;
use commonware_consensus::types::{Epoch, Round, View};
use commonware_cryptography::Digest as _;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{SystemTime, UNIX_EPOCH},
};
use thiserror::Error;

/// Why a genesis file is refused.
#[derive(Debug, Error)]
pub enum GenesisError {
    /// Not TOML of this shape.
    #[error("genesis is not valid TOML: {0}")]
    Toml(#[from] toml::de::Error),
    /// Not JSON of this shape.
    #[error("genesis is not valid JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A field is out of range.
    #[error("genesis field `{field}`: {reason}")]
    Field {
        /// Where.
        field: &'static str,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

fn field(field: &'static str, reason: impl Into<String>) -> GenesisError {
    GenesisError::Field {
        field,
        reason: reason.into(),
    }
}

/// The definition of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// A name for people.
    pub name: String,
    /// A development league: well-known accounts, `debug` and `txpool` namespaces.
    #[serde(default)]
    pub development: bool,
    /// Time of the genesis block, milliseconds since the Unix epoch.
    pub timestamp_ms: u64,
    /// Gas limit of every block.
    #[serde(default = "default_gas_limit")]
    pub gas_limit: u64,
    /// Ethereum's rules.
    #[serde(default = "default_fork")]
    pub fork: Fork,
    /// Fee market.
    #[serde(default)]
    pub fees: Fees,
    /// Block production.
    #[serde(default)]
    pub pace: Pace,
    /// Of a zone: the hub that it belongs to. A genesis without it is a hub's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// The committee of the first epoch. A zone has none of its own: its operators are the hub's.
    #[serde(default)]
    pub operators: Vec<Operator>,
    /// Stake, epochs, rewards and slashing.
    #[serde(default)]
    pub staking: StakingParams,
    /// The exchange's first members.
    #[serde(default)]
    pub members: Vec<Member>,
    /// The guard's parameters.
    #[serde(default)]
    pub guard: GuardParams,
    /// What a hub's zones keep to. Absent where it says the usual: so hashes of zones stay what they are.
    #[serde(default, skip_serializing_if = "ZonesParams::is_usual")]
    pub zones: ZonesParams,
    /// Accounts of the first block.
    #[serde(default)]
    pub alloc: BTreeMap<Address, Alloc>,
}

/// What makes a chain a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// Hash of the hub's genesis.
    pub hub: B256,
    /// Its number in the hub's register.
    pub id: u64,
    /// The hub's blocks are at least this far apart, milliseconds.
    pub hub_interval_ms: u64,
    /// Its blocks name blocks of the hub from this height on.
    pub since: u64,
    /// Committee of the first epoch, in ascending order of keys.
    pub committee: Vec<Seat>,
    /// Directives of alerts below this severity (1 to 4) have no effect here.
    #[serde(default = "default_severity")]
    pub min_severity: u8,
}

/// Fewest seconds of [`ZonesParams::halted_after_s`]: checkpoints come six times as often as a zone may be silent.
pub const MIN_HALTED_AFTER_S: u64 = 10;

/// The last millisecond of the year 9999: far from where sums of times overflow.
const LATEST_TIMESTAMP_MS: u64 = 253_402_300_799_999;

/// EIP-1559 parameters and where base fees go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fees {
    /// Base fee of block 1, wei per gas.
    pub initial_base_fee: u64,
    /// The base fee never falls under this, wei per gas.
    pub min_base_fee: u64,
    /// A block's gas target is its gas limit divided by this.
    pub elasticity: u64,
    /// The base fee moves by at most one part in this many per block. Ethereum's 8 belongs to blocks that
    /// are 12 s apart. Full blocks of a league follow each other in a fraction of a second: 250 (as OP Mainnet
    /// has it) leaves a wallet that offers 1.2 times the base fee some seconds under full load, not two blocks.
    pub max_change_denominator: u64,
    /// Receives all base fees.
    pub treasury: Address,
}

impl Default for Fees {
    fn default() -> Self {
        Self {
            initial_base_fee: 1_000_000_000,
            min_base_fee: 1_000_000,
            elasticity: 2,
            max_change_denominator: 250,
            // "HANSA", zeros, module 7: the assembly's treasury.
            treasury: Address::new([
                0x48, 0x41, 0x4e, 0x53, 0x41, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7,
            ]),
        }
    }
}

impl Fees {
    /// As the EIP-1559 formula takes them.
    pub fn base_fee_params(&self) -> BaseFeeParams {
        BaseFeeParams::new(
            u128::from(self.max_change_denominator),
            u128::from(self.elasticity),
        )
    }
}

/// When blocks are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pace {
    /// Blocks are at least this far apart, milliseconds.
    pub min_block_interval_ms: u64,
    /// An idle chain makes a block this often, milliseconds.
    pub heartbeat_ms: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            min_block_interval_ms: 100,
            heartbeat_ms: 5_000,
        }
    }
}

/// A member of the committee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// A name for people.
    pub name: String,
    /// ed25519 public key, hex.
    pub public_key: B256,
    /// Receives the tips of the blocks that it proposes.
    pub fee_recipient: Address,
    /// The account that acts for it and whose own stake it starts with; the fee recipient unless it is given.
    #[serde(default)]
    pub owner: Option<Address>,
    /// Stake that it starts with, wei.
    #[serde(default = "default_stake")]
    pub stake: U256,
    /// Part of its delegators' rewards that it keeps, of 10,000.
    #[serde(default)]
    pub commission_bps: u64,
    /// `host:port` where other nodes reach it; may be empty where every node lists its peers.
    #[serde(default)]
    pub endpoint: String,
}

impl Operator {
    /// An operator with the default stake, which acts by the account that its tips go to.
    pub fn new(name: impl Into<String>, public_key: B256, fee_recipient: Address) -> Self {
        Self {
            name: name.into(),
            public_key,
            fee_recipient,
            owner: None,
            stake: default_stake(),
            commission_bps: 0,
            endpoint: String::new(),
        }
    }

    /// The account that acts for it.
    pub fn owner(&self) -> Address {
        self.owner.unwrap_or(self.fee_recipient)
    }

    /// The decoded key.
    ///
    /// # Errors
    /// The bytes are not a point on the curve.
    pub fn key(&self) -> Result<PublicKey, GenesisError> {
        decode_key(self.public_key, "operators.public_key")
    }
}

fn decode_key(key: B256, name: &'static str) -> Result<PublicKey, GenesisError> {
    PublicKey::decode(key.to_vec())
        .map_err(|_| field(name, format!("{key} is not an ed25519 public key")))
}

/// A founding member of the exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Name of the organisation.
    pub name: String,
    /// How to reach its security team.
    #[serde(default)]
    pub contact: String,
    /// Signs for the member.
    pub address: Address,
    /// X25519 public key that restricted objects are encrypted to.
    #[serde(default)]
    pub x25519: B256,
    /// Bits: 1 member, 2 sentinel, 4 observer.
    #[serde(default = "default_roles")]
    pub roles: u8,
    /// Voting weight.
    #[serde(default = "default_weight")]
    pub weight: u32,
}

/// Parameters of the guard module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GuardParams {
    /// Smallest bond of an alert for each of its targets, wei.
    pub min_bond: U256,
    /// A directive lasts at most this long, seconds.
    pub max_duration_s: u64,
    /// Addresses that are never blocked; on a zone, until its warden says otherwise.
    pub never_block: BTreeSet<Address>,
    /// Decides on a zone's own directives and on whom it never blocks. A hub has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warden: Option<Address>,
}

impl Default for GuardParams {
    fn default() -> Self {
        Self {
            min_bond: U256::from(100_000_000_000_000_000u64),
            max_duration_s: 30 * 24 * 3_600,
            never_block: BTreeSet::new(),
            warden: None,
        }
    }
}

/// Parameters of the module of zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ZonesParams {
    /// A zone counts as halted after so many seconds without a checkpoint, or after its time of notice if that is longer. At least 10.
    pub halted_after_s: u64,
}

impl ZonesParams {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for ZonesParams {
    fn default() -> Self {
        Self {
            halted_after_s: 3_600,
        }
    }
}

/// An account of the first block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alloc {
    /// Wei.
    pub balance: U256,
    /// Nonce.
    pub nonce: u64,
    /// Runtime code.
    pub code: Bytes,
    /// Storage.
    pub storage: BTreeMap<B256, B256>,
}

/// Where forge and others expect a contract that deploys by `CREATE2` for everybody: what is deployed through it has one address on every chain.
/// <https://github.com/Arachnid/deterministic-deployment-proxy>
pub const CREATE2_DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");

/// Its code: the first word of the input is the salt, the rest what creates the contract.
const CREATE2_DEPLOYER_CODE: Bytes = Bytes::from_static(&hex!(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
));

impl Alloc {
    /// The contract at [`CREATE2_DEPLOYER`].
    pub fn create2_deployer() -> Self {
        Self {
            nonce: 1,
            code: CREATE2_DEPLOYER_CODE,
            ..Self::default()
        }
    }
}

/// 32 ether.
fn default_stake() -> U256 {
    U256::from(32u64) * U256::from(10u64.pow(18))
}
/// Gas limit where a file says nothing.
pub(crate) const DEFAULT_GAS_LIMIT: u64 = 100_000_000;

const fn default_gas_limit() -> u64 {
    DEFAULT_GAS_LIMIT
}
// For ever: a file that leaves it out must not come to mean another chain.
const fn default_fork() -> Fork {
    Fork::OSAKA
}
const fn default_roles() -> u8 {
    1
}
const fn default_weight() -> u32 {
    1
}
const fn default_severity() -> u8 {
    1
}

impl Genesis {
    /// Reads TOML.
    ///
    /// # Errors
    /// Syntax, unknown fields, or values that [`Genesis::validate`] refuses.
    pub fn from_toml(text: &str) -> Result<Self, GenesisError> {
        let genesis: Self = toml::from_str(text)?;
        genesis.validate()?;
        Ok(genesis)
    }

    /// Reads JSON.
    ///
    /// # Errors
    /// As [`Genesis::from_toml`].
    pub fn from_json(text: &str) -> Result<Self, GenesisError> {
        let genesis: Self = serde_json::from_str(text)?;
        genesis.validate()?;
        Ok(genesis)
    }

    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is out of range, and what would be right.
    pub fn validate(&self) -> Result<(), GenesisError> {
        if self.chain_id == 0 || self.chain_id > u64::MAX / 2 - 36 {
            return Err(field(
                "chain_id",
                "must be between 1 and 2^63 - 37 (EIP-2294)",
            ));
        }
        if self.timestamp_ms > LATEST_TIMESTAMP_MS {
            return Err(field(
                "timestamp_ms",
                "must be before the year 10000: is it in milliseconds?",
            ));
        }
        if self.gas_limit < 5_000_000 {
            return Err(field("gas_limit", "must be at least 5,000,000"));
        }
        if !self.fork.is_known() {
            return Err(field(
                "fork",
                format!(
                    "{} is newer than this version of hansa: install a newer one",
                    self.fork
                ),
            ));
        }
        let fees = &self.fees;
        if fees.elasticity == 0 || fees.max_change_denominator == 0 {
            return Err(field(
                "fees",
                "elasticity and max_change_denominator must not be 0",
            ));
        }
        if fees.min_base_fee == 0 || fees.initial_base_fee < fees.min_base_fee {
            return Err(field(
                "fees",
                "0 < min_base_fee <= initial_base_fee must hold",
            ));
        }
        let pace = self.pace;
        if pace.min_block_interval_ms == 0 || pace.heartbeat_ms < pace.min_block_interval_ms {
            return Err(field(
                "pace",
                "0 < min_block_interval_ms <= heartbeat_ms must hold",
            ));
        }
        if pace.heartbeat_ms > crate::MAX_TIMESTAMP_STEP_MS {
            return Err(field("pace.heartbeat_ms", "must be at most 60,000"));
        }
        self.validate_parties()?;
        self.validate_epochs()?;
        self.validate_alloc()
    }

    fn validate_parties(&self) -> Result<(), GenesisError> {
        match &self.zone {
            Some(zone) => self.validate_zone(zone)?,
            None if self.guard.warden.is_some() => {
                return Err(field("guard.warden", "only a zone has one"));
            }
            None if self.operators.is_empty() || self.operators.len() > MAX_OPERATORS => {
                return Err(field("operators", format!("need 1 to {MAX_OPERATORS}")));
            }
            None => {}
        }
        let mut keys = BTreeSet::new();
        for operator in &self.operators {
            if !keys.insert(operator.key()?) {
                return Err(field("operators.public_key", "the same key twice"));
            }
        }
        if self.members.len() > MAX_GENESIS_MEMBERS {
            return Err(field("members", format!("at most {MAX_GENESIS_MEMBERS}")));
        }
        let mut addresses = BTreeSet::new();
        for member in &self.members {
            if !addresses.insert(member.address) {
                return Err(field(
                    "members.address",
                    format!("{} twice", member.address),
                ));
            }
        }
        Ok(())
    }

    fn validate_zone(&self, zone: &Zone) -> Result<(), GenesisError> {
        if !self.operators.is_empty() || !self.members.is_empty() {
            return Err(field(
                "zone",
                "a zone has neither operators nor members of its own: leave them out",
            ));
        }
        let seats = &zone.committee;
        if seats.is_empty() || seats.len() > MAX_OPERATORS {
            return Err(field(
                "zone.committee",
                format!("need 1 to {MAX_OPERATORS}"),
            ));
        }
        if !seats.is_sorted_by(|seat, next| seat.key < next.key) {
            return Err(field(
                "zone.committee",
                "must be in ascending order of keys, each once",
            ));
        }
        for seat in seats {
            decode_key(seat.key, "zone.committee.key")?;
        }
        if zone.hub_interval_ms == 0 {
            return Err(field("zone.hub_interval_ms", "must be at least 1"));
        }
        if self.guard.warden.is_some_and(|warden| warden.is_zero()) {
            return Err(field("guard.warden", "must not be zero: leave it out"));
        }
        if !(1..=4).contains(&zone.min_severity) {
            return Err(field("zone.min_severity", "must be from 1 to 4"));
        }
        Ok(())
    }

    /// The lengths and times that consensus is built on; the staking module checks the other parameters.
    fn validate_epochs(&self) -> Result<(), GenesisError> {
        let staking = &self.staking;
        if !(MIN_EPOCH_BLOCKS..=MAX_EPOCH_BLOCKS).contains(&staking.epoch_blocks) {
            return Err(field(
                "staking.epoch_blocks",
                format!("must be from {MIN_EPOCH_BLOCKS} to {MAX_EPOCH_BLOCKS}"),
            ));
        }
        if self.zones.halted_after_s < MIN_HALTED_AFTER_S {
            return Err(field(
                "zones.halted_after_s",
                format!("must be at least {MIN_HALTED_AFTER_S}"),
            ));
        }
        if staking.freeze_blocks == 0 || staking.freeze_blocks > staking.epoch_blocks - 2 {
            return Err(field(
                "staking.freeze_blocks",
                "must be at least 1, and at most epoch_blocks - 2",
            ));
        }
        Ok(())
    }

    /// What block 1 writes itself must not come from the allocation.
    fn validate_alloc(&self) -> Result<(), GenesisError> {
        for (address, alloc) in &self.alloc {
            if is_module_range(address) {
                return Err(field(
                    "alloc",
                    format!("{address} is reserved for a module: leave it out"),
                ));
            }
            if *address == HISTORY_STORAGE_ADDRESS {
                return Err(field(
                    "alloc",
                    format!("{address} holds the block hashes (EIP-2935): leave it out"),
                ));
            }
            if alloc.code.len() > MAX_CODE_BYTES {
                return Err(field(
                    "alloc",
                    format!(
                        "{address} has {} bytes of code: at most {MAX_CODE_BYTES} (EIP-170)",
                        alloc.code.len()
                    ),
                ));
            }
            if alloc.code.first() == Some(&0xef) {
                return Err(field(
                    "alloc",
                    format!(
                        "{address} has code that begins with 0xef, which no contract has (EIP-3541)"
                    ),
                ));
            }
            // Ethereum has no such account: a create at its address would find storage (EIP-7610).
            if !alloc.storage.is_empty() && alloc.code.is_empty() && alloc.nonce == 0 {
                return Err(field(
                    "alloc",
                    format!(
                        "{address} has storage, but neither code nor a nonce: give it one of these"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// What the chain's first block keeps to.
    pub fn terms(&self) -> Terms {
        Terms {
            gas_limit: self.gas_limit,
            min_base_fee: self.fees.min_base_fee,
            min_block_interval_ms: self.pace.min_block_interval_ms,
            heartbeat_ms: self.pace.heartbeat_ms,
            max_directive_s: self.guard.max_duration_s,
            min_severity: self.zone.as_ref().map_or(1, |zone| zone.min_severity),
            fork: self.fork,
        }
    }

    /// The keys of the first committee, in the order of the file.
    ///
    /// # Errors
    /// A malformed key.
    pub fn operator_keys(&self) -> Result<Vec<PublicKey>, GenesisError> {
        match &self.zone {
            Some(zone) => (zone.committee.iter())
                .map(|seat| decode_key(seat.key, "zone.committee.key"))
                .collect(),
            None => self.operators.iter().map(Operator::key).collect(),
        }
    }

    /// Hash of the canonical JSON form.
    ///
    /// # Errors
    /// Never for a value that came from a file; serialisation is fallible by type.
    pub fn hash(&self) -> Result<B256, GenesisError> {
        Ok(keccak256(serde_json::to_vec(self)?))
    }

    /// The namespace of what the chain's committees sign.
    ///
    /// # Errors
    /// As [`Genesis::hash`].
    pub fn namespace(&self) -> Result<Vec<u8>, GenesisError> {
        Ok(match &self.zone {
            Some(zone) => crate::zone_namespace(zone.hub, zone.id),
            None => crate::namespace(self.hash()?),
        })
    }

    /// The header of block 0. Its databases (`state`) are empty: block 1 carries the allocation. `committee` is the id of
    /// the first committee.
    ///
    /// # Errors
    /// A malformed operator key.
    pub fn header(&self, state: StateCommitment, committee: B256) -> Result<Header, GenesisError> {
        let keys = self.operator_keys()?;
        let leader = keys.into_iter().next();
        let leader = leader.ok_or_else(|| field("operators", "a chain needs at least one"))?;
        let since = self.zone.as_ref().map_or(0, |zone| zone.since);
        Ok(Header {
            context: Context {
                round: Round::new(Epoch::zero(), View::zero()),
                leader,
                parent: (View::zero(), Digest::EMPTY),
            },
            parent_hash: self.hash()?,
            number: 0,
            timestamp_ms: self.timestamp_ms,
            beneficiary: self.fees.treasury,
            terms: self.terms(),
            gas_used: 0,
            base_fee_per_gas: self.fees.initial_base_fee,
            transactions_root: transactions_root(&[]),
            receipts_root: transactions_root(&[]),
            logs_bloom: Bloom::ZERO,
            committee,
            next_committee: committee,
            finalization: B256::ZERO,
            finalized_view: 0,
            hub: HubPoint {
                number: since,
                ..HubPoint::default()
            },
            inputs: B256::ZERO,
            outbox: Default::default(),
            state,
        })
    }
}

/// Whether an address is one of those that modules have or will have: "HANSA", zeros, and a number.
fn is_module_range(address: &Address) -> bool {
    address.starts_with(b"HANSA") && address[5..19].iter().all(|byte| *byte == 0)
}

/// Now, as a genesis file holds it, for tools that write one.
pub fn genesis_timestamp_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}
