//! Shares by kind of fault: what a delegator signs, and an operator's terms.

use super::Fault;
use crate::values::{self, show_share};
use hansa_abi::IStaking::Risk;
use serde::Serialize;
use serde_json::Value;

/// Stands under tables in which shares differ by kind.
pub(super) const ORDER: &str =
    "a / b / c: for conflicting-notarize / conflicting-finalize / nullify-finalize";

/// A share for one kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KindShare {
    fault: Fault,
    bps: u16,
}

/// `conflicting-finalize=10%`.
pub(super) fn kind_share(text: &str) -> Result<KindShare, String> {
    let (name, share) = text.split_once('=').ok_or_else(|| {
        format!("`{text}` names no kind; write it such as conflicting-finalize=10%")
    })?;
    let fault = Fault::from_name(name).ok_or_else(|| {
        let names = Fault::ALL.map(Fault::name).join(", ");
        format!("there is no kind `{name}` of fault; there are {names}")
    })?;
    let bps = values::share(share)?;
    Ok(KindShare { fault, bps })
}

/// Shares with those of some kinds replaced.
pub(super) fn replaced(risk: &Risk, by: &[KindShare]) -> Risk {
    let mut shares = risk.shares();
    for KindShare { fault, bps } in by {
        shares[usize::from(fault.number())] = *bps;
    }
    Risk::by_kind(shares)
}

/// Numbers in the order of the kinds, for programs: by the kinds' names.
pub(super) fn by_kind<T: Serialize>(numbers: [T; 3]) -> Value {
    let names = Fault::ALL.map(|fault| fault.name().to_owned());
    let values = numbers.map(|number| serde_json::json!(number));
    names
        .into_iter()
        .zip(values)
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The share that holds for every kind, if there is one.
pub(super) fn uniform(risk: &Risk) -> Option<u16> {
    let [first, ..] = risk.shares();
    (*risk == Risk::uniform(first)).then_some(first)
}

/// For a table: one share for all kinds, or `5% / 10% / 5%`, which [`ORDER`] explains.
pub(super) fn cell(risk: &Risk) -> String {
    match uniform(risk) {
        Some(bps) => show_share(bps),
        None => risk.shares().map(show_share).join(" / "),
    }
}

/// In a sentence: one share for all kinds, or each with its kind.
pub(super) fn words(risk: &Risk) -> String {
    if let Some(bps) = uniform(risk) {
        return show_share(bps);
    }
    let each = Fault::ALL.into_iter().zip(risk.shares());
    let each = each.map(|(fault, bps)| format!("{} ({})", show_share(bps), fault.name()));
    each.collect::<Vec<_>>().join(", ")
}

/// As [`words`], with the epochs from which on the shares hold.
pub(super) fn words_since(risk: &Risk, epochs: [u64; 3]) -> String {
    let [first, ..] = epochs;
    if let Some(bps) = uniform(risk).filter(|_| epochs == [first; 3]) {
        return format!("{} from epoch {first} on", show_share(bps));
    }
    let each = Fault::ALL.into_iter().zip(risk.shares()).zip(epochs);
    let each = each.map(|((fault, bps), epoch)| {
        format!(
            "{} ({}, from epoch {epoch} on)",
            show_share(bps),
            fault.name()
        )
    });
    each.collect::<Vec<_>>().join(", ")
}

/// [`ORDER`], if one of these needs it in a table.
pub(super) fn legend<'a>(risks: impl IntoIterator<Item = &'a Risk>) -> String {
    let mut risks = risks.into_iter();
    match risks.any(|risk| uniform(risk).is_none()) {
        true => format!("{ORDER}\n"),
        false => String::new(),
    }
}

#[cfg(test)]
mod tests;
