//! What the hub knows of its zones' blocks.
//!
//! A zone's header and the certificate of its committee are all it takes. The committee is the zone's by one of the hub's last
//! epochs, so what signs has stake that answers for it.

use super::{committee, committees::BPS, lifecycle, reseeds, state};
use crate::{
    context::{Context, Stop, ensure, revert},
    gas,
    host::StorageRead,
    messages,
    staking::{self, Committee},
};
use alloy_primitives::{B256, U256, keccak256};
use commonware_codec::{Decode as _, DecodeExt as _};
use hansa_abi::IZones::{self, Phase};
use hansa_primitives::{Finalization, Header, MAX_OPERATORS, block_hash};

pub(super) fn checkpoint(
    context: &mut Context<'_>,
    call: IZones::checkpointCall,
) -> Result<IZones::checkpointReturn, Stop> {
    let (id, header, certificate) = (call.zoneId, &call.header, &call.certificate);
    let record = state::find(context, id)?;
    context.charge(2 * gas::keccak(header.len()) + 2 * gas::keccak(certificate.len()))?;
    // Lengths are bounded by the input's, and what is left over is refused.
    let decoded =
        Header::decode(header.to_vec()).map_err(|_| revert(IZones::MalformedHeader {}))?;
    let finalization = Finalization::decode_cfg(certificate.to_vec(), &MAX_OPERATORS)
        .map_err(|_| revert(IZones::MalformedCertificate {}))?;
    let (hash, certified) = (decoded.hash(), block_hash(&finalization.proposal.payload));
    ensure(hash == certified, || IZones::OtherBlock {
        certified,
        blockHash: hash,
    })?;
    let (number, newest) = (decoded.number, state::checkpoint(context, id)?.number);
    ensure(number > newest, || IZones::StaleCheckpoint {
        number,
        newest,
    })?;
    let epochs = reseeds::timetable(context, id, record.epoch_blocks)?;
    let (epoch, expected) = (decoded.epoch(), epochs.epoch_of(number));
    ensure(epoch == expected, || IZones::OtherEpoch { epoch, expected })?;
    let is_settled = lifecycle::phase(context, id)? == Phase::Settled;
    ensure(!is_settled, || IZones::ZoneEnds {
        zoneId: id,
        phase: Phase::Settled,
    })?;
    let named = decoded.hub.number;
    ensure(named < context.block_number(), || IZones::AheadOfHub {
        hubNumber: named,
    })?;
    let (taken, sent) = (decoded.hub.arrivals, messages::entries(context, id)?);
    let before = state::checkpoint(context, id)?.arrivals;
    ensure((before..=sent).contains(&taken), || IZones::WrongArrivals {
        arrivals: taken,
        least: before,
        most: sent,
    })?;
    let block = context.block_number();
    let committee = relied_upon(context, id, (decoded.committee, block))?;
    let committee = committee.ok_or_else(|| {
        revert(IZones::UnknownCommittee {
            committee: decoded.committee,
        })
    })?;
    // Behind a cut the hub knows exactly who goes on.
    let expected = reseeds::committee_of(context, id, epoch)?;
    let is_right = expected.is_none_or(|expected| expected.id() == decoded.committee);
    ensure(is_right, || IZones::UnknownCommittee {
        committee: decoded.committee,
    })?;
    let transcript = keccak256([keccak256(header).0, keccak256(certificate).0].concat());
    let certified = staking::is_certified(context, (&committee, id), &finalization, transcript)?;
    ensure(certified, || IZones::InvalidCertificate {})?;
    let checkpoint = IZones::Checkpoint {
        number,
        blockHash: hash,
        timestampMs: decoded.timestamp_ms,
        hubNumber: named,
        stateRoot: decoded.state.root,
        outboxCount: decoded.outbox.count,
        outboxRoot: decoded.outbox.root,
        answers: answers(context, &committee)?,
        recordedAt: context.block_number(),
        recordedTime: context.now(),
        arrivals: decoded.hub.arrivals,
    };
    lifecycle::on_checkpoint(context, id, &committee)?;
    state::store_checkpoint(context, id, &checkpoint)?;
    context.emit(&IZones::Checkpointed {
        zoneId: id,
        number,
        blockHash: hash,
        outboxCount: decoded.outbox.count,
    })?;
    Ok(IZones::checkpointReturn {})
}

/// What answers at least if two quorums of a committee contradict each other, wei: of as many seats as both have in common, what the cheapest fault costs
/// those for whom it costs least.
///
/// # Errors
/// When the state cannot be read.
pub fn answers<R: StorageRead>(read: &mut R, committee: &Committee) -> Result<U256, R::Error> {
    let mut costs = Vec::with_capacity(committee.seats.len());
    for seat in &committee.seats {
        let share = staking::least_fault(read, seat.operator, committee.epoch)?;
        // A stake has at most 140 bits.
        costs.push(seat.stake.saturating_mul(U256::from(share)) / BPS);
    }
    costs.sort_unstable();
    let faulty = costs.len().saturating_sub(1) / 3;
    let common = costs.iter().take(costs.len() - 2 * faulty);
    Ok(common.fold(U256::ZERO, |sum, cost| sum.saturating_add(*cost)))
}

/// The newest committee of the zone with this id, as far as certificates live by the hub's block `block`: what it signs has stake that answers.
///
/// # Errors
/// When the state cannot be read.
pub fn relied_upon<R: StorageRead>(
    read: &mut R,
    zone: u64,
    (id, block): (B256, u64),
) -> Result<Option<Committee>, R::Error> {
    let Some((now, oldest)) = staking::relied_upon_since(read, block)? else {
        return Ok(None);
    };
    for epoch in (oldest..=now).rev() {
        if let Some(committee) = committee(read, zone, epoch)?
            && committee.id() == id
        {
            return Ok(Some(committee));
        }
    }
    Ok(None)
}

pub(super) fn checkpoint_of(
    context: &mut Context<'_>,
    call: IZones::checkpointOfCall,
) -> Result<IZones::Checkpoint, Stop> {
    state::find(context, call.zoneId)?;
    state::checkpoint(context, call.zoneId)
}
