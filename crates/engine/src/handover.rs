//! What proves a committee to who knows the one before it, and the messages that carry it.
//!
//! ```text
//! Question (tag 0): epoch (varint)
//! Answer   (tag 1): epoch (varint), handovers (count, then each), newest finalization (if any)
//! Handover: header, finalization, seats (count, then operator id (8), key (32), fee recipient (20) each)
//! ```

use crate::committees::Entry;
use alloy_primitives::{Address, B256, U256, bytes::BufMut};
use commonware_codec::{
    Buf, EncodeSize, Error as CodecError, RangeCfg, Read, ReadExt as _, ReadRangeExt as _, Write,
    varint::UInt,
};
use commonware_consensus::{Epochable as _, types::Height};
use commonware_parallel::Strategy;
use hansa_modules::{
    staking::{Committee, Seat},
    zones::Reseed,
};
use hansa_primitives::{Finalization, Header, MAX_OPERATORS, Terms, digest};
use rand_core::CryptoRng;
use std::{fmt, str::FromStr};
use thiserror::Error;

/// Most handovers in one answer.
pub(crate) const MAX_HANDOVERS: usize = 32;
/// An answer takes no further handover beyond so many bytes.
pub(crate) const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// A block that an operator trusts for other reasons than its certificate: the last one of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The epoch that it ends.
    pub epoch: u64,
    /// The block's hash.
    pub hash: B256,
}

/// Text that is not a checkpoint.
#[derive(Debug, Error)]
#[error(
    "not a checkpoint: write EPOCH:HASH, as in 12:0x5f…, the hash of the last block of that epoch; `hansa stake status` prints one"
)]
pub struct NoCheckpoint;

impl FromStr for Checkpoint {
    type Err = NoCheckpoint;

    fn from_str(text: &str) -> Result<Self, NoCheckpoint> {
        let (epoch, hash) = text.split_once(':').ok_or(NoCheckpoint)?;
        Ok(Self {
            epoch: epoch.parse().map_err(|_| NoCheckpoint)?,
            hash: hash.parse().map_err(|_| NoCheckpoint)?,
        })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.epoch, self.hash)
    }
}

/// The block that an epoch builds on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    pub(crate) hash: B256,
    pub(crate) timestamp_ms: u64,
    pub(crate) terms: Terms,
}

impl From<&Header> for Root {
    fn from(header: &Header) -> Self {
        Self {
            hash: header.hash(),
            timestamp_ms: header.timestamp_ms,
            terms: header.terms,
        }
    }
}

impl From<&Reseed> for Root {
    fn from(reseed: &Reseed) -> Self {
        Self {
            hash: reseed.parent,
            // Nobody has voted in its epoch before: a journal that was lost until then knows nothing of it.
            timestamp_ms: reseed.time.saturating_mul(1_000),
            terms: reseed.terms,
        }
    }
}

/// The end of an epoch, and who goes on.
#[derive(Clone, Debug)]
pub(crate) struct Handover {
    /// Of the last block.
    pub(crate) header: Header,
    /// Of that block, by the committee of its epoch.
    pub(crate) finalization: Finalization,
    /// The next committee, without stakes, which its id does not cover.
    pub(crate) seats: Vec<Seat>,
}

impl Handover {
    /// The committee that this hands over to, if the header names these seats.
    pub(crate) fn next(&self) -> Option<Committee> {
        let committee = Committee {
            epoch: self.header.epoch().checked_add(1)?,
            seats: self.seats.clone(),
        };
        (!self.seats.is_empty() && committee.id() == self.header.next_committee)
            .then_some(committee)
    }

    /// Whether this ends the epoch of `entry`, whose last block has height `last`, by the votes of that committee.
    pub(crate) fn follows(
        &self,
        rng: &mut impl CryptoRng,
        entry: &Entry,
        last: Height,
        strategy: &impl Strategy,
    ) -> bool {
        let epoch = entry.committee.epoch;
        self.header.number == last.get()
            && self.header.epoch() == epoch
            && self.finalization.epoch().get() == epoch
            && self.finalization.proposal.payload == digest(self.header.hash())
            && self
                .finalization
                .verify(rng, entry.scheme.as_ref(), strategy)
    }
}

/// What nodes ask each other about the chain's committees.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// Who came after the committee of this epoch?
    Question { epoch: u64 },
    /// The handovers from `epoch` on, or, if it has not ended, the newest finalization.
    Answer {
        epoch: u64,
        handovers: Vec<Handover>,
        newest: Option<Finalization>,
    },
}

/// A seat on the wire.
struct Wire(Seat);

impl Write for Wire {
    fn write(&self, buf: &mut impl BufMut) {
        buf.put_u64(self.0.operator);
        buf.put_slice(self.0.key.as_slice());
        buf.put_slice(self.0.fee_recipient.as_slice());
    }
}

impl EncodeSize for Wire {
    fn encode_size(&self) -> usize {
        8 + 32 + 20
    }
}

impl Read for Wire {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        Ok(Self(Seat {
            operator: u64::read(buf)?,
            key: <[u8; 32]>::read(buf)?.into(),
            fee_recipient: Address::new(<[u8; 20]>::read(buf)?),
            stake: U256::ZERO,
        }))
    }
}

impl Write for Handover {
    fn write(&self, buf: &mut impl BufMut) {
        self.header.write(buf);
        self.finalization.write(buf);
        self.seats.len().write(buf);
        for seat in &self.seats {
            Wire(seat.clone()).write(buf);
        }
    }
}

impl EncodeSize for Handover {
    fn encode_size(&self) -> usize {
        self.header.encode_size()
            + self.finalization.encode_size()
            + self.seats.len().encode_size()
            + self.seats.len() * 60
    }
}

impl Read for Handover {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        let header = Header::read(buf)?;
        let finalization = Finalization::read_cfg(buf, &MAX_OPERATORS)?;
        let seats = Vec::<Wire>::read_range(buf, 1..=MAX_OPERATORS)?;
        Ok(Self {
            header,
            finalization,
            seats: seats.into_iter().map(|Wire(seat)| seat).collect(),
        })
    }
}

const QUESTION: u8 = 0;
const ANSWER: u8 = 1;

impl Write for Message {
    fn write(&self, buf: &mut impl BufMut) {
        match self {
            Self::Question { epoch } => {
                QUESTION.write(buf);
                UInt(*epoch).write(buf);
            }
            Self::Answer {
                epoch,
                handovers,
                newest,
            } => {
                ANSWER.write(buf);
                UInt(*epoch).write(buf);
                handovers.write(buf);
                newest.write(buf);
            }
        }
    }
}

impl EncodeSize for Message {
    fn encode_size(&self) -> usize {
        1 + match self {
            Self::Question { epoch } => UInt(*epoch).encode_size(),
            Self::Answer {
                epoch,
                handovers,
                newest,
            } => UInt(*epoch).encode_size() + handovers.encode_size() + newest.encode_size(),
        }
    }
}

impl Read for Message {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        match u8::read(buf)? {
            QUESTION => Ok(Self::Question {
                epoch: UInt::read(buf)?.into(),
            }),
            ANSWER => Ok(Self::Answer {
                epoch: UInt::read(buf)?.into(),
                handovers: Vec::read_cfg(buf, &(RangeCfg::from(0..=MAX_HANDOVERS), ()))?,
                newest: Option::read_cfg(buf, &MAX_OPERATORS)?,
            }),
            tag => Err(CodecError::InvalidEnum(tag)),
        }
    }
}
