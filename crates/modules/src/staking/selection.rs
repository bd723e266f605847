//! Who runs consensus in the next epoch.
//!
//! Willing operators are ranked by stake, then by id, and the first `seats` of them are the target. At most a third
//! of the committee changes in an epoch (a committee of `n` loses and gains `max(1, (n - 1) / 3)` at most), so that no
//! set of members that is small enough to be faulty can be replaced at once. Who must leave goes first: the slashed, then
//! the jailed, then those who exited or lack self-stake, then the lowest ranked. A committee that fell below four gets
//! as many as it takes while there are four, and a jailed member keeps its seat where it would fall below four without. Keys of members rotate within what is left of that limit; operators without a seat rotate
//! at once. When nobody is willing, the committee stays as it is.
//!
//! Storage of the last selection: epoch (bits 0..64), result (64..80), seats (80..96), joined (96..112), left (112..128),
//! postponed (128..144), rotated (144..160).

use super::{
    committee::{Committee, Seat},
    operators::{self, Bar, Operator},
    pool::Pool,
    settings,
    state::LAST_SELECTION,
};
use crate::{
    context::{Context, Stop},
    limits::MIN_SEATS,
};
use alloy_primitives::{B256, U256};
use hansa_abi::IStaking::SelectionResult;
use std::{cmp::Reverse, collections::BTreeMap};

/// Whether an operator can stay; those that cannot leave in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Faulted,
    Jailed,
    Unfit,
    Willing,
}

/// An operator as a selection sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) standing: Standing,
    pub(super) stake: U256,
    /// Whether it has asked for another key.
    pub(super) rotates: bool,
}

impl Candidate {
    fn is_jailed(&self) -> bool {
        self.standing == Standing::Jailed
    }
}

/// A new committee, by operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) members: Vec<u64>,
    pub(super) joined: Vec<u64>,
    pub(super) left: Vec<u64>,
    /// Members that should leave, but stay for the limit.
    pub(super) postponed: Vec<u64>,
    /// Operators, with a seat or without, whose next key takes effect.
    pub(super) rotated: Vec<u64>,
}

/// How many members may leave a committee of this size in an epoch.
pub(super) const fn churn_limit(size: usize) -> usize {
    let third = size.saturating_sub(1) / 3;
    if third > 0 { third } else { 1 }
}

/// Chooses a committee after `old`; `None` when nobody is willing.
pub(super) fn choose(
    old: &[u64],
    candidates: &BTreeMap<u64, Candidate>,
    seats: usize,
) -> Option<Choice> {
    let mut ranked: Vec<(Reverse<U256>, u64)> = candidates
        .iter()
        .filter(|(_, candidate)| candidate.standing == Standing::Willing)
        .map(|(id, candidate)| (Reverse(candidate.stake), *id))
        .collect();
    ranked.sort_unstable();
    let target: Vec<u64> = ranked.iter().take(seats).map(|(_, id)| *id).collect();
    if target.is_empty() {
        return None;
    }
    let limit = churn_limit(old.len());
    let mut postponed: Vec<u64> = old
        .iter()
        .copied()
        .filter(|id| !target.contains(id))
        .collect();
    postponed.sort_by_key(|id| {
        let candidate = candidates.get(id);
        candidate.map_or((Standing::Faulted, U256::ZERO, Reverse(*id)), |candidate| {
            (candidate.standing, candidate.stake, Reverse(*id))
        })
    });
    let applicants = target.iter().filter(|id| !old.contains(id)).count();
    let joining = |members: usize| {
        let needed = (MIN_SEATS as usize).saturating_sub(members);
        let room = seats.saturating_sub(members);
        applicants.min(room).min(limit.max(needed))
    };
    let mut leaving = Vec::new();
    while leaving.len() < limit {
        let rest = old.len() - leaving.len() - 1;
        // A seat of somebody absent harms less than none: the committee is as large again as soon as it is back.
        let may_leave = |id: &u64| {
            let is_jailed = candidates.get(id).is_some_and(Candidate::is_jailed);
            !is_jailed || rest + joining(rest) >= MIN_SEATS as usize
        };
        let Some(first) = postponed.iter().position(may_leave) else {
            break;
        };
        leaving.push(postponed.remove(first));
    }
    let mut members: Vec<u64> = old
        .iter()
        .copied()
        .filter(|id| !leaving.contains(id))
        .collect();
    let joined: Vec<u64> = target
        .into_iter()
        .filter(|id| !old.contains(id))
        .take(joining(members.len()))
        .collect();
    members.extend(&joined);
    // New keys count as changes like new members.
    let mut stays_to_rotate = limit.saturating_sub(leaving.len().max(joined.len()));
    let rotated = candidates.iter().filter(|(id, candidate)| {
        let has_seat = members.contains(id) && !joined.contains(id);
        let may = candidate.rotates && (!has_seat || stays_to_rotate > 0);
        stays_to_rotate -= usize::from(may && has_seat);
        may
    });
    let rotated = rotated.map(|(id, _)| *id).collect();
    Some(Choice {
        members,
        joined,
        left: leaving,
        postponed,
        rotated,
    })
}

/// Selects the committee after `old`, and notes how.
pub(super) fn select(context: &mut Context<'_>, old: &Committee) -> Result<Committee, Stop> {
    let min_self_stake = settings::min_self_stake(context)?;
    let (seats, _) = settings::seats_and_jail(context)?;
    let mut records = BTreeMap::new();
    let mut candidates = BTreeMap::new();
    for id in operators::listed(context)? {
        let operator = operators::find(context, id)?;
        let candidate = Candidate {
            standing: standing(&operator, min_self_stake),
            stake: Pool::held_of(context, id)?,
            rotates: operator.next_key != B256::ZERO,
        };
        records.insert(id, operator);
        candidates.insert(id, candidate);
    }
    let epoch = old.epoch.saturating_add(1);
    let ids: Vec<u64> = old.seats.iter().map(|seat| seat.operator).collect();
    let stake = |id: &u64| candidates.get(id).map_or(U256::ZERO, |of| of.stake);
    let Some(choice) = choose(&ids, &candidates, seats as usize) else {
        let mut seats = old.seats.clone();
        for seat in &mut seats {
            seat.stake = stake(&seat.operator);
        }
        note(context, epoch, seats.len(), None)?;
        return Ok(Committee { epoch, seats });
    };
    for id in &choice.rotated {
        if let Some(operator) = records.get_mut(id) {
            operator.key = std::mem::take(&mut operator.next_key);
            operators::store(context, operator)?;
        }
    }
    let mut seats: Vec<Seat> = choice
        .members
        .iter()
        .filter_map(|id| records.get(id))
        .map(|operator| Seat {
            operator: operator.id,
            key: operator.key,
            fee_recipient: operator.fee_recipient,
            stake: stake(&operator.id),
        })
        .collect();
    seats.sort_by_key(|seat| seat.key);
    note(context, epoch, seats.len(), Some(&choice))?;
    Ok(Committee { epoch, seats })
}

fn standing(operator: &Operator, min_self_stake: U256) -> Standing {
    if operator.is_willing(min_self_stake) {
        return Standing::Willing;
    }
    match operator.bar {
        Bar::Faulted => Standing::Faulted,
        Bar::Jailed => Standing::Jailed,
        Bar::None => Standing::Unfit,
    }
}

fn note(
    context: &mut Context<'_>,
    epoch: u64,
    seats: usize,
    choice: Option<&Choice>,
) -> Result<(), Stop> {
    let result = match choice {
        Some(_) => SelectionResult::Selected,
        None => SelectionResult::NobodyWilling,
    };
    let none = Choice::default();
    let choice = choice.unwrap_or(&none);
    let counts = [
        result as usize,
        seats,
        choice.joined.len(),
        choice.left.len(),
        choice.postponed.len(),
        choice.rotated.len(),
    ];
    // Each count is at most MAX_OPERATOR_RECORDS.
    let word = (0usize..)
        .zip(counts)
        .fold(U256::from(epoch), |word, (index, count)| {
            word | U256::from(count) << (64 + 16 * index)
        });
    context.sstore(LAST_SELECTION, word)
}
