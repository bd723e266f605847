//! Ids of messages as others compute them by themselves; see `vectors/messages.txt`.

use super::{guard::BLOCKED, *};
use crate::{messages::inbox::withheld, tests::world::block_address};
use std::fmt::Write as _;

const VECTORS: &str = include_str!("../../../vectors/messages.txt");

fn render(world: &mut World) -> String {
    let mut text = String::from(
        "# message, its fields in their order, its id; or kept, chain, address, id: see src/messages/tests/ids.rs\n",
    );
    let block = world.block(Some(0));
    let ends = world.league.now + 3_600;
    for of in [BLOCKED, RARE] {
        block_address(&mut world.zones[0].host, of, ends, block);
    }
    let called = IMessages::sendWithCallCall {
        destination: 77,
        to: FRIEND,
        fee: U256::ZERO,
        gas: 100_000,
        reward: wei(3),
        data: Bytes::from_static(b"hello"),
    };
    world
        .hub(owner(1), 1_000, &send(77, FRIEND, 0, b""))
        .unwrap();
    world.hub(owner(1), 60, &send(77, BLOCKED, 0, b"")).unwrap();
    world.hub(owner(1), 7, &send(77, RARE, 0, b"")).unwrap();
    world.hub(owner(1), 20, &called).unwrap();
    world.follow(0);
    let odd = send(78, owner(2), 5, &[0xab; 33]);
    world.zone(0, FRIEND, 500, &odd).unwrap();
    let [hub, zone] = [&world.league.host, &world.zones[0].host];
    let logs = hub.logs.iter().chain(&zone.logs);
    let logs = logs.filter(|(module, _)| *module == MESSAGES);
    for event in logs.filter_map(|(_, log)| IMessages::Sent::decode_log_data(log).ok()) {
        let (id, of) = (event.id, event.message);
        writeln!(
            text,
            "message {} {} {} {} {} {} {} {} {} {} {id}",
            of.source,
            of.destination,
            of.nonce,
            of.sender,
            of.to,
            of.value,
            of.fee,
            of.gas,
            of.reward,
            of.data
        )
        .unwrap();
    }
    for (of, amount) in [(BLOCKED, 60), (RARE, 7)] {
        let id = keccak256(withheld(77, of).abi_encode());
        // The module finds it by this id.
        let held = world.zone(0, STRANGER, 0, &IMessages::waitingCall { id });
        assert_eq!(held.unwrap().held, wei(amount));
        writeln!(text, "kept 77 {of} {id}").unwrap();
    }
    text
}

/// An address whose digits differ.
const RARE: Address = alloy_primitives::address!("0x00000000219ab540356cBB839Cbe05303d7705Fa");

/// The dashboard computes them too, and its tests compare with these. A change here is one of what names a message.
#[test]
fn the_ids_are_the_committed_ones() {
    let text = render(&mut World::new());
    assert!(text == VECTORS, "vectors/messages.txt should be:\n{text}");
}
