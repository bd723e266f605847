//! Checks of the repository itself, written as functions so that `cargo test` runs them too.
//!
//! - [`deps`]: a crate depends only on crates above it in the table of crates.
//! - [`text`]: what must not stand in a tracked file, and how long a source file may be.
//! - [`links`]: relative links in Markdown lead somewhere.
//!
//! A check returns its findings; an [`Error`] means that it could not be run.

pub mod deps;
pub mod links;
pub mod repository;
pub mod text;

use std::fmt;

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file (relative to the repository) or the crate.
    pub place: String,
    /// The line in the file, counted from one.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.place, self.message),
            None => write!(f, "{}: {}", self.place, self.message),
        }
    }
}

/// Why a check could not be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program that the check needs did not start or did not succeed.
    #[error("`{program}` failed: {reason}")]
    Program {
        /// The program and its arguments.
        program: String,
        /// What it said.
        reason: String,
    },
    /// `cargo metadata` printed something else than expected.
    #[error("cannot read the output of `cargo metadata`: {0}")]
    Metadata(#[from] serde_json::Error),
    /// A file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}
