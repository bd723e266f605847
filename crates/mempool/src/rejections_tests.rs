//! Every refusal, in the words that clients match on.

use crate::{testing::*, *};
use alloy_consensus::{SignableTransaction, TxEip1559, TxEip7702, TxLegacy};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, Bytes, Signature, TxKind, U256};
use commonware_parallel::Sequential;
use futures::executor::block_on;
use hansa_primitives::{Fork, MAX_TRANSACTION_BYTES, Terms, Transaction};

fn pool() -> Pool {
    pool_with(Limits::default())
}

fn pool_with(limits: Limits) -> Pool {
    Pool::new(Rules::new(CHAIN), limits, head_at(0), Sequential)
}

fn add(pool: &Pool, head: &MemoryHead, tx: Transaction) -> Result<Added, PoolError> {
    block_on(pool.add(head, tx, Origin::Local))
}

/// Refused by a pool that is empty, with words that begin so.
#[track_caller]
fn refused(head: &MemoryHead, tx: Transaction, words: &str) {
    refused_by(&pool(), head, tx, words);
}

#[track_caller]
fn refused_by(pool: &Pool, head: &MemoryHead, tx: Transaction, words: &str) {
    let before = pool.stats();
    let error = add(pool, head, tx).expect_err(words).to_string();
    assert!(error.starts_with(words), "{error:?} instead of {words:?}");
    assert_eq!(pool.stats().refused, before.refused + 1);
    assert_eq!(pool.stats().bytes, before.bytes);
}

#[test]
fn what_needs_no_state() {
    let head = MemoryHead::default();
    let ok = transfer(0);
    assert!(add(&pool(), &head, sign(ok.clone(), 1)).is_ok());
    let cases: Vec<(TxEip1559, &str)> = vec![
        (
            TxEip1559 {
                chain_id: 8,
                ..ok.clone()
            },
            "invalid chain id for signer: have 8 want 7",
        ),
        (
            TxEip1559 {
                gas_limit: 20_999,
                ..ok.clone()
            },
            "intrinsic gas too low: gas 20999, minimum needed 21000",
        ),
        (
            TxEip1559 {
                gas_limit: 16_777_217,
                ..ok.clone()
            },
            "transaction gas limit too high (cap: 16777216, tx: 16777217",
        ),
        (
            TxEip1559 {
                max_priority_fee_per_gas: 101 * GWEI,
                ..ok.clone()
            },
            "max priority fee per gas higher than max fee per gas",
        ),
        (
            TxEip1559 {
                nonce: u64::MAX,
                ..ok.clone()
            },
            "nonce has max value",
        ),
        (
            TxEip1559 {
                to: TxKind::Create,
                input: Bytes::from(vec![0; 49_153]),
                gas_limit: 10_000_000,
                ..ok.clone()
            },
            "max initcode size exceeded: code size 49153, limit 49152",
        ),
        (
            // 1,000 non-zero bytes: intrinsic 37,000, floor 61,000 (EIP-7623).
            TxEip1559 {
                input: Bytes::from(vec![1; 1_000]),
                gas_limit: 60_999,
                ..ok.clone()
            },
            "insufficient gas for floor data gas cost: gas 60999, minimum needed 61000",
        ),
        (
            TxEip1559 {
                input: Bytes::from(vec![0; MAX_TRANSACTION_BYTES]),
                ..ok.clone()
            },
            "oversized data",
        ),
    ];
    for (tx, words) in cases {
        refused(&head, sign(tx, 1), words);
    }
}

#[test]
fn the_edges_that_are_allowed() {
    let head = MemoryHead::default();
    let ok = transfer(0);
    for tx in [
        TxEip1559 {
            gas_limit: 16_777_216,
            ..ok.clone()
        },
        TxEip1559 {
            max_priority_fee_per_gas: 100 * GWEI,
            ..ok.clone()
        },
        TxEip1559 {
            input: Bytes::from(vec![1; 1_000]),
            gas_limit: 61_000,
            ..ok.clone()
        },
        TxEip1559 {
            to: TxKind::Create,
            input: Bytes::from(vec![0; 49_152]),
            gas_limit: 10_000_000,
            ..ok.clone()
        },
    ] {
        add(&pool(), &head, sign(tx, 1)).unwrap();
    }
}

#[test]
fn block_gas_limit_and_smallest_tip() {
    let head = MemoryHead::default();
    let small = HeadInfo {
        terms: Terms {
            gas_limit: 30_000,
            ..Terms::default()
        },
        ..head_at(0)
    };
    let rules = Rules {
        min_tip: 5,
        ..Rules::new(CHAIN)
    };
    let pool = Pool::new(rules, Limits::default(), small, Sequential);
    let tx = |gas_limit, tip| {
        let tx = TxEip1559 {
            gas_limit,
            max_priority_fee_per_gas: tip,
            ..transfer(0)
        };
        sign(tx, 1)
    };
    refused_by(&pool, &head, tx(30_001, 5), "exceeds block gas limit");
    refused_by(
        &pool,
        &head,
        tx(30_000, 4),
        "transaction underpriced: gas tip cap 4, minimum needed 5",
    );
    add(&pool, &head, tx(30_000, 5)).unwrap();
}

#[test]
fn a_fee_cap_that_no_block_can_reach() {
    let dear = HeadInfo {
        terms: Terms {
            min_base_fee: 1_000,
            ..Terms::default()
        },
        ..head_at(0)
    };
    let pool = Pool::new(Rules::new(CHAIN), Limits::default(), dear, Sequential);
    let capped = |cap| {
        let tx = TxEip1559 {
            max_fee_per_gas: cap,
            max_priority_fee_per_gas: 0,
            ..transfer(0)
        };
        sign(tx, 1)
    };
    refused_by(
        &pool,
        &MemoryHead::default(),
        capped(999),
        "transaction underpriced: max fee per gas 999, minimum needed 1000",
    );
    add(&pool, &MemoryHead::default(), capped(1_000)).unwrap();
}

#[test]
fn signatures() {
    let head = MemoryHead::default();
    let good = sign(transfer(0), 1);
    let Transaction::Eip1559(signed) = &good else {
        unreachable!()
    };
    let (r, s, odd) = (
        signed.signature().r(),
        signed.signature().s(),
        signed.signature().v(),
    );
    let order = U256::from_str_radix(
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        16,
    )
    .unwrap();
    // The other signature of the same key over the same message: high s (EIP-2).
    let high = transfer(0).into_signed(Signature::new(r, order - s, !odd));
    refused(&head, high.into(), "invalid sender");
    let nonsense = transfer(0).into_signed(Signature::new(U256::ZERO, U256::ZERO, false));
    refused(&head, nonsense.into(), "invalid sender");
}

#[test]
fn unprotected_legacy_only_by_gossip_or_choice() {
    let head = MemoryHead::default();
    let legacy = TxLegacy {
        chain_id: None,
        gas_price: 10 * GWEI,
        gas_limit: 21_000,
        to: TxKind::Call(Address::ZERO),
        ..TxLegacy::default()
    };
    let tx = sign(legacy, 1);
    refused(
        &head,
        tx.clone(),
        "only replay-protected (EIP-155) transactions allowed over RPC",
    );
    assert!(block_on(pool().add(&head, tx.clone(), Origin::Gossip)).is_ok());
    let rules = Rules {
        allow_unprotected: true,
        ..Rules::new(CHAIN)
    };
    let pool = Pool::new(rules, Limits::default(), head_at(0), Sequential);
    assert!(add(&pool, &head, tx).is_ok());
}

#[test]
fn set_code_needs_authorizations() {
    let tx = TxEip7702 {
        chain_id: CHAIN,
        gas_limit: 100_000,
        max_fee_per_gas: 10 * GWEI,
        ..TxEip7702::default()
    };
    refused(
        &MemoryHead::default(),
        sign(tx, 1),
        "set code tx must have at least one authorization tuple",
    );
}

#[test]
fn accounts() {
    let head = MemoryHead::default();
    let cost = U256::from(21_000u128 * 100 * GWEI + 1);
    head.set(address(1), 3, cost);
    refused(
        &head,
        sign(transfer(2), 1),
        "nonce too low: next nonce 3, tx nonce 2",
    );
    head.set(address(2), 0, cost - U256::from(1));
    refused(
        &head,
        sign(transfer(0), 2),
        "insufficient funds for gas * price + value: balance 2100000000000000, tx cost 2100000000000001, overshot 1",
    );
    let pool = pool();
    add(&pool, &head, sign(transfer(3), 1)).unwrap();
    // The second one alone is affordable, both together are not.
    refused_by(
        &pool,
        &head,
        sign(transfer(4), 1),
        "insufficient funds for gas * price + value: balance 2100000000000001, queued cost",
    );
    head.set_code(address(3));
    refused(&head, sign(transfer(0), 3), "sender not an eoa");
    head.break_down();
    refused(
        &head,
        sign(transfer(0), 4),
        "state of the head is not readable: no disk",
    );
}

#[test]
fn known_and_replaced() {
    let (head, pool) = (MemoryHead::default(), pool());
    let first = add(&pool, &head, sign(tipped(0, 100), 1)).unwrap();
    refused_by(&pool, &head, sign(tipped(0, 100), 1), "already known");
    let bump = |cap: u128, tip| TxEip1559 {
        max_fee_per_gas: cap,
        max_priority_fee_per_gas: tip,
        ..transfer(0)
    };
    let cap = 100 * GWEI + 100;
    let words = "replacement transaction underpriced";
    refused_by(&pool, &head, sign(bump(cap * 110 / 100, 109), 1), words);
    refused_by(&pool, &head, sign(bump(cap * 110 / 100 - 1, 110), 1), words);
    let second = add(&pool, &head, sign(bump(cap * 110 / 100, 110), 1)).unwrap();
    assert_eq!(second.replaced, Some(first.hash));
    assert_eq!(pool.status(), (1, 0));
    assert!(pool.get(&first.hash).is_none());
}

#[test]
fn blocked_parties_name_the_directive_and_its_end() {
    let head = MemoryHead::default();
    let by = BlockedBy {
        alert_id: U256::from(42),
        until: 1_800_000_000,
    };
    head.block(address(1), by);
    refused(
        &head,
        sign(transfer(0), 1),
        "blocked by directive 42 until 1800000000 (unix seconds): sender",
    );
    head.block(Address::repeat_byte(0xaa), by);
    refused(
        &head,
        sign(transfer(0), 2),
        "blocked by directive 42 until 1800000000 (unix seconds): recipient",
    );
    let elsewhere = TxEip1559 {
        to: TxKind::Call(Address::ZERO),
        ..transfer(0)
    };
    add(&pool(), &head, sign(elsewhere, 2)).unwrap();
}

/// Whoever calls an account that delegates may move its ether: what waits behind its next transaction would cost nothing to make invalid.
#[test]
fn an_account_that_delegates_has_one_transaction_at_a_time() {
    let head = MemoryHead::default();
    head.set_delegation(address(1));
    let pool = pool();
    let gapped = "gapped-nonce tx from delegated accounts";
    refused_by(&pool, &head, sign(transfer(1), 1), gapped);
    add(&pool, &head, sign(transfer(0), 1)).unwrap();
    let limit = "in-flight transaction limit reached for delegated accounts";
    refused_by(&pool, &head, sign(transfer(1), 1), limit);
    refused_by(&pool, &head, sign(transfer(3), 1), gapped);
    // It can be replaced, and the next one comes when it is included.
    let dearer = TxEip1559 {
        max_fee_per_gas: 200 * GWEI,
        ..tipped(0, 2 * GWEI)
    };
    let dearer = sign(dearer, 1);
    add(&pool, &head, dearer.clone()).unwrap();
    let update = |number, nonce, delegates| {
        let account = AccountInfo {
            nonce,
            delegates,
            ..rich()
        };
        pool.on_finalized(&BlockUpdate {
            head: head_at(number),
            included: &[],
            changed: &[(address(1), account)],
            blocked: &[],
        })
        .unwrap();
    };
    update(1, 1, true);
    head.set(address(1), 1, rich().balance);
    add(&pool, &head, sign(transfer(1), 1)).unwrap();
    // Others send as before, until they delegate.
    add(&pool, &head, sign(transfer(0), 2)).unwrap();
    add(&pool, &head, sign(transfer(1), 2)).unwrap();
    // The delegation is taken back.
    update(2, 1, false);
    add(&pool, &head, sign(transfer(2), 1)).unwrap();
}

#[test]
fn limits_of_one_sender() {
    let head = MemoryHead::default();
    let count = pool_with(Limits {
        max_per_sender: 2,
        ..Limits::default()
    });
    add(&count, &head, sign(transfer(0), 1)).unwrap();
    add(&count, &head, sign(transfer(1), 1)).unwrap();
    refused_by(
        &count,
        &head,
        sign(transfer(2), 1),
        "account limit exceeded: limit 2 (mempool.max_per_sender)",
    );
    // A replacement needs no further slot.
    add(
        &count,
        &head,
        sign(
            TxEip1559 {
                max_fee_per_gas: 200 * GWEI,
                ..tipped(1, 2 * GWEI)
            },
            1,
        ),
    )
    .unwrap();

    let size = sign(transfer(0), 1).encode_2718_len();
    let bytes = pool_with(Limits {
        max_bytes_per_sender: 2 * size,
        ..Limits::default()
    });
    add(&bytes, &head, sign(transfer(0), 1)).unwrap();
    add(&bytes, &head, sign(transfer(1), 1)).unwrap();
    refused_by(
        &bytes,
        &head,
        sign(transfer(2), 1),
        "account limit exceeded",
    );

    let gaps = pool_with(Limits {
        max_queued_per_sender: 2,
        ..Limits::default()
    });
    add(&gaps, &head, sign(transfer(5), 1)).unwrap();
    add(&gaps, &head, sign(transfer(6), 1)).unwrap();
    refused_by(&gaps, &head, sign(transfer(7), 1), "account limit exceeded");
    add(&gaps, &head, sign(transfer(0), 1)).unwrap();
}

#[test]
fn a_full_pool() {
    let head = MemoryHead::default();
    let pool = pool_with(Limits {
        max_transactions: 2,
        ..Limits::default()
    });
    let first = add(&pool, &head, sign(tipped(0, 10), 1)).unwrap();
    add(&pool, &head, sign(tipped(1, 20), 1)).unwrap();
    refused_by(
        &pool,
        &head,
        sign(tipped(0, 10), 2),
        "transaction underpriced: txpool is full and its lowest tip is 10",
    );
    // It would push out its own predecessor.
    refused_by(
        &pool,
        &head,
        sign(tipped(2, 30), 1),
        "txpool is full: limit 2 (mempool.max_transactions)",
    );
    refused_by(
        &pool,
        &head,
        sign(tipped(7, 30), 2),
        "future transaction tries to replace pending",
    );
    let better = add(&pool, &head, sign(tipped(0, 11), 2)).unwrap();
    assert!(better.pending);
    assert!(pool.get(&first.hash).is_none());
    // What came after the evicted one stays, and waits.
    assert_eq!(pool.status(), (1, 1));
    assert_eq!(pool.best(0).count(), 1);
}

#[test]
fn what_waits_for_a_nonce_makes_room_for_what_can_run() {
    let head = MemoryHead::default();
    let pool = pool_with(Limits {
        max_transactions: 3,
        ..Limits::default()
    });
    add(&pool, &head, sign(tipped(0, 20), 1)).unwrap();
    for nonce in [5, 6] {
        add(&pool, &head, sign(tipped(nonce, 90), 2)).unwrap();
    }
    // It pays less than all of them, and can run.
    let added = add(&pool, &head, sign(tipped(0, 10), 3)).unwrap();
    assert!(added.pending);
    assert_eq!(pool.status(), (2, 1));
    let left = pool.content_from(&address(2)).queued;
    assert_eq!(left[0].nonce(), 5, "the last nonce goes first");
    // Among those that can run, the tip decides as before.
    add(&pool, &head, sign(tipped(0, 10), 4)).unwrap();
    assert_eq!(pool.status(), (3, 0));
    let words = "transaction underpriced: txpool is full";
    refused_by(&pool, &head, sign(tipped(0, 9), 5), words);
}

#[test]
fn what_waits_for_a_nonce_is_bounded_over_all_senders() {
    let head = MemoryHead::default();
    let gapped = |seed| sign(tipped(5, 10), seed);
    let size = gapped(1).encode_2718_len();
    let by_count = Limits {
        max_queued: 2,
        ..Limits::default()
    };
    let by_bytes = Limits {
        max_queued_bytes: 2 * size + 4,
        ..Limits::default()
    };
    let table = [
        (by_count, 2, "max_queued"),
        (by_bytes, 2 * size + 4, "max_queued_bytes"),
    ];
    // Signatures differ by a byte or two.
    for (limits, limit, name) in table {
        let pool = pool_with(limits);
        add(&pool, &head, gapped(1)).unwrap();
        add(&pool, &head, gapped(2)).unwrap();
        assert_eq!(pool.status(), (0, 2));
        let later = HeadInfo {
            timestamp: head_at(0).timestamp + 9,
            ..head_at(1)
        };
        let update = BlockUpdate {
            head: later,
            included: &[],
            changed: &[],
            blocked: &[],
        };
        pool.on_finalized(&update).unwrap();
        // The newest one comes in, and what waited longest goes.
        let newest = add(&pool, &head, gapped(3)).unwrap();
        assert_eq!((pool.status(), pool.stats().evicted), ((0, 2), 1));
        assert!(pool.get(&newest.hash).is_some());
        // Nobody crowds out itself.
        let alone = pool_with(limits);
        for nonce in [5, 6] {
            add(&alone, &head, sign(tipped(nonce, 10), 1)).unwrap();
        }
        let words = format!("txpool is full: limit {limit} (mempool.{name})");
        refused_by(&alone, &head, sign(tipped(7, 10), 1), &words);
        // What a drop demotes stays within it too.
        for nonce in 0..4 {
            add(&pool, &head, sign(tipped(nonce, 10), 4)).unwrap();
        }
        let first = pool.best(0).next().unwrap().hash;
        assert!(pool.drop_invalid(first, "first"));
        assert_eq!(pool.status(), (0, 2), "{name}");
    }
}

#[test]
fn a_pool_full_of_bytes_evicts_no_more_than_its_limit() {
    let head = MemoryHead::default();
    let small = sign(tipped(0, 10), 1).encode_2718_len();
    let limits = Limits {
        max_bytes: 10 * small,
        max_evictions: 3,
        ..Limits::default()
    };
    let pool = pool_with(limits);
    for seed in 0..10 {
        add(&pool, &head, sign(tipped(0, 10), seed)).unwrap();
    }
    let sized = |bytes: usize| {
        let tx = TxEip1559 {
            input: Bytes::from(vec![0; bytes]),
            gas_limit: 1_000_000,
            ..tipped(0, 20)
        };
        sign(tx, 99)
    };
    let words = "txpool is full: limit";
    refused_by(&pool, &head, sized(2 * small), words);
    assert_eq!(pool.status(), (10, 0));
    add(&pool, &head, sized(small)).unwrap();
    assert_eq!((pool.status(), pool.stats().evicted), ((8, 0), 3));
}

#[test]
fn of_equal_tips_a_long_queue_makes_room_for_a_newcomer() {
    let head = MemoryHead::default();
    let limits = Limits {
        max_transactions: 4,
        guaranteed_slots: 2,
        ..Limits::default()
    };
    let pool = pool_with(limits);
    for nonce in 0..4 {
        add(&pool, &head, sign(transfer(nonce), 1)).unwrap();
    }
    add(&pool, &head, sign(transfer(0), 2)).unwrap();
    add(&pool, &head, sign(transfer(0), 3)).unwrap();
    let words = "transaction underpriced: txpool is full";
    refused_by(&pool, &head, sign(transfer(0), 4), words);
    assert_eq!(pool.content_from(&address(1)).pending.len(), 2);
}

/// What a fork does not have is refused before it, and what it has no more leaves the pool with it.
#[test]
fn an_older_fork_takes_other_transactions() {
    let head = MemoryHead::default();
    let at = |number, fork| HeadInfo {
        terms: Terms {
            fork,
            ..Terms::default()
        },
        ..head_at(number)
    };
    let pool_at = |fork| {
        Pool::new(
            Rules::new(CHAIN),
            Limits::default(),
            at(0, fork),
            Sequential,
        )
    };
    let large = TxEip1559 {
        gas_limit: 16_777_217,
        ..transfer(0)
    };
    let set_code = TxEip7702 {
        chain_id: CHAIN,
        gas_limit: 100_000,
        max_fee_per_gas: 10 * GWEI,
        ..TxEip7702::default()
    };
    let words = "transaction type not supported";
    refused_by(&pool_at(Fork::CANCUN), &head, sign(set_code, 1), words);
    let pool = pool_at(Fork::PRAGUE);
    add(&pool, &head, sign(large, 1)).unwrap();
    add(&pool, &head, sign(transfer(0), 2)).unwrap();
    let update = BlockUpdate {
        head: at(1, Fork::OSAKA),
        included: &[],
        changed: &[],
        blocked: &[],
    };
    pool.on_finalized(&update).unwrap();
    assert_eq!(pool.stats().pending, 1);
}
