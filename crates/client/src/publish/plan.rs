//! Packing objects into transactions.
//!
//! Objects stay in order, and each goes into the open batch unless that would break a limit: entries of
//! a call, input bytes, gas. Gas is bounded from the module's schedule (`hansa_modules::gas`) instead of
//! estimated: a node would execute each batch several times over for an estimate.

use super::StixObject;
use crate::limits::{MAX_PLANNED_BYTES, MAX_PLANNED_GAS};
use alloy_primitives::Bytes;
use alloy_sol_types::SolCall as _;
use hansa_abi::IExchange;
use hansa_modules::limits::{MAX_ENTRIES, MAX_INPUT_BYTES};
use std::ops::Range;

/// Input bytes of a call without entries: selector, offset, length.
const CALL_BYTES: usize = 4 + 2 * 32;
/// Input bytes of an entry beside its texts: its offset, five words of its head, two lengths.
const ENTRY_BYTES: usize = 8 * 32;
/// Gas beside that of entries: the transaction, the publisher's membership, counters.
const CALL_GAS: u64 = 100_000;
/// Gas of an entry beside that of its content: two new slots, their hashes, the log's topics and head.
const ENTRY_GAS: u64 = 66_000;
/// Gas of a byte of content: input 16, keeping 16, log 8, and less than 1 for hashing and copying. More
/// than the 40 of EIP-7623's floor.
const CONTENT_BYTE_GAS: u64 = 41;

/// Objects of one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Which of the planned objects.
    pub objects: Range<usize>,
    /// Bytes of the transaction's input.
    pub input_bytes: usize,
    /// Gas that it uses at most.
    pub gas: u64,
}

/// Packs objects into transactions: each object in exactly one, in order.
pub fn plan(objects: &[StixObject]) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        let bytes = ENTRY_BYTES + padded(object.object_type.len()) + padded(object.content.len());
        let gas = ENTRY_GAS + CONTENT_BYTE_GAS * object.content.len() as u64;
        match batches.last_mut() {
            Some(open)
                if open.objects.len() < MAX_ENTRIES
                    && open.input_bytes + bytes <= MAX_PLANNED_BYTES.min(MAX_INPUT_BYTES)
                    && open.gas + gas <= MAX_PLANNED_GAS =>
            {
                open.objects.end += 1;
                open.input_bytes += bytes;
                open.gas += gas;
            }
            _ => batches.push(Batch {
                objects: index..index + 1,
                input_bytes: CALL_BYTES + bytes,
                gas: CALL_GAS + gas,
            }),
        }
    }
    batches
}

/// The input of a transaction that publishes these objects.
pub fn encode(objects: &[StixObject]) -> Bytes {
    let entries = objects.iter().map(|object| IExchange::Entry {
        uuid: object.uuid,
        objectType: object.object_type.clone(),
        version: object.version,
        tlp: object.tlp,
        content: object.content.clone(),
    });
    let call = IExchange::publishCall {
        entries: entries.collect(),
    };
    call.abi_encode().into()
}

const fn padded(bytes: usize) -> usize {
    bytes.div_ceil(32) * 32
}
