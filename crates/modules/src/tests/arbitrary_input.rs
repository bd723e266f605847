//! Whatever the input: no panic, and nothing changes unless the call returns.

use super::world::{GAS, World, account, entry, target};
use crate::{Call, RunResult, run, staking};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall, SolInterface};
use hansa_abi::{
    EXCHANGE, GUARD,
    IExchange::{self, IExchangeCalls},
    IGuard::{self, IGuardCalls},
    IMembers::{self, IMembersCalls},
    IMessages::IMessagesCalls,
    IStaking::{self, IStakingCalls},
    IZones::IZonesCalls,
    MEMBERS, MESSAGES, STAKING, ZONES,
};
use proptest::prelude::*;

fn selectors(module: Address) -> Vec<[u8; 4]> {
    match module {
        MEMBERS => IMembersCalls::selectors().collect(),
        EXCHANGE => IExchangeCalls::selectors().collect(),
        STAKING => IStakingCalls::selectors().collect(),
        ZONES => IZonesCalls::selectors().collect(),
        MESSAGES => IMessagesCalls::selectors().collect(),
        _ => IGuardCalls::selectors().collect(),
    }
}

/// Valid calls, to be damaged.
fn seeds() -> Vec<(Address, Vec<u8>)> {
    let input = IGuard::AlertInput {
        targets: vec![target(1), target(2)],
        action: 2,
        severity: 2,
        expiry: 1_700_000_100,
        objectId: crate::exchange::object_id("indicator", &[1; 16].into()),
        reason: "seen draining wallets".into(),
    };
    let nomination = IMembers::nominateCall {
        subject: account(9),
        name: "a name that is longer than one word of 32 bytes".into(),
        contact: "soc@example.org".into(),
        x25519: B256::repeat_byte(1),
        roles: 1,
        weight: 1,
    };
    let entries = vec![entry(1, 2, b"{\"a\":1}"), entry(2, 1, &[7; 100])];
    let has = IExchange::hasCall {
        objectIds: vec![B256::ZERO; 3],
        versions: vec![1, 2, 3],
    };
    let delegate = IStaking::delegateCall {
        operatorId: 1,
        maxLoss: IStaking::Risk::uniform(10_000),
    };
    vec![
        (STAKING, delegate.abi_encode()),
        (STAKING, evidence()),
        (MEMBERS, nomination.abi_encode()),
        (EXCHANGE, IExchange::publishCall { entries }.abi_encode()),
        (EXCHANGE, has.abi_encode()),
        (
            GUARD,
            IGuard::raiseCall {
                input: input.clone(),
            }
            .abi_encode(),
        ),
        (GUARD, IGuard::raiseProvisionalCall { input }.abi_encode()),
    ]
}

/// Real evidence of a fault in epoch 0.
fn evidence() -> Vec<u8> {
    let mut world = World::of_four();
    let Ok(committee) = staking::committee(&mut world.host, 0);
    let genesis_hash = staking::tests::genesis(&[], staking::tests::parameters()).genesis_hash;
    let key = staking::tests::key(1);
    let evidence = staking::tests::evidence(genesis_hash, &committee.unwrap(), (0, 0), &key);
    IStaking::submitEvidenceCall { kind: 0, evidence }.abi_encode()
}

fn any_module() -> impl Strategy<Value = Address> {
    prop_oneof![
        Just(STAKING),
        Just(ZONES),
        Just(MEMBERS),
        Just(EXCHANGE),
        Just(GUARD),
        Just(MESSAGES),
    ]
}

/// Random arguments, mostly small words, behind a real selector.
fn words() -> impl Strategy<Value = (Address, Vec<u8>)> {
    let word = prop_oneof![
        3 => (0u64..600).prop_map(|n| U256::from(n).to_be_bytes::<32>()),
        1 => any::<[u8; 32]>(),
        1 => (0u8..5).prop_map(|n| account(n).into_word().0),
    ];
    (
        any_module(),
        any::<prop::sample::Index>(),
        prop::collection::vec(word, 0..24),
    )
        .prop_map(|(module, index, words)| {
            let selector = *index.get(&selectors(module));
            (module, [&selector[..], &words.concat()].concat())
        })
}

/// A valid call with some bytes replaced, and cut or extended.
fn damaged() -> impl Strategy<Value = (Address, Vec<u8>)> {
    let edit = (any::<prop::sample::Index>(), any::<u8>());
    (
        any::<prop::sample::Index>(),
        prop::collection::vec(edit, 0..4),
        0usize..1_200,
    )
        .prop_map(|(seed, edits, length)| {
            thread_local! {
                static SEEDS: Vec<(Address, Vec<u8>)> = seeds();
            }
            let (module, mut input) = SEEDS.with(|seeds| seed.get(seeds).clone());
            for (at, byte) in edits {
                let at = at.index(input.len());
                input[at] = byte;
            }
            if length < input.len() / 4 || length > 1_000 {
                input.resize(length, 0);
            }
            (module, input)
        })
}

fn raw() -> impl Strategy<Value = (Address, Vec<u8>)> {
    (any_module(), prop::collection::vec(any::<u8>(), 0..200))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn never_panics_and_never_half_happens(
        (module, input) in prop_oneof![words(), damaged(), raw()],
        caller in 0u8..6,
        value in prop_oneof![Just(0u64), Just(5_000u64)],
        is_static: bool,
        gas_limit in prop_oneof![Just(GAS), 0u64..200_000],
    ) {
        thread_local! {
            static WORLD: World = {
                let mut world = World::of_four();
                world.object(1);
                world
            };
        }
        let (mut host, block) = WORLD.with(|world| (world.host.clone(), world.block()));
        host.credit(module, U256::from(value));
        let before = host.clone();
        let value = U256::from(value);
        let call = Call { caller: account(caller), value, input: &input, is_static, gas_limit };
        let outcome = run(&mut host, module, &call, &block);
        prop_assert!(outcome.gas_used <= gas_limit);
        match outcome.result {
            RunResult::Return(_) if is_static => prop_assert_eq!(host, before),
            RunResult::Return(_) => {}
            RunResult::Revert(data) => {
                prop_assert!(data.len() >= 4, "every revert is typed");
                prop_assert_eq!(host, before);
            }
            RunResult::OutOfGas => prop_assert_eq!(host, before),
            RunResult::Fatal(message) => prop_assert!(false, "{}", message),
        }
    }
}

/// The damage above is worth something only if undamaged seeds succeed.
#[test]
fn seeds_are_valid() {
    for (module, input) in seeds() {
        let mut world = World::of_four();
        world.object(1);
        let pays = module == GUARD || input.starts_with(&IStaking::delegateCall::SELECTOR);
        let value = if pays { 5_000 } else { 0 };
        let outcome = world.execute(module, account(3), value, &input);
        let ok = matches!(outcome.result, RunResult::Return(_));
        // The object of the publish seed belongs to another member.
        let expected =
            !(module == EXCHANGE && input.starts_with(&IExchange::publishCall::SELECTOR));
        assert_eq!(ok, expected, "{module} {outcome:?}");
    }
}
