use super::*;
use alloy_primitives::address;

#[test]
fn development_accounts_are_the_known_ones() {
    let accounts = development().unwrap();
    assert_eq!(accounts.len(), 10);
    let first = address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    assert_eq!(accounts[0].address(), first);
    let last = address!("0xa0Ee7A142d267C1f36714E4a8F75612F20a79720");
    assert_eq!(accounts[9].address(), last);
}

#[test]
fn seeds_and_indices_make_different_accounts() {
    let of = |seed, index| signer(seed, index).unwrap().address();
    assert_eq!(of(1, 2), of(1, 2));
    assert_ne!(of(1, 2), of(2, 1));
    assert_ne!(address(1, 2), address(2, 1));
}

#[test]
fn a_signed_transaction_recovers_to_its_signer() {
    let signer = signer(1, 1).unwrap();
    let terms = Terms {
        chain_id: 7,
        max_fee_per_gas: 2,
        max_priority_fee_per_gas: 1,
    };
    let action = Action::transfer(super::address(1, 9), U256::from(1));
    let transaction = sign(&signer, &terms, 3, action).unwrap();
    assert_eq!(
        hansa_mempool::recover_one(&transaction).unwrap(),
        signer.address()
    );
}
