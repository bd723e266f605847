use super::*;
use crate::testing::{CHAIN_ID, TestNode};
use hansa_abi::{IMembers, MEMBERS};

#[tokio::test]
async fn batches_are_split_and_answered_in_order() {
    let members: Vec<Address> = (1..=3u8).map(Address::repeat_byte).collect();
    let node = TestNode::start(&members).await;
    let rpc = Rpc::new(&node.url).unwrap();
    assert_eq!(rpc.chain_id().await.unwrap(), CHAIN_ID);
    let calls: Vec<_> = (0..MAX_BATCH * 2 + 1)
        .map(|index| IMembers::isActiveCall {
            account: members.get(index % 4).copied().unwrap_or_default(),
        })
        .collect();
    let answers = rpc.views(MEMBERS, &calls).await.unwrap();
    let expected: Vec<bool> = (0..calls.len()).map(|index| index % 4 != 3).collect();
    assert_eq!(answers, expected);
    assert!(
        rpc.views::<IMembers::isActiveCall>(MEMBERS, &[])
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn where_one_node_is_gone_another_is_asked() {
    let members = [Address::repeat_byte(1)];
    let (first, second) = (
        TestNode::start(&members).await,
        TestNode::start(&members).await,
    );
    let gone = "http://127.0.0.1:1";
    let rpc = Rpc::of([gone, &first.url, &second.url]).unwrap();
    let clone = rpc.clone();
    assert_eq!(rpc.url(), gone);
    assert_eq!(rpc.chain_id().await.unwrap(), CHAIN_ID);
    assert_eq!(clone.url(), first.url);
    assert_eq!(
        clone.at("zones/market").unwrap().url(),
        format!("{}/zones/market", first.url)
    );
    // What a node says is an answer, whatever it is.
    let refused = rpc.call::<Value>("eth_nothing", vec![]).await.unwrap_err();
    assert!(matches!(refused, RpcError::Refused { .. }), "{refused}");
    assert_eq!(rpc.url(), first.url);

    drop(first);
    assert_eq!(
        rpc.batch::<U64>("eth_chainId", &[vec![]])
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(rpc.url(), second.url);
    drop(second);
    let error = rpc.chain_id().await.unwrap_err();
    assert!(matches!(error, RpcError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn failures_are_told_apart() {
    assert!(matches!(Rpc::new("nonsense"), Err(RpcError::Url { .. })));
    let gone = Rpc::new("http://127.0.0.1:1").unwrap();
    let error = gone.chain_id().await.unwrap_err();
    assert!(matches!(error, RpcError::Unreachable { .. }), "{error}");

    let node = TestNode::start(&[Address::repeat_byte(1)]).await;
    let rpc = Rpc::new(&node.url).unwrap();
    let unknown = rpc.call::<Value>("eth_nothing", vec![]).await.unwrap_err();
    assert!(
        matches!(unknown, RpcError::Refused { code: -32601, .. }),
        "{unknown}"
    );
    let shape = rpc.call::<bool>("eth_chainId", vec![]).await.unwrap_err();
    assert!(matches!(shape, RpcError::Malformed { .. }), "{shape}");
    let call = IMembers::approveCall {
        proposalId: U256::from(1),
    };
    let reverted = rpc.view(MEMBERS, &call).await.unwrap_err();
    assert!(
        reverted.to_string().contains("NotActiveMember"),
        "{reverted}"
    );
}
