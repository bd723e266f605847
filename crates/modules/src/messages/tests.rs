//! Tests of messages: a hub and two zones, each on a host of its own, with real certificates and proofs between them.

mod byzantine;
mod calls;
mod checkpoints;
mod escrow;
mod exits;
mod guard;
mod ids;
mod outbox_tests;
mod reseeds;

use super::{arrivals, arrive, outbox};
use crate::{
    Call, RunResult,
    genesis::{self, Genesis},
    limits::{MAX_DELIVERIES, MAX_MESSAGE_BYTES, MAX_MESSAGE_FEE, REFUND_AFTER_S},
    staking::{
        Committee,
        tests::{League, key, owner},
    },
    testing::MemoryHost,
    zones::tests as zones,
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolEvent, SolValue as _};
use commonware_codec::{Decode as _, DecodeExt as _, Encode as _};
use commonware_consensus::{
    simplex::types::{Finalize, Proposal},
    types::{Epoch, Round, View},
};
use commonware_cryptography::{Signer as _, certificate::Signers};
use commonware_parallel::Sequential;
use commonware_utils::{TryCollect as _, iter::NonEmpty, ordered::Set};
use hansa_abi::{
    IMessages::{self, Message, Outcome},
    IModule, IStaking, IZones, MESSAGES, ZONES,
};
use hansa_primitives::{
    Context, Digest, Finalization, Header, HubPoint, OUTBOX_LEVELS, Outbox, PublicKey, Scheme,
    StateCommitment, Terms, climb, digest, empty_subtree, parent, zone_namespace,
};
use proptest::prelude::*;

const GAS: u64 = 20_000_000;
const HUB: u64 = 1;
const FRIEND: Address = Address::repeat_byte(0x11);
const STRANGER: Address = Address::repeat_byte(0x22);

fn wei(amount: u64) -> U256 {
    U256::from(amount)
}

/// A zone, as its own state has it.
struct Zone {
    id: u64,
    chain_id: u64,
    host: MemoryHost,
    number: u64,
    /// What it has taken from the hub.
    taken: u64,
}

impl Zone {
    fn new(id: u64, chain_id: u64) -> Self {
        let genesis = Genesis {
            committee: vec![hansa_primitives::Seat {
                operator: 1,
                key: B256::repeat_byte(1),
                fee_recipient: owner(1),
                stake: U256::ZERO,
            }],
            zone: id,
            ..Genesis::default()
        };
        let writes = genesis::storage(&genesis, 0).unwrap();
        let mut host = MemoryHost::default();
        for write in writes {
            host.storage
                .insert((write.address, write.slot), write.value);
        }
        Self {
            id,
            chain_id,
            host,
            number: 0,
            taken: 0,
        }
    }

    fn outbox(&mut self) -> Outbox {
        let Ok(outbox) = outbox(&mut self.host);
        outbox
    }

    fn prove(&mut self, nonce: u64, count: u64) -> Vec<B256> {
        let call = IMessages::proofCall { nonce, count };
        self.host.view(&call, self.chain_id)
    }

    fn supply(&self) -> U256 {
        self.host
            .balances
            .values()
            .fold(U256::ZERO, |sum, balance| sum + balance)
    }
}

impl MemoryHost {
    fn act<C: SolCall>(
        &mut self,
        (caller, value): (Address, U256),
        call: &C,
        block: crate::Block,
    ) -> Result<C::Return, Bytes> {
        let input = call.abi_encode();
        let call = Call {
            caller,
            value,
            input: &input,
            is_static: false,
            gas_limit: GAS,
        };
        match self.execute(MESSAGES, &call, &block).result {
            RunResult::Return(data) => Ok(C::abi_decode_returns_validate(&data).unwrap()),
            RunResult::Revert(data) => Err(data),
            other => panic!("{other:?}"),
        }
    }

    fn view<C: SolCall>(&mut self, call: &C, chain_id: u64) -> C::Return {
        let block = crate::Block {
            number: 1,
            timestamp: 1,
            chain_id,
        };
        self.act((STRANGER, U256::ZERO), call, block).unwrap()
    }

    /// Messages that were sent, from the `from`-th log on.
    fn sent(&self) -> Vec<Message> {
        let logs = self.logs.iter().filter(|(module, _)| *module == MESSAGES);
        logs.filter_map(|(_, log)| IMessages::Sent::decode_log_data(log).ok())
            .map(|event| event.message)
            .collect()
    }

    fn outcomes(&self) -> Vec<Outcome> {
        let logs = self.logs.iter().filter(|(module, _)| *module == MESSAGES);
        logs.filter_map(|(_, log)| IMessages::Delivered::decode_log_data(log).ok())
            .map(|event| event.outcome)
            .collect()
    }
}

/// A league with the zones 1 (chain 77) and 2 (chain 78).
struct World {
    league: League,
    zones: [Zone; 2],
}

/// Of each operator: a hundredth of it is a zone's, of which the cheapest fault costs 333 basis points.
const STAKE: u128 = 320_000_000_000_000_000_000;

/// Two of four seats are in any two quorums.
const LIMIT: u64 = 2 * (STAKE / 100 * 333 / 10_000) as u64;

/// What may leave whatever answers.
const LEAST: u64 = 100_000_000_000_000_000;

impl World {
    fn new() -> Self {
        Self::of(zones::parameters("market", 77))
    }

    /// Its first zone is made with these.
    fn of(market: IZones::Parameters) -> Self {
        let mut league = zones::league_with(STAKE);
        zones::create(&mut league, market).unwrap();
        zones::create(&mut league, zones::parameters("grid", 78)).unwrap();
        let zones = [Zone::new(1, 77), Zone::new(2, 78)];
        let mut world = Self { league, zones };
        world.next();
        world
    }

    /// The next block of every chain.
    fn next(&mut self) {
        let next = self.league.block + 1;
        self.league.run_to(next);
    }

    fn block(&self, zone: Option<usize>) -> crate::Block {
        crate::Block {
            chain_id: zone.map_or(HUB, |zone| self.zones[zone].chain_id),
            ..self.league.block()
        }
    }

    fn hub<C: SolCall>(&mut self, from: Address, value: u64, call: &C) -> Result<C::Return, Bytes> {
        let block = self.block(None);
        self.league.host.act((from, wei(value)), call, block)
    }

    fn zone<C: SolCall>(
        &mut self,
        zone: usize,
        from: Address,
        value: u64,
        call: &C,
    ) -> Result<C::Return, Bytes> {
        let block = self.block(Some(zone));
        self.zones[zone].host.act((from, wei(value)), call, block)
    }

    /// A block of the zone that takes what the hub has for it, as the chain does.
    fn follow(&mut self, zone: usize) {
        let (block, hub) = (self.block(Some(zone)), self.league.block);
        let zone = &mut self.zones[zone];
        let from = (zone.id, zone.taken);
        let Ok(taken) = arrivals(&mut self.league.host, from, hub, 1_024);
        for (to, amount) in arrive(&mut zone.host, &taken, block).unwrap() {
            if !amount.is_zero() {
                zone.host.credit(to, amount);
            }
        }
        zone.taken += taken.len() as u64;
    }

    fn committee(&mut self) -> Committee {
        let epoch = self.league.epoch();
        self.league.committee(epoch)
    }

    /// The newest header of a zone.
    fn header(&mut self, zone: usize) -> Header {
        let committee = self.committee().id();
        let hub = self.league.block - 1;
        let zone = &mut self.zones[zone];
        zone.number += 1;
        let (number, arrivals) = (zone.number, zone.taken);
        header(committee, number, (hub, arrivals), zone.outbox())
    }

    /// A header's certificate by operators of the hub, each the seed of its key.
    fn certify(&mut self, zone: u64, header: &Header, signers: &[u64]) -> Bytes {
        let committee = self.committee();
        certify(self.league.genesis_hash, &committee, zone, header, signers)
    }

    fn record(&mut self, zone: usize, header: &Header, signers: &[u64]) -> Result<(), Bytes> {
        let id = self.zones[zone].id;
        let call = IZones::checkpointCall {
            zoneId: id,
            header: header.encode().to_vec().into(),
            certificate: self.certify(id, header, signers),
        };
        zones::pay_to(&mut self.league, ZONES, (STRANGER, U256::ZERO), &call).map(drop)
    }

    /// Tells the hub of a zone's newest block.
    fn checkpoint(&mut self, zone: usize) {
        self.next();
        let header = self.header(zone);
        self.record(zone, &header, &[1, 2, 3]).unwrap();
    }

    /// Proved messages from the `from`-th on.
    fn proved(&mut self, zone: usize, from: u64) -> IMessages::deliverCall {
        let zone = &mut self.zones[zone];
        let count = zone.outbox().count;
        let messages = zone.host.sent().split_off(from as usize);
        let proofs = (from..count)
            .map(|nonce| zone.prove(nonce, count))
            .collect();
        IMessages::deliverCall {
            zoneId: zone.id,
            proofs,
            messages,
        }
    }

    /// Everything that a zone has sent comes to the hub.
    fn deliver(&mut self, zone: usize) -> Vec<Outcome> {
        self.checkpoint(zone);
        let lane = self.lane(zone);
        let call = self.proved(zone, lane.delivered);
        let before = self.league.host.outcomes().len();
        self.hub(STRANGER, 0, &call).unwrap();
        self.league.host.outcomes().split_off(before)
    }

    fn lane(&mut self, zone: usize) -> IMessages::Lane {
        let zone_id = self.zones[zone].id;
        self.hub(STRANGER, 0, &IMessages::laneCall { zoneId: zone_id })
            .unwrap()
    }

    /// What the hub holds is what zones have and what is under way.
    fn check(&mut self) {
        let mut all = U256::ZERO;
        for zone in 0..2 {
            let lane = self.lane(zone);
            all += lane.locked;
            let (id, hub) = (self.zones[zone].id, u64::MAX);
            let from = (id, self.zones[zone].taken);
            let Ok(coming) = arrivals(&mut self.league.host, from, hub, 1_024);
            let coming = coming
                .iter()
                .fold(U256::ZERO, |sum, arrival| sum + arrival.amount);
            let going = self.zones[zone].host.sent();
            let going = going.iter().skip(lane.delivered as usize);
            let going = going.fold(U256::ZERO, |sum, of| sum + of.value + of.reward + of.fee);
            let there = self.zones[zone].supply();
            assert_eq!(lane.locked - lane.held, there + coming + going);
        }
        assert!(self.league.host.balance(MESSAGES) >= all);
    }
}

/// A zone's header that names a block of the hub, and says how much of what that has for it was taken.
fn header(committee: B256, number: u64, (hub, arrivals): (u64, u64), outbox: Outbox) -> Header {
    Header {
        context: Context {
            round: Round::new(Epoch::zero(), View::new(number)),
            leader: key(1).public_key(),
            parent: (View::zero(), digest(B256::ZERO)),
        },
        parent_hash: B256::ZERO,
        number,
        timestamp_ms: number,
        beneficiary: Address::ZERO,
        terms: Terms::default(),
        gas_used: 0,
        base_fee_per_gas: 0,
        transactions_root: B256::ZERO,
        receipts_root: B256::ZERO,
        logs_bloom: Default::default(),
        committee,
        next_committee: committee,
        finalization: B256::ZERO,
        finalized_view: 0,
        hub: HubPoint {
            number: hub,
            arrivals,
            ..HubPoint::default()
        },
        inputs: B256::ZERO,
        outbox,
        state: StateCommitment {
            ops_end: 1,
            code_end: 1,
            ..StateCommitment::default()
        },
    }
}

fn certify(
    genesis_hash: B256,
    committee: &Committee,
    zone: u64,
    header: &Header,
    signers: &[u64],
) -> Bytes {
    let keys = committee.seats.iter().map(|seat| seat.key);
    let keys = keys.map(|key| PublicKey::decode(key.to_vec()).unwrap());
    let keys: Set<_> = keys.collect::<Vec<_>>().into_iter().try_collect().unwrap();
    let namespace = zone_namespace(genesis_hash, zone);
    let proposal = Proposal::new(header.context.round, View::zero(), digest(header.hash()));
    let mut scheme = None;
    let votes: Vec<_> = signers
        .iter()
        .map(|seed| {
            let signer = Scheme::signer(&namespace, keys.clone(), key(*seed)).unwrap();
            let vote = Finalize::<Scheme, Digest>::sign(&signer, proposal.clone()).unwrap();
            scheme = Some(signer);
            vote
        })
        .collect();
    let votes = NonEmpty::new(votes[0].clone(), votes[1..].iter().cloned());
    let certificate = Finalization::from_owned_finalizes(&scheme.unwrap(), votes, &Sequential);
    certificate.unwrap().encode().to_vec().into()
}

fn send(destination: u64, to: Address, fee: u64, data: &'static [u8]) -> IMessages::sendCall {
    IMessages::sendCall {
        destination,
        to,
        fee: wei(fee),
        data: Bytes::from_static(data),
    }
}

fn error<E: alloy_sol_types::SolError>(result: Result<impl Sized, Bytes>) -> E {
    zones::error(result.map(drop))
}

#[test]
fn ether_goes_to_a_zone_and_comes_back() {
    let mut world = World::new();
    world.hub(owner(1), 500, &send(77, FRIEND, 0, b"")).unwrap();
    assert_eq!(world.lane(0).locked, wei(500));
    world.check();
    world.follow(0);
    assert_eq!(world.zones[0].host.balance(FRIEND), wei(500));
    world.check();
    // Back, with a fee for who delivers it.
    world
        .zone(0, FRIEND, 200, &send(HUB, STRANGER, 20, b""))
        .unwrap();
    assert_eq!(world.zones[0].supply(), wei(300));
    world.check();
    let before = world.league.host.balance(STRANGER);
    assert_eq!(world.deliver(0), [Outcome::Paid]);
    assert_eq!(world.league.host.balance(STRANGER) - before, wei(180 + 20));
    assert_eq!(world.lane(0).locked, wei(300));
    world.check();
    // Between zones, through the hub.
    world
        .zone(0, FRIEND, 70, &send(78, STRANGER, 0, b""))
        .unwrap();
    assert_eq!(world.deliver(0), [Outcome::Forwarded]);
    world.follow(1);
    assert_eq!(world.zones[1].host.balance(STRANGER), wei(70));
    assert_eq!(
        (world.lane(0).locked, world.lane(1).locked),
        (wei(230), wei(70))
    );
    world.check();
}

#[test]
fn a_message_waits_for_its_receiver_and_is_taken_once() {
    let mut world = World::new();
    world
        .hub(owner(1), 50, &send(77, FRIEND, 0, b"hello"))
        .unwrap();
    world.follow(0);
    let message = world.league.host.sent()[0].clone();
    let id = keccak256(message.abi_encode());
    let waiting = |world: &mut World| {
        let call = IMessages::waitingCall { id };
        world.zone(0, STRANGER, 0, &call).unwrap().since
    };
    assert_eq!(waiting(&mut world), world.league.now);
    let take = IMessages::takeCall { message };
    let stranger: IMessages::NotReceiver = error(world.zone(0, STRANGER, 0, &take));
    assert_eq!(stranger.to, FRIEND);
    let mut other = take.clone();
    other.message.value += wei(1);
    let _: IMessages::NotWaiting = error(world.zone(0, FRIEND, 0, &other));
    // It waits on this zone, not on the other, and not on the hub.
    let _: IMessages::NotWaiting = error(world.zone(1, FRIEND, 0, &take));
    let _: IMessages::NotWaiting = error(world.hub(FRIEND, 0, &take));
    world.zone(0, FRIEND, 0, &take).unwrap();
    assert_eq!(world.zones[0].host.balance(FRIEND), wei(50));
    assert_eq!(waiting(&mut world), 0);
    let _: IMessages::NotWaiting = error(world.zone(0, FRIEND, 0, &take));
    world.check();
    // The other way, through the hub, to a module even: nobody is called.
    world
        .zone(0, FRIEND, 30, &send(HUB, MESSAGES, 0, b"x"))
        .unwrap();
    world
        .zone(0, FRIEND, 0, &send(78, STRANGER, 0, b"y"))
        .unwrap();
    assert_eq!(world.deliver(0), [Outcome::Waiting, Outcome::Forwarded]);
    world.follow(1);
    let message = world.zones[0].host.sent()[1].clone();
    let take = IMessages::takeCall { message };
    world.zone(1, STRANGER, 0, &take).unwrap();
    let _: IMessages::NotWaiting = error(world.zone(1, STRANGER, 0, &take));
    world.check();
}

#[test]
fn what_nobody_takes_goes_back() {
    let mut world = World::new();
    world.hub(owner(1), 50, &send(77, FRIEND, 0, b"x")).unwrap();
    world.follow(0);
    let message = world.league.host.sent()[0].clone();
    let refund = IMessages::refundCall { message };
    let early: IMessages::NotDue = error(world.zone(0, STRANGER, 0, &refund));
    assert_eq!(early.at, world.league.now + REFUND_AFTER_S);
    world.league.now += REFUND_AFTER_S;
    world.zone(0, STRANGER, 0, &refund).unwrap();
    let _: IMessages::NotWaiting = error(world.zone(0, STRANGER, 0, &refund));
    world.check();
    let before = world.league.host.balance(owner(1));
    assert_eq!(world.deliver(0), [Outcome::Paid]);
    assert_eq!(world.league.host.balance(owner(1)) - before, wei(50));
    // One without value waits on.
    world.hub(owner(1), 0, &send(77, FRIEND, 0, b"y")).unwrap();
    world.follow(0);
    world.league.now += REFUND_AFTER_S;
    let message = world.league.host.sent()[1].clone();
    let refund = IMessages::refundCall {
        message: message.clone(),
    };
    let _: IMessages::NothingToRefund = error(world.zone(0, STRANGER, 0, &refund));
    let take = IMessages::takeCall { message };
    world.zone(0, FRIEND, 0, &take).unwrap();
    // From the hub to where it came from.
    world.hub(owner(1), 60, &send(77, FRIEND, 0, b"")).unwrap();
    world.follow(0);
    world
        .zone(0, FRIEND, 60, &send(HUB, STRANGER, 0, b"x"))
        .unwrap();
    assert_eq!(world.deliver(0), [Outcome::Waiting]);
    let message = world.zones[0].host.sent().pop().unwrap();
    let refund = IMessages::refundCall { message };
    let _: IMessages::NotDue = error(world.hub(STRANGER, 0, &refund));
    world.league.now += REFUND_AFTER_S;
    world.hub(STRANGER, 0, &refund).unwrap();
    world.follow(0);
    assert_eq!(world.zones[0].host.balance(FRIEND), wei(60));
    world.check();
}

#[test]
fn what_nobody_can_receive_goes_back_at_once() {
    let mut world = World::new();
    world.hub(owner(1), 100, &send(77, FRIEND, 0, b"")).unwrap();
    world.follow(0);
    // A chain that the league does not have.
    world
        .zone(0, FRIEND, 40, &send(999, STRANGER, 0, b"x"))
        .unwrap();
    assert_eq!(world.deliver(0), [Outcome::Returned]);
    world.follow(0);
    assert_eq!(world.zones[0].host.balance(FRIEND), wei(100));
    world.check();
    // It never left: the day's limit is as it was, and no lie can use it up.
    let lane = world.lane(0);
    assert_eq!(lane.outflow, U256::ZERO);
    // What comes in makes room for what goes out.
    world
        .zone(0, FRIEND, 60, &send(HUB, FRIEND, 0, b""))
        .unwrap();
    assert_eq!(world.deliver(0), [Outcome::Paid]);
    assert_eq!(world.lane(0).outflow, wei(60));
    world.hub(FRIEND, 60, &send(77, FRIEND, 0, b"")).unwrap();
    assert_eq!(world.lane(0).outflow, U256::ZERO);
    world.follow(0);
    // What cannot arrive is refused where it is sent.
    for to in [Address::ZERO, Address::with_last_byte(4), ZONES] {
        let _: IMessages::InvalidReceiver = error(world.hub(owner(1), 1, &send(77, to, 0, b"")));
        let _: IMessages::InvalidReceiver = error(world.zone(0, FRIEND, 1, &send(1, to, 0, b"")));
    }
    let _: IMessages::NothingSent = error(world.hub(owner(1), 0, &send(77, FRIEND, 0, b"")));
    let _: IMessages::UnknownChain = error(world.hub(owner(1), 1, &send(999, FRIEND, 0, b"")));
    let _: IMessages::UnknownChain = error(world.hub(owner(1), 1, &send(HUB, FRIEND, 0, b"")));
    let _: IMessages::UnknownChain = error(world.zone(0, FRIEND, 1, &send(77, FRIEND, 0, b"")));
    // The hub's blocks deliver by themselves; a zone's fee is part of what is sent, and has a limit.
    let _: IMessages::FeeTooHigh = error(world.hub(owner(1), 2, &send(77, FRIEND, 1, b"")));
    let _: IMessages::FeeTooHigh = error(world.zone(0, FRIEND, 1, &send(HUB, FRIEND, 2, b"")));
    world.zones[0].host.credit(FRIEND, MAX_MESSAGE_FEE * wei(3));
    let mut dear = send(HUB, FRIEND, 0, b"");
    dear.fee = MAX_MESSAGE_FEE + wei(1);
    let (block, value) = (world.block(Some(0)), dear.fee * wei(2));
    let _: IMessages::FeeTooHigh = error(world.zones[0].host.act((FRIEND, value), &dear, block));
    static LONG: [u8; MAX_MESSAGE_BYTES + 1] = [7; MAX_MESSAGE_BYTES + 1];
    let _: IModule::TooLong = error(world.zone(0, FRIEND, 0, &send(HUB, FRIEND, 0, &LONG)));
    world
        .zone(0, FRIEND, 0, &send(HUB, FRIEND, 0, &LONG[1..]))
        .unwrap();
    // Neither hub nor zone.
    let call = send(77, FRIEND, 0, b"");
    let mut plain = MemoryHost::default();
    plain.credit(FRIEND, wei(1));
    let _: IMessages::NotEnabled = error(plain.act((FRIEND, wei(1)), &call, world.block(None)));
    let call = IMessages::deliverCall {
        zoneId: 1,
        messages: vec![],
        proofs: vec![],
    };
    let _: IMessages::NotEnabled = error(world.zone(0, FRIEND, 0, &call));
    let call = IMessages::laneCall { zoneId: 3 };
    let _: IZones::UnknownZone = error(world.hub(FRIEND, 0, &call));
}

#[test]
fn messages_are_delivered_with_their_proofs_once_and_in_order() {
    let mut world = World::new();
    world.hub(owner(1), 500, &send(77, FRIEND, 0, b"")).unwrap();
    world.follow(0);
    for n in 1..=4 {
        world
            .zone(0, FRIEND, n, &send(HUB, STRANGER, 0, b""))
            .unwrap();
    }
    let early = world.proved(0, 0);
    let _: IMessages::NotCheckpointed = error(world.hub(STRANGER, 0, &early));
    world.checkpoint(0);
    // What is sent later is not in the checkpoint, and does not spoil the proofs of what is.
    world
        .zone(0, FRIEND, 5, &send(HUB, STRANGER, 0, b""))
        .unwrap();
    let mut call = world.proved(0, 0);
    let late: IMessages::InvalidProof = error(world.hub(STRANGER, 0, &call));
    assert_eq!(late.nonce, 0);
    call.proofs = (0..5)
        .map(|nonce| world.zones[0].prove(nonce.min(3), 4))
        .collect();
    let late: IMessages::NotCheckpointed = error(world.hub(STRANGER, 0, &call));
    assert_eq!((late.nonce, late.count), (4, 4));
    call.messages.pop();
    let _: IMessages::MalformedProof = error(world.hub(STRANGER, 0, &call));
    call.proofs.pop();
    // Every word of a proof counts, and so do their number and all of the message.
    for level in 0..OUTBOX_LEVELS {
        let mut forged = call.clone();
        forged.proofs[2][level].0[7] ^= 1;
        let invalid: IMessages::InvalidProof = error(world.hub(STRANGER, 0, &forged));
        assert_eq!(invalid.nonce, 2);
    }
    let mut short = call.clone();
    short.proofs[1].pop();
    let _: IMessages::MalformedProof = error(world.hub(STRANGER, 0, &short));
    let changes: [fn(&mut Message); 7] = [
        |of| of.source += 1,
        |of| of.destination = 78,
        |of| of.sender = STRANGER,
        |of| of.to = FRIEND,
        |of| of.value += wei(1),
        |of| of.fee += wei(1),
        |of| of.data = Bytes::from_static(b"x"),
    ];
    for change in changes {
        let mut forged = call.clone();
        change(&mut forged.messages[3]);
        let _: IMessages::InvalidProof = error(world.hub(STRANGER, 0, &forged));
    }
    // Not of the other zone.
    let mut other = call.clone();
    other.zoneId = 2;
    let _: IMessages::NotCheckpointed = error(world.hub(STRANGER, 0, &other));
    // In order.
    let mut second = call.clone();
    second.messages.remove(0);
    second.proofs.remove(0);
    let order: IMessages::OutOfOrder = error(world.hub(STRANGER, 0, &second));
    assert_eq!((order.nonce, order.expected), (1, 0));
    let mut first = call.clone();
    first.messages.truncate(1);
    first.proofs.truncate(1);
    assert_eq!(world.hub(STRANGER, 0, &first), Ok(1));
    assert_eq!(world.hub(STRANGER, 0, &second), Ok(3));
    assert_eq!(world.league.host.balance(STRANGER), wei(1 + 2 + 3 + 4));
    // Once.
    let again: IMessages::OutOfOrder = error(world.hub(STRANGER, 0, &call));
    assert_eq!((again.nonce, again.expected), (0, 4));
    world.check();
    let mut many = call.clone();
    many.messages = vec![many.messages[0].clone(); MAX_DELIVERIES + 1];
    let _: IModule::TooMany = error(world.hub(STRANGER, 0, &many));
}

/// A zone whose whole committee lies makes ether from nothing, and gets out no more than what came in.
#[test]
fn a_zone_that_lies_loses_no_more_than_its_own() {
    let mut world = World::new();
    world.hub(owner(1), 50, &send(77, FRIEND, 0, b"")).unwrap();
    world.hub(owner(1), 500, &send(78, FRIEND, 0, b"")).unwrap();
    world.zones[0].host.credit(STRANGER, wei(1_000));
    world
        .zone(0, STRANGER, 50, &send(HUB, STRANGER, 0, b""))
        .unwrap();
    world
        .zone(0, STRANGER, 1, &send(HUB, STRANGER, 0, b""))
        .unwrap();
    world.checkpoint(0);
    let mut call = world.proved(0, 0);
    let more: IMessages::InsufficientLocked = error(world.hub(STRANGER, 0, &call));
    assert_eq!((more.amount, more.available), (wei(1), U256::ZERO));
    call.messages.pop();
    call.proofs.pop();
    world.hub(STRANGER, 0, &call).unwrap();
    assert_eq!(world.lane(0).locked, U256::ZERO);
    assert_eq!(world.lane(1).locked, wei(500));
    assert!(world.league.host.balance(MESSAGES) >= wei(500));
}

#[test]
fn no_more_leaves_within_a_day_than_the_stake_behind_allows() {
    let mut world = World::new();
    let all = 4 * LIMIT;
    world.hub(owner(1), all, &send(77, FRIEND, 0, b"")).unwrap();
    world.follow(0);
    world
        .zone(0, FRIEND, LIMIT - 100, &send(HUB, STRANGER, 0, b""))
        .unwrap();
    world
        .zone(0, FRIEND, 2 * LIMIT, &send(HUB, STRANGER, 0, b""))
        .unwrap();
    world
        .zone(0, FRIEND, 7, &send(HUB, owner(2), 0, b""))
        .unwrap();
    let outcomes = world.deliver(0);
    assert_eq!(outcomes, [Outcome::Paid, Outcome::Held, Outcome::Held]);
    assert_eq!(world.league.host.balance(STRANGER), wei(LIMIT - 100));
    let lane = world.lane(0);
    assert_eq!((lane.outflow, lane.outflowLimit), (wei(LIMIT), wei(LIMIT)));
    assert_eq!(lane.held, wei(2 * LIMIT + 7));
    world.check();
    let sent = world.zones[0].host.sent();
    let release = |of: usize| IMessages::releaseCall {
        message: sent[of].clone(),
    };
    let full: IMessages::OutflowLimit = error(world.hub(STRANGER, 0, &release(1)));
    assert_eq!(full.limit, wei(LIMIT));
    let _: IMessages::NotWaiting = error(world.hub(STRANGER, 0, &release(0)));
    // What is held cannot leave twice.
    let locked: IMessages::InsufficientLocked = error({
        world.zones[0].host.credit(STRANGER, wei(LIMIT * 4));
        let rest = all - (LIMIT - 100) - 2 * LIMIT - 7 + 1;
        world
            .zone(0, STRANGER, rest, &send(HUB, STRANGER, 0, b""))
            .unwrap();
        world.checkpoint(0);
        let call = world.proved(0, 3);
        world.hub(STRANGER, 0, &call)
    });
    assert_eq!(locked.amount, locked.available + wei(1));
    // The small one first: a day is enough for much more.
    world.league.now += 3_600;
    assert_eq!(world.hub(STRANGER, 0, &release(2)), Ok(U256::ZERO));
    assert_eq!(world.league.host.outcomes().pop(), Some(Outcome::Paid));
    let mut days = 0;
    while world.hub(STRANGER, 0, &release(1)).unwrap() > U256::ZERO {
        world.league.now += 24 * 3_600;
        days += 1;
    }
    assert_eq!(days, 2);
    assert_eq!(world.league.host.balance(STRANGER), wei(3 * LIMIT - 100));
    assert_eq!(world.lane(0).held, U256::ZERO);
    let _: IMessages::NotWaiting = error(world.hub(STRANGER, 0, &release(1)));
}

/// Operators that take their stake away do not let more leave than while it answered, and do not keep everything either.
#[test]
fn what_may_leave_does_not_rise_when_stake_leaves() {
    for (shares, limits) in [([100, 0], [LIMIT, LIMIT]), ([1, 0], [LEAST, LEAST])] {
        let mut world = World::new();
        world
            .hub(owner(1), 50 * LIMIT, &send(77, FRIEND, 0, b""))
            .unwrap();
        for (bps, limit) in shares.into_iter().zip(limits) {
            for n in 1..=4 {
                let call = IStaking::setStandingShareCall { bps };
                world.league.call(owner(n), &call).unwrap();
            }
            let effective = world.league.epoch() + 2;
            while world.league.epoch() < effective {
                world.next();
            }
            world.checkpoint(0);
            let call = IZones::checkpointOfCall { zoneId: 1 };
            let from = (STRANGER, U256::ZERO);
            let known = zones::pay_to(&mut world.league, ZONES, from, &call).unwrap();
            assert_eq!(known.answers.is_zero(), bps == 0);
            assert_eq!(world.lane(0).outflowLimit, wei(limit), "{bps}");
        }
    }
}

/// The fee counts as well, and what a zone should never have asked for stays with it.
#[test]
fn fees_leave_within_the_limit_too() {
    let mut world = World::new();
    world
        .hub(owner(1), 3 * LIMIT, &send(77, FRIEND, 0, b""))
        .unwrap();
    world.follow(0);
    let fee = LIMIT + 5;
    world
        .zone(0, FRIEND, fee + 1, &send(HUB, owner(2), fee, b""))
        .unwrap();
    assert_eq!(world.deliver(0), [Outcome::Held]);
    assert_eq!(world.league.host.balance(STRANGER), wei(LIMIT));
    world.follow(0);
    let back = 3 * LIMIT - (fee + 1) + 5;
    assert_eq!(world.zones[0].host.balance(FRIEND), wei(back));
    world.check();
}
