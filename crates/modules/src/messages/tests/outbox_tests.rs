//! The tree over what a zone has sent, and where the module keeps what.

use super::*;

/// The tree over all leaves at once.
fn naive_root(leaves: &[B256]) -> B256 {
    let mut level = leaves.to_vec();
    for height in 0..OUTBOX_LEVELS {
        if level.len() % 2 == 1 {
            level.push(empty_subtree(height));
        }
        level = level
            .chunks(2)
            .map(|pair| parent(pair[0], pair[1]))
            .collect();
        if level.is_empty() {
            return B256::ZERO;
        }
    }
    level[0]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Every message is proved by every root there ever was since it was sent, and by no other.
    #[test]
    fn the_outbox_is_the_tree_over_what_was_sent(count in 1u64..40, at in any::<u64>(), of in any::<u64>()) {
        let mut zone = Zone::new(1, 77);
        zone.host.credit(FRIEND, wei(1_000));
        let block = crate::Block { number: 1, timestamp: 1, chain_id: 77 };
        let mut roots = vec![B256::ZERO];
        let mut ids = Vec::new();
        for n in 0..count {
            let id = zone.host.act((FRIEND, wei(n + 1)), &send(HUB, STRANGER, 0, b""), block);
            ids.push(id.unwrap());
            prop_assert_eq!(zone.outbox(), Outbox { count: n + 1, root: naive_root(&ids) });
            roots.push(zone.outbox().root);
        }
        let at = 1 + at % count;
        let nonce = of % at;
        let proof = zone.prove(nonce, at);
        let leaf = ids[nonce as usize];
        prop_assert_eq!(climb(leaf, nonce, &proof), roots[at as usize]);
        prop_assert_ne!(climb(leaf, nonce ^ 1, &proof), roots[at as usize]);
        for (nonce, at) in [(at, at), (0, count + 1), (0, 0)] {
            let call = IMessages::proofCall { nonce, count: at };
            let _: IMessages::NotCheckpointed = error(zone.host.act((FRIEND, wei(0)), &call, block));
        }
    }
}

/// The layout is part of consensus, and zones live on: it is pinned here.
#[test]
fn things_lie_where_they_are_said_to() {
    let mapping = |key: U256, base: U256| {
        let word = [key.to_be_bytes::<32>(), base.to_be_bytes()].concat();
        U256::from_be_bytes(keccak256(word).0)
    };
    let mut world = World::new();
    let block = world.league.block;
    world.hub(owner(1), 500, &send(77, FRIEND, 0, b"")).unwrap();
    world.hub(owner(1), 5, &send(77, FRIEND, 0, b"x")).unwrap();
    let at = |host: &MemoryHost, slot: U256| host.storage[&(MESSAGES, slot)];
    let lane = mapping(U256::from(1), U256::from(3));
    let hub = &world.league.host;
    assert_eq!(at(hub, lane), U256::from_limbs([2, 0, 0, 0]));
    assert_eq!(at(hub, lane + U256::from(1)), wei(505));
    let arrival = mapping(U256::from(1), mapping(U256::from(1), U256::from(4)));
    let first = U256::from_be_bytes(FRIEND.into_word().0) | U256::from(block) << 160usize;
    assert_eq!(at(hub, arrival), first);
    assert_eq!(at(hub, arrival + U256::from(1)), wei(5));
    let id = keccak256(hub.sent()[1].abi_encode());
    assert_eq!(at(hub, arrival + U256::from(2)), U256::from_be_bytes(id.0));
    world.follow(0);
    world
        .zone(0, FRIEND, 3, &send(HUB, STRANGER, 0, b""))
        .unwrap();
    let zone = &world.zones[0].host;
    let waiting = mapping(U256::from_be_bytes(id.0), U256::from(5));
    assert_eq!(at(zone, waiting), U256::from(world.league.now));
    assert_eq!(at(zone, U256::ZERO), U256::from_limbs([1, 1, 2, 0]));
    let leaf = mapping(U256::ZERO, U256::from(2));
    let id = keccak256(zone.sent()[0].abi_encode());
    assert_eq!(at(zone, leaf), U256::from_be_bytes(id.0));
}
