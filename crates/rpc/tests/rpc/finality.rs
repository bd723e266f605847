//! How long blocks took, as the server saw them.

use crate::common::{TestServer, chain::transfer};
use hansa_index::FinalizedBlock;
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The block as if it had been proposed so long ago.
fn proposed(block: &FinalizedBlock, ms_ago: u64) -> FinalizedBlock {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut header = block.block.header().clone();
    header.timestamp_ms = now.as_millis() as u64 - ms_ago;
    FinalizedBlock {
        block: hansa_primitives::Block::new(header, block.block.transactions().to_vec()),
        ..block.clone()
    }
}

#[tokio::test]
async fn blocks_count_as_they_come_and_old_ones_do_not() {
    let mut server = TestServer::new().await;
    let none = server.ok("hansa_finality", json!([])).await;
    assert_eq!(none, json!({ "newest": null, "hour": null, "minutes": [] }));
    let block = server.world.mine(vec![transfer(4)]);
    // What was proposed before the server was there does not count either.
    tokio::time::sleep(Duration::from_millis(500)).await;
    for ms_ago in [3_600_000, 60_000, 400, 300] {
        let block = Arc::new(proposed(&block, ms_ago));
        server.node.blocks.send(block).unwrap();
    }
    let mut seen = Value::Null;
    for _ in 0..100 {
        seen = server.ok("hansa_finality", json!([])).await;
        if seen["hour"]["count"] == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(seen["hour"]["count"], 2, "{seen}");
    let newest = seen["newest"]["ms"].as_u64().unwrap();
    assert!((300..5_000).contains(&newest), "{seen}");
    assert!(seen["hour"]["maxMs"].as_u64().unwrap() >= 400, "{seen}");
    assert_eq!(seen["minutes"].as_array().unwrap().len(), 1);
    server.stop().await;
}
