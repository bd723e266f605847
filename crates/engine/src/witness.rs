//! What operators sign, as this node hears it: who takes part, and who breaks the rules.

use crate::epochs::VIEW_RETENTION;
use commonware_actor::Feedback;
use commonware_codec::Encode as _;
use commonware_consensus::{
    Epochable as _, Reporter, Viewable as _,
    simplex::types::{
        Activity, Attributable as _, ConflictingFinalize, ConflictingNotarize, Finalize, Notarize,
        Nullify, NullifyFinalize, Vote,
    },
};
use commonware_cryptography::{
    certificate::{Attestation, Scheme as _},
    ed25519::certificate::Certificate,
};
use commonware_parallel::Sequential;
use commonware_utils::{channel::mpsc, iter::NonEmpty};
use hansa_primitives::{Digest, Finalization, PublicKey, Scheme};
use parking_lot::Mutex;
use rand_core::CryptoRng;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Proof that an operator broke the rules of consensus, as staking takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// 0: two notarizations of a view, 1: two finalizations, 2: a finalization of a view that was also given up.
    pub kind: u8,
    /// The zone that it was on; 0 for the hub.
    pub zone: u64,
    /// The chain's epoch.
    pub epoch: u64,
    /// The view.
    pub view: u64,
    /// Who.
    pub operator: PublicKey,
    /// The encoded pair of votes.
    pub proof: Vec<u8>,
}

/// What an operator signed in a view.
#[derive(Clone, Debug, Default)]
struct Signed {
    notarize: Option<Notarize<Scheme, Digest>>,
    nullify: Option<Nullify<Scheme>>,
    finalize: Option<Finalize<Scheme, Digest>>,
}

/// By view and signer.
type Votes = BTreeMap<u64, BTreeMap<u32, Signed>>;

/// What may be signed by whom it names, or not.
enum Claim<'a> {
    Vote(&'a Vote<Scheme, Digest>),
    Both(&'a Offence),
}

/// Looks at signatures.
type Check = Box<dyn FnMut(Claim<'_>, &Scheme) -> bool + Send>;

#[derive(Default)]
struct Heard {
    epoch: u64,
    scheme: Option<Arc<Scheme>>,
    votes: Votes,
    /// Who is accused already: one offence counts for each operator and epoch.
    accused: BTreeSet<u32>,
}

/// Listens to the votes of one chain, and to those in certificates: somebody who tells one half of the committee
/// something else than the other is found by who hears of both. Clones share what they heard.
#[derive(Clone)]
pub struct Witness {
    heard: Arc<Mutex<Heard>>,
    check: Arc<Mutex<Check>>,
    /// Where evidence goes, and the zone that it is from; 0 for the hub.
    evidence: Option<(mpsc::Sender<Evidence>, u64)>,
}

impl Witness {
    /// Hands evidence to `evidence`; what finds no room there is lost, and others have heard it too.
    pub fn new(
        evidence: Option<(mpsc::Sender<Evidence>, u64)>,
        mut rng: impl CryptoRng + Send + 'static,
    ) -> Self {
        let check = move |claim: Claim<'_>, scheme: &Scheme| {
            let rng = &mut rng;
            match claim {
                Claim::Vote(Vote::Notarize(vote)) => vote.verify(rng, scheme, &Sequential),
                Claim::Vote(Vote::Nullify(vote)) => {
                    vote.verify::<_, Digest>(rng, scheme, &Sequential)
                }
                Claim::Vote(Vote::Finalize(vote)) => vote.verify(rng, scheme, &Sequential),
                Claim::Both(Offence::Notarize(proof)) => proof.verify(rng, scheme, &Sequential),
                Claim::Both(Offence::Finalize(proof)) => proof.verify(rng, scheme, &Sequential),
                Claim::Both(Offence::NullifyFinalize(proof)) => {
                    proof.verify(rng, scheme, &Sequential)
                }
            }
        };
        Self {
            heard: Arc::default(),
            check: Arc::new(Mutex::new(Box::new(check))),
            evidence,
        }
    }

    /// Listens to another epoch from now on.
    pub(crate) fn enter(&self, epoch: u64, scheme: Arc<Scheme>) {
        *self.heard.lock() = Heard {
            epoch,
            scheme: Some(scheme),
            ..Heard::default()
        };
    }

    /// A finalization of the newest view between `after` and `before` (both excluded) that a quorum voted for, signed by all
    /// whose votes are here: a certificate that consensus makes has only the first ones.
    pub(crate) fn finalization(
        &self,
        rng: &mut impl CryptoRng,
        epoch: u64,
        after: u64,
        before: u64,
    ) -> Option<Finalization> {
        let (scheme, votes) = {
            let heard = self.heard.lock();
            let scheme = heard.scheme.clone().filter(|_| heard.epoch == epoch)?;
            let views = heard.votes.range((after + 1).min(before)..before);
            let finalizes = |(_, signed): (_, &BTreeMap<u32, Signed>)| -> Vec<_> {
                let signed = signed.values();
                signed
                    .filter_map(|signed| signed.finalize.clone())
                    .collect()
            };
            (scheme, views.rev().map(finalizes).collect::<Vec<_>>())
        };
        votes
            .into_iter()
            .find_map(|votes| assemble(rng, &scheme, votes))
    }

    fn accuse(&self, heard: &mut Heard, offence: &Offence) {
        let (kind, signer, proof) = match offence {
            Offence::Notarize(proof) => (0, proof.signer(), proof.encode()),
            Offence::Finalize(proof) => (1, proof.signer(), proof.encode()),
            Offence::NullifyFinalize(proof) => (2, proof.signer(), proof.encode()),
        };
        let view = match offence {
            Offence::Notarize(proof) => proof.view(),
            Offence::Finalize(proof) => proof.view(),
            Offence::NullifyFinalize(proof) => proof.view(),
        };
        let Some(scheme) = &heard.scheme else { return };
        let operator = scheme.participants().get(signer.get() as usize).cloned();
        let (Some(operator), true) = (operator, heard.accused.insert(signer.get())) else {
            return;
        };
        let (epoch, view) = (heard.epoch, view.get());
        tracing::warn!(%operator, epoch, view, kind, "an operator broke the rules of consensus");
        if let Some((evidence, zone)) = &self.evidence {
            let _ = evidence.try_send(Evidence {
                kind,
                zone: *zone,
                epoch,
                view,
                operator,
                proof: proof.to_vec(),
            });
        }
    }
}

/// What is right of two votes of one signer.
enum Signatures {
    Good,
    KnownIsBad,
    NewIsBad,
}

/// Two votes that contradict each other, both signed.
enum Offence {
    Notarize(ConflictingNotarize<Scheme, Digest>),
    Finalize(ConflictingFinalize<Scheme, Digest>),
    NullifyFinalize(NullifyFinalize<Scheme, Digest>),
}

impl Heard {
    /// What a signer is known to have signed in a view; `None` if the view is long past.
    fn signed(&mut self, view: u64, signer: u32) -> Option<&mut Signed> {
        let newest = self.votes.last_key_value().map_or(view, |(view, _)| *view);
        let oldest = newest.max(view).saturating_sub(VIEW_RETENTION.get());
        if view < oldest {
            return None;
        }
        self.votes = self.votes.split_off(&oldest);
        Some(
            self.votes
                .entry(view)
                .or_default()
                .entry(signer)
                .or_default(),
        )
    }

    /// Whether both are signed. Votes are noted as they come, for almost none is ever looked at again; of two that contradict
    /// each other, the one that is not signed must not stand for its signer.
    fn are_signed(
        &self,
        check: &mut Check,
        known: Vote<Scheme, Digest>,
        new: Vote<Scheme, Digest>,
    ) -> Signatures {
        let Some(scheme) = &self.scheme else {
            return Signatures::NewIsBad;
        };
        if !check(Claim::Vote(&new), scheme) {
            Signatures::NewIsBad
        } else if !check(Claim::Vote(&known), scheme) {
            Signatures::KnownIsBad
        } else {
            Signatures::Good
        }
    }

    /// An offence that consensus reports, if both votes are signed.
    fn proven(&self, check: &mut Check, offence: Offence) -> Vec<Offence> {
        let scheme = self.scheme.as_ref();
        let signed = scheme.is_some_and(|scheme| check(Claim::Both(&offence), scheme));
        signed.then_some(offence).into_iter().collect()
    }

    fn notarize(&mut self, check: &mut Check, vote: Notarize<Scheme, Digest>) -> Option<Offence> {
        let (view, signer) = (vote.view().get(), vote.signer().get());
        let known = self
            .signed(view, signer)?
            .notarize
            .get_or_insert_with(|| vote.clone())
            .clone();
        if known.proposal == vote.proposal {
            return None;
        }
        match self.are_signed(
            check,
            Vote::Notarize(known.clone()),
            Vote::Notarize(vote.clone()),
        ) {
            Signatures::Good => Some(Offence::Notarize(ConflictingNotarize::new(known, vote))),
            Signatures::KnownIsBad => {
                self.signed(view, signer)?.notarize = Some(vote);
                None
            }
            Signatures::NewIsBad => None,
        }
    }

    fn nullify(&mut self, check: &mut Check, vote: Nullify<Scheme>) -> Option<Offence> {
        let (view, signer) = (vote.view().get(), vote.signer().get());
        let signed = self.signed(view, signer)?;
        let Some(finalize) = signed.finalize.clone() else {
            signed.nullify.get_or_insert(vote);
            return None;
        };
        match self.are_signed(
            check,
            Vote::Finalize(finalize.clone()),
            Vote::Nullify(vote.clone()),
        ) {
            Signatures::Good => {
                let proof = NullifyFinalize::new(vote, finalize);
                Some(Offence::NullifyFinalize(proof))
            }
            Signatures::KnownIsBad => {
                let signed = self.signed(view, signer)?;
                (signed.nullify, signed.finalize) = (Some(vote), None);
                None
            }
            Signatures::NewIsBad => None,
        }
    }

    fn finalize(&mut self, check: &mut Check, vote: Finalize<Scheme, Digest>) -> Option<Offence> {
        let (view, signer) = (vote.view().get(), vote.signer().get());
        let signed = self.signed(view, signer)?;
        if let Some(nullify) = signed.nullify.clone() {
            let (known, new) = (Vote::Nullify(nullify.clone()), Vote::Finalize(vote.clone()));
            match self.are_signed(check, known, new) {
                Signatures::Good => {
                    let proof = NullifyFinalize::new(nullify, vote);
                    return Some(Offence::NullifyFinalize(proof));
                }
                Signatures::KnownIsBad => self.signed(view, signer)?.nullify = None,
                Signatures::NewIsBad => return None,
            }
        }
        let signed = self.signed(view, signer)?;
        let known = signed.finalize.get_or_insert_with(|| vote.clone()).clone();
        if known.proposal == vote.proposal {
            return None;
        }
        match self.are_signed(
            check,
            Vote::Finalize(known.clone()),
            Vote::Finalize(vote.clone()),
        ) {
            Signatures::Good => Some(Offence::Finalize(ConflictingFinalize::new(known, vote))),
            Signatures::KnownIsBad => {
                self.signed(view, signer)?.finalize = Some(vote);
                None
            }
            Signatures::NewIsBad => None,
        }
    }

    fn hear(&mut self, check: &mut Check, activity: Activity<Scheme, Digest>) -> Vec<Offence> {
        let offence = match activity {
            Activity::Notarize(vote) => self.notarize(check, vote),
            Activity::Nullify(vote) => self.nullify(check, vote),
            Activity::Finalize(vote) => self.finalize(check, vote),
            // Both votes are looked at, whatever was heard before of the same view.
            Activity::ConflictingNotarize(proof) => {
                return self.proven(check, Offence::Notarize(proof));
            }
            Activity::ConflictingFinalize(proof) => {
                return self.proven(check, Offence::Finalize(proof));
            }
            Activity::NullifyFinalize(proof) => {
                return self.proven(check, Offence::NullifyFinalize(proof));
            }
            Activity::Notarization(of) => {
                let proposal = of.proposal;
                return attestations(of.certificate)
                    .filter_map(|attestation| {
                        let proposal = proposal.clone();
                        self.notarize(
                            check,
                            Notarize {
                                proposal,
                                attestation,
                            },
                        )
                    })
                    .collect();
            }
            Activity::Nullification(of) => {
                let round = of.round;
                return attestations(of.certificate)
                    .filter_map(|attestation| self.nullify(check, Nullify { round, attestation }))
                    .collect();
            }
            Activity::Finalization(of) => {
                let proposal = of.proposal;
                return attestations(of.certificate)
                    .filter_map(|attestation| {
                        let proposal = proposal.clone();
                        self.finalize(
                            check,
                            Finalize {
                                proposal,
                                attestation,
                            },
                        )
                    })
                    .collect();
            }
            Activity::Certification(_) => None,
        };
        offence.into_iter().collect()
    }
}

/// The single signatures of a certificate.
fn attestations(certificate: Certificate) -> impl Iterator<Item = Attestation<Scheme>> {
    let signers: Vec<_> = certificate.signers.iter().collect();
    let signed = signers.into_iter().zip(certificate.signatures);
    signed.map(|(signer, signature)| Attestation { signer, signature })
}

/// A finalization from votes that nobody has verified yet.
fn assemble(
    rng: &mut impl CryptoRng,
    scheme: &Scheme,
    mut votes: Vec<Finalize<Scheme, Digest>>,
) -> Option<Finalization> {
    // At most one proposal has a quorum.
    let count = |vote: &Finalize<Scheme, Digest>| {
        votes
            .iter()
            .filter(|other| other.proposal == vote.proposal)
            .count()
    };
    let proposal = votes
        .iter()
        .max_by_key(|vote| count(vote))?
        .proposal
        .clone();
    votes.retain(|vote| vote.proposal == proposal);
    let joined = |votes: &[Finalize<Scheme, Digest>]| {
        let (first, rest) = votes.split_first()?;
        let votes = NonEmpty::new(first, rest.iter());
        Finalization::from_finalizes(scheme, votes, &Sequential).ok()
    };
    let finalization = joined(&votes)?;
    if finalization.verify(rng, scheme, &Sequential) {
        return Some(finalization);
    }
    votes.retain(|vote| vote.verify(rng, scheme, &Sequential));
    joined(&votes)
}

impl Reporter for Witness {
    type Activity = Activity<Scheme, Digest>;

    fn report(&mut self, activity: Self::Activity) -> Feedback {
        let mut heard = self.heard.lock();
        if activity.epoch().get() == heard.epoch {
            let check = &mut self.check.lock();
            for offence in heard.hear(check, activity) {
                self.accuse(&mut heard, &offence);
            }
        }
        Feedback::Ok
    }
}
