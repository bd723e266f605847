//! Keys, values and commitments as other implementations must compute them; see `vectors/state.txt`.

use super::world::{account, address, apply, code, history, open};
use crate::{
    account_key, decode_account, empty_commitment,
    keys::{Code, decode_slot, encode_account, encode_slot},
    prove, storage_key,
};
use alloy_primitives::{U256, hex, keccak256, uint};
use commonware_codec::{DecodeExt as _, Encode as _};
use commonware_parallel::Sequential;
use commonware_runtime::{Runner as _, Supervisor as _, deterministic};
use hansa_evm::{Change, Changes};
use std::fmt::Write as _;

const COMMITTED: &str = include_str!("../../vectors/state.txt");

fn render() -> String {
    let mut text = String::from("# name value; see src/tests/vectors.rs\n");
    let mut line = |name: &str, value: &[u8]| {
        writeln!(text, "{name} {}", hex::encode(value)).unwrap();
    };
    for byte in [0u8, 1, 0xff] {
        line(
            &format!("account_key/{byte}"),
            account_key(address(byte)).as_ref(),
        );
        for (name, slot) in [("0", U256::ZERO), ("1", U256::ONE), ("max", U256::MAX)] {
            let key = storage_key(address(byte), slot);
            line(&format!("storage_key/{byte}/{name}"), key.as_ref());
        }
    }
    let rich = crate::Account {
        nonce: u64::MAX,
        balance: U256::MAX,
        code_hash: keccak256(code()),
    };
    line("account/empty", encode_account(&account(0, 0)).as_ref());
    line("account/plain", encode_account(&account(7, 1_000)).as_ref());
    line("account/largest", encode_account(&rich).as_ref());
    line("slot/1", encode_slot(U256::ONE).as_ref());
    line("slot/max", encode_slot(U256::MAX).as_ref());
    line("code", &Code(code()).encode());
    let empty = empty_commitment::<deterministic::Context, Sequential>();
    line("commitment/genesis", &empty.encode());
    let commitments = deterministic::Runner::default().start(|context| async move {
        let databases = open(context.child("databases")).await;
        let mut commitments = Vec::new();
        for changes in history() {
            commitments.push(apply(&databases, &changes).await);
        }
        commitments
    });
    for (block, commitment) in commitments.iter().enumerate() {
        line(&format!("commitment/{}", block + 1), &commitment.encode());
    }
    text
}

/// A change here is a change of the state's format: old databases and proofs no longer hold.
#[test]
fn the_format_is_the_committed_one() {
    let rendered = render();
    assert!(
        rendered == COMMITTED,
        "vectors/state.txt should be:\n{rendered}"
    );
}

#[test]
fn values_round_trip() {
    for value in [account(0, 0), account(1, 2), account(u64::MAX, u64::MAX)] {
        assert_eq!(decode_account(&encode_account(&value)), value);
    }
    for value in [U256::ZERO, U256::ONE, U256::MAX] {
        assert_eq!(decode_slot(&encode_slot(value)), value);
    }
}

#[test]
fn code_is_taken_up_to_its_limit() {
    let sized = |size: usize| Code(vec![7; size].into());
    let largest = sized(hansa_primitives::MAX_CODE_BYTES);
    assert_eq!(Code::decode(largest.encode()).unwrap(), largest);
    assert!(Code::decode(sized(hansa_primitives::MAX_CODE_BYTES + 1).encode()).is_err());
    let cut = largest.encode().slice(..100);
    assert!(Code::decode(cut).is_err());
}

const EXITS: &str = include_str!("../../vectors/exits.txt");

/// The slot of a message that waits, of the tests of `hansa-modules`.
const WAITING: U256 =
    uint!(0x3f498820dbfdd149395dd1286129496e40397d8d32b800ca872879d08bf1b1aa_U256);

/// The slot of what is kept for a blocked address, of the same.
const KEPT: U256 = uint!(0x2ec00cdd39911328b38ffd5ad79e8e48ee0cdc486893faaea11895f2935f4885_U256);

/// The last state of a zone, and proofs of what its users have there.
fn render_exits() -> String {
    deterministic::Runner::default().start(|context| async move {
        let databases = open(context.child("databases")).await;
        for changes in history() {
            apply(&databases, &changes).await;
        }
        let accounts = [
            ("friend", address(0x11), 300),
            ("stranger", address(0x22), 40),
            ("module", hansa_abi::MESSAGES, 110),
        ];
        let mut changes = Changes::default();
        for (_, who, balance) in accounts {
            let change = Change {
                old: None,
                new: Some(account(0, balance)),
            };
            changes.accounts.insert(who, change);
        }
        let slots = [("message", WAITING, 1_000), ("kept", KEPT, 60)];
        for (_, slot, value) in slots {
            let change = Change {
                old: U256::ZERO,
                new: U256::from(value),
            };
            changes.storage.insert((hansa_abi::MESSAGES, slot), change);
        }
        let root = apply(&databases, &changes).await.root;
        let mut text = String::from("# name value; see src/tests/vectors.rs\n");
        writeln!(text, "root {}", hex::encode(root)).unwrap();
        let slots = slots.map(|(name, slot, _)| (name, storage_key(hansa_abi::MESSAGES, slot)));
        let keys = accounts.map(|(name, who, _)| (name, account_key(who)));
        for (name, key) in keys.into_iter().chain(slots) {
            let (_, proof) = prove(&databases.0, key).await.unwrap();
            let proof = proof.unwrap();
            writeln!(text, "{name}/state {}", hex::encode(&proof.value)).unwrap();
            writeln!(text, "{name}/proof {}", hex::encode(&proof.proof)).unwrap();
        }
        text
    })
}

#[test]
fn exits_are_the_committed_ones() {
    let rendered = render_exits();
    assert!(
        rendered == EXITS,
        "vectors/exits.txt should be:\n{rendered}"
    );
}
