use super::*;
use crate::{
    Rpc, SenderConfig,
    limits::{MAX_PLANNED_BYTES, MAX_PLANNED_GAS, MAX_TRANSACTION_GAS},
    objects::{Selection, check, find, walk},
    testing::{GENESIS_S, TestNode},
};
use alloy_primitives::FixedBytes;
use alloy_signer_local::PrivateKeySigner;
use hansa_modules::limits::{MAX_CONTENT_BYTES, MAX_ENTRIES};
use hansa_taxii::{Tlp, stix};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::PathBuf;

fn indicator(number: u64, padding: usize) -> Value {
    json!({
        "type": "indicator",
        "spec_version": "2.1",
        "id": format!("indicator--{:08x}-0000-4000-8000-000000000000", number),
        "created": "2025-01-01T00:00:00.000Z",
        "modified": "2025-01-02T00:00:00.000Z",
        "name": "x".repeat(padding),
        "pattern": "[url:value = 'http://example.org/']",
        "pattern_type": "stix",
        "valid_from": "2025-01-01T00:00:00Z",
    })
}

fn bundle(objects: &[Value]) -> Vec<u8> {
    let bundle = json!({"type": "bundle", "id": "bundle--1", "objects": objects});
    serde_json::to_vec_pretty(&bundle).unwrap()
}

fn raw(size: usize, version: u64) -> StixObject {
    StixObject {
        object_type: "indicator".into(),
        uuid: FixedBytes::repeat_byte(1),
        version,
        has_own_version: true,
        tlp: 0,
        content: vec![b'x'; size].into(),
        position: 0,
    }
}

async fn sender(node: &TestNode, signer: &PrivateKeySigner) -> Sender {
    let rpc = Rpc::new(&node.url).unwrap();
    Sender::new(rpc, signer.clone(), SenderConfig::default())
        .await
        .unwrap()
}

#[test]
fn minifying_keeps_every_value() {
    for (text, expected) in [
        (" { } ", "{}"),
        (
            "[1.0, 1e400 ,\n-0,\t12345678901234567890123]",
            "[1.0,1e400,-0,12345678901234567890123]",
        ),
        (
            r#"{"a b" : "c \" d \\" , "e" : "\u0020 "}"#,
            r#"{"a b":"c \" d \\","e":"\u0020 "}"#,
        ),
        ("\"\\\\\" ", "\"\\\\\""),
    ] {
        assert_eq!(minify(text), expected);
    }
}

#[test]
fn files_of_every_shape_are_read() {
    let one = indicator(1, 1);
    let text = serde_json::to_string(&one).unwrap();
    for file in [
        bundle(std::slice::from_ref(&one)),
        serde_json::to_vec(&[&one]).unwrap(),
        format!("\u{feff}  {text}\n").into_bytes(),
    ] {
        let parsed = parse(&file, 1).unwrap();
        assert_eq!(parsed.objects.len(), 1);
        let object = &parsed.objects[0];
        assert_eq!(object.id(), one["id"].as_str().unwrap());
        assert_eq!((object.version, object.tlp), (1_735_776_000_000, 1));
        assert_eq!(object.content.as_ref(), text.as_bytes());
        assert_eq!(object.object_id(), alloy_primitives::keccak256(object.id()));
    }
    for wrong in ["", "{", "7", "null", "{}", "\u{0}", "[1] x"] {
        assert!(parse(wrong.as_bytes(), 1).is_err(), "{wrong:?}");
    }
    assert!(parse(&[0xff, 0xfe], 1).is_err());
    assert!(parse(&bundle(&[]), 1).unwrap().objects.is_empty());
    assert!(
        parse(br#"{"type":"bundle"}"#, 1)
            .unwrap()
            .objects
            .is_empty()
    );
    let dictionary = br#"{"type":"bundle","objects":{"0":{}}}"#;
    assert!(matches!(parse(dictionary, 1), Err(ParseError::Shape)));
}

#[test]
fn observed_data_may_have_objects_of_its_own() {
    let mut observed = indicator(1, 1);
    observed["type"] = "observed-data".into();
    observed["id"] = observed["id"]
        .as_str()
        .unwrap()
        .replace("indicator", "observed-data")
        .into();
    observed["first_observed"] = "2025-01-01T00:00:00Z".into();
    observed["last_observed"] = "2025-01-01T00:00:00Z".into();
    observed["number_observed"] = 1.into();
    observed["objects"] = json!({"0": {"type": "ipv4-addr", "value": "198.51.100.3"}});
    let text = observed.to_string();
    for file in [text.clone().into_bytes(), bundle(&[observed])] {
        let parsed = parse(&file, 0).unwrap();
        assert_eq!((parsed.objects.len(), parsed.refused.len()), (1, 0));
        assert_eq!(parsed.objects[0].content.len(), text.len());
    }
}

#[test]
fn what_cannot_be_published_is_refused_one_by_one() {
    let mut too_large = indicator(2, 0);
    let room = MAX_CONTENT_BYTES - too_large.to_string().len();
    too_large["name"] = "x".repeat(room + 1).into();
    let mut largest = indicator(3, 0);
    largest["name"] = "x".repeat(room).into();
    let mut red = indicator(4, 1);
    red["object_marking_refs"] =
        json!(["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]);
    let mut clear = indicator(5, 1);
    clear["object_marking_refs"] =
        json!(["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"]);
    let mut other = indicator(1, 1);
    other["name"] = "other".into();
    let mut nameless = indicator(6, 1);
    nameless["id"] = Value::Null;
    let objects = [
        indicator(1, 1),
        indicator(1, 1),
        other,
        too_large,
        largest,
        red,
        clear,
        nameless,
    ];
    let parsed = parse(&bundle(&objects), 1).unwrap();
    let ids: Vec<_> = parsed
        .objects
        .iter()
        .map(|object| object.position)
        .collect();
    assert_eq!(ids, [0, 4, 6]);
    assert_eq!(parsed.objects[1].content.len(), MAX_CONTENT_BYTES);
    assert_eq!(parsed.objects[2].tlp, 0, "its own marking counts");
    assert_eq!(parsed.duplicates, 1);
    let refused: Vec<_> = parsed
        .refused
        .iter()
        .map(|refused| refused.position)
        .collect();
    assert_eq!(refused, [2, 3, 5, 7]);
    assert!(parsed.refused[2].reason.contains("TLP:RED"));
}

/// What is declared has to be what the servers find, or they do not serve it.
#[test]
fn a_part_marked_more_narrowly_decides_the_label() {
    let mut object = indicator(1, 1);
    object["object_marking_refs"] =
        json!(["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"]);
    object["granular_markings"] = json!([{
        "marking_ref": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        "selectors": ["name"],
    }]);
    let parsed = parse(object.to_string().as_bytes(), 0).unwrap();
    let [object] = &parsed.objects[..] else {
        panic!("{parsed:?}");
    };
    assert_eq!(object.tlp, 1);
    let declared = stix::Declared {
        id: &object.id(),
        stix_type: &object.object_type,
        version_ms: object.version,
        tlp: Tlp::Green,
    };
    let facts = stix::inspect(&object.content).unwrap();
    assert_eq!(facts.matches(&declared), Ok(()));
}

proptest! {
    #[test]
    fn batches_hold_every_object_once_under_every_limit(
        sizes in prop::collection::vec(
            prop_oneof![1usize..300, 1_000usize..20_000, 200_000usize..=MAX_CONTENT_BYTES],
            0..200,
        )
    ) {
        let objects: Vec<_> = sizes.iter().map(|&size| raw(size, 1)).collect();
        let batches = plan(&objects);
        let mut next = 0;
        for batch in &batches {
            prop_assert_eq!(batch.objects.start, next);
            prop_assert!(batch.objects.end > batch.objects.start);
            next = batch.objects.end;
            prop_assert!(batch.objects.len() <= MAX_ENTRIES);
            prop_assert!(batch.gas <= MAX_PLANNED_GAS);
            let input = encode(&objects[batch.objects.clone()]);
            prop_assert_eq!(input.len(), batch.input_bytes);
            prop_assert!(input.len() <= MAX_PLANNED_BYTES);
        }
        prop_assert_eq!(next, objects.len());
    }
}

const _: () = assert!(MAX_PLANNED_GAS <= MAX_TRANSACTION_GAS);

#[tokio::test]
async fn a_second_run_publishes_nothing_and_what_comes_back_is_the_same() {
    let signer = PrivateKeySigner::random();
    let node = TestNode::start(&[signer.address()]).await;
    let sender = sender(&node, &signer).await;
    let objects: Vec<_> = (0..150)
        .map(|number| indicator(number, number as usize * 40))
        .collect();
    let parsed = parse(&bundle(&objects), 0).unwrap().objects;
    let mut seen = Vec::new();
    let report = publish(&sender, parsed.clone(), 1, |progress| {
        seen.push(progress.done)
    })
    .await
    .unwrap();
    assert_eq!(
        (report.published, report.already, report.refused.len()),
        (150, 0, 0)
    );
    assert_eq!(seen.last(), Some(&150));
    assert!(report.transactions >= 3, "64 entries a call");
    assert!(node.ledger().fullest_percent <= 100);

    let again = publish(&sender, parsed.clone(), 2, |_| ()).await.unwrap();
    assert_eq!(
        (again.published, again.already, again.transactions),
        (0, 150, 0)
    );

    let rpc = sender.rpc();
    let head = rpc.block_number().await.unwrap();
    node.ledger().max_logs = 70;
    let mut back = Vec::new();
    walk(rpc, &Selection::default(), 0, head, |object| {
        back.push(object);
        true
    })
    .await
    .unwrap();
    check(rpc, &back).await.unwrap();
    let contents: Vec<_> = back.iter().map(|object| object.content.clone()).collect();
    let expected: Vec<_> = parsed.iter().map(|object| object.content.clone()).collect();
    assert_eq!(contents, expected);
    let one = Selection {
        object: Some(parsed[70].object_id()),
        ..Selection::default()
    };
    let found = find(rpc, &one).await.unwrap().unwrap();
    assert_eq!(found.content, parsed[70].content);
}

#[tokio::test]
async fn an_interrupted_run_goes_on_and_refusals_do_not_stop_it() {
    let (signer, other) = (PrivateKeySigner::random(), PrivateKeySigner::random());
    let node = TestNode::start(&[signer.address(), other.address()]).await;
    let parsed = parse(
        &bundle(&(0..10).map(|n| indicator(n, 9)).collect::<Vec<_>>()),
        0,
    )
    .unwrap();
    let theirs = sender(&node, &other).await;
    publish(&theirs, parsed.objects[..1].to_vec(), 1, |_| ())
        .await
        .unwrap();
    let mine = sender(&node, &signer).await;
    publish(&mine, parsed.objects[1..5].to_vec(), 1, |_| ())
        .await
        .unwrap();

    // A newer version of no. 1 (mine), another version of no. 0 (theirs), other content for no. 2.
    let mut objects = parsed.objects;
    objects[1].version += 1;
    objects[0].version += 1;
    objects[2].content = b"{}".to_vec().into();
    let mut stale = objects[1].clone();
    stale.version -= 2;
    objects.push(stale);
    let report = publish(&mine, objects, 1, |_| ()).await.unwrap();
    assert_eq!((report.published, report.already), (6, 2));
    let reasons: Vec<_> = report
        .refused
        .iter()
        .map(|refused| refused.reason.as_str())
        .collect();
    assert_eq!(reasons.len(), 3);
    assert!(reasons[0].contains("belongs to"), "{reasons:?}");
    assert!(reasons[1].contains("other content"), "{reasons:?}");
    assert!(reasons[2].contains("older"), "{reasons:?}");
}

#[tokio::test]
async fn an_object_of_the_future_does_not_take_its_batch_with_it() {
    let signer = PrivateKeySigner::random();
    let node = TestNode::start(&[signer.address()]).await;
    let sender = sender(&node, &signer).await;
    let in_an_hour = (GENESIS_S + 3_600) * 1_000;
    let objects = vec![raw(100, 1), raw(200, in_an_hour)];
    let report = publish(&sender, objects, 1, |_| ()).await.unwrap();
    assert_eq!((report.published, report.refused.len()), (1, 1));
    assert!(report.refused[0].reason.contains("in the future"));
}

#[tokio::test]
async fn an_object_without_a_time_is_published_once() {
    let signer = PrivateKeySigner::random();
    let node = TestNode::start(&[signer.address()]).await;
    let sender = sender(&node, &signer).await;
    let address = |value: &str| {
        let observable = json!({
            "type": "ipv4-addr",
            "spec_version": "2.1",
            "id": "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd",
            "value": value,
        });
        parse(observable.to_string().as_bytes(), 0).unwrap().objects
    };
    for (value, now, expected) in [
        ("198.51.100.3", 7_000, 1),
        ("198.51.100.3", 9_000, 0),
        ("198.51.100.4", 6_000, 1),
    ] {
        let report = publish(&sender, address(value), now, |_| ()).await.unwrap();
        assert_eq!(report.published, expected, "{value} at {now}");
    }
}

#[tokio::test]
async fn gas_stays_under_the_plans_bound_for_the_largest_calls() {
    let signer = PrivateKeySigner::random();
    let node = TestNode::start(&[signer.address()]).await;
    let sender = sender(&node, &signer).await;
    let mut many: Vec<_> = (0..64).map(|number| indicator(number, 10)).collect();
    many.push(indicator(100, MAX_CONTENT_BYTES - 1_000));
    let objects = parse(&bundle(&many), 0).unwrap().objects;
    publish(&sender, objects, 1, |_| ()).await.unwrap();
    let fullest = node.ledger().fullest_percent;
    assert!((80..=100).contains(&fullest), "{fullest} % of the limit");
}

#[tokio::test]
async fn the_mitre_bundle_comes_back_identical() {
    let folder = std::env::var_os("HANSA_SHARED_DATA").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"))
    });
    let Ok(file) = std::fs::read(folder.join("mobile-attack-17.1.json")) else {
        eprintln!(
            "skipped: no mobile-attack-17.1.json in {}",
            folder.display()
        );
        return;
    };
    let signer = PrivateKeySigner::random();
    let node = TestNode::start(&[signer.address()]).await;
    let sender = sender(&node, &signer).await;
    let parsed = parse(&file, 0).unwrap();
    assert_eq!((parsed.objects.len(), parsed.refused.len()), (2_148, 0));
    let report = publish(&sender, parsed.objects.clone(), 1, |_| ())
        .await
        .unwrap();
    assert_eq!((report.published, report.refused.len()), (2_148, 0));
    eprintln!(
        "{} transactions, {} gas",
        report.transactions, report.gas_used
    );
    let again = publish(&sender, parsed.objects, 1, |_| ()).await.unwrap();
    assert_eq!((again.published, again.already), (0, 2_148));

    let original: Value = serde_json::from_slice(&file).unwrap();
    let mut expected: Vec<&Value> = original["objects"].as_array().unwrap().iter().collect();
    let mut back: Vec<Value> = Vec::new();
    let head = sender.rpc().block_number().await.unwrap();
    walk(sender.rpc(), &Selection::default(), 0, head, |object| {
        back.push(serde_json::from_slice(&object.content).unwrap());
        true
    })
    .await
    .unwrap();
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    expected.sort_by_key(|value| id(value));
    back.sort_by_key(id);
    assert!(back.iter().eq(expected));
    let ledger = node.ledger();
    assert!(ledger.largest <= hansa_primitives::MAX_TRANSACTION_BYTES);
    assert!(ledger.fullest_percent <= 100);
}
