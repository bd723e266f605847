//! A plain model of the module: every position is kept up to date at once, with loops over all of them, and sums are
//! kept in maps that nothing is ever forgotten from. Amounts are exact to the wei, rounding included.

use crate::staking::StakingParams;
use alloy_primitives::{Address, U256};
use std::collections::{BTreeMap, BTreeSet};

mod delegations;
mod epochs;
mod operators;
mod run;
mod slashes;
mod steps;

pub(super) const FRACTION: usize = 96;
pub(super) const MEMBERS: u64 = 3;
/// Offences after which an operator never returns, as the interface says.
const OFFENCES: u64 = 8;
const DAY_S: u64 = 86_400;

/// Parts of 10,000, by kind of fault.
pub(super) type Shares = [u64; 3];
pub(super) const WHOLE: Shares = [10_000; 3];

/// Whether each of these shares is at most the other for its kind.
pub(super) fn within(these: Shares, most: Shares) -> bool {
    these.iter().zip(&most).all(|(this, most)| this <= most)
}

/// A part of a position: counted in `from..until`, or still counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) amount: U256,
    pub(super) from: u64,
    pub(super) until: Option<u64>,
    pub(super) to: u64,
    pub(super) max_loss: Shares,
}

impl Part {
    pub(super) fn counts_in(&self, epoch: u64) -> bool {
        counts((self.from, self.until), epoch)
    }
}

fn counts((from, until): (u64, Option<u64>), epoch: u64) -> bool {
    from <= epoch && until.is_none_or(|until| epoch < until)
}

#[derive(Clone, Debug, Default)]
pub(super) struct Position {
    pub(super) parts: Vec<Part>,
    /// Units of 2^-96 wei.
    pub(super) rewards: U256,
    pub(super) auto: bool,
    pub(super) max_loss: Shares,
}

impl Position {
    pub(super) fn held(&self) -> U256 {
        let held = self.parts.iter().filter(|part| part.until.is_none());
        held.map(|part| part.amount).sum()
    }

    fn lots(&self) -> usize {
        let held = self.parts.iter().filter(|part| part.until.is_none());
        held.filter(|part| part.from > 0).count()
    }

    fn add(&mut self, new: Part) {
        let key = |part: &Part| (part.from, part.until, part.to, part.max_loss);
        match self.parts.iter_mut().find(|part| key(part) == key(&new)) {
            Some(part) => part.amount += new.amount,
            None => self.parts.push(new),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Operator {
    pub(super) owner: Address,
    pub(super) key: u64,
    pub(super) next_key: Option<u64>,
    pub(super) exited: bool,
    /// 0 none, 1 jailed, 2 faulted.
    pub(super) bar: u8,
    pub(super) until: u64,
    pub(super) offences: u64,
    pub(super) commission: u64,
    pub(super) lowest: (u64, u64),
    /// By kind of fault: before, now, since.
    pub(super) risk: [(u64, u64, u64); 3],
    pub(super) earned: U256,
    /// Sums by (from, until), with the wei that rounding left in them.
    pub(super) cells: BTreeMap<(u64, Option<u64>), U256>,
    pub(super) cutoff: u64,
}

impl Operator {
    pub(super) fn is_open(&self) -> bool {
        !self.exited && self.offences < OFFENCES
    }

    pub(super) fn risk_at(&self, epoch: u64) -> Shares {
        self.risk
            .map(|(before, now, since)| if epoch >= since { now } else { before })
    }

    pub(super) fn held(&self) -> U256 {
        let held = self.cells.iter().filter(|((_, until), _)| until.is_none());
        held.map(|(_, amount)| *amount).sum()
    }

    pub(super) fn active(&self, epoch: u64) -> U256 {
        let cells = self.cells.iter().filter(|(key, _)| counts(**key, epoch));
        cells.map(|(_, amount)| *amount).sum()
    }

    fn cell(&mut self, from: u64, until: Option<u64>) -> &mut U256 {
        self.cells.entry((from, until)).or_default()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Pending,
    Settled,
    Reversed,
}

#[derive(Clone, Debug)]
pub(super) struct Slash {
    pub(super) operator: u64,
    pub(super) epoch: u64,
    pub(super) bps: u64,
    pub(super) amount: U256,
    pub(super) finder: Address,
    pub(super) settles_at: u64,
    pub(super) state: State,
    pub(super) appellant: Option<Address>,
    pub(super) bond: U256,
    approvals: BTreeSet<u8>,
    /// What it took from each delegator.
    pub(super) losses: BTreeMap<Address, U256>,
}

#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) of: StakingParams,
    pub(super) block: u64,
    pub(super) now: u64,
    pub(super) operators: BTreeMap<u64, Operator>,
    pub(super) used_keys: BTreeMap<u64, u64>,
    pub(super) positions: BTreeMap<(u64, Address), Position>,
    pub(super) slashes: Vec<Slash>,
    pub(super) pot: U256,
    /// By epoch: operator, key, stake.
    pub(super) committees: Vec<Vec<(u64, u64, U256)>>,
    /// Certificates of the epoch, how many each operator signed, and who proposed.
    pub(super) carried: u64,
    pub(super) signed: BTreeMap<u64, u64>,
    pub(super) proposed: BTreeSet<u64>,
    /// When each operator was last seen, seconds.
    pub(super) seen: BTreeMap<u64, u64>,
    /// Gains and losses.
    pub(super) balances: BTreeMap<Address, i128>,
}

/// What a call that must revert comes to.
pub(super) struct Refused;
type Done = Result<(), Refused>;

pub(super) fn ensure(condition: bool) -> Done {
    if condition { Ok(()) } else { Err(Refused) }
}

pub(super) fn floor(amount: U256, bps: u64) -> U256 {
    amount * U256::from(bps) / U256::from(10_000)
}

fn ceil(amount: U256, bps: u64) -> U256 {
    (amount * U256::from(bps)).div_ceil(U256::from(10_000))
}

impl Model {
    pub(super) fn epoch(&self) -> u64 {
        self.block / self.of.epoch_blocks
    }

    pub(super) fn effective(&self) -> u64 {
        let (length, epoch) = (self.of.epoch_blocks, self.epoch());
        let is_late = self.block % length > length - 1 - self.of.freeze_blocks;
        epoch + 1 + u64::from(is_late)
    }

    fn pay(&mut self, to: Address, amount: U256) {
        *self.balances.entry(to).or_default() += amount.to::<u128>() as i128;
    }

    pub(super) fn operator(&mut self, id: u64) -> Result<&mut Operator, Refused> {
        self.operators.get_mut(&id).ok_or(Refused)
    }

    pub(super) fn owned_by(&mut self, owner: Address) -> Result<u64, Refused> {
        let mut all = self.operators.iter();
        let found = all.find(|(_, operator)| operator.owner == owner);
        found.map(|(id, _)| *id).ok_or(Refused)
    }

    pub(super) fn pending(&self, id: u64) -> Vec<usize> {
        let all = self.slashes.iter().enumerate();
        all.filter(|(_, slash)| slash.operator == id && slash.state == State::Pending)
            .map(|(index, _)| index)
            .collect()
    }

    /// Merges whatever is old enough, unless a slash is pending.
    pub(super) fn merge(&mut self) {
        let oldest = self.epoch().saturating_sub(self.of.evidence_epochs);
        let ids: Vec<u64> = self.operators.keys().copied().collect();
        for id in ids {
            if !self.pending(id).is_empty() {
                continue;
            }
            let operator = self.operators.get_mut(&id).unwrap();
            operator.cutoff = operator.cutoff.max(oldest);
            let cutoff = operator.cutoff;
            let young: Vec<_> = operator.cells.keys().copied().collect();
            for key in young {
                if key.1.is_none() && key.0 > 0 && key.0 <= cutoff {
                    let amount = operator.cells.remove(&key).unwrap();
                    *operator.cell(0, None) += amount;
                }
            }
            for ((of, _), position) in &mut self.positions {
                if *of == id {
                    let is_old = |part: &mut Part| {
                        part.until.is_none() && part.from > 0 && part.from <= cutoff
                    };
                    let old: Vec<_> = position.parts.extract_if(.., is_old).collect();
                    for part in old {
                        position.add(Part { from: 0, ..part });
                    }
                }
            }
        }
    }

    /// Delegates rewards where that is wanted and possible.
    pub(super) fn touch(&mut self, id: u64, who: Address) {
        let Some(position) = self.positions.get(&(id, who)) else {
            return;
        };
        if position.auto {
            let _ = self.restake_rewards(id, who);
        }
    }

    /// Forgets what is empty of a position that was written.
    pub(super) fn save(&mut self, id: u64, who: Address) {
        let Some(position) = self.positions.get_mut(&(id, who)) else {
            return;
        };
        position.parts.retain(|part| !part.amount.is_zero());
        if position.parts.is_empty() && (position.rewards >> FRACTION).is_zero() {
            self.positions.remove(&(id, who));
        }
    }
}
