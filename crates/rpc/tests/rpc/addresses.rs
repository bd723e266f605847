//! Transactions by address.

use crate::common::{
    TestServer,
    chain::{CONTRACT, FRIEND, signer, transfer},
    with,
};
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
    // Block 2 has a transfer and a call, 3 a contract that is made and a call that reverts.
    server.mine(vec![transfer(4)]);
    let by = |number: u64, index: u64| (format!("{number:#x}"), format!("{index:#x}"));

    let signed = server.ok(METHOD, json!([signer().address()])).await;
    let all = [by(4, 0), by(3, 1), by(3, 0), by(2, 1), by(2, 0)];
    assert_eq!(places(&signed), all);
    assert_eq!(signed["next"], Value::Null);
    assert!(signed["transactions"][0]["timestampMs"].is_string());

    let called = server.ok(METHOD, json!([CONTRACT])).await;
    assert_eq!(places(&called), [by(3, 1), by(2, 1)]);
    assert_eq!(called["transactions"][0]["succeeded"], false);
    assert_eq!(called["transactions"][1]["succeeded"], true);
    let created = json!([signer().address().create(2)]);
    let created = server.ok(METHOD, created).await;
    assert_eq!(places(&created), [by(3, 0)]);

    // Page by page.
    let page = server.ok(METHOD, json!([FRIEND, { "limit": "0x1" }])).await;
    assert_eq!(places(&page), [by(4, 0)]);
    let next = json!([FRIEND, { "limit": "0x1", "before": page["next"] }]);
    let page = server.ok(METHOD, next).await;
    assert_eq!(places(&page), [by(2, 0)]);
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
