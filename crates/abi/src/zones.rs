//! Words for what a zone's record says.

use crate::IZones::{Phase, Reason};

/// Where a zone is in its life, in a word.
pub const fn phase_name(of: Phase) -> &'static str {
    match of {
        Phase::Registered => "registered",
        Phase::Active => "active",
        Phase::Closing => "closing",
        Phase::Stopped => "stopped",
        Phase::Settled => "settled",
        Phase::__Invalid => "unknown",
    }
}

/// Why a zone ends, in a word; `None` while it does not.
pub const fn reason_name(of: Reason) -> Option<&'static str> {
    match of {
        Reason::Creator => Some("creator"),
        Reason::Escrow => Some("escrow"),
        Reason::Halted => Some("halted"),
        Reason::None | Reason::__Invalid => None,
    }
}
