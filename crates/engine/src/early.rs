//! Messages of the next epoch that arrive before this node enters it.
//!
//! Nodes cross a boundary some milliseconds apart, and votes are sent once. Where the first votes of an epoch were lost on
//! as few nodes as a quorum lacks, its first view ended only with the certification timeout: those who voted had voted, and those
//! who had not heard them waited for a proposal.

use commonware_consensus::types::Epoch;
use commonware_p2p::{Channel, Message, Receiver, utils::mux::SubReceiver};
use commonware_utils::channel::mpsc;
use hansa_primitives::PublicKey;
use std::{
    collections::{HashMap, VecDeque},
    num::NonZeroUsize,
};

/// Messages kept of one sender: what it signs in a few views. Who needs more is behind by more than a moment, and gets certificates.
const PER_SENDER: usize = 32;

/// Largest message that is kept: a certificate of the largest committee has half of this.
const MAX_BYTES: usize = 16 * 1024;

/// What was heard of one epoch.
#[derive(Debug, Default)]
pub(crate) struct Early {
    messages: VecDeque<Message<PublicKey>>,
    senders: HashMap<PublicKey, usize>,
}

impl Early {
    /// Keeps a message, unless it is too large or its sender has sent too many.
    pub(crate) fn keep(&mut self, message: Message<PublicKey>) {
        if message.1.len() > MAX_BYTES {
            return;
        }
        let sent = self.senders.entry(message.0.clone()).or_default();
        if *sent < PER_SENDER {
            *sent += 1;
            self.messages.push_back(message);
        }
    }

    /// A receiver of what was kept, of what still waits in `others` for `epoch`, and then of `subchannel`.
    pub(crate) fn then(
        mut self,
        others: &mut mpsc::Receiver<(Channel, Message<PublicKey>)>,
        epoch: Epoch,
        subchannel: SubReceiver<PublicKey>,
    ) -> Replayed {
        while let Ok((of, message)) = others.try_recv() {
            if of == epoch.get() {
                self.keep(message);
            }
        }
        Replayed {
            early: self.messages,
            then: subchannel,
        }
    }
}

/// A subchannel that begins with what was sent before it was open.
#[derive(Debug)]
pub(crate) struct Replayed {
    early: VecDeque<Message<PublicKey>>,
    then: SubReceiver<PublicKey>,
}

impl Receiver for Replayed {
    type Error = <SubReceiver<PublicKey> as Receiver>::Error;
    type PublicKey = PublicKey;

    async fn recv(&mut self) -> Result<Message<PublicKey>, Self::Error> {
        match self.early.pop_front() {
            Some(message) => Ok(message),
            None => self.then.recv().await,
        }
    }

    fn capacity(&self) -> NonZeroUsize {
        self.then.capacity()
    }
}
