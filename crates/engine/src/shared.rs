//! One network for many chains: a channel per role, and on each a subchannel per chain.
//!
//! Channels cannot be added once the network runs, and zones come and go. The hub keeps channels of its own: quotas are per channel
//! and peer, so that no zone can starve it. A chain that does not read loses what it is sent, and nobody else does.

use crate::{Channels, Runtime};
use commonware_p2p::{
    Receiver, Sender,
    utils::mux::{Error, MuxHandle, Muxer, SubReceiver, SubSender},
};
use hansa_primitives::PublicKey;

/// The channels that the zones of a node share.
pub struct Shared<N: Sender>([MuxHandle<N>; Channels::<(), ()>::COUNT as usize]);

/// One zone's.
pub type ZoneChannels<N> = Channels<SubSender<N>, SubReceiver<PublicKey>>;

impl<N: Sender<PublicKey = PublicKey>> Shared<N> {
    /// Shares these channels.
    pub fn new<E: Runtime, R>(context: &E, channels: Channels<N, R>) -> Self
    where
        R: Receiver<PublicKey = PublicKey>,
    {
        let share = |(sender, receiver)| {
            let (muxer, open) = Muxer::new(context.child("mux"), sender, receiver);
            muxer.start();
            open
        };
        let Channels {
            votes,
            certificates,
            resolver,
            backfill,
            broadcast,
            state,
            code,
            guide,
        } = channels;
        Self(
            [
                votes,
                certificates,
                resolver,
                backfill,
                broadcast,
                state,
                code,
                guide,
            ]
            .map(share),
        )
    }

    /// The channels of the chain with an id, which ends with what holds them.
    ///
    /// # Errors
    /// They are taken, or the network has stopped.
    pub async fn open(&mut self, chain_id: u64) -> Result<ZoneChannels<N>, Error> {
        let [
            votes,
            certificates,
            resolver,
            backfill,
            broadcast,
            state,
            code,
            guide,
        ] = &mut self.0;
        Ok(Channels {
            votes: votes.register(chain_id).await?,
            certificates: certificates.register(chain_id).await?,
            resolver: resolver.register(chain_id).await?,
            backfill: backfill.register(chain_id).await?,
            broadcast: broadcast.register(chain_id).await?,
            state: state.register(chain_id).await?,
            code: code.register(chain_id).await?,
            guide: guide.register(chain_id).await?,
        })
    }
}
