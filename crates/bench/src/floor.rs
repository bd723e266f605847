//! The floor: what a transaction costs when a node does nothing but recover its sender, execute it and
//! commit its changes. One process, one thread of work, CPU time of the process's own clock.
//!
//! The steps of each block alternate, so that noise of the machine falls on all alike. Executing over
//! QMDB, through the bridge that a node uses, is measured beside the sum: what it costs more than
//! executing over memory is overhead, not floor.

use crate::{
    cpu::own_seconds,
    report::Report,
    token::Token,
    world::{Kind, Work, World, execute},
};
use alloy_consensus::Transaction as _;
use clap::Args;
use commonware_glue::stateful::db::DatabaseSet;
use commonware_parallel::Sequential;
use commonware_runtime::{Runner as _, Supervisor as _, buffer::paged::CacheRef, tokio};
use commonware_utils::{NZU16, NZU64, NZUsize};
use eyre::{Result, ensure};
use hansa_evm::Changes;
use hansa_state::{Config, Databases, Prefetch, merkleize};
use serde::Serialize;

type Dbs = Databases<tokio::Context, Sequential>;

/// Accounts and slots of one commit while the databases are filled.
const PIECE: usize = 50_000;

/// Sizes of the floor benchmark.
#[derive(Args, Clone, Debug)]
pub(crate) struct FloorArgs {
    /// Accounts in the state; may be given several times
    #[arg(long, default_values_t = [10_000, 1_000_000])]
    pub(crate) accounts: Vec<usize>,
    /// Blocks of each kind of transaction
    #[arg(long, default_value_t = 30)]
    pub(crate) blocks: usize,
    /// Transactions per block
    #[arg(long, default_value_t = 1_000)]
    pub(crate) txs: usize,
}

/// CPU time per transaction, microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Costs {
    recover_us: f64,
    execute_us: f64,
    commit_us: f64,
    execute_over_qmdb_us: f64,
}

impl Costs {
    /// The floor.
    fn sum_us(&self) -> f64 {
        self.recover_us + self.execute_us + self.commit_us
    }

    fn per(self, transactions: usize) -> Self {
        let per = |seconds: f64| seconds * 1e6 / transactions as f64;
        Self {
            recover_us: per(self.recover_us),
            execute_us: per(self.execute_us),
            commit_us: per(self.commit_us),
            execute_over_qmdb_us: per(self.execute_over_qmdb_us),
        }
    }
}

/// The section of the report, and the names that the league's ratios are computed from.
pub(crate) const SECTION: &str = "floor";

/// The name of the row with the sum.
pub(crate) fn sum_name(kind: Kind, accounts: usize) -> String {
    format!("{}, {accounts} accounts: sum", kind.name())
}

/// Runs the benchmark.
///
/// # Errors
/// A block fails, or the databases cannot be written.
pub(crate) fn run(args: &FloorArgs, token: Option<&Token>, report: &mut Report) -> Result<()> {
    if token.is_none() {
        report.note("floor: no token (make contracts), so no ERC-20 transfers");
    }
    for accounts in &args.accounts {
        let directory = tempfile::tempdir()?;
        let config = tokio::Config::new().with_storage_directory(directory.path().join("storage"));
        let results = tokio::Runner::new(config)
            .start(|context| async move { measure(context, args, *accounts, token).await })?;
        for (kind, costs) in results {
            let name = |step: &str| format!("{}, {accounts} accounts: {step}", kind.name());
            report.row(SECTION, name("recover"), costs.recover_us, "us", None);
            report.row(SECTION, name("execute"), costs.execute_us, "us", None);
            report.row(SECTION, name("commit"), costs.commit_us, "us", None);
            report.row(
                SECTION,
                sum_name(kind, *accounts),
                costs.sum_us(),
                "us",
                None,
            );
            let bridged = costs.execute_over_qmdb_us;
            report.row(
                SECTION,
                name("execute over QMDB instead"),
                bridged,
                "us",
                None,
            );
            report.detail(&format!("floor {kind:?} {accounts}"), &costs)?;
        }
    }
    Ok(())
}

async fn measure(
    context: tokio::Context,
    args: &FloorArgs,
    accounts: usize,
    token: Option<&Token>,
) -> Result<Vec<(Kind, Costs)>> {
    let mut world = World::new(accounts, token)?;
    let databases = open(&context).await;
    for piece in world.pieces(PIECE) {
        commit(&databases, &piece).await?;
    }
    let mut results = Vec::new();
    let kinds = [Some(Kind::Transfer), token.map(|_| Kind::Erc20)];
    for kind in kinds.into_iter().flatten() {
        let mut costs = Costs::default();
        // One block before the clock starts: caches are warm in a node too.
        for block in 0..=args.blocks {
            let work = world.work(kind, args.txs)?;
            let cost = block_costs(&context, &mut world, &databases, &work).await?;
            if block > 0 {
                costs.recover_us += cost.recover_us;
                costs.execute_us += cost.execute_us;
                costs.commit_us += cost.commit_us;
                costs.execute_over_qmdb_us += cost.execute_over_qmdb_us;
            }
        }
        results.push((kind, costs.per(args.blocks * args.txs)));
    }
    Ok(results)
}

/// The costs of one block, in seconds.
async fn block_costs(
    context: &tokio::Context,
    world: &mut World,
    databases: &Dbs,
    work: &Work,
) -> Result<Costs> {
    let start = own_seconds();
    let senders = hansa_mempool::recover(&work.transactions, &Sequential);
    let recovered = own_seconds();
    let outcome = world.execute(work)?;
    let executed = own_seconds();
    let bridged = execute_over_qmdb(context, world, databases, work).await?;
    let bridged_at = own_seconds();
    commit(databases, &outcome.changes).await?;
    let committed = own_seconds();
    ensure!(bridged == outcome.changes, "memory and QMDB must agree");
    for (recovered, sender) in senders.into_iter().zip(work.senders.iter()) {
        ensure!(recovered? == *sender, "a sender was not recovered");
    }
    world.apply(&outcome.changes);
    Ok(Costs {
        recover_us: recovered - start,
        execute_us: executed - recovered,
        execute_over_qmdb_us: bridged_at - executed,
        commit_us: committed - bridged_at,
    })
}

async fn open(context: &tokio::Context) -> Dbs {
    let config = Config {
        partition: "bench".into(),
        // 64 MiB.
        page_cache: CacheRef::new(NZU16!(4_096), NZUsize!(16_384)),
        write_buffer: NZUsize!(1 << 20),
        items_per_blob: NZU64!(1 << 18),
        strategy: Sequential,
    };
    let config = config.databases::<tokio::Context>();
    <Dbs as DatabaseSet<tokio::Context>>::init(context.child("databases"), config, None).await
}

/// Writes a block's changes and waits until they are durable.
async fn commit(databases: &Dbs, changes: &Changes) -> Result<()> {
    let batches = DatabaseSet::<tokio::Context>::new_batches(databases).await;
    let merkleized = merkleize::<tokio::Context, Sequential>(batches, changes).await?;
    DatabaseSet::<tokio::Context>::apply(databases, merkleized).await;
    let barrier = DatabaseSet::<tokio::Context>::finalize(databases).await;
    ensure!(barrier.durable().await, "the databases were closed");
    Ok(())
}

/// Executes as a node does: the accounts that are known beforehand are read ahead, everything else
/// goes over the bridge.
async fn execute_over_qmdb(
    context: &tokio::Context,
    world: &World,
    databases: &Dbs,
    work: &Work,
) -> Result<Changes> {
    let batches = DatabaseSet::<tokio::Context>::new_batches(databases).await;
    let (rules, params) = (world.rules.clone(), world.params());
    let mut accounts = vec![params.beneficiary, rules.treasury];
    accounts.extend(work.senders.iter());
    accounts.extend(work.transactions.iter().filter_map(|tx| tx.to()));
    let prefetch = Prefetch {
        accounts,
        storage: Vec::new(),
    };
    let work = work.clone();
    let (_, outcome) =
        hansa_state::execute(context.child("execute"), batches, prefetch, move |db| {
            execute(rules, params, db, &work)
        })
        .await?;
    Ok(outcome?.changes)
}
