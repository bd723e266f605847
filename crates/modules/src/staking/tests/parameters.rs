//! Bounds of the parameters, and their changes.

use super::{League, key, parameters, wei};
use crate::{
    limits::{
        MAX_EPOCH_BLOCKS, MAX_FINDER_BPS, MAX_SEATS, MAX_STAKE_BITS, MAX_WINDOW_EPOCHS, MIN_SEATS,
    },
    staking::{ParametersRefused, StakingParams, parameters::check, set_parameters},
};
use alloy_primitives::U256;
use hansa_abi::IStaking;

fn refused(change: impl FnOnce(&mut StakingParams)) -> Option<&'static str> {
    let mut parameters = parameters();
    change(&mut parameters);
    check(&parameters).err().map(|error| error.parameter)
}

#[test]
fn the_defaults_hold() {
    assert_eq!(check(&StakingParams::default()), Ok(()));
    assert_eq!(check(&parameters()), Ok(()));
}

#[test]
fn each_bound_holds_at_the_limit_and_not_past_it() {
    assert_eq!(refused(|p| p.epoch_blocks = MAX_EPOCH_BLOCKS), None);
    assert_eq!(
        refused(|p| p.epoch_blocks = MAX_EPOCH_BLOCKS + 1),
        Some("epoch_blocks")
    );
    assert_eq!(refused(|p| p.epoch_blocks = 3), Some("epoch_blocks"));
    assert_eq!(refused(|p| p.freeze_blocks = 2), None);
    assert_eq!(refused(|p| p.freeze_blocks = 3), Some("freeze_blocks"));
    assert_eq!(refused(|p| p.freeze_blocks = 0), Some("freeze_blocks"));
    assert_eq!(
        refused(|p| p.freeze_blocks = u64::MAX),
        Some("freeze_blocks")
    );
    for seats in [MIN_SEATS, MAX_SEATS] {
        assert_eq!(refused(|p| p.seats = seats), None);
    }
    for seats in [MIN_SEATS - 1, MAX_SEATS + 1] {
        assert_eq!(refused(|p| p.seats = seats), Some("seats"));
    }
    assert_eq!(refused(|p| p.unbonding_epochs = MAX_WINDOW_EPOCHS), None);
    assert_eq!(
        refused(|p| p.unbonding_epochs = MAX_WINDOW_EPOCHS + 1),
        Some("unbonding_epochs")
    );
    assert_eq!(refused(|p| p.jail_epochs = 0), Some("jail_epochs"));
    assert_eq!(refused(|p| p.appeal_epochs = 33), Some("appeal_epochs"));
    assert_eq!(refused(|p| p.evidence_epochs = 0), Some("evidence_epochs"));
    assert_eq!(refused(|p| p.finder_bps = MAX_FINDER_BPS), None);
    assert_eq!(
        refused(|p| p.finder_bps = MAX_FINDER_BPS + 1),
        Some("finder_bps")
    );
    assert_eq!(refused(|p| p.slash_bps[2] = 10_000), None);
    assert_eq!(refused(|p| p.slash_bps[2] = 10_001), Some("slash_bps"));
    assert_eq!(refused(|p| p.fund_bps = 10_001), Some("fund_bps"));
    assert_eq!(refused(|p| p.fee_share_bps = 10_001), Some("fee_share_bps"));
    assert_eq!(
        refused(|p| p.max_commission_bps = 10_001),
        Some("max_commission_bps")
    );
    assert_eq!(
        refused(|p| p.min_delegation = U256::ZERO),
        Some("min_delegation")
    );
    let most = U256::ONE << MAX_STAKE_BITS;
    assert_eq!(refused(|p| p.emission_per_epoch = most - U256::ONE), None);
    assert_eq!(
        refused(|p| p.emission_per_epoch = most),
        Some("emission_per_epoch")
    );
}

#[test]
fn evidence_expires_before_stake_leaves_whichever_parameter_changes() {
    let mut league = League::new(4, parameters());
    let block = league.block();
    let mut change = |change: &dyn Fn(&mut StakingParams)| {
        let mut new = parameters();
        change(&mut new);
        set_parameters(&mut league.host, block, &new)
    };
    // 2 + 3 < 6.
    for too_far in [
        change(&|p| p.unbonding_epochs = 5),
        change(&|p| p.evidence_epochs = 4),
        change(&|p| p.certificate_epochs = 3),
        change(&|p| p.certificate_epochs = u64::MAX),
    ] {
        let error = too_far.unwrap_err();
        assert!(error.to_string().contains("unbonding_epochs"), "{error}");
    }
    change(&|p| (p.unbonding_epochs, p.evidence_epochs) = (7, 4)).unwrap();
    let seen = league.view(&IStaking::parametersCall {});
    assert_eq!((seen.unbondingEpochs, seen.evidenceEpochs), (7, 4));
}

#[test]
fn lengths_never_change() {
    let mut league = League::new(4, parameters());
    let block = league.block();
    for new in [
        StakingParams {
            epoch_blocks: 8,
            ..parameters()
        },
        StakingParams {
            freeze_blocks: 2,
            ..parameters()
        },
    ] {
        let refused = set_parameters(&mut league.host, block, &new);
        assert!(matches!(refused, Err(ParametersRefused::OutOfBounds(_))));
    }
}

#[test]
fn a_fault_costs_what_it_cost_when_it_was_committed() {
    let mut league = League::new(4, parameters());
    league.enter(1);
    let block = league.block();
    let new = StakingParams {
        slash_bps: [400, 2_000, 333],
        ..parameters()
    };
    set_parameters(&mut league.host, block, &new).unwrap();
    for n in 2..=3 {
        let call = IStaking::setRiskCall {
            risk: IStaking::Risk::uniform(9_000),
        };
        league.call(super::owner(n), &call).unwrap();
    }
    let bps = |league: &mut League, kind, epoch, seed| {
        let id = league.accuse(kind, epoch, &key(seed)).unwrap();
        league.view(&IStaking::slashCall { slashId: id }).bps
    };
    // A lower share from the effective epoch on, a higher one after unbonding and two epochs.
    assert_eq!(bps(&mut league, 0, 1, 1), 500);
    let mut other = league.clone();
    other.enter(2);
    assert_eq!(bps(&mut other, 0, 2, 3), 400);
    league.enter(9);
    assert_eq!(bps(&mut league, 1, 9, 2), 1_000);
    league.enter(10);
    assert_eq!(bps(&mut league, 1, 10, 3), 2_000);
    let again = StakingParams {
        slash_bps: [400, 1_999, 333],
        ..new.clone()
    };
    let block = league.block();
    let refused = set_parameters(&mut league.host, block, &again).unwrap_err();
    assert!(refused.to_string().contains("recently"), "{refused}");
    league.enter(14);
    let block = league.block();
    set_parameters(&mut league.host, block, &again).unwrap();
}

/// What merged under a short window is not found by evidence that only a longer one admits.
#[test]
fn a_longer_evidence_window_does_not_reach_behind_what_has_merged() {
    let mut league = League::new(4, parameters());
    league.enter(3);
    league.delegate(1, 1, 1_000).unwrap();
    league.enter(7);
    // Touched in epoch 7: the lot that counts from epoch 4 on has merged.
    league.delegate(2, 1, 10).unwrap();
    let about = league.evidence(1, 3, &key(1));
    let new = StakingParams {
        unbonding_epochs: 16,
        evidence_epochs: 8,
        ..parameters()
    };
    let block = league.block();
    set_parameters(&mut league.host, block, &new).unwrap();
    let call = IStaking::submitEvidenceCall {
        kind: 1,
        evidence: about,
    };
    let error = IStaking::EvidenceExpired {
        epoch: 3,
        oldest: 4,
    };
    let submitted = league.call(super::delegator(19), &call);
    crate::tests::world::assert_reverts(submitted, error);
    league.accuse(1, 4, &key(1)).unwrap();
    assert_eq!(
        league.view(&IStaking::slashCall { slashId: 1 }).amount,
        wei(200)
    );
}
