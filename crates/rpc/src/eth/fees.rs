//! Fee suggestions and history.

use crate::{
    deadline::Deadline,
    errors::{CallResult, Fault},
    method::{Method, handler},
    node::Node,
};
use alloy_consensus::Transaction as _;
use alloy_eips::BlockNumberOrTag;
use alloy_primitives::{B256, U64, U128, U256};
use alloy_rpc_types_eth::FeeHistory;
use hansa_index::FinalizedBlock;
use hansa_primitives::next_base_fee;
use parking_lot::Mutex;
use std::sync::Arc;

/// Suggested when recent blocks hold no transactions, wei per gas.
const DEFAULT_TIP: u128 = 1_000_000;
/// The suggestion looks at this many blocks.
const TIP_BLOCKS: u64 = 20;
/// The cheapest this many transactions of each are looked at (as go-ethereum does).
const TIP_SAMPLES: usize = 3;
/// Percentile of the samples that is suggested.
const TIP_PERCENTILE: usize = 60;
/// There are no blobs; tools that ask for their price get the least there is, wei.
const BLOB_BASE_FEE: u128 = 1;
/// Most percentiles in one `eth_feeHistory` (as go-ethereum).
const MAX_PERCENTILES: usize = 100;

pub(crate) const METHODS: &[Method] = &[
    Method::new(
        "eth_gasPrice",
        "The next block's base fee and a suggested tip, wei per gas.",
        &[],
        "quantity",
        handler!(node, _args => {
            let head = node.head()?;
            U128::from(suggested_tip(node, &head)?.saturating_add(next_fee(node, &head).into()))
        }),
    ),
    Method::new(
        "eth_maxPriorityFeePerGas",
        "A suggested tip, wei per gas.",
        &[],
        "quantity",
        handler!(node, _args => U128::from(suggested_tip(node, &node.head()?)?)),
    ),
    Method::new(
        "eth_blobBaseFee",
        "Always 1 wei: the chain takes no blobs.",
        &[],
        "quantity",
        handler!(_node, _args => U128::from(BLOB_BASE_FEE)),
    ),
    Method::new(
        "eth_feeHistory",
        "Base fees, fullness and tips at percentiles of recent blocks.",
        &[
            "count: quantity",
            "newest: blockTag",
            "percentiles: number[]?",
        ],
        "FeeHistory",
        handler!(node, args => {
            let count: U256 = args.get(0)?;
            let newest: BlockNumberOrTag = args.get(1)?;
            let percentiles: Vec<f64> = args.opt(2)?.unwrap_or_default();
            let shared = node.clone();
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            node.heavy(move |deadline| {
                fee_history(&shared, count, newest, &percentiles, &deadline)
            })
            .await?
        }),
    ),
];

/// The last suggestion and the head that it was made at.
#[derive(Default)]
pub(crate) struct TipCache(Mutex<Option<(B256, u128)>>);

/// The base fee of the block after `head`.
pub(crate) fn next_fee(node: &Node, head: &FinalizedBlock) -> u64 {
    let fees = &node.context.genesis.fees;
    let header = head.block.header();
    if header.number == 0 {
        return fees.initial_base_fee;
    }
    next_base_fee(header, fees.base_fee_params(), &header.terms)
}

fn tips(block: &FinalizedBlock) -> impl Iterator<Item = u128> + '_ {
    let base_fee = block.block.header().base_fee_per_gas;
    let transactions = block.block.transactions().iter();
    transactions.map(move |transaction| {
        transaction
            .effective_tip_per_gas(base_fee)
            .unwrap_or_default()
    })
}

/// A tip that recent blocks took.
pub(crate) fn suggested_tip(node: &Node, head: &FinalizedBlock) -> CallResult<u128> {
    let hash = head.block.hash();
    if let Some((at, tip)) = *node.tips.0.lock()
        && at == hash
    {
        return Ok(tip);
    }
    let mut samples = Vec::new();
    let newest = head.block.number();
    for number in newest.saturating_sub(TIP_BLOCKS - 1)..=newest {
        if let Some(block) = node.chain.block(number)? {
            let mut tips: Vec<u128> = tips(&block).collect();
            tips.sort_unstable();
            samples.extend(tips.into_iter().take(TIP_SAMPLES));
        }
    }
    samples.sort_unstable();
    let place = samples.len().saturating_sub(1) * TIP_PERCENTILE / 100;
    let tip = samples.get(place).copied().unwrap_or(DEFAULT_TIP).max(1);
    *node.tips.0.lock() = Some((hash, tip));
    Ok(tip)
}

fn check_percentiles(percentiles: &[f64]) -> CallResult<()> {
    if percentiles.len() > MAX_PERCENTILES {
        return Err(Fault::params(format!(
            "invalid reward percentile: over the query limit {MAX_PERCENTILES}"
        )));
    }
    let mut last = 0.0;
    for (index, &percentile) in percentiles.iter().enumerate() {
        if !(0.0..=100.0).contains(&percentile) {
            return Err(Fault::params(format!(
                "invalid reward percentile: {percentile}"
            )));
        }
        if percentile < last {
            return Err(Fault::params(format!(
                "invalid reward percentile: #{}:{last} > #{index}:{percentile}",
                index.saturating_sub(1)
            )));
        }
        last = percentile;
    }
    Ok(())
}

fn fee_history(
    node: &Arc<Node>,
    count: u64,
    newest: BlockNumberOrTag,
    percentiles: &[f64],
    deadline: &Deadline,
) -> CallResult<FeeHistory> {
    check_percentiles(percentiles)?;
    let newest = node
        .number(newest.into())?
        .ok_or_else(|| Fault::server("request beyond head block"))?;
    let count = count
        .min(node.config.limits.max_fee_history_blocks)
        .min(newest + 1);
    // A node that joined from state has no older ones.
    let count = match node.chain.oldest() {
        1 => count,
        oldest => count.min((newest + 1).saturating_sub(oldest)),
    };
    let mut history = FeeHistory {
        oldest_block: newest + 1 - count,
        ..FeeHistory::default()
    };
    if count == 0 {
        history.oldest_block = 0;
        return Ok(history);
    }
    let mut rewards = Vec::new();
    let mut next = 0;
    for number in history.oldest_block..=newest {
        deadline.check()?;
        let block = node
            .chain
            .block(number)?
            .ok_or_else(Fault::header_not_found)?;
        let header = block.block.header();
        history
            .base_fee_per_gas
            .push(header.base_fee_per_gas.into());
        let ratio = header.gas_used as f64 / header.terms.gas_limit.max(1) as f64;
        history.gas_used_ratio.push(ratio);
        rewards.push(block_rewards(&block, percentiles));
        next = next_fee(node, &block);
    }
    history.base_fee_per_gas.push(next.into());
    history.base_fee_per_blob_gas = vec![BLOB_BASE_FEE; count as usize + 1];
    history.blob_gas_used_ratio = vec![0.0; count as usize];
    history.reward = (!percentiles.is_empty()).then_some(rewards);
    Ok(history)
}

/// Tips at `percentiles` of the block's gas.
fn block_rewards(block: &FinalizedBlock, percentiles: &[f64]) -> Vec<u128> {
    let mut before = 0;
    let gas = block.receipts.iter().map(|receipt| {
        let used = receipt.cumulative_gas_used.saturating_sub(before);
        before = receipt.cumulative_gas_used;
        used
    });
    let mut samples: Vec<(u128, u64)> = tips(block).zip(gas).collect();
    samples.sort_unstable();
    let Some(&(first, first_gas)) = samples.first() else {
        return vec![0; percentiles.len()];
    };
    let (mut tip, mut sum, mut index) = (first, first_gas, 0);
    let total = block.block.header().gas_used as f64;
    percentiles
        .iter()
        .map(|percentile| {
            let threshold = (total * percentile / 100.0) as u64;
            while sum < threshold && index + 1 < samples.len() {
                index += 1;
                tip = samples[index].0;
                sum += samples[index].1;
            }
            tip
        })
        .collect()
}

/// A quantity for status answers.
pub(crate) fn fee_quantity(node: &Node, head: &FinalizedBlock) -> U64 {
    U64::from(next_fee(node, head))
}
