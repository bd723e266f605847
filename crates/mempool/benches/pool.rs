//! What the pool costs: adds per second with and without signature recovery, and finalization.
//!
//! Prints ratios and rates of one run on one thread; `cargo bench -p hansa-mempool`.

use alloy_consensus::{SignableTransaction, TxEip1559, crypto::secp256k1::sign_message};
use alloy_primitives::{Address, B256, TxKind, U256};
use commonware_parallel::Sequential;
use futures::executor::block_on;
use hansa_mempool::{
    AccountInfo, BlockUpdate, BlockedBy, HeadError, HeadInfo, HeadState, Limits, Origin, Pool,
    Rules,
};
use hansa_primitives::{Terms, Transaction};
use std::time::Instant;

const CHAIN: u64 = 7;
const SENDERS: u64 = 2_000;
const PER_SENDER: u64 = 10;
const BATCH: usize = 1_000;

/// An account that can pay for anything.
fn rich(nonce: u64) -> AccountInfo {
    AccountInfo {
        nonce,
        balance: U256::MAX,
        ..AccountInfo::default()
    }
}

struct Rich;

impl HeadState for Rich {
    async fn account(&self, _: Address) -> Result<AccountInfo, HeadError> {
        Ok(rich(0))
    }

    async fn blocked(&self, _: Address) -> Option<BlockedBy> {
        None
    }
}

fn head(number: u64) -> HeadInfo {
    HeadInfo {
        number,
        base_fee_next: 7,
        terms: Terms::default(),
        timestamp: number,
    }
}

fn transaction(seed: u64, nonce: u64) -> Transaction {
    let tx = TxEip1559 {
        chain_id: CHAIN,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 1_000 + u128::from(seed),
        max_priority_fee_per_gas: 1 + u128::from(seed * 31 % 97),
        to: TxKind::Call(Address::repeat_byte(1)),
        ..TxEip1559::default()
    };
    let mut key = B256::repeat_byte(1);
    key[24..].copy_from_slice(&seed.to_be_bytes());
    let Ok(signature) = sign_message(key, tx.signature_hash()) else {
        unreachable!("the key is below the order");
    };
    tx.into_signed(signature).into()
}

fn pool() -> Pool {
    Pool::new(Rules::new(CHAIN), Limits::default(), head(0), Sequential)
}

fn fill(pool: &Pool, transactions: &[Transaction]) -> f64 {
    let start = Instant::now();
    for batch in transactions.chunks(BATCH) {
        let results = block_on(pool.add_many(&Rich, batch.to_vec(), Origin::Gossip));
        assert!(
            results.iter().all(Result::is_ok),
            "a benchmark transaction was refused"
        );
    }
    start.elapsed().as_secs_f64()
}

fn main() {
    let transactions: Vec<_> = (0..PER_SENDER)
        .flat_map(|nonce| (0..SENDERS).map(move |seed| transaction(seed, nonce)))
        .collect();
    let count = transactions.len() as f64;

    let cold = pool();
    let with = fill(&cold, &transactions);
    println!(
        "add with recovery     {:>10.0} per CPU-second",
        count / with
    );

    let warm = pool();
    for tx in &transactions {
        if let Some(sender) = cold.senders().get(tx.tx_hash()) {
            warm.senders().insert(*tx.tx_hash(), sender);
        }
    }
    let without = fill(&warm, &transactions);
    println!(
        "add, senders known    {:>10.0} per CPU-second",
        count / without
    );

    let start = Instant::now();
    let best = warm.best(7).take(5_000).count();
    let took = start.elapsed().as_secs_f64();
    println!(
        "best, first {best}      {:>10.0} per CPU-second",
        best as f64 / took
    );

    let mut total = 0.0;
    let blocks = transactions.chunks(BATCH).enumerate();
    for (number, block) in blocks {
        let included: Vec<_> = block
            .iter()
            .filter_map(|tx| {
                let pooled = warm.get(tx.tx_hash())?;
                Some((pooled.hash, pooled.sender, pooled.nonce()))
            })
            .collect();
        let changed: Vec<_> = included
            .iter()
            .map(|(_, sender, nonce)| (*sender, rich(nonce + 1)))
            .collect();
        let start = Instant::now();
        let update = BlockUpdate {
            head: head(number as u64 + 1),
            included: &included,
            changed: &changed,
            blocked: &[],
        };
        assert!(warm.on_finalized(&update).is_ok(), "blocks come in order");
        total += start.elapsed().as_secs_f64();
    }
    println!(
        "finalize 1,000        {:>10.3} ms",
        total / (count / BATCH as f64) * 1_000.0
    );
    assert_eq!(warm.status(), (0, 0));
}
