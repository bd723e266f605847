//! Shares by kind of fault, which change at an epoch.

use super::{clock::Clock, parameters::BPS};
use crate::context::{Stop, revert};
use alloy_primitives::U256;
use hansa_abi::IStaking;

/// Kinds of fault.
const KINDS: usize = 3;
/// Bits of a share.
const SHARE_BITS: usize = 16;

const _: () = assert!(BPS < 1 << SHARE_BITS);

/// A share for each kind of fault, in the order of their numbers: what a slash takes, may take or could take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Risk(pub(super) [u64; KINDS]);

/// A share is not covered by another one for the same kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exceeded {
    pub(super) kind: u8,
    /// What should have been covered.
    pub(super) asked: u16,
    pub(super) covered: u16,
}

impl Risk {
    /// Ready to lose everything.
    pub(super) const WHOLE: Self = Self([BPS; KINDS]);

    /// The share for the kind with a number.
    pub(super) fn of(&self, kind: u8) -> Option<u64> {
        self.0.get(usize::from(kind)).copied()
    }

    pub(super) fn largest(&self) -> u64 {
        self.0.into_iter().fold(0, u64::max)
    }

    pub(super) fn least(&self) -> u64 {
        self.0.into_iter().fold(BPS, u64::min)
    }

    /// For each kind the lesser share.
    pub(super) fn stricter(self, other: Self) -> Self {
        self.with(other, u64::min)
    }

    /// For each kind the greater share.
    fn greater(self, other: Self) -> Self {
        self.with(other, u64::max)
    }

    fn with(self, other: Self, choose: fn(u64, u64) -> u64) -> Self {
        Self(std::array::from_fn(|kind| {
            choose(self.0[kind], other.0[kind])
        }))
    }

    /// Whether no share of the other exceeds the one here.
    ///
    /// # Errors
    /// The first kind for which one does.
    pub(super) fn covers(&self, other: &Self) -> Result<(), Exceeded> {
        let mut kinds = (0..).zip(self.0.into_iter().zip(other.0));
        match kinds.find(|(_, (covered, asked))| asked > covered) {
            None => Ok(()),
            Some((kind, (covered, asked))) => Err(Exceeded {
                kind,
                asked: to_bps(asked),
                covered: to_bps(covered),
            }),
        }
    }

    /// 16 bits for each kind.
    pub(super) const fn encode(self) -> u64 {
        let [first, second, third] = self.0;
        first | second << SHARE_BITS | third << (2 * SHARE_BITS)
    }

    pub(super) fn decode(limb: u64) -> Self {
        Self(std::array::from_fn(|kind| {
            limb >> (kind * SHARE_BITS) & ((1 << SHARE_BITS) - 1)
        }))
    }
}

/// Shares that somebody signs or sets.
///
/// # Errors
/// Reverts when one exceeds the whole.
pub(super) fn check_shares(of: IStaking::Risk) -> Result<Risk, Stop> {
    let risk = Risk(of.shares().map(u64::from));
    Risk::WHOLE.covers(&risk).map_err(|exceeded| {
        revert(IStaking::InvalidShare {
            bps: U256::from(exceeded.asked),
        })
    })?;
    Ok(risk)
}

impl From<Risk> for IStaking::Risk {
    fn from(of: Risk) -> Self {
        Self::by_kind(of.0.map(to_bps))
    }
}

/// Shares are at most [`BPS`], which fits.
const fn to_bps(share: u64) -> u16 {
    share as u16
}

/// A share that changes at an epoch: evidence asks what held at the fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Terms {
    before: u64,
    now: u64,
    since: u64,
}

impl Terms {
    const fn constant(bps: u64) -> Self {
        Self {
            before: bps,
            now: bps,
            since: 0,
        }
    }

    const fn at(&self, epoch: u64) -> u64 {
        if epoch >= self.since {
            self.now
        } else {
            self.before
        }
    }

    /// Terms with another share: a lower one holds from the effective epoch on, a higher one once delegators had
    /// time to leave.
    ///
    /// # Errors
    /// While the last change is within reach of evidence, the epoch from which another one is possible.
    const fn change(&self, clock: &Clock, bps: u64) -> Result<Self, u64> {
        if bps == self.now {
            return Ok(*self);
        }
        let free_at = self
            .since
            .saturating_add(clock.windows.evidence)
            .saturating_add(1);
        if self.before != self.now && clock.epoch < free_at {
            return Err(free_at);
        }
        let since = if bps > self.now {
            clock.raise_at()
        } else {
            clock.effective
        };
        Ok(Self {
            before: self.now,
            now: bps,
            since,
        })
    }

    const fn encode(self) -> u64 {
        self.before | self.now << 16 | self.since << 32
    }

    const fn decode(limb: u64) -> Self {
        Self {
            before: limb & 0xffff,
            now: limb >> 16 & 0xffff,
            since: limb >> 32,
        }
    }
}

/// Terms for each kind of fault, which change independently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RiskTerms([Terms; KINDS]);

/// A kind's last change of terms is within reach of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChangePending {
    pub(super) kind: u8,
    /// From which on another change is possible.
    pub(super) epoch: u64,
}

impl RiskTerms {
    /// Terms that always were the same.
    pub(super) fn constant(risk: Risk) -> Self {
        Self(risk.0.map(Terms::constant))
    }

    /// What holds in an epoch.
    pub(super) fn at(&self, epoch: u64) -> Risk {
        Risk(self.0.map(|terms| terms.at(epoch)))
    }

    /// What was decided last.
    pub(super) fn decided(&self) -> Risk {
        Risk(self.0.map(|terms| terms.now))
    }

    /// By kind, since when what was decided last holds.
    pub(super) fn since(&self) -> [u64; KINDS] {
        self.0.map(|terms| terms.since)
    }

    /// The most that holds in any epoch from this one on.
    pub(super) fn largest_from(&self, epoch: u64) -> Risk {
        self.at(epoch).greater(self.decided())
    }

    /// Terms with other shares, see [`Terms::change`]; those of a kind whose share is asked to stay do.
    ///
    /// # Errors
    /// When the last change of a kind that is asked to change is within reach of evidence.
    pub(super) fn change(&self, clock: &Clock, risk: Risk) -> Result<Self, ChangePending> {
        let mut changed = *self;
        for (kind, (terms, bps)) in (0..).zip(changed.0.iter_mut().zip(risk.0)) {
            *terms = terms
                .change(clock, bps)
                .map_err(|epoch| ChangePending { kind, epoch })?;
        }
        Ok(changed)
    }

    /// For each kind: before (16 bits), now (16), since which epoch (32).
    pub(super) fn encode(self) -> [u64; KINDS] {
        self.0.map(Terms::encode)
    }

    pub(super) fn decode(limbs: [u64; KINDS]) -> Self {
        Self(limbs.map(Terms::decode))
    }
}
