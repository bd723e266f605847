//! Random histories of the guard against a plain model; ether is conserved to the last wei.

use crate::{
    guard::enforcement,
    limits::{
        LAPSE_S, MAX_DIRECTIVES, MAX_DIRECTIVES_PROVISIONAL, PROVISIONAL_COOLDOWN_S, PROVISIONAL_S,
    },
    members::Roles,
    tests::world::{FUNDS, MIN_BOND, World, account, target},
};
use alloy_primitives::{B256, U256};
use hansa_abi::{GUARD, IGuard};
use proptest::prelude::*;
use std::{cmp::Reverse, collections::BTreeMap};

/// Weights of the members 0 to 3; 2 and 3 are sentinels, 4 and above are strangers.
const WEIGHTS: [u64; 4] = [3, 2, 2, 1];
const TOTAL: u64 = 8;
const TARGETS: u8 = 4;

#[derive(Clone, Debug)]
enum Step {
    Raise {
        by: u8,
        targets: Vec<u8>,
        block: bool,
        seconds: u64,
        bond: u64,
        provisional: bool,
    },
    Endorse {
        by: u8,
        back: usize,
    },
    Revoke {
        by: u8,
        back: usize,
    },
    Claim {
        by: u8,
        back: usize,
    },
    Wait {
        seconds: u64,
    },
}

#[derive(Clone, Debug)]
struct Alert {
    by: u8,
    targets: Vec<u8>,
    block: bool,
    raised: u64,
    expiry: u64,
    bond: u64,
    provisional_until: u64,
    accepted: bool,
    revoked: bool,
    claimed: bool,
    endorsers: Vec<u8>,
    revokers: Vec<u8>,
}

impl Alert {
    fn directive_end(&self) -> u64 {
        match (self.revoked, self.accepted) {
            (true, _) => 0,
            (_, true) => self.expiry,
            _ => self.provisional_until,
        }
    }

    fn lapses(&self) -> u64 {
        self.expiry.min(self.raised + LAPSE_S)
    }

    fn claimable(&self) -> u64 {
        self.directive_end().max(self.raised + LAPSE_S)
    }
}

fn weight(voters: &[u8]) -> u64 {
    voters.iter().map(|n| WEIGHTS[usize::from(*n)]).sum()
}

#[derive(Clone, Default)]
struct Model {
    alerts: Vec<Alert>,
    cooldowns: BTreeMap<(u8, u8), u64>,
    /// What each account and target has gained or lost.
    balances: BTreeMap<(bool, u8), i64>,
}

impl Model {
    fn in_force(&self, target: u8, now: u64) -> impl Iterator<Item = (usize, &Alert)> {
        self.alerts.iter().enumerate().filter(move |(_, alert)| {
            alert.block && alert.targets.contains(&target) && alert.directive_end() > now
        })
    }

    /// The alert id that blocks a target, and until when.
    fn blocked(&self, target: u8, now: u64) -> Option<(u64, u64)> {
        self.in_force(target, now)
            .max_by_key(|(index, alert)| (alert.directive_end(), Reverse(*index)))
            .map(|(index, alert)| (index as u64 + 1, alert.directive_end()))
    }

    /// Whether another directive fits, which one of the alert's own in force does in any case.
    fn has_room(&self, alert: usize, limit: usize, now: u64) -> bool {
        let targets = &self.alerts[alert].targets;
        !self.alerts[alert].block
            || targets.iter().all(|target| {
                let others = self
                    .in_force(*target, now)
                    .filter(|(i, _)| *i != alert)
                    .count();
                let own = self.in_force(*target, now).any(|(i, _)| i == alert);
                own || others < limit
            })
    }

    fn accept(&mut self, index: usize, now: u64) -> bool {
        if weight(&self.alerts[index].endorsers) * 3 < TOTAL * 2 {
            return true;
        }
        let room = self.has_room(index, MAX_DIRECTIVES, now);
        self.alerts[index].accepted = true;
        room
    }

    /// Applies a step; false if it must revert, after which the model is thrown away.
    fn apply(&mut self, step: &Step, now: u64) -> bool {
        match step.clone() {
            Step::Wait { .. } => true,
            Step::Raise {
                by,
                targets,
                block,
                seconds,
                bond,
                provisional,
            } => {
                let alert = Alert {
                    by,
                    targets,
                    block,
                    raised: now,
                    expiry: now + seconds,
                    bond,
                    provisional_until: 0,
                    accepted: false,
                    revoked: false,
                    claimed: false,
                    endorsers: vec![by],
                    revokers: vec![],
                };
                let least = MIN_BOND * alert.targets.len() as u64;
                seconds > 0 && bond >= least && by < 4 && self.raise(alert, provisional, now)
            }
            Step::Endorse { by, back } => {
                let Some(index) = self.alerts.len().checked_sub(back) else {
                    return false;
                };
                let Some(alert) = self.alerts.get_mut(index) else {
                    return false;
                };
                let open = !alert.accepted && !alert.revoked && now < alert.lapses();
                if by >= 4 || !open || alert.endorsers.contains(&by) {
                    return false;
                }
                alert.endorsers.push(by);
                self.accept(index, now)
            }
            Step::Revoke { by, back } => {
                let Some(index) = self.alerts.len().checked_sub(back) else {
                    return false;
                };
                let Some(alert) = self.alerts.get_mut(index) else {
                    return false;
                };
                if by >= 4 || alert.revoked || alert.claimed || alert.revokers.contains(&by) {
                    return false;
                }
                alert.revokers.push(by);
                if weight(&alert.revokers) * 2 > TOTAL {
                    alert.revoked = true;
                    let share = alert.bond / alert.targets.len() as u64;
                    for target in alert.targets.clone() {
                        *self.balances.entry((true, target)).or_default() += share as i64;
                    }
                }
                true
            }
            Step::Claim { by, back } => {
                let Some(index) = self.alerts.len().checked_sub(back) else {
                    return false;
                };
                let Some(alert) = self.alerts.get_mut(index) else {
                    return false;
                };
                let free = !alert.revoked && !alert.claimed && now >= alert.claimable();
                if by != alert.by || !free {
                    return false;
                }
                alert.claimed = true;
                *self.balances.entry((false, by)).or_default() += alert.bond as i64;
                true
            }
        }
    }

    fn raise(&mut self, alert: Alert, provisional: bool, now: u64) -> bool {
        let by = alert.by;
        *self.balances.entry((false, by)).or_default() -= alert.bond as i64;
        self.alerts.push(alert);
        let index = self.alerts.len() - 1;
        let alert = self.alerts[index].clone();
        let cooled = |target: &u8| self.cooldowns.get(&(by, *target)).is_none_or(|t| now >= *t);
        if provisional && (by < 2 || alert.block && !alert.targets.iter().all(cooled)) {
            return false;
        }
        if !self.accept(index, now) {
            return false;
        }
        if provisional && !self.alerts[index].accepted {
            if !self.has_room(index, MAX_DIRECTIVES_PROVISIONAL, now) {
                return false;
            }
            self.alerts[index].provisional_until = alert.expiry.min(now + PROVISIONAL_S);
            if alert.block {
                for target in alert.targets {
                    self.cooldowns
                        .insert((by, target), now + PROVISIONAL_COOLDOWN_S);
                }
            }
        }
        true
    }
}

fn step() -> impl Strategy<Value = Step> {
    let by = 0u8..5;
    let back = 0usize..6;
    let targets = prop::sample::subsequence((0..TARGETS).collect::<Vec<_>>(), 1..4);
    let seconds = prop_oneof![0u64..2_000, 0..2 * LAPSE_S];
    let raise = (
        by.clone(),
        targets,
        any::<bool>(),
        seconds.clone(),
        0u64..5_000,
        any::<bool>(),
    )
        .prop_map(|(by, targets, block, seconds, extra, provisional)| {
            let bond = MIN_BOND - 200 + extra;
            Step::Raise {
                by,
                targets,
                block,
                seconds,
                bond,
                provisional,
            }
        });
    prop_oneof![
        4 => raise,
        5 => (by.clone(), back.clone()).prop_map(|(by, back)| Step::Endorse { by, back }),
        3 => (by.clone(), back.clone()).prop_map(|(by, back)| Step::Revoke { by, back }),
        2 => (by, back).prop_map(|(by, back)| Step::Claim { by, back }),
        2 => seconds.prop_map(|seconds| Step::Wait { seconds }),
    ]
}

fn execute(world: &mut World, count: usize, object_id: B256, step: &Step) -> bool {
    let id = |back: &usize| U256::from((count + 1).saturating_sub(*back));
    match step {
        Step::Wait { seconds } => {
            world.now += seconds;
            true
        }
        Step::Raise {
            by,
            targets,
            block,
            seconds,
            bond,
            provisional,
        } => {
            let input = IGuard::AlertInput {
                targets: targets.iter().map(|n| target(*n)).collect(),
                action: if *block { 2 } else { 0 },
                severity: 1,
                expiry: world.now + seconds,
                objectId: object_id,
                reason: String::new(),
            };
            if *provisional {
                world
                    .guard(*by, *bond, &IGuard::raiseProvisionalCall { input })
                    .is_ok()
            } else {
                world
                    .guard(*by, *bond, &IGuard::raiseCall { input })
                    .is_ok()
            }
        }
        Step::Endorse { by, back } => world
            .guard(*by, 0, &IGuard::endorseCall { alertId: id(back) })
            .is_ok(),
        Step::Revoke { by, back } => world
            .guard(*by, 0, &IGuard::voteRevokeCall { alertId: id(back) })
            .is_ok(),
        Step::Claim { by, back } => world
            .guard(*by, 0, &IGuard::claimBondCall { alertId: id(back) })
            .is_ok(),
    }
}

fn check(world: &mut World, model: &Model) -> Result<(), TestCaseError> {
    let now = world.now;
    let Ok(any) = enforcement::any_active(&mut world.host, now);
    for n in 0..TARGETS {
        let Ok(seen) = enforcement::blocked(&mut world.host, target(n), now);
        let seen = seen.map(|blocked| (blocked.alert_id, blocked.until));
        let expected = model
            .blocked(n, now)
            .map(|(id, until)| (U256::from(id), until));
        prop_assert_eq!(seen, expected);
        prop_assert!(any || seen.is_none());
        let gained = model.balances.get(&(true, n)).copied().unwrap_or(0);
        prop_assert_eq!(world.host.balance(target(n)), U256::from(gained as u64));
    }
    for n in 0..5 {
        let change = model.balances.get(&(false, n)).copied().unwrap_or(0);
        let expected = FUNDS.saturating_add_signed(change);
        prop_assert_eq!(world.host.balance(account(n)), U256::from(expected));
    }
    // What the module holds: bonds at stake, and the remainders of those forfeited.
    let held: u64 = model
        .alerts
        .iter()
        .map(|alert| match (alert.claimed, alert.revoked) {
            (true, _) => 0,
            (_, true) => alert.bond % alert.targets.len() as u64,
            _ => alert.bond,
        })
        .sum();
    prop_assert_eq!(world.host.balance(GUARD), U256::from(held));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn behaves_like_the_model(steps in prop::collection::vec(step(), 1..80)) {
        let roles = [Roles::MEMBER, Roles::MEMBER, Roles::SENTINEL, Roles::SENTINEL];
        let members: Vec<_> =
            roles.into_iter().zip(WEIGHTS.map(|weight| weight as u32)).collect();
        let mut world = World::new(&members);
        let object_id = world.object(1);
        let mut model = Model::default();
        for step in steps {
            let count = model.alerts.len();
            let mut next = model.clone();
            let expected = next.apply(&step, world.now);
            let done = execute(&mut world, count, object_id, &step);
            prop_assert_eq!(done, expected, "{:?}", step);
            if expected {
                model = next;
            }
            check(&mut world, &model)?;
        }
    }
}
