//! The newest lines of the node's log, for its own page. What the log's filter lets pass is kept, whatever else becomes of it.

use hansa_dashboard::LogQuery;
use hansa_primitives::genesis_timestamp_ms as now_ms;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Value, json};
use std::{collections::VecDeque, io, sync::Arc};
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Lines that are kept, and bytes of each.
const MAX_LINES: usize = 2_000;
const MAX_LINE_BYTES: usize = 2_000;

/// A writer for `tracing_subscriber` that keeps the newest lines. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Logs(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    /// Oldest first.
    lines: VecDeque<Line>,
    next: u64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    number: u64,
    level: u8,
    at_ms: u64,
    text: String,
}

/// Takes one event.
#[derive(Debug)]
pub struct Entry {
    logs: Logs,
    level: u8,
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Entry;

    fn make_writer(&'a self) -> Entry {
        let level = rank(Level::INFO);
        Entry {
            logs: self.clone(),
            level,
        }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Entry {
        let level = rank(*metadata.level());
        Entry {
            logs: self.clone(),
            level,
        }
    }
}

impl io::Write for Entry {
    /// The formatter writes each event at once.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.logs.keep(self.level, &String::from_utf8_lossy(event));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn rank(level: Level) -> u8 {
    match level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}

/// Without what colours it in a terminal, and not too long.
fn plain(event: &str) -> String {
    let mut text = String::with_capacity(event.len().min(MAX_LINE_BYTES));
    let mut rest = event.trim_end().chars();
    while let Some(character) = rest.next() {
        if character == '\u{1b}' {
            // ESC [ … letter
            rest.by_ref().skip(1).find(char::is_ascii_alphabetic);
            continue;
        }
        if text.len() + character.len_utf8() > MAX_LINE_BYTES {
            text.push('…');
            break;
        }
        text.push(character);
    }
    text
}

impl Logs {
    fn keep(&self, level: u8, event: &str) {
        let text = plain(event);
        let mut kept = self.0.lock();
        let number = kept.next;
        kept.next += 1;
        if kept.lines.len() == MAX_LINES {
            kept.lines.pop_front();
        }
        kept.lines.push_back(Line {
            number,
            level,
            at_ms: now_ms(),
            text,
        });
    }

    /// The lines that were asked for, oldest first, and the number of the oldest that is kept.
    pub(crate) fn read(&self, query: LogQuery) -> Value {
        let kept = self.0.lock();
        let wanted = kept.lines.iter().rev();
        let newer = wanted.take_while(|line| query.after.is_none_or(|after| line.number > after));
        let mut lines: Vec<Line> = newer
            .filter(|line| line.level <= query.level)
            .take(query.limit)
            .cloned()
            .collect();
        lines.reverse();
        let (oldest, next) = (kept.lines.front().map(|line| line.number), kept.next);
        // Whoever logs waits for this lock.
        drop(kept);
        json!({ "lines": lines, "oldest": oldest, "next": next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn texts(logs: &Logs, level: u8, after: Option<u64>, limit: usize) -> Vec<String> {
        let read = logs.read(LogQuery {
            level,
            after,
            limit,
        });
        let lines = read["lines"].as_array().unwrap().iter();
        lines
            .map(|line| line["text"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn events_are_kept_with_their_levels_and_without_colours() {
        let logs = Logs::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::DEBUG)
            .with_ansi(true)
            .with_writer(logs.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!(cause = "disk", "first");
            tracing::debug!("second");
            tracing::info!("third\nwith two lines");
        });
        let all = texts(&logs, 5, None, 10);
        assert_eq!(all.len(), 3);
        assert!(all[0].contains("ERROR") && all[0].contains("first"));
        assert!(all[0].contains("cause=\"disk\"") && !all[0].contains('\u{1b}'));
        assert_eq!(texts(&logs, 3, None, 10).len(), 2);
        assert_eq!(texts(&logs, 1, None, 10).len(), 1);
        assert_eq!(texts(&logs, 5, Some(1), 10), all[2..]);
        assert_eq!(texts(&logs, 5, None, 2), all[1..]);
    }

    #[test]
    fn the_newest_lines_are_kept_and_long_ones_are_cut() {
        let logs = Logs::default();
        for number in 0..=MAX_LINES {
            let line = format!("line {number}");
            logs.make_writer().write_all(line.as_bytes()).unwrap();
        }
        let read = logs.read(LogQuery {
            level: 5,
            after: None,
            limit: 1,
        });
        assert_eq!(
            (&read["oldest"], &read["next"]),
            (&json!(1), &json!(MAX_LINES + 1))
        );
        assert_eq!(read["lines"][0]["number"], MAX_LINES);
        let long = plain(&"é".repeat(MAX_LINE_BYTES));
        assert_eq!(long.len(), MAX_LINE_BYTES + '…'.len_utf8());
        assert_eq!(plain(&"a".repeat(MAX_LINE_BYTES)).len(), MAX_LINE_BYTES);
        assert_eq!(plain("\u{1b}[2ma\u{1b}[0m b\n"), "a b");
    }
}
