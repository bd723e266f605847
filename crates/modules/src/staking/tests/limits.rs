//! Limits over the whole module.

use super::{League, delegator, genesis, owner, parameters, registration, wei};
use crate::{
    genesis::{GenesisError, storage},
    limits::{
        MAX_ENDPOINT_BYTES, MAX_METADATA_BYTES, MAX_NAME_BYTES, MAX_OPERATOR_RECORDS,
        MAX_OPERATORS_PAGE, MAX_POSITIONS, MAX_PREVIEW, MAX_SEATS, MAX_SETTLED_AT_FREEZE,
        MAX_SLASHES_PAGE, MAX_STAKE_BITS,
    },
    staking::StakingParams,
    tests::world::assert_reverts,
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::{IModule, IStaking};

#[test]
fn a_delegator_has_as_many_positions_as_the_limit_says() {
    let count = MAX_POSITIONS as u8 + 1;
    let mut league = League::new(count, parameters());
    for id in 1..u64::from(count) {
        league.delegate(1, id, 10).unwrap();
    }
    let error = IModule::TooMany {
        field: "positions".into(),
        count: U256::from(MAX_POSITIONS + 1),
        limit: U256::from(MAX_POSITIONS),
    };
    assert_reverts(league.delegate(1, count.into(), 10), error);
    // The list closes its gaps.
    league.undelegate(1, 3, 10).unwrap();
    league.enter(7);
    league.withdraw(1, 3).unwrap();
    league.delegate(1, count.into(), 10).unwrap();
    let call = IStaking::delegationsOfCall {
        delegator: delegator(1),
    };
    let mut listed = league.view(&call);
    listed.sort_unstable();
    let expected: Vec<u64> = (1..=count.into()).filter(|id| *id != 3).collect();
    assert_eq!(listed, expected);
    // Also around the position that moved into a gap.
    league.undelegate(1, 32, 10).unwrap();
    league.enter(14);
    league.withdraw(1, 32).unwrap();
    let mut listed = league.view(&call);
    listed.sort_unstable();
    let expected: Vec<u64> = (1..=count.into())
        .filter(|id| ![3, 32].contains(id))
        .collect();
    assert_eq!(listed, expected);
}

#[test]
fn there_are_as_many_operators_as_the_limit_says() {
    let mut league = League::new(MAX_SEATS as u8, parameters());
    let account = |n: u64| Address::from_word(B256::from(U256::from(0x1_0000 + n)));
    for n in MAX_SEATS + 1..=MAX_OPERATOR_RECORDS {
        let key = super::key(n);
        let mut call = registration(league.genesis_hash, 1, n);
        call.proof = super::proof(league.genesis_hash, &key, account(n));
        league.host.credit(account(n), wei(100));
        assert_eq!(league.pay(account(n), wei(100), &call), Ok(n));
    }
    let call = registration(league.genesis_hash, 19, 300);
    league.host.credit(owner(19), wei(100));
    // Owner 19 owns an operator of the genesis: somebody else asks.
    let mut last = call.clone();
    last.proof = super::proof(league.genesis_hash, &super::key(300), account(300));
    league.host.credit(account(300), wei(100));
    let error = IStaking::OperatorsFull {
        limit: U256::from(MAX_OPERATOR_RECORDS),
    };
    assert_reverts(league.pay(account(300), wei(100), &last), error);
    // The largest selection there can be.
    league.run_to(4);
    assert_eq!(
        league.members(1).len() as u64,
        MAX_SEATS - (MAX_SEATS - 1) / 3
    );
    let full = league.clone();
    let retire = |league: &mut League, id| {
        league.call(delegator(1), &IStaking::retireCall { operatorId: id })
    };
    let refused = |id| IStaking::NotRetirable { operatorId: id };
    // Neither who is willing, nor who has a seat, however idle.
    assert_reverts(retire(&mut league, 200), refused(200));
    let seated = league.members(1)[0];
    league
        .call(owner(seated as u8), &IStaking::exitCall {})
        .unwrap();
    assert_reverts(retire(&mut league, seated), refused(seated));
    // Who takes its self-stake out makes room, and keeps what it has.
    let leave = IStaking::undelegateCall {
        operatorId: 200,
        amount: wei(90),
    };
    league.call(account(200), &leave).unwrap();
    retire(&mut league, 200).unwrap();
    assert!(league.operator(200).retired);
    assert_reverts(retire(&mut league, 200), refused(200));
    assert_eq!(league.pay(account(300), wei(100), &last), Ok(257));
    league.enter(2);
    league.enter(9);
    let rest = IStaking::undelegateCall {
        operatorId: 200,
        amount: wei(10),
    };
    league.call(account(200), &rest).unwrap();
    let withdraw = IStaking::withdrawCall { operatorId: 200 };
    assert_eq!(league.call(account(200), &withdraw), Ok(wei(90)));
    let mut again = registration(league.genesis_hash, 1, 400);
    again.proof = super::proof(league.genesis_hash, &super::key(400), account(200));
    let error = IStaking::OperatorsFull {
        limit: U256::from(MAX_OPERATOR_RECORDS),
    };
    league.host.credit(account(200), wei(100));
    assert_reverts(league.pay(account(200), wei(100), &again), error);
    // While there are places, nobody is retired.
    let mut few = League::new(4, parameters());
    few.call(owner(1), &IStaking::exitCall {}).unwrap();
    few.enter(2);
    assert_reverts(retire(&mut few, 1), refused(1));
    assert_eq!(full.host.balance(Address::ZERO), U256::ZERO);
}

#[test]
fn a_retired_operators_delegators_keep_what_they_earned() {
    let staking = StakingParams {
        emission_per_epoch: wei(4_096),
        ..parameters()
    };
    let mut league = League::new(MAX_SEATS as u8, staking);
    let account = |n: u64| Address::from_word(B256::from(U256::from(0x1_0000 + n)));
    league.delegate(1, 1, 1_000).unwrap();
    league.call(owner(1), &IStaking::exitCall {}).unwrap();
    league.enter(3);
    let earned = league.delegation(1, delegator(1)).rewards;
    for n in MAX_SEATS + 1..=MAX_OPERATOR_RECORDS {
        let mut call = registration(league.genesis_hash, 1, n);
        call.proof = super::proof(league.genesis_hash, &super::key(n), account(n));
        league.host.credit(account(n), wei(100));
        league.pay(account(n), wei(100), &call).unwrap();
    }
    let before = league.host.balance(owner(1));
    let due = league.operator(1).earned;
    league
        .call(delegator(2), &IStaking::retireCall { operatorId: 1 })
        .unwrap();
    assert_eq!(league.host.balance(owner(1)), before + due);
    league.enter(6);
    assert_eq!(league.delegation(1, delegator(1)).rewards, earned);
    let rate = league.view(&IStaking::rewardRateCall { operatorId: 1 });
    assert_eq!(rate.epochs, 3);
    league.undelegate(1, 1, 1_000).unwrap();
    league.enter(13);
    assert_eq!(league.withdraw(1, 1), Ok(wei(1_000)));
    league.check_solvent();
}

#[test]
fn an_operator_has_no_more_stake_than_can_be_counted() {
    let most = (U256::ONE << MAX_STAKE_BITS) - U256::ONE;
    let mut league = League::new(4, parameters());
    league.host.credit(delegator(1), most);
    let call = IStaking::delegateCall {
        operatorId: 1,
        maxLoss: IStaking::Risk::uniform(10_000),
    };
    let error = IStaking::StakeTooLarge {
        operatorId: 1,
        limit: U256::ONE << MAX_STAKE_BITS,
    };
    assert_reverts(league.pay(delegator(1), most, &call), error);
    league.pay(delegator(1), most - wei(1_000), &call).unwrap();
    assert_eq!(league.operator(1).stake, most);
    league.enter(2);
    assert_eq!(league.members(2), [1, 2, 3, 4]);
}

#[test]
fn a_genesis_that_makes_no_sense_is_refused() {
    let stakes = [wei(1_000); 4];
    let error_of = |change: &dyn Fn(&mut crate::genesis::Genesis)| {
        let mut genesis = genesis(&stakes, parameters());
        change(&mut genesis);
        storage(&genesis, 0).unwrap_err().to_string()
    };
    let twice =
        error_of(&|genesis| genesis.operators[2].public_key = genesis.operators[0].public_key);
    assert!(
        twice.contains("operator 2") && twice.contains("KeyUsed"),
        "{twice}"
    );
    let owner = error_of(&|genesis| genesis.operators[1].owner = genesis.operators[0].owner);
    assert!(owner.contains("AlreadyOperator"), "{owner}");
    let poor = error_of(&|genesis| genesis.operators[1].stake = wei(99));
    assert!(poor.contains("StakeTooSmall"), "{poor}");
    let greedy = error_of(&|genesis| genesis.operators[1].commission_bps = 3_001);
    assert!(greedy.contains("CommissionTooHigh"), "{greedy}");
    // The first number that is no curve point's coordinate.
    let mut numbers = (0..=255).map(|n| [[n].as_slice(), &[0; 31]].concat());
    let is_key = |bytes: &Vec<u8>| {
        use commonware_codec::DecodeExt as _;
        hansa_primitives::PublicKey::decode(bytes.clone()).is_ok()
    };
    let bad = B256::from_slice(&numbers.find(|bytes| !is_key(bytes)).unwrap());
    let key = error_of(&|genesis| genesis.operators[0].public_key = bad);
    assert!(key.contains("InvalidKey"), "{key}");
    let parameter = error_of(&|genesis| genesis.staking.unbonding_epochs = 5);
    assert!(parameter.contains("unbonding_epochs"), "{parameter}");
    let many = genesis(&vec![wei(1_000); MAX_SEATS as usize + 1], parameters());
    assert!(matches!(
        storage(&many, 0),
        Err(GenesisError::TooManyOperators { .. })
    ));
}

#[test]
fn a_freeze_block_settles_as_many_slashes_as_the_limit_says() {
    let count = MAX_SETTLED_AT_FREEZE + 1;
    let mut league = League::new(count as u8 + 4, parameters());
    league.enter(1);
    for seed in 1..=count {
        league.accuse(2, 0, &super::key(seed)).unwrap();
    }
    let settled = |league: &mut League| {
        let states = (1..=count).map(|id| {
            let slash = league.view(&IStaking::slashCall { slashId: id });
            slash.state == IStaking::SlashState::Settled
        });
        states.filter(|is_settled| *is_settled).count() as u64
    };
    league.run_to(14);
    assert_eq!(settled(&mut league), 0);
    league.run_to(15);
    assert_eq!(settled(&mut league), MAX_SETTLED_AT_FREEZE);
    league.run_to(19);
    assert_eq!(settled(&mut league), count);
    league.check_solvent();
}

#[test]
fn texts_pages_and_previews_are_limited() {
    let mut league = League::new(4, parameters());
    let too_long = |field: &str, limit: usize| IModule::TooLong {
        field: field.into(),
        length: U256::from(limit + 1),
        limit: U256::from(limit),
    };
    let mut set = |name: usize, endpoint: usize, metadata: usize| {
        let call = IStaking::setProfileCall {
            name: "n".repeat(name),
            endpoint: "e".repeat(endpoint),
            metadata: "m".repeat(metadata),
        };
        league.call(owner(1), &call)
    };
    let (name, endpoint, metadata) = (MAX_NAME_BYTES, MAX_ENDPOINT_BYTES, MAX_METADATA_BYTES);
    set(name, endpoint, metadata).unwrap();
    assert_reverts(set(name + 1, 0, 0), too_long("name", name));
    assert_reverts(set(1, endpoint + 1, 0), too_long("endpoint", endpoint));
    assert_reverts(set(1, 0, metadata + 1), too_long("metadata", metadata));
    assert_reverts(
        set(0, 0, 0),
        IModule::Empty {
            field: "name".into(),
        },
    );
    assert_eq!(league.operator(1).metadata.len(), metadata);
    let too_many = |field: &str, limit: usize| IModule::TooMany {
        field: field.into(),
        count: U256::from(limit + 1),
        limit: U256::from(limit),
    };
    let page = |limit: usize| IStaking::operatorsCall {
        offset: wei(2),
        limit: U256::from(limit),
    };
    let ids: Vec<u64> = league
        .view(&page(MAX_OPERATORS_PAGE))
        .page
        .iter()
        .map(|of| of.id)
        .collect();
    assert_eq!(ids, [3, 4]);
    let refused = league.call(owner(1), &page(MAX_OPERATORS_PAGE + 1));
    assert_reverts(refused, too_many("limit", MAX_OPERATORS_PAGE));
    let call = IStaking::slashesCall {
        offset: U256::MAX,
        limit: U256::from(MAX_SLASHES_PAGE + 1),
    };
    assert_reverts(
        league.call(owner(1), &call),
        too_many("limit", MAX_SLASHES_PAGE),
    );
    let preview = |count: usize, kind: u8, epoch: u64| IStaking::previewSlashCall {
        operatorIds: vec![1; count],
        kind,
        epoch,
    };
    assert_eq!(league.view(&preview(MAX_PREVIEW, 0, 0)).len(), MAX_PREVIEW);
    let refused = league.call(owner(1), &preview(MAX_PREVIEW + 1, 0, 0));
    assert_reverts(refused, too_many("operatorIds", MAX_PREVIEW));
    let refused = league.call(owner(1), &preview(1, 3, 0));
    assert_reverts(refused, IStaking::UnknownKind { kind: 3 });
    let refused = league.call(owner(1), &preview(1, 0, 1));
    assert_reverts(refused, IStaking::UnknownEpoch { epoch: 1 });
    league.enter(5);
    let error = IStaking::EvidenceExpired {
        epoch: 1,
        oldest: 2,
    };
    let refused = league.call(owner(1), &preview(1, 0, 1));
    assert_reverts(refused, error);
}

#[test]
fn a_chain_without_operators_has_no_staking() {
    let mut league = League::with_stakes(&[], StakingParams::default());
    let end = super::BlockEnd {
        block: league.block(),
        proposer: B256::ZERO,
        signers: Some(&[1, 2, 3]),
        fees: wei(7),
    };
    let ended = super::end_block(&mut league.host, &end);
    assert_eq!(ended, Ok(super::Ended::default()));
    assert_eq!(crate::staking::committee(&mut league.host, 0), Ok(None));
    assert_eq!(crate::staking::newest_epoch(&mut league.host), Ok(0));
    assert_eq!(crate::staking::fee_share_bps(&mut league.host), Ok(0));
    assert_reverts(league.delegate(1, 1, 10), IStaking::NotEnabled {});
}
