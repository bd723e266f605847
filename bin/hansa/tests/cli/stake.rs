//! Stake, against a node in memory that runs the real module with short epochs.

use crate::against_a_node::League;
use alloy_primitives::{Address, B256, U256, hex};
use alloy_signer_local::PrivateKeySigner;
use commonware_codec::Encode as _;
use commonware_consensus::{
    simplex::types::{ConflictingNotarize, Notarize, Proposal},
    types::{Epoch, Round, View},
};
use commonware_cryptography::Signer as _;
use commonware_utils::{TryCollect as _, ordered::Set};
use hansa_client::testing::TestNode;
use hansa_modules::genesis::Genesis;
use hansa_primitives::{Digest, PrivateKey, Scheme, digest, namespace};
use serde_json::{Value, json};

/// Blocks of an epoch.
const EPOCH: u64 = 10;
const GENESIS: B256 = B256::repeat_byte(0x11);

fn key(operator: u64) -> PrivateKey {
    PrivateKey::from_seed(operator)
}

fn ether(count: u64) -> String {
    (U256::from(count) * U256::from(10).pow(U256::from(18))).to_string()
}

/// Four operators, `node-1` to `node-4`, of which member 1 owns the first; member 4 owns nothing.
async fn league() -> (League, Vec<Address>) {
    let signers: Vec<_> = (0..4).map(|_| PrivateKeySigner::random()).collect();
    let addresses: Vec<Address> = signers.iter().map(PrivateKeySigner::address).collect();
    let owner = |number: u64| match number {
        1 => addresses[0],
        _ => Address::repeat_byte(number as u8),
    };
    let operator = |number: u64| {
        json!({
            "name": format!("node-{number}"),
            "public_key": B256::from_slice(key(number).public_key().as_ref()),
            "owner": owner(number), "fee_recipient": owner(number), "commission_bps": 1_000,
            "stake": U256::from(100) * U256::from(10).pow(U256::from(18)),
        })
    };
    let members = addresses.iter();
    let members = members.map(|address| json!({"name": "m", "address": address}));
    let genesis = json!({
        "members": members.collect::<Vec<_>>(),
        "operators": (1..=4).map(operator).collect::<Vec<_>>(),
        "genesis_hash": GENESIS,
        "staking": {
            "epoch_blocks": EPOCH, "freeze_blocks": 2, "unbonding_epochs": 3, "evidence_epochs": 1,
            "certificate_epochs": 1, "jail_epochs": 1, "appeal_epochs": 1,
        },
    });
    let genesis: Genesis = serde_json::from_value(genesis).unwrap();
    let node = TestNode::start_with(&genesis).await;
    (League::with(&signers, node), addresses)
}

/// Numbers for each kind of fault.
fn by_kind(numbers: [u64; 3]) -> Value {
    let [first, second, third] = numbers;
    json!({"conflicting-notarize": first, "conflicting-finalize": second, "nullify-finalize": third})
}

impl League {
    /// Blocks without transactions.
    fn pass(&self, blocks: u64) {
        self.node.ledger().pass(blocks);
    }

    /// Blocks up to the first of the next epoch, so that a few transactions fall before its freeze.
    fn pass_epoch(&self) {
        let block = self.json("stake status")["block"].as_u64().unwrap();
        self.pass(EPOCH - block % EPOCH);
    }

    /// The failure of a command with this code: its two lines.
    fn fails(&self, code: i32, line: &str) -> String {
        let run = self.run(line);
        assert_eq!(run.code, code, "{line}: {}{}", run.stdout, run.stderr);
        assert_eq!(run.stderr.lines().count(), 2, "{line}: {}", run.stderr);
        run.stderr
    }

    fn text(&self, line: &str) -> String {
        let run = self.run(line);
        assert_eq!(run.code, 0, "{line}: {}", run.stderr);
        run.stdout
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stake_is_delegated_and_taken_out_again() {
    let (league, addresses) = league().await;
    let own = addresses[3];
    let status = format!("stake status {own}");
    assert_eq!(league.json(&status)["positions"], json!([]));
    assert!(league.text(&status).contains("nothing at stake"));

    let delegated = league.json("--as member-4 stake delegate node-2 10ether");
    for (name, value) in [
        ("operator", json!(2)),
        ("wei", json!(ether(10))),
        ("from_epoch", json!(1)),
        ("max_loss_bps", by_kind([500; 3])),
    ] {
        assert_eq!(delegated[name], value, "{name}");
    }
    for shares in [
        "--max-loss 4.99%",
        "--max-loss 100% --max-loss-for conflicting-finalize=4.99%",
        "--max-loss-for conflicting-finalize=499bps",
    ] {
        let refused = league.fails(
            1,
            &format!("--as member-4 stake delegate 2 1ether {shares}"),
        );
        assert!(refused.contains("RiskTooHigh"), "{refused}");
        assert!(refused.contains("--max-loss"), "{refused}");
    }
    let unknown = league.fails(1, "--as member-4 stake delegate node-9 1ether");
    assert!(unknown.contains("hansa stake status"), "{unknown}");
    league.fails(1, "--as member-4 stake delegate 9 1ether");
    league.fails(1, "--as member-4 stake delegate 2 1wei");
    let early = league.fails(1, "--as member-4 stake claim 2");
    assert!(early.contains("NothingDue"), "{early}");

    // It has counted for an epoch, which is paid at the freeze of the next.
    league.pass(2 * EPOCH);
    let position = &league.json(&status)["positions"][0];
    assert_eq!(
        (&position["name"], &position["wei"]),
        (&json!("node-2"), &json!(ether(10)))
    );
    assert_ne!(position["rewards_wei"], "0");
    let restaked = league.json("--as member-4 stake restake node-2");
    assert_eq!(restaked["wei"], position["rewards_wei"]);
    league.json("--as member-4 stake auto-restake node-2 on");
    assert_eq!(
        league.json(&status)["positions"][0]["auto_restake"],
        json!(true)
    );
    league.json("--as member-4 stake auto-restake node-2 off");
    league.json(&format!(
        "--as member-1 stake settle node-2 --delegator {own}"
    ));
    league.pass(EPOCH);
    league.pass_epoch();
    assert_ne!(league.json("--as member-4 stake claim node-2")["wei"], "0");

    let left = league.json("--as member-4 stake undelegate node-2 4ether");
    let claimable = left["claimable_epoch"].as_u64().unwrap();
    assert_eq!(left["until_epoch"], claimable - 3);
    let moved = league.json("--as member-4 stake redelegate node-2 node-3 all");
    assert_eq!(moved["claimable_epoch"], claimable);
    let shown = league.json(&status);
    let unbonding = shown["positions"][0]["unbonding"].as_array().unwrap();
    assert_eq!(unbonding[0]["wei"], ether(4));
    assert_eq!(
        (&unbonding[0]["to"], &unbonding[1]["to"]),
        (&Value::Null, &json!(3))
    );
    // Blocks of the test chain are a second apart.
    let about = unbonding[0]["claimable_about"].as_u64().unwrap();
    assert_eq!(
        about,
        hansa_client::testing::GENESIS_S + claimable * EPOCH,
        "{shown}"
    );
    let text = league.text(&status);
    assert!(text.contains("about 2033-05-18T"), "{text}");
    for command in ["withdraw", "complete"] {
        let early = league.fails(1, &format!("--as member-4 stake {command} node-2"));
        assert!(early.contains("NothingDue"), "{early}");
    }
    league.pass(4 * EPOCH);
    let text = league.text(&status);
    assert!(
        text.contains("now: withdraw") && text.contains("now: complete"),
        "{text}"
    );
    assert_eq!(
        league.json("--as member-4 stake withdraw node-2")["wei"],
        ether(4)
    );
    let completed = league.json(&format!(
        "--as member-1 stake complete node-2 --delegator {own}"
    ));
    assert_eq!(completed["wei"], moved["wei"]);
    assert_eq!(completed["released_wei"], "0");
    let positions = league.json(&status)["positions"].clone();
    let of_3 = positions.as_array().unwrap().iter();
    let of_3: Vec<_> = of_3.filter(|position| position["operator"] == 3).collect();
    assert_eq!(of_3[0]["wei"], moved["wei"], "{positions}");
    let nothing = league.fails(1, "--as member-3 stake undelegate node-2 all");
    assert!(nothing.contains("has nothing with node-2"), "{nothing}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_signed_is_not_raised_by_saying_nothing() {
    let (league, addresses) = league().await;
    let delegate = "--as member-4 stake delegate node-2 1ether";
    let first = league.json(&format!(
        "{delegate} --max-loss 7.5% --max-loss-for conflicting-finalize=100%"
    ));
    let signed = by_kind([750, 10_000, 750]);
    assert_eq!(first["max_loss_bps"], signed);
    let second = league.json(delegate);
    assert_eq!(second["max_loss_bps"], signed);
    let status = format!("stake status {}", addresses[3]);
    assert_eq!(league.json(&status)["positions"][0]["max_loss_bps"], signed);
    let text = league.text(&status);
    assert!(text.contains("7.5% / 100% / 7.5%"), "{text}");
    assert!(text.contains("for conflicting-notarize /"), "{text}");
    let third = league.json(&format!("{delegate} --max-loss-for nullify-finalize=5%"));
    assert_eq!(third["max_loss_bps"], by_kind([750, 10_000, 500]));
    let text = league.text(delegate);
    assert!(text.contains("5% (nullify-finalize) at most"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_joins_changes_and_leaves() {
    let (league, addresses) = league().await;
    let made = league.json("keys operator operator.key");
    let register = "stake operator register operator.key --name Port --commission 5%";
    let foreign = league.fails(1, &format!("--as member-1 {register}"));
    assert!(foreign.contains("AlreadyOperator"), "{foreign}");
    let small = league.fails(1, &format!("--as member-4 {register} --stake 1ether"));
    assert!(small.contains("StakeTooSmall"), "{small}");
    let absent = league.fails(
        2,
        "--as member-4 stake operator register no.key --name Port --commission 5%",
    );
    assert!(absent.contains("hansa keys operator"), "{absent}");
    let registered = league.json(&format!("--as member-4 {register}"));
    for (name, value) in [
        ("operator", json!(5)),
        ("owner", json!(addresses[3])),
        ("key", made["public_key"].clone()),
        ("wei", json!(ether(32))),
        ("from_epoch", json!(1)),
    ] {
        assert_eq!(registered[name], value, "{name}");
    }
    let of_5 = |league: &League| {
        let status = league.json("stake status");
        let operators = status["operators"].as_array().unwrap().clone();
        operators.into_iter().find(|one| one["id"] == 5).unwrap()
    };
    assert_eq!(
        (&of_5(&league)["seat"], &of_5(&league)["next_seat"]),
        (&json!(false), &Value::Null)
    );
    let text = league.text("stake status");
    assert!(text.contains("epoch 0, block 1 of 0 to 9"), "{text}");
    league.pass(EPOCH - 3);
    assert_eq!(of_5(&league)["next_seat"], true);
    let text = league.text("stake status");
    assert!(text.contains("its committee is fixed\n"), "{text}");
    assert!(text.contains("joins"), "{text}");
    league.pass_epoch();
    assert_eq!(of_5(&league)["seat"], true);

    let used = league.fails(1, "--as member-4 stake operator rotate-key operator.key");
    assert!(used.contains("KeyUsed"), "{used}");
    let next = league.json("keys operator next.key");
    let rotated = league.json("--as member-4 stake operator rotate-key next.key");
    assert_eq!(rotated["next_key"], next["public_key"]);
    let voting = |league: &League| {
        let rotates = league.text("stake status").contains("rotates");
        let keys = ["seat_key", "key", "next_key"];
        (keys.map(|name| of_5(league)[name].clone()), rotates)
    };
    let [first, second] = [&made, &next].map(|key| key["public_key"].clone());
    let waiting = [first.clone(), first.clone(), second.clone()];
    assert_eq!(voting(&league), (waiting, true));
    // The next committee has the new key, and the present one votes with the old one to the end of the epoch.
    while league.json("stake status")["next_committee_fixed"] == false {
        league.pass(1);
    }
    let fixed = [first, second.clone(), Value::Null];
    assert_eq!(voting(&league), (fixed, true));
    league.pass_epoch();
    let done = [second.clone(), second, Value::Null];
    assert_eq!(voting(&league), (done, false));
    let fast = league.fails(1, "--as member-4 stake operator set-commission 7%");
    assert!(fast.contains("CommissionTooFast"), "{fast}");
    league.json("--as member-4 stake operator set-commission 4.5%");
    league.json("--as member-4 stake operator set-profile --endpoint port.example:9000");
    let changed = of_5(&league);
    assert_eq!(
        (
            &changed["commission_bps"],
            &changed["endpoint"],
            &changed["name"]
        ),
        (&json!(450), &json!("port.example:9000"), &json!("Port"))
    );
    let low = league.fails(1, "--as member-4 stake operator set-risk 1bps");
    assert!(low.contains("RiskTooLow"), "{low}");
    let risk = league.json("--as member-4 stake operator set-risk 90%");
    assert_eq!(
        (&risk["operator"], &risk["risk_bps"]),
        (&json!(5), &by_kind([9_000; 3]))
    );
    // One that is asked to stay does, though its last change is recent.
    let fast = league.fails(1, "--as member-4 stake operator set-risk 91%");
    assert!(fast.contains("TermsPending"), "{fast}");
    let one = "--as member-4 stake operator set-risk --for nullify-finalize=90%";
    assert_eq!(league.json(one)["from_epochs"], risk["from_epochs"]);
    let shown = of_5(&league);
    assert_eq!(shown["risk_bps"], by_kind([500; 3]));
    assert_eq!(shown["next_risk_bps"], by_kind([9_000; 3]));
    assert_eq!(shown["next_risk_epochs"], risk["from_epochs"]);
    let to = "0x1111111111111111111111111111111111111111";
    let tips = format!("--as member-4 stake operator set-fee-recipient {to}");
    assert_eq!(league.json(&tips)["operator"], 5);
    league.pass(EPOCH);
    assert_ne!(
        league.json("--as member-4 stake operator claim")["wei"],
        "0"
    );
    let free = league.fails(1, "--as member-4 stake operator unjail");
    assert!(free.contains("NotBarred"), "{free}");
    league.json("--as member-4 stake operator exit");
    assert!(league.text("stake status").contains("exited"));
    league.json("--as member-4 stake operator rejoin");
    for command in ["exit", "claim", "set-profile --name x"] {
        let stranger = league.fails(1, &format!("--as member-3 stake operator {command}"));
        assert!(
            stranger.contains("NotOwner") || stranger.contains("owns no operator"),
            "{stranger}"
        );
    }

    // Names are free: who takes another's makes both unusable as names.
    league.json("--as member-4 stake operator set-profile --name node-2");
    let two = league.fails(2, "--as member-3 stake delegate node-2 1ether");
    assert!(two.contains("2, 5"), "{two}");
    league.json("--as member-3 stake delegate 2 1ether");
}

/// Evidence that operator 2 voted for two blocks in view 7 of epoch 1.
fn evidence() -> String {
    let keys = (1..=4).map(|operator| key(operator).public_key());
    let keys: Set<_> = keys.collect::<Vec<_>>().into_iter().try_collect().unwrap();
    let scheme = Scheme::signer(&namespace(GENESIS), keys, key(2)).unwrap();
    let round = Round::new(Epoch::new(1), View::new(7));
    let vote = |n| {
        let proposal = Proposal::new(round, View::new(6), digest(B256::repeat_byte(n)));
        Notarize::<Scheme, Digest>::sign(&scheme, proposal).unwrap()
    };
    hex::encode_prefixed(ConflictingNotarize::new(vote(1), vote(2)).encode())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_costs_what_the_preview_said_and_tells_whom() {
    let (league, addresses) = league().await;
    let own = addresses[3];
    league.json("--as member-4 stake delegate node-2 10ether");
    league.pass(EPOCH);
    let preview =
        format!("stake preview node-2 node-3 --kind conflicting-notarize --delegator {own}");
    let text = league.text(&preview);
    assert!(text.contains("OF THE DELEGATOR") && text.contains("together"));
    let preview = league.json(&preview);
    assert_eq!(
        preview["loss_wei"],
        (U256::from(5) * U256::from(10).pow(U256::from(17))).to_string()
    );
    assert_eq!(preview["operators"][1]["loss_wei"], "0");

    let twice = league.json("stake preview node-2 2 --kind nullify-finalize");
    assert_eq!(twice["wei"], preview["operators"][0]["wei"]);

    assert_eq!(league.json("evidence list"), json!([]));
    let submit = "--as member-3 evidence submit evidence.json";
    for (file, words) in [
        ("{}", "missing field"),
        ("nonsense", "no evidence in"),
        ("0x12", "--kind"),
        (
            r#"{"kind": "theft", "evidence": "0x12"}"#,
            "there is no kind",
        ),
        (r#"{"kind": 3, "evidence": "0x12"}"#, "there is no kind"),
    ] {
        league.write("evidence.json", file);
        let refused = league.fails(2, submit);
        assert!(refused.contains(words), "{file}: {refused}");
    }
    league.write("evidence.json", r#"{"kind": 0, "evidence": "0x12"}"#);
    let malformed = league.fails(1, submit);
    assert!(malformed.contains("MalformedEvidence"), "{malformed}");
    let other = league.fails(2, &format!("{submit} --kind nullify-finalize"));
    assert!(other.contains("it is said to be"), "{other}");
    league.write("evidence.hex", &evidence());
    let wrong = "--as member-3 evidence submit evidence.hex --kind conflicting-finalize";
    league.fails(1, wrong);
    let document = json!({"kind": "conflicting-notarize", "evidence": evidence()});
    league.write("evidence.json", &document.to_string());
    let raised = league.json(submit);
    assert_eq!(
        (&raised["slash"], &raised["operator"], &raised["bps"]),
        (&json!(1), &json!(2), &json!(500))
    );
    assert_eq!(raised["wei"], preview["operators"][0]["wei"]);
    let twice = league.fails(1, submit);
    assert!(twice.contains("AlreadyPunished"), "{twice}");
    let listed = league.json("evidence list");
    assert_eq!(
        (
            &listed[0]["name"],
            &listed[0]["state"],
            &listed[0]["finder"]
        ),
        (&json!("node-2"), &json!("pending"), &json!(addresses[2]))
    );
    assert!(league.text("evidence list").contains("epoch 1, view 7"));
    assert!(
        league
            .text("stake status")
            .contains("faulted, slash pending")
    );
    let locked = league.fails(1, "--as member-4 stake undelegate node-2 all");
    assert!(locked.contains("SlashPending"), "{locked}");

    let status = format!("stake status {own}");
    let share = league.json(&status)["slashes"][0].clone();
    for (name, value) in [
        ("kind", json!("conflicting-notarize")),
        ("state", json!("pending")),
        ("wei", preview["loss_wei"].clone()),
        ("settles_epoch", json!(2)),
    ] {
        assert_eq!(share[name], value, "{name}");
    }
    assert!(
        league
            .text(&status)
            .contains("0.500000000000000000 at epoch 2")
    );
    league.pass(2 * EPOCH);
    let settled = league.json(&status);
    assert_eq!(settled["slashes"][0]["state"], "settled");
    assert_eq!(settled["slashes"][0]["wei"], preview["loss_wei"]);
    assert_eq!(league.json("evidence list")[0]["state"], "settled");
    // Whoever was not there then lost nothing.
    let stranger = format!("stake status {}", addresses[2]);
    assert_eq!(league.json(&stranger)["slashes"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_reverse_a_slash_that_was_appealed() {
    let (league, _) = league().await;
    league.json("--as member-4 stake delegate node-2 10ether");
    league.pass(EPOCH);
    league.write("evidence.hex", &evidence());
    let submit = "--as member-3 evidence submit evidence.hex --kind conflicting-notarize";
    let slash = league.json(submit)["slash"].as_u64().unwrap();
    let early = league.fails(1, &format!("--as member-3 evidence settle {slash}"));
    assert!(early.contains("NotDue"), "{early}");
    let none = league.fails(1, "--as member-3 evidence appeal 9");
    assert!(none.contains("UnknownSlash"), "{none}");
    let stranger = league.fails(1, &format!("--as member-3 evidence appeal {slash}"));
    assert!(stranger.contains("NotAnswerable"), "{stranger}");
    let appeal = format!("--as member-4 evidence appeal {slash}");
    assert_ne!(league.json(&appeal)["bond_wei"], "0");
    let twice = league.fails(1, &appeal);
    assert!(twice.contains("Appealed"), "{twice}");
    assert_ne!(league.json("evidence list")[0]["appellant"], Value::Null);
    let mut reversed = false;
    for member in 1..=4 {
        let approve = format!("--as member-{member} evidence approve {slash}");
        let document = league.json(&approve);
        reversed = document["reversed"] == json!(true);
        if reversed {
            break;
        }
        let again = league.fails(1, &approve);
        assert!(again.contains("AlreadyVoted"), "{again}");
    }
    assert!(reversed);
    assert_eq!(league.json("evidence list")[0]["state"], "reversed");
    assert!(!league.text("stake status").contains("slash pending"));
}
