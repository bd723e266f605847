//! Tests of the register of zones.

use super::{count, genesis, upgrade_due};
use crate::{
    Call, RunResult,
    limits::{MAX_ZONE_PROTECTED, MAX_ZONES, MIN_ZONE_ESCROW},
    staking::tests::{League, SELF_STAKE, owner, parameters as staking},
};
use alloy_primitives::{Address, B256, Bytes, U256, b256};
use alloy_sol_types::{SolCall, SolError};
use hansa_abi::{
    IZones::{self, Parameters, Terms},
    ZONES,
};
use hansa_primitives::{Fork, Genesis};

type Change = fn(&mut Parameters);

const HUB_HASH: B256 = B256::repeat_byte(0x48);

/// A league whose operators are rich.
pub(crate) fn league() -> League {
    league_with(SELF_STAKE)
}

/// The same, each operator with so much stake.
pub(crate) fn league_with(stake: impl Into<u128>) -> League {
    league_of(4, stake)
}

/// The same, with so many operators.
pub(crate) fn league_of(count: usize, stake: impl Into<u128>) -> League {
    let mut league = League::with_stakes(&vec![U256::from(stake.into()); count], staking());
    for n in 0..20 {
        league
            .host
            .credit(owner(n), MIN_ZONE_ESCROW * U256::from(100));
    }
    league
}

fn terms() -> Terms {
    Terms {
        gasLimit: 30_000_000,
        minBaseFee: 1_000_000,
        blockIntervalMs: 100,
        heartbeatMs: 5_000,
        minSeverity: 2,
        maxDirectiveSeconds: 3_600,
        fork: 2,
    }
}

pub(crate) fn parameters(name: &str, chain_id: u64) -> Parameters {
    Parameters {
        name: name.into(),
        chainId: chain_id,
        epochBlocks: 600,
        noticeSeconds: 604_800,
        rentPerDay: U256::ZERO,
        committee: rule(0, 0, &[]),
        terms: terms(),
        guard: IZones::GuardRule {
            warden: Address::ZERO,
            neverBlocked: Vec::new(),
        },
    }
}

pub(crate) fn rule(seats: u16, min_stake: u64, allowed: &[u64]) -> IZones::CommitteeRule {
    IZones::CommitteeRule {
        maxSeats: seats,
        minStake: U256::from(min_stake),
        allowed: allowed.to_vec(),
    }
}

fn pay<C: SolCall>(league: &mut League, n: u8, value: U256, call: &C) -> Result<C::Return, Bytes> {
    let caller = owner(n);
    pay_to(league, ZONES, (caller, value), call)
}

/// Calls a module of the hub.
pub(crate) fn pay_to<C: SolCall>(
    league: &mut League,
    module: Address,
    (caller, value): (Address, U256),
    call: &C,
) -> Result<C::Return, Bytes> {
    let block = league.block();
    let input = call.abi_encode();
    let call = Call {
        caller,
        value,
        input: &input,
        is_static: false,
        gas_limit: 10_000_000,
    };
    match league.host.execute(module, &call, &block).result {
        RunResult::Return(data) => Ok(C::abi_decode_returns_validate(&data).unwrap()),
        RunResult::Revert(data) => Err(data),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn create(league: &mut League, parameters: Parameters) -> Result<u64, Bytes> {
    pay(
        league,
        1,
        MIN_ZONE_ESCROW,
        &IZones::createCall { parameters },
    )
}

fn zone(league: &mut League, id: u64) -> IZones::Zone {
    pay(league, 3, U256::ZERO, &IZones::zoneCall { zoneId: id }).unwrap()
}

pub(crate) fn error<E: SolError>(result: Result<impl std::fmt::Debug, Bytes>) -> E {
    E::abi_decode_validate(&result.unwrap_err()).unwrap()
}

fn hub() -> Genesis {
    Genesis {
        chain_id: 1,
        name: "hub".into(),
        development: false,
        timestamp_ms: 0,
        gas_limit: 30_000_000,
        fork: Fork::OSAKA,
        fees: Default::default(),
        pace: Default::default(),
        zone: None,
        operators: Vec::new(),
        staking: staking(),
        members: Vec::new(),
        guard: Default::default(),
        zones: Default::default(),
        alloc: Default::default(),
    }
}

/// The genesis of a zone, on a hub of the league's calendar.
fn genesis_of(league: &mut League, id: u64) -> Option<Genesis> {
    let Ok(genesis) = genesis(&mut league.host, (&hub(), HUB_HASH), id);
    genesis
}

#[test]
fn a_zone_is_what_its_creator_said() {
    let mut league = league();
    league.block = 7;
    assert_eq!(create(&mut league, parameters("market", 77)), Ok(1));
    assert_eq!(create(&mut league, parameters("grid-2", 78)), Ok(2));
    let first = zone(&mut league, 1);
    assert_eq!(first.parameters, parameters("market", 77));
    assert_eq!((first.createdAt, first.creator), (7, owner(1)));
    assert_eq!(first.escrow, MIN_ZONE_ESCROW);
    let named = |league: &mut League, name: &str| {
        let call = IZones::zoneNamedCall { name: name.into() };
        pay(league, 3, U256::ZERO, &call).unwrap()
    };
    assert_eq!(named(&mut league, "grid-2"), 2);
    assert_eq!(named(&mut league, "grid"), 0);
    let call = IZones::zonesCall {
        offset: U256::from(1),
        limit: U256::MAX,
    };
    let page = pay(&mut league, 3, U256::ZERO, &call).unwrap();
    assert_eq!((page.total, page.page.len()), (U256::from(2), 1));
    assert_eq!(page.page[0], zone(&mut league, 2));
    let Ok(count) = count(&mut league.host);
    assert_eq!(count, 2);
}

/// A zone's policy is its creator's word, and part of its genesis.
#[test]
fn a_zone_begins_with_the_guard_that_its_creator_said() {
    let mut league = league();
    let (low, high) = (Address::repeat_byte(0xa0), Address::repeat_byte(0xb0));
    let with = |warden, list: &[Address]| Parameters {
        guard: IZones::GuardRule {
            warden,
            neverBlocked: list.to_vec(),
        },
        ..parameters("market", 77)
    };
    for list in [&[high, low][..], &[low, low], &[Address::ZERO, low]] {
        let refused: IZones::InvalidList = error(create(&mut league, with(low, list)));
        assert_eq!(refused.most, MAX_ZONE_PROTECTED as u64);
    }
    let many: Vec<_> = (1..=MAX_ZONE_PROTECTED as u8 + 1)
        .map(Address::repeat_byte)
        .collect();
    let _: IZones::InvalidList = error(create(&mut league, with(low, &many)));
    assert_eq!(create(&mut league, with(owner(2), &[low, high])), Ok(1));
    let rule = zone(&mut league, 1).parameters.guard;
    assert_eq!(rule, with(owner(2), &[low, high]).guard);
    let guard = genesis_of(&mut league, 1).unwrap().guard;
    assert_eq!(guard.warden, Some(owner(2)));
    assert_eq!(guard.never_block, [low, high].into());
    assert_eq!(create(&mut league, parameters("grid", 78)), Ok(2));
    let guard = genesis_of(&mut league, 2).unwrap().guard;
    assert_eq!((guard.warden, guard.never_block.len()), (None, 0));
    let most = Parameters {
        name: "full".into(),
        chainId: 79,
        ..with(Address::ZERO, &many[1..])
    };
    create(&mut league, most).unwrap();
    let never_block = genesis_of(&mut league, 3).unwrap().guard.never_block;
    assert!(never_block.iter().eq(&many[1..]));
}

#[test]
fn names_and_chain_ids_are_taken_once() {
    let mut league = league();
    create(&mut league, parameters("market", 77)).unwrap();
    let taken: IZones::NameTaken = error(create(&mut league, parameters("market", 78)));
    assert_eq!(taken.zoneId, 1);
    let taken: IZones::ChainIdTaken = error(create(&mut league, parameters("grid", 77)));
    assert_eq!((taken.chainId, taken.zoneId), (77, 1));
    // The hub's.
    let taken: IZones::ChainIdTaken = error(create(&mut league, parameters("grid", 1)));
    assert_eq!((taken.chainId, taken.zoneId), (1, 0));
    for name in [
        "",
        "Market",
        "market_",
        "-market",
        "market-",
        "1market",
        "a/b",
        &"a".repeat(33),
    ] {
        let _: IZones::InvalidName = error(create(&mut league, parameters(name, 78)));
    }
    create(&mut league, parameters(&"a".repeat(32), 78)).unwrap();
    assert_eq!(zone(&mut league, 2).parameters.name, "a".repeat(32));
}

#[test]
fn parameters_have_bounds() {
    let mut league = league();
    let changes: [(&str, Change); 12] = [
        ("chainId", |of| of.chainId = 0),
        ("chainId", |of| of.chainId = 1 << 52),
        ("gasLimit", |of| of.terms.gasLimit = 999_999),
        ("gasLimit", |of| of.terms.gasLimit = 100_000_001),
        ("minBaseFee", |of| of.terms.minBaseFee = 999_999),
        ("blockIntervalMs", |of| of.terms.blockIntervalMs = 9),
        ("heartbeatMs", |of| of.terms.heartbeatMs = 99),
        ("heartbeatMs", |of| of.terms.heartbeatMs = 60_001),
        ("epochBlocks", |of| of.epochBlocks = 9),
        ("minSeverity", |of| of.terms.minSeverity = 5),
        ("fork", |of| of.terms.fork = 0),
        ("maxDirectiveSeconds", |of| of.terms.maxDirectiveSeconds = 0),
    ];
    for (name, change) in changes {
        let mut changed = parameters("market", 77);
        change(&mut changed);
        let refused: IZones::OutOfBounds = error(create(&mut league, changed));
        assert_eq!(refused.parameter, name);
        assert!(!(refused.least..=refused.most).contains(&refused.value));
    }
    let parameters = parameters("market", 77);
    let less = MIN_ZONE_ESCROW - U256::from(1);
    let call = IZones::createCall { parameters };
    let _: IZones::EscrowTooSmall = error(pay(&mut league, 1, less, &call));
    pay(&mut league, 1, MIN_ZONE_ESCROW, &call).unwrap();
}

#[test]
fn a_league_has_so_many_zones() {
    let mut league = league();
    for id in 1..=MAX_ZONES {
        let name = format!("zone-{id}");
        assert_eq!(create(&mut league, parameters(&name, 100 + id)), Ok(id));
    }
    let full: IZones::ZonesFull = error(create(&mut league, parameters("more", 99)));
    assert_eq!(full.limit, MAX_ZONES);
}

/// A zone has no register: what is a hub has staking.
#[test]
fn there_are_no_zones_of_zones() {
    let mut league = league();
    league.host.storage.clear();
    let _: IZones::NotEnabled = error(create(&mut league, parameters("market", 77)));
}

/// Every node derives the same genesis, whenever it looks.
#[test]
fn the_genesis_of_a_zone_never_changes() {
    let mut league = league();
    assert!(genesis_of(&mut league, 1).is_none());
    create(&mut league, parameters("market", 77)).unwrap();
    let genesis = genesis_of(&mut league, 1).unwrap();
    genesis.validate().unwrap();
    let zone = genesis.zone.clone().unwrap();
    assert_eq!((zone.id, zone.hub, zone.since), (1, HUB_HASH, 1));
    assert_eq!(zone.committee.len(), 4);
    assert_eq!((genesis.chain_id, genesis.name.as_str()), (77, "market"));
    create(&mut league, parameters("grid", 78)).unwrap();
    // Another rule is for later epochs.
    let call = IZones::setCommitteeRuleCall {
        zoneId: 1,
        rule: rule(0, 0, &[2]),
    };
    league.now = pay(&mut league, 1, U256::ZERO, &call).unwrap();
    league.enter(2);
    assert_eq!(genesis_of(&mut league, 1), Some(genesis));
}

/// A zone lives on while the software changes. Who changes a default that its genesis takes must keep the former one for zones.
#[test]
fn the_genesis_of_a_zone_is_the_same_in_every_version() {
    let mut league = league();
    create(&mut league, parameters("market", 77)).unwrap();
    let genesis = genesis_of(&mut league, 1).unwrap();
    let pinned = b256!("b75a880e5be2d36e220f09d89d56286ddc45e672aa2ef317ee258869f9647719");
    assert_eq!(genesis.hash().unwrap(), pinned);
}

/// Announces an upgrade as the zone's creator: with this gas limit, due at this time.
fn upgrade(league: &mut League, gas_limit: u64, starts_at: u64) -> Result<u64, Bytes> {
    let call = IZones::upgradeCall {
        zoneId: 1,
        terms: terms_with(gas_limit),
        startsAt: starts_at,
    };
    pay(league, 1, U256::ZERO, &call)
}

fn terms_with(gas_limit: u64) -> Terms {
    Terms {
        gasLimit: gas_limit,
        fork: 3,
        ..terms()
    }
}

/// The gas limits that a zone takes by a time, one upgrade after another.
fn taken(league: &mut League, time: u64) -> Vec<u64> {
    let mut due = |index| {
        let Ok(terms) = upgrade_due(&mut league.host, (1, index), time);
        terms.map(|terms| terms.gas_limit)
    };
    (0..).map_while(&mut due).collect()
}

#[test]
fn an_upgrade_is_announced_as_long_before_as_the_end_would_be() {
    let mut league = league();
    create(&mut league, parameters("market", 77)).unwrap();
    let notice = parameters("market", 77).noticeSeconds;
    let soonest = league.now + notice;
    let early: IZones::OutOfBounds = error(upgrade(&mut league, 40_000_000, soonest - 1));
    assert_eq!(
        (early.parameter.as_str(), early.least),
        ("startsAt", soonest)
    );
    let _: IZones::OutOfBounds = error(upgrade(&mut league, 40_000_000, early.most + 1));
    let _: IZones::OutOfBounds = error(upgrade(&mut league, 100_000_001, 0));
    let older = IZones::upgradeCall {
        zoneId: 1,
        terms: Terms { fork: 1, ..terms() },
        startsAt: 0,
    };
    let older: IZones::OutOfBounds = error(pay(&mut league, 1, U256::ZERO, &older));
    assert_eq!((older.parameter.as_str(), older.least), ("fork", 2));
    assert_eq!(upgrade(&mut league, 40_000_000, 0), Ok(soonest));
    let announced = zone(&mut league, 1);
    assert_eq!(announced.parameters.terms, terms());
    assert_eq!(announced.upgradesAt, soonest);
    assert_eq!(announced.next, terms_with(40_000_000));
    assert!(taken(&mut league, soonest - 1).is_empty());
    assert_eq!(taken(&mut league, soonest), [40_000_000]);
    league.now = soonest;
    let upgraded = zone(&mut league, 1);
    assert_eq!(upgraded.parameters.terms, terms_with(40_000_000));
    assert_eq!(
        (upgraded.upgradesAt, upgraded.next),
        (0, terms_with(40_000_000))
    );
    // Its genesis is as it was.
    let genesis = genesis_of(&mut league, 1).unwrap();
    assert_eq!(
        (genesis.gas_limit, genesis.fork),
        (30_000_000, Fork::PRAGUE)
    );
}

/// Until it is due, another takes its place; what is due stays, and the next one comes after it.
#[test]
fn an_upgrade_can_be_replaced_until_it_is_due() {
    let mut league = league();
    create(&mut league, parameters("market", 77)).unwrap();
    let first = upgrade(&mut league, 40_000_000, 0).unwrap();
    league.now = first - 1;
    let second = upgrade(&mut league, 50_000_000, 0).unwrap();
    assert!(taken(&mut league, first).is_empty());
    assert_eq!(taken(&mut league, second), [50_000_000]);
    league.now = second;
    let third = upgrade(&mut league, 60_000_000, 0).unwrap();
    assert_eq!(taken(&mut league, second), [50_000_000]);
    assert_eq!(taken(&mut league, third), [50_000_000, 60_000_000]);
    let now = zone(&mut league, 1);
    assert_eq!(now.parameters.terms.gasLimit, 50_000_000);
    assert_eq!(now.next.gasLimit, 60_000_000);
}

#[test]
fn only_the_creator_of_an_open_zone_upgrades_it() {
    let mut league = league();
    create(&mut league, parameters("market", 77)).unwrap();
    let call = IZones::upgradeCall {
        zoneId: 1,
        terms: terms_with(40_000_000),
        startsAt: 0,
    };
    let other: IZones::NotCreator = error(pay(&mut league, 2, U256::ZERO, &call));
    assert_eq!(other.creator, owner(1));
    let close = IZones::closeCall { zoneId: 1 };
    pay(&mut league, 1, U256::ZERO, &close).unwrap();
    let _: IZones::ZoneEnds = error(pay(&mut league, 1, U256::ZERO, &call));
}
