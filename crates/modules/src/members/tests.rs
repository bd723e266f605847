use super::Roles;
use crate::{
    limits::{
        MAX_CONTACT_BYTES, MAX_MEMBERS_PAGE, MAX_NAME_BYTES, MAX_REASON_BYTES, MAX_WEIGHT,
        PROPOSAL_LIFETIME_S,
    },
    tests::world::{World, account, assert_reverts},
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::{
    GUARD,
    IMembers::{self, Kind, ProposalState, Status},
    IModule,
};

fn nomination(n: u8) -> IMembers::nominateCall {
    IMembers::nominateCall {
        subject: account(n),
        name: format!("nominee {n}"),
        contact: "soc@example.org".into(),
        x25519: B256::repeat_byte(n),
        roles: Roles::MEMBER.mask(),
        weight: 1,
    }
}

fn approve(id: U256) -> IMembers::approveCall {
    IMembers::approveCall { proposalId: id }
}

fn suspension(n: u8) -> IMembers::proposeSuspensionCall {
    IMembers::proposeSuspensionCall {
        subject: account(n),
        reason: "lost its keys".into(),
    }
}

fn member(world: &mut World, n: u8) -> IMembers::Member {
    world
        .members(
            200,
            &IMembers::memberCall {
                account: account(n),
            },
        )
        .unwrap()
}

fn proposal(world: &mut World, id: U256) -> IMembers::Proposal {
    world
        .members(200, &IMembers::proposalCall { proposalId: id })
        .unwrap()
}

fn open_proposal(world: &mut World, subject: u8, proposer: u8) -> U256 {
    let call = IMembers::openProposalCall {
        subject: account(subject),
        proposer: account(proposer),
    };
    world.members(200, &call).unwrap()
}

fn total(world: &mut World) -> u64 {
    world
        .members(200, &IMembers::totalActiveWeightCall {})
        .unwrap()
}

#[test]
fn admission_takes_more_than_half() {
    let mut world = World::of_four();
    let id = world.members(0, &nomination(9)).unwrap();
    assert!(
        !world.members(1, &approve(id)).unwrap(),
        "two of four are not a majority"
    );
    assert_eq!(member(&mut world, 9).status, Status::None);
    assert_eq!(member(&mut world, 9).name, "", "no member, no profile");
    let seen = proposal(&mut world, id);
    assert_eq!(
        (seen.name.as_str(), seen.contact.as_str(), seen.x25519),
        ("nominee 9", "soc@example.org", B256::repeat_byte(9)),
        "voters see whom they vote on"
    );
    assert!(world.events::<IMembers::ProfileChanged>().is_empty());
    assert!(world.members(2, &approve(id)).unwrap());
    let admitted = member(&mut world, 9);
    let expected = IMembers::Member {
        account: account(9),
        status: Status::Active,
        roles: 1,
        weight: 1,
        since: world.now,
        x25519: B256::repeat_byte(9),
        name: "nominee 9".into(),
        contact: "soc@example.org".into(),
    };
    assert_eq!(admitted, expected);
    assert_eq!(total(&mut world), 5);
    assert_reverts(
        world.members(3, &approve(id)),
        IMembers::ProposalClosed { proposalId: id },
    );
    let account = account(9);
    assert_reverts(
        world.members(0, &nomination(9)),
        IMembers::AlreadyMember { account },
    );
    assert_eq!(world.events::<IMembers::ProposalPassed>().len(), 1);
}

#[test]
fn a_suspended_member_neither_votes_nor_counts() {
    let mut world = World::of_four();
    let id = world.members(0, &nomination(9)).unwrap();
    world.members(1, &approve(id)).unwrap();
    world.suspend(1, &[0, 2, 3]);
    assert_eq!(total(&mut world), 3);
    let seen = proposal(&mut world, id);
    assert_eq!(
        (seen.approvals, seen.total),
        (1, 3),
        "the vote of 1 no longer counts"
    );
    let account_1 = account(1);
    assert_reverts(
        world.members(1, &nomination(8)),
        IModule::NotActiveMember { account: account_1 },
    );
    assert!(
        world.members(2, &approve(id)).unwrap(),
        "two of three are a majority"
    );

    let reinstatement = IMembers::proposeReinstatementCall {
        subject: account(1),
        reason: String::new(),
    };
    let id = world.members(0, &reinstatement).unwrap();
    world.members(2, &approve(id)).unwrap();
    world.members(3, &approve(id)).unwrap();
    assert_eq!(member(&mut world, 1).status, Status::Active);
    assert_eq!(total(&mut world), 5);
    assert_reverts(
        world.members(0, &reinstatement),
        IMembers::WrongStatus {
            account: account(1),
            status: Status::Active,
        },
    );
}

#[test]
fn one_open_proposal_per_subject_and_proposer_until_it_expires() {
    let mut world = World::of_four();
    let id = world.members(0, &suspension(3)).unwrap();
    let pending = IMembers::ProposalPending {
        subject: account(3),
        proposalId: id,
    };
    assert_reverts(world.members(0, &suspension(3)), pending);
    world.members(0, &suspension(2)).unwrap();
    world.now += PROPOSAL_LIFETIME_S - 1;
    world.members(1, &approve(id)).unwrap();
    world.now += 1;
    assert_reverts(
        world.members(2, &approve(id)),
        IMembers::ProposalClosed { proposalId: id },
    );
    let seen = proposal(&mut world, id);
    assert_eq!(
        (seen.state, seen.kind, seen.reason.as_str()),
        (ProposalState::Expired, Kind::Suspend, "lost its keys")
    );
    assert_eq!(open_proposal(&mut world, 3, 0), U256::ZERO);
    let second = world.members(0, &suspension(3)).unwrap();
    assert_eq!(second, id + U256::from(2));
    assert_eq!(open_proposal(&mut world, 3, 0), second);
    let voted = IMembers::hasApprovedCall {
        proposalId: second,
        account: account(1),
    };
    assert!(
        !world.members(0, &voted).unwrap(),
        "votes do not carry over"
    );
}

#[test]
fn nobody_keeps_others_from_proposing() {
    let mut world = World::of_four();
    // The one to be suspended proposes something about itself first.
    let own = IMembers::proposeRolesCall {
        subject: account(3),
        roles: Roles::MEMBER.mask(),
        weight: 1,
    };
    let decoy = world.members(3, &own).unwrap();
    let id = world.members(0, &suspension(3)).unwrap();
    assert_eq!(open_proposal(&mut world, 3, 3), decoy);
    assert_eq!(open_proposal(&mut world, 3, 0), id);
    assert_eq!(open_proposal(&mut world, 3, 1), U256::ZERO);
    world.members(1, &approve(id)).unwrap();
    assert!(world.members(2, &approve(id)).unwrap());
    assert_eq!(member(&mut world, 3).status, Status::Suspended);
}

#[test]
fn a_nominee_is_admitted_with_the_profile_that_was_voted_on() {
    let mut world = World::of_four();
    let id = world.members(0, &nomination(9)).unwrap();
    let other = IMembers::nominateCall {
        name: "not nominee 9".into(),
        x25519: B256::repeat_byte(0xee),
        weight: 1_000,
        ..nomination(9)
    };
    let other = world.members(1, &other).unwrap();
    world.members(1, &approve(id)).unwrap();
    assert!(world.members(2, &approve(id)).unwrap());
    let admitted = member(&mut world, 9);
    assert_eq!(
        (admitted.name.as_str(), admitted.x25519, admitted.weight),
        ("nominee 9", B256::repeat_byte(9), 1)
    );
    let error = IMembers::ProposalClosed { proposalId: other };
    assert_reverts(world.members(2, &approve(other)), error);
    assert_eq!(proposal(&mut world, other).name, "not nominee 9");
}

#[test]
fn what_passes_closes_the_others_about_its_subject() {
    let mut world = World::of_four();
    let first = world.members(0, &suspension(3)).unwrap();
    world.members(1, &approve(first)).unwrap();
    let elsewhere = world.members(0, &suspension(2)).unwrap();
    let second = world.members(2, &suspension(3)).unwrap();
    world.members(0, &approve(second)).unwrap();
    assert!(world.members(1, &approve(second)).unwrap());
    let reinstatement = IMembers::proposeReinstatementCall {
        subject: account(3),
        reason: String::new(),
    };
    let third = world.members(0, &reinstatement).unwrap();
    assert!(world.members(1, &approve(third)).unwrap());
    // One more approval would have suspended it again, by votes cast on something that was over.
    let closed = IMembers::ProposalClosed { proposalId: first };
    assert_reverts(world.members(2, &approve(first)), closed);
    assert_eq!(proposal(&mut world, first).state, ProposalState::Expired);
    assert_eq!(open_proposal(&mut world, 3, 0), U256::ZERO);
    assert_eq!(open_proposal(&mut world, 2, 0), elsewhere);
    world.members(0, &suspension(3)).unwrap();
}

#[test]
fn approvals_that_suffice_since_weights_changed_can_be_settled() {
    let mut world = World::of_four();
    let id = world.members(0, &nomination(9)).unwrap();
    world.members(1, &approve(id)).unwrap();
    let again = || IModule::AlreadyVoted {
        account: account(1),
    };
    assert_reverts(world.members(1, &approve(id)), again());
    let approvals = world.events::<IMembers::ProposalApproved>().len();
    world.suspend(3, &[0, 1, 2]);
    assert!(
        world.members(1, &approve(id)).unwrap(),
        "two of three have approved"
    );
    assert_eq!(member(&mut world, 9).status, Status::Active);
    assert_eq!(
        world.events::<IMembers::ProposalApproved>().len(),
        approvals + 3,
        "those of the suspension: a repeat is no vote"
    );
}

#[test]
fn roles_and_weight_change_by_vote() {
    let mut world = World::of_four();
    let change = IMembers::proposeRolesCall {
        subject: account(0),
        roles: 4,
        weight: 0,
    };
    let id = world.members(0, &change).unwrap();
    world.members(1, &approve(id)).unwrap();
    world.members(2, &approve(id)).unwrap();
    assert_eq!(total(&mut world), 3);
    let roles = IMembers::rolesOfCall {
        account: account(0),
    };
    assert_eq!(world.members(0, &roles).unwrap(), 4);
    let observer = account(0);
    assert_reverts(
        world.members(0, &nomination(9)),
        IModule::NotVotingMember { account: observer },
    );
    world
        .members(
            0,
            &IMembers::updateKeyCall {
                x25519: B256::repeat_byte(7),
            },
        )
        .unwrap();
    assert_eq!(member(&mut world, 0).x25519, B256::repeat_byte(7));
    assert_eq!(member(&mut world, 0).name, "member 0");
}

#[test]
fn invalid_terms_are_refused() {
    let mut world = World::of_four();
    for (roles, weight) in [(0, 1), (5, 1), (6, 1), (7, 1), (8, 1), (255, 1)] {
        let call = IMembers::nominateCall {
            roles,
            weight,
            ..nomination(9)
        };
        assert_reverts(world.members(0, &call), IMembers::InvalidRoles { roles });
    }
    for (roles, weight, limit) in [
        (1, 0, MAX_WEIGHT),
        (2, MAX_WEIGHT + 1, MAX_WEIGHT),
        (4, 1, 0),
    ] {
        let call = IMembers::nominateCall {
            roles,
            weight,
            ..nomination(9)
        };
        assert_reverts(
            world.members(0, &call),
            IMembers::InvalidWeight { weight, limit },
        );
    }
    for subject in [Address::ZERO, GUARD] {
        let call = IMembers::nominateCall {
            subject,
            ..nomination(9)
        };
        assert_reverts(
            world.members(0, &call),
            IMembers::InvalidSubject { account: subject },
        );
    }
    let stranger = account(9);
    assert_reverts(
        world.members(0, &suspension(9)),
        IMembers::UnknownMember { account: stranger },
    );
    let id = U256::from(77);
    assert_reverts(
        world.members(0, &approve(id)),
        IMembers::UnknownProposal { proposalId: id },
    );
    let id = U256::MAX;
    assert_reverts(
        world.members(0, &approve(id)),
        IMembers::UnknownProposal { proposalId: id },
    );
    world
        .members(
            0,
            &IMembers::nominateCall {
                weight: MAX_WEIGHT,
                ..nomination(9)
            },
        )
        .unwrap();
}

#[test]
fn texts_are_limited() {
    let mut world = World::of_four();
    let update = |name: usize, contact: usize| IMembers::updateProfileCall {
        name: "n".repeat(name),
        contact: "c".repeat(contact),
        x25519: B256::ZERO,
    };
    for (name, contact) in [
        (1, 0),
        (31, 31),
        (32, 32),
        (MAX_NAME_BYTES, MAX_CONTACT_BYTES),
        (33, 1),
    ] {
        world.members(0, &update(name, contact)).unwrap();
        let seen = member(&mut world, 0);
        assert_eq!(
            (seen.name, seen.contact),
            ("n".repeat(name), "c".repeat(contact))
        );
    }
    let too_long = |field: &str, limit: usize| IModule::TooLong {
        field: field.into(),
        length: U256::from(limit + 1),
        limit: U256::from(limit),
    };
    let result = world.members(0, &update(MAX_NAME_BYTES + 1, 0));
    assert_reverts(result, too_long("name", MAX_NAME_BYTES));
    let result = world.members(0, &update(1, MAX_CONTACT_BYTES + 1));
    assert_reverts(result, too_long("contact", MAX_CONTACT_BYTES));
    assert_reverts(
        world.members(0, &update(0, 0)),
        IModule::Empty {
            field: "name".into(),
        },
    );
    let reason = "r".repeat(MAX_REASON_BYTES + 1);
    let call = IMembers::proposeSuspensionCall {
        subject: account(1),
        reason,
    };
    assert_reverts(
        world.members(0, &call),
        too_long("reason", MAX_REASON_BYTES),
    );
}

#[test]
fn the_last_weight_cannot_go() {
    let mut world = World::new(&[(Roles::MEMBER, 5), (Roles::OBSERVER, 0)]);
    assert_reverts(world.members(0, &suspension(0)), IMembers::NoWeightLeft {});
    let call = IMembers::proposeRolesCall {
        subject: account(0),
        roles: 4,
        weight: 0,
    };
    assert_reverts(world.members(0, &call), IMembers::NoWeightLeft {});
    world.members(0, &suspension(1)).unwrap();
    world.members(0, &nomination(2)).unwrap();
    assert_eq!(total(&mut world), 6, "a majority holder admits at once");
}

#[test]
fn listing_pages() {
    let mut world = World::of_four();
    let mut page = |offset: u64, limit: usize| {
        let call = IMembers::membersCall {
            offset: U256::from(offset),
            limit: U256::from(limit),
        };
        world.members(0, &call).map(|listed| {
            assert_eq!(listed.total, U256::from(4));
            listed
                .page
                .into_iter()
                .map(|member| member.account)
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(page(0, 3).unwrap(), [account(0), account(1), account(2)]);
    assert_eq!(page(3, MAX_MEMBERS_PAGE).unwrap(), [account(3)]);
    assert!(page(4, 3).unwrap().is_empty());
    assert!(page(u64::MAX, 3).unwrap().is_empty());
    let limit = U256::from(MAX_MEMBERS_PAGE);
    let count = limit + U256::ONE;
    let error = IModule::TooMany {
        field: "limit".into(),
        count,
        limit,
    };
    assert_reverts(page(0, MAX_MEMBERS_PAGE + 1), error);
}
