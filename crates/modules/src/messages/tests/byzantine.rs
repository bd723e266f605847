//! A zone whose whole committee signs whatever it likes: what the hub pays for it, whom it harms, and what it costs.

use super::{
    exits::{exit, vector},
    *,
};
use crate::{
    limits::DAY_S,
    staking::tests::{delegator, evidence_in},
};
use hansa_abi::STAKING;
use std::collections::BTreeMap;

/// The zone that lies.
const LIAR: u64 = 1;
/// Who sends to zones, and never is an operator.
const SENDER: u8 = 5;
/// Basis points of an operator's stake that the dearest fault on a zone costs: a tenth of its slice.
const MOST_BPS: u128 = 10;

/// A message that nobody sent.
#[derive(Clone, Debug)]
struct Lie {
    destination: u64,
    sender: Address,
    to: Address,
    value: U256,
    fee: U256,
    data: &'static [u8],
}

#[derive(Clone, Debug)]
enum Step {
    /// Ether goes to the zone that lies, or to the other.
    Send {
        is_honest: bool,
        amount: u64,
    },
    /// The committee signs a block with these messages behind what the hub took, and with so many parts of 255 of what it could have taken
    /// more.
    Claim {
        lies: Vec<Lie>,
        arrivals: u8,
    },
    Deliver {
        most: usize,
    },
    Release {
        which: u8,
    },
    Take {
        which: u8,
    },
    Refund {
        which: u8,
    },
    /// The other zone sends to the hub, or to the one that lies.
    Honest {
        amount: u64,
        to: u64,
    },
    /// Somebody proves that an operator voted for two things.
    Accuse {
        n: u8,
        kind: u8,
    },
    Close,
    Stop,
    Exit {
        is_friend: bool,
    },
    Reclaim {
        index: u8,
    },
    Blocks {
        count: u8,
    },
    Wait {
        seconds: u64,
    },
}

/// The root of the tree over leaves, and the siblings of one.
fn tree(leaves: &[B256], mut index: usize) -> (B256, Vec<B256>) {
    let (mut nodes, mut siblings) = (leaves.to_vec(), Vec::new());
    for level in 0..OUTBOX_LEVELS {
        let empty = empty_subtree(level);
        siblings.push(nodes.get(index ^ 1).copied().unwrap_or(empty));
        let pairs = nodes.chunks(2);
        let above = pairs.map(|pair| parent(pair[0], pair.get(1).copied().unwrap_or(empty)));
        nodes = above.collect();
        index >>= 1;
    }
    let root = nodes.first().copied();
    (
        root.unwrap_or_else(|| empty_subtree(OUTBOX_LEVELS)),
        siblings,
    )
}

fn id(message: &Message) -> B256 {
    keccak256(message.abi_encode())
}

/// A world, and what has to hold in it.
struct Scene {
    world: World,
    /// What the zone claims to have sent.
    claimed: Vec<Message>,
    /// What was taken of that.
    taken: Vec<Message>,
    number: u64,
    /// Logs that were looked at.
    logs: usize,
    /// Wei that the hub has to hold for the other zone.
    honest: U256,
    /// What waits on the hub, each with its wei.
    waiting: BTreeMap<B256, U256>,
    /// What is held of the zone that lies, each with its wei.
    held: BTreeMap<B256, U256>,
    /// Wei that slashes took of each operator, when they were raised.
    slashed: BTreeMap<u64, U256>,
    /// When, and wei that had left by then and were not made up for.
    left: Vec<(u64, i128)>,
}

impl Scene {
    fn new() -> Self {
        let market = IZones::Parameters {
            noticeSeconds: 10,
            ..zones::parameters("market", 77)
        };
        let mut world = World::of(market);
        let honest = 1_000_000_000;
        let call = send(78, FRIEND, 0, b"");
        world.hub(owner(SENDER), honest, &call).unwrap();
        world.follow(1);
        Self {
            logs: world.league.host.logs.len(),
            world,
            claimed: Vec::new(),
            taken: Vec::new(),
            number: 0,
            honest: wei(honest),
            waiting: BTreeMap::new(),
            held: BTreeMap::new(),
            slashed: BTreeMap::new(),
            left: Vec::new(),
        }
    }

    fn known(&mut self) -> IZones::Checkpoint {
        let call = IZones::checkpointOfCall { zoneId: LIAR };
        let from = (STRANGER, U256::ZERO);
        zones::pay_to(&mut self.world.league, ZONES, from, &call).unwrap()
    }

    fn committee(&mut self) -> Committee {
        let epoch = self.world.league.epoch();
        let Ok(found) = crate::zones::committee(&mut self.world.league.host, LIAR, epoch);
        found.unwrap()
    }

    fn zones<C: SolCall>(&mut self, by: Address, call: &C) -> Result<C::Return, Bytes> {
        zones::pay_to(&mut self.world.league, ZONES, (by, U256::ZERO), call)
    }

    /// Signs whatever it is. The hub believes it until the zone has settled.
    fn claim(&mut self, lies: &[Lie], parts: u8) -> Result<(), TestCaseError> {
        self.world.next();
        if self.has_settled() {
            return Ok(());
        }
        let lane = self.world.lane(0);
        self.claimed.truncate(lane.delivered as usize);
        for lie in lies {
            let nonce = self.claimed.len() as u64;
            let reward = lie.value / wei(3);
            self.claimed.push(Message {
                source: 77,
                destination: lie.destination,
                nonce,
                sender: lie.sender,
                to: lie.to,
                value: lie.value - reward,
                fee: lie.fee,
                gas: nonce % 2 * 100_000,
                reward,
                data: Bytes::from_static(lie.data),
            });
        }
        let (known, league) = (self.known(), &self.world.league);
        let arrivals = known.arrivals + (lane.sent - known.arrivals) * u64::from(parts) / 255;
        let (hub, genesis_hash) = (league.block - 1, league.genesis_hash);
        let ids: Vec<_> = self.claimed.iter().map(id).collect();
        let outbox = Outbox {
            count: ids.len() as u64,
            root: tree(&ids, 0).0,
        };
        self.number += 1;
        let committee = self.committee();
        let mut header = header(committee.id(), self.number, (hub, arrivals), outbox);
        header.state.root = B256::from_slice(&vector("root"));
        let call = IZones::checkpointCall {
            zoneId: LIAR,
            header: header.encode().to_vec().into(),
            certificate: certify(genesis_hash, &committee, LIAR, &header, &[1, 2, 3]),
        };
        let from = (STRANGER, U256::ZERO);
        let done = zones::pay_to(&mut self.world.league, ZONES, from, &call).map(drop);
        let told = done.as_ref().err();
        let told = told.and_then(|data| hansa_abi::describe_error(data));
        prop_assert!(done.is_ok(), "{:?}", told);
        Ok(())
    }

    fn has_settled(&mut self) -> bool {
        let call = IZones::zoneCall { zoneId: LIAR };
        let zone = self.zones(STRANGER, &call).unwrap();
        zone.phase == IZones::Phase::Settled
    }

    fn deliver(&mut self, most: usize) -> Result<(), TestCaseError> {
        let count = self.known().outboxCount as usize;
        let from = self.world.lane(0).delivered as usize;
        let ids: Vec<_> = self.claimed.iter().take(count).map(id).collect();
        let range = from..count.min(from + most).max(from);
        let messages = self.claimed[range.clone()].to_vec();
        let call = IMessages::deliverCall {
            zoneId: LIAR,
            proofs: range.map(|nonce| tree(&ids, nonce).1).collect(),
            messages: messages.clone(),
        };
        // Nothing is taken that no block has claimed.
        let mut other = call.clone();
        if let Some(last) = other.messages.last_mut() {
            last.fee ^= wei(1);
            prop_assert!(self.world.hub(STRANGER, 0, &other).is_err());
        }
        if self.world.hub(STRANGER, 0, &call).is_ok() {
            self.taken.extend(messages);
        }
        Ok(())
    }

    fn one_of(&self, which: u8) -> Option<Message> {
        let count = self.taken.len().max(1);
        self.taken.get(usize::from(which) % count).cloned()
    }

    fn honest(&mut self, amount: u64, to: u64) {
        self.world.follow(1);
        let call = send(to, STRANGER, 0, b"");
        self.world.zone(1, FRIEND, amount, &call).unwrap();
        // Whatever the other one did: what an honest zone sends is taken at once.
        let [outcome] = self.world.deliver(1)[..] else {
            panic!("one message was sent");
        };
        match outcome {
            Outcome::Paid | Outcome::Forwarded => self.honest -= wei(amount),
            Outcome::Returned => {}
            other => panic!("{other:?}"),
        }
        // Its own are not looked at again.
        self.logs = self.world.league.host.logs.len();
    }

    fn accuse(&mut self, n: u8, kind: u8) -> Result<(), TestCaseError> {
        let committee = self.committee();
        let league = &mut self.world.league;
        let namespace = zone_namespace(league.genesis_hash, LIAR);
        let evidence = evidence_in(&namespace, &committee, (kind, 9), &key(n.into()));
        let call = IStaking::submitZoneEvidenceCall {
            zoneId: LIAR,
            kind,
            evidence,
        };
        let Ok(slash) = league.call(delegator(19), &call) else {
            return Ok(());
        };
        let slash = league.view(&IStaking::slashCall { slashId: slash });
        prop_assert_eq!((slash.operatorId, slash.zoneId), (n.into(), LIAR));
        prop_assert!(u128::from(slash.bps) <= MOST_BPS);
        prop_assert!(slash.amount <= U256::from(STAKE * MOST_BPS / 10_000));
        *self.slashed.entry(n.into()).or_default() += slash.amount;
        Ok(())
    }

    fn run(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Send { is_honest, amount } => {
                let chain = if *is_honest { 78 } else { 77 };
                let call = send(chain, FRIEND, 0, b"");
                let sent = self.world.hub(owner(SENDER), *amount, &call).is_ok();
                if sent && *is_honest {
                    self.honest += wei(*amount);
                }
            }
            Step::Claim { lies, arrivals } => self.claim(lies, *arrivals)?,
            Step::Deliver { most } => self.deliver(*most)?,
            Step::Release { which } => {
                if let Some(message) = self.one_of(*which) {
                    let call = IMessages::releaseCall { message };
                    let _ = self.world.hub(STRANGER, 0, &call);
                }
            }
            Step::Take { which } => {
                // No module ever calls another one.
                let calls = |of: &Message| of.to == FRIEND || of.to == STRANGER;
                if let Some(message) = self.one_of(*which).filter(calls) {
                    let to = message.to;
                    let _ = self.world.hub(to, 0, &IMessages::takeCall { message });
                }
            }
            Step::Refund { which } => {
                if let Some(message) = self.one_of(*which) {
                    let call = IMessages::refundCall { message };
                    let _ = self.world.hub(STRANGER, 0, &call);
                }
            }
            Step::Honest { amount, to } => self.honest(*amount, *to),
            Step::Accuse { n, kind } => self.accuse(*n, *kind)?,
            Step::Close => {
                let _ = self.zones(owner(1), &IZones::closeCall { zoneId: LIAR });
            }
            Step::Stop => {
                let _ = self.zones(STRANGER, &IZones::stopCall { zoneId: LIAR });
            }
            Step::Exit { is_friend } => {
                let (who, name) = if *is_friend {
                    (FRIEND, "friend")
                } else {
                    (STRANGER, "stranger")
                };
                let _ = self.world.hub(STRANGER, 0, &exit(who, name));
            }
            Step::Reclaim { index } => {
                let message = self.world.league.host.sent()[0].clone();
                let call = IMessages::reclaimCall {
                    zoneId: LIAR,
                    index: u64::from(*index),
                    message,
                };
                let _ = self.world.hub(STRANGER, 0, &call);
            }
            Step::Blocks { count } => {
                let next = self.world.league.block + u64::from(*count);
                self.world.league.run_to(next);
            }
            Step::Wait { seconds } => self.world.league.now += seconds,
        }
        Ok(())
    }

    /// Follows what the hub told of the zone that lies.
    fn follow(&mut self) {
        let logs = self.world.league.host.logs.split_off(self.logs);
        for (_, log) in logs.iter().filter(|(module, _)| *module == MESSAGES) {
            if let Ok(event) = IMessages::Delivered::decode_log_data(log) {
                self.held.remove(&event.id);
                match event.outcome {
                    Outcome::Held => drop(self.held.insert(event.id, event.value)),
                    Outcome::Waiting => drop(self.waiting.insert(event.id, event.value)),
                    Outcome::Forwarded => self.honest += event.value,
                    _ => {}
                }
            } else if let Ok(event) = IMessages::Taken::decode_log_data(log) {
                self.waiting.remove(&event.id);
            } else if let Ok(event) = IMessages::Refunded::decode_log_data(log) {
                self.waiting.remove(&event.id);
            }
        }
        self.world.league.host.logs.extend(logs);
        self.logs = self.world.league.host.logs.len();
    }

    fn check(&mut self) -> Result<(), TestCaseError> {
        self.follow();
        let (lane, other) = (self.world.lane(0), self.world.lane(1));
        // The other zone has what it had, and the ether of all is there. What the liar makes the hub return to this module itself is nobody's.
        prop_assert_eq!((other.locked, other.held), (self.honest, U256::ZERO));
        let waiting = self.waiting.values().copied().sum::<U256>();
        let there = self.world.league.host.balance(MESSAGES);
        let owed = lane.locked + other.locked + waiting;
        prop_assert!(there >= owed, "{} wei for {}", there, owed);
        prop_assert!(lane.held <= lane.locked);
        // What left, and what may leave already of what is held, is within the limit, whenever one begins to count.
        let mut left = -(lane.locked.to::<u128>() as i128);
        for (id, value) in self.held.clone() {
            let call = IMessages::waitingCall { id };
            let rest = self.world.hub(STRANGER, 0, &call).unwrap().held;
            left += (value - rest).to::<u128>() as i128;
        }
        let now = self.world.league.now;
        self.left.push((now, left));
        for (since, before) in &self.left {
            let days = u128::from(now - since);
            let most = u128::from(LIMIT) + u128::from(LIMIT) * days / u128::from(DAY_S);
            let more = left - before;
            prop_assert!(more <= most as i128, "{} wei in {} s", more, days);
        }
        Ok(())
    }

    /// What the votes cost: slices, and nothing else.
    fn check_stakes(&mut self) -> Result<(), TestCaseError> {
        let league = &mut self.world.league;
        let later = league.epoch() + 4;
        league.enter(later);
        prop_assert_eq!(league.members(later), [1, 2, 3, 4]);
        for id in 1..=4 {
            let of = league.operator(id);
            let slashed = self.slashed.get(&id).copied().unwrap_or_default();
            prop_assert!(of.willing && of.offences == 0);
            prop_assert!(of.stake + slashed >= U256::from(STAKE), "operator {}", id);
            let share = IStaking::zoneShareCall {
                operatorId: id,
                zoneId: 2,
            };
            prop_assert_eq!(league.view(&share).bps, 100);
        }
        let slashed = self.slashed.values().copied().sum::<U256>();
        let staked = U256::from(4 * STAKE) - slashed;
        prop_assert!(league.host.balance(STAKING) >= staked);
        Ok(())
    }
}

fn run(steps: &[Step]) -> Result<(), TestCaseError> {
    let mut scene = Scene::new();
    let escrows = scene.world.league.host.balance(ZONES);
    let supply = |scene: &Scene| {
        let balances = scene.world.league.host.balances.values();
        balances.copied().sum::<U256>()
    };
    let began = supply(&scene);
    for step in steps {
        scene.run(step)?;
        scene.check()?;
        prop_assert_eq!(supply(&scene), began, "{:?}", step);
        prop_assert_eq!(scene.world.league.host.balance(ZONES), escrows);
    }
    scene.honest(1, HUB);
    scene.world.follow(1);
    let supply = scene.world.zones[1].supply();
    prop_assert_eq!(scene.world.lane(1).locked, supply);
    scene.check_stakes()
}

fn lie() -> impl Strategy<Value = Lie> {
    let value = prop_oneof![
        3 => (0..500u64).prop_map(wei),
        3 => (0..LIMIT / 2).prop_map(wei),
        3 => (LIMIT / 2..4 * LIMIT).prop_map(wei),
        1 => Just(U256::MAX),
    ];
    let fee = prop_oneof![
        6 => Just(U256::ZERO),
        2 => (0..2 * LIMIT).prop_map(wei),
        1 => Just(U256::MAX),
    ];
    let who = prop::sample::select(vec![FRIEND, STRANGER, MESSAGES, STAKING, Address::ZERO]);
    let chain = prop::sample::select(vec![HUB, HUB, HUB, 77, 78, 78, 999]);
    let data = prop::sample::select(vec![&b""[..], b"", b"x"]);
    (chain, who.clone(), who, value, fee, data).prop_map(
        |(destination, sender, to, value, fee, data)| Lie {
            destination,
            sender,
            to,
            value,
            fee,
            data,
        },
    )
}

fn claim() -> impl Strategy<Value = Step> {
    let claim = (prop::collection::vec(lie(), 0..5), any::<u8>());
    claim.prop_map(|(lies, arrivals)| Step::Claim { lies, arrivals })
}

/// Steps in which at most so many wei go to a zone at once.
fn step(most: u64) -> impl Strategy<Value = Step> {
    let amount = prop_oneof![1..500u64, 1..most];
    let send = (prop::bool::weighted(0.2), amount);
    let send = send.prop_map(|(is_honest, amount)| Step::Send { is_honest, amount });
    let to = prop::sample::select(vec![HUB, 77]);
    let honest = (1..1_000u64, to).prop_map(|(amount, to)| Step::Honest { amount, to });
    let accuse = (1..=4u8, 0..3u8).prop_map(|(n, kind)| Step::Accuse { n, kind });
    let seconds = vec![1, 10, 3_601, DAY_S / 3, DAY_S, 8 * DAY_S];
    let wait = prop::sample::select(seconds).prop_map(|seconds| Step::Wait { seconds });
    prop_oneof![
        5 => send,
        6 => claim(),
        8 => (1..4usize).prop_map(|most| Step::Deliver { most }),
        6 => any::<u8>().prop_map(|which| Step::Release { which }),
        2 => any::<u8>().prop_map(|which| Step::Take { which }),
        2 => any::<u8>().prop_map(|which| Step::Refund { which }),
        2 => honest,
        2 => accuse,
        2 => any::<bool>().prop_map(|is_friend| Step::Exit { is_friend }),
        2 => (0..12u8).prop_map(|index| Step::Reclaim { index }),
        2 => (1..6u8).prop_map(|count| Step::Blocks { count }),
        4 => wait,
    ]
}

/// The zone ends after some steps, or not.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Where little is there, what it has is the limit; where much is, what may leave within a day.
    let most = prop::sample::select(vec![100, 500, 4 * LIMIT]);
    most.prop_flat_map(|most| {
        let some = || prop::collection::vec(step(most), 20..70);
        (some(), any::<bool>(), claim(), some()).prop_map(|(mut steps, ends, last, after)| {
            if ends {
                steps.extend([Step::Close, Step::Wait { seconds: 10 }, Step::Stop, last]);
            }
            steps.extend(after);
            steps
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_committee_that_signs_anything_harms_only_its_zone(steps in steps()) {
        run(&steps)?;
    }
}
