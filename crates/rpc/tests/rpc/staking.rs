//! The staking methods on a chain with one operator, which is caught voting twice.

use crate::common::{
    TestServer,
    chain::{ETHER, call, operator_key, signer},
};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use commonware_codec::Encode as _;
use commonware_consensus::{
    simplex::types::{ConflictingNotarize, Notarize, Proposal},
    types::{Epoch, Round, View},
};
use commonware_cryptography::Signer as _;
use commonware_utils::{TryCollect as _, ordered::Set};
use hansa_abi::{IStaking, STAKING};
use hansa_primitives::{Digest, Scheme, digest, namespace};
use serde_json::{Value, json};

/// What the server's account delegates.
const STAKE: U256 = U256::from_limbs([10 * ETHER, 0, 0, 0]);
/// Its first nonce after the chain that every test starts with.
const NONCE: u64 = 4;

/// A server whose account has delegated to operator 1, at the end of block 4.
async fn staked() -> TestServer {
    let mut server = TestServer::new().await;
    let delegate = IStaking::delegateCall {
        operatorId: 1,
        maxLoss: IStaking::Risk::by_kind([500, 600, 700]),
    };
    execute(&mut server, NONCE, STAKE, &delegate);
    server
}

/// Mines a call of the module, which must succeed.
fn execute<C: SolCall>(server: &mut TestServer, nonce: u64, value: U256, input: &C) {
    let block = server.mine(vec![call(nonce, STAKING, value, input)]);
    assert!(block.receipts[0].success, "{}", C::SIGNATURE);
}

/// Evidence that the operator voted for two blocks in view 7 of epoch 0.
fn evidence(genesis_hash: B256) -> Bytes {
    let key = operator_key();
    let keys: Set<_> = vec![key.public_key()].into_iter().try_collect().unwrap();
    let scheme = Scheme::signer(&namespace(genesis_hash), keys, key).unwrap();
    let round = Round::new(Epoch::new(0), View::new(7));
    let vote = |n| {
        let proposal = Proposal::new(round, View::new(6), digest(B256::repeat_byte(n)));
        Notarize::<Scheme, Digest>::sign(&scheme, proposal).unwrap()
    };
    let bytes = ConflictingNotarize::new(vote(1), vote(2)).encode();
    bytes.to_vec().into()
}

fn amount(value: &Value) -> U256 {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_epoch_has_blocks_and_a_committee() {
    let server = TestServer::new().await;
    let epoch = server.ok("hansa_epoch", json!([])).await;
    let numbers = [
        ("firstBlock", "0x0"),
        ("freezeBlock", "0x383"),
        ("lastBlock", "0x3e7"),
        ("block", "0x3"),
        ("epochBlocks", "0x3e8"),
    ];
    for (name, number) in numbers {
        assert_eq!(epoch[name], number, "{name}");
    }
    assert_eq!(epoch["epoch"], 0);
    assert_eq!(epoch["nextCommittee"], Value::Null);
    assert_eq!(epoch["checkpoint"], Value::Null);
    assert_eq!(epoch["lastSelection"]["result"], "none");
    let earlier = server.ok("hansa_epoch", json!(["0x2"])).await;
    assert_eq!(earlier["block"], "0x2");

    let committee = server.ok("hansa_committee", json!([])).await;
    assert_eq!(committee["id"], epoch["committee"]);
    let seat = &committee["seats"][0];
    let key = B256::from_slice(&operator_key().public_key().encode());
    assert_eq!(
        (&seat["operatorId"], &seat["name"], &seat["key"]),
        (&json!(1), &json!("one"), &json!(key))
    );
    for epoch in [json!(0), json!("0x0")] {
        assert_eq!(
            server.ok("hansa_committee", json!([epoch])).await,
            committee
        );
    }
    let (code, words) = server.fails("hansa_committee", json!([1])).await;
    assert_eq!(code, -32000);
    assert!(words.contains("UnknownEpoch"), "{words}");
    server.stop().await;
}

#[tokio::test]
async fn operators_and_delegations_are_told_as_of_a_block() {
    let server = staked().await;
    let operators = server.ok("hansa_operators", json!([])).await;
    let one = &operators["operators"][0];
    assert_eq!(operators["total"], 1);
    let risk = json!({
        "conflictingNotarize": 500, "conflictingFinalize": 500, "nullifyAndFinalize": 500,
    });
    for (name, value) in [
        ("id", json!(1)),
        ("name", json!("one")),
        ("seat", json!(true)),
        ("nextSeat", Value::Null),
        ("bar", json!("none")),
        ("willing", json!(true)),
        ("nextKey", Value::Null),
        ("rewardRate", json!({"epochs": 0, "perEther": "0x0"})),
        ("riskBps", risk.clone()),
        ("nextRiskBps", risk),
        (
            "nextRiskEpochs",
            json!({"conflictingNotarize": 0, "conflictingFinalize": 0, "nullifyAndFinalize": 0}),
        ),
    ] {
        assert_eq!(one[name], value, "{name}");
    }
    assert_eq!(
        amount(&one["stake"]),
        amount(&one["selfStake"]) + STAKE,
        "{one}"
    );
    let before = server
        .ok("hansa_operators", json!([null, null, "0x3"]))
        .await;
    assert_eq!(
        before["operators"][0]["stake"],
        before["operators"][0]["selfStake"]
    );
    let none = server.ok("hansa_operators", json!([1])).await;
    assert_eq!(none, json!({"total": 1, "operators": []}));

    let own = json!([signer().address()]);
    let positions = server.ok("hansa_delegations", own).await;
    assert_eq!(
        positions,
        json!([{
            "operatorId": 1, "name": "one", "amount": STAKE, "lots": [{"amount": STAKE, "from": 1}],
            "unbonding": [], "rewards": "0x0", "autoRestake": false, "maxLossBps": {
                "conflictingNotarize": 500, "conflictingFinalize": 600, "nullifyAndFinalize": 700,
            },
        }])
    );
    let earlier = json!([signer().address(), "0x3"]);
    assert_eq!(server.ok("hansa_delegations", earlier).await, json!([]));
    let stranger = json!([Address::repeat_byte(0x99)]);
    assert_eq!(server.ok("hansa_delegations", stranger).await, json!([]));
    server.stop().await;
}

#[tokio::test]
async fn stake_on_its_way_out_says_when_it_arrives() {
    let mut server = staked().await;
    let undelegate = IStaking::undelegateCall {
        operatorId: 1,
        amount: U256::from(ETHER),
    };
    execute(&mut server, NONCE + 1, U256::ZERO, &undelegate);
    let own = json!([signer().address()]);
    let positions = server.ok("hansa_delegations", own).await;
    let leaving = &positions[0]["unbonding"][0];
    assert_eq!(amount(&leaving["amount"]), U256::from(ETHER));
    assert_eq!(
        (&leaving["claimableAt"], &leaving["to"]),
        (&json!(29), &Value::Null)
    );
    server.stop().await;
}

#[tokio::test]
async fn a_preview_is_what_the_slash_then_says() {
    let mut server = staked().await;
    let own = signer().address();
    let preview = json!([[1], 0, own]);
    let preview = server.ok("hansa_previewSlash", preview).await;
    let [preview] = preview.as_array().unwrap().as_slice() else {
        panic!("one operator: {preview}");
    };
    assert_eq!(preview["name"], "one");
    assert!(amount(&preview["amount"]) > U256::ZERO);
    let without = server.ok("hansa_previewSlash", json!([["0x1"], 0])).await;
    assert_eq!(without[0]["amount"], preview["amount"]);
    assert!(without[0].get("loss").is_none());

    let none = server.ok("hansa_slashes", json!([])).await;
    assert_eq!(none, json!({"total": 0, "slashes": []}));
    let evidence = evidence(server.world.genesis.hash().unwrap());
    let accuse = IStaking::submitEvidenceCall { kind: 0, evidence };
    execute(&mut server, NONCE + 1, U256::ZERO, &accuse);

    let slashes = server.ok("hansa_slashes", json!([0, 5, own])).await;
    let slash = &slashes["slashes"][0];
    assert_eq!(slashes["total"], 1);
    for (name, value) in [
        ("id", json!(1)),
        ("operatorId", json!(1)),
        ("name", json!("one")),
        ("kind", json!(0)),
        ("epoch", json!(0)),
        ("view", json!(7)),
        ("bps", json!(500)),
        ("state", json!("pending")),
        ("finder", json!(own)),
        ("appellant", Value::Null),
    ] {
        assert_eq!(slash[name], value, "{name}");
    }
    assert_eq!(slash["amount"], preview["amount"]);
    assert_eq!(slash["share"], preview["loss"]);
    let all = server.ok("hansa_slashes", json!([])).await;
    assert!(all["slashes"][0].get("share").is_none());

    let operators = server.ok("hansa_operators", json!([])).await;
    let one = &operators["operators"][0];
    assert_eq!(
        (&one["bar"], &one["barredUntil"], &one["offences"]),
        (&json!("faulted"), &Value::Null, &json!(1))
    );
    server.stop().await;
}

#[tokio::test]
async fn exposure_and_concentration() {
    let server = staked().await;
    let pool = server.ok("hansa_exposure", json!([])).await;
    assert!(pool.get("operators").is_none());
    let concentration = &pool["concentration"];
    assert_eq!(concentration["nakamoto"], 1);
    assert_eq!(concentration["largest"][0]["stake"], concentration["total"]);
    let own = json!([signer().address()]);
    let exposure = server.ok("hansa_exposure", own).await;
    assert_eq!(exposure["concentration"], *concentration);
    let one = &exposure["operators"][0];
    assert_eq!(amount(&one["amount"]), STAKE);
    assert_eq!(
        (&one["operatorId"], &one["name"]),
        (&json!(1), &json!("one"))
    );
    server.stop().await;
}

#[tokio::test]
async fn pages_previews_and_kinds_have_limits() {
    let server = TestServer::new().await;
    for method in ["hansa_operators", "hansa_slashes"] {
        server.ok(method, json!([0, 64])).await;
        let (code, words) = server.fails(method, json!([0, 65])).await;
        assert_eq!(code, -32005, "{words}");
        assert!(words.contains("at most 64"), "{words}");
        let far = server.ok(method, json!(["0xffffffffffffffff"])).await;
        assert!(far["total"].is_number(), "{far}");
    }
    let refusals = [
        (json!([vec![1; 9], 0]), -32000, "operatorIds"),
        (json!([[1], 3]), -32000, "UnknownKind"),
        (json!([[1], 256]), -32602, "kinds go from 0 to 2"),
        (json!([[2], 0]), -32000, "UnknownOperator"),
        (
            json!([[1]]),
            -32602,
            "missing value for required argument 1",
        ),
    ];
    for (params, code, words) in refusals {
        let failure = server.fails("hansa_previewSlash", params.clone()).await;
        assert_eq!(failure.0, code, "{params}: {failure:?}");
        assert!(failure.1.contains(words), "{params}: {failure:?}");
    }
    server
        .ok("hansa_previewSlash", json!([vec![1; 8], 0]))
        .await;
    server.fails("hansa_epoch", json!(["0x999"])).await;
    server.stop().await;
}
