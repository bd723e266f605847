//! A zone beside the hub, as an operator runs it.

use crate::{
    Account,
    league::{SENDERS_PER_OPERATOR, ZONE, ZONE_ID, zone_partition},
    operator::{ChainSetup, Feed, Setup, Started, States, start},
    warning,
};
use commonware_cryptography::Signer as _;
use commonware_p2p::{Receiver, Sender};
use commonware_runtime::{Spawner as _, Supervisor as _, deterministic::Context};
use hansa_engine::{Channels, Hub, HubBlock, HubBlocks, LocalHub, Shared, ZoneBlocks};
use hansa_index::Index;
use hansa_primitives::{Genesis, Header, PublicKey, Receipt};
use std::sync::Arc;

/// The hub's blocks by its index, whose every block is executed.
struct Indexed(Index);

impl HubBlocks for Indexed {
    fn newest(&self) -> Option<HubBlock> {
        let (number, _) = self.0.head()?;
        self.at(number)
    }

    fn at(&self, number: u64) -> Option<HubBlock> {
        let header = self.0.header(number).ok().flatten();
        header.map(|(_, header)| HubBlock::from(&header))
    }
}

impl ZoneBlocks for Indexed {
    fn newest(&self) -> Option<Header> {
        let (number, _) = self.0.head()?;
        self.header(number)
    }

    fn header(&self, number: u64) -> Option<Header> {
        let header = self.0.header(number).ok().flatten();
        header.map(|(_, header)| header)
    }

    fn receipts(&self, number: u64) -> Option<Arc<Vec<Receipt>>> {
        self.0.receipts(number).ok().flatten()
    }
}

/// An operator's hub, for its zones.
pub(crate) fn hub(
    context: &Context,
    states: States,
    index: &Index,
    genesis: &Genesis,
) -> Arc<dyn Hub> {
    let blocks = Indexed(index.clone());
    let context = context.child("zones_hub");
    Arc::new(LocalHub::new(ZONE, context, states, blocks, genesis))
}

/// Runs an operator's part of the zone. Somebody there keeps paying whom the members warn of.
pub(crate) fn spawn<N, R>(
    context: &Context,
    setup: &Setup,
    genesis: Arc<Genesis>,
    hub: Arc<dyn Hub>,
    channels: Channels<N, R>,
) where
    N: Sender<PublicKey = PublicKey>,
    R: Receiver<PublicKey = PublicKey>,
{
    let setup = setup.clone();
    context.child("zone").spawn(move |context| async move {
        let (league, operator) = (&setup.league, setup.operator);
        let partition = zone_partition(&setup.partition);
        let mut shared = Shared::new(&context, channels);
        let channels = shared.open(genesis.chain_id).await;
        let channels = channels.unwrap_or_else(|error| panic!("channels: {error}"));
        let zone = ChainSetup {
            feed: Feed {
                me: league.keys[operator].public_key(),
                kept: league.kept(&partition, &genesis),
                monitor: None,
                joins: false,
            },
            genesis,
            partition,
            join: None,
            hub: Some(hub),
        };
        let Started {
            chain, pool, state, ..
        } = start(&context, &setup, zone, channels).await;
        if let Some(warning) = &league.warning {
            let payer = (operator as u32 + 1) * SENDERS_PER_OPERATOR - 1;
            let payer = Account::new(payer, ZONE_ID);
            warning::pay(&context, warning, payer, &pool, &state).await;
        }
        let _ = chain.consensus.await;
    });
}
