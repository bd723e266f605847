//! Subscriptions and calls over WebSocket.

use crate::common::{TestServer, chain};
use alloy_primitives::U256;
use hansa_rpc::Config;
use jsonrpsee::{
    core::client::{ClientT as _, Error, Subscription, SubscriptionClientT as _},
    rpc_params,
    ws_client::{WsClient, WsClientBuilder},
};
use serde_json::{Value, json};
use std::time::Duration;

async fn client(server: &TestServer) -> WsClient {
    let url = format!("ws://{}", server.handle.addr);
    WsClientBuilder::default().build(url).await.unwrap()
}

async fn subscribe(client: &WsClient, params: Vec<Value>) -> Result<Subscription<Value>, Error> {
    let mut builder = jsonrpsee::core::params::ArrayParams::new();
    for param in params {
        builder.insert(param).unwrap();
    }
    client
        .subscribe("eth_subscribe", builder, "eth_unsubscribe")
        .await
}

async fn next(subscription: &mut Subscription<Value>) -> Value {
    let wait = tokio::time::timeout(Duration::from_secs(10), subscription.next());
    wait.await
        .expect("a notification")
        .expect("a live subscription")
        .unwrap()
}

#[tokio::test]
async fn heads_logs_and_transactions_are_pushed() {
    let mut server = TestServer::new().await;
    let client = client(&server).await;
    let mut heads = subscribe(&client, vec![json!("newHeads")]).await.unwrap();
    let filter = json!({ "address": chain::CONTRACT });
    let mut logs = subscribe(&client, vec![json!("logs"), filter])
        .await
        .unwrap();
    let mut hashes = subscribe(&client, vec![json!("newPendingTransactions")])
        .await
        .unwrap();
    let mut whole = subscribe(&client, vec![json!("newPendingTransactions"), json!(true)])
        .await
        .unwrap();

    let sent = chain::transfer(4);
    let hash: Value = client
        .request("eth_sendRawTransaction", rpc_params![chain::raw(&sent)])
        .await
        .unwrap();
    let count = chain::count(5);
    let block = server.mine(vec![sent, count]);

    let head = next(&mut heads).await;
    assert_eq!(head["hash"], json!(block.block.hash()));
    assert_eq!(head["number"], "0x4");
    assert!(head["timestampMs"].is_string());
    assert_eq!(head["transactions"], Value::Null);
    let log = next(&mut logs).await;
    assert_eq!(log["transactionIndex"], "0x1");
    assert_eq!(next(&mut hashes).await, hash);
    assert_eq!(next(&mut whole).await["hash"], hash);

    heads.unsubscribe().await.unwrap();
    server.mine(Vec::new());
    let number: Value = client
        .request("eth_blockNumber", rpc_params![])
        .await
        .unwrap();
    assert_eq!(number, "0x5");
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn wrong_subscriptions_have_clear_errors() {
    let server = TestServer::new().await;
    let client = client(&server).await;
    let table = [
        (
            vec![json!("nothing")],
            -32601,
            "no \"nothing\" subscription in eth namespace",
        ),
        (vec![json!(7)], -32602, "invalid argument 0"),
        (vec![], -32602, "missing value for required argument 0"),
        (
            vec![json!("logs"), json!({ "address": "0x1" })],
            -32602,
            "invalid argument 1",
        ),
    ];
    for (params, code, words) in table {
        match subscribe(&client, params.clone()).await {
            Err(Error::Call(error)) => {
                assert_eq!(error.code(), code, "{params:?}");
                assert!(
                    error.message().starts_with(words),
                    "{params:?}: {}",
                    error.message()
                );
            }
            other => panic!("{params:?}: {other:?}"),
        }
    }
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn a_connection_holds_only_so_many() {
    let mut config = Config::development();
    config.limits.max_subscriptions_per_connection = 2;
    let server = TestServer::with(config).await;
    let client = client(&server).await;
    let _one = subscribe(&client, vec![json!("newHeads")]).await.unwrap();
    let two = subscribe(&client, vec![json!("newHeads")]).await.unwrap();
    match subscribe(&client, vec![json!("newHeads")]).await {
        Err(Error::Call(error)) => {
            assert_eq!(error.code(), -32005);
            let words = error.message();
            assert!(
                words.contains("rpc.limits.max_subscriptions_per_connection = 2"),
                "{words}"
            );
        }
        other => panic!("{other:?}"),
    }
    two.unsubscribe().await.unwrap();
    subscribe(&client, vec![json!("newHeads")]).await.unwrap();
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn a_slow_client_loses_its_subscription_only() {
    let server = TestServer::new().await;
    let client = client(&server).await;
    let mut heads = subscribe(&client, vec![json!("newHeads")]).await.unwrap();
    // More blocks at once than the node's channel holds: the subscription lags and is ended.
    let block = std::sync::Arc::new(server.world.blocks[0].clone());
    for _ in 0..500 {
        let _ = server.node.blocks.send(block.clone());
    }
    let mut seen = 0;
    let wait = Duration::from_secs(10);
    while let Ok(Some(_)) = tokio::time::timeout(wait, heads.next()).await {
        seen += 1;
    }
    assert!(seen < 500, "{seen}");
    let number: Value = client
        .request("eth_blockNumber", rpc_params![])
        .await
        .unwrap();
    assert_eq!(number, "0x3");
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn a_block_may_have_more_matches_than_the_buffer_holds() {
    let mut config = Config::development();
    config.limits.subscription_buffer = 4;
    let mut server = TestServer::with(config).await;
    let client = client(&server).await;
    let mut logs = subscribe(&client, vec![json!("logs"), json!({})])
        .await
        .unwrap();
    let count = |nonce| chain::sign(nonce, chain::CONTRACT.into(), U256::ZERO, vec![9].into());
    server.mine((4..44).map(count).collect());
    for index in 0..40 {
        let log = next(&mut logs).await;
        assert_eq!(log["logIndex"], json!(format!("{index:#x}")), "{log}");
    }
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn a_websocket_counts_as_a_connection_until_it_closes() {
    let mut config = Config::development();
    config.limits.max_connections = 1;
    let server = TestServer::with(config).await;
    let first = client(&server).await;
    let url = format!("ws://{}", server.handle.addr);
    assert!(WsClientBuilder::default().build(&url).await.is_err());
    let id: Value = first.request("eth_chainId", rpc_params![]).await.unwrap();
    assert_eq!(id, "0x7");
    drop(first);
    let mut tries = 0;
    while WsClientBuilder::default().build(&url).await.is_err() {
        tries += 1;
        assert!(tries < 100, "the place is free again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn batches_over_websocket_keep_their_limit() {
    let server = TestServer::new().await;
    let client = client(&server).await;
    let mut batch = jsonrpsee::core::params::BatchRequestBuilder::new();
    for _ in 0..100 {
        batch.insert("eth_chainId", rpc_params![]).unwrap();
    }
    let answers = client.batch_request::<Value>(batch).await.unwrap();
    assert_eq!(answers.num_successful_calls(), 100);
    drop(client);
    server.stop().await;
}
