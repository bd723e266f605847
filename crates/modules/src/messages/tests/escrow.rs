//! Random lives of zones against a plain model of the register: what their escrow pays to whom, and how they end.

use super::*;
use crate::limits::{DAY_S, MIN_ZONE_ESCROW, RENT_EVERY_S};
use hansa_abi::IZones::{Phase, Reason};

const ETHER: u128 = 1_000_000_000_000_000_000;
/// Wei for each operator that are not paid more often than once a day.
const LEAST_RENT: u128 = ETHER / 1_000;
/// Ether that stays in the register for ever.
const STAYS: u128 = 10 * ETHER;
/// Seconds that a zone has to be silent at least before it counts as halted.
const SILENCE_S: u64 = 3_600;
/// Blocks of the hub's epochs.
const EPOCH: u64 = crate::staking::tests::EPOCH_BLOCKS;
/// Operators, by number; each of them has a seat.
const OPERATORS: [u8; 4] = [1, 2, 3, 4];
/// Who creates zones, and fills their escrow.
const PARTIES: [u8; 3] = [5, 6, 7];

/// What somebody does. Zones are counted around, so that most steps are about one that exists.
#[derive(Clone, Debug)]
enum Step {
    Create {
        by: u8,
        name: u8,
        chain: u8,
        notice: u64,
        rent: u128,
        /// Wei above the least; `None` is one wei too few.
        more: Option<u128>,
    },
    Fund {
        zone: u8,
        by: u8,
        amount: u128,
    },
    /// It names a block of the hub that many before the newest.
    Checkpoint {
        zone: u8,
        back: u64,
    },
    Close {
        zone: u8,
        by: u8,
    },
    Halt {
        zone: u8,
    },
    Stop {
        zone: u8,
    },
    Return {
        zone: u8,
    },
    Blocks {
        count: u8,
    },
    Wait {
        seconds: u64,
    },
}

#[derive(Clone, Debug)]
struct Closing {
    at: u64,
    since_block: u64,
    why: Reason,
}

/// A zone, from its creation on.
#[derive(Clone, Debug)]
struct Life {
    by: u8,
    name: u8,
    chain: u8,
    begun: u64,
    notice: u64,
    rent: u128,
    escrow: u128,
    paid_until: u64,
    /// Its newest checkpoint: number, the hub's block that it names, and when it came.
    known: (u64, u64, u64),
    closing: Option<Closing>,
    /// The hub's block that stopped it, and its time.
    stopped: Option<(u64, u64)>,
    /// Rent that was paid, wei, and how often.
    rents: (u128, u128),
}

impl Life {
    fn phase(&self, now: u64) -> Phase {
        let (number, named, _) = self.known;
        match (&self.closing, self.stopped) {
            (_, Some((block, time))) => {
                let told = number > 0 && named >= block;
                let waited = now >= time + self.patience();
                if told || waited {
                    Phase::Settled
                } else {
                    Phase::Stopped
                }
            }
            (Some(_), None) => Phase::Closing,
            (None, None) if number > 0 => Phase::Active,
            (None, None) => Phase::Registered,
        }
    }

    fn why(&self) -> Reason {
        let closing = self.closing.as_ref();
        closing.map_or(Reason::None, |closing| closing.why)
    }

    fn patience(&self) -> u64 {
        self.notice.max(SILENCE_S)
    }

    fn reserve(&self) -> u128 {
        rent_for(self.rent, self.notice)
    }
}

/// What a zone pays for some seconds, rounded up.
fn rent_for(rent: u128, seconds: u64) -> u128 {
    (rent * u128::from(seconds)).div_ceil(u128::from(DAY_S))
}

#[derive(Clone, Debug)]
struct Model {
    block: u64,
    now: u64,
    /// In the order of their ids, from 1 on.
    zones: Vec<Life>,
    /// Of parties and operators, wei, by number.
    balances: [u128; 8],
}

/// Whether a call can be made at all.
fn ensure(condition: bool) -> Option<()> {
    condition.then_some(())
}

impl Model {
    fn id(&self, zone: u8) -> u64 {
        // One of eight is about a zone that does not exist.
        match self.zones.len() as u64 {
            count if zone >= 224 || count == 0 => count + 1,
            count => u64::from(zone) % count + 1,
        }
    }

    fn zone(&mut self, zone: u8) -> Option<&mut Life> {
        let index = self.id(zone) - 1;
        self.zones.get_mut(index as usize)
    }

    /// What the caller sends with a step, wei.
    fn value(&self, step: &Step) -> (u8, u128) {
        match *step {
            Step::Create {
                by,
                notice,
                rent,
                more,
                ..
            } => {
                let least = STAYS.max(2 * rent_for(rent, notice));
                (by, more.map_or(least - 1, |more| least + more))
            }
            Step::Fund { by, amount, .. } => (by, amount),
            _ => (0, 0),
        }
    }

    fn block(&mut self) {
        self.block += 1;
        self.now += 1;
    }

    /// `None` where the call has to be refused. Time has passed already.
    fn apply(&mut self, step: &Step) -> Option<()> {
        let (now, block) = (self.now, self.block);
        let (by, value) = self.value(step);
        match *step {
            Step::Create {
                name,
                chain,
                notice,
                rent,
                more,
                ..
            } => {
                let taken = |of: &Life| of.name == name || of.chain == chain;
                ensure(more.is_some() && !self.zones.iter().any(taken))?;
                self.zones.push(Life {
                    by,
                    name,
                    chain,
                    begun: now,
                    notice,
                    rent,
                    escrow: value,
                    paid_until: now,
                    known: (0, 0, 0),
                    closing: None,
                    stopped: None,
                    rents: (0, 0),
                });
            }
            Step::Fund { zone, .. } => {
                let of = self.zone(zone)?;
                ensure(of.stopped.is_none() && of.why() != Reason::Creator)?;
                of.escrow += value;
                if of.why() == Reason::Escrow && of.escrow >= of.reserve() {
                    of.closing = None;
                }
            }
            Step::Close { zone, by } => {
                let of = self.zone(zone)?;
                ensure(of.stopped.is_none() && of.why() != Reason::Creator)?;
                let is_poor = of.closing.is_none() && of.escrow < of.reserve();
                ensure(by == of.by || is_poor)?;
                let why = if by == of.by {
                    Reason::Creator
                } else {
                    Reason::Escrow
                };
                let (at, since_block) = match &of.closing {
                    Some(closing) => (closing.at, closing.since_block),
                    None => (now + of.notice, block),
                };
                of.closing = Some(Closing {
                    at,
                    since_block,
                    why,
                });
            }
            Step::Halt { zone } => {
                let of = self.zone(zone)?;
                ensure(of.closing.is_none())?;
                ensure(now > of.known.2.max(of.begun) + of.patience())?;
                of.closing = Some(Closing {
                    at: now + of.notice,
                    since_block: block,
                    why: Reason::Halted,
                });
            }
            Step::Stop { zone } => {
                let of = self.zone(zone)?;
                let closing = of.closing.as_ref()?;
                // A whole epoch passes before a zone that has halted can be reseeded, and another one in which it can only be.
                let waited = block >= (closing.since_block / EPOCH + 3) * EPOCH;
                ensure(of.stopped.is_none() && now >= closing.at)?;
                ensure(closing.why != Reason::Halted || waited)?;
                of.stopped = Some((block, now));
            }
            Step::Return { zone } => {
                let of = self.zone(zone)?;
                ensure(of.phase(now) == Phase::Settled)?;
                let amount = of.escrow.saturating_sub(STAYS);
                of.escrow -= amount;
                let by = of.by;
                self.balances[usize::from(by)] += amount;
            }
            Step::Checkpoint { zone, back } => {
                let named = (block - 1).saturating_sub(back);
                let of = self.zone(zone)?;
                ensure(of.phase(now) != Phase::Settled)?;
                if of.why() == Reason::Halted && of.stopped.is_none() {
                    of.closing = None;
                }
                let share = of.pay(now);
                if of.closing.is_none() && of.escrow < of.reserve() {
                    of.closing = Some(Closing {
                        at: now + of.notice,
                        since_block: block,
                        why: Reason::Escrow,
                    });
                }
                of.known = (of.known.0 + 1, named, now);
                for n in OPERATORS {
                    self.balances[usize::from(n)] += share;
                }
            }
            Step::Blocks { .. } | Step::Wait { .. } => {}
        }
        self.balances[usize::from(by)] -= value;
        Some(())
    }
}

impl Life {
    /// Pays rent, and returns what each operator gets.
    fn pay(&mut self, now: u64) -> u128 {
        let elapsed = now - self.paid_until;
        if self.rent == 0 || elapsed < RENT_EVERY_S {
            return 0;
        }
        let seats = OPERATORS.len() as u128;
        let due = rent_for(self.rent, elapsed.min(DAY_S)).min(self.escrow);
        let share = due / seats;
        if share < LEAST_RENT && elapsed < DAY_S {
            return 0;
        }
        self.paid_until = now;
        self.escrow -= seats * share;
        self.rents.0 += seats * share;
        self.rents.1 += 1;
        share
    }
}

fn call<C: SolCall>(league: &mut League, (by, value): (u8, u128), call: &C) -> Result<(), Bytes> {
    let from = (owner(by), U256::from(value));
    zones::pay_to(league, ZONES, from, call).map(drop)
}

/// The same step as a call. Time has passed already.
fn execute(league: &mut League, model: &Model, step: &Step) -> Result<(), Bytes> {
    let paid = model.value(step);
    match *step {
        Step::Create {
            name,
            chain,
            notice,
            rent,
            ..
        } => {
            let parameters = IZones::Parameters {
                noticeSeconds: notice,
                rentPerDay: U256::from(rent),
                ..zones::parameters(&format!("zone-{name}"), 100 + u64::from(chain))
            };
            call(league, paid, &IZones::createCall { parameters })
        }
        Step::Fund { zone, .. } => {
            let zone = model.id(zone);
            call(league, paid, &IZones::fundCall { zoneId: zone })
        }
        Step::Close { zone, by } => {
            let zone = model.id(zone);
            call(league, (by, 0), &IZones::closeCall { zoneId: zone })
        }
        Step::Halt { zone } => {
            let zone = model.id(zone);
            call(league, (9, 0), &IZones::haltCall { zoneId: zone })
        }
        Step::Stop { zone } => {
            let zone = model.id(zone);
            call(league, (9, 0), &IZones::stopCall { zoneId: zone })
        }
        Step::Return { zone } => {
            let zone = model.id(zone);
            call(league, (9, 0), &IZones::returnEscrowCall { zoneId: zone })
        }
        Step::Checkpoint { zone, back } => {
            let id = model.id(zone);
            let known = model.zones.get(id as usize - 1).map_or(0, |of| of.known.0);
            let committee = league.committee(league.epoch());
            let named = (league.block - 1).saturating_sub(back);
            let header = header(committee.id(), known + 1, (named, 0), Outbox::default());
            let input = IZones::checkpointCall {
                zoneId: id,
                header: header.encode().to_vec().into(),
                certificate: certify(league.genesis_hash, &committee, id, &header, &[1, 2, 3]),
            };
            call(league, (9, 0), &input)
        }
        Step::Blocks { .. } | Step::Wait { .. } => Ok(()),
    }
}

/// Lets the time pass that comes before a step, in both.
fn pass(league: &mut League, model: &mut Model, step: &Step) {
    let (blocks, seconds) = match *step {
        // The hub's blocks that a zone names are final.
        Step::Checkpoint { .. } => (1, 0),
        Step::Blocks { count } => (u64::from(count), 0),
        Step::Wait { seconds } => (0, seconds),
        _ => (0, 0),
    };
    for _ in 0..blocks {
        league.end();
        model.block();
    }
    league.now += seconds;
    model.now += seconds;
}

fn registered(league: &mut League) -> Vec<IZones::Zone> {
    let mut found = Vec::new();
    loop {
        let input = IZones::zonesCall {
            offset: U256::from(found.len()),
            limit: U256::MAX,
        };
        let from = (STRANGER, U256::ZERO);
        let page = zones::pay_to(league, ZONES, from, &input).unwrap().page;
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
}

fn compare(league: &League, model: &Model, seen: &[IZones::Zone]) -> Result<(), TestCaseError> {
    prop_assert_eq!(seen.len(), model.zones.len());
    for ((id, of), seen) in (1..).zip(&model.zones).zip(seen) {
        let name = format!("zone-{}", of.name);
        prop_assert_eq!((seen.id, &seen.parameters.name), (id, &name));
        prop_assert_eq!(seen.parameters.chainId, 100 + u64::from(of.chain));
        prop_assert_eq!((seen.creator, seen.timestamp), (owner(of.by), of.begun));
        prop_assert_eq!(seen.escrow, U256::from(of.escrow), "zone {}", id);
        let ends = (seen.phase, seen.reason, seen.closesAt, seen.stoppedAt);
        let closes_at = of.closing.as_ref().map_or(0, |closing| closing.at);
        let stopped_at = of.stopped.map_or(0, |(block, _)| block);
        let expected = (of.phase(model.now), of.why(), closes_at, stopped_at);
        prop_assert_eq!(ends, expected, "zone {}", id);
        // It never pays for more time than it was there, but for what each payment rounds up.
        let (paid, times) = of.rents;
        prop_assert!(paid <= rent_for(of.rent, model.now - of.begun) + times);
    }
    for n in OPERATORS.into_iter().chain(PARTIES) {
        let has = league.host.balance(owner(n));
        let expected = U256::from(model.balances[usize::from(n)]);
        prop_assert_eq!(has, expected, "{}", n);
    }
    let escrows = model.zones.iter().map(|of| of.escrow).sum::<u128>();
    prop_assert_eq!(league.host.balance(ZONES), U256::from(escrows));
    Ok(())
}

/// What may come of a zone by one step, whatever the model says.
fn check_step(
    step: &Step,
    is_about_it: bool,
    before: &IZones::Zone,
    after: &IZones::Zone,
) -> Result<(), TestCaseError> {
    let is_fund = is_about_it && matches!(step, Step::Fund { .. });
    let is_checkpoint = is_about_it && matches!(step, Step::Checkpoint { .. });
    let is_return = is_about_it && matches!(step, Step::Return { .. });
    let parameters = &before.parameters;
    let day = parameters.rentPerDay;
    let spent = before.escrow.saturating_sub(after.escrow);
    let may_spend = if is_checkpoint {
        day
    } else if is_return && before.phase == Phase::Settled {
        before.escrow.saturating_sub(MIN_ZONE_ESCROW)
    } else {
        U256::ZERO
    };
    prop_assert!(spent <= may_spend, "{:?}: {} wei", step, spent);
    let covers = after.escrow >= day * wei(parameters.noticeSeconds) / wei(DAY_S);
    let opens_again = match before.reason {
        Reason::Escrow => is_fund && covers,
        Reason::Halted => is_checkpoint,
        _ => false,
    };
    let forward = match (before.phase, after.phase) {
        (Phase::Closing, Phase::Registered | Phase::Active) => opens_again,
        (Phase::Closing, Phase::Closing) => {
            let changes = before.reason != after.reason;
            !changes || after.reason == Reason::Creator || opens_again
        }
        (from, to) => from as u8 <= to as u8,
    };
    prop_assert!(forward, "{:?}: {:?}, {:?}", step, before, after);
    Ok(())
}

fn about(model: &Model, step: &Step) -> Option<u64> {
    match *step {
        Step::Fund { zone, .. }
        | Step::Checkpoint { zone, .. }
        | Step::Close { zone, .. }
        | Step::Halt { zone }
        | Step::Stop { zone }
        | Step::Return { zone } => Some(model.id(zone)),
        Step::Create { .. } | Step::Blocks { .. } | Step::Wait { .. } => None,
    }
}

fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut league = zones::league_with(STAKE);
    let mut model = Model {
        block: league.block,
        now: league.now,
        zones: Vec::new(),
        balances: std::array::from_fn(|n| league.host.balance(owner(n as u8)).to()),
    };
    let supply = |league: &League| league.host.balances.values().copied().sum::<U256>();
    let began = supply(&league);
    let mut known = registered(&mut league);
    for step in steps {
        let (by, value) = model.value(&step);
        if by != 0 && model.balances[usize::from(by)] < value {
            continue;
        }
        pass(&mut league, &mut model, &step);
        let of = about(&model, &step);
        let mut next = model.clone();
        let expected = next.apply(&step);
        let done = execute(&mut league, &model, &step);
        let error = done.as_ref().err();
        let error = error.and_then(|data| hansa_abi::describe_error(data));
        prop_assert_eq!(done.is_ok(), expected.is_some(), "{:?}: {:?}", step, error);
        if expected.is_some() {
            model = next;
        }
        let seen = registered(&mut league);
        compare(&league, &model, &seen)?;
        for (before, after) in known.iter().zip(&seen) {
            check_step(&step, of == Some(before.id), before, after)?;
        }
        prop_assert_eq!(supply(&league), began);
        known = seen;
    }
    Ok(())
}

fn party() -> impl Strategy<Value = u8> {
    prop::sample::select(PARTIES.to_vec())
}

fn step() -> impl Strategy<Value = Step> {
    let notice = prop::sample::select(vec![10, 3_600, DAY_S, 200_000]);
    let rent = prop::sample::select(vec![0, 7, ETHER / 50, ETHER, 9 * ETHER / 2, 300 * ETHER]);
    let more = prop_oneof![4 => Just(Some(0)), 2 => (0..5 * ETHER).prop_map(Some), 1 => Just(None)];
    let create = (party(), 0..9u8, 0..9u8, notice, rent, more);
    let create = create.prop_map(|(by, name, chain, notice, rent, more)| Step::Create {
        by,
        name,
        chain,
        notice,
        rent,
        more,
    });
    let amount = prop_oneof![0..3u128, 0..8 * ETHER, 0..400 * ETHER];
    let fund = (any::<u8>(), party(), amount);
    let fund = fund.prop_map(|(zone, by, amount)| Step::Fund { zone, by, amount });
    let checkpoint = (any::<u8>(), prop_oneof![3 => Just(0), 1 => 0..9u64]);
    let checkpoint = checkpoint.prop_map(|(zone, back)| Step::Checkpoint { zone, back });
    let close = (any::<u8>(), party()).prop_map(|(zone, by)| Step::Close { zone, by });
    let near = prop::sample::select(vec![1, 8, 598, 600, 3_599, 3_601]);
    let far = prop::sample::select(vec![DAY_S / 2, DAY_S - 1, DAY_S, 3 * DAY_S, 200_000]);
    let wait = prop_oneof![near, far].prop_map(|seconds| Step::Wait { seconds });
    prop_oneof![
        3 => create,
        3 => fund,
        8 => checkpoint,
        2 => close,
        3 => any::<u8>().prop_map(|zone| Step::Halt { zone }),
        4 => any::<u8>().prop_map(|zone| Step::Stop { zone }),
        2 => any::<u8>().prop_map(|zone| Step::Return { zone }),
        2 => (1..15u8).prop_map(|count| Step::Blocks { count }),
        7 => wait,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn zones_live_like_the_model(steps in prop::collection::vec(step(), 40..160)) {
        run(steps)?;
    }
}
