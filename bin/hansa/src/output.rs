//! What goes to standard output: text for people, or JSON for programs.

use crate::failure::Outcome;
use serde::Serialize;
use std::io::Write as _;

/// Standard output in one of two forms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// JSON instead of text.
    pub(crate) json: bool,
}

impl Output {
    /// Prints the whole result of a command: `value` as one JSON document, or `text`.
    pub(crate) fn result(self, value: &impl Serialize, text: impl FnOnce() -> String) -> Outcome {
        if self.json {
            let document = serde_json::to_string_pretty(value).map_err(std::io::Error::from)?;
            return self.line(&document);
        }
        self.line(text().trim_end_matches('\n'))
    }

    /// Prints one item of a stream: `value` as one line of JSON, or `text`.
    pub(crate) fn item(self, value: &impl Serialize, text: impl FnOnce() -> String) -> Outcome {
        if self.json {
            let line = serde_json::to_string(value).map_err(std::io::Error::from)?;
            return self.line(&line);
        }
        self.line(&text())
    }

    /// Prints a line as it is.
    pub(crate) fn line(self, text: &str) -> Outcome {
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{text}")?;
        Ok(stdout.flush()?)
    }
}

/// Columns aligned by their widest cell, two blanks apart. The last column is not padded.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let lines = || std::iter::once(&head).chain(rows);
    let width = |column: usize| {
        let cells = lines().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    for line in lines() {
        let cells = line.iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
    }
    text
}
