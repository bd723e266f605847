//! Committees: what they are, and where they are kept.

use super::state::{self, COMMITTEE_IDS, COMMITTEES, FIXED_AT, STAKES, load, offset};
use crate::{
    context::{Context, Stop},
    genesis::explain,
    host::{Block, Host, HostError, StorageRead},
    limits::MAX_SEATS,
    slots::{mapping, word_key},
};
use alloy_primitives::{Address, B256, Keccak256, U256};
use hansa_abi::STAKING;
pub(super) use hansa_primitives::Seat;

/// The operators that run consensus in an epoch. The seats are in ascending order of their keys' bytes, which
/// is the order of an ordered set of keys: a signer's index in a certificate is its seat's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committee {
    /// The epoch.
    pub epoch: u64,
    /// The seats; never empty.
    pub seats: Vec<Seat>,
}

impl Committee {
    /// keccak256 over each seat's operator id (8 bytes, big-endian), key and fee recipient. It depends neither
    /// on the epoch nor on stakes.
    pub fn id(&self) -> B256 {
        let mut hasher = Keccak256::new();
        for seat in &self.seats {
            hasher.update(seat.operator.to_be_bytes());
            hasher.update(seat.key);
            hasher.update(seat.fee_recipient);
        }
        hasher.finalize()
    }

    /// The seat of an operator.
    pub(super) fn seat_of(&self, operator: u64) -> Option<usize> {
        self.seats.iter().position(|seat| seat.operator == operator)
    }
}

/// The committee of an epoch, or `None` while it is not fixed.
///
/// # Errors
/// When the state cannot be read.
pub fn committee<R: StorageRead>(read: &mut R, epoch: u64) -> Result<Option<Committee>, R::Error> {
    let id = load(read, mapping(U256::from(epoch), COMMITTEE_IDS))?;
    if id.is_zero() {
        return Ok(None);
    }
    let stakes = mapping(U256::from(epoch), STAKES);
    let mut seats = seats(read, id.into())?;
    for (seat, index) in seats.iter_mut().zip(0..) {
        seat.stake = load(read, offset(stakes, index))?;
    }
    Ok(Some(Committee { epoch, seats }))
}

/// The seats of every committee with this id, without stakes, which differ by epoch; none if there was no such committee.
///
/// # Errors
/// When the state cannot be read.
pub fn seats<R: StorageRead>(read: &mut R, id: B256) -> Result<Vec<Seat>, R::Error> {
    let base = mapping(word_key(id), COMMITTEES);
    let count = load(read, base)?.as_limbs()[0].min(MAX_SEATS);
    let mut seats = Vec::new();
    for index in 0..count {
        let [identity, key] = [1, 2].map(|part| offset(base, 2 * index + part));
        let identity = load(read, identity)?.to_be_bytes::<32>();
        let mut operator = [0u8; 8];
        operator.copy_from_slice(&identity[4..12]);
        seats.push(Seat {
            operator: u64::from_be_bytes(operator),
            key: load(read, key)?.into(),
            fee_recipient: Address::from_slice(&identity[12..]),
            stake: U256::ZERO,
        });
    }
    Ok(seats)
}

/// When the committee of an epoch was fixed, seconds since 1970; 0 while it is not.
///
/// # Errors
/// When the state cannot be read.
pub(crate) fn fixed_at<R: StorageRead>(read: &mut R, epoch: u64) -> Result<u64, R::Error> {
    let time = load(read, mapping(U256::from(epoch), FIXED_AT))?;
    Ok(time.as_limbs()[0])
}

/// How many seats the committee of an epoch has; 0 while it is not fixed.
pub(super) fn size(context: &mut Context<'_>, epoch: u64) -> Result<u64, Stop> {
    let id = context.sload(mapping(U256::from(epoch), COMMITTEE_IDS))?;
    Ok(context.sload(mapping(id, COMMITTEES))?.as_limbs()[0])
}

/// The newest epoch whose committee is fixed; 0 on a chain without staking too.
///
/// # Errors
/// When the state cannot be read.
pub fn newest_epoch<R: StorageRead>(read: &mut R) -> Result<u64, R::Error> {
    Ok(state::counters(read)?.fixed.saturating_sub(1))
}

/// Fixes a committee. Seats are written once for all epochs that have the same.
pub(super) fn fix(context: &mut Context<'_>, committee: &Committee) -> Result<(), Stop> {
    let id = word_key(committee.id());
    let epoch = U256::from(committee.epoch);
    context.sstore(mapping(epoch, COMMITTEE_IDS), id)?;
    let now = U256::from(context.now());
    context.sstore(mapping(epoch, FIXED_AT), now)?;
    let base = mapping(id, COMMITTEES);
    context.sstore(base, U256::from(committee.seats.len()))?;
    let stakes = mapping(epoch, STAKES);
    for (index, seat) in (0..).zip(&committee.seats) {
        let identity = U256::from_be_bytes(seat.fee_recipient.into_word().0)
            | U256::from(seat.operator) << 160usize;
        context.sstore(offset(base, 2 * index + 1), identity)?;
        context.sstore(offset(base, 2 * index + 2), word_key(seat.key))?;
        context.sstore(offset(stakes, index), seat.stake)?;
    }
    let mut counters = state::counters(context)?;
    counters.fixed = committee.epoch.saturating_add(1);
    state::set_counters(context, counters)
}

/// Fixes a committee that was chosen elsewhere: on a zone, by the hub.
///
/// # Errors
/// [`HostError::Fatal`] when the host fails.
pub fn adopt(host: &mut dyn Host, committee: &Committee, block: Block) -> Result<(), HostError> {
    let mut context = Context::of_chain(host, STAKING, block);
    let fixed = fix(&mut context, committee).and_then(|()| context.commit());
    fixed.map_err(|stop| HostError::Fatal(format!("staking, inputs: {}", explain(stop))))
}
