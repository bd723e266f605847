//! Who is chosen.

use super::{League, owner, parameters, registration, wei};
use crate::staking::{
    StakingParams,
    selection::{Candidate, Choice, Standing, choose, churn_limit},
};
use alloy_primitives::U256;
use hansa_abi::IStaking::{self, SelectionResult};
use proptest::prelude::*;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// Candidates with these standings and stakes, with ids from 1.
fn candidates(of: &[(Standing, u64)]) -> BTreeMap<u64, Candidate> {
    let candidate = |(standing, stake): &(Standing, u64)| Candidate {
        standing: *standing,
        stake: U256::from(*stake),
        rotates: false,
    };
    (1..).zip(of.iter().map(candidate)).collect()
}

fn sorted(mut ids: Vec<u64>) -> Vec<u64> {
    ids.sort_unstable();
    ids
}

const W: Standing = Standing::Willing;

#[test]
fn a_third_at_most_changes() {
    let limits: Vec<usize> = (1..=13).map(churn_limit).collect();
    assert_eq!(limits, [1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4]);
    // Seven poor members, seven rich applicants.
    let stakes: Vec<_> = (1..=14).map(|n| (W, n)).collect();
    let old: Vec<u64> = (1..=7).collect();
    let choice = choose(&old, &candidates(&stakes), 7).unwrap();
    assert_eq!((choice.left, choice.joined), (vec![1, 2], vec![14, 13]));
    assert_eq!(choice.postponed, [3, 4, 5, 6, 7]);
    assert_eq!(sorted(choice.members), [3, 4, 5, 6, 7, 13, 14]);
}

#[test]
fn equal_stakes_are_ranked_by_id() {
    let of = candidates(&[(W, 5), (W, 5), (W, 5), (W, 5), (W, 5)]);
    let choice = choose(&[2, 3, 4, 5], &of, 4).unwrap();
    assert_eq!((choice.left, choice.joined), (vec![5], vec![1]));
}

#[test]
fn the_slashed_leave_first_then_the_jailed_then_the_unfit_then_the_poorest() {
    let order = [
        (W, 1),
        (Standing::Unfit, 50),
        (Standing::Jailed, 60),
        (Standing::Faulted, 70),
        (W, 80),
        (W, 90),
        (W, 91),
    ];
    let mut of = candidates(&order);
    let mut members: Vec<u64> = (1..=7).collect();
    // Three rich applicants, so that the poorest has to leave as well.
    for id in 8..=10 {
        let rich = Candidate {
            stake: U256::from(100 + id),
            ..of[&1]
        };
        of.insert(id, rich);
    }
    let mut left = Vec::new();
    for _ in 0..3 {
        let choice = choose(&members, &of, 6).unwrap();
        left.extend(choice.left);
        members = choice.members;
    }
    assert_eq!(left, [4, 3, 2, 1]);
}

#[test]
fn never_below_four_while_four_are_willing() {
    // One of four is slashed; two applicants are poorer than anybody.
    let of = candidates(&[
        (Standing::Faulted, 9),
        (W, 9),
        (W, 9),
        (W, 9),
        (W, 1),
        (W, 1),
    ]);
    let choice = choose(&[1, 2, 3, 4], &of, 8).unwrap();
    assert_eq!(sorted(choice.members), [2, 3, 4, 5]);
    // A committee that is too small already grows to four at once.
    let choice = choose(&[2], &of, 8).unwrap();
    assert_eq!(sorted(choice.members), [2, 3, 4, 5]);
    // Who is only absent keeps its seat rather than leave three, until somebody takes it.
    let mut of = candidates(&[(Standing::Jailed, 9), (W, 9), (W, 9), (W, 9)]);
    let choice = choose(&[1, 2, 3, 4], &of, 8).unwrap();
    assert_eq!(
        (choice.members, choice.postponed),
        (vec![1, 2, 3, 4], vec![1])
    );
    of.insert(5, of[&2]);
    let choice = choose(&[1, 2, 3, 4], &of, 8).unwrap();
    assert_eq!(
        (choice.left, sorted(choice.members)),
        (vec![1], vec![2, 3, 4, 5])
    );
    // Only three are willing: then three it is.
    let of = candidates(&[(Standing::Faulted, 9), (W, 9), (W, 9), (W, 9)]);
    let choice = choose(&[1, 2, 3, 4], &of, 8).unwrap();
    assert_eq!(choice.members, [2, 3, 4]);
}

#[test]
fn members_beyond_the_seats_leave_a_third_at_a_time() {
    let stakes: Vec<_> = (1..=10).map(|n| (W, n)).collect();
    let of = candidates(&stakes);
    let mut members: Vec<u64> = (1..=10).collect();
    let mut sizes = Vec::new();
    for _ in 0..5 {
        members = choose(&members, &of, 4).unwrap().members;
        sizes.push(members.len());
    }
    assert_eq!(sizes, [7, 5, 4, 4, 4]);
    assert_eq!(sorted(members), [7, 8, 9, 10]);
}

#[test]
fn operators_without_a_seat_rotate_at_once_and_members_under_the_limit() {
    let mut of = candidates(&[
        (W, 9),
        (W, 9),
        (W, 9),
        (W, 9),
        (W, 1),
        (Standing::Jailed, 9),
    ]);
    for candidate in of.values_mut() {
        candidate.rotates = true;
    }
    let choice = choose(&[1, 2, 3, 4], &of, 4).unwrap();
    assert_eq!(choice.rotated, [1, 5, 6]);
}

#[test]
fn nobody_willing_is_no_choice() {
    assert_eq!(
        choose(&[1], &candidates(&[(Standing::Jailed, 9)]), 4),
        None::<Choice>
    );
    assert_eq!(choose(&[1], &BTreeMap::new(), 4), None);
}

#[test]
fn an_empty_selection_keeps_the_committee_and_says_so() {
    let mut league = League::new(4, parameters());
    for n in 1..=4 {
        league.call(owner(n), &IStaking::exitCall {}).unwrap();
    }
    let before = league.committee(0).id();
    league.enter(1);
    let last = league.view(&IStaking::lastSelectionCall {});
    assert_eq!(
        (last.epoch, last.result),
        (1, SelectionResult::NobodyWilling)
    );
    assert_eq!((last.seats, last.left), (4, 0));
    assert_eq!(league.committee(1).id(), before);
    league.call(owner(1), &IStaking::rejoinCall {}).unwrap();
    league.enter(2);
    let last = league.view(&IStaking::lastSelectionCall {});
    assert_eq!(
        (last.result, last.left, last.postponed),
        (SelectionResult::Selected, 1, 2)
    );
    assert_eq!(league.members(2).len(), 3);
}

#[test]
fn the_freeze_block_and_only_it_fixes_the_next_committee() {
    let mut league = League::new(4, parameters());
    for block in 1..12 {
        let ended = league.end();
        let epoch = block / 4;
        assert_eq!(ended.next.is_some(), block % 4 == 2, "block {block}");
        let newest = crate::staking::newest_epoch(&mut league.host);
        assert_eq!(newest, Ok(epoch + u64::from(block % 4 >= 2)));
        if let Some(next) = ended.next {
            assert_eq!(next, league.committee(epoch + 1));
            assert!(next.seats.is_sorted_by_key(|seat| seat.key));
        }
    }
    assert_eq!(crate::staking::committee(&mut league.host, 4), Ok(None));
}

#[test]
fn a_committee_of_the_default_size_grows_by_a_third() {
    let staking = StakingParams {
        seats: 21,
        ..parameters()
    };
    let mut league = League::new(7, staking);
    for n in 8..=15 {
        let call = registration(league.genesis_hash, n, n.into());
        league.pay(owner(n), wei(5_000), &call).unwrap();
    }
    let sizes: Vec<usize> = (1..=5)
        .map(|epoch| {
            league.enter(epoch);
            league.members(epoch).len()
        })
        .collect();
    assert_eq!(sizes, [9, 11, 14, 15, 15]);
}

#[test]
fn concentration_counts_what_exceeds_a_third() {
    let stakes = [wei(400), wei(300), wei(200), wei(100), wei(100), wei(100)];
    let mut league = League::with_stakes(&stakes, parameters());
    let seen = league.view(&IStaking::concentrationCall {});
    // 400 of 1,200 are a third, not more.
    assert_eq!((seen.total, seen.nakamoto), (wei(1_200), 2));
    assert_eq!(seen.largest, [1, 2, 3, 4, 5, 6]);
    league.delegate(1, 1, 10).unwrap();
    assert_eq!(league.view(&IStaking::concentrationCall {}).nakamoto, 1);
}

#[test]
fn committees_are_never_forgotten() {
    let mut league = League::new(4, parameters());
    league.enter(1);
    let (ids, first) = (league.members(0), league.committee(1));
    assert!(first.seats.iter().all(|seat| seat.stake == wei(1_000)));
    league.enter(67);
    assert_eq!((league.members(0), league.committee(1)), (ids, first));
}

fn any_candidates() -> impl Strategy<Value = (BTreeMap<u64, Candidate>, Vec<u64>)> {
    let standing = prop_oneof![
        4 => Just(W),
        1 => Just(Standing::Faulted),
        1 => Just(Standing::Jailed),
        1 => Just(Standing::Unfit),
    ];
    let candidate = (standing, 0u64..20, any::<bool>(), any::<bool>());
    prop::collection::vec(candidate, 1..24).prop_map(|of| {
        let all = (1..).zip(&of);
        let candidates = all.map(|(id, (standing, stake, rotates, _))| {
            let candidate = Candidate {
                standing: *standing,
                stake: U256::from(*stake),
                rotates: *rotates,
            };
            (id, candidate)
        });
        let candidates: BTreeMap<u64, Candidate> = candidates.collect();
        let members = (1..).zip(&of).filter(|(_, (.., is_member))| *is_member);
        let mut members: Vec<u64> = members.map(|(id, _)| id).collect();
        if members.is_empty() {
            members.push(1);
        }
        (candidates, members)
    })
}

proptest! {
    #[test]
    fn whatever_the_candidates_the_limits_hold(
        (candidates, old) in any_candidates(),
        seats in 4usize..12,
    ) {
        let is_willing = |id: &u64| candidates[id].standing == W;
        let willing = candidates.keys().filter(|id| is_willing(id)).count();
        let Some(choice) = choose(&old, &candidates, seats) else {
            prop_assert_eq!(willing, 0);
            return Ok(());
        };
        let limit = churn_limit(old.len());
        let members: BTreeSet<u64> = choice.members.iter().copied().collect();
        prop_assert_eq!(members.len(), choice.members.len(), "nobody has two seats");
        prop_assert!(members.len() >= willing.min(4), "never below four while four are willing");
        prop_assert!(members.len() <= seats.max(old.len()));
        prop_assert!(choice.left.len() <= limit);
        prop_assert!(choice.joined.len() <= limit || members.len() <= 4);
        prop_assert!(choice.joined.iter().all(is_willing));
        prop_assert!(choice.left.iter().all(|id| old.contains(id) && !members.contains(id)));
        prop_assert!(choice.postponed.iter().all(|id| members.contains(id)));
        let stay = choice.rotated.iter().filter(|id| {
            members.contains(id) && !choice.joined.contains(id)
        });
        let changed = choice.left.len().max(choice.joined.len());
        prop_assert!(stay.count() <= limit.saturating_sub(changed));
        // Who must leave does so before anybody who is willing.
        if choice.postponed.iter().any(|id| !is_willing(id)) {
            prop_assert!(!choice.left.iter().any(is_willing));
        }
    }

    /// With nothing changing, selections come to rest at the target, and at the absent where there are not even four.
    #[test]
    fn selections_settle_on_the_target((candidates, old) in any_candidates(), seats in 4usize..12) {
        let mut members = old;
        for _ in 0..64 {
            let Some(choice) = choose(&members, &candidates, seats) else {
                return Ok(());
            };
            members = choice.members;
        }
        let mut ranked: Vec<u64> = candidates.keys().copied().collect();
        ranked.retain(|id| candidates[id].standing == W);
        ranked.sort_by_key(|id| (Reverse(candidates[id].stake), *id));
        ranked.truncate(seats);
        prop_assert!(ranked.iter().all(|id| members.contains(id)));
        members.retain(|id| !ranked.contains(id));
        if ranked.len() >= 4 {
            prop_assert!(members.is_empty());
        }
        prop_assert!(members.len() + ranked.len() <= ranked.len().max(4));
        prop_assert!(members.iter().all(|id| candidates[id].standing == Standing::Jailed));
    }
}
