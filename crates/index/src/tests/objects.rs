//! Exchange objects from the events of the exchange and the guard.

use super::{Chain, config};
use crate::{Config, Declared, Index, ObjectLog, ObjectScan, Sightings};
use alloy_primitives::{Address, B256, FixedBytes, Log, U256, keccak256};
use alloy_sol_types::SolEvent;
use hansa_abi::{EXCHANGE, GUARD, IExchange, IGuard};
use proptest::prelude::*;
use std::sync::Arc;

fn event(address: Address, event: &impl SolEvent) -> Log {
    Log {
        address,
        data: event.encode_log_data(),
    }
}

const ID: &str = "indicator--01010101-0101-0101-0101-010101010101";

fn id(uuid: u8) -> B256 {
    keccak256(ID.replace("01", &format!("{uuid:02x}")))
}

fn publication(uuid: u8, version: u64, tlp: u8, content: &[u8]) -> IExchange::ObjectPublished {
    IExchange::ObjectPublished {
        objectId: id(uuid),
        publisher: Address::repeat_byte(3),
        version,
        uuid: FixedBytes::repeat_byte(uuid),
        objectType: "indicator".into(),
        tlp,
        digest: keccak256(content),
        content: content.to_vec().into(),
    }
}

fn publish(uuid: u8, version: u64, tlp: u8, content: &[u8]) -> Log {
    event(EXCHANGE, &publication(uuid, version, tlp, content))
}

fn alert(alert_id: u64, uuid: u8) -> Log {
    let raised = IGuard::AlertRaised {
        alertId: U256::from(alert_id),
        raiser: Address::repeat_byte(3),
        objectId: id(uuid),
        action: 1,
        severity: 2,
        expiry: 99,
        bond: U256::ZERO,
        provisional: false,
        reason: "r".into(),
        targets: vec![],
    };
    event(GUARD, &raised)
}

fn end(alert_id: u64) -> Log {
    let revoked = IGuard::AlertRevoked {
        alertId: U256::from(alert_id),
        revoking: 3,
        total: 4,
    };
    event(GUARD, &revoked)
}

/// Content that begins with `bad` is refused; the version's text is the content.
fn validated() -> Config {
    let validator = |content: &[u8], declared: &Declared<'_>| {
        assert!(declared.tlp <= 1, "ciphertext is never validated");
        assert_eq!(declared.object_type, "indicator");
        match content.starts_with(b"bad") {
            true => Err("bad content".to_owned()),
            false => Ok(String::from_utf8_lossy(content).into_owned()),
        }
    };
    Config {
        validator: Some(Arc::new(validator)),
        ..config()
    }
}

type Row = (u64, u64, Vec<u8>, bool, bool, bool);

/// (`added_us` relative to the first block, version, content, revoked, first, last).
fn scan(
    index: &Index,
    log: ObjectLog,
    max_tlp: u8,
    after_us: Option<u64>,
    ids: Option<&[&str]>,
) -> Vec<Row> {
    let scan = ObjectScan {
        log,
        max_tlp,
        after_us,
        ids: ids.map(<[&str]>::to_vec),
        limit: 100,
        examine: 100,
    };
    let page = index.scan_objects(&scan, |_| true);
    assert_eq!(page.next_us, None);
    let rows = page.found.into_iter().map(|view| {
        let content = index.object_content(view.record.position).unwrap();
        (
            view.added_us - 1_700_000_000_000_000,
            view.record.version_ms,
            content.unwrap().to_vec(),
            view.revoked,
            view.first,
            view.last,
        )
    });
    rows.collect()
}

fn row(added: u64, version: u64, content: &str, revoked: bool, first: bool, last: bool) -> Row {
    (
        added,
        version,
        content.as_bytes().to_vec(),
        revoked,
        first,
        last,
    )
}

#[test]
fn versions_labels_flaws_and_revocations_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.redb");
    let wrong_digest = IExchange::ObjectPublished {
        digest: B256::ZERO,
        ..publication(2, 1, 0, b"digest")
    };
    let wrong_id = IExchange::ObjectPublished {
        objectId: id(9),
        ..publication(2, 1, 0, b"id")
    };
    let revoked = IExchange::ObjectRevoked {
        objectId: id(2),
        publisher: Address::repeat_byte(3),
        reason: String::new(),
    };
    let not_the_exchange = event(GUARD, &publication(8, 1, 0, b"x"));
    let mut chain = Chain::new(0);
    chain.extend([
        vec![
            vec![
                publish(1, 10, 0, b"one"),
                publish(2, 20, 1, b"two"),
                not_the_exchange,
            ],
            vec![publish(1, 11, 1, b"three"), event(EXCHANGE, &wrong_digest)],
        ],
        vec![vec![
            publish(3, 1, 4, b"bad cipher"),
            publish(1, 12, 0, b"bad"),
            event(EXCHANGE, &wrong_id),
        ]],
        vec![vec![
            event(EXCHANGE, &revoked),
            publish(1, 13, 0, b"four"),
            publish(5, 1, 7, b"tlp"),
        ]],
    ]);
    let check = |index: &Index| {
        let objects = |tlp, after, ids| scan(index, ObjectLog::Objects, tlp, after, ids);
        let member = vec![
            row(0, 10, "one", false, true, false),
            row(1, 20, "two", true, true, true),
            row(2, 11, "three", false, false, false),
            row(200_000, 13, "four", false, false, true),
        ];
        assert_eq!(objects(1, None, None), member);
        assert_eq!(objects(9, None, None), member);
        // The public sees no version between.
        let public = vec![
            row(0, 10, "one", false, true, false),
            row(200_000, 13, "four", false, false, true),
        ];
        assert_eq!(objects(0, None, None), public);
        assert_eq!(objects(1, Some(1_700_000_000_000_001), None), member[2..]);
        assert_eq!(
            objects(1, Some(1_700_000_000_000_001), Some(&[ID, ID])),
            member[2..]
        );
        assert!(objects(1, None, Some(&["indicator--none"])).is_empty());
        let flaws: Vec<_> = (0..9)
            .map(|at| index.object_at(at).unwrap().flaw.clone())
            .collect();
        let expected = [
            None,
            None,
            None,
            Some("digest"),
            None,
            Some("bad"),
            Some("object id"),
            None,
            Some("TLP 7"),
        ];
        for (flaw, expected) in flaws.iter().zip(expected) {
            match (flaw, expected) {
                (Some(flaw), Some(part)) => assert!(flaw.contains(part), "{flaw}"),
                (flaw, expected) => assert_eq!(flaw.as_deref(), expected),
            }
        }
        let (versions, revoked) = index.object_versions(&id(1));
        let versions: Vec<_> = versions
            .iter()
            .map(|record| record.version.clone())
            .collect();
        assert_eq!(versions, ["one", "three", "12", "four"]);
        assert!(!revoked && index.object_versions(&id(2)).1);
        assert_eq!(index.object_count(), 9);
        assert_eq!(
            index.object_content(4).unwrap().unwrap(),
            &b"bad cipher"[..]
        );
        assert_eq!(index.object_content(9).unwrap(), None);
        let record = index.object_at(7).unwrap();
        assert_eq!((record.block_number, record.log_index), (2, 1));
        assert_eq!(
            (record.id.as_str(), record.object_type()),
            (ID, "indicator")
        );
    };
    let index = Index::open(&path, validated()).unwrap();
    super::feed(&index, &chain);
    check(&index);
    super::feed(&index, &chain);
    drop(index);
    let index = Index::open(&path, validated()).unwrap();
    check(&index);
    assert_eq!(index.verify(|_, _| ()).unwrap().objects, 9);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn first_and_last_are_what_a_reader_sees_of_all_versions(
        versions in proptest::collection::vec((1u8..4, 0u8..4, any::<bool>()), 0..24),
        per_block in 1usize..9,
    ) {
        let index = Index::in_memory(validated()).unwrap();
        let mut chain = Chain::new(0);
        let logs: Vec<_> = versions
            .iter()
            .zip(1..)
            .map(|((uuid, tlp, flawed), version)| {
                publish(*uuid, version, *tlp, if *flawed { b"bad" } else { b"x" })
            })
            .collect();
        chain.extend(logs.chunks(per_block).map(|logs| vec![logs.to_vec()]));
        super::feed(&index, &chain);
        for max_tlp in [0, 1] {
            let readable: Vec<_> = versions
                .iter()
                .zip(1u64..)
                .filter(|((_, tlp, flawed), _)| *tlp <= max_tlp && !flawed)
                .map(|((uuid, ..), version)| (*uuid, version))
                .collect();
            let expected: Vec<_> = readable
                .iter()
                .map(|(uuid, version)| {
                    let mut same = readable.iter().filter(|(other, _)| other == uuid);
                    let first = same.clone().next().is_some_and(|(_, first)| first == version);
                    let last = same.next_back().is_some_and(|(_, last)| last == version);
                    (*version, first, last)
                })
                .collect();
            let found: Vec<_> = scan(&index, ObjectLog::Objects, max_tlp, None, None)
                .into_iter()
                .map(|(_, version, _, _, first, last)| (version, first, last))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}

#[test]
fn scans_end_at_their_limits_and_go_on_from_there() {
    let index = Index::in_memory(validated()).unwrap();
    let logs = (1..=10).map(|version| publish(1, version, (version % 3) as u8, b"x"));
    super::feed(&index, Chain::new(0).extend([vec![logs.collect()]]));
    // Every third one is TLP:AMBER, and odd ones are not wanted: 3 of 10 are found.
    for (limit, examine, pages) in [
        (9, 99, 1),
        (3, 10, 1),
        (3, 9, 2),
        (2, 99, 2),
        (1, 1, 10),
        (0, 0, 10),
    ] {
        let mut scan = ObjectScan {
            log: ObjectLog::Objects,
            max_tlp: 1,
            after_us: None,
            ids: None,
            limit,
            examine,
        };
        let (mut found, mut scans) = (Vec::new(), 0);
        loop {
            let page = index.scan_objects(&scan, |view| view.record.version_ms % 2 == 0);
            assert!(page.found.len() <= limit.max(1));
            found.extend(page.found.iter().map(|view| view.record.version_ms));
            scans += 1;
            match page.next_us {
                Some(next_us) => scan.after_us = Some(next_us),
                None => break,
            }
        }
        assert_eq!((found, scans), (vec![4, 6, 10], pages), "{limit} {examine}");
    }
}

#[test]
fn alerts_list_the_newest_served_version_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.redb");
    let mut chain = Chain::new(0);
    chain.extend([
        vec![vec![
            publish(1, 1, 0, b"v1"),
            alert(1, 7),
            alert(2, 1),
            alert(3, 1),
        ]],
        vec![vec![
            publish(2, 1, 0, b"w1"),
            publish(1, 2, 0, b"bad"),
            alert(4, 1),
        ]],
        // Above TLP:GREEN is ciphertext: what is served is the version before.
        vec![vec![
            publish(1, 3, 1, b"v3"),
            publish(1, 4, 2, b"v4"),
            alert(5, 1),
            publish(2, 2, 4, b"w2"),
        ]],
        vec![vec![alert(6, 2)]],
    ]);
    let expected = [
        row(0, 1, "v1", false, true, false),
        row(200_000, 3, "v3", false, false, true),
        row(300_000, 1, "w1", false, true, true),
    ];
    let index = Index::open(&path, validated()).unwrap();
    super::feed(&index, &chain);
    assert_eq!(scan(&index, ObjectLog::Alerts, 1, None, None), expected);
    drop(index);
    let index = Index::open(&path, validated()).unwrap();
    assert_eq!(scan(&index, ObjectLog::Alerts, 1, None, None), expected);
    let public = [row(0, 1, "v1", false, true, true), expected[2].clone()];
    assert_eq!(scan(&index, ObjectLog::Alerts, 0, None, None), public);
}

#[test]
fn an_object_whose_every_alert_was_revoked_is_revoked_among_the_alerts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.redb");
    let mut chain = Chain::new(0);
    let mut index = Index::open(&path, validated()).unwrap();
    for (logs, revoked) in [
        (
            vec![publish(1, 1, 0, b"v1"), alert(1, 1), alert(2, 1)],
            false,
        ),
        (vec![end(1), end(1), end(9)], false),
        (vec![publish(1, 2, 0, b"v2"), end(2)], true),
        (vec![alert(3, 1)], false),
        (vec![end(3), alert(4, 1), end(4)], true),
    ] {
        index.append(&chain.push(vec![logs]), None).unwrap();
        for reopened in [false, true] {
            if reopened {
                drop(index);
                index = Index::open(&path, validated()).unwrap();
            }
            let of = |log| scan(&index, log, 1, None, None);
            assert!(of(ObjectLog::Alerts).iter().all(|row| row.3 == revoked));
            assert!(of(ObjectLog::Objects).iter().all(|row| !row.3));
        }
    }
    assert_eq!(scan(&index, ObjectLog::Alerts, 1, None, None).len(), 2);
    index.clear().unwrap();
    index
        .append(
            &Chain::new(0).push(vec![vec![publish(1, 1, 0, b"v1"), end(1), alert(5, 1)]]),
            None,
        )
        .unwrap();
    assert!(!scan(&index, ObjectLog::Alerts, 1, None, None)[0].3);
}

#[test]
fn sightings_sum_up() {
    let index = Index::in_memory(config()).unwrap();
    let sighted = |count, first, last| {
        let sighted = IExchange::ObjectSighted {
            objectId: id(1),
            member: Address::repeat_byte(4),
            count,
            firstSeenMs: first,
            lastSeenMs: last,
        };
        event(EXCHANGE, &sighted)
    };
    assert_eq!(index.sightings(&id(1)).unwrap(), Sightings::default());
    let mut chain = Chain::new(0);
    chain.extend([
        vec![vec![sighted(2, 50, 60), sighted(3, 40, 55)]],
        vec![vec![sighted(1, 45, 90)]],
    ]);
    super::feed(&index, &chain);
    super::feed(&index, &chain);
    let expected = Sightings {
        reports: 3,
        count: 6,
        first_seen_ms: 40,
        last_seen_ms: 90,
    };
    assert_eq!(index.sightings(&id(1)).unwrap(), expected);
}

#[test]
fn added_us_grows_even_when_a_block_brings_more_than_its_time() {
    let index = Index::in_memory(config()).unwrap();
    // 100 ms between blocks are 100,000 records; events whose block times are equal show the same.
    let mut chain = Chain::new(0);
    chain.extend([vec![vec![publish(1, 1, 0, b"a"), publish(2, 1, 0, b"b")]]]);
    super::feed(&index, &chain);
    let times: Vec<_> = (0..2)
        .map(|at| index.object_at(at).unwrap().added_us)
        .collect();
    assert_eq!(times[1], times[0] + 1);
}
