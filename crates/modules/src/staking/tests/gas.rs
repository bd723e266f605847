//! What calls cost does not depend on how many delegators there are.

use super::{GAS, League, delegator, key, parameters, proof, public, wei};
use crate::{Call, RunResult, run};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use hansa_abi::{IStaking, STAKING};

/// A league whose first operator has this many delegators who joined in two epochs, some of whom left.
fn league(delegators: u64) -> League {
    let mut league = League::new(5, parameters());
    let account = |n: u64| Address::from_word(B256::from(U256::from(0x10_0000 + n)));
    for n in 0..delegators {
        if n == delegators / 2 {
            league.enter(1);
        }
        let call = IStaking::delegateCall {
            operatorId: 1,
            maxLoss: IStaking::Risk::uniform(10_000),
        };
        league.host.credit(STAKING, wei(100));
        raw(&mut league, account(n), 100, &call);
        if n % 3 == 0 {
            let call = IStaking::undelegateCall {
                operatorId: 1,
                amount: wei(40),
            };
            raw(&mut league, account(n), 0, &call);
        }
    }
    league
}

/// Runs a call that must return, without the copy of the state that `League::call` makes.
fn raw<C: SolCall>(league: &mut League, caller: Address, value: u64, call: &C) -> u64 {
    let input = call.abi_encode();
    let call = Call {
        caller,
        value: wei(value),
        input: &input,
        is_static: false,
        gas_limit: GAS,
    };
    let block = league.block();
    let outcome = run(&mut league.host, STAKING, &call, &block);
    assert!(
        matches!(outcome.result, RunResult::Return(_)),
        "{outcome:?}"
    );
    outcome.gas_used
}

/// What a sequence of every call that moves stake costs.
fn costs(league: &mut League) -> Vec<(&'static str, u64)> {
    let id = 1;
    let mut costs = Vec::new();
    let who = delegator(1);
    let delegate = IStaking::delegateCall {
        operatorId: id,
        maxLoss: IStaking::Risk::uniform(10_000),
    };
    league.host.credit(STAKING, wei(2_000));
    costs.push(("delegate", raw(league, who, 1_000, &delegate)));
    league.enter(2);
    costs.push(("delegate again", raw(league, who, 1_000, &delegate)));
    let undelegate = IStaking::undelegateCall {
        operatorId: id,
        amount: wei(700),
    };
    costs.push(("undelegate", raw(league, who, 0, &undelegate)));
    let redelegate = IStaking::redelegateCall {
        from: id,
        to: 2,
        amount: wei(700),
        maxLoss: IStaking::Risk::uniform(10_000),
    };
    costs.push(("redelegate", raw(league, who, 0, &redelegate)));
    league.enter(3);
    let settle = IStaking::settleCall {
        operatorId: id,
        delegator: who,
    };
    costs.push(("settle", raw(league, who, 0, &settle)));
    let evidence = league.evidence(1, 2, &key(1));
    let accuse = IStaking::submitEvidenceCall { kind: 1, evidence };
    costs.push(("submitEvidence", raw(league, who, 0, &accuse)));
    league.enter(5);
    let settle_slash = IStaking::settleSlashCall { slashId: 1 };
    costs.push(("settleSlash", raw(league, who, 0, &settle_slash)));
    league.enter(9);
    let withdraw = IStaking::withdrawCall { operatorId: id };
    costs.push(("withdraw", raw(league, who, 0, &withdraw)));
    let complete = IStaking::completeRedelegationCall {
        from: id,
        delegator: who,
    };
    costs.push(("completeRedelegation", raw(league, who, 0, &complete)));
    let new = key(30);
    let rotate = IStaking::rotateKeyCall {
        newKey: public(&new),
        proof: proof(league.genesis_hash, &new, super::owner(2)),
    };
    costs.push(("rotateKey", raw(league, super::owner(2), 0, &rotate)));
    let preview = IStaking::previewSlashCall {
        operatorIds: vec![1, 2],
        kind: 0,
        epoch: 0,
    };
    costs.push(("previewSlash", raw(league, who, 0, &preview)));
    costs
}

#[test]
fn ten_delegators_cost_as_much_as_ten_thousand() {
    let few = costs(&mut league(10));
    let many = costs(&mut league(10_000));
    assert_eq!(few, many);
    for (name, gas) in few {
        assert!(gas < 1_000_000, "{name} costs {gas}");
    }
}
