//! Random steps: what they do to the model, and as calls.

use super::{Done, Model, Refused, State};
use crate::{
    staking::tests::{League, delegator, key, owner, proof, public, registration, wei},
    tests::world::account,
};
use alloy_primitives::{Address, Bytes};
use hansa_abi::IStaking as Abi;
use proptest::prelude::*;

/// Who submits evidence.
pub(super) const FINDER: u8 = 19;
/// How many delegators and owners there are.
pub(super) const PARTIES: u8 = 13;

#[derive(Clone, Debug)]
pub(super) enum Step {
    Delegate {
        who: u8,
        to: u64,
        amount: u64,
        max_loss: [u16; 3],
    },
    Undelegate {
        who: u8,
        from: u64,
        amount: u64,
    },
    Redelegate {
        who: u8,
        from: u64,
        to: u64,
        amount: u64,
        max_loss: [u16; 3],
    },
    Withdraw {
        who: u8,
        from: u64,
    },
    Complete {
        who: u8,
        from: u64,
    },
    ClaimRewards {
        who: u8,
        from: u64,
    },
    Restake {
        who: u8,
        with: u64,
    },
    AutoRestake {
        who: u8,
        with: u64,
        enabled: bool,
    },
    Settle {
        who: u8,
        with: u64,
    },
    Register {
        n: u8,
        seed: u64,
        stake: u64,
    },
    Rotate {
        n: u8,
        seed: u64,
    },
    Commission {
        n: u8,
        bps: u16,
    },
    Risk {
        n: u8,
        shares: [u16; 3],
    },
    Exit {
        n: u8,
    },
    Rejoin {
        n: u8,
    },
    Unjail {
        n: u8,
    },
    ClaimCommission {
        n: u8,
    },
    Accuse {
        seat: usize,
        kind: u8,
        back: u64,
    },
    Appeal {
        who: u8,
        back: usize,
    },
    Approve {
        member: u8,
        back: usize,
    },
    SettleSlash {
        back: usize,
    },
    Blocks {
        count: u8,
        mask: Option<u8>,
        proposer: usize,
        fees: u64,
    },
    Epochs {
        count: u8,
    },
}

/// Turns a step about some position into one about a position that exists, mostly: one with an entry on its way
/// out where there is any, for what needs one.
pub(super) fn aim(model: &Model, mut step: Step) -> Step {
    let (who, id, leaving) = match &mut step {
        Step::Delegate { who, to, .. } => (who, to, false),
        Step::Undelegate { who, from, .. } | Step::Redelegate { who, from, .. } => {
            (who, from, false)
        }
        Step::Withdraw { who, from } | Step::Complete { who, from } => (who, from, true),
        Step::ClaimRewards { who, from } => (who, from, false),
        Step::Restake { who, with }
        | Step::Settle { who, with }
        | Step::AutoRestake { who, with, .. } => (who, with, false),
        Step::Approve { back, .. } => {
            let mut open = (1..=model.slashes.len()).filter(|back| {
                let slash = &model.slashes[model.slashes.len() - back];
                slash.state == State::Pending && slash.appellant.is_some()
            });
            *back = open.next().unwrap_or(*back);
            return step;
        }
        _ => return step,
    };
    let has_entry = |key: &&(u64, Address)| {
        let mut parts = model.positions[*key].parts.iter();
        parts.any(|part| part.until.is_some())
    };
    let mut all: Vec<_> = model.positions.keys().collect();
    if leaving && all.iter().any(has_entry) {
        all.retain(has_entry);
    }
    if !who.is_multiple_of(4) && !all.is_empty() {
        let (found, account) = all[(usize::from(*who) * 8 + *id as usize) % all.len()];
        *id = *found;
        *who = (0..PARTIES).find(|who| party(*who) == *account).unwrap();
    }
    step
}

/// Delegators and owners.
pub(super) fn party(who: u8) -> Address {
    match who % PARTIES {
        who @ 0..3 => delegator(who + 1),
        who => owner(who - 2),
    }
}

/// What is signed: mostly everything, or so much of each kind that one or another is too little for somebody's terms.
fn loss() -> impl Strategy<Value = [u16; 3]> {
    let share = || prop_oneof![2 => Just(10_000u16), 1 => 300u16..3_300];
    let mixed = (share(), share(), share()).prop_map(<[u16; 3]>::from);
    prop_oneof![4 => Just([10_000; 3]), 2 => mixed, 1 => prop::array::uniform3(9_999u16..10_002)]
}

/// Terms near the chain's shares and above them; often only one kind is asked to change.
fn terms(least: [u64; 3]) -> impl Strategy<Value = [u16; 3]> {
    let share = |least: u64| {
        let least = least as u16;
        prop_oneof![
            3 => Just(least),
            3 => least..(least + 3_000).min(10_001),
            1 => least.saturating_sub(50)..least + 1,
        ]
    };
    let [first, second, third] = least;
    (share(first), share(second), share(third)).prop_map(<[u16; 3]>::from)
}

/// A step that moves up to `most` wei, on a chain on which faults cost this.
pub(super) fn step(most: u64, slash_bps: [u64; 3]) -> impl Strategy<Value = Step> {
    let who = any::<u8>;
    let id = || 1u64..8;
    let n = || 1u8..9;
    let amount = || prop_oneof![Just(1u64), 1..most, 8u64..40, 1..most / 6];
    let back = || 1usize..4;
    prop_oneof![
        8 => (who(), id(), amount(), loss())
            .prop_map(|(who, to, amount, max_loss)| Step::Delegate { who, to, amount, max_loss }),
        6 => (who(), id(), amount()).prop_map(|(who, from, amount)| Step::Undelegate { who, from, amount }),
        3 => (who(), id(), id(), amount(), loss()).prop_map(|(who, from, to, amount, max_loss)| {
            Step::Redelegate { who, from, to, amount, max_loss }
        }),
        8 => (who(), id()).prop_map(|(who, from)| Step::Withdraw { who, from }),
        6 => (who(), id()).prop_map(|(who, from)| Step::Complete { who, from }),
        2 => (who(), id()).prop_map(|(who, from)| Step::ClaimRewards { who, from }),
        2 => (who(), id()).prop_map(|(who, with)| Step::Restake { who, with }),
        3 => (who(), id(), any::<bool>())
            .prop_map(|(who, with, enabled)| Step::AutoRestake { who, with, enabled }),
        2 => (who(), id()).prop_map(|(who, with)| Step::Settle { who, with }),
        2 => (n(), 1u64..12, 90u64..2_000).prop_map(|(n, seed, stake)| Step::Register { n, seed, stake }),
        2 => (n(), 1u64..20).prop_map(|(n, seed)| Step::Rotate { n, seed }),
        1 => (n(), 0u16..1_300).prop_map(|(n, bps)| Step::Commission { n, bps }),
        2 => (n(), terms(slash_bps)).prop_map(|(n, shares)| Step::Risk { n, shares }),
        1 => n().prop_map(|n| Step::Exit { n }),
        2 => n().prop_map(|n| Step::Rejoin { n }),
        4 => n().prop_map(|n| Step::Unjail { n }),
        1 => n().prop_map(|n| Step::ClaimCommission { n }),
        2 => (0usize..6, 0u8..3, 0u64..4).prop_map(|(seat, kind, back)| Step::Accuse { seat, kind, back }),
        4 => (who(), back()).prop_map(|(who, back)| Step::Appeal { who, back }),
        8 => (0u8..4, back()).prop_map(|(member, back)| Step::Approve { member, back }),
        2 => back().prop_map(|back| Step::SettleSlash { back }),
        6 => (1u8..12, prop::option::of(any::<u8>()), 0usize..6, 0u64..500).prop_map(
            |(count, mask, proposer, fees)| Step::Blocks { count, mask, proposer, fees }
        ),
        4 => (1u8..4).prop_map(|count| Step::Epochs { count }),
    ]
}

/// Applies a step to the model; `Err` if it must revert, after which the model is thrown away.
pub(super) fn apply(model: &mut Model, step: &Step) -> Done {
    let index = |model: &Model, back: usize| model.slashes.len().checked_sub(back).ok_or(Refused);
    match *step {
        Step::Delegate {
            who,
            to,
            amount,
            max_loss,
        } => model.delegate(to, party(who), wei(amount), max_loss.map(u64::from)),
        Step::Undelegate { who, from, amount } => {
            model.leave(from, party(who), wei(amount), (0, [0; 3]))
        }
        Step::Redelegate {
            who,
            from,
            to,
            amount,
            max_loss,
        } => model.leave(from, party(who), wei(amount), (to, max_loss.map(u64::from))),
        Step::Withdraw { who, from } => model.withdraw(from, party(who)),
        Step::Complete { who, from } => model.complete(from, party(who)),
        Step::ClaimRewards { who, from } => model.claim_rewards(from, party(who)),
        Step::Restake { who, with } => model.restake(with, party(who)),
        Step::AutoRestake { who, with, enabled } => model.set_auto(with, party(who), enabled),
        Step::Settle { who, with } => model.settle(with, party(who)),
        Step::Register { n, seed, stake } => model.register(owner(n), seed, wei(stake)),
        Step::Rotate { n, seed } => model.rotate(owner(n), seed),
        Step::Commission { n, bps } => model.set_commission(owner(n), bps.into()),
        Step::Risk { n, shares } => model.set_risk(owner(n), shares.map(u64::from)),
        Step::Exit { n } => model.set_exited(owner(n), true),
        Step::Rejoin { n } => model.set_exited(owner(n), false),
        Step::Unjail { n } => model.unjail(owner(n)),
        Step::ClaimCommission { n } => model.claim_commission(owner(n)),
        Step::Accuse { seat, kind, back } => {
            let (fault, id, _) = accused(model, seat, back);
            model.accuse(delegator(FINDER), id, kind, fault)
        }
        Step::Appeal { who, back } => {
            let index = index(model, back)?;
            model.appeal(appellant(model, who, index), index, wei(50))
        }
        Step::Approve { member, back } => model.approve(member, index(model, back)?),
        Step::SettleSlash { back } => model.settle_slash(index(model, back)?),
        Step::Blocks { .. } | Step::Epochs { .. } => Ok(()),
    }
}

/// Epoch of the fault, operator, and seed of the key that it had then.
fn accused(model: &Model, seat: usize, back: u64) -> (u64, u64, u64) {
    let fault = model.epoch().saturating_sub(back);
    let seats = &model.committees[fault as usize];
    let (id, seed, _) = seats[seat % seats.len()];
    (fault, id, seed)
}

/// Who appeals: often the owner of the operator.
fn appellant(model: &Model, who: u8, index: usize) -> Address {
    match model.slashes.get(index) {
        Some(slash) if who.is_multiple_of(2) => model.operators[&slash.operator].owner,
        _ => party(who),
    }
}

/// Executes a step that is a call.
pub(super) fn execute(league: &mut League, model: &Model, step: &Step) -> Result<(), Bytes> {
    match *step {
        Step::Delegate {
            who,
            to,
            amount,
            max_loss,
        } => {
            let call = Abi::delegateCall {
                operatorId: to,
                maxLoss: Abi::Risk::by_kind(max_loss),
            };
            league.pay(party(who), wei(amount), &call).map(drop)
        }
        Step::Undelegate { who, from, amount } => {
            let call = Abi::undelegateCall {
                operatorId: from,
                amount: wei(amount),
            };
            league.call(party(who), &call).map(drop)
        }
        Step::Redelegate {
            who,
            from,
            to,
            amount,
            max_loss,
        } => {
            let call = Abi::redelegateCall {
                from,
                to,
                amount: wei(amount),
                maxLoss: Abi::Risk::by_kind(max_loss),
            };
            league.call(party(who), &call).map(drop)
        }
        Step::Withdraw { who, from } => league
            .call(party(who), &Abi::withdrawCall { operatorId: from })
            .map(drop),
        Step::Complete { who, from } => {
            let call = Abi::completeRedelegationCall {
                from,
                delegator: party(who),
            };
            league.call(delegator(FINDER), &call).map(drop)
        }
        Step::ClaimRewards { who, from } => league
            .call(party(who), &Abi::claimRewardsCall { operatorId: from })
            .map(drop),
        Step::Restake { who, with } => league
            .call(party(who), &Abi::restakeCall { operatorId: with })
            .map(drop),
        Step::AutoRestake { who, with, enabled } => {
            let call = Abi::setAutoRestakeCall {
                operatorId: with,
                enabled,
            };
            league.call(party(who), &call).map(drop)
        }
        Step::Settle { who, with } => {
            let call = Abi::settleCall {
                operatorId: with,
                delegator: party(who),
            };
            league.call(delegator(FINDER), &call).map(drop)
        }
        _ => execute_other(league, model, step),
    }
}

/// Executes what is not a delegator's step.
fn execute_other(league: &mut League, model: &Model, step: &Step) -> Result<(), Bytes> {
    let slash = |back: usize| (model.slashes.len() as u64 + 1).saturating_sub(back as u64);
    match *step {
        Step::Register { n, seed, stake } => {
            let call = registration(league.genesis_hash, n, seed);
            league.pay(owner(n), wei(stake), &call).map(drop)
        }
        Step::Rotate { n, seed } => {
            let new = key(seed);
            let proof = proof(league.genesis_hash, &new, owner(n));
            let call = Abi::rotateKeyCall {
                newKey: public(&new),
                proof,
            };
            league.call(owner(n), &call).map(drop)
        }
        Step::Commission { n, bps } => league
            .call(owner(n), &Abi::setCommissionCall { commissionBps: bps })
            .map(drop),
        Step::Risk { n, shares } => {
            let risk = Abi::Risk::by_kind(shares);
            league.call(owner(n), &Abi::setRiskCall { risk }).map(drop)
        }
        Step::Exit { n } => league.call(owner(n), &Abi::exitCall {}).map(drop),
        Step::Rejoin { n } => league.call(owner(n), &Abi::rejoinCall {}).map(drop),
        Step::Unjail { n } => league.call(owner(n), &Abi::unjailCall {}).map(drop),
        Step::ClaimCommission { n } => league
            .call(owner(n), &Abi::claimCommissionCall {})
            .map(drop),
        Step::Accuse { seat, kind, back } => {
            let (fault, _, seed) = accused(model, seat, back);
            league.accuse(kind, fault, &key(seed)).map(drop)
        }
        Step::Appeal { who, back } => {
            let call = Abi::appealCall {
                slashId: slash(back),
            };
            let index = model.slashes.len().wrapping_sub(back);
            let by = appellant(model, who, index);
            league.pay(by, wei(50), &call).map(drop)
        }
        Step::Approve { member, back } => {
            let call = Abi::approveAppealCall {
                slashId: slash(back),
            };
            league.call(account(member), &call).map(drop)
        }
        Step::SettleSlash { back } => league.settle_slash(slash(back)).map(drop),
        _ => Ok(()),
    }
}
