//! What the blocks of a chain keep to, and may change by an upgrade.
//!
//! ```text
//! Terms: gas limit, least base fee, least interval, heartbeat, longest directive (8 each), least severity (1), fork (1)
//! ```

use crate::{Fees, GuardParams, Pace};
use bytes::BufMut;
use commonware_codec::{Buf, Error as CodecError, FixedSize, Read, ReadExt as _, Write};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use thiserror::Error;

/// A version of Ethereum's rules. A number that this build does not know is a newer one: whoever meets it can only stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fork(u8);

impl Fork {
    /// March 2024.
    pub const CANCUN: Self = Self(1);
    /// May 2025: EIP-7702 and others.
    pub const PRAGUE: Self = Self(2);
    /// December 2025: EIP-7825, EIP-7939 and others.
    pub const OSAKA: Self = Self(3);
    /// The newest that this build knows.
    pub const NEWEST: Self = Self::OSAKA;

    const NAMES: [&str; 3] = ["cancun", "prague", "osaka"];

    /// By its number, known or not.
    pub const fn from_number(number: u8) -> Self {
        Self(number)
    }

    /// As headers and the register of zones have it.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its name; `None`: this build does not know it.
    pub fn name(self) -> Option<&'static str> {
        let index = usize::from(self.0).checked_sub(1)?;
        Self::NAMES.get(index).copied()
    }

    /// Whether this build can execute it.
    pub fn is_known(self) -> bool {
        self.name().is_some()
    }

    /// Those that this build knows, oldest first.
    pub fn known() -> impl Iterator<Item = Self> {
        (1u8..).map(Self).take_while(|fork| fork.is_known())
    }
}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "fork-{}", self.0),
        }
    }
}

/// Not a fork.
#[derive(Debug, Error)]
#[error("{0:?} is not a fork of Ethereum that this version knows: {known}", known = Fork::NAMES.join(", "))]
pub struct UnknownFork(String);

impl FromStr for Fork {
    type Err = UnknownFork;

    fn from_str(name: &str) -> Result<Self, UnknownFork> {
        let found = Self::known().find(|fork| fork.name() == Some(name));
        // What `Display` makes of another build's fork.
        let newer = || Some(Self(name.strip_prefix("fork-")?.parse().ok()?));
        let newer = || newer().filter(|fork| !fork.is_known());
        found
            .or_else(newer)
            .ok_or_else(|| UnknownFork(name.to_owned()))
    }
}

impl TryFrom<String> for Fork {
    type Error = UnknownFork;

    fn try_from(name: String) -> Result<Self, UnknownFork> {
        name.parse()
    }
}

impl From<Fork> for String {
    fn from(fork: Fork) -> Self {
        fork.to_string()
    }
}

/// What a block keeps to. A chain begins with those of its genesis; a zone's block takes others from the hub when an upgrade is due
/// (see [`Inputs`](crate::Inputs)), and is itself the first that keeps to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Most gas of a block.
    pub gas_limit: u64,
    /// The base fee never falls under this, wei per gas.
    pub min_base_fee: u64,
    /// Blocks are at least this far apart, milliseconds.
    pub min_block_interval_ms: u64,
    /// An idle chain makes a block this often, milliseconds.
    pub heartbeat_ms: u64,
    /// A zone obeys directives for this long at most, seconds.
    pub max_directive_s: u64,
    /// A zone obeys directives of alerts of this severity (1 to 4) and above.
    pub min_severity: u8,
    /// Ethereum's rules.
    pub fork: Fork,
}

impl Default for Terms {
    /// Those of a genesis file that says nothing else.
    fn default() -> Self {
        Self {
            gas_limit: crate::genesis::DEFAULT_GAS_LIMIT,
            min_base_fee: Fees::default().min_base_fee,
            min_block_interval_ms: Pace::default().min_block_interval_ms,
            heartbeat_ms: Pace::default().heartbeat_ms,
            max_directive_s: GuardParams::default().max_duration_s,
            min_severity: 1,
            fork: Fork::OSAKA,
        }
    }
}

impl FixedSize for Terms {
    const SIZE: usize = 8 * 5 + 2;
}

impl Write for Terms {
    fn write(&self, buf: &mut impl BufMut) {
        buf.put_u64(self.gas_limit);
        buf.put_u64(self.min_base_fee);
        buf.put_u64(self.min_block_interval_ms);
        buf.put_u64(self.heartbeat_ms);
        buf.put_u64(self.max_directive_s);
        buf.put_u8(self.min_severity);
        buf.put_u8(self.fork.0);
    }
}

impl Read for Terms {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        Ok(Self {
            gas_limit: u64::read(buf)?,
            min_base_fee: u64::read(buf)?,
            min_block_interval_ms: u64::read(buf)?,
            heartbeat_ms: u64::read(buf)?,
            max_directive_s: u64::read(buf)?,
            min_severity: u8::read(buf)?,
            fork: Fork(u8::read(buf)?),
        })
    }
}
