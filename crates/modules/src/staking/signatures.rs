//! ed25519: keys, proofs that somebody holds one, and votes that contradict each other.

use super::{
    committee::{Committee, Seat},
    state::{self, load},
};
use crate::{
    context::{Context, Stop, ensure, revert},
    gas,
    limits::MAX_EVIDENCE_BYTES,
};
use alloy_primitives::{Address, B256, keccak256};
use commonware_codec::{DecodeExt, Error as CodecError};
use commonware_consensus::{
    Epochable, Viewable,
    simplex::types::{Attributable, ConflictingFinalize, ConflictingNotarize, NullifyFinalize},
};
use commonware_cryptography::{Verifier as _, ed25519::Signature};
use commonware_parallel::Sequential;
use commonware_utils::{TryCollect as _, ordered::Set};
use hansa_abi::IStaking;
use hansa_primitives::{Digest, Finalization, PublicKey, Scheme, operator_namespace};
use std::convert::Infallible;

fn decode_key(key: B256) -> Result<PublicKey, Stop> {
    PublicKey::decode(key.to_vec()).map_err(|_| revert(IStaking::InvalidKey { key }))
}

/// Reverts unless the bytes are a key.
pub(super) fn check_key(key: B256) -> Result<(), Stop> {
    decode_key(key).map(drop)
}

/// Reverts unless the proof is the key's signature over the owner's address.
pub(super) fn check_proof(
    context: &mut Context<'_>,
    key: B256,
    owner: Address,
    proof: &[u8],
) -> Result<(), Stop> {
    context.charge(gas::ED25519_KEY + gas::ED25519_VERIFY)?;
    let public_key = decode_key(key)?;
    let namespace = operator_namespace(context.sload(state::GENESIS_HASH)?.into());
    let signature = Signature::decode(proof.to_vec()).ok();
    let holds = signature
        .is_some_and(|signature| public_key.verify(&namespace, owner.as_slice(), &signature));
    ensure(holds, || IStaking::InvalidProof { key })
}

/// Two votes of one signer in one view that contradict each other; their signatures may still be wrong.
pub(super) enum Evidence {
    Notarize(ConflictingNotarize<Scheme, Digest>),
    Finalize(ConflictingFinalize<Scheme, Digest>),
    NullifyFinalize(NullifyFinalize<Scheme, Digest>),
}

impl Evidence {
    /// Decodes evidence. What decodes does contradict itself: the decoders compare signer, round and content.
    pub(super) fn decode(kind: u8, bytes: &[u8]) -> Result<Self, Stop> {
        crate::codec::check_length("evidence", bytes.len(), MAX_EVIDENCE_BYTES)?;
        let malformed = |_: CodecError| revert(IStaking::MalformedEvidence {});
        let input = bytes.to_vec();
        match kind {
            0 => ConflictingNotarize::decode(input)
                .map(Self::Notarize)
                .map_err(malformed),
            1 => ConflictingFinalize::decode(input)
                .map(Self::Finalize)
                .map_err(malformed),
            2 => NullifyFinalize::decode(input)
                .map(Self::NullifyFinalize)
                .map_err(malformed),
            _ => Err(revert(IStaking::UnknownKind { kind })),
        }
    }

    /// The signer's index in the committee.
    pub(super) fn signer(&self) -> u32 {
        let signer = match self {
            Self::Notarize(evidence) => evidence.signer(),
            Self::Finalize(evidence) => evidence.signer(),
            Self::NullifyFinalize(evidence) => evidence.signer(),
        };
        signer.get()
    }

    pub(super) fn epoch(&self) -> u64 {
        let epoch = match self {
            Self::Notarize(evidence) => evidence.epoch(),
            Self::Finalize(evidence) => evidence.epoch(),
            Self::NullifyFinalize(evidence) => evidence.epoch(),
        };
        epoch.get()
    }

    pub(super) fn view(&self) -> u64 {
        let view = match self {
            Self::Notarize(evidence) => evidence.view(),
            Self::Finalize(evidence) => evidence.view(),
            Self::NullifyFinalize(evidence) => evidence.view(),
        };
        view.get()
    }

    /// Whether both signatures are the signer's, for this chain or the zone.
    pub(super) fn verify(
        &self,
        context: &mut Context<'_>,
        (committee, zone): (&Committee, Option<u64>),
        bytes: &[u8],
    ) -> Result<bool, Stop> {
        context.charge(2 * gas::ED25519_VERIFY)?;
        let genesis_hash = context.sload(state::GENESIS_HASH)?.into();
        let namespace = zone.map_or_else(
            || hansa_primitives::namespace(genesis_hash),
            |zone| hansa_primitives::zone_namespace(genesis_hash, zone),
        );
        let scheme = verifier(context, &committee.seats, &namespace)?;
        let rng = &mut Transcript::new(bytes);
        Ok(match self {
            Self::Notarize(evidence) => evidence.verify(rng, &scheme, &Sequential),
            Self::Finalize(evidence) => evidence.verify(rng, &scheme, &Sequential),
            Self::NullifyFinalize(evidence) => evidence.verify(rng, &scheme, &Sequential),
        })
    }
}

/// What checks signatures of a committee.
fn verifier(context: &mut Context<'_>, seats: &[Seat], namespace: &[u8]) -> Result<Scheme, Stop> {
    context.charge(seats.len() as u64 * gas::ED25519_KEY)?;
    let keys = seats.iter().map(|seat| decode_key(seat.key));
    let keys: Vec<PublicKey> = keys.collect::<Result<_, _>>()?;
    let keys: Set<PublicKey> = keys
        .into_iter()
        .try_collect()
        .map_err(|_| Stop::Fatal("staking: a committee has one key twice".into()))?;
    Ok(Scheme::verifier(namespace, keys))
}

/// Whether a quorum of a committee of the zone signed. `transcript` is all that the signatures cover, and they themselves.
pub(crate) fn is_certified(
    context: &mut Context<'_>,
    (committee, zone): (&Committee, u64),
    finalization: &Finalization,
    transcript: B256,
) -> Result<bool, Stop> {
    let signers = finalization.certificate.signers.iter().count() as u64;
    context.charge(signers.saturating_mul(gas::ED25519_VERIFY))?;
    let hub = load(context, state::GENESIS_HASH)?.into();
    let namespace = hansa_primitives::zone_namespace(hub, zone);
    let scheme = verifier(context, &committee.seats, &namespace)?;
    let rng = &mut Transcript::new(transcript.as_slice());
    Ok(finalization.verify(rng, &scheme, &Sequential))
}

/// What the verifier takes where it asks for randomness: keccak256 of what is verified and a counter. Single signatures need none; those
/// of a certificate are verified together, weighted by it. Every machine draws the same, and who chooses the signatures has chosen
/// the draws: none of them can be fitted to what was drawn.
struct Transcript {
    state: B256,
    used: usize,
}

impl Transcript {
    fn new(bytes: &[u8]) -> Self {
        Self {
            state: keccak256(bytes),
            used: 0,
        }
    }

    fn byte(&mut self) -> u8 {
        if self.used == 32 {
            self.state = keccak256(self.state);
            self.used = 0;
        }
        let byte = self.state[self.used];
        self.used += 1;
        byte
    }
}

impl rand_core::TryRng for Transcript {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill_with(|| self.byte());
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Transcript {}
