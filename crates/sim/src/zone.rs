//! A zone beside the hub, as an operator runs it.

use crate::{
    Account,
    league::{SENDERS_PER_OPERATOR, zone_partition},
    operator::{ChainSetup, Feed, Setup, Started, States, start},
    reseeding::Reseeding,
    traffic::Traffic,
    warning,
};
use commonware_cryptography::Signer as _;
use commonware_macros::select;
use commonware_p2p::{Receiver, Sender};
use commonware_parallel::Sequential;
use commonware_runtime::{Clock as _, Spawner as _, Supervisor as _, deterministic::Context};
use futures::lock::Mutex;
use hansa_engine::{
    Accuser, Channels, Courier, Hub, HubBlock, HubBlocks, Join, LocalHub, Payer, Shared, ZoneBlocks,
};
use hansa_index::Index;
use hansa_modules::zones::Reseed;
use hansa_primitives::{Genesis, Header, PublicKey, Receipt};
use std::{sync::Arc, time::Duration};

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
    fn oldest(&self) -> Option<u64> {
        self.0.oldest()
    }

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

/// An operator's hub, for a zone.
pub(crate) fn hub(
    context: &Context,
    states: States,
    index: &Index,
    (hub, zone): (&Genesis, &Genesis),
) -> Arc<dyn Hub> {
    let blocks = Indexed(index.clone());
    let context = context.child("zones_hub");
    Arc::new(LocalHub::new(id_of(zone), context, states, blocks, hub))
}

fn id_of(zone: &Genesis) -> u64 {
    zone.zone.as_ref().map_or(0, |zone| zone.id)
}

/// What a zone needs of its operator's hub: what it follows, and who pays there.
type Upstream = (Arc<dyn Hub>, Payer<Context, Sequential, Index>);

/// Runs an operator's part of a zone, and runs it anew when it was cut.
pub(crate) fn spawn<N>(
    context: &Context,
    setup: &Setup,
    genesis: Arc<Genesis>,
    upstream: Upstream,
    shared: Arc<Mutex<Shared<N>>>,
) where
    N: Sender<PublicKey = PublicKey>,
{
    let setup = setup.clone();
    context.child("zone").spawn(move |context| async move {
        let reseeding = match &genesis.zone {
            Some(zone) if zone.id == 1 => setup.league.reseeding.clone(),
            _ => Reseeding::default(),
        };
        let partition = zone_partition(&setup.partition, &genesis);
        let index = setup.league.kept(&partition, &genesis).index;
        // One task fewer ends in a crash, and the order in which they end is nobody's: runs with it come to the same blocks twice.
        if !reseeding.is_planned() {
            let channels = shared.lock().await.open(genesis.chain_id).await;
            let channels = channels.unwrap_or_else(|error| panic!("channels: {error}"));
            run(&context, &setup, genesis, upstream, Arc::from([]), channels).await;
            return;
        }
        loop {
            let reseeds = reseeding.known();
            let (own, genesis, upstream) = (setup.clone(), genesis.clone(), upstream.clone());
            let channels = shared.lock().await.open(genesis.chain_id).await;
            let channels = channels.unwrap_or_else(|error| panic!("channels: {error}"));
            let chain = genesis.clone();
            let mut running = context.child("run").spawn(move |context| async move {
                run(&context, &own, chain, upstream, reseeds.into(), channels).await;
            });
            select! {
                _ = &mut running => return,
                () = reseeding.until_cut(&context, &setup, &genesis) => {},
                () = reseeding.until_stopped(&context, setup.operator, &index) => {
                    running.abort();
                    reseeding.until_cut(&context, &setup, &genesis).await;
                },
            }
            running.abort();
            let _ = running.await;
            // What it had started ends too.
            context.sleep(Duration::from_secs(1)).await;
        }
    });
}

/// Runs it once. Somebody there keeps paying whom the members warn of.
async fn run<N, R>(
    context: &Context,
    setup: &Setup,
    genesis: Arc<Genesis>,
    (hub, payer): Upstream,
    reseeds: Arc<[Reseed]>,
    channels: Channels<N, R>,
) where
    N: Sender<PublicKey = PublicKey>,
    R: Receiver<PublicKey = PublicKey>,
{
    let (league, operator) = (&setup.league, setup.operator);
    let partition = zone_partition(&setup.partition, &genesis);
    let index = league.kept(&partition, &genesis).index;
    let zone = ChainSetup {
        feed: Feed {
            me: league.keys[operator].public_key(),
            kept: league.kept(&partition, &genesis),
            monitor: None,
            joins: league.joins(operator),
        },
        genesis: genesis.clone(),
        partition,
        join: league.joins(operator).then(Join::default),
        hub: Some(hub),
        reseeds,
    };
    let Started {
        chain,
        pool,
        state,
        evidence,
        ..
    } = start(context, setup, zone, channels).await;
    if league.ends && id_of(&genesis) == 1 {
        *setup.ending.lock() = Some(chain.databases.0.clone());
    }
    let accuser = Accuser {
        evidence,
        payer: payer.clone(),
    };
    let task = context.child("accuser");
    drop(task.spawn(move |context| accuser.run(context)));
    if league.traffic {
        let courier = Courier {
            zone: id_of(&genesis),
            chain_id: genesis.chain_id,
            hub: league.genesis.clone(),
            me: league.keys[operator].public_key(),
            blocks: Indexed(index),
            marshal: chain.marshal.clone(),
            head: state.clone(),
            payer,
        };
        let task = context.child("courier");
        drop(task.spawn(move |context| courier.run(context)));
        let traffic = Traffic::on_zone(setup, operator, genesis.chain_id);
        let (pool, state) = (pool.clone(), state.clone());
        let task = context.child("traffic");
        let play = move |context| async move { traffic.play(&context, &pool, &state).await };
        drop(task.spawn(play));
    }
    if let Some(warning) = &league.warning {
        let payer = (operator as u32 + 1) * SENDERS_PER_OPERATOR - 1;
        let payer = Account::new(payer, genesis.chain_id);
        warning::pay(context, warning, payer, &pool, &state).await;
    }
    let _ = chain.consensus.await;
}
