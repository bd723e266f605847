use super::*;

fn signed(index: u64) -> Signed {
    Signed {
        index,
        hash: B256::ZERO,
        raw: vec![2, index as u8],
    }
}

#[test]
fn bodies_are_batches_in_order() {
    let transactions: Vec<_> = (0..5).map(signed).collect();
    let bodies = bodies(&transactions, 2);
    assert_eq!(bodies.len(), 3);
    let parsed: serde_json::Value = serde_json::from_slice(&bodies[1].1).unwrap();
    assert_eq!(parsed[0]["id"], 2);
    assert_eq!(parsed[0]["params"][0], "0x0202");
    assert_eq!(parsed[1]["id"], 3);
    assert_eq!(parsed.as_array().unwrap().len(), 2);
    let last: serde_json::Value = serde_json::from_slice(&bodies[2].1).unwrap();
    assert_eq!(last[0]["method"], "eth_sendRawTransaction");
}

#[tokio::test]
async fn there_is_room_until_the_cap_and_again_after_inclusion() {
    let progress = Arc::new(Progress::default());
    // Nothing in flight: even a batch over the cap goes out.
    assert!(wait_for_room(1, 100, &progress).await);
    progress.submitted.store(90, Ordering::Relaxed);
    assert!(wait_for_room(100, 10, &progress).await);
    let waits = tokio::time::timeout(Duration::from_millis(20), wait_for_room(100, 11, &progress));
    assert!(waits.await.is_err());
    progress.included.store(1, Ordering::Relaxed);
    assert!(wait_for_room(100, 11, &progress).await);
    progress.included.store(0, Ordering::Relaxed);
    progress.stopped.store(true, Ordering::Relaxed);
    assert!(!wait_for_room(100, 11, &progress).await);
}
