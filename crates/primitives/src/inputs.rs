//! What a zone's block takes from the hub.
//!
//! ```text
//! HubPoint: number (8), hash (32), directives (8), arrivals (8), upgrades (8)
//! Inputs:   directives (count, then target (20), alert id (8), until (8), severity (1) each),
//!           arrivals (count, then receiver (20), wei (32), message (32) each),
//!           seats (count, then operator id (8), key (32), fee recipient (20), stake (32) each),
//!           terms (0; or 1, then them: see Terms)
//! ```

use crate::{MAX_ARRIVAL_INPUTS, MAX_DIRECTIVE_INPUTS, MAX_OPERATORS, Terms};
use alloy_primitives::{Address, B256, U256, keccak256};
use bytes::BufMut;
use commonware_codec::{
    Buf, Encode as _, EncodeSize, Error as CodecError, FixedSize, Read, ReadExt as _,
    ReadRangeExt as _, Write,
};
use serde::{Deserialize, Serialize};

/// A finalized block of the hub, as a zone's block names it, and how much of what the hub tells its zones is applied with it. All
/// zero in a block of the hub.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HubPoint {
    /// Height.
    pub number: u64,
    /// Block hash.
    pub hash: B256,
    /// Changes of directives that the zone has applied since it began, those of this block included.
    pub directives: u64,
    /// Messages and ether likewise.
    pub arrivals: u64,
    /// Upgrades likewise.
    pub upgrades: u64,
}

/// A change of what the hub tells its zones about an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectiveChange {
    /// The address.
    pub target: Address,
    /// The alert behind it.
    pub alert_id: u64,
    /// When the directive ends, seconds since the Unix epoch; 0 ends it at once.
    pub until: u64,
    /// Of the alert, 1 to 4.
    pub severity: u8,
}

/// What comes from the hub, or through it from another zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Receives it.
    pub to: Address,
    /// Wei.
    pub amount: U256,
    /// Digest of the message that waits for its receiver; zero where ether is all that comes, which the receiver has at once.
    pub message: B256,
}

/// A seat of a committee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seat {
    /// The operator's id.
    pub operator: u64,
    /// ed25519 public key that votes and proposes.
    pub key: B256,
    /// Receives the tips of the blocks that the seat proposes.
    pub fee_recipient: Address,
    /// Stake in wei when the committee was fixed; zero once the epoch is out of every window.
    #[serde(default)]
    pub stake: U256,
}

/// What a zone's block applies before its transactions: derived from the hub by rule, and checked by every validator of the zone
/// against its own hub. A block carries them, so that whoever executes a final block again needs no hub.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// In the order of the hub.
    pub directives: Vec<DirectiveChange>,
    /// In the order of the hub.
    pub arrivals: Vec<Arrival>,
    /// At the freeze block of an epoch: the committee of the next one, in ascending order of keys.
    pub seats: Vec<Seat>,
    /// The upgrade that is due: this block is the first that keeps to it.
    pub terms: Option<Terms>,
}

impl Inputs {
    /// Whether there is nothing to apply.
    pub fn is_empty(&self) -> bool {
        self.directives.is_empty()
            && self.arrivals.is_empty()
            && self.seats.is_empty()
            && self.terms.is_none()
    }

    /// As a header commits to them: keccak256 of the encoding, zero for none.
    pub fn hash(&self) -> B256 {
        if self.is_empty() {
            B256::ZERO
        } else {
            keccak256(self.encode())
        }
    }
}

fn write_address(address: &Address, buf: &mut impl BufMut) {
    buf.put_slice(address.as_slice());
}

fn read_address(buf: &mut impl Buf) -> Result<Address, CodecError> {
    Ok(Address::new(<[u8; 20]>::read(buf)?))
}

fn read_word(buf: &mut impl Buf) -> Result<B256, CodecError> {
    Ok(B256::new(<[u8; 32]>::read(buf)?))
}

impl FixedSize for HubPoint {
    const SIZE: usize = 8 + 32 + 8 + 8 + 8;
}

impl Write for HubPoint {
    fn write(&self, buf: &mut impl BufMut) {
        buf.put_u64(self.number);
        buf.put_slice(self.hash.as_slice());
        buf.put_u64(self.directives);
        buf.put_u64(self.arrivals);
        buf.put_u64(self.upgrades);
    }
}

impl Read for HubPoint {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        Ok(Self {
            number: u64::read(buf)?,
            hash: read_word(buf)?,
            directives: u64::read(buf)?,
            arrivals: u64::read(buf)?,
            upgrades: u64::read(buf)?,
        })
    }
}

impl FixedSize for DirectiveChange {
    const SIZE: usize = 20 + 8 + 8 + 1;
}

impl Write for DirectiveChange {
    fn write(&self, buf: &mut impl BufMut) {
        write_address(&self.target, buf);
        buf.put_u64(self.alert_id);
        buf.put_u64(self.until);
        buf.put_u8(self.severity);
    }
}

impl Read for DirectiveChange {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        Ok(Self {
            target: read_address(buf)?,
            alert_id: u64::read(buf)?,
            until: u64::read(buf)?,
            severity: u8::read(buf)?,
        })
    }
}

impl FixedSize for Arrival {
    const SIZE: usize = 20 + 32 + 32;
}

impl Write for Arrival {
    fn write(&self, buf: &mut impl BufMut) {
        write_address(&self.to, buf);
        buf.put_slice(&self.amount.to_be_bytes::<32>());
        buf.put_slice(self.message.as_slice());
    }
}

impl Read for Arrival {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        Ok(Self {
            to: read_address(buf)?,
            amount: U256::from_be_bytes(<[u8; 32]>::read(buf)?),
            message: read_word(buf)?,
        })
    }
}

impl FixedSize for Seat {
    const SIZE: usize = 8 + 32 + 20 + 32;
}

impl Write for Seat {
    fn write(&self, buf: &mut impl BufMut) {
        buf.put_u64(self.operator);
        buf.put_slice(self.key.as_slice());
        write_address(&self.fee_recipient, buf);
        buf.put_slice(&self.stake.to_be_bytes::<32>());
    }
}

impl Read for Seat {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        Ok(Self {
            operator: u64::read(buf)?,
            key: read_word(buf)?,
            fee_recipient: read_address(buf)?,
            stake: U256::from_be_bytes(<[u8; 32]>::read(buf)?),
        })
    }
}

impl Inputs {
    /// Largest encoding, bytes: five bound every count.
    pub const MAX_SIZE: usize = 15
        + MAX_DIRECTIVE_INPUTS * DirectiveChange::SIZE
        + MAX_ARRIVAL_INPUTS * Arrival::SIZE
        + MAX_OPERATORS * Seat::SIZE
        + 1
        + Terms::SIZE;
}

impl Write for Inputs {
    fn write(&self, buf: &mut impl BufMut) {
        self.directives.write(buf);
        self.arrivals.write(buf);
        self.seats.write(buf);
        self.terms.write(buf);
    }
}

impl EncodeSize for Inputs {
    fn encode_size(&self) -> usize {
        self.directives.encode_size()
            + self.arrivals.encode_size()
            + self.seats.encode_size()
            + self.terms.encode_size()
    }
}

impl Read for Inputs {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        Ok(Self {
            directives: Vec::read_range(buf, 0..=MAX_DIRECTIVE_INPUTS)?,
            arrivals: Vec::read_range(buf, 0..=MAX_ARRIVAL_INPUTS)?,
            seats: Vec::read_range(buf, 0..=MAX_OPERATORS)?,
            terms: Option::read(buf)?,
        })
    }
}
