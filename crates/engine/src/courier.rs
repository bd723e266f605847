//! What a zone sends comes to the hub by itself: whoever runs both tells the hub of the zone's blocks, and delivers its messages. And a zone whose
//! time has come is stopped.

use crate::{
    Head, Marshal, Payer, Runtime,
    application::now_ms,
    payer::{CallGas, Outlook, Worth, outlook},
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolEvent as _};
use commonware_codec::Encode as _;
use commonware_consensus::types::Height;
use commonware_parallel::Strategy;
use hansa_abi::{
    IMessages::{self, Message},
    IZones::{self, Phase, Reason},
    MESSAGES, ZONES,
};
use hansa_modules::{
    Call,
    limits::{MAX_DELIVERIES, MAX_MESSAGE_FEE},
};
use hansa_primitives::{Genesis, Header, PublicKey, Receipt};
use hansa_state::PreImages;
use std::{
    ops::RangeInclusive,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How often the zone's and the hub's newest blocks are looked at.
const POLL: Duration = Duration::from_millis(20);
/// How long a refusal may take to change before the same is tried again.
const RETRY: Duration = Duration::from_secs(5);
/// The proposer of the block that a message left in delivers it at once; others wait for so long, or for two blocks of the hub, and then for a time of
/// their own.
const STEP_MS: u64 = 400;
/// That time, in parts of a step at most.
const STEPS: u64 = 4;
/// A checkpoint is made though nothing waits for it so many times in the time after which anybody could say that the zone has halted.
const CHECKPOINTS: u64 = 6;
/// Bytes of messages that one transaction delivers, a message more or less.
const MAX_BYTES: usize = 64 * 1_024;
/// Gas of a question.
const QUERY_GAS: u64 = 100_000_000;

/// The finalized blocks of a zone.
pub trait ZoneBlocks: Send + Sync + 'static {
    /// The newest one.
    fn newest(&self) -> Option<Header>;
    /// Height of the oldest one.
    fn oldest(&self) -> Option<u64>;
    /// The one of a height, if it is there.
    fn header(&self, number: u64) -> Option<Header>;
    /// Its receipts, likewise.
    fn receipts(&self, number: u64) -> Option<Arc<Vec<Receipt>>>;
}

/// Takes what a zone sends to the hub.
pub struct Courier<E: Runtime, S: Strategy, P, B> {
    /// The zone's id.
    pub zone: u64,
    /// Its EIP-155 chain id.
    pub chain_id: u64,
    /// The hub's genesis.
    pub hub: Arc<Genesis>,
    /// This node's key.
    pub me: PublicKey,
    /// The zone's blocks.
    pub blocks: B,
    /// The zone's certificates.
    pub marshal: Marshal,
    /// The zone's newest state.
    pub head: Head<E, S, P>,
    /// Pays on the hub, and receives the messages' fees.
    pub payer: Payer<E, S, P>,
}

/// What was tried last.
#[derive(Default)]
struct Attempt {
    nonce: Option<u64>,
    /// Where nothing was sent: not again before this.
    again: Option<SystemTime>,
    /// The checkpoint that is to be followed by another though nothing waits for it, and since when, milliseconds.
    overdue: Option<(u64, u64)>,
}

impl<E: Runtime, S: Strategy, P: PreImages, B: ZoneBlocks> Courier<E, S, P, B> {
    /// Works as long as it is polled.
    pub async fn run(self, context: E) {
        let mut attempt = Attempt::default();
        // Heights of the zone and of the hub when there was nothing to do.
        let mut idle = None;
        loop {
            context.sleep(POLL).await;
            let Some(newest) = self.blocks.newest() else {
                continue;
            };
            let seen = (newest.number, self.payer.head().states().head());
            if idle == Some(seen) {
                continue;
            }
            // One at a time: a second would only be refused.
            let waits = attempt.again.is_some_and(|at| at > context.current());
            if waits || self.payer.is_under_way(attempt.nonce) {
                continue;
            }
            (attempt.nonce, attempt.again) = (None, None);
            match self
                .next(&newest, now_ms(&context), &mut attempt.overdue)
                .await
            {
                Next::Nothing => idle = Some(seen),
                Next::NotYet => {}
                Next::Call(module, input) => {
                    attempt.nonce = self.send(module, input, Worth::Upkeep).await;
                    if attempt.nonce.is_none() {
                        attempt.again = Some(context.current() + RETRY);
                    }
                }
                Next::Deliver(batch) => {
                    attempt.nonce = self.send_best(batch).await;
                    if attempt.nonce.is_none() {
                        attempt.again = Some(context.current() + RETRY);
                    }
                }
                Next::Rescue(input) => {
                    attempt.nonce = self.send(ZONES, input, Worth::Everything).await;
                    attempt.again = Some(context.current() + RETRY);
                }
            }
        }
    }

    /// Sends a call, if the account can spare what it costs.
    async fn send(&self, module: Address, input: Bytes, worth: Worth) -> Option<u64> {
        let call = self.gas_of(module, &input).await?;
        self.send_for(module, input, (call, worth)).await
    }

    /// Delivers as much of a batch as pays for itself, or as is given away.
    async fn send_best(&self, mut batch: Batch) -> Option<u64> {
        loop {
            let input = batch.input(self.zone);
            let call = self.gas_of(MESSAGES, &input).await?;
            let pays = batch.fees() >= self.payer.cost(call);
            let worth = if pays { Worth::Upkeep } else { Worth::Gift };
            let is_last = batch.messages.len() == 1;
            if pays || is_last || self.payer.spares(call, worth).await {
                return self.send_for(MESSAGES, input, (call, worth)).await;
            }
            // What comes first may pay for itself.
            batch.truncate(batch.messages.len() / 2);
        }
    }

    async fn gas_of(&self, module: Address, input: &Bytes) -> Option<CallGas> {
        match self.payer.outlook(module, input).await? {
            Outlook::Returns(_, call) => Some(call),
            Outlook::Refused(reason) => {
                tracing::info!(zone = self.zone, %reason, "the hub does not take what a zone sends");
                None
            }
        }
    }

    async fn send_for(
        &self,
        module: Address,
        input: Bytes,
        (call, worth): (CallGas, Worth),
    ) -> Option<u64> {
        if !self.payer.spares(call, worth).await {
            tracing::warn!(zone = self.zone, account = %self.payer.address(), ?worth, "what a zone sends is left to others: what this account has is kept for evidence and checkpoints; fund it");
            return None;
        }
        let sent = self.payer.send(module, input, call).await;
        let failed = |error: &hansa_mempool::PoolError| tracing::warn!(%error, account = %self.payer.address(), "a zone's messages cannot be delivered; fund this account");
        sent.inspect_err(failed).ok()
    }

    /// What there is to do.
    async fn next(&self, newest: &Header, now_ms: u64, overdue: &mut Option<(u64, u64)>) -> Next {
        let Some((zone, lane, checkpoint)) = self.hub().await else {
            return Next::Nothing;
        };
        if zone.phase == Phase::Settled && checkpoint.outboxCount <= lane.delivered {
            return Next::Nothing;
        }
        let due = zone.closesAt.saturating_mul(1_000);
        let is_halted = zone.phase == Phase::Closing && zone.reason == Reason::Halted;
        let may_stop = !is_halted || self.payer.head().states().head() >= zone.stopsAt;
        let is_over = zone.phase == Phase::Closing && may_stop && now_ms >= due;
        if is_halted && !is_over && newest.number > checkpoint.number {
            if now_ms < self.turn(newest, newest.timestamp_ms, newest.number) {
                return Next::NotYet;
            }
            let Next::Call(_, input) = self.checkpoint(newest).await else {
                return Next::NotYet;
            };
            tracing::error!(
                zone = self.zone,
                newest = newest.number,
                known = checkpoint.number,
                reseeds_at = zone.reseedsAt,
                account = %self.payer.address(),
                "the hub counts this zone as halted, and does not know its newest block here: if it is not told before it reaches block reseeds_at, what the zone made meanwhile can be void"
            );
            return Next::Rescue(input);
        }
        if zone.phase == Phase::Closing
            && may_stop
            && now_ms >= self.turn(newest, due, zone.closesAt)
        {
            let call = IZones::stopCall { zoneId: self.zone };
            return Next::Call(ZONES, call.abi_encode().into());
        }
        if zone.phase == Phase::Stopped && newest.number > checkpoint.number {
            // With that of its last block the zone has settled. Should none become final, it settles at the newest.
            if now_ms < self.turn(newest, newest.timestamp_ms, newest.number) {
                return Next::NotYet;
            }
            return self.checkpoint(newest).await;
        }
        // Also while something waits that nobody delivers: who hears nothing of a zone may say that it has halted.
        if self.is_overdue(&checkpoint, (newest, now_ms), overdue) {
            return self.checkpoint(newest).await;
        }
        let Some(waiting) = self.block_of(lane.delivered, newest) else {
            return match *overdue {
                None => Next::Nothing,
                Some(_) => Next::NotYet,
            };
        };
        if now_ms < self.turn(&waiting, waiting.timestamp_ms, lane.delivered) {
            return Next::NotYet;
        }
        if checkpoint.outboxCount <= lane.delivered {
            return self.checkpoint(newest).await;
        }
        let range = waiting.number..=newest.number;
        self.deliver(range, (&lane, checkpoint.outboxCount)).await
    }

    /// Whether the hub has heard nothing of the zone for long, and it is this node's turn to tell it. `overdue` remembers since when.
    fn is_overdue(
        &self,
        checkpoint: &IZones::Checkpoint,
        (newest, now_ms): (&Header, u64),
        overdue: &mut Option<(u64, u64)>,
    ) -> bool {
        let cadence = self.hub.zones.halted_after_s.saturating_mul(1_000) / CHECKPOINTS;
        let known = checkpoint.number;
        let due = checkpoint.timestampMs.saturating_add(cadence);
        if newest.number <= known || now_ms < due {
            *overdue = None;
            return false;
        }
        // It may have been due for long, as the first one is: then all would be late at once.
        let since = match *overdue {
            Some((of, since)) if of == known => since,
            _ => now_ms,
        };
        *overdue = Some((known, since));
        // The first makes the zone active: one of them has to bring it at once.
        let first = (known == 0).then(|| self.blocks.header(1)).flatten();
        let is_mine = first.is_some_and(|first| *first.proposer() == self.me);
        is_mine || now_ms >= self.wait(since, known)
    }

    /// When it is this node's turn for something that is due.
    fn turn(&self, block: &Header, due_ms: u64, what: u64) -> u64 {
        if *block.proposer() == self.me {
            return due_ms;
        }
        self.wait(due_ms, what)
    }

    /// When it is the turn of a node that has nothing to do with it.
    fn wait(&self, due_ms: u64, what: u64) -> u64 {
        let seed = keccak256([self.me.as_ref(), what.to_be_bytes().as_slice()].concat());
        let step = STEP_MS.max(2 * self.hub.pace.min_block_interval_ms);
        let own = step.saturating_mul(STEPS * u64::from(seed[0])) / 256;
        due_ms.saturating_add(step).saturating_add(own)
    }

    /// What the hub has of the zone.
    async fn hub(&self) -> Option<(IZones::Zone, IMessages::Lane, IZones::Checkpoint)> {
        let id = self.zone;
        let zone = self.ask(&IZones::zoneCall { zoneId: id }, ZONES).await?;
        let lane = self
            .ask(&IMessages::laneCall { zoneId: id }, MESSAGES)
            .await?;
        let call = IZones::checkpointOfCall { zoneId: id };
        Some((zone, lane, self.ask(&call, ZONES).await?))
    }

    async fn ask<C: SolCall>(&self, call: &C, module: Address) -> Option<C::Return> {
        let input = call.abi_encode().into();
        match self.payer.outlook(module, &input).await? {
            Outlook::Returns(output, _) => C::abi_decode_returns(&output).ok(),
            Outlook::Refused(_) => None,
        }
    }

    /// The block that a message left in; `None` while nobody has sent it, or when this node does not have the block.
    fn block_of(&self, nonce: u64, newest: &Header) -> Option<Header> {
        // A node that joined from state has no older ones.
        let oldest = self.blocks.oldest()?.max(1);
        let (mut before, mut found) = (oldest - 1, newest.clone());
        let is_older = oldest > 1 && self.blocks.header(oldest)?.outbox.count > nonce;
        if found.outbox.count <= nonce || is_older {
            return None;
        }
        // Counts only grow: the first block that has more.
        while before + 1 < found.number {
            let middle = before + (found.number - before) / 2;
            let header = self.blocks.header(middle)?;
            if header.outbox.count > nonce {
                found = header;
            } else {
                before = middle;
            }
        }
        Some(found)
    }

    async fn checkpoint(&self, newest: &Header) -> Next {
        let height = Height::new(newest.number);
        let Some(finalization) = self.marshal.get_finalization(height).await else {
            return Next::NotYet;
        };
        let call = IZones::checkpointCall {
            zoneId: self.zone,
            header: newest.encode().to_vec().into(),
            certificate: finalization.encode().to_vec().into(),
        };
        Next::Call(ZONES, call.abi_encode().into())
    }

    /// Delivers messages of a range of nonces that the hub's checkpoint has, and that were sent in these blocks.
    async fn deliver(
        &self,
        mut blocks: RangeInclusive<u64>,
        (lane, count): (&IMessages::Lane, u64),
    ) -> Next {
        let nonces = lane.delivered..count;
        let (mut messages, mut proofs, mut bytes) = (Vec::<Message>::new(), Vec::new(), 0);
        let is_full = |messages: usize, bytes| {
            messages == MAX_DELIVERIES
                || bytes >= MAX_BYTES
                || nonces.start + messages as u64 == count
        };
        while !is_full(messages.len(), bytes) {
            let Some(block) = blocks.next() else {
                return Next::NotYet;
            };
            for message in self.sent(block) {
                if !nonces.contains(&message.nonce) || is_full(messages.len(), bytes) {
                    continue;
                }
                let Some(proof) = self.prove(message.nonce, count).await else {
                    return Next::NotYet;
                };
                bytes += message.data.len();
                messages.push(message);
                proofs.push(proof);
            }
        }
        let fees = paid(&messages, lane);
        Next::Deliver(Batch {
            messages,
            proofs,
            fees,
        })
    }

    /// What was sent in a block, in its order.
    fn sent(&self, block: u64) -> Vec<Message> {
        let receipts = self.blocks.receipts(block);
        let receipts = receipts.iter().flat_map(|receipts| receipts.iter());
        let logs = receipts.flat_map(|receipt| &receipt.logs);
        logs.filter(|log| log.address == MESSAGES)
            .filter_map(|log| IMessages::Sent::decode_log_data(&log.data).ok())
            .map(|event| event.message)
            .collect()
    }

    async fn prove(&self, nonce: u64, count: u64) -> Option<Vec<B256>> {
        let input = IMessages::proofCall { nonce, count }.abi_encode();
        let call = Call {
            caller: self.payer.address(),
            value: U256::ZERO,
            input: &input,
            is_static: true,
            gas_limit: QUERY_GAS,
        };
        match outlook(&self.head, self.chain_id, MESSAGES, &call).await? {
            Outlook::Returns(output, _) => IMessages::proofCall::abi_decode_returns(&output).ok(),
            Outlook::Refused(_) => None,
        }
    }
}

/// Messages that follow each other.
struct Batch {
    messages: Vec<Message>,
    proofs: Vec<Vec<B256>>,
    /// What each pays, wei.
    fees: Vec<U256>,
}

impl Batch {
    fn fees(&self) -> U256 {
        let fees = self.fees.iter();
        fees.fold(U256::ZERO, |sum, fee| sum.saturating_add(*fee))
    }

    fn truncate(&mut self, count: usize) {
        self.messages.truncate(count);
        self.proofs.truncate(count);
        self.fees.truncate(count);
    }

    fn input(&self, zone: u64) -> Bytes {
        let call = IMessages::deliverCall {
            zoneId: zone,
            messages: self.messages.clone(),
            proofs: self.proofs.clone(),
        };
        call.abi_encode().into()
    }
}

/// What messages pay, one after another, of what may leave their zone now.
fn paid(messages: &[Message], lane: &IMessages::Lane) -> Vec<U256> {
    let mut left = lane.outflowLimit.saturating_sub(lane.outflow);
    let mut take = |amount: U256| {
        let out = amount.min(left);
        left -= out;
        out
    };
    let pay = |message: &Message| {
        let fee = take(message.fee.min(MAX_MESSAGE_FEE));
        take(message.value);
        fee
    };
    messages.iter().map(pay).collect()
}

/// What a courier does next.
enum Next {
    /// Nothing, until there is another block.
    Nothing,
    /// Nothing, but something will be due soon.
    NotYet,
    /// A call to a module of the hub.
    Call(Address, Bytes),
    /// A delivery, or a part of it.
    Deliver(Batch),
    /// A call to the module of zones, worth all that the account has: the zone's blocks depend on it.
    Rescue(Bytes),
}
