//! Transactions by address.

use crate::common::{
    TestServer,
    chain::{CONTRACT, FRIEND, count, sign, signer, transfer},
    with,
};
use alloy_primitives::{TxKind, U256};
use serde_json::{Value, json};

const METHOD: &str = "hansa_getTransactionsByAddress";

/// Block and place of each.
fn places(page: &Value) -> Vec<(String, String)> {
    let transactions = page["transactions"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    transactions
        .map(|entry| {
            let transaction = &entry["transaction"];
            (
                text(&transaction["blockNumber"]),
                text(&transaction["transactionIndex"]),
            )
        })
        .collect()
}

#[tokio::test]
async fn an_address_has_what_it_signed_what_calls_it_and_what_created_it() {
    let mut server = TestServer::new().await;
    // Returns nothing, so the contract has no code; it is created all the same.
    let create = sign(3, TxKind::Create, U256::ZERO, vec![0].into());
    let first = server.mine(vec![transfer(0), count(1)]).block.number();
    let second = server.mine(vec![transfer(2), create]).block.number();
    let by = |number: u64, index: u64| (format!("{number:#x}"), format!("{index:#x}"));

    let signed = server.ok(METHOD, json!([signer().address()])).await;
    let all = vec![by(second, 1), by(second, 0), by(first, 1), by(first, 0)];
    assert_eq!(places(&signed), all);
    assert_eq!(signed["next"], Value::Null);
    assert_eq!(signed["transactions"][0]["succeeded"], true);
    assert!(signed["transactions"][0]["timestampMs"].is_string());

    let called = server.ok(METHOD, json!([CONTRACT])).await;
    assert_eq!(places(&called), [by(first, 1)]);
    let created = server
        .ok(METHOD, json!([signer().address().create(3)]))
        .await;
    assert_eq!(places(&created), [by(second, 1)]);

    // Page by page.
    let page = server.ok(METHOD, json!([FRIEND, { "limit": "0x1" }])).await;
    assert_eq!(places(&page), [by(second, 0)]);
    let next = json!([FRIEND, { "limit": "0x1", "before": page["next"] }]);
    let page = server.ok(METHOD, next).await;
    assert_eq!(places(&page), [by(first, 0)]);
    assert_eq!(page["next"], Value::Null);
    let nobody = server
        .ok(METHOD, json!([format!("0x{}", "ee".repeat(20))]))
        .await;
    assert_eq!(nobody, json!({ "transactions": [], "next": null }));
    server.stop().await;
}

#[tokio::test]
async fn no_more_than_the_limit_are_given_and_the_error_names_it() {
    let server = TestServer::with(with(|limits| limits.max_address_transactions = 3)).await;
    server.ok(METHOD, json!([FRIEND, { "limit": "0x3" }])).await;
    let (code, message) = server
        .fails(METHOD, json!([FRIEND, { "limit": "0x4" }]))
        .await;
    assert_eq!(code, -32005);
    assert!(message.contains("max_address_transactions"), "{message}");
    for wrong in [
        json!([]),
        json!([FRIEND, { "limit": "0x0" }]),
        json!([FRIEND, { "what": 1 }]),
    ] {
        let (code, _) = server.fails(METHOD, wrong).await;
        assert_eq!(code, -32602);
    }
    server.stop().await;
}
