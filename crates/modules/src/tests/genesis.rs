//! The genesis.

use super::world::{World, account, protected};
use crate::{
    genesis::{Genesis, GenesisError, GenesisMember, GuardParameters, genesis_balance, storage},
    limits::{MAX_DURATION_S, MAX_MEMBERS, MAX_NEVER_BLOCK},
    members::{Role, Roles},
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::{IGuard, IMembers};
use hansa_primitives::StakingParams;

fn member(n: u8) -> GenesisMember {
    GenesisMember {
        name: format!("m{n}"),
        contact: String::new(),
        address: account(n),
        x25519: B256::ZERO,
        roles: Roles::MEMBER,
        weight: None,
    }
}

#[test]
fn parameters_reach_the_modules() {
    let mut world = World::of_four();
    let seen = world.guard(9, 0, &IGuard::parametersCall {}).unwrap();
    assert_eq!(seen.minBond, U256::from(super::world::MIN_BOND));
    assert_eq!(seen.maxDuration, super::world::MAX_DURATION_S);
    assert!(
        world
            .guard(
                9,
                0,
                &IGuard::isProtectedCall {
                    target: protected()
                }
            )
            .unwrap()
    );
    assert_eq!(
        world
            .members(
                9,
                &IMembers::weightOfCall {
                    account: account(3)
                }
            )
            .unwrap(),
        1
    );
    let seen = world
        .members(
            9,
            &IMembers::memberCall {
                account: account(3),
            },
        )
        .unwrap();
    assert_eq!((seen.roles, seen.since), (3, world.now));
}

#[test]
fn reads_from_text_with_defaults() {
    let text = r#"{
        "members": [
            { "name": "Alder Bank", "address": "0x00000000000000000000000000000000000aaaaa" },
            { "name": "CERT", "address": "0x00000000000000000000000000000000000bbbbb",
              "roles": ["member", "sentinel"], "weight": 3 },
            { "name": "Reader", "address": "0x00000000000000000000000000000000000ccccc",
              "roles": ["observer"] }
        ],
        "guard": { "min_bond": "1000000000000000000" }
    }"#;
    let genesis: Genesis = serde_json::from_str(text).unwrap();
    assert_eq!(genesis.members[0].roles, Roles::MEMBER);
    assert_eq!(
        Vec::<Role>::from(genesis.members[1].roles),
        [Role::Member, Role::Sentinel]
    );
    assert_eq!(genesis.guard, GuardParameters::default());
    assert!(storage(&genesis, 0).is_ok());
    let again: Genesis = serde_json::from_str(&serde_json::to_string(&genesis).unwrap()).unwrap();
    assert_eq!(again, genesis);
    let mixed = text.replace("[\"observer\"]", "[\"observer\", \"member\"]");
    assert!(serde_json::from_str::<Genesis>(&mixed).is_err());
}

#[test]
fn operators_and_staking_are_read_from_text() {
    let text = r#"{
        "members": [],
        "staking": { "epoch_blocks": 50, "freeze_blocks": 5, "min_self_stake": "1000" },
        "operators": [{
            "name": "Alder", "owner": "0x00000000000000000000000000000000000aaaaa",
            "public_key": "0x0100000000000000000000000000000000000000000000000000000000000000",
            "fee_recipient": "0x00000000000000000000000000000000000bbbbb", "stake": "1000"
        }]
    }"#;
    let genesis: Genesis = serde_json::from_str(text).unwrap();
    let expected = StakingParams {
        epoch_blocks: 50,
        freeze_blocks: 5,
        min_self_stake: U256::from(1_000),
        ..StakingParams::default()
    };
    assert_eq!(genesis.staking, expected);
    let operator = &genesis.operators[0];
    assert_eq!(
        (operator.commission_bps, operator.endpoint.as_str()),
        (0, "")
    );
    assert_eq!(genesis_balance(&genesis), U256::from(1_000));
    let again: Genesis = serde_json::from_str(&serde_json::to_string(&genesis).unwrap()).unwrap();
    assert_eq!(again, genesis);
    let unknown = text.replace("epoch_blocks", "epoch_length");
    assert!(serde_json::from_str::<Genesis>(&unknown).is_err());
}

#[test]
fn nonsense_is_refused() {
    let of = |members: Vec<GenesisMember>| Genesis {
        members,
        ..Genesis::default()
    };
    assert_eq!(storage(&of(vec![]), 0), Err(GenesisError::NoWeight));
    let observer = GenesisMember {
        roles: Roles::OBSERVER,
        ..member(1)
    };
    assert_eq!(
        storage(&of(vec![observer.clone()]), 0),
        Err(GenesisError::NoWeight)
    );
    assert!(storage(&of(vec![observer, member(2)]), 0).is_ok());
    let twice = storage(&of(vec![member(1), member(1)]), 0)
        .unwrap_err()
        .to_string();
    assert!(
        twice.contains("member 1 (\"m1\")") && twice.contains("AlreadyMember"),
        "{twice}"
    );
    for bad in [
        GenesisMember {
            name: String::new(),
            ..member(1)
        },
        GenesisMember {
            weight: Some(0),
            ..member(1)
        },
        GenesisMember {
            address: Address::ZERO,
            ..member(1)
        },
    ] {
        assert!(matches!(
            storage(&of(vec![bad]), 0),
            Err(GenesisError::Member { .. })
        ));
    }
}

#[test]
fn members_are_limited() {
    let many = |count: u64| {
        let of = |n: u64| GenesisMember {
            address: Address::from_word(B256::from(U256::from(n + 0x1_0000))),
            ..member(1)
        };
        Genesis {
            members: (0..count).map(of).collect(),
            ..Genesis::default()
        }
    };
    assert!(storage(&many(MAX_MEMBERS), 0).is_ok());
    let error = storage(&many(MAX_MEMBERS + 1), 0).unwrap_err();
    assert!(error.to_string().contains("1024 (MAX_MEMBERS)"), "{error}");
}

#[test]
fn guard_parameters_are_limited() {
    let with = |guard: GuardParameters| {
        storage(
            &Genesis {
                members: vec![member(1)],
                guard,
                ..Genesis::default()
            },
            0,
        )
    };
    let default = GuardParameters::default;
    for (max_duration_s, ok) in [
        (0, false),
        (1, true),
        (MAX_DURATION_S, true),
        (MAX_DURATION_S + 1, false),
    ] {
        assert_eq!(
            with(GuardParameters {
                max_duration_s,
                ..default()
            })
            .is_ok(),
            ok
        );
    }
    for (count, ok) in [(MAX_NEVER_BLOCK, true), (MAX_NEVER_BLOCK + 1, false)] {
        let never_block = vec![protected(); count];
        assert_eq!(
            with(GuardParameters {
                never_block,
                ..default()
            })
            .is_ok(),
            ok
        );
    }
}
