//! Reading lists of Ethereum addresses: text, one a line, or CSV.

use crate::limits::{MAX_LABEL_BYTES, MAX_LABELS};
use alloy_primitives::Address;
use csv::StringRecord;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use thiserror::Error;

/// An address and what the list calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Whom.
    pub address: Address,
    /// Each once, sorted.
    pub labels: BTreeSet<String>,
}

/// A row that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedRow {
    /// Line in the file, from 1.
    pub line: u64,
    /// The start of what stands there.
    pub value: String,
    /// Why not.
    pub reason: String,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Each address once, in the order of its first row.
    pub addresses: Vec<Listed>,
    /// Rows with an address.
    pub rows: usize,
    /// Rows whose address came before: their labels were added to it.
    pub merged: usize,
    /// Rows that were not taken.
    pub refused: Vec<RefusedRow>,
}

/// Which columns of a CSV file count: a header's name, or a number from 1. Detected when absent.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// The address.
    pub address: Option<String>,
    /// The label.
    pub tag: Option<String>,
}

/// Why a file as a whole cannot be read.
#[derive(Debug, Error)]
pub enum ListError {
    /// Not UTF-8.
    #[error("not UTF-8 text: {0}")]
    Encoding(#[from] std::str::Utf8Error),
    /// Not CSV.
    #[error("not CSV: {0}")]
    Csv(#[from] csv::Error),
    /// No such column.
    #[error("no column `{name}`; the columns are {columns}")]
    Column {
        /// As asked for.
        name: String,
        /// What there is.
        columns: String,
    },
    /// No column holds addresses.
    #[error("no column holds addresses; the columns are {columns}")]
    NoAddresses {
        /// What there is.
        columns: String,
    },
}

/// Collects rows, each address once.
#[derive(Default)]
struct Collector {
    list: List,
    positions: HashMap<Address, usize>,
}

impl Collector {
    fn row(&mut self, line: u64, value: &str, tag: Option<&str>) {
        let address = match parse_address(value) {
            Ok(address) => address,
            Err(reason) => return self.refuse(line, value, reason),
        };
        self.list.rows += 1;
        let next = self.list.addresses.len();
        let position = *self.positions.entry(address).or_insert(next);
        if position == next {
            let labels = BTreeSet::new();
            self.list.addresses.push(Listed { address, labels });
        } else {
            self.list.merged += 1;
        }
        let labels = &mut self.list.addresses[position].labels;
        if let Some(label) = tag.and_then(clean_label)
            && labels.len() < MAX_LABELS
        {
            labels.insert(label);
        }
    }

    fn refuse(&mut self, line: u64, value: &str, reason: impl Into<String>) {
        self.list.refused.push(RefusedRow {
            line,
            value: value.chars().take(80).collect(),
            reason: reason.into(),
        });
    }
}

/// A text list: one address a line; blank lines and what follows a `#` are skipped.
///
/// # Errors
/// Not UTF-8.
pub fn read_text(file: &[u8]) -> Result<List, ListError> {
    let text = std::str::from_utf8(file)?.trim_start_matches('\u{feff}');
    let mut collector = Collector::default();
    for (line, text) in (1..).zip(text.lines()) {
        let value = text.split('#').next().unwrap_or_default().trim();
        if !value.is_empty() {
            collector.row(line, value, None);
        }
    }
    Ok(collector.list)
}

/// A CSV file with a header, or without one when its first row holds an address.
///
/// # Errors
/// Not CSV, or a column is missing.
pub fn read_csv(file: &[u8], columns: &Columns) -> Result<List, ListError> {
    std::str::from_utf8(file)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(file);
    let mut records = reader.records();
    let Some(first) = records.next().transpose()? else {
        return Ok(List::default());
    };
    let has_header = first.iter().all(|cell| parse_address(cell).is_err());
    let mut rest = records.peekable();
    let sample = match (has_header, rest.peek()) {
        (true, Some(Ok(second))) => second.clone(),
        (true, _) => StringRecord::new(),
        (false, _) => first.clone(),
    };
    let header = has_header.then_some(&first);
    let address = address_column(columns.address.as_deref(), header, &sample)?;
    let tag = tag_column(columns.tag.as_deref(), header, &sample)?;
    let mut collector = Collector::default();
    let first = (!has_header).then(|| Ok(first.clone()));
    for record in first.into_iter().chain(rest) {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let tag = tag.and_then(|column| record.get(column));
        match record.get(address) {
            Some(value) if !value.is_empty() => collector.row(line, value, tag),
            _ => collector.refuse(line, "", "no address in this row"),
        }
    }
    Ok(collector.list)
}

fn address_column(
    name: Option<&str>,
    header: Option<&StringRecord>,
    sample: &StringRecord,
) -> Result<usize, ListError> {
    if let Some(name) = name {
        return named_column(name, header, sample);
    }
    // Content decides before names: a `contract_address` and a `creator` may both hold addresses.
    let holds = |column: usize| {
        sample
            .get(column)
            .is_some_and(|cell| parse_address(cell).is_ok())
    };
    let called = |column: usize| {
        let cell = header.and_then(|header| header.get(column));
        cell.is_some_and(|cell| cell.to_ascii_lowercase().contains("address"))
    };
    let columns = 0..sample.len().max(header.map_or(0, StringRecord::len));
    let both = columns
        .clone()
        .find(|&column| holds(column) && called(column));
    both.or_else(|| columns.clone().find(|&column| holds(column)))
        .or_else(|| columns.clone().find(|&column| called(column)))
        .ok_or_else(|| ListError::NoAddresses {
            columns: describe(header, sample),
        })
}

fn tag_column(
    name: Option<&str>,
    header: Option<&StringRecord>,
    sample: &StringRecord,
) -> Result<Option<usize>, ListError> {
    if let Some(name) = name {
        return named_column(name, header, sample).map(Some);
    }
    let Some(header) = header else {
        return Ok(None);
    };
    Ok(header.iter().position(|cell| {
        let cell = cell.to_ascii_lowercase();
        cell.contains("tag") || cell.contains("label")
    }))
}

fn named_column(
    name: &str,
    header: Option<&StringRecord>,
    sample: &StringRecord,
) -> Result<usize, ListError> {
    let by_name = header.and_then(|header| header.iter().position(|cell| cell == name));
    let width = header.unwrap_or(sample).len();
    let by_number = || {
        let number: usize = name.parse().ok()?;
        (1..=width).contains(&number).then(|| number - 1)
    };
    by_name.or_else(by_number).ok_or_else(|| ListError::Column {
        name: name.to_owned(),
        columns: describe(header, sample),
    })
}

fn describe(header: Option<&StringRecord>, sample: &StringRecord) -> String {
    match header {
        Some(header) => header.iter().collect::<Vec<_>>().join(", "),
        None => format!("1 to {}", sample.len()),
    }
}

/// An address in hex. Mixed case carries a checksum (EIP-55), and a wrong one is a typing error.
fn parse_address(text: &str) -> Result<Address, &'static str> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .ok_or("an address starts with 0x")?;
    if digits.len() != 40 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err("an address is 0x and 40 hex digits");
    }
    let address: Address = digits
        .parse()
        .map_err(|_| "an address is 0x and 40 hex digits")?;
    let upper = digits.bytes().any(|digit| digit.is_ascii_uppercase());
    let lower = digits.bytes().any(|digit| digit.is_ascii_lowercase());
    if upper && lower && address.to_checksum(None)[2..] != *digits {
        return Err("the capitals are not those of the EIP-55 checksum: a digit is mistyped");
    }
    if address.is_zero() {
        return Err("the zero address is nobody's");
    }
    Ok(address)
}

/// A label without control characters, cut at a limit; `None` when nothing is left.
fn clean_label(text: &str) -> Option<String> {
    let mut label = String::new();
    for character in text
        .trim()
        .chars()
        .filter(|character| !character.is_control())
    {
        if label.len() + character.len_utf8() > MAX_LABEL_BYTES {
            break;
        }
        label.push(character);
    }
    (!label.is_empty()).then_some(label)
}
