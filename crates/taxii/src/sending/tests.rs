use super::*;
use std::{future::poll_fn, sync::Arc};
use tokio::sync::Semaphore;

async fn sending(length: usize, timeout: Duration) -> (Sending, Arc<Semaphore>) {
    let turns = Arc::new(Semaphore::new(1));
    let turn = Arc::clone(&turns).acquire_owned().await.unwrap();
    (Sending::new(vec![7; length].into(), timeout, turn), turns)
}

#[tokio::test]
async fn all_bytes_come_and_the_turn_ends_with_the_body() {
    for length in [0, 1, 256 * 1024, 256 * 1024 + 1, 1_000_000] {
        let (mut body, turns) = sending(length, Duration::from_secs(60)).await;
        assert_eq!(body.size_hint().exact(), Some(length as u64));
        let mut total = 0;
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            total += frame.unwrap().into_data().unwrap().len();
        }
        assert_eq!(total, length);
        assert!(body.is_end_stream());
        assert_eq!(turns.available_permits(), 0);
        drop(body);
        assert_eq!(turns.available_permits(), 1);
    }
}

#[tokio::test]
async fn after_the_deadline_no_more_is_sent() {
    let (mut body, _turns) = sending(1_000_000, Duration::from_millis(20)).await;
    let first = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
    assert!(first.unwrap().is_ok());
    tokio::time::sleep(Duration::from_millis(40)).await;
    let second = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
    assert_eq!(second.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
}
