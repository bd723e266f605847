//! What a run found, as a table for people and as JSON for programs.
//!
//! Timings are reported and never asserted: the aim stands beside the value, and a missed aim is
//! named as missed.

use crate::cpu::{Machine, load_average, machine};
use eyre::{Context as _, Result};
use serde::Serialize;
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

/// What a value should be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Aim {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Aim {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

/// One measured value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Row {
    section: String,
    name: String,
    value: f64,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    aim: Option<Aim>,
    #[serde(skip_serializing_if = "Option::is_none")]
    met: Option<bool>,
}

/// A run and everything it measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// UTC, `YYYY-MM-DDThh-mm-ssZ`: also the file's name.
    started: String,
    command: String,
    machine: Machine,
    load_before: String,
    load_after: String,
    rows: Vec<Row>,
    /// What was left out and why, and what a reader must know.
    notes: Vec<String>,
    /// Full results by name.
    details: serde_json::Map<String, serde_json::Value>,
}

impl Report {
    /// Starts a report of the command that this process is.
    pub(crate) fn start() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        Self {
            started: timestamp(now.map_or(0, |now| now.as_secs())),
            command: format!("hansa-bench {}", arguments.join(" ")),
            machine: machine(),
            load_before: load_average(),
            load_after: String::new(),
            rows: Vec::new(),
            notes: Vec::new(),
            details: serde_json::Map::new(),
        }
    }

    /// Adds a value, and prints it.
    pub(crate) fn row(
        &mut self,
        section: &str,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        aim: Option<Aim>,
    ) {
        let row = Row {
            section: section.to_owned(),
            name: name.into(),
            value,
            unit,
            aim,
            met: aim.map(|aim| aim.is_met(value)),
        };
        eprintln!("{}", line(&row));
        self.rows.push(row);
    }

    /// The value of a row, for rows that are computed from others.
    pub(crate) fn value(&self, section: &str, name: &str) -> Option<f64> {
        let mut rows = self.rows.iter();
        rows.find(|row| row.section == section && row.name == name)
            .map(|row| row.value)
    }

    /// Adds a remark, and prints it.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        eprintln!("note: {text}");
        self.notes.push(text);
    }

    /// Keeps a full result.
    pub(crate) fn detail(&mut self, name: &str, value: &impl Serialize) -> Result<()> {
        let value = serde_json::to_value(value)?;
        self.details.insert(name.to_owned(), value);
        Ok(())
    }

    /// The table.
    pub(crate) fn markdown(&self) -> String {
        let machine = &self.machine;
        let mut text = format!(
            "# Benchmarks, {}\n\n`{}`\n\n{}, {} cores, {} MiB, Linux {}. Load average {} before, {} after.\n",
            self.started,
            self.command,
            machine.cpu,
            machine.cores,
            machine.memory_mib,
            machine.kernel,
            self.load_before,
            self.load_after
        );
        text.push_str("\n| | what | value | aim | met |\n|---|---|---:|---:|---|\n");
        for row in &self.rows {
            text.push_str(&line(row));
            text.push('\n');
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        for note in &self.notes {
            // Writing to a string does not fail.
            let _ = writeln!(text, "- {note}");
        }
        text
    }

    /// Ends the run: writes `<directory>/<started>.json` and `.md`, and gives the second one's path.
    ///
    /// # Errors
    /// The files cannot be written.
    pub(crate) fn finish(mut self, directory: &Path) -> Result<PathBuf> {
        self.load_after = load_average();
        let path = directory.join(&self.started).with_extension("md");
        fs::create_dir_all(directory)
            .and_then(|()| fs::write(&path, self.markdown()))
            .wrap_err_with(|| format!("cannot write {}", path.display()))?;
        let json = serde_json::to_vec_pretty(&self)?;
        let json_path = path.with_extension("json");
        fs::write(&json_path, json)
            .wrap_err_with(|| format!("cannot write {}", json_path.display()))?;
        Ok(path)
    }
}

fn line(row: &Row) -> String {
    let aim = match row.aim {
        None => String::new(),
        Some(Aim::AtLeast(value)) => format!(">= {}", number(value)),
        Some(Aim::AtMost(value)) => format!("<= {}", number(value)),
    };
    let met = match row.met {
        None => "",
        Some(true) => "yes",
        Some(false) => "**no**",
    };
    let (section, name, value) = (&row.section, &row.name, number(row.value));
    format!(
        "| {section} | {name} | {value} {} | {aim} | {met} |",
        row.unit
    )
}

/// Three significant digits or whole numbers, with thousands set apart.
fn number(value: f64) -> String {
    let size = value.abs();
    if size < 100.0 {
        let digits = if size < 1.0 {
            3
        } else if size < 10.0 {
            2
        } else {
            1
        };
        return format!("{value:.digits$}");
    }
    let whole = format!("{size:.0}");
    let mut text = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 {
        format!("-{text}")
    } else {
        text
    }
}

/// Seconds since the Unix epoch as UTC, `YYYY-MM-DDThh-mm-ssZ`.
fn timestamp(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Civil from days, with years that begin in March (Howard Hinnant, "chrono-compatible low-level
    // date algorithms").
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}-{minute:02}-{second:02}Z")
}

#[cfg(test)]
mod tests;
