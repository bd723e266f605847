use super::*;

#[test]
fn every_call_is_measured_and_costs_the_same_gas_beside_more_delegators() {
    let mut calls = Calls::new(8, [10, 40], 1).unwrap();
    let costs = calls.run().unwrap();
    let count = |is_view| costs.iter().filter(|cost| cost.is_view == is_view).count();
    assert_eq!((count(false), count(true)), (13, 5));
    for cost in &costs {
        let [few, many] = cost.gas;
        assert_eq!(few, many, "{}", cost.name);
        assert!(few > 21_000, "{}", cost.name);
    }
}

#[test]
fn only_a_freeze_block_fixes_a_committee() {
    let mut chain = Chain::new(8).unwrap();
    chain.enter(1).unwrap();
    assert!(chain.committee(2).is_err());
    let results = end_of_blocks(std::slice::from_mut(&mut chain), 1).unwrap();
    assert_eq!(results.len(), 3);
    assert!(chain.committee(2).is_ok());
    assert!(chain.enter(1).is_err(), "the epoch has begun");
}
