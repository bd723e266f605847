//! What goes to standard output: text for people, or JSON for programs.

use crate::failure::Outcome;
use serde::Serialize;
use std::{borrow::Cow, io::Write as _};

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
        self.line(&printable(text().trim_end_matches('\n')))
    }

    /// Prints one item of a stream: `value` as one line of JSON, or `text`.
    pub(crate) fn item(self, value: &impl Serialize, text: impl FnOnce() -> String) -> Outcome {
        if self.json {
            let line = serde_json::to_string(value).map_err(std::io::Error::from)?;
            return self.line(&line);
        }
        self.line(&printable(&text()))
    }

    /// Prints a line as it is.
    pub(crate) fn line(self, text: &str) -> Outcome {
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{text}")?;
        Ok(stdout.flush()?)
    }
}

/// Whether a character would steer a terminal, or show text in another order than it has.
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text that strangers may have written, for people: what [`steers`] is escaped, but for the ends of
/// lines and tabs.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |character| {
        steers(character) && !matches!(character, '\n' | '\t')
    })
}

/// As [`printable`], for a part of a line: it stays one.
pub(crate) fn part(text: &str) -> Cow<'_, str> {
    escaped(text, steers)
}

fn escaped(text: &str, wanted: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&wanted) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if wanted(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    escaped.into()
}

/// Columns aligned by their widest cell, two blanks apart. The last column is not padded.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let rows = rows
        .iter()
        .map(|row| row.iter().map(|cell| part(cell).into_owned()).collect());
    let rows: Vec<Vec<String>> = rows.collect();
    let lines = || std::iter::once(&head).chain(&rows);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_write_does_not_steer_the_terminal() {
        let hostile = "a\u{1b}[2J\rb\u{9b}c\u{202e}d\u{7f}";
        let shown = r"a\u{1b}[2J\rb\u{9b}c\u{202e}d\u{7f}";
        assert_eq!(printable(hostile), shown);
        assert_eq!(printable("one\n\ttwo \u{e9}"), "one\n\ttwo \u{e9}");
        assert_eq!(part("one\ntwo"), r"one\ntwo");
        let table = table(&["A", "B"], &[vec![hostile.into(), "x\ny".into()]]);
        assert_eq!(table.lines().count(), 2, "{table}");
        assert!(!table.contains('\u{1b}'), "{table}");
    }
}
