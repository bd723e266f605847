//! `hansa exchange import`.

use super::publish::{How, describe, publish_all, summary, verdict};
use crate::{
    failure::{Failure, Outcome},
    output::part,
    session::{Session, now_ms, read_limited},
    values,
};
use alloy_primitives::Address;
use clap::{Args, ValueEnum};
use hansa_abi::{IMembers, MEMBERS};
use hansa_client::{
    import::{Columns, List, indicator_drafts, read_csv, read_text, reconcile},
    limits::MAX_FILE_BYTES,
};
use serde_json::json;
use std::path::PathBuf;

/// Refused rows that are named one by one in text; --json has them all.
const SHOWN_ROWS: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Csv,
}

#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// The list
    file: PathBuf,
    /// How the file is written; by default csv when it is called so
    #[arg(long)]
    format: Option<Format>,
    /// CSV column with the addresses: its name, or its number from 1; detected by default
    #[arg(long, value_name = "COLUMN")]
    column: Option<String>,
    /// CSV column with the labels: its name, or its number from 1; detected by default
    #[arg(long, value_name = "COLUMN")]
    tag_column: Option<String>,
    /// A label for all of them; repeat it for more
    #[arg(long = "label", value_name = "LABEL")]
    labels: Vec<String>,
    /// Who may read them: clear or green
    #[arg(long, default_value = "green", value_parser = values::plain_tlp)]
    tlp: u8,
    /// Time of what is new or changed, such as 2026-01-31T12:00:00Z; now by default
    #[arg(long, value_name = "TIME", value_parser = values::timestamp_ms)]
    timestamp: Option<u64>,
    #[command(flatten)]
    how: How,
}

pub(super) async fn run(arguments: &ImportArgs, session: &Session<'_>) -> Outcome {
    let mut list = read(arguments)?;
    for listed in &mut list.addresses {
        listed.labels.extend(arguments.labels.iter().cloned());
    }
    let publisher = session.address_or_own(None)?;
    let rpc = session.rpc()?;
    let member = IMembers::memberCall { account: publisher };
    let name = rpc.view(MEMBERS, &member).await?.name;
    if name.is_empty() {
        return Err(Failure::failed(
            format!("{publisher} is no member of the league"),
            "act as a member: `hansa member list`",
        ));
    }
    let drafts = indicator_drafts(publisher, &name, &list.addresses, arguments.tlp);
    let now = arguments.timestamp.unwrap_or_else(now_ms);
    let objects = reconcile(&rpc, &drafts, now).await?;
    let report = publish_all(&arguments.how, session, objects).await?;
    let counts = json!({
        "rows": list.rows,
        "addresses": list.addresses.len(),
        "merged": list.merged,
        "refused_rows": list.refused,
    });
    let document = summary(&arguments.how, &report, &report.refused, counts);
    let printed = session.output.result(&document, || {
        let mut text = format!(
            "{} rows: {} addresses, {} merged, {} refused\n",
            list.rows + list.refused.len(),
            list.addresses.len(),
            list.merged,
            list.refused.len()
        );
        for row in list.refused.iter().take(SHOWN_ROWS) {
            text.push_str(&format!(
                "line {}: `{}`: {}\n",
                row.line,
                part(&row.value),
                row.reason
            ));
        }
        if list.refused.len() > SHOWN_ROWS {
            let more = list.refused.len() - SHOWN_ROWS;
            text.push_str(&format!("{more} more rows refused (--json names all)\n"));
        }
        text.push_str(&describe(&arguments.how, &report, &report.refused));
        text.push_str(" (indicators and the publisher's identity)");
        text
    });
    verdict(&report.refused).and(printed)
}

fn read(arguments: &ImportArgs) -> Outcome<List> {
    let path = &arguments.file;
    let file = read_limited(path, MAX_FILE_BYTES)?;
    let named_csv = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let columns = Columns {
        address: arguments.column.clone(),
        tag: arguments.tag_column.clone(),
    };
    let asks_columns = columns.address.is_some() || columns.tag.is_some();
    let csv = match arguments.format {
        Some(format) => format == Format::Csv,
        None => named_csv || asks_columns,
    };
    let list = if csv {
        read_csv(&file, &columns)
    } else {
        read_text(&file)
    };
    let list = list.map_err(|error| {
        Failure::usage(
            format!("{}: {error}", path.display()),
            "name the columns with --column and --tag-column, or the --format",
        )
    })?;
    if list.addresses.is_empty() {
        let first = list.refused.first();
        let reason = first.map_or("it is empty".to_owned(), |row| {
            format!("line {}: {}", row.line, row.reason)
        });
        return Err(Failure::usage(
            format!("no address in {}: {reason}", path.display()),
            format!(
                "give a list with addresses such as {}",
                Address::repeat_byte(0x11)
            ),
        ));
    }
    Ok(list)
}
