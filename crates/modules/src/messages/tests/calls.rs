//! Tests of messages whose receivers are to be called.

use super::*;
use crate::limits::MAX_CALL_GAS;

const RELAYER: Address = Address::repeat_byte(0x44);

fn call(destination: u64, reward: u64) -> IMessages::sendWithCallCall {
    IMessages::sendWithCallCall {
        destination,
        to: FRIEND,
        fee: U256::ZERO,
        gas: 100_000,
        reward: wei(reward),
        data: Bytes::from_static(b"hello"),
    }
}

impl World {
    /// The receiver takes a message, in a transaction of the relayer.
    fn take_for_relayer(&mut self, zone: Option<usize>, message: &Message) -> Result<(), Bytes> {
        let call = IMessages::takeCall {
            message: message.clone(),
        };
        let block = self.block(zone);
        let host = self.host(zone);
        host.sender = RELAYER;
        let taken = host.act((FRIEND, U256::ZERO), &call, block);
        host.sender = Address::ZERO;
        taken.map(drop)
    }

    fn host(&mut self, zone: Option<usize>) -> &mut MemoryHost {
        match zone {
            Some(zone) => &mut self.zones[zone].host,
            None => &mut self.league.host,
        }
    }

    fn gained(
        &mut self,
        zone: Option<usize>,
        account: Address,
        act: impl FnOnce(&mut Self),
    ) -> U256 {
        let before = self.host(zone).balance(account);
        act(self);
        self.host(zone).balance(account) - before
    }

    /// What the hub tells nodes to call.
    fn due(&self) -> Vec<(u64, Message)> {
        let logs = self.league.host.logs.iter();
        logs.filter(|(module, _)| *module == MESSAGES)
            .filter_map(|(_, log)| IMessages::Due::decode_log_data(log).ok())
            .map(|event| (event.destination, event.message))
            .collect()
    }
}

#[test]
fn the_reward_goes_to_whoever_has_the_receiver_take_the_message() {
    let mut world = World::new();
    world.hub(owner(1), 500, &call(77, 30)).unwrap();
    assert_eq!(world.lane(0).locked, wei(500));
    let message = world.league.host.sent().pop().unwrap();
    let (value, reward) = (message.value, message.reward);
    assert_eq!((value, reward, message.gas), (wei(470), wei(30), 100_000));
    world.check();
    world.follow(0);
    world.check();
    let earned = world.gained(Some(0), RELAYER, |world| {
        world.take_for_relayer(Some(0), &message).unwrap();
    });
    assert_eq!(earned, wei(30));
    assert_eq!(world.zones[0].host.balance(FRIEND), wei(470));
    world.check();
    let _: IMessages::NotWaiting = error(world.take_for_relayer(Some(0), &message));
    // The hub told of it as it was sent: once is enough.
    assert!(world.due().is_empty());
}

#[test]
fn the_hub_tells_of_what_zones_want_called_elsewhere() {
    let mut world = World::new();
    world.hub(owner(1), 500, &send(77, FRIEND, 0, b"")).unwrap();
    world.follow(0);
    world.zone(0, FRIEND, 90, &call(HUB, 40)).unwrap();
    world.zone(0, FRIEND, 70, &call(78, 20)).unwrap();
    let quiet = send(78, FRIEND, 0, b"nobody is to call");
    world.zone(0, FRIEND, 10, &quiet).unwrap();
    world.check();
    let [to_hub, to_grid, _]: [Message; 3] = world.zones[0].host.sent().try_into().unwrap();
    let outcomes = [Outcome::Waiting, Outcome::Forwarded, Outcome::Forwarded];
    assert_eq!(world.deliver(0), outcomes);
    assert_eq!(world.due(), [(HUB, to_hub.clone()), (78, to_grid.clone())]);
    world.check();
    let on_hub = world.gained(None, RELAYER, |world| {
        world.take_for_relayer(None, &to_hub).unwrap();
    });
    world.follow(1);
    let on_grid = world.gained(Some(1), RELAYER, |world| {
        world.take_for_relayer(Some(1), &to_grid).unwrap();
    });
    assert_eq!((on_hub, on_grid), (wei(40), wei(20)));
    assert_eq!(world.zones[1].host.balance(FRIEND), wei(50));
    assert_eq!(world.lane(1).locked, wei(80));
    world.check();
}

#[test]
fn a_reward_that_nobody_earned_goes_back_with_the_value() {
    let mut world = World::new();
    world.hub(owner(1), 500, &send(77, FRIEND, 0, b"")).unwrap();
    world.follow(0);
    // All of it is the reward: that is a value too.
    world.zone(0, FRIEND, 90, &call(HUB, 90)).unwrap();
    world.deliver(0);
    let message = world.zones[0].host.sent().pop().unwrap();
    world.league.now += REFUND_AFTER_S;
    let refund = IMessages::refundCall { message };
    world.hub(STRANGER, 0, &refund).unwrap();
    world.follow(0);
    assert_eq!(world.zones[0].host.balance(FRIEND), wei(500));
    world.check();
    // Nobody can receive what goes to the zero address.
    let nobody = IMessages::sendWithCallCall {
        to: Address::ZERO,
        ..call(HUB, 5)
    };
    let _: IMessages::InvalidReceiver = error(world.zone(0, FRIEND, 10, &nobody));
}

#[test]
fn a_call_has_gas_and_data_and_a_reward_that_was_sent() {
    let mut world = World::new();
    let with_gas = |gas| IMessages::sendWithCallCall { gas, ..call(77, 5) };
    world.hub(owner(1), 5, &with_gas(1)).unwrap();
    world.hub(owner(1), 5, &with_gas(MAX_CALL_GAS)).unwrap();
    for gas in [0, MAX_CALL_GAS + 1] {
        let refused: IMessages::InvalidCallGas = error(world.hub(owner(1), 5, &with_gas(gas)));
        assert_eq!((refused.gas, refused.limit), (gas, MAX_CALL_GAS));
    }
    let empty = IMessages::sendWithCallCall {
        data: Bytes::new(),
        ..call(77, 5)
    };
    let _: IMessages::NothingToCall = error(world.hub(owner(1), 5, &empty));
    let refused: IMessages::RewardTooHigh = error(world.hub(owner(1), 4, &call(77, 5)));
    assert_eq!((refused.reward, refused.limit), (wei(5), wei(4)));
    // Of what a zone sends, the fee comes first.
    world.hub(owner(1), 500, &send(77, FRIEND, 0, b"")).unwrap();
    world.follow(0);
    let with_fee = IMessages::sendWithCallCall {
        fee: wei(3),
        ..call(HUB, 5)
    };
    let refused: IMessages::RewardTooHigh = error(world.zone(0, FRIEND, 7, &with_fee));
    assert_eq!((refused.reward, refused.limit), (wei(5), wei(4)));
    world.zone(0, FRIEND, 8, &with_fee).unwrap();
    world.check();
}

#[test]
fn a_zone_that_promises_more_than_it_has_is_refused() {
    let mut world = World::new();
    world.hub(owner(1), 500, &send(77, FRIEND, 0, b"")).unwrap();
    world.follow(0);
    // Its own state says that it has more.
    world.zones[0].host.credit(FRIEND, wei(1_000));
    world.zone(0, FRIEND, 501, &call(HUB, 501)).unwrap();
    world.checkpoint(0);
    let delivery = world.proved(0, 0);
    let refused: IMessages::InsufficientLocked = error(world.hub(STRANGER, 0, &delivery));
    assert_eq!((refused.amount, refused.available), (wei(501), wei(500)));
}
