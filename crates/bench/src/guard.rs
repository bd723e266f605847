//! What enforcing directives costs: the same block on a plain EVM, and on the chain's executor with no
//! directive, with one, and with many. None of them concerns the block's accounts.
//!
//! Rounds of all variants, in turns; what is reported is the median over the rounds of each round's
//! own ratio, so that a slow phase of the machine hits both sides of it.

use crate::{
    cpu::own_seconds,
    report::{Aim, Report},
    stats::median,
    token::Token,
    world::{Kind, Work, World},
};
use alloy_primitives::{Address, U256, keccak256};
use alloy_sol_types::SolValue;
use clap::Args;
use eyre::{OptionExt as _, Result, ensure};
use hansa_abi::GUARD;
use hansa_evm::{BlockDb, EvmContext, MemoryDb, directive_on, tx_env};
use hansa_primitives::{Receipt, receipts_bloom};
use revm::{ExecuteEvm, MainBuilder, context::CfgEnv, context_interface::result::ExecutionResult};
use serde::Serialize;

const SECTION: &str = "guard";
/// Where directives end: long after every block here, in seconds.
const UNTIL: u64 = 4_000_000_000;
/// The guard's storage layout: the latest end of any directive, and the mapping of targets.
const LATEST_UNTIL: U256 = U256::ZERO;
const TARGETS: U256 = U256::from_limbs([6, 0, 0, 0]);
/// Seed of the blocked addresses.
const SEED: u64 = 66;

/// Sizes of the guard benchmark.
#[derive(Args, Clone, Debug)]
pub(crate) struct GuardArgs {
    /// Directives of the variant with many
    #[arg(long, default_value_t = 10_000)]
    pub(crate) directives: u64,
    /// Rounds; each executes one block per variant
    #[arg(long, default_value_t = 200)]
    pub(crate) rounds: usize,
    /// Transactions per block
    #[arg(long, default_value_t = 1_000)]
    pub(crate) txs: usize,
    /// Accounts in the state
    #[arg(long, default_value_t = 10_000)]
    pub(crate) guard_accounts: usize,
}

/// The chains that are compared, in the order of the measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variant {
    /// revm without modules and guard.
    Plain,
    /// The chain's executor; no directive.
    None,
    /// One.
    One,
    /// Many.
    Many,
}

impl Variant {
    const ALL: [Self; 4] = [Self::Plain, Self::None, Self::One, Self::Many];
}

/// Medians over the rounds.
#[derive(Clone, Copy, Debug, Serialize)]
struct Medians {
    none_us: f64,
    none_over_plain_percent: f64,
    one_over_none_percent: f64,
    many_over_none_percent: f64,
    many_over_one_percent: f64,
}

/// Runs the benchmark.
///
/// # Errors
/// A block fails.
pub(crate) fn run(args: &GuardArgs, token: Option<&Token>, report: &mut Report) -> Result<()> {
    let mut world = World::new(args.guard_accounts, token)?;
    let kinds = [Some(Kind::Transfer), token.map(|_| Kind::Erc20)];
    let works = kinds
        .into_iter()
        .flatten()
        .map(|kind| Ok((kind, world.work(kind, args.txs)?)))
        .collect::<Result<Vec<_>>>()?;
    // A work's nonces follow on those of the work before it.
    for (kind, work) in works {
        let result = compare(args, &mut world, &work)?;
        let what = |text: String| format!("{}: {text}", kind.name());
        let many = args.directives;
        report.row(
            SECTION,
            what("no directive".into()),
            result.none_us,
            "us/tx",
            None,
        );
        let rows = [
            (
                "no directive, over plain revm".to_owned(),
                result.none_over_plain_percent,
                Some(Aim::AtMost(2.0)),
            ),
            (
                "1 directive, over none".to_owned(),
                result.one_over_none_percent,
                None,
            ),
            (
                format!("{many} directives, over none"),
                result.many_over_none_percent,
                None,
            ),
            (
                format!("{many} directives, over 1"),
                result.many_over_one_percent,
                Some(Aim::AtMost(5.0)),
            ),
        ];
        for (name, value, aim) in rows {
            report.row(SECTION, what(name), value, "%", aim);
        }
        report.detail(&format!("guard {kind:?}"), &result)?;
        let outcome = world.execute(&work)?;
        world.apply(&outcome.changes);
    }
    Ok(())
}

fn compare(args: &GuardArgs, world: &mut World, work: &Work) -> Result<Medians> {
    let unguarded = world.db.clone();
    let one = with_directives(world, &unguarded, 1)?;
    let many = with_directives(world, &unguarded, args.directives)?;
    let mut states = [unguarded.clone(), unguarded, one, many];
    let mut seconds: [Vec<f64>; 4] = Default::default();
    // The first round warms up.
    for round in 0..=args.rounds {
        for turn in 0..Variant::ALL.len() {
            let index = (round + turn) % Variant::ALL.len();
            std::mem::swap(&mut world.db, &mut states[index]);
            let start = own_seconds();
            match Variant::ALL[index] {
                Variant::Plain => plain(world, work)?,
                _ => drop(world.execute(work)?),
            }
            let took = own_seconds() - start;
            std::mem::swap(&mut world.db, &mut states[index]);
            if round > 0 {
                seconds[index].push(took);
            }
        }
    }
    let over = |variant: Variant, base: Variant| -> Result<f64> {
        let pairs = seconds[variant as usize]
            .iter()
            .zip(&seconds[base as usize]);
        let ratios: Vec<f64> = pairs.map(|(a, b)| (a / b - 1.0) * 100.0).collect();
        median(&ratios).ok_or_eyre("at least one round is needed")
    };
    let none = median(&seconds[Variant::None as usize]).unwrap_or_default();
    Ok(Medians {
        none_us: none * 1e6 / work.transactions.len() as f64,
        none_over_plain_percent: over(Variant::None, Variant::Plain)?,
        one_over_none_percent: over(Variant::One, Variant::None)?,
        many_over_none_percent: over(Variant::Many, Variant::None)?,
        many_over_one_percent: over(Variant::Many, Variant::One)?,
    })
}

/// The state with `count` block directives in force, as the guard's own lookup confirms.
fn with_directives(world: &World, state: &MemoryDb, count: u64) -> Result<MemoryDb> {
    let mut state = state.clone();
    state
        .storage
        .insert((GUARD, LATEST_UNTIL), U256::from(UNTIL));
    for id in 1..=count {
        let slot = target_slot(target(id));
        let entry = U256::from_limbs([UNTIL, id, 0, 0]);
        state.storage.insert((GUARD, slot), entry);
    }
    let now = world.params().timestamp();
    let mut reader = BlockDb::new(&mut state);
    for id in [1, count] {
        let directive = directive_on(&mut reader, target(id), now)?;
        ensure!(
            directive.is_some(),
            "the guard does not see directive {id}: has its layout changed?"
        );
    }
    Ok(state)
}

fn target(id: u64) -> Address {
    crate::accounts::address(SEED, id)
}

fn target_slot(target: Address) -> U256 {
    U256::from_be_bytes(keccak256((target, TARGETS).abi_encode()).0)
}

/// Does what the chain's executor does for a block, without its modules and guard.
fn plain(world: &mut World, work: &Work) -> Result<()> {
    let params = world.params();
    let chain_id = world.rules.chain_id;
    let mut evm = EvmContext::new(BlockDb::new(&mut world.db), params.spec())
        .with_block(params.env())
        .modify_cfg_chained(|cfg: &mut CfgEnv| cfg.chain_id = chain_id)
        .build_mainnet();
    let (mut receipts, mut gas) = (Vec::new(), 0);
    for (transaction, sender) in work.transactions.iter().zip(work.senders.iter()) {
        let result = evm.transact_one(tx_env(transaction, *sender))?;
        gas += result.gas().tx_gas_used();
        let ExecutionResult::Success { logs, .. } = result else {
            eyre::bail!("{} failed", transaction.tx_hash());
        };
        receipts.push(Receipt {
            tx_type: transaction.tx_type(),
            success: true,
            cumulative_gas_used: gas,
            logs,
        });
    }
    let journal = evm.finalize();
    let fees = U256::from(gas) * U256::from(params.base_fee_per_gas);
    let db = evm.ctx.journaled_state.database;
    let changes = db.into_changes(journal, &[(world.rules.treasury, fees)])?;
    ensure!(
        !changes.is_empty() && !receipts_bloom(&receipts).is_zero() || gas > 0,
        "nothing was done"
    );
    Ok(())
}

#[cfg(test)]
mod tests;
