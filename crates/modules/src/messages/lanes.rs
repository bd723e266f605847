//! What lies between the hub and a zone: its ether, what the hub sends it, and how much may leave it.

use super::state::{ARRIVALS, HELD, LANES, load, offset};
use crate::{
    context::{Context, Stop, ensure},
    gas,
    host::StorageRead,
    limits::DAY_S,
    slots::{address_key, mapping, word_key},
    zones,
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::IMessages;
use hansa_primitives::Arrival;

/// Parts of what a zone has, one of which may leave a day where no stake answers for it.
const UNANSWERED_PARTS: U256 = U256::from_limbs([16, 0, 0, 0]);
/// So many wei may leave a day whatever answers, 0.1 ether: nobody's ether may stay for ever.
const LEAST: U256 = U256::from_limbs([100_000_000_000_000_000, 0, 0, 0]);

/// A lane as it is stored.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lane {
    pub(super) zone: u64,
    /// Arrivals that the zone has to take since it began.
    pub(super) sent: u64,
    /// Messages of the zone that were taken.
    pub(super) delivered: u64,
    /// When `outflow` was so much, in seconds.
    at: u64,
    /// Wei that are there and under way.
    pub(super) locked: U256,
    /// Wei of that which messages wait for.
    pub(super) held: U256,
    outflow: U256,
}

fn lane_slot(zone: u64) -> U256 {
    mapping(U256::from(zone), LANES)
}

fn arrival_slot(zone: u64, index: u64) -> U256 {
    mapping(U256::from(index), mapping(U256::from(zone), ARRIVALS))
}

impl Lane {
    pub(super) fn load<R: StorageRead>(read: &mut R, zone: u64) -> Result<Self, R::Error> {
        let base = lane_slot(zone);
        let [sent, delivered, at, _] = load(read, base)?.into_limbs();
        Ok(Self {
            zone,
            sent,
            delivered,
            at,
            locked: load(read, offset(base, 1))?,
            held: load(read, offset(base, 2))?,
            outflow: load(read, offset(base, 3))?,
        })
    }

    pub(super) fn save(&self, context: &mut Context<'_>) -> Result<(), Stop> {
        let base = lane_slot(self.zone);
        let first = U256::from_limbs([self.sent, self.delivered, self.at, 0]);
        context.sstore(base, first)?;
        context.sstore(offset(base, 1), self.locked)?;
        context.sstore(offset(base, 2), self.held)?;
        context.sstore(offset(base, 3), self.outflow)
    }

    /// Appends something for the zone to take. The ether is locked already.
    pub(super) fn push(&mut self, context: &mut Context<'_>, arrival: Arrival) -> Result<(), Stop> {
        context.charge(gas::keccak(64).saturating_mul(2))?;
        let slot = arrival_slot(self.zone, self.sent);
        let block = U256::from(context.block_number());
        context.sstore(slot, address_key(arrival.to) | block << 160usize)?;
        context.sstore(offset(slot, 1), arrival.amount)?;
        context.sstore(offset(slot, 2), arrival.message.into())?;
        self.sent += 1;
        Ok(())
    }

    /// Sends ether back into the zone, where it is locked already.
    pub(super) fn give_back(
        &mut self,
        context: &mut Context<'_>,
        to: Address,
        amount: U256,
    ) -> Result<(), Stop> {
        if amount.is_zero() {
            return Ok(());
        }
        let back = Arrival {
            to,
            amount,
            message: B256::ZERO,
        };
        self.push(context, back)
    }

    /// Whether the zone takes nothing more.
    pub(super) fn is_stopped(&self, context: &mut Context<'_>) -> Result<bool, Stop> {
        Ok(zones::stopped_at(context, self.zone)? != 0)
    }

    /// How much can count as having left, which fades by so much a day: what answers for the checkpoint. Where nothing does, a part of it, for nobody's ether
    /// may stay for ever, but no more than while something did: nobody gains by taking stake away.
    pub(super) fn limit(&self, context: &mut Context<'_>) -> Result<U256, Stop> {
        let answers = zones::checkpoint(context, self.zone)?.answers;
        let limit = if answers.is_zero() {
            let part = self.locked / UNANSWERED_PARTS;
            let answered = zones::answered(context, self.zone)?;
            if answered.is_zero() {
                part
            } else {
                part.min(answered)
            }
        } else {
            answers
        };
        Ok(limit.max(LEAST))
    }

    /// Locks ether that goes to the zone: so much of what left it does not count any more.
    pub(super) fn let_in(&mut self, amount: U256) {
        // There is no more ether than fits.
        self.locked = self.locked.saturating_add(amount);
        self.put_back(amount);
    }

    /// So much does not count as having left after all.
    pub(super) fn put_back(&mut self, amount: U256) {
        self.outflow = self.outflow.saturating_sub(amount);
    }

    /// What still counts as having left, at `now`: it fades evenly, by the limit each day.
    fn outflow_at(&self, now: u64, limit: U256) -> U256 {
        let passed = U256::from(now.saturating_sub(self.at).min(DAY_S));
        // No stake has more than 2^140 wei.
        let faded = limit.saturating_mul(passed) / U256::from(DAY_S);
        self.outflow.saturating_sub(faded)
    }

    /// Lets as much as possible of an amount leave now, and returns that.
    pub(super) fn let_out(&mut self, now: u64, limit: U256, amount: U256) -> U256 {
        let before = self.outflow_at(now, limit);
        let out = amount.min(limit.saturating_sub(before));
        self.outflow = before.saturating_add(out);
        self.at = now;
        out
    }

    pub(super) fn describe(&self, now: u64, limit: U256) -> IMessages::Lane {
        IMessages::Lane {
            locked: self.locked,
            held: self.held,
            sent: self.sent,
            delivered: self.delivered,
            outflow: self.outflow_at(now, limit),
            outflowLimit: limit,
        }
    }

    /// An entry that the zone has to take.
    pub(super) fn entry(&self, context: &mut Context<'_>, index: u64) -> Result<Arrival, Stop> {
        context.charge(gas::keccak(64).saturating_mul(2))?;
        let slot = arrival_slot(self.zone, index);
        let to = context.sload(slot)?;
        Ok(Arrival {
            to: Address::from_slice(&to.to_be_bytes::<32>()[12..]),
            amount: context.sload(offset(slot, 1))?,
            message: context.sload(offset(slot, 2))?.into(),
        })
    }

    /// Ensures that the zone has an amount beside what is held.
    pub(super) fn check_locked(&self, amount: U256) -> Result<(), Stop> {
        let available = self.locked.saturating_sub(self.held);
        ensure(amount <= available, || IMessages::InsufficientLocked {
            amount,
            available,
        })
    }
}

/// Where it is kept how much a message waits for.
pub(super) fn held_slot(id: B256) -> U256 {
    mapping(word_key(id), HELD)
}

/// How many entries the hub has for a zone.
///
/// # Errors
/// When the state cannot be read.
pub(crate) fn entries<R: StorageRead>(state: &mut R, zone: u64) -> Result<u64, R::Error> {
    Ok(Lane::load(state, zone)?.sent)
}

/// What a zone has to take, from the `from`-th on, at most `most`, that was sent up to block `number`. The state may be of a later
/// block.
///
/// # Errors
/// When the state cannot be read.
pub fn arrivals<R: StorageRead>(
    state: &mut R,
    (zone, from): (u64, u64),
    number: u64,
    most: usize,
) -> Result<Vec<Arrival>, R::Error> {
    let count = load(state, lane_slot(zone))?.as_limbs()[0];
    let mut arrivals = Vec::new();
    for index in (from..count).take(most) {
        let slot = arrival_slot(zone, index);
        let first = load(state, slot)?;
        let amount = load(state, offset(slot, 1))?;
        let message = load(state, offset(slot, 2))?.into();
        let added: U256 = first >> 160usize;
        if added > U256::from(number) {
            break;
        }
        arrivals.push(Arrival {
            to: Address::from_slice(&first.to_be_bytes::<32>()[12..]),
            amount,
            message,
        });
    }
    Ok(arrivals)
}
