//! What staking costs: gas and time of its calls, and the time of the end of a block.
//!
//! Calls are transactions on the chain's executor over a state in memory: their gas is what users pay, their
//! time is CPU time without the recovery of senders and without the database. The first round of each call
//! warms up; what is reported is the median of the others, in turns with few and with many delegators.
//!
//! A call costs the same gas however many delegators its operator has: the run fails when one does not. Gas
//! hangs on no clock, so no noise of the machine can fail it.

mod calls;
mod chain;
mod evidence;

use crate::{
    report::{Aim, Report},
    stats::median,
};
use calls::{Calls, Cost};
use chain::Chain;
use clap::Args;
use eyre::{OptionExt as _, Result, ensure};

const SECTION: &str = "staking";
/// Delegators of the chain that is compared with.
const FEW: u64 = 10;
/// Seats of the default genesis, and the most that there can be.
const SEATS: u64 = 21;
const MAX_SEATS: u64 = 128;

/// Sizes of the staking benchmark.
#[derive(Args, Clone, Debug)]
pub(crate) struct StakingArgs {
    /// Delegators of one operator, compared with 10 of them
    #[arg(long, default_value_t = 100_000)]
    delegators: u64,
    /// Rounds; each executes every call once on either chain
    #[arg(long, default_value_t = 100)]
    staking_rounds: usize,
}

/// Runs the benchmark.
///
/// # Errors
/// A call fails, or its gas grows with the number of delegators.
pub(crate) fn run(args: &StakingArgs, report: &mut Report) -> Result<()> {
    let rounds = args.staking_rounds;
    let mut calls = Calls::new(SEATS, [FEW, args.delegators], rounds)?;
    // Epochs 0 and 1 are over: everybody's stake counts.
    ends(&mut calls, args, report)?;
    let costs = calls.run()?;
    for cost in &costs {
        describe(cost, args, report);
    }
    report.detail("staking: calls", &costs)?;
    let mut chain = Chain::new(MAX_SEATS)?;
    chain.enter(2)?;
    let what = format!("{MAX_SEATS} seats");
    for (name, us) in end_of_blocks(std::slice::from_mut(&mut chain), rounds)? {
        let [us] = us[..] else {
            continue;
        };
        report.row(SECTION, format!("{name}, {what}"), us, "us", None);
    }
    let grown: Vec<&str> = costs
        .iter()
        .filter(|cost| cost.gas[1] > cost.gas[0])
        .map(|cost| cost.name.as_str())
        .collect();
    ensure!(
        grown.is_empty(),
        "gas grows with the number of delegators: {}",
        grown.join(", ")
    );
    Ok(())
}

fn describe(cost: &Cost, args: &StakingArgs, report: &mut Report) {
    let name = &cost.name;
    let [few_gas, many_gas] = cost.gas;
    let [few_us, many_us] = cost.us;
    let many = args.delegators;
    let aim = Some(Aim::AtMost(few_gas as f64));
    report.row(
        SECTION,
        format!("{name}, {many} delegators"),
        many_gas as f64,
        "gas",
        aim,
    );
    report.row(
        SECTION,
        format!("{name}, {many} delegators"),
        many_us,
        "us",
        None,
    );
    report.row(
        SECTION,
        format!("{name}: time over {FEW} delegators"),
        many_us / few_us,
        "x",
        None,
    );
}

/// The ends of blocks with few and with many delegators.
fn ends(calls: &mut Calls, args: &StakingArgs, report: &mut Report) -> Result<()> {
    let many = args.delegators;
    for (name, us) in end_of_blocks(&mut calls.chains, args.staking_rounds)? {
        let [few_us, many_us] = us[..] else {
            continue;
        };
        let row = format!("{name}, {SEATS} seats, {many} delegators");
        report.row(SECTION, row, many_us, "us", None);
        let row = format!("{name}, {SEATS} seats: time over {FEW} delegators");
        report.row(SECTION, row, many_us / few_us, "x", None);
    }
    Ok(())
}

/// Medians for each chain, us: of an ordinary block, of the freeze block, and of the next one, in which
/// staking only collects fees. Ends at that one.
fn end_of_blocks(chains: &mut [Chain], rounds: usize) -> Result<Vec<(&'static str, Vec<f64>)>> {
    // Away from the first block, which carries no finalization.
    let mut results = Vec::new();
    for chain in &mut *chains {
        chain.block(&[])?;
    }
    results.push(("end of a block", medians(chains, rounds)?));
    for chain in &mut *chains {
        chain.run_to_freeze()?;
    }
    results.push(("end of a freeze block", medians(chains, rounds)?));
    for chain in &mut *chains {
        chain.block(&[])?;
    }
    results.push(("end of a block after it", medians(chains, rounds)?));
    Ok(results)
}

fn medians(chains: &mut [Chain], rounds: usize) -> Result<Vec<f64>> {
    let mut values = vec![Vec::new(); chains.len()];
    for round in 0..=rounds {
        for (chain, values) in chains.iter_mut().zip(&mut values) {
            let us = chain.measure_end()? * 1e6;
            if round > 0 {
                values.push(us);
            }
        }
    }
    let medians = values.iter().map(|values| median(values));
    medians
        .collect::<Option<_>>()
        .ok_or_eyre("at least one round is needed")
}

#[cfg(test)]
mod tests;
