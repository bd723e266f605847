//! The committees that this node knows, by epoch: whose votes count, and where their tips go.

use crate::{Runtime, chain::MAX_PENDING_ACKS, handover::Root};
use alloy_primitives::{Address, B256, U256};
use commonware_codec::{Copying, DecodeExt as _, FixedSize as _, Write as _};
use commonware_consensus::types::Epoch;
use commonware_cryptography::{
    Signer as _,
    certificate::{Provider, Scoped},
};
use commonware_storage::metadata::{self, Metadata};
use commonware_utils::{channel::watch, ordered::Set, sequence::U64};
use futures::lock::Mutex;
use hansa_modules::{
    staking::{Committee, Seat},
    zones::Reseed,
};
use hansa_primitives::{MAX_OPERATORS, PrivateKey, PublicKey, Scheme, Terms};
use parking_lot::RwLock;
use std::{collections::BTreeMap, num::NonZeroU64, sync::Arc};

/// Committees of past epochs that are kept at least: certificates of the last one can still arrive.
const KEPT_EPOCHS: u64 = 2;

/// A committee and its signature scheme.
#[derive(Debug)]
pub struct Entry {
    /// Who.
    pub committee: Committee,
    /// [`Committee::id`].
    pub id: B256,
    /// Verifies, and signs if this node may vote.
    pub scheme: Arc<Scheme>,
    /// Whether this node has a seat and may vote.
    pub votes: bool,
    /// The block that the epoch builds on, where this node did not learn the committee from its own state.
    pub(crate) root: Option<Root>,
}

impl Entry {
    /// Where a proposer's tips go; `None` for a stranger.
    pub fn fee_recipient(&self, proposer: &PublicKey) -> Option<Address> {
        let seats = &self.committee.seats;
        let index = seats.binary_search_by(|seat| seat.key.as_slice().cmp(proposer.as_ref()));
        Some(seats[index.ok()?].fee_recipient)
    }
}

/// Committees by epoch, in memory and on disk. Clones share them.
///
/// The committee of an epoch never changes once it is fixed, so who finds one here need not ask which block
/// it comes from. The state has all of them, but marshal verifies certificates before the state is open.
pub struct Committees<E: Runtime> {
    namespace: Arc<Vec<u8>>,
    key: Option<PrivateKey>,
    kept_epochs: u64,
    known: Arc<RwLock<BTreeMap<u64, Arc<Entry>>>>,
    /// Those that go on behind a cut, whatever was fixed for their epochs before.
    reseeded: Arc<BTreeMap<u64, Arc<Entry>>>,
    newest: watch::Sender<u64>,
    /// Empty only while it is written, or when that failed.
    store: Arc<Mutex<Option<Store<E>>>>,
}

type Store<E> = Metadata<E, U64, Vec<u8>>;

impl<E: Runtime> Clone for Committees<E> {
    fn clone(&self) -> Self {
        Self {
            namespace: self.namespace.clone(),
            key: self.key.clone(),
            kept_epochs: self.kept_epochs,
            known: self.known.clone(),
            reseeded: self.reseeded.clone(),
            newest: self.newest.clone(),
            store: self.store.clone(),
        }
    }
}

impl<E: Runtime> Committees<E> {
    /// Those of `partition`, and `first`, that of epoch 0, where there are none. `key` signs where it has a seat.
    ///
    /// # Panics
    /// The store cannot be read.
    pub async fn open(
        context: E,
        partition: String,
        namespace: Vec<u8>,
        key: Option<PrivateKey>,
        first: Committee,
        epoch_blocks: NonZeroU64,
    ) -> Self {
        let config = metadata::Config {
            partition,
            codec_config: ((0..=SEAT_BYTES * MAX_OPERATORS + ROOT_BYTES).into(), ()),
        };
        let mut store = Store::init(context, config)
            .await
            .unwrap_or_else(|error| panic!("committees: {error}"));
        if store.keys().next().is_none() {
            let epoch = U64::new(first.epoch);
            let written = store.put_sync(epoch, encode(&first, None)).await;
            store = written.unwrap_or_else(|error| panic!("committees: {error}"));
        }
        let stored: Vec<_> = store
            .keys()
            .filter_map(|epoch| Some(decode(epoch.into(), store.get(epoch)?)))
            .collect();
        let committees = Self {
            namespace: Arc::new(namespace),
            key,
            // Blocks that were handed on and not acknowledged come again after a crash, from as many epochs back.
            kept_epochs: KEPT_EPOCHS + (MAX_PENDING_ACKS as u64).div_ceil(epoch_blocks.get()),
            known: Arc::default(),
            reseeded: Arc::default(),
            newest: watch::Sender::new(0),
            store: Arc::new(Mutex::new(Some(store))),
        };
        for (committee, root) in stored {
            committees.learn(committee, root);
        }
        committees
    }

    /// The same, with the committees of the hub's choosing behind cuts.
    pub(crate) fn with_reseeds(mut self, reseeds: &[Reseed]) -> Self {
        let entries = reseeds.iter().map(|reseed| {
            let committee = Committee {
                epoch: reseed.cut.epoch,
                seats: reseed.seats.clone(),
            };
            (reseed.cut.epoch, Arc::new(self.entry(committee, None)))
        });
        self.reseeded = Arc::new(entries.collect());
        self
    }

    /// Adds a committee that this node's state has, and returns when that is durable.
    ///
    /// # Panics
    /// As [`Committees::save`], and as [`Committees::learn`].
    pub async fn insert(&self, committee: Committee) {
        self.learn(committee, None);
        self.save().await;
    }

    /// Adds a committee, and forgets those that nobody asks for any more. [`Committees::save`] makes that durable.
    ///
    /// # Panics
    /// A key is not one: staking admits none that cannot be decoded.
    pub(crate) fn learn(&self, committee: Committee, root: Option<Root>) {
        let epoch = committee.epoch;
        let mut known = self.known.write();
        let before = known.get(&epoch).and_then(|entry| entry.root);
        let entry = self.entry(committee, root.or(before));
        known.insert(epoch, Arc::new(entry));
        let newest = known.last_key_value().map_or(epoch, |(newest, _)| *newest);
        // By count: cuts leave numbers out. The newest is the next epoch's, and the one before the present one's.
        while known.len() as u64 > self.kept_epochs + 2 {
            known.pop_first();
        }
        drop(known);
        self.newest.send_replace(newest);
    }

    /// Writes what is known.
    ///
    /// # Panics
    /// The store cannot be written.
    pub(crate) async fn save(&self) {
        let mut slot = self.store.lock().await;
        let mut store = slot
            .take()
            .unwrap_or_else(|| panic!("committees: writing failed before"));
        let known = self.known();
        let oldest = known.first().map_or(0, |entry| entry.committee.epoch);
        store.retain(|epoch, _| u64::from(epoch) >= oldest);
        for entry in known {
            let epoch = U64::new(entry.committee.epoch);
            store.put(epoch, encode(&entry.committee, entry.root));
        }
        let written = store.sync().await;
        *slot = Some(written.unwrap_or_else(|error| panic!("committees: {error}")));
    }

    /// This node's key, if it has one that votes.
    pub(crate) fn public_key(&self) -> Option<PublicKey> {
        self.key.as_ref().map(|key| key.public_key())
    }

    /// Epochs before the present one that can come again.
    pub(crate) const fn kept_epochs(&self) -> u64 {
        self.kept_epochs
    }

    /// The scheme of a committee for a node that must not vote.
    pub(crate) fn verifier(&self, entry: &Entry) -> Scheme {
        Scheme::verifier(&self.namespace, keys(&entry.committee))
    }

    fn entry(&self, committee: Committee, root: Option<Root>) -> Entry {
        let keys = keys(&committee);
        let mine = self
            .key
            .as_ref()
            .filter(|key| keys.position(&key.public_key()).is_some());
        let signer =
            mine.and_then(|key| Scheme::signer(&self.namespace, keys.clone(), key.clone()));
        let votes = signer.is_some();
        let scheme = signer.unwrap_or_else(|| Scheme::verifier(&self.namespace, keys));
        Entry {
            id: committee.id(),
            committee,
            scheme: Arc::new(scheme),
            votes,
            root,
        }
    }

    /// The committee of an epoch; `None` while it is not fixed, or long after.
    pub fn get(&self, epoch: u64) -> Option<Arc<Entry>> {
        let reseeded = self.reseeded.get(&epoch).cloned();
        reseeded.or_else(|| self.known.read().get(&epoch).cloned())
    }

    /// Those that are kept: of the last epochs, this one and, when it is fixed, the next.
    pub fn known(&self) -> Vec<Arc<Entry>> {
        self.known.read().values().cloned().collect()
    }

    /// The newest epoch whose committee is known.
    pub(crate) fn newest_known(&self) -> u64 {
        let reseeded = self.reseeded.last_key_value();
        let reseeded = reseeded.map_or(0, |(epoch, _)| *epoch);
        reseeded.max(*self.newest.borrow())
    }

    /// The newest epoch whose committee is fixed, as it changes.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// Waits for the committee of an epoch that is to come.
    pub async fn wait(&self, epoch: u64) -> Arc<Entry> {
        let mut newest = self.newest();
        loop {
            if let Some(entry) = self.get(epoch) {
                return entry;
            }
            // The sender lives as long as this does.
            let _ = newest.changed().await;
        }
    }
}

fn keys(committee: &Committee) -> Set<PublicKey> {
    Set::from_iter_dedup(committee.seats.iter().map(|seat| {
        PublicKey::decode(Copying(seat.key.as_slice()))
            .unwrap_or_else(|error| panic!("key of operator {}: {error}", seat.operator))
    }))
}

impl<E: Runtime> Provider for Committees<E> {
    type Scope = Epoch;
    type Scheme = Scheme;

    fn scoped(&self, epoch: Epoch) -> Option<Scoped<Scheme>> {
        self.get(epoch.get())
            .map(|entry| Scoped::scheme(entry.scheme.clone()))
    }
}

/// Operator, key, fee recipient, stake.
const SEAT_BYTES: usize = 8 + 32 + 20 + 32;
/// Hash, time, terms. Fewer than a seat has, which is how they are told apart.
const ROOT_BYTES: usize = 32 + 8 + Terms::SIZE;
const _: () = assert!(ROOT_BYTES < SEAT_BYTES);

/// The seats, then the root, if it is known.
pub(crate) fn encode(committee: &Committee, root: Option<Root>) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(SEAT_BYTES * committee.seats.len() + ROOT_BYTES);
    for seat in &committee.seats {
        encoded.extend_from_slice(&seat.operator.to_be_bytes());
        encoded.extend_from_slice(seat.key.as_slice());
        encoded.extend_from_slice(seat.fee_recipient.as_slice());
        encoded.extend_from_slice(&seat.stake.to_be_bytes::<32>());
    }
    if let Some(root) = root {
        encoded.extend_from_slice(root.hash.as_slice());
        encoded.extend_from_slice(&root.timestamp_ms.to_be_bytes());
        root.terms.write(&mut encoded);
    }
    encoded
}

/// What [`encode`] wrote: the store checks its sums.
pub(crate) fn decode(epoch: u64, encoded: &[u8]) -> (Committee, Option<Root>) {
    let seats = encoded.chunks_exact(SEAT_BYTES);
    let root = (seats.remainder().len() == ROOT_BYTES).then(|| {
        let (hash, rest) = seats.remainder().split_at(32);
        let (timestamp_ms, terms) = rest.split_at(8);
        Root {
            hash: B256::from_slice(hash),
            timestamp_ms: U256::from_be_slice(timestamp_ms).to(),
            terms: Terms::decode(Copying(terms))
                .unwrap_or_else(|error| panic!("root of epoch {epoch}: {error}")),
        }
    });
    let seats = seats.map(|seat| {
        let (operator, rest) = seat.split_at(8);
        let (key, rest) = rest.split_at(32);
        let (fee_recipient, stake) = rest.split_at(20);
        Seat {
            operator: U256::from_be_slice(operator).to(),
            key: B256::from_slice(key),
            fee_recipient: Address::from_slice(fee_recipient),
            stake: U256::from_be_slice(stake),
        }
    });
    let committee = Committee {
        epoch,
        seats: seats.collect(),
    };
    (committee, root)
}
