//! Who sends what, when, over which connection. No input or output.

use std::{str::FromStr, time::Duration};

/// How fast transactions are offered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rate {
    /// As fast as the nodes take them.
    Max,
    /// Per second.
    PerSecond(f64),
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse::<f64>() {
            Ok(rate) if rate > 0.0 && rate.is_finite() => Ok(Self::PerSecond(rate)),
            _ => Err("`max` or transactions per second, more than 0".to_owned()),
        }
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Max => f.write_str("max"),
            Self::PerSecond(rate) => write!(f, "{rate}"),
        }
    }
}

impl Rate {
    /// When transaction number `index` of the run is due, after its start.
    pub(crate) fn due(self, index: u64) -> Duration {
        match self {
            Self::Max => Duration::ZERO,
            Self::PerSecond(rate) => Duration::from_secs_f64(index as f64 / rate),
        }
    }
}

/// One transaction of a run: the sender's number and its nonce, counted from the sender's first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    /// In the whole run.
    pub(crate) index: u64,
    pub(crate) account: u64,
    pub(crate) nonce: u64,
}

/// Splits a run over connections. Accounts take turns; an account stays with one connection, so that
/// its nonces arrive in order.
///
/// Gives the jobs of each worker in the order in which it sends them.
pub(crate) fn plan(accounts: u64, transactions: u64, workers: u64) -> Vec<Vec<Job>> {
    let workers = workers.clamp(1, accounts.max(1));
    let mut plans = vec![Vec::new(); workers as usize];
    for index in 0..transactions {
        let (account, nonce) = (index % accounts, index / accounts);
        plans[(account % workers) as usize].push(Job {
            index,
            account,
            nonce,
        });
    }
    plans
}

#[cfg(test)]
mod tests;
