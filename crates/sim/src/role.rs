//! Operators that do not follow the protocol.

use crate::operator::{Setup, run};
use alloy_consensus::{SignableTransaction, TxEip4844};
use alloy_primitives::{Address, B256, Signature, U256};
use commonware_p2p::{
    Recipients,
    simulated::{Receiver, Sender, SplitForwarder, SplitOrigin, SplitSender, SplitTarget},
};
use commonware_runtime::{IoBuf, Supervisor as _, deterministic::Context};
use commonware_utils::channel::oneshot;
use futures::future::join;
use hansa_engine::{Channels, Tamper};
use hansa_primitives::{Header, MAX_TIMESTAMP_STEP_MS, PublicKey, Transaction, transactions_root};
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
                Some(Tamper::new(move |header, body| lies.next(header, body)))
            }
            _ => None,
        }
    }
}

/// Something that an invalid block claims.
pub type Lie = fn(&mut Header, &mut Vec<Transaction>);

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

    fn next(&self, header: &mut Header, body: &mut Vec<Transaction>) {
        let turn = self.told.fetch_add(1, Ordering::Relaxed);
        self.lies[turn % self.lies.len()](header, body);
    }
}

fn flip(root: &mut B256) {
    root[31] ^= 1;
}

/// Claims about the header that do not hold.
pub const HEADER_LIES: [Lie; 20] = [
    |header, _| flip(&mut header.state.root),
    |header, _| flip(&mut header.state.ops_root),
    |header, _| header.state.ops_end += 1,
    |header, _| flip(&mut header.state.code_root),
    |header, _| flip(&mut header.receipts_root),
    |header, _| header.logs_bloom[0] ^= 1,
    |header, _| header.gas_used += 1,
    |header, _| header.terms.gas_limit += 1,
    |header, _| header.base_fee_per_gas += 1,
    |header, _| header.beneficiary[0] ^= 1,
    |header, _| flip(&mut header.parent_hash),
    |header, _| header.number += 1,
    |header, _| header.timestamp_ms = 0,
    |header, _| header.timestamp_ms += MAX_TIMESTAMP_STEP_MS + 1,
    |header, _| flip(&mut header.committee),
    |header, _| flip(&mut header.next_committee),
    |header, _| flip(&mut header.finalization),
    |header, _| header.finalized_view += 1,
    // Within what a block may step, but far ahead of every clock: verifiers wait, and move on.
    |header, _| header.timestamp_ms += MAX_TIMESTAMP_STEP_MS / 2,
    // The body is another than the header's.
    |header, _| flip(&mut header.transactions_root),
];

/// Transactions that no block may hold.
pub const BODY_LIES: [Lie; 4] = [
    // A nonce that was used before (in this block or an earlier one).
    |header, body| {
        append(header, body, |account| {
            account.transfer_at(0, Address::ZERO)
        })
    },
    // A nonce that is not due yet.
    |header, body| {
        append(header, body, |account| {
            account.transfer_at(1_000_000, Address::ZERO)
        })
    },
    // Somebody who cannot pay.
    |header, body| {
        let poor = crate::Account::new(u32::MAX - 1, crate::CHAIN_ID).transfer_at(0, Address::ZERO);
        body.push(poor);
        header.transactions_root = transactions_root(body);
    },
    // A blob transaction.
    |header, body| {
        let signature = Signature::new(U256::from(1), U256::from(1), false);
        body.push(TxEip4844::default().into_signed(signature).into());
        header.transactions_root = transactions_root(body);
    },
];

fn append(
    header: &mut Header,
    body: &mut Vec<Transaction>,
    make: impl Fn(&crate::Account) -> Transaction,
) {
    let account = crate::Account::new(0, crate::CHAIN_ID);
    body.push(make(&account));
    header.transactions_root = transactions_root(body);
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

/// Runs one operator twice, each half against its own part of the committee.
pub(crate) async fn twins(
    context: Context,
    setup: Setup,
    channels: Channels<Sender<PublicKey, Context>, Receiver<PublicKey>>,
    gossip: Channel,
    ready: oneshot::Sender<()>,
) {
    let keys: Arc<Vec<PublicKey>> = Arc::new(
        (0..setup.league.keys.len())
            .map(|operator| setup.league.key(operator))
            .collect(),
    );
    let known = keys.clone();
    let forward = move |origin: SplitOrigin, recipients: &Recipients<PublicKey>, _: &IoBuf| {
        let mine =
            |peer: &PublicKey| of_first(&known, peer) == matches!(origin, SplitOrigin::Primary);
        let wanted = match recipients {
            Recipients::All => known.to_vec(),
            Recipients::Some(peers) => peers.clone(),
            Recipients::One(peer) => vec![peer.clone()],
        };
        Some(Recipients::Some(wanted.into_iter().filter(mine).collect()))
    };
    let divide = |channel| split(&context, &keys, &forward, channel);
    let (votes, other_votes) = divide(channels.votes);
    let (certificates, other_certificates) = divide(channels.certificates);
    let (resolver, other_resolver) = divide(channels.resolver);
    let (backfill, other_backfill) = divide(channels.backfill);
    let (broadcast, other_broadcast) = divide(channels.broadcast);
    let (state, other_state) = divide(channels.state);
    let (code, other_code) = divide(channels.code);
    let (guide, other_guide) = divide(channels.guide);
    let (gossip, other_gossip) = divide(gossip);
    let partition = format!("{}-twin", setup.partition);
    let twin = Setup {
        league: setup.league.clone(),
        operator: setup.operator,
        kept: setup.league.kept(&partition, &setup.league.genesis),
        partition,
        manager: setup.manager.clone(),
        control: setup.control.clone(),
        monitor: None,
        slot: Default::default(),
    };
    let first = run(
        context.child("first"),
        setup,
        Channels {
            votes,
            certificates,
            resolver,
            backfill,
            broadcast,
            state,
            code,
            guide,
        },
        gossip,
        None,
        ready,
    );
    let (other_ready, _started) = oneshot::channel();
    let second = run(
        context.child("second"),
        twin,
        Channels {
            votes: other_votes,
            certificates: other_certificates,
            resolver: other_resolver,
            backfill: other_backfill,
            broadcast: other_broadcast,
            state: other_state,
            code: other_code,
            guide: other_guide,
        },
        other_gossip,
        None,
        other_ready,
    );
    join(first, second).await;
}
