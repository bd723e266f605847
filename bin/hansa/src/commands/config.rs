//! `hansa config`.

use crate::{
    failure::Outcome,
    output::{Output, table},
    settings::Settings,
};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting in force
    Show(ShowArgs),
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  hansa config show
  HANSA_TIMEOUT=10 hansa config show --origin")]
pub(crate) struct ShowArgs {
    /// Where each one comes from
    #[arg(long)]
    origin: bool,
}

pub(crate) fn run(command: &ConfigCommand, settings: &Settings, output: Output) -> Outcome {
    let ConfigCommand::Show(arguments) = command;
    let rows = settings.rows();
    let value = |row: &crate::settings::Row| {
        if arguments.origin {
            json!({"value": row.value, "origin": row.origin})
        } else {
            row.value.clone()
        }
    };
    let document: Map<String, Value> = rows
        .iter()
        .map(|row| (row.name.to_owned(), value(row)))
        .collect();
    output.result(&document, || {
        let line = |row: &crate::settings::Row| {
            let text = match &row.value {
                Value::Null => "-".to_owned(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let mut cells = vec![row.name.to_owned(), text];
            if arguments.origin {
                cells.push(row.origin.clone());
            }
            cells
        };
        let head: &[&str] = if arguments.origin {
            &["SETTING", "VALUE", "ORIGIN"]
        } else {
            &["SETTING", "VALUE"]
        };
        table(head, &rows.iter().map(line).collect::<Vec<_>>())
    })
}
