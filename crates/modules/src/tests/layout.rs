//! The storage layout is part of consensus and of what others prove: it is pinned here.

use super::world::{World, account, entry, target};
use crate::staking::tests::{League, SELF_STAKE, delegator, key, owner, parameters, public};
use alloy_primitives::{U256, keccak256};
use hansa_abi::{EXCHANGE, GUARD, IExchange, IGuard, IMembers, IStaking, MEMBERS, STAKING};

/// Solidity's slot of a mapping's value.
fn mapping(key: U256, base: u64) -> U256 {
    let base = U256::from(base).to_be_bytes::<32>();
    U256::from_be_bytes(keccak256([key.to_be_bytes::<32>(), base].concat()).0)
}

fn address_key(address: alloy_primitives::Address) -> U256 {
    U256::from_be_bytes(address.into_word().0)
}

#[test]
fn members() {
    let world = World::of_four();
    let storage = &world.host.storage;
    assert_eq!(
        storage[&(MEMBERS, U256::ZERO)],
        U256::from_limbs([4, 4, 0, 0])
    );
    let index = storage[&(MEMBERS, mapping(address_key(account(3)), 2))];
    assert_eq!(index, U256::from(4));
    let record = storage[&(MEMBERS, mapping(U256::from(3), 1))];
    let packed = address_key(account(3))
        | (U256::from(1) << 160)
        | (U256::from(3) << 192)
        | (U256::from(1) << 200)
        | (U256::from(world.now) << 208);
    assert_eq!(record, packed);
    // "member 3" with twice its length, as Solidity keeps short strings.
    let name = storage[&(MEMBERS, mapping(address_key(account(3)), 3))];
    let mut bytes = [0u8; 32];
    bytes[..8].copy_from_slice(b"member 3");
    bytes[31] = 16;
    assert_eq!(name, U256::from_be_bytes(bytes));
}

#[test]
fn proposals() {
    let mut world = World::of_four();
    let nomination = IMembers::nominateCall {
        subject: account(9),
        name: "nine".into(),
        contact: String::new(),
        x25519: [9; 32].into(),
        roles: 1,
        weight: 1,
    };
    world.members(1, &nomination).unwrap();
    let proposers = mapping(address_key(account(9)), 4).to_be_bytes::<32>();
    let key = address_key(account(1)).to_be_bytes::<32>();
    let latest = U256::from_be_bytes(keccak256([key, proposers].concat()).0);
    assert_eq!(world.host.storage[&(MEMBERS, latest)], U256::ONE);
    let nominee = mapping(U256::ONE, 5) + U256::from(3);
    let x25519 = (MEMBERS, nominee + U256::from(2));
    assert_eq!(world.host.storage[&x25519], U256::from_be_bytes([9; 32]));
    for voter in [0, 2] {
        let approve = IMembers::approveCall {
            proposalId: U256::ONE,
        };
        world.members(voter, &approve).unwrap();
    }
    let settled = (MEMBERS, mapping(address_key(account(9)), 6));
    assert_eq!(world.host.storage[&settled], U256::ONE);
    let profile = (MEMBERS, mapping(address_key(account(9)), 3) + U256::from(2));
    assert_eq!(world.host.storage[&profile], U256::from_be_bytes([9; 32]));
}

#[test]
fn exchange() {
    let mut world = World::of_four();
    let entries = vec![entry(7, 1_234, b"{}")];
    world
        .exchange(1, &IExchange::publishCall { entries })
        .unwrap();
    let id = keccak256("indicator--07070707-0707-0707-0707-070707070707");
    let head = world.host.storage[&(EXCHANGE, mapping(id.into(), 1))];
    let packed = address_key(account(1)) | (U256::from(1_234) << 160) | (U256::from(1) << 232);
    assert_eq!(head, packed);
    let versions = mapping(id.into(), 2).to_be_bytes::<32>();
    let slot = keccak256([U256::from(1_234).to_be_bytes::<32>(), versions].concat());
    assert_eq!(
        world.host.storage[&(EXCHANGE, slot.into())],
        U256::from_be_bytes(keccak256("{}").0)
    );
}

#[test]
fn guard() {
    let mut world = World::of_four();
    let object_id = world.object(1);
    let until = world.now + 100;
    let input = IGuard::AlertInput {
        targets: vec![target(1)],
        action: 2,
        severity: 1,
        expiry: until,
        objectId: object_id,
        reason: String::new(),
    };
    let alert_id = world.guard(0, 1_000, &IGuard::raiseCall { input }).unwrap();
    for voter in [1, 2] {
        world
            .guard(voter, 0, &IGuard::endorseCall { alertId: alert_id })
            .unwrap();
    }
    assert_eq!(world.host.storage[&(GUARD, U256::ZERO)], U256::from(until));
    let winner = world.host.storage[&(GUARD, mapping(address_key(target(1)), 6))];
    assert_eq!(winner, U256::from_limbs([until, 1, 0, 0]));
}

#[test]
fn staking() {
    let mut league = League::new(4, parameters());
    league.delegate(1, 2, 700).unwrap();
    league.undelegate(1, 2, 300).unwrap();
    let at = |league: &League, slot: U256| {
        league
            .host
            .storage
            .get(&(STAKING, slot))
            .copied()
            .unwrap_or_default()
    };
    let plus = |slot: U256, by: u64| slot + U256::from(by);
    // Counters, parameters, and where the first committee lies.
    assert_eq!(at(&league, U256::ZERO), U256::from_limbs([4, 1, 0, 0]));
    assert_eq!(at(&league, U256::from(8)), U256::from_limbs([4, 1, 8, 2]));
    let id = at(&league, mapping(U256::ZERO, 32));
    let committee = league.committee(0);
    assert_eq!(id, U256::from_be_bytes(committee.id().0));
    let seats = mapping(id, 33);
    assert_eq!(at(&league, seats), U256::from(4));
    let first = &committee.seats[0];
    let identity = address_key(first.fee_recipient) | U256::from(first.operator) << 160;
    assert_eq!(at(&league, plus(seats, 1)), identity);
    assert_eq!(
        at(&league, plus(seats, 2)),
        U256::from_be_bytes(first.key.0)
    );
    assert_eq!(at(&league, mapping(U256::ZERO, 34)), U256::from(SELF_STAKE));
    // An operator, and what leads to it.
    let record = mapping(U256::from(2), 36);
    let packed = address_key(owner(2))
        | U256::from(1_000) << 160
        | U256::ONE << 176
        | U256::from(1_000) << 224;
    assert_eq!(at(&league, record), packed);
    let [first, second, third] = parameters().slash_bps.map(|bps| bps | bps << 16);
    assert_eq!(
        at(&league, plus(record, 4)),
        U256::from_limbs([first, second, third, league.now])
    );
    let of_key = U256::from_be_bytes(public(&key(2)).0);
    assert_eq!(at(&league, plus(record, 1)), of_key);
    assert_eq!(
        at(&league, mapping(address_key(owner(2)), 37)),
        U256::from(2)
    );
    assert_eq!(at(&league, mapping(of_key, 38)), U256::from(2));
    let listed = [47, 48, 51].map(|slot| at(&league, U256::from(slot)));
    assert_eq!(listed, [4, 1, 4].map(U256::from));
    // Its sums, and a position.
    let pool = mapping(U256::from(2), 40);
    assert_eq!(at(&league, pool), U256::from(1_400));
    assert_eq!(at(&league, plus(pool, 1)), U256::from(1_700));
    let positions = mapping(U256::from(2), 41);
    let nested = [
        address_key(delegator(1)).to_be_bytes::<32>(),
        positions.to_be_bytes(),
    ];
    let position = U256::from_be_bytes(keccak256(nested.concat()).0);
    let flags = 1 | 10_000 << 16 | 10_000 << 32 | 10_000 << 48;
    let header = U256::from_limbs([1 << 8 | 1, 0, flags, 0]);
    assert_eq!(at(&league, position), header);
    assert_eq!(
        at(&league, plus(position, 8)),
        U256::from(400) | U256::ONE << 144
    );
    let entry = U256::from(300) | U256::ONE << 144 | U256::ONE << 176;
    assert_eq!(at(&league, plus(position, 16)), entry);
    assert_eq!(at(&league, plus(position, 32)), U256::ZERO);
    // An entry for another operator has a second word.
    let hop = IStaking::redelegateCall {
        from: 2,
        to: 3,
        amount: U256::from(50),
        maxLoss: IStaking::Risk::by_kind([600, 1_200, 400]),
    };
    league.call(delegator(1), &hop).unwrap();
    let entry = U256::from(50) | U256::ONE << 144 | U256::ONE << 176 | U256::from(3) << 208;
    assert_eq!(at(&league, plus(position, 17)), entry);
    let signed = U256::from(600u64 | 1_200 << 16 | 400 << 32);
    assert_eq!(at(&league, plus(position, 33)), signed);
    let list = mapping(address_key(delegator(1)), 42);
    assert_eq!(at(&league, list), U256::ONE);
    assert_eq!(at(&league, plus(list, 1)), U256::from(2));
    // A slash.
    league.enter(1);
    league.accuse(1, 1, &key(2)).unwrap();
    let slash = mapping(U256::ONE, 43);
    let rest = 1 | 1 << 8 | 1_000 << 16 | 3 << 32;
    assert_eq!(at(&league, slash), U256::from_limbs([2, 1, 7, rest]));
    let nested = [
        U256::ONE.to_be_bytes::<32>(),
        mapping(U256::from(2), 44).to_be_bytes(),
    ];
    let punished = U256::from_be_bytes(keccak256(nested.concat()).0);
    assert_eq!(at(&league, punished), U256::ONE);
    let pending = mapping(U256::from(2), 45);
    assert_eq!(at(&league, pending), U256::ONE);
    assert_eq!(
        at(&league, plus(pending, 1)),
        U256::from_limbs([1, 1, 0, 0])
    );
    assert_eq!(
        league.view(&IStaking::slashCall { slashId: 1 }).amount,
        U256::from(135)
    );
}

/// A text that becomes shorter leaves no words behind.
#[test]
fn texts_clean_up() {
    let mut world = World::of_four();
    let before = world.host.storage.clone();
    for length in [256, 100, 33, 32, 31, 8] {
        let update = IMembers::updateProfileCall {
            name: "member 3".into(),
            contact: "c".repeat(length),
            x25519: [3; 32].into(),
        };
        world.members(3, &update).unwrap();
        // The contact's own slot, and the words of a long text.
        let words = if length < 32 { 0 } else { length.div_ceil(32) };
        assert_eq!(
            world.host.storage.len(),
            before.len() + 1 + words,
            "{length}"
        );
    }
}
