//! Operators that do not follow the protocol.

use crate::operator::{Setup, run, twin_of};
use alloy_consensus::{SignableTransaction, TxEip4844};
use alloy_primitives::{Address, B256, Signature, U256};
use commonware_p2p::{
    Recipients, Sender as P2pSender,
    simulated::{Receiver, Sender, SplitForwarder, SplitOrigin, SplitSender, SplitTarget},
};
use commonware_runtime::{IoBuf, Supervisor as _, deterministic::Context};
use commonware_utils::channel::oneshot;
use futures::future::join;
use hansa_engine::{Channels, Draft, Tamper};
use hansa_primitives::{
    Arrival, Fork, Inputs, MAX_TIMESTAMP_STEP_MS, PublicKey, Terms, Transaction, transactions_root,
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// What an operator is like.
#[derive(Clone, Default)]
pub enum Role {
    /// Follows the protocol.
    #[default]
    Honest,
    /// Never starts.
    Silent,
    /// Runs twice under one key, each half with its own journal and its own part of the committee:
    /// it proposes and votes for different blocks in one view.
    Twins,
    /// Is honest on the hub, and runs every zone twice under one key, as [`Role::Twins`] do with the hub.
    ZoneTwins,
    /// Proposes invalid blocks, and is honest otherwise.
    Liar(Lies),
}

impl Role {
    pub(crate) const fn is_honest(&self) -> bool {
        matches!(self, Self::Honest)
    }

    /// Whether users of this operator may expect anything.
    pub(crate) const fn takes_load(&self) -> bool {
        matches!(self, Self::Honest)
    }

    pub(crate) fn tamper(&self) -> Option<Tamper> {
        match self {
            Self::Liar(lies) => {
                let lies = lies.clone();
                Some(Tamper::new(move |draft| lies.next(draft)))
            }
            _ => None,
        }
    }
}

/// Something that an invalid block claims.
pub type Lie = fn(&mut Draft);

/// Lies, told in turn.
#[derive(Clone)]
pub struct Lies {
    lies: Arc<Vec<Lie>>,
    told: Arc<AtomicUsize>,
}

impl Lies {
    /// These lies. There must be one at least.
    pub fn new(lies: &[Lie]) -> Self {
        Self {
            lies: Arc::new(lies.to_vec()),
            told: Arc::default(),
        }
    }

    /// Lies told so far.
    pub fn told(&self) -> usize {
        self.told.load(Ordering::Relaxed)
    }

    /// Starts over with the first lie, for another run.
    pub fn forget(&self) {
        self.told.store(0, Ordering::Relaxed);
    }

    fn next(&self, draft: &mut Draft) {
        let turn = self.told.fetch_add(1, Ordering::Relaxed);
        self.lies[turn % self.lies.len()](draft);
    }
}

fn flip(root: &mut B256) {
    root[31] ^= 1;
}

/// Claims about the header that do not hold.
pub const HEADER_LIES: [Lie; 25] = [
    |draft| flip(&mut draft.header.state.root),
    |draft| flip(&mut draft.header.state.ops_root),
    |draft| draft.header.state.ops_end += 1,
    |draft| flip(&mut draft.header.state.code_root),
    |draft| flip(&mut draft.header.receipts_root),
    |draft| draft.header.logs_bloom[0] ^= 1,
    |draft| draft.header.gas_used += 1,
    |draft| draft.header.terms.gas_limit += 1,
    |draft| draft.header.terms.fork = Fork::CANCUN,
    |draft| draft.header.base_fee_per_gas += 1,
    |draft| draft.header.beneficiary[0] ^= 1,
    |draft| flip(&mut draft.header.parent_hash),
    |draft| draft.header.number += 1,
    |draft| draft.header.timestamp_ms = 0,
    |draft| draft.header.timestamp_ms += MAX_TIMESTAMP_STEP_MS + 1,
    |draft| flip(&mut draft.header.committee),
    |draft| flip(&mut draft.header.next_committee),
    |draft| flip(&mut draft.header.finalization),
    |draft| draft.header.finalized_view += 1,
    // Within what a block may step, but far ahead of every clock: verifiers wait, and move on.
    |draft| draft.header.timestamp_ms += MAX_TIMESTAMP_STEP_MS / 2,
    // The body is another than the header's.
    |draft| flip(&mut draft.header.transactions_root),
    // The hub takes nothing from a hub.
    |draft| draft.header.hub.upgrades += 1,
    |draft| draft.inputs.terms = Some(roomier(draft)),
    |draft| take(draft, |inputs, terms| inputs.terms = Some(terms)),
    |draft| {
        draft.header.terms = roomier(draft);
        take(draft, |inputs, terms| inputs.terms = Some(terms));
    },
];

/// What a zone's block claims to take from the hub, and does not.
pub const ZONE_LIES: [Lie; 9] = [
    |draft| draft.header.hub.number += 1,
    |draft| draft.header.hub.number = draft.header.hub.number.wrapping_sub(1),
    |draft| flip(&mut draft.header.hub.hash),
    |draft| draft.header.hub.directives += 1,
    |draft| draft.header.hub.arrivals += 1,
    |draft| draft.header.hub.upgrades += 1,
    // Ether from nowhere.
    |draft| {
        draft.header.hub.arrivals += 1;
        take(draft, |inputs, _| {
            inputs.arrivals.push(Arrival {
                to: Address::repeat_byte(0x66),
                amount: U256::from(1),
                message: B256::ZERO,
            });
        });
    },
    // An upgrade that nobody announced, by itself and counted.
    |draft| {
        draft.header.terms = roomier(draft);
        take(draft, |inputs, terms| inputs.terms = Some(terms));
    },
    |draft| {
        draft.header.hub.upgrades += 1;
        draft.header.terms = roomier(draft);
        take(draft, |inputs, terms| inputs.terms = Some(terms));
    },
];

/// Takes something more from the hub, as the header then says.
fn take(draft: &mut Draft, more: impl Fn(&mut Inputs, Terms)) {
    more(&mut draft.inputs, draft.header.terms);
    draft.header.inputs = draft.inputs.hash();
}

const fn roomier(draft: &Draft) -> Terms {
    Terms {
        gas_limit: draft.header.terms.gas_limit + 1,
        ..draft.header.terms
    }
}

/// Transactions that no block may hold.
pub const BODY_LIES: [Lie; 4] = [
    // A nonce that was used before (in this block or an earlier one).
    |draft| append(draft, |account| account.transfer_at(0, Address::ZERO)),
    // A nonce that is not due yet.
    |draft| {
        append(draft, |account| {
            account.transfer_at(1_000_000, Address::ZERO)
        })
    },
    // Somebody who cannot pay.
    |draft| {
        let poor = crate::Account::new(u32::MAX - 1, crate::CHAIN_ID).transfer_at(0, Address::ZERO);
        push(draft, poor);
    },
    // A blob transaction.
    |draft| {
        let signature = Signature::new(U256::from(1), U256::from(1), false);
        push(draft, TxEip4844::default().into_signed(signature).into());
    },
];

fn append(draft: &mut Draft, make: impl Fn(&crate::Account) -> Transaction) {
    let account = crate::Account::new(0, crate::CHAIN_ID);
    push(draft, make(&account));
}

fn push(draft: &mut Draft, transaction: Transaction) {
    draft.transactions.push(transaction);
    draft.header.transactions_root = transactions_root(&draft.transactions);
}

type Channel = (Sender<PublicKey, Context>, Receiver<PublicKey>);
type Half<F> = (SplitSender<PublicKey, Context, F>, Receiver<PublicKey>);

/// The twins' own part of the committee: the first half talks to the first operators only.
fn of_first(keys: &[PublicKey], peer: &PublicKey) -> bool {
    keys.iter()
        .position(|key| key == peer)
        .is_some_and(|position| position < keys.len() / 2)
}

fn split<F: SplitForwarder<PublicKey>>(
    context: &Context,
    keys: &Arc<Vec<PublicKey>>,
    forward: &F,
    (sender, receiver): Channel,
) -> (Half<F>, Half<F>) {
    let (first_sender, second_sender) = sender.split_with(forward.clone());
    let keys = keys.clone();
    let (first, second) = receiver.split_with(context.child("split"), move |(peer, _)| {
        if of_first(&keys, peer) {
            SplitTarget::Primary
        } else {
            SplitTarget::Secondary
        }
    });
    ((first_sender, first), (second_sender, second))
}

/// Which of all operators each half of the twins talks to.
fn forward(keys: Arc<Vec<PublicKey>>) -> impl SplitForwarder<PublicKey> {
    move |origin: SplitOrigin, recipients: &Recipients<PublicKey>, _: &IoBuf| {
        let mine =
            |peer: &PublicKey| of_first(&keys, peer) == matches!(origin, SplitOrigin::Primary);
        let wanted = match recipients {
            Recipients::All => keys.to_vec(),
            Recipients::Some(peers) => peers.clone(),
            Recipients::One(peer) => vec![peer.clone()],
        };
        Some(Recipients::Some(wanted.into_iter().filter(mine).collect()))
    }
}

fn keys_of(setup: &Setup) -> Arc<Vec<PublicKey>> {
    let operators = 0..setup.league.keys.len();
    Arc::new(
        operators
            .map(|operator| setup.league.key(operator))
            .collect(),
    )
}

/// A chain's channels, or those that zones share.
type OnNetwork<N> = Channels<N, Receiver<PublicKey>>;

fn divide<F: SplitForwarder<PublicKey>>(
    channels: OnNetwork<Sender<PublicKey, Context>>,
    mut halves: impl FnMut(Channel) -> (Half<F>, Half<F>),
) -> [OnNetwork<SplitSender<PublicKey, Context, F>>; 2] {
    let (votes, other_votes) = halves(channels.votes);
    let (certificates, other_certificates) = halves(channels.certificates);
    let (resolver, other_resolver) = halves(channels.resolver);
    let (backfill, other_backfill) = halves(channels.backfill);
    let (broadcast, other_broadcast) = halves(channels.broadcast);
    let (state, other_state) = halves(channels.state);
    let (code, other_code) = halves(channels.code);
    let (guide, other_guide) = halves(channels.guide);
    let first = Channels {
        votes,
        certificates,
        resolver,
        backfill,
        broadcast,
        state,
        code,
        guide,
    };
    let second = Channels {
        votes: other_votes,
        certificates: other_certificates,
        resolver: other_resolver,
        backfill: other_backfill,
        broadcast: other_broadcast,
        state: other_state,
        code: other_code,
        guide: other_guide,
    };
    [first, second]
}

/// The channels of zones for each half, if there are zones.
pub(crate) fn halves(
    context: &Context,
    setup: &Setup,
    zones: Option<OnNetwork<Sender<PublicKey, Context>>>,
) -> Vec<OnNetwork<impl P2pSender<PublicKey = PublicKey> + use<>>> {
    let keys = keys_of(setup);
    let forward = forward(keys.clone());
    let halves = |channel| split(context, &keys, &forward, channel);
    zones.map_or(Vec::new(), |zones| divide(zones, halves).into())
}

/// Runs one operator twice, each half against its own part of the committee.
pub(crate) async fn twins(
    context: Context,
    setup: Setup,
    channels: OnNetwork<Sender<PublicKey, Context>>,
    gossip: Channel,
    ready: oneshot::Sender<()>,
) {
    let keys = keys_of(&setup);
    let forward = forward(keys.clone());
    let halves = |channel| split(&context, &keys, &forward, channel);
    let (gossip, other_gossip) = halves(gossip);
    let [channels, other_channels] = divide(channels, halves);
    let partition = twin_of(&setup.partition);
    let twin = Setup {
        league: setup.league.clone(),
        operator: setup.operator,
        kept: setup.league.kept(&partition, &setup.league.genesis),
        partition,
        manager: setup.manager.clone(),
        control: setup.control.clone(),
        monitor: None,
        slot: Default::default(),
        ending: Default::default(),
    };
    let no_zones = Vec::<OnNetwork<Sender<PublicKey, Context>>>::new;
    let first = run(
        context.child("first"),
        setup,
        channels,
        gossip,
        no_zones(),
        ready,
    );
    let (other_ready, _started) = oneshot::channel();
    let second = run(
        context.child("second"),
        twin,
        other_channels,
        other_gossip,
        no_zones(),
        other_ready,
    );
    join(first, second).await;
}
