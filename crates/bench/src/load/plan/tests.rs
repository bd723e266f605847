use super::*;
use std::collections::BTreeMap;

fn check(accounts: u64, transactions: u64, workers: u64) {
    let plans = plan(accounts, transactions, workers);
    assert_eq!(plans.len() as u64, workers.min(accounts));
    let mut indices = Vec::new();
    let mut nonces: BTreeMap<u64, u64> = BTreeMap::new();
    let mut owners: BTreeMap<u64, usize> = BTreeMap::new();
    for (worker, jobs) in plans.iter().enumerate() {
        for job in jobs {
            indices.push(job.index);
            let next = nonces.entry(job.account).or_default();
            assert_eq!(job.nonce, *next, "in order");
            *next += 1;
            assert_eq!(*owners.entry(job.account).or_insert(worker), worker);
        }
    }
    indices.sort_unstable();
    assert_eq!(indices, (0..transactions).collect::<Vec<_>>(), "each once");
}

#[test]
fn every_transaction_is_sent_once_and_nonces_in_order() {
    check(10, 1_000, 4);
    check(7, 100, 3);
    check(1, 10, 8);
    check(1_000, 10, 4);
    check(3, 0, 2);
}

#[test]
fn rates_are_read_and_kept() {
    assert_eq!("max".parse(), Ok(Rate::Max));
    assert_eq!("2000".parse(), Ok(Rate::PerSecond(2_000.0)));
    for wrong in ["", "0", "-1", "fast", "inf", "NaN"] {
        assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
    }
    assert_eq!(Rate::Max.due(1_000), Duration::ZERO);
    assert_eq!(Rate::PerSecond(200.0).due(100), Duration::from_millis(500));
}
