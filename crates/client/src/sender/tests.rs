use super::*;
use crate::testing::TestNode;
use alloy_primitives::FixedBytes;
use alloy_sol_types::SolCall as _;
use hansa_abi::{IMembers, MEMBERS};

async fn sender(node: &TestNode, signer: &PrivateKeySigner, config: SenderConfig) -> Sender {
    let rpc = Rpc::new(&node.url).unwrap();
    Sender::new(rpc, signer.clone(), config).await.unwrap()
}

fn key_change(key: u8) -> Call {
    let call = IMembers::updateKeyCall {
        x25519: FixedBytes::repeat_byte(key),
    };
    Call {
        to: Some(MEMBERS),
        input: call.abi_encode().into(),
        ..Call::default()
    }
}

#[tokio::test]
async fn a_window_of_transactions_is_in_flight_and_each_lands_once_in_order() {
    let signer = PrivateKeySigner::random();
    let node = TestNode::start(&[signer.address()]).await;
    let config = SenderConfig {
        window: 5,
        ..SenderConfig::default()
    };
    let sender = sender(&node, &signer, config).await;
    let mut order = Vec::new();
    sender
        .send_all((1..=23).map(key_change), |sent| order.push(sent.index))
        .await
        .unwrap();
    assert_eq!(order, (0..23).collect::<Vec<_>>());
    let ledger = node.ledger();
    assert_eq!((ledger.transactions, ledger.most_waiting), (23, 5));
}

#[tokio::test]
async fn the_window_is_bounded_in_bytes_too() {
    let signer = PrivateKeySigner::random();
    let node = TestNode::start(&[signer.address()]).await;
    let config = SenderConfig {
        window: 32,
        ..SenderConfig::default()
    };
    let sender = sender(&node, &signer, config).await;
    let big = Call {
        to: Some(Address::repeat_byte(9)),
        input: vec![0; 380 * 1024].into(),
        gas: Some(5_000_000),
        ..Call::default()
    };
    sender.send_all(vec![big; 12], |_| ()).await.unwrap();
    assert_eq!(node.ledger().most_waiting, WINDOW_BYTES / (380 * 1024));
}

#[tokio::test]
async fn a_revert_is_told_in_the_modules_words_before_anything_is_sent() {
    let node = TestNode::start(&[Address::repeat_byte(1)]).await;
    let stranger = PrivateKeySigner::random();
    let sender = sender(&node, &stranger, SenderConfig::default()).await;
    let error = sender.send(key_change(1)).await.unwrap_err();
    assert!(error.to_string().contains("NotActiveMember"), "{error}");
    assert_eq!(node.ledger().transactions, 0);

    // With a gas limit given there is no estimate: it fails in a block.
    let call = Call {
        gas: Some(200_000),
        ..key_change(1)
    };
    let error = sender.send(call).await.unwrap_err();
    let SendError::Failed { reason, block, .. } = error else {
        panic!("{error}")
    };
    assert!(reason.contains("NotActiveMember"), "{reason}");
    assert_eq!(block, 1);
}

#[tokio::test]
async fn too_much_gas_is_refused_here() {
    let signer = PrivateKeySigner::random();
    let node = TestNode::start(&[signer.address()]).await;
    let sender = sender(&node, &signer, SenderConfig::default()).await;
    let at = Call {
        gas: Some(MAX_TRANSACTION_GAS),
        ..key_change(1)
    };
    sender.send(at).await.unwrap();
    let past = Call {
        gas: Some(MAX_TRANSACTION_GAS + 1),
        ..key_change(1)
    };
    let error = sender.send(past).await.unwrap_err();
    assert!(matches!(error, SendError::TooMuchGas { .. }), "{error}");
}

#[tokio::test]
async fn waiting_ends() {
    let signer = PrivateKeySigner::random();
    let node = TestNode::start(&[signer.address()]).await;
    node.ledger().stopped = true;
    let config = SenderConfig {
        timeout: Duration::from_millis(300),
        ..SenderConfig::default()
    };
    let sender = sender(&node, &signer, config).await;
    let error = sender.send(key_change(1)).await.unwrap_err();
    assert!(matches!(error, SendError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn what_the_base_fee_outgrew_is_replaced() {
    let signer = PrivateKeySigner::random();
    let node = TestNode::start(&[signer.address()]).await;
    node.ledger().stopped = true;
    let sender = sender(&node, &signer, SenderConfig::default()).await;
    let mut landed = 0;
    let calls = (1..=3).map(key_change);
    let sending = sender.send_all(calls, |_| landed += 1);
    let market = async {
        while node.ledger().most_waiting < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut ledger = node.ledger();
        ledger.base_fee *= 10;
        ledger.stopped = false;
    };
    let (sent, ()) = tokio::join!(sending, market);
    sent.unwrap();
    assert_eq!((landed, node.ledger().transactions), (3, 3));
}
