//! Whom this node connects to: the committees of the last, the present and the next epoch, every operator that gave an
//! endpoint, and those that the configuration lists.
//!
//! An operator's endpoint (`IP:port`) is what it registered with staking; an address in the configuration overrides it.
//! Nobody else is let in.

use crate::{Config, node::States};
use alloy_primitives::{Address, B256, U256};
use commonware_codec::{Copying, DecodeExt as _};
use commonware_cryptography::Signer as _;
use commonware_p2p::{
    Address as PeerAddress, AddressableManager as _, AddressableTrackedPeers,
    authenticated::lookup::Oracle,
};
use commonware_runtime::tokio::Context;
use commonware_utils::ordered::Map;
use hansa_abi::{IStaking, STAKING};
use hansa_engine::Committees;
use hansa_index::FinalizedBlock;
use hansa_modules::{Block, QueryError, query};
use hansa_primitives::{Genesis, PrivateKey, PublicKey};
use hansa_state::StateProvider as _;
use parking_lot::RwLock;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use tokio::{runtime::Handle, sync::broadcast};

/// Operators on one page of a listing (the module's limit).
const PAGE: u64 = 64;

/// How long to wait before the operators are read again after that failed.
const RETRY: Duration = Duration::from_secs(1);

/// Addresses by key, and which of them are of committees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Book {
    /// Those whose blocks and votes this node needs.
    primary: BTreeMap<PublicKey, PeerAddress>,
    /// Others that may follow.
    secondary: BTreeMap<PublicKey, PeerAddress>,
}

impl Book {
    /// Says which of these keys cannot be reached.
    fn warn_of_missing(&self, seats: impl IntoIterator<Item = B256>) {
        let known = |seat: &B256| {
            let mut keys = self.primary.keys();
            keys.any(|key| key.as_ref() == seat.as_slice())
        };
        for seat in seats.into_iter().filter(|seat| !known(seat)) {
            tracing::warn!(key = %seat, "no address for this operator: it is neither dialled nor let in; it registers an endpoint, or add its public key and address to p2p.peers");
        }
    }
}

impl From<Book> for AddressableTrackedPeers<PublicKey> {
    fn from(book: Book) -> Self {
        Self::new(
            Map::from_iter_dedup(book.primary),
            Map::from_iter_dedup(book.secondary),
        )
    }
}

/// An operator by one of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its number with staking; 0 before block 1.
    id: u64,
    /// A name for people.
    pub(crate) name: String,
    /// Where it says that it is reached.
    pub(crate) endpoint: String,
    /// Receives its tips.
    pub(crate) fee_recipient: Address,
    /// What is delegated to it.
    stake: U256,
    /// Whether it has left, though it may still have a seat.
    pub(crate) exited: bool,
}

/// The operators by key, as the newest finalized state has them. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roster(Arc<RwLock<BTreeMap<B256, Listed>>>);

impl Roster {
    /// Those of the genesis.
    pub(crate) fn new(genesis: &Genesis) -> Self {
        Self(Arc::new(RwLock::new(of_genesis(genesis))))
    }

    /// As it is now, without those who have left.
    pub(crate) fn present(&self) -> BTreeMap<B256, Listed> {
        let mut listed = self.now();
        listed.retain(|_, listed| !listed.exited);
        listed
    }

    /// As it is now.
    pub(crate) fn now(&self) -> BTreeMap<B256, Listed> {
        self.0.read().clone()
    }
}

fn of_genesis(genesis: &Genesis) -> BTreeMap<B256, Listed> {
    let operators = genesis.operators.iter().map(|operator| {
        let listed = Listed {
            id: 0,
            name: operator.name.clone(),
            endpoint: operator.endpoint.clone(),
            fee_recipient: operator.fee_recipient,
            stake: operator.stake,
            exited: false,
        };
        (operator.public_key, listed)
    });
    operators.collect()
}

/// What is known before the chain's state is open.
pub(crate) fn first(config: &Config, genesis: &Genesis, key: &PrivateKey, most: usize) -> Book {
    let operators = of_genesis(genesis);
    let seats = operators.keys().copied().collect();
    let book = book(config, key, &seats, &operators, most);
    book.warn_of_missing(seats);
    book
}

/// Addresses of everybody: `seats` are the keys of committees, `operators` those that are registered.
fn book(
    config: &Config,
    key: &PrivateKey,
    seats: &BTreeSet<B256>,
    operators: &BTreeMap<B256, Listed>,
    most: usize,
) -> Book {
    let mut addresses: BTreeMap<B256, SocketAddr> = operators
        .iter()
        .filter(|(key, listed)| !listed.exited || seats.contains(*key))
        .filter_map(|(key, listed)| Some((*key, listed.endpoint.parse().ok()?)))
        .collect();
    let configured = config.p2p.peers.iter();
    addresses.extend(
        configured
            .clone()
            .map(|peer| (peer.public_key, peer.address)),
    );
    let me = B256::from_slice(key.public_key().as_ref());
    addresses.insert(me, config.p2p.listen);
    // Where there is no room for all: committees first, then those whom this node's operator chose, then by stake.
    let rank = |key: &B256| {
        let is_configured = configured.clone().any(|peer| peer.public_key == *key);
        let stake = operators.get(key).map(|listed| listed.stake);
        let is_seated = seats.contains(key) || *key == me;
        Reverse((is_seated, is_configured, stake.unwrap_or_default()))
    };
    let mut addresses: Vec<(B256, SocketAddr)> = addresses.into_iter().collect();
    addresses.sort_by_key(|(key, _)| rank(key));
    if addresses.len() > most {
        let left_out = addresses.len() - most;
        tracing::warn!(most, left_out, "more nodes than this one connects to");
        addresses.truncate(most);
    }
    let mut book = Book::default();
    for (bytes, address) in addresses {
        // Staking and the configuration admit no others.
        let Ok(key) = PublicKey::decode(Copying(bytes.as_slice())) else {
            continue;
        };
        let part = if seats.contains(&bytes) || bytes == me {
            &mut book.primary
        } else {
            &mut book.secondary
        };
        part.insert(key, PeerAddress::Symmetric(address));
    }
    book
}

/// Keeps the network's peers as the finalized state has them.
pub(crate) struct Tracker {
    pub(crate) config: Arc<Config>,
    pub(crate) key: PrivateKey,
    pub(crate) committees: Committees<Context>,
    pub(crate) states: States,
    /// Where the databases are read.
    pub(crate) reads: Handle,
    pub(crate) oracle: Oracle<PublicKey>,
    pub(crate) roster: Roster,
    /// Most nodes that the network has room for.
    pub(crate) most: usize,
}

impl Tracker {
    /// Follows the chain until it ends.
    pub(crate) async fn run(mut self, mut blocks: broadcast::Receiver<Arc<FinalizedBlock>>) {
        let mut newest = self.committees.newest();
        let mut known = Book::default();
        // Set 0 is what was known at first.
        let mut id = 1;
        loop {
            match self.book().await {
                Ok(book) if book != known => {
                    let newest = self.committees.known().pop();
                    let seats = newest.iter().flat_map(|entry| &entry.committee.seats);
                    book.warn_of_missing(seats.map(|seat| seat.key));
                    self.oracle.track(id, book.clone());
                    (known, id) = (book, id + 1);
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(%error, "cannot read who the operators are");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            }
            loop {
                tokio::select! {
                    changed = newest.changed() => {
                        if changed.is_err() {
                            return;
                        }
                        break;
                    }
                    block = blocks.recv() => match block {
                        Ok(block) if !concerns_operators(&block) => {}
                        Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => break,
                        Err(broadcast::error::RecvError::Closed) => return,
                    },
                }
            }
        }
    }

    async fn book(&self) -> Result<Book, QueryError> {
        let states = self.states.clone();
        let operators = self.reads.spawn_blocking(move || registered(&states)).await;
        let mut operators = operators.map_err(|error| QueryError::State(error.to_string()))??;
        // The state has them from block 1 on.
        if operators.is_empty() {
            operators = self.roster.now();
        }
        let entries = self.committees.known();
        let seats = entries.iter().flat_map(|entry| &entry.committee.seats);
        // One who took another key votes with the former one until the epoch ends.
        for seat in seats.clone() {
            let mut known = operators.values();
            let of_seat = known.find(|listed| listed.id == seat.operator).cloned();
            if let (false, Some(listed)) = (operators.contains_key(&seat.key), of_seat) {
                operators.insert(seat.key, listed);
            }
        }
        let seats = seats.map(|seat| seat.key).collect();
        let book = book(&self.config, &self.key, &seats, &operators, self.most);
        *self.roster.0.write() = operators;
        Ok(book)
    }
}

fn concerns_operators(block: &FinalizedBlock) -> bool {
    let logs = block.receipts.iter().flat_map(|receipt| &receipt.logs);
    logs.into_iter().any(|log| log.address == STAKING)
}

/// All operators, under their present and their next keys.
fn registered(states: &States) -> Result<BTreeMap<B256, Listed>, QueryError> {
    let failed = |error: hansa_state::StateError| QueryError::State(error.to_string());
    let number = states.head();
    if number == 0 {
        return Ok(BTreeMap::new());
    }
    let view = states.view(number).map_err(failed)?;
    let block = Block {
        number,
        timestamp: 0,
        chain_id: 0,
    };
    let mut operators = BTreeMap::new();
    let mut offset = 0;
    loop {
        let call = IStaking::operatorsCall {
            offset: U256::from(offset),
            limit: U256::from(PAGE),
        };
        let page = query(view.as_ref(), STAKING, &call, &block)?;
        for operator in &page.page {
            let keys = [operator.key, operator.nextKey];
            for key in keys.into_iter().filter(|key| !key.is_zero()) {
                let listed = Listed {
                    id: operator.id,
                    name: operator.name.clone(),
                    endpoint: operator.endpoint.clone(),
                    fee_recipient: operator.feeRecipient,
                    stake: operator.stake,
                    exited: operator.exited,
                };
                operators.insert(key, listed);
            }
        }
        offset += PAGE;
        if page.page.is_empty() || U256::from(offset) >= page.total {
            return Ok(operators);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate_key;

    fn config(peers: &[(B256, &str)]) -> Config {
        let peers: String = peers
            .iter()
            .map(|(key, address)| {
                format!("[[p2p.peers]]\npublic_key = \"{key}\"\naddress = \"{address}\"\n")
            })
            .collect();
        let text = format!("name = \"n\"\ngenesis = \"g.toml\"\ndata_dir = \"d\"\n{peers}");
        toml::from_str(&text).unwrap()
    }

    fn listed(endpoint: &str) -> Listed {
        Listed {
            id: 1,
            name: "one".into(),
            endpoint: endpoint.into(),
            fee_recipient: Address::ZERO,
            stake: U256::ZERO,
            exited: false,
        }
    }

    fn bytes(key: &PublicKey) -> B256 {
        B256::from_slice(key.as_ref())
    }

    #[test]
    fn committees_come_first_and_configured_addresses_override_registered_ones() {
        let (me, _) = generate_key();
        let [(_, seat), (_, other), (_, follower)] = [(); 3].map(|()| generate_key());
        let config = config(&[
            (bytes(&seat), "10.0.0.1:1"),
            (bytes(&follower), "10.0.0.3:3"),
        ]);
        let operators = BTreeMap::from([
            (bytes(&seat), listed("10.9.9.9:9")),
            (bytes(&other), listed("10.0.0.2:2")),
        ]);
        let seats = BTreeSet::from([bytes(&seat)]);
        let known = book(&config, &me, &seats, &operators, 10);
        let address = |text: &str| PeerAddress::Symmetric(text.parse().unwrap());
        assert_eq!(known.primary.len(), 2);
        assert_eq!(known.primary[&seat], address("10.0.0.1:1"));
        assert!(known.primary.contains_key(&me.public_key()));
        let secondary = BTreeMap::from([
            (other, address("10.0.0.2:2")),
            (follower.clone(), address("10.0.0.3:3")),
        ]);
        assert_eq!(known.secondary, secondary);
        // Without room, operators without a seat stay outside, rather than whom the configuration names.
        let full = book(&config, &me, &seats, &operators, 3);
        assert_eq!((full.primary.len(), full.secondary.len()), (2, 1));
        assert!(full.secondary.contains_key(&follower));
    }

    #[test]
    fn what_is_no_address_is_left_out() {
        let (me, seat) = generate_key();
        let operators = BTreeMap::from([(B256::repeat_byte(7), listed("somewhere"))]);
        let known = book(
            &config(&[]),
            &me,
            &BTreeSet::from([bytes(&seat)]),
            &operators,
            10,
        );
        assert_eq!(known.primary.len() + known.secondary.len(), 1);
    }
}
