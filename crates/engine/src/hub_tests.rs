use crate::hub::{Hub, HubBlock, Refused, check, check_step, choose, derive, furthest, is_too_old};
use alloy_primitives::{Address, B256, U256};
use futures::{
    FutureExt as _,
    executor::block_on,
    future::{BoxFuture, pending, ready},
};
use hansa_evm::ChainRules;
use hansa_modules::{staking::Cut, zones::Reseed};
use hansa_primitives::{
    Arrival, DirectiveChange, Genesis, HUB_STEP_SLACK, Header, HubPoint, Inputs,
    MAX_DIRECTIVE_INPUTS, MAX_HUB_AGE_MS, MAX_HUB_STEP, Seat, Terms, Zone,
};
use hansa_state::StateError;

/// A hub with blocks up to a height, a second apart, and one change of a directive in every fifth.
struct Fixed {
    height: u64,
    every: u64,
    stopped_at: Option<u64>,
    /// When each upgrade is due, seconds, and the gas limit that it sets.
    upgrades: &'static [(u64, u64)],
}

const HUB: Fixed = Fixed {
    height: 10_000,
    every: 5,
    stopped_at: None,
    upgrades: &[],
};

fn hub_block(number: u64) -> HubBlock {
    HubBlock {
        number,
        hash: B256::from(U256::from(number)),
        timestamp_ms: number.saturating_mul(1_000),
    }
}

fn change(index: u64) -> DirectiveChange {
    DirectiveChange {
        target: Address::left_padding_from(&index.to_be_bytes()),
        alert_id: index,
        until: 7,
        severity: 3,
    }
}

fn arrival(index: u64) -> Arrival {
    Arrival {
        to: Address::repeat_byte(0x11),
        amount: U256::from(index + 1),
        message: B256::ZERO,
    }
}

fn terms(gas_limit: u64) -> Terms {
    Terms {
        gas_limit,
        ..Terms::default()
    }
}

fn seats(number: u64) -> Vec<Seat> {
    vec![Seat {
        operator: number,
        key: B256::ZERO,
        fee_recipient: Address::ZERO,
        stake: U256::ZERO,
    }]
}

impl Hub for Fixed {
    fn newest(&self) -> BoxFuture<'_, HubBlock> {
        ready(hub_block(self.height)).boxed()
    }

    fn block(&self, number: u64) -> BoxFuture<'_, HubBlock> {
        if number > self.height {
            return pending().boxed();
        }
        ready(hub_block(number)).boxed()
    }

    fn directives(
        &self,
        from: u64,
        number: u64,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<DirectiveChange>, StateError>> {
        let count = number / self.every;
        ready(Ok((from..count).take(most).map(change).collect())).boxed()
    }

    fn arrivals(
        &self,
        from: u64,
        number: u64,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<Arrival>, StateError>> {
        let count = number / 10;
        ready(Ok((from..count).take(most).map(arrival).collect())).boxed()
    }

    fn upgrade(&self, index: u64, time: u64) -> BoxFuture<'_, Result<Option<Terms>, StateError>> {
        let upgrade = self.upgrades.get(index as usize);
        let due = upgrade.filter(|(at, _)| *at <= time);
        ready(Ok(due.map(|(_, gas_limit)| terms(*gas_limit)))).boxed()
    }

    fn news(&self, _parent: &Header) -> BoxFuture<'_, ()> {
        pending().boxed()
    }

    fn relies_on(&self, _committee: B256) -> BoxFuture<'_, Result<bool, StateError>> {
        ready(Ok(true)).boxed()
    }

    fn committee(&self, number: u64) -> BoxFuture<'_, Result<Vec<Seat>, StateError>> {
        ready(Ok(seats(number))).boxed()
    }

    fn stopped_at(&self) -> BoxFuture<'_, Result<Option<u64>, StateError>> {
        ready(Ok(self.stopped_at)).boxed()
    }

    fn has_settled(&self) -> BoxFuture<'_, Result<bool, StateError>> {
        ready(Ok(false)).boxed()
    }
}

/// Epochs of ten blocks, frozen three before the end.
fn genesis() -> Genesis {
    let mut genesis = crate::tests::genesis(100, 1_000);
    genesis.staking.epoch_blocks = 10;
    genesis.zone = Some(Zone {
        hub: B256::ZERO,
        id: 1,
        hub_interval_ms: 1_000,
        since: 0,
        committee: Vec::new(),
        min_severity: 1,
    });
    genesis.staking.freeze_blocks = 3;
    genesis
}

fn rules() -> ChainRules {
    ChainRules::new(genesis().into())
}

fn header(number: u64, hub: HubPoint) -> Header {
    let mut header = crate::tests::header(number, B256::ZERO, 0, &[]);
    header.hub = hub;
    header
}

/// All arrivals up to that block are applied.
fn point(number: u64, directives: u64) -> HubPoint {
    HubPoint {
        number,
        hash: hub_block(number).hash,
        directives,
        arrivals: number / 10,
        upgrades: 0,
    }
}

/// What a block names and takes that names this block of the hub.
fn derived(named: u64, parent: &Header) -> (HubPoint, Inputs) {
    block_on(derive(&HUB, (&rules(), &[]), hub_block(named), parent)).unwrap()
}

#[test]
fn a_block_takes_what_came_since_its_parent() {
    let (named, inputs) = derived(29, &header(3, point(20, 4)));
    assert_eq!(named, point(29, 5));
    assert_eq!(inputs.directives, [change(4)]);
    assert!(inputs.arrivals.is_empty());
    assert!(inputs.seats.is_empty());
    let (named, inputs) = derived(29, &header(3, point(29, 5)));
    assert_eq!((named, inputs), (point(29, 5), Inputs::default()));
}

#[test]
fn the_freeze_block_takes_the_next_committee() {
    for parent in 0..20 {
        let (_, inputs) = derived(29, &header(parent, point(29, 5)));
        let freezes = [6, 16].contains(&(parent + 1));
        assert_eq!(inputs.seats, if freezes { seats(29) } else { Vec::new() });
    }
}

/// Behind a cut, the first block takes whom the hub has named; epochs have the usual length from there.
#[test]
fn the_first_block_behind_a_cut_takes_its_committee() {
    let cut = Cut { first: 4, epoch: 1 };
    let reseeds = [Reseed {
        cut,
        seats: seats(77),
        parent: B256::ZERO,
        time: 0,
        terms: terms(1),
    }];
    let rules = ChainRules::with_cuts(genesis().into(), [cut]);
    for parent in 0..24 {
        let parent = header(parent, point(29, 5));
        let taken = derive(&HUB, (&rules, &reseeds), hub_block(29), &parent);
        let (_, inputs) = block_on(taken).unwrap();
        let expected = match parent.number + 1 {
            4 => seats(77),
            10 | 20 => seats(29),
            _ => Vec::new(),
        };
        assert_eq!(inputs.seats, expected, "block {}", parent.number + 1);
    }
}

#[test]
fn what_a_block_cannot_hold_comes_with_the_next() {
    let most = MAX_DIRECTIVE_INPUTS as u64;
    let hub = Fixed {
        height: 4_000,
        every: 1,
        ..HUB
    };
    let of = |parent: &Header| block_on(derive(&hub, (&rules(), &[]), hub_block(4_000), parent));
    let (first, inputs) = of(&header(1, point(0, 0))).unwrap();
    assert_eq!(first, point(4_000, most));
    assert_eq!(inputs.directives.len(), MAX_DIRECTIVE_INPUTS);
    let (second, inputs) = of(&header(2, first)).unwrap();
    assert_eq!(second, point(4_000, 2 * most));
    assert_eq!(inputs.directives[0], change(most));
}

/// One upgrade at a time, each by the first block that names a block of the hub of its time or later.
#[test]
fn a_block_takes_the_upgrade_that_is_due() {
    let hub = Fixed {
        upgrades: &[(30, 1), (40, 2)],
        ..HUB
    };
    let take = |named: u64, parent: &Header| {
        let taken = block_on(derive(&hub, (&rules(), &[]), hub_block(named), parent));
        let (point, inputs) = taken.unwrap();
        (point.upgrades, inputs.terms)
    };
    let mut parent = header(3, point(20, 4));
    assert_eq!(take(29, &parent), (0, None));
    assert_eq!(take(30, &parent), (1, Some(terms(1))));
    // One that was long away takes them one after another.
    assert_eq!(take(45, &parent), (1, Some(terms(1))));
    parent.hub.upgrades = 1;
    assert_eq!(take(39, &parent), (1, None));
    assert_eq!(take(45, &parent), (2, Some(terms(2))));
    parent.hub.upgrades = 2;
    assert_eq!(take(10_000, &parent), (2, None));
}

/// The genesis' parent has time 0, and blocks of the hub are a second apart.
#[test]
fn a_block_names_no_earlier_hub_and_none_that_cannot_be_there() {
    let parent = header(1, point(100, 20));
    let named = |number, seconds: u64| {
        let mut header = header(2, point(number, 20));
        header.timestamp_ms = seconds * 1_000;
        check_step(&genesis(), &header, &parent)
    };
    assert_eq!(named(99, 60), Err(Refused::Step));
    assert_eq!(named(100, 0), Ok(()));
    assert_eq!(named(100 + HUB_STEP_SLACK, 0), Ok(()));
    assert_eq!(named(101 + HUB_STEP_SLACK, 0), Err(Refused::Step));
    assert_eq!(named(101 + HUB_STEP_SLACK, 1), Ok(()));
    assert_eq!(named(u64::MAX, 60), Err(Refused::Step));
    // However much time went by.
    assert_eq!(named(100 + MAX_HUB_STEP, 1 << 40), Ok(()));
    assert_eq!(named(101 + MAX_HUB_STEP, 1 << 40), Err(Refused::Step));
}

#[test]
fn a_block_names_no_hub_that_stands_unless_it_catches_up() {
    let latest = 200_000 + MAX_HUB_AGE_MS;
    assert!(!is_too_old(&hub_block(200), latest, 300));
    assert!(is_too_old(&hub_block(200), latest + 1, 300));
    assert!(!is_too_old(&hub_block(300), u64::MAX, 300));
}

#[test]
fn a_proposer_names_the_newest_hub_that_it_may() {
    let chosen = |number, seconds: u64| {
        let parent = header(1, point(number, 0));
        let furthest = furthest(&genesis(), &parent, seconds * 1_000);
        block_on(choose(&HUB, &parent, furthest)).number
    };
    assert_eq!(chosen(9_990, 5), 10_000);
    assert_eq!(chosen(100, 5), 105 + HUB_STEP_SLACK);
    assert_eq!(chosen(10_000, 5), 10_000);
    // Its own hub is behind the one that made the parent.
    let parent = header(1, point(10_001, 0));
    assert!(choose(&HUB, &parent, 10_020).now_or_never().is_none());
}

#[test]
fn whatever_differs_from_the_hub_is_refused() {
    let parent = header(5, point(20, 4));
    let (named, inputs) = derived(40, &parent);
    let verdict = |hub: HubPoint, inputs: &Inputs| {
        let mut header = header(6, hub);
        header.timestamp_ms = 41_000;
        check(&HUB, (&rules(), &[]), &header, inputs, &parent)
            .now_or_never()
            .map(Result::unwrap)
    };
    assert_eq!(verdict(named, &inputs), Some(Ok(())));
    let hash = B256::repeat_byte(1);
    assert_eq!(
        verdict(HubPoint { hash, ..named }, &inputs),
        Some(Err(Refused::Hash))
    );
    let refused = Some(Err(Refused::Inputs));
    let directives = named.directives - 1;
    assert_eq!(
        verdict(
            HubPoint {
                directives,
                ..named
            },
            &inputs
        ),
        refused
    );
    let arrivals = named.arrivals - 1;
    assert_eq!(verdict(HubPoint { arrivals, ..named }, &inputs), refused);
    let changes: [fn(&mut Inputs); 10] = [
        |inputs| inputs.directives.clear(),
        |inputs| inputs.directives.swap(0, 1),
        |inputs| inputs.directives[0].until += 1,
        |inputs| inputs.directives.push(change(9)),
        |inputs| inputs.arrivals.clear(),
        |inputs| inputs.arrivals[0].amount += U256::from(1),
        |inputs| inputs.arrivals.push(arrival(9)),
        |inputs| inputs.seats.clear(),
        |inputs| inputs.seats[0].operator += 1,
        |inputs| inputs.terms = Some(terms(7)),
    ];
    for change in changes {
        let mut changed = inputs.clone();
        change(&mut changed);
        assert_eq!(verdict(named, &changed), refused);
    }
    // The right ones of another block of the hub.
    let (_, earlier) = derived(30, &parent);
    assert_eq!(verdict(named, &earlier), refused);
    // What this hub does not have yet is waited for.
    assert_eq!(verdict(point(10_001, named.directives), &inputs), None);
}

/// The first block that names the hub's block which stopped the zone has no children, and every one before has.
#[test]
fn a_zone_that_was_stopped_ends_with_one_block() {
    let hub = Fixed {
        stopped_at: Some(30),
        ..HUB
    };
    let verdict = |parent: u64, named: u64| {
        let parent = header(5, point(parent, parent / 5));
        let (point, inputs) = derived(named, &parent);
        let mut header = header(6, point);
        header.timestamp_ms = 41_000;
        block_on(check(&hub, (&rules(), &[]), &header, &inputs, &parent)).unwrap()
    };
    assert_eq!(verdict(20, 29), Ok(()));
    assert_eq!(verdict(29, 30), Ok(()));
    assert_eq!(verdict(29, 40), Ok(()));
    assert_eq!(verdict(30, 30), Err(Refused::Stopped));
    assert_eq!(verdict(31, 40), Err(Refused::Stopped));
}
