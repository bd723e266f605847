use super::*;
use alloy_primitives::U256;
use alloy_sol_types::SolCall as _;
use commonware_cryptography::Signer as _;
use hansa_abi::{IStaking, STAKING};
use hansa_modules::{
    Block, Call, RunResult,
    genesis::{Genesis, GenesisOperator, storage},
    testing::MemoryHost,
};

/// What registering with a proof for some chain and owner comes to, as `owner` on the chain of 0x11...
fn register(proof: &Proof, owner: Address) -> RunResult {
    let stake = U256::from(32_000_000_000_000_000_000u128);
    let genesis = Genesis {
        operators: vec![GenesisOperator {
            name: "one".into(),
            public_key: public_key_bytes(&PrivateKey::from_seed(1)),
            owner: Address::repeat_byte(1),
            fee_recipient: Address::repeat_byte(1),
            commission_bps: 0,
            stake,
            endpoint: String::new(),
        }],
        genesis_hash: B256::repeat_byte(0x11),
        ..Genesis::default()
    };
    let mut host = MemoryHost::default();
    for write in storage(&genesis, 1).unwrap() {
        host.storage
            .insert((write.address, write.slot), write.value);
    }
    host.credit(owner, stake);
    let input = IStaking::registerCall {
        key: proof.key,
        proof: proof.signature.clone(),
        feeRecipient: owner,
        commissionBps: 0,
        name: "two".into(),
        endpoint: String::new(),
        metadata: String::new(),
    }
    .abi_encode();
    let call = Call {
        caller: owner,
        value: stake,
        input: &input,
        is_static: false,
        gas_limit: 10_000_000,
    };
    let block = Block {
        number: 1,
        timestamp: 2,
        chain_id: 1,
    };
    host.execute(STAKING, &call, &block).result
}

#[test]
fn the_module_takes_a_proof_for_its_chain_and_owner_only() {
    let key = PrivateKey::from_seed(7);
    let (owner, other) = (Address::repeat_byte(7), Address::repeat_byte(8));
    let here = B256::repeat_byte(0x11);
    let good = prove_key(&key, here, owner);
    assert!(matches!(register(&good, owner), RunResult::Return(_)));
    for (bad, owner) in [
        (prove_key(&key, here, owner), other),
        (prove_key(&key, B256::repeat_byte(0x12), owner), owner),
    ] {
        let RunResult::Revert(data) = register(&bad, owner) else {
            panic!("it must revert");
        };
        let words = hansa_abi::describe_error(&data).unwrap();
        assert!(words.starts_with("InvalidProof"), "{words}");
    }
}
