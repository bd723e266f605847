//! Where things lie in the module's storage.
//!
//! | slot | what |
//! |---|---|
//! | 0 | how many zones there are |
//! | 1 | `mapping(id => record)`, see below |
//! | 2 | `mapping(keccak256(name) => id)` |
//! | 3 | `mapping(chain id => id)` |
//! | 4 | `mapping(id => checkpoint)`, see below |
//! | 5 | `mapping(id => how many upgrades)` |
//! | 6 | `mapping(id => mapping(index => upgrade))`, see below |
//! | 7 | `mapping(id => how many committee rules)` |
//! | 8 | `mapping(id => mapping(index => committee rule))`, see below |
//! | 9 | seconds without a checkpoint after which a zone has halted; 0: the usual |
//! | 10 | how many reseedings there were |
//! | 11 | `mapping(id => how many cuts)` |
//! | 12 | `mapping(id => mapping(index => cut))`, see below |
//! | 13 | `mapping(id => guard rule)`, see below |
//!
//! A record: creator (bits 0..160), severity (160..168), fork (168..176; +0); created at, timestamp (64 bits each; +1); chain id, gas limit,
//! least base fee, epoch blocks (+2); interval, heartbeat, longest directive, notice (+3); escrow (+4); name (+5); rent (+6); its end, see
//! [`End`] (+7); the hub's block in which it began to close (+8).
//!
//! A checkpoint: number, milliseconds, block of the hub, messages (64 bits each; +0); recorded at, in seconds, arrivals (+1); hash (+2); root of
//! the state (+3); root of the outbox (+4); stake that answers (+5); the last one that was something (+6).
//!
//! An upgrade: gas limit, least base fee, interval, heartbeat (+0); longest directive, when it is due in seconds, severity (128..136), fork (136..144; +1).
//!
//! A committee rule: from when on it holds in seconds, seats at most, operators on its list (64 bits each; +0); least stake (+1); the list, four
//! to a word (+2 and after).
//!
//! A guard rule: the warden (bits 0..160), how many addresses are never blocked (160..176; +0), these (+1 and after).
//!
//! A cut: first block, its epoch, the hub's epoch whose committee goes on, when it was made in seconds (64 bits each; +0); hash of the block
//! before (+1), its milliseconds (+2).

use crate::{
    context::{Context, Stop, revert},
    host::StorageRead,
    slots::{address_key, mapping},
};
use alloy_primitives::{Address, U256, keccak256};
use hansa_abi::{IZones, ZONES};
use hansa_primitives::{Fork, Terms, ZonesParams};

pub(super) const COUNT: U256 = slot(0);
const RECORDS: U256 = slot(1);
const NAMES: U256 = slot(2);
const CHAIN_IDS: U256 = slot(3);
const CHECKPOINTS: U256 = slot(4);
const UPGRADE_COUNTS: U256 = slot(5);
const UPGRADES: U256 = slot(6);
const RULE_COUNTS: U256 = slot(7);
const RULES: U256 = slot(8);
pub(super) const HALTED_AFTER: U256 = slot(9);
pub(super) const RESEEDINGS: U256 = slot(10);
pub(super) const CUT_COUNTS: U256 = slot(11);
pub(super) const CUTS: U256 = slot(12);
const GUARD_RULES: U256 = slot(13);

const ANSWERED_OFFSET: u64 = 6;

const TIMES_OFFSET: u64 = 1;
const LIMITS_OFFSET: u64 = 2;
const PACE_OFFSET: u64 = 3;
const ESCROW_OFFSET: u64 = 4;
const NAME_OFFSET: u64 = 5;
const RENT_OFFSET: u64 = 6;
const END_OFFSET: u64 = 7;
const CLOSED_IN_OFFSET: u64 = 8;

const fn slot(number: u64) -> U256 {
    U256::from_limbs([number, 0, 0, 0])
}

pub(super) fn offset(slot: U256, by: u64) -> U256 {
    slot.wrapping_add(U256::from(by))
}

pub(super) fn record_slot(id: u64) -> U256 {
    mapping(U256::from(id), RECORDS)
}

pub(super) fn name_slot(name: &str) -> U256 {
    mapping(U256::from_be_bytes(keccak256(name).0), NAMES)
}

pub(super) fn chain_id_slot(chain_id: u64) -> U256 {
    mapping(U256::from(chain_id), CHAIN_IDS)
}

/// The words of a record, but for its name.
pub(super) struct Record {
    pub(super) creator: Address,
    pub(super) created_at: u64,
    pub(super) timestamp: u64,
    pub(super) chain_id: u64,
    pub(super) epoch_blocks: u64,
    /// What it begins with.
    pub(super) terms: Terms,
    pub(super) notice_s: u64,
    pub(super) escrow: U256,
    pub(super) rent_per_day: U256,
    pub(super) end: End,
    /// Not of the zone, but of its hub: see [`halted_after`].
    pub(super) halted_after_s: u64,
}

/// How a zone ends, in one word, and until when its operators are paid.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct End {
    /// From when on it can be stopped, seconds since 1970; 0 while it is not closing.
    pub(super) closes_at: u64,
    /// The hub's block that stopped it; 0 while none did.
    pub(super) stopped_at: u64,
    /// When that was, seconds since 1970 (48 bits).
    pub(super) stopped_time: u64,
    /// Why (8 bits).
    pub(super) reason: u8,
    /// Seconds since 1970.
    pub(super) paid_until: u64,
}

/// Bits of a time that shares its limb.
const TIME_BITS: u32 = 48;

impl End {
    const fn from_word(word: U256) -> Self {
        let [closes_at, stopped_at, stopped, paid_until] = word.into_limbs();
        Self {
            closes_at,
            stopped_at,
            stopped_time: stopped & ((1 << TIME_BITS) - 1),
            reason: (stopped >> TIME_BITS) as u8,
            paid_until,
        }
    }

    fn word(&self) -> U256 {
        let stopped = self.stopped_time | u64::from(self.reason) << TIME_BITS;
        U256::from_limbs([self.closes_at, self.stopped_at, stopped, self.paid_until])
    }
}

/// Seconds without a checkpoint after which a zone of this hub has halted at the earliest.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn halted_after<R: StorageRead>(read: &mut R) -> Result<u64, R::Error> {
    let [seconds, ..] = read.sload(ZONES, HALTED_AFTER)?.into_limbs();
    Ok(match seconds {
        0 => ZonesParams::default().halted_after_s,
        seconds => seconds,
    })
}

/// A record, `None` where there is none.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn read<R: StorageRead>(read: &mut R, id: u64) -> Result<Option<Record>, R::Error> {
    let base = record_slot(id);
    let mut word = |by| read.sload(ZONES, offset(base, by));
    let first = word(0)?.to_be_bytes::<32>();
    let [created_at, timestamp, ..] = word(TIMES_OFFSET)?.into_limbs();
    let [chain_id, gas_limit, min_base_fee, epoch_blocks] = word(LIMITS_OFFSET)?.into_limbs();
    let [
        min_block_interval_ms,
        heartbeat_ms,
        max_directive_s,
        notice_s,
    ] = word(PACE_OFFSET)?.into_limbs();
    let record = Record {
        creator: Address::from_slice(&first[12..]),
        created_at,
        timestamp,
        chain_id,
        epoch_blocks,
        terms: Terms {
            gas_limit,
            min_base_fee,
            min_block_interval_ms,
            heartbeat_ms,
            max_directive_s,
            min_severity: first[11],
            fork: Fork::from_number(first[10]),
        },
        notice_s,
        escrow: word(ESCROW_OFFSET)?,
        rent_per_day: word(RENT_OFFSET)?,
        end: End::from_word(word(END_OFFSET)?),
        halted_after_s: halted_after(read)?,
    };
    Ok((chain_id != 0).then_some(record))
}

/// The record of a zone.
///
/// # Errors
/// Reverts when there is none.
pub(super) fn find(context: &mut Context<'_>, id: u64) -> Result<Record, Stop> {
    read(context, id)?.ok_or_else(|| revert(IZones::UnknownZone { zoneId: id }))
}

pub(super) fn store(context: &mut Context<'_>, id: u64, record: &Record) -> Result<(), Stop> {
    let base = record_slot(id);
    let terms = &record.terms;
    let rules = U256::from_limbs([rules(terms), 0, 0, 0]) << 160usize;
    let first = address_key(record.creator) | rules;
    let times = [record.created_at, record.timestamp, 0, 0];
    let limits = [
        record.chain_id,
        terms.gas_limit,
        terms.min_base_fee,
        record.epoch_blocks,
    ];
    let pace = [
        terms.min_block_interval_ms,
        terms.heartbeat_ms,
        terms.max_directive_s,
        record.notice_s,
    ];
    context.sstore(base, first)?;
    context.sstore(offset(base, TIMES_OFFSET), U256::from_limbs(times))?;
    context.sstore(offset(base, LIMITS_OFFSET), U256::from_limbs(limits))?;
    context.sstore(offset(base, PACE_OFFSET), U256::from_limbs(pace))?;
    context.sstore(offset(base, RENT_OFFSET), record.rent_per_day)?;
    store_end(context, id, record)
}

/// Severity and fork of terms, as a word has them side by side.
fn rules(terms: &Terms) -> u64 {
    u64::from(terms.min_severity) | u64::from(terms.fork.number()) << 8
}

/// An upgrade of a zone.
pub(super) struct Upgrade {
    /// It is due from then on, seconds since 1970.
    pub(super) starts_at: u64,
    pub(super) terms: Terms,
}

fn upgrade_slot(id: u64, index: u64) -> U256 {
    mapping(U256::from(index), mapping(U256::from(id), UPGRADES))
}

/// How many upgrades a zone has, one that is not due yet included.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn upgrade_count<R: StorageRead>(read: &mut R, id: u64) -> Result<u64, R::Error> {
    let count = read.sload(ZONES, mapping(U256::from(id), UPGRADE_COUNTS))?;
    Ok(count.as_limbs()[0])
}

/// An upgrade that is there.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn upgrade<R: StorageRead>(
    read: &mut R,
    id: u64,
    index: u64,
) -> Result<Upgrade, R::Error> {
    let base = upgrade_slot(id, index);
    let [gas_limit, min_base_fee, min_block_interval_ms, heartbeat_ms] =
        read.sload(ZONES, base)?.into_limbs();
    let [max_directive_s, starts_at, rules, _] = read.sload(ZONES, offset(base, 1))?.into_limbs();
    let [min_severity, fork, ..] = rules.to_le_bytes();
    Ok(Upgrade {
        starts_at,
        terms: Terms {
            gas_limit,
            min_base_fee,
            min_block_interval_ms,
            heartbeat_ms,
            max_directive_s,
            min_severity,
            fork: Fork::from_number(fork),
        },
    })
}

/// Writes an upgrade over the last one, or after it.
pub(super) fn store_upgrade(
    context: &mut Context<'_>,
    (id, index): (u64, u64),
    upgrade: &Upgrade,
) -> Result<(), Stop> {
    let base = upgrade_slot(id, index);
    let terms = &upgrade.terms;
    let first = [
        terms.gas_limit,
        terms.min_base_fee,
        terms.min_block_interval_ms,
        terms.heartbeat_ms,
    ];
    let second = [terms.max_directive_s, upgrade.starts_at, rules(terms), 0];
    context.sstore(base, U256::from_limbs(first))?;
    context.sstore(offset(base, 1), U256::from_limbs(second))?;
    let count = mapping(U256::from(id), UPGRADE_COUNTS);
    context.sstore(count, U256::from(index + 1))
}

/// Who may serve a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// Seats at most.
    pub(super) max_seats: usize,
    /// Wei of each that answer for the zone at least.
    pub(super) min_stake: U256,
    /// Operators that may, in ascending order; empty: all.
    pub(super) allowed: Vec<u64>,
}

impl Rule {
    /// Whether an operator may serve.
    pub(super) fn allows(&self, operator: u64) -> bool {
        self.allowed.is_empty() || self.allowed.binary_search(&operator).is_ok()
    }
}

fn rule_slot(id: u64, index: u64) -> U256 {
    mapping(U256::from(index), mapping(U256::from(id), RULES))
}

fn rule_count<R: StorageRead>(read: &mut R, id: u64) -> Result<u64, R::Error> {
    let count = read.sload(ZONES, mapping(U256::from(id), RULE_COUNTS))?;
    Ok(count.as_limbs()[0])
}

/// From when on a rule holds, its seats, and how long its list is.
fn rule_head<R: StorageRead>(
    read: &mut R,
    (id, index): (u64, u64),
) -> Result<(u64, usize, usize), R::Error> {
    let word = read.sload(ZONES, rule_slot(id, index))?;
    let [starts_at, max_seats, listed, _] = word.into_limbs();
    Ok((starts_at, max_seats as usize, listed as usize))
}

fn rule<R: StorageRead>(read: &mut R, (id, index): (u64, u64)) -> Result<Rule, R::Error> {
    let (_, max_seats, listed) = rule_head(read, (id, index))?;
    let base = rule_slot(id, index);
    let mut allowed = Vec::new();
    for word in 0..listed.div_ceil(4) as u64 {
        allowed.extend(read.sload(ZONES, offset(base, 2 + word))?.into_limbs());
    }
    allowed.truncate(listed);
    Ok(Rule {
        max_seats,
        min_stake: read.sload(ZONES, offset(base, 1))?,
        allowed,
    })
}

/// The rule that holds for a committee that was fixed at this time. A zone has one from the beginning.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn rule_at<R: StorageRead>(read: &mut R, id: u64, time: u64) -> Result<Rule, R::Error> {
    // The last that started by then. The first counts always.
    let (mut found, mut after) = (0, rule_count(read, id)?.max(1));
    while after - found > 1 {
        let middle = found + (after - found) / 2;
        if rule_head(read, (id, middle))?.0 <= time {
            found = middle;
        } else {
            after = middle;
        }
    }
    rule(read, (id, found))
}

/// The last rule of a zone, and from when on it holds, seconds since 1970.
pub(super) fn last_rule<R: StorageRead>(read: &mut R, id: u64) -> Result<(u64, Rule), R::Error> {
    let last = (id, rule_count(read, id)?.saturating_sub(1));
    Ok((rule_head(read, last)?.0, rule(read, last)?))
}

/// Appends a rule. One that does not hold yet, at `now`, is replaced.
pub(super) fn store_rule(
    context: &mut Context<'_>,
    id: u64,
    (starts_at, rule): (u64, &Rule),
) -> Result<(), Stop> {
    let (count, now) = (rule_count(context, id)?, context.now());
    let index = match count.checked_sub(1) {
        Some(last) if rule_head(context, (id, last))?.0 > now => last,
        _ => count,
    };
    let base = rule_slot(id, index);
    let head = [
        starts_at,
        rule.max_seats as u64,
        rule.allowed.len() as u64,
        0,
    ];
    context.sstore(base, U256::from_limbs(head))?;
    context.sstore(offset(base, 1), rule.min_stake)?;
    for (word, four) in (0..).zip(rule.allowed.chunks(4)) {
        let mut limbs = [0; 4];
        limbs[..four.len()].copy_from_slice(four);
        context.sstore(offset(base, 2 + word), U256::from_limbs(limbs))?;
    }
    let counts = mapping(U256::from(id), RULE_COUNTS);
    context.sstore(counts, U256::from(index + 1))
}

/// What a zone's guard begins with: its warden, zero where it has none, and whom it never blocks.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn guard_rule<R: StorageRead>(
    read: &mut R,
    id: u64,
) -> Result<IZones::GuardRule, R::Error> {
    let base = mapping(U256::from(id), GUARD_RULES);
    let head = read.sload(ZONES, base)?.to_be_bytes::<32>();
    let count = u64::from(u16::from_be_bytes([head[10], head[11]]));
    let mut never_blocked = Vec::new();
    for by in 1..=count {
        let word = read.sload(ZONES, offset(base, by))?;
        never_blocked.push(Address::from_word(word.into()));
    }
    Ok(IZones::GuardRule {
        warden: Address::from_slice(&head[12..]),
        neverBlocked: never_blocked,
    })
}

/// `of` names at most [`MAX_ZONE_PROTECTED`](crate::limits::MAX_ZONE_PROTECTED) addresses.
pub(super) fn store_guard_rule(
    context: &mut Context<'_>,
    id: u64,
    of: &IZones::GuardRule,
) -> Result<(), Stop> {
    let base = mapping(U256::from(id), GUARD_RULES);
    let count = U256::from(of.neverBlocked.len()) << 160usize;
    context.sstore(base, address_key(of.warden) | count)?;
    for (by, target) in (1..).zip(&of.neverBlocked) {
        context.sstore(offset(base, by), address_key(*target))?;
    }
    Ok(())
}

/// Writes what changes of a record: its escrow and its end.
pub(super) fn store_end(context: &mut Context<'_>, id: u64, record: &Record) -> Result<(), Stop> {
    let base = record_slot(id);
    context.sstore(offset(base, ESCROW_OFFSET), record.escrow)?;
    context.sstore(offset(base, END_OFFSET), record.end.word())
}

/// The hub's block in which a zone began to close, the last time that it did.
pub(super) fn closed_in(context: &mut Context<'_>, id: u64) -> Result<u64, Stop> {
    let slot = offset(record_slot(id), CLOSED_IN_OFFSET);
    Ok(context.sload(slot)?.as_limbs()[0])
}

pub(super) fn set_closed_in(context: &mut Context<'_>, id: u64, block: u64) -> Result<(), Stop> {
    let slot = offset(record_slot(id), CLOSED_IN_OFFSET);
    context.sstore(slot, U256::from(block))
}

/// The hub's block that stopped a zone; 0 while none did. Once it is set, it never changes.
///
/// # Errors
/// When the state cannot be read.
pub fn stopped_at<R: StorageRead>(read: &mut R, id: u64) -> Result<u64, R::Error> {
    let word = read.sload(ZONES, offset(record_slot(id), END_OFFSET))?;
    Ok(End::from_word(word).stopped_at)
}

/// A zone's name: at most 32 bytes, so one word holds it; zeros follow.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn name<R: StorageRead>(read: &mut R, id: u64) -> Result<String, R::Error> {
    let word = read.sload(ZONES, offset(record_slot(id), NAME_OFFSET))?;
    let bytes = word.to_be_bytes::<32>();
    let bytes = bytes.into_iter().take_while(|byte| *byte != 0).collect();
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

/// `name` has at most 32 bytes.
pub(super) fn set_name(context: &mut Context<'_>, id: u64, name: &str) -> Result<(), Stop> {
    let mut word = [0u8; 32];
    for (to, from) in word.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    let slot = offset(record_slot(id), NAME_OFFSET);
    context.sstore(slot, U256::from_be_bytes(word))
}

/// The newest checkpoint of a zone; number 0 while there is none.
///
/// # Errors
/// When the state cannot be read.
pub fn checkpoint<R: StorageRead>(read: &mut R, id: u64) -> Result<IZones::Checkpoint, R::Error> {
    let base = mapping(U256::from(id), CHECKPOINTS);
    let mut word = |by| read.sload(ZONES, offset(base, by));
    let [number, timestamp_ms, hub_number, outbox_count] = word(0)?.into_limbs();
    let [recorded_at, recorded_time, arrivals, _] = word(1)?.into_limbs();
    Ok(IZones::Checkpoint {
        number,
        blockHash: word(2)?.into(),
        timestampMs: timestamp_ms,
        hubNumber: hub_number,
        stateRoot: word(3)?.into(),
        outboxCount: outbox_count,
        outboxRoot: word(4)?.into(),
        answers: word(5)?,
        recordedAt: recorded_at,
        recordedTime: recorded_time,
        arrivals,
    })
}

/// What answered for the last checkpoint for which anything did, wei.
///
/// # Errors
/// When the state cannot be read.
pub(crate) fn answered<R: StorageRead>(read: &mut R, id: u64) -> Result<U256, R::Error> {
    let base = mapping(U256::from(id), CHECKPOINTS);
    read.sload(ZONES, offset(base, ANSWERED_OFFSET))
}

pub(super) fn store_checkpoint(
    context: &mut Context<'_>,
    id: u64,
    of: &IZones::Checkpoint,
) -> Result<(), Stop> {
    let base = context.slot_of(U256::from(id), CHECKPOINTS)?;
    let counts = [of.number, of.timestampMs, of.hubNumber, of.outboxCount];
    let words = [
        U256::from_limbs(counts),
        U256::from_limbs([of.recordedAt, of.recordedTime, of.arrivals, 0]),
        of.blockHash.into(),
        of.stateRoot.into(),
        of.outboxRoot.into(),
        of.answers,
    ];
    for (by, word) in (0..).zip(words) {
        context.sstore(offset(base, by), word)?;
    }
    if !of.answers.is_zero() {
        context.sstore(offset(base, ANSWERED_OFFSET), of.answers)?;
    }
    Ok(())
}

/// The zone with a chain id; 0 where there is none.
///
/// # Errors
/// When the state cannot be read.
pub(crate) fn by_chain_id<R: StorageRead>(read: &mut R, chain_id: u64) -> Result<u64, R::Error> {
    Ok(read.sload(ZONES, chain_id_slot(chain_id))?.as_limbs()[0])
}

/// The chain id of a zone; 0 where there is none.
///
/// # Errors
/// When the state cannot be read.
pub(crate) fn chain_id<R: StorageRead>(read: &mut R, id: u64) -> Result<u64, R::Error> {
    let limits = read.sload(ZONES, offset(record_slot(id), LIMITS_OFFSET))?;
    Ok(limits.as_limbs()[0])
}
