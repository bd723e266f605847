//! The real pool behind the server.

use crate::common::{FakePool, TestServer, chain};
use alloy_primitives::{Address, TxKind, U256};
use commonware_parallel::Sequential;
use hansa_mempool::{AccountInfo, BlockedBy, HeadError, HeadInfo, HeadState, Limits, Pool, Rules};
use hansa_primitives::Terms;
use hansa_rpc::{Config, MempoolApi};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::broadcast;

const BLOCKED: Address = Address::repeat_byte(0xbb);

struct Head;

impl HeadState for Head {
    async fn account(&self, _address: Address) -> Result<AccountInfo, HeadError> {
        Ok(AccountInfo {
            nonce: 4,
            balance: U256::from(chain::ETHER),
            ..AccountInfo::default()
        })
    }

    async fn blocked(&self, address: Address) -> Option<BlockedBy> {
        (address == BLOCKED).then(|| BlockedBy {
            alert_id: U256::from(9),
            until: 4_000_000_000,
        })
    }
}

async fn server() -> TestServer {
    let head = HeadInfo {
        number: 3,
        base_fee_next: 1_000_000_000,
        terms: Terms::default(),
        timestamp: 1_700_000_004,
    };
    let rules = Rules::new(chain::CHAIN_ID);
    let pool = Pool::new(rules, Limits::default(), head, Sequential);
    let unused = Arc::new(FakePool {
        waiting: Default::default(),
        incoming: broadcast::channel(1).0,
        submissions: Default::default(),
    });
    let served = Arc::new(MempoolApi::new(pool, Head));
    TestServer::with_pool(Config::development(), unused, served).await
}

#[tokio::test]
async fn what_is_sent_waits_and_is_shown() {
    let server = server().await;
    let me = chain::signer().address();
    let filter = server
        .ok("eth_newPendingTransactionFilter", json!([]))
        .await;
    let hash = server
        .ok(
            "eth_sendRawTransaction",
            json!([chain::raw(&chain::transfer(4))]),
        )
        .await;
    let gapped = chain::raw(&chain::transfer(6));
    let later = server.ok("eth_sendRawTransaction", json!([gapped])).await;
    let status = server.ok("txpool_status", json!([])).await;
    assert_eq!(status, json!({ "pending": "0x1", "queued": "0x1" }));
    assert_eq!(
        server
            .ok("eth_getTransactionCount", json!([me, "pending"]))
            .await,
        "0x5"
    );
    let content = server.ok("txpool_contentFrom", json!([me])).await;
    assert_eq!(content["pending"]["4"]["hash"], hash);
    assert_eq!(content["queued"]["6"]["hash"], later);
    let seen = server.ok("eth_getFilterChanges", json!([filter])).await;
    assert_eq!(seen, json!([hash]));
    server.stop().await;
}

#[tokio::test]
async fn refusals_have_the_words_and_the_directive() {
    let server = server().await;
    let cheap = |nonce| {
        chain::raw(&chain::sign(
            nonce,
            TxKind::Call(chain::FRIEND),
            U256::from(6),
            Default::default(),
        ))
    };
    server
        .ok(
            "eth_sendRawTransaction",
            json!([chain::raw(&chain::transfer(4))]),
        )
        .await;
    let rich = chain::sign(
        5,
        TxKind::Call(chain::FRIEND),
        U256::MAX,
        Default::default(),
    );
    let table = [
        (chain::raw(&chain::transfer(4)), "already known"),
        (
            chain::raw(&chain::transfer(3)),
            "nonce too low: next nonce 4, tx nonce 3",
        ),
        (cheap(4), "replacement transaction underpriced"),
        (
            chain::raw(&rich),
            "insufficient funds for gas * price + value",
        ),
        (vec![3].into(), "transaction type not supported: blob"),
    ];
    for (raw, words) in table {
        let (code, message) = server.fails("eth_sendRawTransaction", json!([raw])).await;
        assert_eq!(code, -32000);
        assert!(message.starts_with(words), "{message}");
    }
    let blocked = chain::sign(5, TxKind::Call(BLOCKED), U256::ZERO, Default::default());
    let raw = json!([chain::raw(&blocked)]);
    let error = server
        .call("eth_sendRawTransaction", raw)
        .await
        .unwrap_err();
    let words = error["message"].as_str().unwrap();
    assert!(
        words.starts_with("blocked by directive 9 until 4000000000"),
        "{words}"
    );
    let data = json!({
        "address": BLOCKED, "alertId": "0x9", "party": "recipient", "until": 4_000_000_000u64,
    });
    assert_eq!(error["data"], data);
    server.stop().await;
}

#[tokio::test]
async fn a_batch_keeps_its_order_around_what_does_not_decode() {
    let server = server().await;
    let call = |id: u64, raw: Value| json!({ "jsonrpc": "2.0", "id": id, "method": "eth_sendRawTransaction", "params": [raw] });
    let batch = json!([
        call(1, json!(chain::raw(&chain::transfer(5)))),
        call(2, json!("0x00")),
        call(3, json!(chain::raw(&chain::transfer(4)))),
    ]);
    let (_, text) = crate::common::client::post(server.handle.addr, &batch.to_string()).await;
    let answers: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(
        answers[0]["result"],
        json!(chain::transfer(5).tx_hash()),
        "{text}"
    );
    assert_eq!(answers[1]["error"]["code"], -32000, "{text}");
    assert_eq!(
        answers[2]["result"],
        json!(chain::transfer(4).tx_hash()),
        "{text}"
    );
    let status = server.ok("txpool_status", json!([])).await;
    assert_eq!(status["pending"], "0x2");
    server.stop().await;
}
