//! Random histories of the members module against a plain model.

use super::Roles;
use crate::{
    limits::PROPOSAL_LIFETIME_S,
    tests::world::{World, account},
};
use alloy_primitives::{B256, U256};
use hansa_abi::IMembers::{self, Status};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    Nominate {
        by: u8,
        subject: u8,
        terms: (u8, u32),
    },
    Suspend {
        by: u8,
        subject: u8,
    },
    Reinstate {
        by: u8,
        subject: u8,
    },
    SetRoles {
        by: u8,
        subject: u8,
        terms: (u8, u32),
    },
    Approve {
        by: u8,
        back: u64,
    },
    Wait {
        seconds: u64,
    },
}

#[derive(Clone, Copy, PartialEq)]
enum Change {
    Admit,
    Suspend,
    Reinstate,
    SetRoles,
}

struct Proposal {
    change: Change,
    by: u8,
    subject: u8,
    terms: (u8, u32),
    voters: Vec<u8>,
    expiry: u64,
    /// Passed, or overtaken by another one about its subject.
    closed: bool,
}

impl Proposal {
    fn is_open(&self, now: u64) -> bool {
        !self.closed && now < self.expiry
    }
}

#[derive(Default)]
struct Model {
    /// Roles and weight, and whether active.
    members: BTreeMap<u8, ((u8, u32), bool)>,
    proposals: Vec<Proposal>,
}

impl Model {
    fn weight(&self, n: u8) -> u64 {
        self.members.get(&n).map_or(0, |((_, weight), active)| {
            u64::from(*weight) * u64::from(*active)
        })
    }

    fn total(&self) -> u64 {
        self.members.keys().map(|n| self.weight(*n)).sum()
    }

    fn propose(&mut self, by: u8, change: Change, subject: u8, terms: (u8, u32), now: u64) -> bool {
        let known = self.members.get(&subject).copied();
        let possible = match change {
            Change::Admit => known.is_none(),
            Change::Suspend => known.is_some_and(|(_, active)| active),
            Change::Reinstate => known.is_some_and(|(_, active)| !active),
            Change::SetRoles => known.is_some(),
        };
        let busy = |p: &Proposal| p.subject == subject && p.by == by && p.is_open(now);
        if self.weight(by) == 0 || !possible || self.proposals.iter().any(busy) {
            return false;
        }
        let expiry = now + PROPOSAL_LIFETIME_S;
        let voters = vec![by];
        self.proposals.push(Proposal {
            change,
            by,
            subject,
            terms,
            voters,
            expiry,
            closed: false,
        });
        let possible = self.settle(self.proposals.len() - 1).is_some();
        if !possible {
            self.proposals.pop();
        }
        possible
    }

    fn approve(&mut self, by: u8, index: usize, now: u64) -> bool {
        let Some(proposal) = self.proposals.get_mut(index) else {
            return false;
        };
        let open = proposal.is_open(now);
        let is_new = !proposal.voters.contains(&by);
        let weight = self
            .members
            .get(&by)
            .map_or(0, |((_, w), active)| w * u32::from(*active));
        if !open || weight == 0 {
            return false;
        }
        if is_new {
            proposal.voters.push(by);
        }
        let settled = self.settle(index);
        if settled.is_none() && is_new {
            self.proposals[index].voters.pop();
        }
        settled.is_some_and(|passed| passed || is_new)
    }

    /// Applies the proposal if it has a majority, and says so; `None` if its effect is forbidden.
    fn settle(&mut self, index: usize) -> Option<bool> {
        let proposal = &self.proposals[index];
        let approvals: u64 = proposal.voters.iter().map(|n| self.weight(*n)).sum();
        if approvals * 2 <= self.total() {
            return Some(false);
        }
        let (subject, terms, change) = (proposal.subject, proposal.terms, proposal.change);
        let before = self.members.clone();
        match change {
            Change::Admit => drop(self.members.insert(subject, (terms, true))),
            Change::Suspend => self.members.get_mut(&subject).unwrap().1 = false,
            Change::Reinstate => self.members.get_mut(&subject).unwrap().1 = true,
            Change::SetRoles => self.members.get_mut(&subject).unwrap().0 = terms,
        }
        if self.total() == 0 {
            self.members = before;
            return None;
        }
        let about = |p: &&mut Proposal| p.subject == subject;
        self.proposals
            .iter_mut()
            .filter(about)
            .for_each(|p| p.closed = true);
        Some(true)
    }
}

fn terms() -> impl Strategy<Value = (u8, u32)> {
    prop_oneof![
        Just((1, 1)),
        Just((1, 3)),
        Just((2, 2)),
        Just((3, 1)),
        Just((4, 0))
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let n = 0u8..7;
    prop_oneof![
        2 => (n.clone(), n.clone(), terms())
            .prop_map(|(by, subject, terms)| Step::Nominate { by, subject, terms }),
        1 => (n.clone(), n.clone()).prop_map(|(by, subject)| Step::Suspend { by, subject }),
        1 => (n.clone(), n.clone()).prop_map(|(by, subject)| Step::Reinstate { by, subject }),
        1 => (n.clone(), n.clone(), terms())
            .prop_map(|(by, subject, terms)| Step::SetRoles { by, subject, terms }),
        6 => (n, 0u64..3).prop_map(|(by, back)| Step::Approve { by, back }),
        1 => (0..PROPOSAL_LIFETIME_S).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

fn apply(world: &mut World, model: &mut Model, step: Step) -> (bool, bool) {
    let now = world.now;
    match step {
        Step::Wait { seconds } => {
            world.now += seconds;
            (true, true)
        }
        Step::Nominate { by, subject, terms } => {
            let call = IMembers::nominateCall {
                subject: account(subject),
                name: "n".into(),
                contact: String::new(),
                x25519: B256::ZERO,
                roles: terms.0,
                weight: terms.1,
            };
            let expected = model.propose(by, Change::Admit, subject, terms, now);
            (world.members(by, &call).is_ok(), expected)
        }
        Step::Suspend { by, subject } => {
            let reason = String::new();
            let call = IMembers::proposeSuspensionCall {
                subject: account(subject),
                reason,
            };
            let expected = model.propose(by, Change::Suspend, subject, (0, 0), now);
            (world.members(by, &call).is_ok(), expected)
        }
        Step::Reinstate { by, subject } => {
            let reason = String::new();
            let call = IMembers::proposeReinstatementCall {
                subject: account(subject),
                reason,
            };
            let expected = model.propose(by, Change::Reinstate, subject, (0, 0), now);
            (world.members(by, &call).is_ok(), expected)
        }
        Step::SetRoles { by, subject, terms } => {
            let (roles, weight) = terms;
            let call = IMembers::proposeRolesCall {
                subject: account(subject),
                roles,
                weight,
            };
            let expected = model.propose(by, Change::SetRoles, subject, terms, now);
            (world.members(by, &call).is_ok(), expected)
        }
        Step::Approve { by, back } => {
            let id = (model.proposals.len() as u64).saturating_sub(back);
            let call = IMembers::approveCall {
                proposalId: U256::from(id),
            };
            let index = usize::try_from(id).unwrap().wrapping_sub(1);
            let expected = model.approve(by, index, now);
            (world.members(by, &call).is_ok(), expected)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn behaves_like_the_model(steps in prop::collection::vec(step(), 1..80)) {
        let genesis = [(1, 1), (1, 2), (3, 1), (4, 0)];
        let roles = |mask| Roles::from_mask(mask).unwrap();
        let mut world = World::new(&genesis.map(|(mask, weight)| (roles(mask), weight)));
        let mut model = Model::default();
        for (n, terms) in (0u8..).zip(genesis) {
            model.members.insert(n, (terms, true));
        }
        for step in steps {
            let (done, expected) = apply(&mut world, &mut model, step.clone());
            prop_assert_eq!(done, expected, "{:?}", step);
            let total = world.members(0, &IMembers::totalActiveWeightCall {}).unwrap();
            prop_assert_eq!(total, model.total());
        }
        for n in 0..7 {
            let seen = world.members(0, &IMembers::memberCall { account: account(n) }).unwrap();
            let (terms, status) = match model.members.get(&n) {
                None => ((0, 0), Status::None),
                Some((terms, true)) => (*terms, Status::Active),
                Some((terms, false)) => (*terms, Status::Suspended),
            };
            prop_assert_eq!(((seen.roles, seen.weight), seen.status), (terms, status));
        }
        let count = world.members(0, &IMembers::memberCountCall {}).unwrap();
        prop_assert_eq!(count, U256::from(model.members.len()));
    }
}
