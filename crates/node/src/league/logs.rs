//! Reading the operators' logs.

use super::{League, LeagueError};
use crate::runtimes::is_of_zone;
use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

/// Lines of the past that are shown at most.
pub const MAX_LOG_LINES: usize = 10_000;
/// Bytes of the end of a log that are searched for them, and read at a time.
const MAX_TAIL_BYTES: u64 = 4 * 1_024 * 1_024;

/// The logs of a league, or of one of its operators, read on and on.
#[derive(Debug)]
pub struct Logs {
    tails: Vec<Tail>,
    /// Only its lines.
    zone: Option<String>,
}

#[derive(Debug)]
struct Tail {
    operator: String,
    path: PathBuf,
    offset: u64,
    /// The beginning of a line whose end is not written yet.
    partial: Vec<u8>,
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LogLine {
    /// Who wrote it.
    pub operator: String,
    /// What.
    pub line: String,
}

impl Logs {
    /// The last lines (of each), and a reader for what follows them; only those of a zone, where one is named.
    ///
    /// # Errors
    /// There is no such operator, or a log cannot be read.
    pub fn open(
        league: &League,
        operator: Option<&str>,
        zone: Option<&str>,
        lines: usize,
    ) -> Result<(Self, Vec<LogLine>), LeagueError> {
        if lines > MAX_LOG_LINES {
            return Err(LeagueError::Range {
                what: "--lines",
                value: lines.to_string(),
                allowed: format!("0 to {MAX_LOG_LINES} (MAX_LOG_LINES)"),
            });
        }
        let known = || league.operators.iter().map(|known| known.name.clone());
        let chosen: Vec<String> = known()
            .filter(|known| operator.is_none_or(|only| only == known))
            .collect();
        if let (Some(name), true) = (operator, chosen.is_empty()) {
            return Err(LeagueError::UnknownOperator {
                name: name.into(),
                known: known().collect::<Vec<_>>().join(", "),
            });
        }
        let mut tails = Vec::new();
        let mut past = Vec::new();
        for operator in chosen {
            let path = league.layout.log(&operator);
            let length = path.metadata().map_or(0, |metadata| metadata.len());
            let mut tail = Tail {
                operator,
                path,
                offset: length.saturating_sub(MAX_TAIL_BYTES),
                partial: Vec::new(),
            };
            let cut = tail.offset > 0;
            let mut read = tail.read()?;
            // The first line may be the rest of one.
            read.drain(..usize::from(cut).min(read.len()));
            retain(&mut read, zone);
            past.extend(read.split_off(read.len().saturating_sub(lines)));
            tails.push(tail);
        }
        let zone = zone.map(str::to_owned);
        Ok((Self { tails, zone }, past))
    }

    /// The lines written since the last call.
    ///
    /// # Errors
    /// A log cannot be read.
    pub fn read_new(&mut self) -> Result<Vec<LogLine>, LeagueError> {
        let mut lines = Vec::new();
        for tail in &mut self.tails {
            lines.extend(tail.read()?);
        }
        retain(&mut lines, self.zone.as_deref());
        Ok(lines)
    }
}

fn retain(lines: &mut Vec<LogLine>, zone: Option<&str>) {
    if let Some(zone) = zone {
        lines.retain(|line| is_of_zone(&line.line, zone));
    }
}

impl Tail {
    fn read(&mut self) -> Result<Vec<LogLine>, LeagueError> {
        let failed = LeagueError::io(&self.path);
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let length = file.metadata().map_err(&failed)?.len();
        if length < self.offset {
            // A new log took the place of the old one.
            self.offset = 0;
            self.partial.clear();
        }
        file.seek(SeekFrom::Start(self.offset)).map_err(&failed)?;
        let read = file
            .take(MAX_TAIL_BYTES)
            .read_to_end(&mut self.partial)
            .map_err(&failed)?;
        self.offset += read as u64;
        let Some(end) = self.partial.iter().rposition(|&byte| byte == b'\n') else {
            return Ok(Vec::new());
        };
        let rest = self.partial.split_off(end + 1);
        let whole = std::mem::replace(&mut self.partial, rest);
        let text = String::from_utf8_lossy(&whole);
        let line = |line: &str| LogLine {
            operator: self.operator.clone(),
            line: line.into(),
        };
        Ok(text.lines().map(line).collect())
    }
}

/// What a node said last: the last line of its log that is not empty, or its last error with the
/// way out.
pub(super) fn last_words(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(8 * 1_024)))
        .ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let last = lines.next_back()?;
    match (lines.next_back(), last.starts_with("try: ")) {
        (Some(cause), true) => Some(format!("{cause} ({last})")),
        _ => Some(last.to_owned()),
    }
}
