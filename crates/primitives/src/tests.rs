//! Codec round trips, limits, and that a block's hash binds all of it.

use crate::*;
use alloy_consensus::{SignableTransaction, TxEip1559, TxEip4844, TxLegacy};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bloom, Bytes, Signature, TxKind, U256};
use bytes::Bytes as Buffer;
use commonware_codec::{Decode, Encode, EncodeSize};
use commonware_consensus::{
    BoundedBlock,
    simplex::types::{Finalize, Proposal},
    types::{Epoch, Round, View},
};
use commonware_cryptography::Signer as _;
use commonware_parallel::Sequential;
use commonware_utils::{iter::NonEmpty, ordered::Set};
use proptest::prelude::*;

fn header(transactions: &[Transaction]) -> Header {
    Header {
        context: Context {
            round: Round::new(Epoch::zero(), View::new(7)),
            leader: PrivateKey::from_seed(1).public_key(),
            parent: (View::new(6), digest(B256::repeat_byte(9))),
        },
        parent_hash: B256::repeat_byte(9),
        number: 5,
        timestamp_ms: 1_700_000_000_123,
        beneficiary: Address::repeat_byte(3),
        terms: Terms {
            gas_limit: 100,
            ..Terms::default()
        },
        gas_used: 50,
        base_fee_per_gas: 7,
        transactions_root: transactions_root(transactions),
        receipts_root: B256::repeat_byte(4),
        logs_bloom: Bloom::repeat_byte(5),
        committee: B256::repeat_byte(6),
        next_committee: B256::repeat_byte(7),
        finalization: B256::ZERO,
        finalized_view: 0,
        hub: HubPoint::default(),
        inputs: B256::ZERO,
        outbox: Default::default(),
        state: StateCommitment {
            ops_end: 3,
            code_end: 1,
            ..StateCommitment::default()
        },
    }
}

fn transfer(nonce: u64, input: usize) -> Transaction {
    TxEip1559 {
        chain_id: 1,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 10,
        max_priority_fee_per_gas: 1,
        to: TxKind::Call(Address::repeat_byte(1)),
        value: U256::from(5),
        access_list: Default::default(),
        input: Bytes::from(vec![1; input]),
    }
    .into_signed(Signature::test_signature())
    .into()
}

fn block(count: u64) -> Block {
    let transactions: Vec<_> = (0..count).map(|nonce| transfer(nonce, 10)).collect();
    Block::new(header(&transactions), transactions)
}

fn decode(bytes: impl Into<Buffer>, cfg: &BlockCfg) -> Result<Block, commonware_codec::Error> {
    Block::decode_cfg(bytes.into(), cfg)
}

#[test]
fn block_round_trip_keeps_hash_and_body() {
    let original = block(3);
    let encoded = original.encode();
    assert_eq!(encoded.len(), original.encode_size());
    let decoded = decode(encoded, &BlockCfg::default()).unwrap();
    assert_eq!(decoded.hash(), original.hash());
    assert_eq!(decoded.transactions(), original.transactions());
    assert_eq!(decoded.body_bytes(), original.body_bytes());
}

#[test]
fn a_body_that_the_header_does_not_commit_to_is_refused() {
    let honest = block(2);
    let forged = Block::new(honest.header().clone(), vec![transfer(9, 10)]);
    assert_eq!(forged.hash(), honest.hash());
    assert!(decode(forged.encode(), &BlockCfg::default()).is_err());
}

/// What three of four operators sign.
fn finalization() -> Finalization {
    let keys: Vec<_> = (0..4).map(PrivateKey::from_seed).collect();
    let committee = Set::from_iter_dedup(keys.iter().map(|key| key.public_key()));
    let namespace = namespace(B256::repeat_byte(8));
    let proposal = Proposal::new(
        Round::new(Epoch::zero(), View::new(5)),
        View::new(4),
        digest(B256::repeat_byte(9)),
    );
    let votes: Vec<_> = keys[..3]
        .iter()
        .map(|key| {
            let scheme = Scheme::signer(&namespace, committee.clone(), key.clone()).unwrap();
            Finalize::sign(&scheme, proposal.clone()).unwrap()
        })
        .collect();
    let scheme = Scheme::verifier(&namespace, committee);
    let votes = NonEmpty::new(votes[0].clone(), votes[1..].iter().cloned());
    Finalization::from_owned_finalizes(&scheme, votes, &Sequential).unwrap()
}

#[test]
fn a_header_commits_to_the_finalization_that_its_block_carries() {
    let finalization = finalization();
    let mut header = header(&[]);
    header.finalization = finalization_hash(Some(&finalization));
    let block = Block::with(
        header.clone(),
        Vec::new(),
        Some(finalization.clone()),
        Inputs::default(),
    );
    let encoded = block.encode();
    assert_eq!(encoded.len(), block.encode_size());
    assert!(encoded.len() <= Block::max_encode_size(&BlockCfg::default()));
    let decoded = decode(encoded, &BlockCfg::default()).unwrap();
    assert_eq!(decoded.finalization(), Some(&finalization));
    let without = Block::new(header.clone(), Vec::new());
    assert!(decode(without.encode(), &BlockCfg::default()).is_err());
    header.finalization = B256::ZERO;
    let uncommitted = Block::with(header, Vec::new(), Some(finalization), Inputs::default());
    assert!(decode(uncommitted.encode(), &BlockCfg::default()).is_err());
}

#[test]
fn limits_hold_at_the_edge_and_one_past_it() {
    let candidate = block(4);
    let exact = BlockCfg {
        max_bytes: candidate.body_bytes(),
        max_transactions: 4,
    };
    assert!(decode(candidate.encode(), &exact).is_ok());
    let few = BlockCfg {
        max_transactions: 3,
        ..exact
    };
    assert!(decode(candidate.encode(), &few).is_err());
    let small = BlockCfg {
        max_bytes: exact.max_bytes - 1,
        ..exact
    };
    assert!(decode(candidate.encode(), &small).is_err());
    assert!(candidate.encode_size() <= Block::max_encode_size(&exact));
}

#[test]
fn transactions_are_refused_by_name() {
    let blob: alloy_consensus::TxEip4844Variant = TxEip4844::default().into();
    let blob: Transaction = blob.into_signed(Signature::test_signature()).into();
    assert_eq!(
        decode_transaction(&blob.encoded_2718()),
        Err(TransactionError::Blob)
    );
    assert_eq!(decode_transaction(&[3]), Err(TransactionError::Blob));
    let mut trailing = transfer(0, 0).encoded_2718();
    trailing.push(0);
    assert_eq!(
        decode_transaction(&trailing),
        Err(TransactionError::Trailing(1))
    );
    assert!(matches!(
        decode_transaction(&transfer(0, MAX_TRANSACTION_BYTES).encoded_2718()),
        Err(TransactionError::Oversized { .. })
    ));
    let table: [(&[u8], &str); 13] = [
        (&[], "typed transaction too short"),
        (&[0], "typed transaction too short"),
        (&[2], "typed transaction too short"),
        (&[0, 0xc0], "transaction type not supported"),
        (&[5, 0xc0], "transaction type not supported"),
        (&[0x7f, 0xc0], "transaction type not supported"),
        (&[0x80], "rlp: expected input list for types.LegacyTx"),
        (
            &[1, 0x80],
            "rlp: expected input list for types.AccessListTx",
        ),
        (&[0xc0], "rlp: too few elements for types.LegacyTx"),
        (&[2, 0xc0], "rlp: too few elements for types.DynamicFeeTx"),
        (&[4, 0xc0], "rlp: too few elements for types.SetCodeTx"),
        (&[0xf8], "rlp: value size exceeds available input length"),
        (&[0xc1], "rlp: value size exceeds available input length"),
    ];
    for (raw, words) in table {
        let error = decode_transaction(raw).unwrap_err();
        assert_eq!(error.to_string(), words, "{raw:?}");
    }
    let legacy: Transaction = TxLegacy::default()
        .into_signed(Signature::test_signature())
        .into();
    assert!(decode_transaction(&legacy.encoded_2718()).is_ok());
}

#[test]
fn every_header_field_changes_the_hash() {
    let base = header(&[]);
    let mut variants = vec![base.clone(); 25];
    variants[1].parent_hash = B256::ZERO;
    variants[2].number += 1;
    variants[3].timestamp_ms += 1;
    variants[4].beneficiary = Address::ZERO;
    variants[5].terms.gas_limit += 1;
    variants[6].gas_used += 1;
    variants[7].base_fee_per_gas += 1;
    variants[8].receipts_root = B256::ZERO;
    variants[9].logs_bloom = Bloom::ZERO;
    variants[10].state.root = B256::repeat_byte(1);
    variants[11].context.parent.0 = View::new(5);
    variants[12].committee = B256::ZERO;
    variants[13].next_committee = B256::ZERO;
    variants[14].finalization = B256::repeat_byte(1);
    variants[15].finalized_view += 1;
    variants[16].terms.min_base_fee += 1;
    variants[17].terms.min_block_interval_ms += 1;
    variants[18].terms.heartbeat_ms += 1;
    variants[19].terms.max_directive_s += 1;
    variants[20].terms.min_severity += 1;
    variants[21].terms.fork = Fork::CANCUN;
    variants[22].hub.upgrades += 1;
    variants[23].inputs = B256::repeat_byte(1);
    variants[24].outbox.count += 1;
    let hashes: std::collections::BTreeSet<_> = variants.iter().map(Header::hash).collect();
    assert_eq!(hashes.len(), variants.len());
}

#[test]
fn a_fork_has_one_name() {
    for fork in Fork::known() {
        assert_eq!(fork.to_string().parse::<Fork>().unwrap(), fork);
        let by_number = format!("fork-{}", fork.number());
        assert!(by_number.parse::<Fork>().is_err(), "{by_number}");
    }
    // Of another build.
    let newer = Fork::from_number(Fork::NEWEST.number() + 1);
    assert_eq!(newer.to_string(), "fork-4");
    assert_eq!("fork-4".parse::<Fork>().unwrap(), newer);
    for wrong in ["", "Osaka", "paris", "fork-", "fork-256", "fork--1"] {
        assert!(wrong.parse::<Fork>().is_err(), "{wrong}");
    }
}

/// A genesis as short as can be.
fn genesis_text() -> String {
    let key = alloy_primitives::hex::encode(PrivateKey::from_seed(1).public_key());
    format!(
        "chain_id = 7\nname = \"t\"\ntimestamp_ms = 5\n[[operators]]\nname = \"a\"\n\
         public_key = \"0x{key}\"\nfee_recipient = \"0x0000000000000000000000000000000000000001\"\n"
    )
}

#[test]
fn genesis_reads_both_formats_to_one_hash_and_names_bad_fields() {
    let text = genesis_text();
    let genesis = Genesis::from_toml(&text).unwrap();
    assert_eq!(genesis.gas_limit, 100_000_000);
    let json = serde_json::to_string_pretty(&genesis).unwrap();
    assert_eq!(
        Genesis::from_json(&json).unwrap().hash().unwrap(),
        genesis.hash().unwrap()
    );
    for (from, to, name) in [
        ("chain_id = 7", "chain_id = 0", "chain_id"),
        ("name = \"t\"", "name = \"t\"\ngas_limit = 1", "gas_limit"),
        (
            "timestamp_ms = 5",
            "timestamp_ms = 5\nspeed = 9",
            "an unknown field",
        ),
    ] {
        let bad = text.replacen(from, to, 1);
        if let Ok(genesis) = Genesis::from_toml(&bad) {
            panic!("{name} was accepted: {genesis:?}");
        }
    }
}

#[test]
fn a_genesis_in_another_unit_of_time_is_refused() {
    let mut genesis = Genesis::from_toml(&genesis_text()).unwrap();
    genesis.timestamp_ms = 1_700_000_000_000_000_000;
    let error = genesis.validate().unwrap_err().to_string();
    assert!(error.contains("in milliseconds?"), "{error}");
}

#[test]
fn an_allocation_leaves_the_systems_accounts_alone() {
    let genesis = Genesis::from_toml(&genesis_text()).unwrap();
    let with = |address: Address, alloc: Alloc| {
        let alloc = [(address, alloc)].into();
        Genesis {
            alloc,
            ..genesis.clone()
        }
        .validate()
    };
    let rich = || Alloc {
        balance: U256::ONE,
        ..Alloc::default()
    };
    let module = |number: u8| {
        let mut address = genesis.fees.treasury;
        address.0[19] = number;
        address
    };
    let history = alloy_eips::eip2935::HISTORY_STORAGE_ADDRESS;
    for (address, words) in [
        (module(3), "reserved for a module"),
        (module(0xff), "reserved for a module"),
        (history, "EIP-2935"),
    ] {
        let error = with(address, rich()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert!(error.contains(&address.to_string()), "{error}");
    }
    let mut beside = module(3);
    beside.0[18] = 1;
    with(beside, rich()).unwrap();

    let storage = || [(B256::ZERO, B256::repeat_byte(1))].into();
    let bare = Alloc {
        storage: storage(),
        ..rich()
    };
    let address = Address::repeat_byte(1);
    let error = with(address, bare.clone()).unwrap_err().to_string();
    assert!(error.contains("neither code nor a nonce"), "{error}");
    let used = Alloc {
        nonce: 1,
        ..bare.clone()
    };
    with(address, used).unwrap();
    let code = |code: Vec<u8>| Alloc {
        code: code.into(),
        ..bare.clone()
    };
    with(address, code(vec![0xfe; MAX_CODE_BYTES])).unwrap();
    for (bytes, words) in [
        (vec![0xfe; MAX_CODE_BYTES + 1], "EIP-170"),
        (vec![0xef, 0x01], "EIP-3541"),
    ] {
        let error = with(address, code(bytes)).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

proptest! {
    #[test]
    fn decoders_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = decode_transaction(&bytes);
        let _ = decode(bytes, &BlockCfg::default());
    }

    #[test]
    fn a_flipped_bit_is_never_the_same_block(position in 0usize..500, bit in 0u8..8) {
        let original = block(2);
        let mut bytes = original.encode().to_vec();
        let position = position % bytes.len();
        bytes[position] ^= 1 << bit;
        if let Ok(decoded) = decode(bytes, &BlockCfg::default()) {
            prop_assert_ne!(decoded.hash(), original.hash());
        }
    }
}

/// Alice's and Bob's keys in RFC 7748 section 6.1.
#[test]
fn x25519_public_keys_are_those_of_the_standard() {
    for (secret, public) in [
        (
            "0x77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
            "0x8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
        ),
        (
            "0x5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
            "0xde9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
        ),
    ] {
        let secret: B256 = secret.parse().unwrap();
        assert_eq!(x25519_public(&secret).to_string(), public);
    }
}
