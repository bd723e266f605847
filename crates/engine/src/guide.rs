//! From one committee to the next: how a node finds the present one, and helps others to.
//!
//! # Joining
//! A node with an empty disk knows the committee of epoch 0, from the genesis, or trusts a [`Checkpoint`]. From there it asks for
//! handovers, each signed by the committee before it, until peers say that the epoch has not ended. Any finalization of that
//! epoch's committee names a block of the chain; the newest of `f + 1` members' is at most as old as the newest that an honest one
//! knows. State sync begins there. On a zone the hub has the last word: who was handed over to has to be a committee that the hub
//! relies upon. Behind a cut, it has the first word too.
//!
//! # Afterwards
//! A node that syncs its state reaches the end of an epoch without having executed the block that fixes the next committee: it
//! asks for that handover too. Everybody answers, from what marshal and the state hold.

use crate::{
    Committees, Hub, Marshal, Runtime,
    committees::Entry,
    epocher::Epocher,
    handover::{Checkpoint, Handover, MAX_ANSWER_BYTES, MAX_HANDOVERS, Message, Root},
    head,
};
use commonware_codec::{DecodeExt as _, Encode as _, EncodeSize as _};
use commonware_consensus::{
    Epochable as _, Viewable as _,
    marshal::Identifier,
    types::{Epoch, Epocher as _, Height},
};
use commonware_macros::{select, select_loop};
use commonware_p2p::{Blocker, CheckedSender as _, Receiver, Recipients, Sender, block};
use commonware_parallel::Strategy;
use commonware_runtime::{ContextCell, Handle, spawn_cell};
use commonware_utils::channel::mpsc;
use hansa_primitives::{Finalization, PublicKey};
use hansa_state::Databases;
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

/// How long to wait for answers before asking again.
const RETRY: Duration = Duration::from_secs(1);
/// How often a node that joins says how far it is.
const REPORT: Duration = Duration::from_secs(10);

/// Asks for the handover from an epoch.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox(mpsc::Sender<u64>);

impl Mailbox {
    /// Asks every peer once; what they answer goes to [`Committees`].
    pub(crate) fn ask(&self, epoch: Epoch) {
        // A question that waits already is as good.
        let _ = self.0.try_send(epoch.get());
    }
}

/// Asks and answers.
pub(crate) struct Guide<E: Runtime, S, B, N, R> {
    pub(crate) context: ContextCell<E>,
    pub(crate) committees: Committees<E>,
    pub(crate) epocher: Epocher,
    pub(crate) blocker: B,
    pub(crate) strategy: S,
    /// Of a zone.
    pub(crate) hub: Option<Arc<dyn Hub>>,
    pub(crate) me: PublicKey,
    pub(crate) sender: N,
    pub(crate) receiver: R,
}

/// Whose answer, and what it says.
type Answer = (PublicKey, (Vec<Handover>, Option<Finalization>));

/// What members of a committee know, by member: the newest finalization, or that there is none.
type Replies = BTreeMap<PublicKey, Option<Finalization>>;

impl<E, S, B, N, R> Guide<E, S, B, N, R>
where
    E: Runtime,
    S: Strategy,
    B: Blocker<PublicKey = PublicKey>,
    N: Sender<PublicKey = PublicKey>,
    R: Receiver<PublicKey = PublicKey>,
{
    /// A recent finalization; its committee is known then. `None`: the chain has not begun.
    pub(crate) async fn find(&mut self, checkpoint: Option<Checkpoint>) -> Option<Finalization> {
        // Some may be known from an attempt before, and one from the hub.
        let mut epoch = self.committees.newest_known();
        let mut trusted = checkpoint.filter(|checkpoint| checkpoint.epoch >= epoch);
        if let Some(checkpoint) = trusted {
            epoch = checkpoint.epoch;
        }
        let mut replies = Replies::new();
        let mut ask_at = self.context.current();
        let mut report_at = ask_at + REPORT;
        loop {
            let now = self.context.current();
            if now >= ask_at {
                ask_at = self.ask(epoch);
            }
            if now >= report_at {
                tracing::info!(
                    epoch,
                    answers = replies.len(),
                    needed = self.needed(epoch),
                    "joining: waiting for members of this epoch's committee to say where the chain is; if nobody has blocks that old, begin with a younger checkpoint"
                );
                report_at = now + REPORT;
            }
            let Some((from, (handovers, newest))) = self.answer(epoch, ask_at).await else {
                continue;
            };
            let reached = self.walk(&from, epoch, handovers, trusted).await;
            if reached > epoch {
                tracing::info!(epoch = reached, "joining: this epoch's committee is known");
                (epoch, trusted) = (reached, None);
                (replies, ask_at) = (Replies::new(), self.context.current());
                continue;
            }
            let Some(entry) = self.committees.get(epoch).filter(|_| trusted.is_none()) else {
                continue;
            };
            let Some(reply) = self.judge(&from, &entry, newest) else {
                continue;
            };
            replies.insert(from, reply);
            if replies.len() >= self.needed(epoch) && self.is_relied_upon(&entry).await {
                return replies
                    .into_values()
                    .flatten()
                    .max_by_key(|newest| newest.view());
            }
        }
    }

    /// Whether what a committee says can be believed: by the hub, on a zone.
    async fn is_relied_upon(&self, entry: &Entry) -> bool {
        let Some(hub) = &self.hub else {
            return true;
        };
        let relied_upon = hub.relies_on(entry.id).await;
        let relied_upon =
            relied_upon.inspect_err(|error| tracing::warn!(%error, "cannot read the hub"));
        let is = relied_upon.unwrap_or_default();
        if !is {
            tracing::warn!(
                epoch = entry.committee.epoch,
                committee = %entry.id,
                "joining: the hub does not rely on this committee of the zone, or does not know it yet"
            );
        }
        is
    }

    /// Members other than this node whose word is enough: one of them is honest.
    fn needed(&self, epoch: u64) -> usize {
        let Some(entry) = self.committees.get(epoch) else {
            return 1;
        };
        let members = entry.committee.seats.len();
        members.saturating_sub(1) / 3 + 1
    }

    /// The next answer to a question about `epoch`, if it comes in time.
    async fn answer(&mut self, epoch: u64, deadline: SystemTime) -> Option<Answer> {
        let received = select! {
            received = self.receiver.recv() => received,
            _ = self.context.sleep_until(deadline) => return None,
        };
        let Ok((from, bytes)) = received else {
            // The network is gone: this node stops, and must not go on with less than it asked for.
            return std::future::pending().await;
        };
        match Message::decode(bytes) {
            Ok(Message::Answer {
                epoch: about,
                handovers,
                newest,
            }) if about == epoch => Some((from, (handovers, newest))),
            Ok(_) => None,
            Err(error) => {
                block!(
                    self.blocker,
                    from,
                    ?error,
                    "a malformed message about committees"
                );
                None
            }
        }
    }

    /// Asks every peer; gives when to ask again.
    fn ask(&mut self, epoch: u64) -> SystemTime {
        match self.sender.check(Recipients::All) {
            Ok(checked) => {
                let _ = checked.send(Message::Question { epoch }.encode(), false);
                self.context.current() + RETRY
            }
            // So much at once is not sent.
            Err(allowed) => allowed,
        }
    }

    fn last(&self, epoch: u64) -> Option<Height> {
        self.epocher.last(Epoch::new(epoch))
    }

    /// Learns the committees that these handovers name, the first on the word of `trusted` if that is given. Gives the last epoch.
    async fn walk(
        &mut self,
        from: &PublicKey,
        mut epoch: u64,
        handovers: Vec<Handover>,
        mut trusted: Option<Checkpoint>,
    ) -> u64 {
        let start = epoch;
        for handover in handovers {
            let Some(last) = self.last(epoch) else { break };
            let valid = match (trusted.take(), self.committees.get(epoch)) {
                (Some(checkpoint), _) => {
                    let hash = handover.header.hash();
                    if hash != checkpoint.hash || handover.header.number != last.get() {
                        tracing::warn!(%from, %checkpoint, theirs = %hash, "a peer's last block of that epoch is not the checkpoint: one of them is wrong");
                        break;
                    }
                    true
                }
                (None, Some(entry)) => {
                    let runtime = self.context.as_present_mut();
                    handover.follows(runtime, &entry, last, &self.strategy)
                }
                (None, None) => break,
            };
            let next = handover.next().filter(|_| valid);
            let Some(next) = next else {
                block!(
                    self.blocker,
                    from.clone(),
                    epoch,
                    "a false handover between committees"
                );
                break;
            };
            self.committees
                .learn(next, Some(Root::from(&handover.header)));
            epoch += 1;
        }
        if epoch > start {
            self.committees.save().await;
        }
        epoch
    }

    /// What a member says about its own epoch, if it says something that counts.
    fn judge(
        &mut self,
        from: &PublicKey,
        entry: &Entry,
        newest: Option<Finalization>,
    ) -> Option<Option<Finalization>> {
        if *from == self.me || entry.fee_recipient(from).is_none() {
            return None;
        }
        let epoch = entry.committee.epoch;
        let Some(newest) = newest else {
            // Only a chain that has not begun has none.
            return (epoch == 0).then_some(None);
        };
        if newest.epoch().get() != epoch {
            return None;
        }
        let runtime = self.context.as_present_mut();
        if !newest.verify(runtime, entry.scheme.as_ref(), &self.strategy) {
            block!(self.blocker, from.clone(), epoch, "a false finalization");
            return None;
        }
        Some(Some(newest))
    }

    /// Answers peers, once there are `databases`, and asks on behalf of whoever has the mailbox.
    pub(crate) fn start(
        mut self,
        marshal: Marshal,
        databases: Arc<OnceLock<Databases<E, S>>>,
        questions: mpsc::Receiver<u64>,
    ) -> Handle<()> {
        spawn_cell!(self.context, self.run(marshal, databases, questions))
    }

    async fn run(
        mut self,
        marshal: Marshal,
        databases: Arc<OnceLock<Databases<E, S>>>,
        mut questions: mpsc::Receiver<u64>,
    ) {
        let mut asked = None;
        select_loop! {
            self.context,
            on_stopped => {},
            Some(epoch) = questions.recv() else break => {
                asked = Some(epoch);
                self.ask(epoch);
            },
            Ok((from, bytes)) = self.receiver.recv() else break => match Message::decode(bytes) {
                Ok(Message::Question { epoch }) => {
                    let Some(databases) = databases.get() else {
                        continue;
                    };
                    let Some(answer) = self.answer_to(epoch, &marshal, databases).await else {
                        continue;
                    };
                    if let Ok(checked) = self.sender.check(Recipients::One(from)) {
                        let _ = checked.send(answer.encode(), false);
                    }
                }
                Ok(Message::Answer { epoch, mut handovers, .. }) => {
                    if asked == Some(epoch) && self.committees.get(epoch + 1).is_none() {
                        // Not further: blocks of the epochs between are still to come.
                        handovers.truncate(1);
                        self.walk(&from, epoch, handovers, None).await;
                    }
                }
                Err(error) => {
                    block!(self.blocker, from, ?error, "a malformed message about committees");
                }
            },
        }
    }

    /// What this node can say about an epoch. `None`: nothing.
    async fn answer_to(
        &mut self,
        epoch: u64,
        marshal: &Marshal,
        databases: &Databases<E, S>,
    ) -> Option<Message> {
        let mut handovers = Vec::new();
        let mut bytes = 0;
        // Any peer names any epoch.
        let most = MAX_HANDOVERS as u64 - 1;
        for at in epoch..=epoch.saturating_add(most) {
            let Some(handover) = self.handover(at, marshal, databases).await else {
                break;
            };
            bytes += handover.encode_size();
            handovers.push(handover);
            if bytes >= MAX_ANSWER_BYTES {
                break;
            }
        }
        let newest = if handovers.is_empty() {
            let (height, _) = marshal.get_info(Identifier::Latest).await?;
            match marshal.get_finalization(height).await {
                None if height > Height::zero() => return None,
                newest => newest,
            }
        } else {
            None
        };
        Some(Message::Answer {
            epoch,
            handovers,
            newest,
        })
    }

    async fn handover(
        &mut self,
        epoch: u64,
        marshal: &Marshal,
        databases: &Databases<E, S>,
    ) -> Option<Handover> {
        let last = self.last(epoch)?;
        if self.epocher.is_cut(Epoch::new(epoch)) {
            return None;
        }
        let finalization = marshal.get_finalization(last).await?;
        let header = marshal.get_block(last).await?.inner().header().clone();
        let seats = head::seats(databases, header.next_committee).await;
        let seats = seats
            .inspect_err(|error| tracing::warn!(%error, epoch, "cannot read a committee"))
            .ok()
            // Blocks can be ahead of the state, which does not know the committee then.
            .filter(|seats| !seats.is_empty())?;
        Some(Handover {
            header,
            finalization,
            seats,
        })
    }
}

/// A mailbox, and what comes through it.
pub(crate) fn questions() -> (Mailbox, mpsc::Receiver<u64>) {
    let (sender, receiver) = mpsc::channel(1);
    (Mailbox(sender), receiver)
}
