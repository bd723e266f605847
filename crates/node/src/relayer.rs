//! Calls the receivers of messages that came to a chain of this node and ask for it (`IMessages.sendWithCall`).
//!
//! The hub tells of all of them: of what it sends by `Sent`, and of what it takes from zones by `Due`. What waits is called when that pays for the gas, or is
//! little enough to be given away; before anything is sent, the call is rehearsed on the newest state. The account is the one that pays for evidence
//! (`evidence_key`); on a zone it sends itself from the hub what it needs there. A node that starts looks at the hub's last blocks again, so nothing has to be
//! kept.

use crate::head::NodePayer;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall as _, SolEvent as _, SolValue as _};
use hansa_abi::{
    IMessages::{self, Message},
    MESSAGES, receiver_call, receiver_call_gas,
};
use hansa_index::Index;
use hansa_modules::{limits::MAX_CALL_GAS, messages};
use hansa_primitives::{Header, PublicKey};
use hansa_rpc::{Rehearsed, rehearse};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tokio::runtime::Handle;

/// How often the hub's and the chain's newest blocks are looked at.
const POLL: Duration = Duration::from_millis(20);
/// Blocks of the hub that are looked at again when a chain starts.
const LOOKBACK: u64 = 20_000;
/// Blocks of the hub that are read in one go.
const BLOCKS: u64 = 1_000;
/// Messages that are kept in mind; others are left to other nodes.
const MAX_PENDING: usize = 1_024;
/// Calls that are under way at once.
const MAX_UNDER_WAY: usize = 16;
/// Blocks of the hub after which a message has come to a zone, or will not come any more: more than one block of the zone can leave over.
const SLACK: u64 = 64;
/// Whoever proposed the chain's newest block calls at once; others wait for so long, and then for up to [`STEPS`] times as long again.
const STEP: Duration = Duration::from_millis(400);
const STEPS: u32 = 4;
/// Gas that a call without a sufficient reward may use.
const GIFT_GAS: u64 = 300_000;
/// How long to wait before a call that failed, or that nobody pays for, is looked at again; each time twice as long.
const RETRY: Duration = Duration::from_secs(5);
/// At most so long.
const RETRY_AT_MOST: Duration = Duration::from_secs(3_600);
/// A receiver whose rehearsals were other than what came after them so often is left alone.
const MAX_STRIKES: u32 = 3;
/// Receivers that are remembered for that.
const MAX_STRUCK: usize = 1_024;
/// On a zone: calls like the one at hand that the account is given ether for.
const CALLS: u64 = 20;
/// But not more than an ether.
const MOST: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);
/// Least time between two such transfers.
const FUND_AFTER: Duration = Duration::from_secs(30);
/// Time after which one has surely come.
const FUNDED_AFTER: Duration = Duration::from_millis(500);
/// Gas of one.
const FUND_GAS: u64 = 300_000;

/// See the module's documentation.
pub(crate) struct Relayer {
    /// This node's key.
    pub(crate) me: PublicKey,
    /// The hub's blocks.
    pub(crate) hub: Index,
    /// The chain, as it is served.
    pub(crate) served: hansa_rpc::Context,
    pub(crate) limits: hansa_rpc::Limits,
    /// Pays on this chain.
    pub(crate) payer: NodePayer,
    /// The same account on the hub, if the chain is a zone.
    pub(crate) purse: Option<NodePayer>,
    /// Where the state is read.
    pub(crate) reads: Handle,
}

/// A message whose receiver is to be called.
struct Pending {
    id: B256,
    message: Message,
    input: Bytes,
    /// It was seen to wait.
    is_there: bool,
    /// Not before.
    next: Instant,
    pause: Duration,
    /// The call that is under way.
    nonce: Option<u64>,
}

impl Pending {
    fn new(message: Message) -> Self {
        Self {
            id: keccak256(message.abi_encode()),
            input: receiver_call(&message),
            message,
            is_there: false,
            next: Instant::now(),
            pause: RETRY,
            nonce: None,
        }
    }

    fn gas(&self) -> u64 {
        receiver_call_gas(&self.message, &self.input)
    }

    fn later(&mut self) {
        self.next = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(RETRY_AT_MOST);
    }
}

/// What a relayer has in mind.
#[derive(Default)]
struct Mind {
    /// By the block of the hub that told of it, and its place there.
    pending: BTreeMap<(u64, usize), Pending>,
    strikes: BTreeMap<Address, u32>,
    funded: Option<Instant>,
    /// The chain's head when what had not come yet was looked for.
    looked: u64,
}

impl Mind {
    /// Keeps a message in mind. Where there are too many, the one that has failed for longest makes room, so that what nobody can take does not keep others from
    /// being called.
    fn keep(&mut self, place: (u64, usize), pending: Pending) {
        if self.pending.len() == MAX_PENDING {
            let worst = self.pending.iter().max_by_key(|(_, of)| of.pause);
            let worst = worst.filter(|(_, of)| of.pause > RETRY).map(|(of, _)| *of);
            let Some(worst) = worst else {
                tracing::debug!("too many messages wait for calls: some are left to others");
                return;
            };
            self.pending.remove(&worst);
        }
        self.pending.insert(place, pending);
    }
}

/// What becomes of a message that was looked at.
enum Verdict {
    Keep,
    Forget,
}

impl Relayer {
    /// Works as long as it is polled.
    pub(crate) async fn run(self) {
        let mut mind = Mind::default();
        let oldest = self.hub.oldest().unwrap_or_default();
        let mut next = head(&self.hub).saturating_sub(LOOKBACK).max(oldest).max(1);
        loop {
            tokio::time::sleep(POLL).await;
            let newest = head(&self.hub);
            while next <= newest {
                let last = newest.min(next + BLOCKS - 1);
                self.hear(&mut mind, next, last).await;
                next = last + 1;
            }
            self.work(&mut mind).await;
        }
    }

    /// Takes note of what the hub's blocks tell.
    async fn hear(&self, mind: &mut Mind, first: u64, last: u64) {
        let (hub, chain) = (self.hub.clone(), self.served.genesis.chain_id);
        let read = self
            .reads
            .spawn_blocking(move || told(&hub, (first, last), chain));
        for (place, message) in read.await.unwrap_or_default() {
            // It may be there already: the chain's newest block is looked at once more.
            mind.looked = 0;
            mind.keep(place, Pending::new(message));
        }
    }

    /// Looks at everything that is due.
    async fn work(&self, mind: &mut Mind) {
        if mind.pending.is_empty() {
            return;
        }
        let Some(newest) = self.newest() else {
            return;
        };
        let is_new = mind.looked != newest.number;
        mind.looked = newest.number;
        let under_way = mind.pending.values().filter(|of| of.nonce.is_some());
        let mut room = MAX_UNDER_WAY.saturating_sub(under_way.count());
        let now = Instant::now();
        let due = mind.pending.iter().filter(|(_, of)| {
            // What has not come can only have come with a new block.
            of.next <= now && (of.is_there || is_new)
        });
        let due: Vec<_> = due.map(|(place, _)| *place).collect();
        for place in due {
            let Some(mut pending) = mind.pending.remove(&place) else {
                continue;
            };
            let was_under_way = pending.nonce.is_some();
            if !was_under_way && room == 0 {
                mind.pending.insert(place, pending);
                continue;
            }
            let verdict = self.look(mind, (place.0, &mut pending), &newest).await;
            if !was_under_way && pending.nonce.is_some() {
                room -= 1;
            }
            if matches!(verdict, Verdict::Keep) {
                mind.pending.insert(place, pending);
            }
        }
    }

    fn newest(&self) -> Option<Header> {
        let (number, _) = self.served.index.head()?;
        let header = self.served.index.header(number).ok().flatten();
        header.map(|(_, header)| header)
    }

    /// Whether everything that a block of the hub sent has come to the chain whose newest block this is.
    fn has_come(&self, told: u64, newest: &Header) -> bool {
        self.purse.is_none() || newest.hub.number >= told + SLACK
    }

    async fn look(
        &self,
        mind: &mut Mind,
        (told, pending): (u64, &mut Pending),
        newest: &Header,
    ) -> Verdict {
        // In this order: the state is newer than what the pool knows of it.
        let is_under_way = self.payer.is_under_way(pending.nonce);
        let states = self.payer.head().states();
        let slot = messages::waiting_slot(pending.id);
        let Ok(since) = states.storage(MESSAGES, slot, states.head()).await else {
            return Verdict::Keep;
        };
        if since.is_zero() {
            let is_gone = pending.is_there || self.has_come(told, newest);
            return if is_gone {
                Verdict::Forget
            } else {
                Verdict::Keep
            };
        }
        if is_under_way {
            return Verdict::Keep;
        }
        if pending.nonce.take().is_some() {
            // It came into a block, and did something else there.
            strike(&mut mind.strikes, pending.message.to);
            pending.later();
            return Verdict::Keep;
        }
        if !pending.is_there {
            pending.is_there = true;
            if *newest.proposer() != self.me {
                pending.next = Instant::now() + self.wait(pending.id);
                return Verdict::Keep;
            }
        }
        let to = pending.message.to;
        if mind
            .strikes
            .get(&to)
            .is_some_and(|strikes| *strikes >= MAX_STRIKES)
        {
            tracing::warn!(receiver = %to, "this receiver acts otherwise in blocks than before them: its messages are left to others");
            return Verdict::Forget;
        }
        self.call(mind, pending).await;
        Verdict::Keep
    }

    /// How long this node leaves a message to others.
    fn wait(&self, id: B256) -> Duration {
        let seed = keccak256([self.me.as_ref(), id.as_slice()].concat());
        STEP + STEP * STEPS * u32::from(seed[0]) / 256
    }

    /// Calls the receiver, if that is worth it.
    async fn call(&self, mind: &mut Mind, pending: &mut Pending) {
        let used = match self.rehearse(pending).await {
            Ok(used) => used,
            Err(reason) => {
                tracing::info!(message = %pending.id, receiver = %pending.message.to, %reason, again_after = ?pending.pause, "the receiver of a message does not take it");
                return pending.later();
            }
        };
        let pays = pending.message.reward >= self.payer.price(used);
        if !pays && used > GIFT_GAS {
            tracing::info!(message = %pending.id, gas = used, "the reward of a message does not pay for its call: it is left to others");
            return pending.later();
        }
        let gas = pending.gas();
        if !self.can_pay(mind, gas).await {
            pending.later();
            if mind.funded.is_some_and(|at| at.elapsed() < FUNDED_AFTER) {
                pending.next = Instant::now() + FUNDED_AFTER;
            }
            return;
        }
        let (to, input) = (pending.message.to, pending.input.clone());
        match self.payer.submit(to, U256::ZERO, input, gas).await {
            Ok(nonce) => {
                tracing::debug!(message = %pending.id, receiver = %to, "calling the receiver of a message");
                pending.nonce = Some(nonce);
            }
            Err(error) => {
                tracing::warn!(%error, account = %self.payer.address(), "the receiver of a message cannot be called");
                pending.later();
            }
        }
    }

    /// What a call would use, in gas, if it has its receiver take the message.
    async fn rehearse(&self, pending: &Pending) -> Result<u64, String> {
        let (served, limits) = (self.served.clone(), self.limits);
        let call = Rehearsed {
            from: self.payer.address(),
            to: pending.message.to,
            input: pending.input.clone(),
            gas: pending.gas(),
        };
        let run = move || rehearse(&served, limits, call);
        let outcome = self.reads.spawn_blocking(run).await;
        let (used, logs) = outcome.map_err(|error| error.to_string())??;
        let mut taken = logs
            .iter()
            .filter(|log| log.address == MESSAGES)
            .filter_map(|log| IMessages::Taken::decode_log_data(&log.data).ok());
        if taken.any(|event| event.id == pending.id) {
            Ok(used)
        } else {
            Err("it does not take it when it is called".into())
        }
    }

    /// Whether the account can pay for a call now. On a zone it is sent ether from the hub otherwise.
    async fn can_pay(&self, mind: &mut Mind, gas: u64) -> bool {
        let Some(purse) = &self.purse else {
            return self.payer.can_give(gas, U256::ZERO).await;
        };
        let needed = self.payer.most(gas);
        if self.payer.balance().await >= needed {
            return true;
        }
        if mind.funded.is_some_and(|at| at.elapsed() < FUND_AFTER) {
            return false;
        }
        mind.funded = Some(Instant::now());
        let value = needed.saturating_mul(U256::from(CALLS)).min(MOST);
        let account = purse.address();
        if !purse.can_give(FUND_GAS, value).await {
            tracing::warn!(%account, "messages are left to others: what this account has on the hub is kept for evidence and checkpoints; fund it");
            return false;
        }
        let send = IMessages::sendCall {
            destination: self.served.genesis.chain_id,
            to: account,
            fee: U256::ZERO,
            data: Bytes::new(),
        };
        let input = send.abi_encode().into();
        if let Err(error) = purse.submit(MESSAGES, value, input, FUND_GAS).await {
            tracing::warn!(%error, %account, "this account cannot be sent ether to a zone");
        }
        false
    }
}

fn head(index: &Index) -> u64 {
    index.head().map_or(0, |(number, _)| number)
}

/// Messages to a chain that ask for a call, as blocks of the hub tell of them.
fn told(hub: &Index, (first, last): (u64, u64), chain: u64) -> Vec<((u64, usize), Message)> {
    let mut messages = Vec::new();
    for number in first..=last {
        let receipts = hub.receipts(number).ok().flatten().unwrap_or_default();
        let logs = receipts.iter().flat_map(|receipt| &receipt.logs);
        let logs = logs.filter(|log| log.address == MESSAGES).enumerate();
        for (place, log) in logs {
            let sent = IMessages::Sent::decode_log_data(&log.data).map(|event| event.message);
            let due = || IMessages::Due::decode_log_data(&log.data).map(|event| event.message);
            let Ok(message) = sent.or_else(|_| due()) else {
                continue;
            };
            let asks = (1..=MAX_CALL_GAS).contains(&message.gas);
            if asks && message.destination == chain {
                messages.push(((number, place), message));
            }
        }
    }
    messages
}

fn strike(strikes: &mut BTreeMap<Address, u32>, receiver: Address) {
    if strikes.len() == MAX_STRUCK && !strikes.contains_key(&receiver) {
        strikes.pop_first();
    }
    *strikes.entry(receiver).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(nonce: u64) -> Pending {
        Pending::new(Message {
            source: 1,
            destination: 2,
            nonce,
            sender: Address::repeat_byte(1),
            to: Address::repeat_byte(2),
            value: U256::ZERO,
            fee: U256::ZERO,
            gas: 100_000,
            reward: U256::ZERO,
            data: Bytes::from_static(b"x"),
        })
    }

    #[test]
    fn what_fails_for_longest_makes_room() {
        let mut mind = Mind::default();
        for block in 0..MAX_PENDING as u64 {
            mind.keep((block, 0), pending(block));
        }
        let newest = (MAX_PENDING as u64, 0);
        mind.keep(newest, pending(newest.0));
        assert!(
            !mind.pending.contains_key(&newest),
            "nothing has failed yet"
        );
        for (block, failures) in [(7, 1), (9, 3), (11, 2)] {
            let failed = mind.pending.get_mut(&(block, 0)).unwrap();
            (0..failures).for_each(|_| failed.later());
        }
        mind.keep(newest, pending(newest.0));
        assert!(mind.pending.contains_key(&newest) && !mind.pending.contains_key(&(9, 0)));
        assert_eq!(mind.pending.len(), MAX_PENDING);
    }

    #[test]
    fn a_call_that_fails_is_tried_less_and_less_often() {
        let mut failing = pending(0);
        let pauses = (0..12).map(|_| {
            failing.later();
            failing.pause.as_secs()
        });
        let pauses: Vec<_> = pauses.collect();
        assert_eq!(pauses[..3], [10, 20, 40]);
        assert_eq!(pauses[9..], [3_600; 3]);
    }

    #[test]
    fn receivers_that_were_struck_are_not_remembered_without_end() {
        let mut strikes = BTreeMap::new();
        let receiver = |index: u64| Address::from_word(U256::from(index).into());
        for index in 0..2 * MAX_STRUCK as u64 {
            strike(&mut strikes, receiver(index));
        }
        assert_eq!(strikes.len(), MAX_STRUCK);
        let last = receiver(2 * MAX_STRUCK as u64 - 1);
        strike(&mut strikes, last);
        assert_eq!(strikes[&last], 2);
    }
}
