//! Publishing STIX objects on the exchange: thousands of them, in parallel transactions, resumable.
//!
//! [`parse`] reads a file, [`compare`] asks the ledger what it has, [`plan`] packs the rest into
//! transactions under every limit of chain and module, and [`publish`] does all that and sends.
//! A second run publishes nothing, for what the ledger has is left out.

mod compare;
mod minify;
mod object;
mod plan;

pub use compare::{Verdict, compare};
pub use minify::minify;
pub use object::{ParseError, Parsed, Refused, StixObject, label, parse, parse_label};
pub use plan::{Batch, encode, plan};

use crate::sender::{Call, SendError, Sender};
use alloy_sol_types::SolEvent as _;
use hansa_abi::{EXCHANGE, IExchange};

#[cfg(test)]
mod tests;

/// What a publication came to.
#[derive(Debug, Default)]
pub struct Report {
    /// Objects published now.
    pub published: usize,
    /// Objects that were there already.
    pub already: usize,
    /// Objects that the exchange would refuse, and why.
    pub refused: Vec<Refused>,
    /// Transactions sent.
    pub transactions: usize,
    /// Gas they used.
    pub gas_used: u64,
    /// Bytes of content published now.
    pub bytes: usize,
    /// The last block with one of them.
    pub block: Option<u64>,
}

/// How far a publication is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Objects in blocks.
    pub done: usize,
    /// Objects to publish.
    pub total: usize,
}

/// Publishes what the ledger does not have yet.
///
/// # Errors
/// The first transaction that fails. What was published before stands; a second run goes on from there.
pub async fn publish(
    sender: &Sender,
    mut objects: Vec<StixObject>,
    now_ms: u64,
    mut observe: impl FnMut(Progress),
) -> Result<Report, SendError> {
    let verdicts = compare(sender.rpc(), sender.address(), &mut objects, now_ms).await?;
    let mut report = Report::default();
    let mut new = Vec::new();
    for (object, verdict) in objects.into_iter().zip(verdicts) {
        match verdict {
            Verdict::New => new.push(object),
            Verdict::Published => report.already += 1,
            Verdict::Refused(reason) => report.refused.push(Refused {
                id: Some(object.id()),
                position: object.position,
                reason,
            }),
        }
    }
    // Versions of one object must come in the order of their times.
    new.sort_by_key(|object| object.version);
    let batches = plan(&new);
    let total = new.len();
    observe(Progress { done: 0, total });
    let calls = batches.iter().map(|batch| Call {
        to: Some(EXCHANGE),
        input: encode(&new[batch.objects.clone()]),
        gas: Some(batch.gas),
        ..Call::default()
    });
    sender
        .send_all(calls, |sent| {
            let receipt = &sent.receipt;
            let logs = receipt.logs().iter().filter(|log| {
                log.address() == EXCHANGE
                    && log.topic0() == Some(&IExchange::ObjectPublished::SIGNATURE_HASH)
            });
            report.published += logs.count();
            report.transactions += 1;
            report.gas_used += receipt.gas_used;
            report.block = receipt.block_number.or(report.block);
            let objects = &new[batches[sent.index].objects.clone()];
            report.bytes += objects
                .iter()
                .map(|object| object.content.len())
                .sum::<usize>();
            let done = batches[sent.index].objects.end;
            observe(Progress { done, total });
        })
        .await?;
    Ok(report)
}
