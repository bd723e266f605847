use super::object_id;
use crate::{
    limits::{
        MAX_CLOCK_SKEW_MS, MAX_CONTENT_BYTES, MAX_ENTRIES, MAX_HAS, MAX_REASON_BYTES,
        MAX_SIGHTING_COUNT, MAX_TYPE_BYTES,
    },
    members::Roles,
    tests::world::{World, account, assert_reverts, entry},
};
use alloy_primitives::{B256, Bytes, FixedBytes, U256, keccak256};
use hansa_abi::{
    IExchange::{self, Entry, Status},
    IModule,
};

fn publish(entries: Vec<Entry>) -> IExchange::publishCall {
    IExchange::publishCall { entries }
}

fn one(entry: Entry) -> IExchange::publishCall {
    publish(vec![entry])
}

fn id(n: u8) -> B256 {
    object_id("indicator", &FixedBytes::repeat_byte(n))
}

fn latest(world: &mut World, object_id: B256) -> IExchange::Latest {
    world
        .exchange(
            200,
            &IExchange::latestCall {
                objectId: object_id,
            },
        )
        .unwrap()
}

fn revoke(n: u8) -> IExchange::revokeCall {
    IExchange::revokeCall {
        objectId: id(n),
        reason: "a mistake".into(),
    }
}

#[test]
fn ids_are_the_hash_of_the_stix_id() {
    let uuid =
        FixedBytes::from(*b"\x8e\x2e\x2d\x2b\x17\xd4\x4c\xbf\x93\x8f\x98\xee\x46\xb3\xcd\x3f");
    let expected = keccak256("x-mitre-tactic--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f");
    assert_eq!(object_id("x-mitre-tactic", &uuid), expected);
    let call = IExchange::objectIdOfCall {
        objectType: "x-mitre-tactic".into(),
        uuid,
    };
    assert_eq!(World::of_four().exchange(0, &call).unwrap(), expected);
}

#[test]
fn content_can_be_read_back_from_the_event() {
    let mut world = World::of_four();
    let content: Bytes = b"{\"type\":\"indicator\"}".into();
    let published = Entry {
        tlp: 4,
        ..entry(1, 10, &content)
    };
    assert_eq!(world.exchange(0, &one(published)).unwrap(), U256::ONE);
    let [event] = world
        .events::<IExchange::ObjectPublished>()
        .try_into()
        .unwrap();
    let expected = IExchange::ObjectPublished {
        objectId: id(1),
        publisher: account(0),
        version: 10,
        uuid: FixedBytes::repeat_byte(1),
        objectType: "indicator".into(),
        tlp: 4,
        digest: keccak256(&content),
        content: content.clone(),
    };
    assert_eq!(event, expected);
    let (status, publisher, digest) = (Status::Active, account(0), keccak256(&content));
    let head = IExchange::Latest {
        status,
        publisher,
        version: 10,
        tlp: 4,
        digest,
    };
    assert_eq!(latest(&mut world, id(1)), head);
    assert_eq!(latest(&mut world, id(2)).status, Status::None);
}

#[test]
fn versions_increase_and_repeats_are_silent() {
    let mut world = World::of_four();
    world
        .exchange(0, &publish(vec![entry(1, 10, b"a"), entry(1, 11, b"b")]))
        .unwrap();
    let logs = world.host.logs.len();
    let repeat = publish(vec![entry(1, 11, b"b"), entry(1, 10, b"a")]);
    for publisher in [0, 1] {
        assert_eq!(world.exchange(publisher, &repeat).unwrap(), U256::ZERO);
    }
    assert_eq!(world.host.logs.len(), logs, "a repeat emits nothing");
    let object = id(1);
    let conflict = IExchange::VersionConflict {
        objectId: object,
        version: 10,
    };
    assert_reverts(world.exchange(0, &one(entry(1, 10, b"x"))), conflict);
    let stale = IExchange::StaleVersion {
        objectId: object,
        version: 9,
        latest: 11,
    };
    assert_reverts(world.exchange(0, &one(entry(1, 9, b"x"))), stale);
    let invalid = IExchange::InvalidVersion { objectId: object };
    assert_reverts(world.exchange(0, &one(entry(1, 0, b"x"))), invalid);
    let other = IExchange::NotPublisher {
        objectId: object,
        publisher: account(0),
    };
    assert_reverts(world.exchange(1, &one(entry(1, 12, b"x"))), other);
    let counts = world.exchange(0, &IExchange::countsCall {}).unwrap();
    assert_eq!((counts.objects, counts.versions), (1, 2));
}

/// Otherwise the highest version there is would leave no room for any other.
#[test]
fn versions_do_not_lie_in_the_future() {
    let mut world = World::of_four();
    let latest = world.now * 1_000 + MAX_CLOCK_SKEW_MS;
    for version in [latest + 1, u64::MAX] {
        let error = IExchange::VersionInFuture {
            objectId: id(1),
            version,
            latest,
        };
        assert_reverts(world.exchange(0, &one(entry(1, version, b"x"))), error);
    }
    world.exchange(0, &one(entry(1, latest, b"x"))).unwrap();
}

#[test]
fn a_batch_is_all_or_nothing() {
    let mut world = World::of_four();
    world.object(1);
    let before = world.host.clone();
    let batch = publish(vec![entry(5, 1, b"new"), entry(1, 1, b"conflicting")]);
    assert!(world.exchange(0, &batch).is_err());
    assert_eq!(world.host, before);
    assert_reverts(
        world.exchange(0, &publish(vec![])),
        IModule::Empty {
            field: "entries".into(),
        },
    );
}

#[test]
fn only_members_with_weight_publish() {
    let mut world = World::new(&[(Roles::MEMBER, 1), (Roles::OBSERVER, 0)]);
    let observer = account(1);
    let call = one(entry(1, 1, b"x"));
    assert_reverts(
        world.exchange(1, &call),
        IModule::NotVotingMember { account: observer },
    );
    let stranger = account(9);
    assert_reverts(
        world.exchange(9, &call),
        IModule::NotActiveMember { account: stranger },
    );
    world.exchange(0, &call).unwrap();
    let sighting = |object_id| IExchange::sightCall {
        objectId: object_id,
        count: 1,
        firstSeenMs: 1,
        lastSeenMs: 1,
    };
    world.exchange(1, &sighting(id(1))).unwrap();
    let refused = world.exchange(9, &sighting(id(1)));
    assert_reverts(refused, IModule::NotActiveMember { account: stranger });
}

#[test]
fn limits_hold_at_and_past_the_edge() {
    let mut world = World::of_four();
    let content = |n: u8, length: usize| Entry {
        content: vec![b'x'; length].into(),
        ..entry(n, 1, b"")
    };
    world
        .exchange(0, &one(content(1, MAX_CONTENT_BYTES)))
        .unwrap();
    let too_long = |field: &str, limit: usize| IModule::TooLong {
        field: field.into(),
        length: U256::from(limit + 1),
        limit: U256::from(limit),
    };
    let result = world.exchange(0, &one(content(2, MAX_CONTENT_BYTES + 1)));
    assert_reverts(result, too_long("content", MAX_CONTENT_BYTES));
    let empty = world.exchange(0, &one(content(2, 0)));
    assert_reverts(
        empty,
        IModule::Empty {
            field: "content".into(),
        },
    );

    let many = |count: usize| publish((1u64..).take(count).map(|v| entry(3, v, b"x")).collect());
    assert_eq!(
        world.exchange(0, &many(MAX_ENTRIES)).unwrap(),
        U256::from(MAX_ENTRIES)
    );
    let error = IModule::TooMany {
        field: "entries".into(),
        count: U256::from(MAX_ENTRIES + 1),
        limit: U256::from(MAX_ENTRIES),
    };
    assert_reverts(world.exchange(0, &many(MAX_ENTRIES + 1)), error);

    let typed = |n: u8, length: usize| Entry {
        objectType: "t".repeat(length),
        ..entry(n, 1, b"x")
    };
    world.exchange(0, &one(typed(4, MAX_TYPE_BYTES))).unwrap();
    let result = world.exchange(0, &one(typed(4, MAX_TYPE_BYTES + 1)));
    assert_reverts(result, too_long("objectType", MAX_TYPE_BYTES));
    world
        .exchange(
            0,
            &one(Entry {
                tlp: 4,
                ..entry(5, 1, b"x")
            }),
        )
        .unwrap();
    let result = world.exchange(
        0,
        &one(Entry {
            tlp: 5,
            ..entry(5, 2, b"x")
        }),
    );
    assert_reverts(result, IExchange::InvalidTlp { tlp: 5 });

    let has = |count: usize| IExchange::hasCall {
        objectIds: vec![id(1); count],
        versions: vec![1; count],
    };
    assert_eq!(world.exchange(9, &has(MAX_HAS)).unwrap(), [true; MAX_HAS]);
    assert!(world.exchange(9, &has(MAX_HAS + 1)).is_err());
    let uneven = IExchange::hasCall {
        objectIds: vec![id(1)],
        versions: vec![],
    };
    let error = IModule::LengthMismatch {
        left: U256::ONE,
        right: U256::ZERO,
    };
    assert_reverts(world.exchange(9, &uneven), error);

    let reason = "r".repeat(MAX_REASON_BYTES + 1);
    let result = world.exchange(
        0,
        &IExchange::revokeCall {
            objectId: id(1),
            reason,
        },
    );
    assert_reverts(result, too_long("reason", MAX_REASON_BYTES));
}

#[test]
fn types_are_those_of_stix() {
    let mut world = World::of_four();
    for bad in [
        "",
        "ab",
        "Indicator",
        "a_b",
        "a--b",
        "-abc",
        "1abc",
        "abc-",
        "häm",
        "a b",
        "a/b",
    ] {
        let object_type = String::from(bad);
        let call = one(Entry {
            objectType: object_type.clone(),
            ..entry(1, 1, b"x")
        });
        assert_reverts(
            world.exchange(0, &call),
            IExchange::InvalidType {
                objectType: object_type,
            },
        );
    }
    for good in [
        "url",
        "attack-pattern",
        "x-mitre-data-component",
        "ipv4-addr",
        "x509-certificate",
    ] {
        let call = one(Entry {
            objectType: good.into(),
            ..entry(1, 1, b"x")
        });
        world.exchange(0, &call).unwrap();
    }
}

#[test]
fn a_revoked_object_stays_revoked() {
    let mut world = World::of_four();
    world.object(1);
    let publisher = account(0);
    let error = IExchange::NotPublisher {
        objectId: id(1),
        publisher,
    };
    assert_reverts(world.exchange(1, &revoke(1)), error);
    let unknown = IExchange::UnknownObject { objectId: id(2) };
    assert_reverts(world.exchange(0, &revoke(2)), unknown);
    world.exchange(0, &revoke(1)).unwrap();
    assert_eq!(latest(&mut world, id(1)).status, Status::Revoked);
    let revoked = || IExchange::Revoked { objectId: id(1) };
    assert_reverts(world.exchange(0, &revoke(1)), revoked());
    assert_reverts(world.exchange(0, &one(entry(1, 2, b"x"))), revoked());
    assert_eq!(
        world.exchange(0, &one(entry(1, 1, b"{}"))).unwrap(),
        U256::ZERO
    );
    let sighting = IExchange::sightCall {
        objectId: id(1),
        count: 1,
        firstSeenMs: 1,
        lastSeenMs: 1,
    };
    assert_reverts(world.exchange(2, &sighting), revoked());
    world.suspend(0, &[1, 2, 3]);
    assert_reverts(
        world.exchange(0, &revoke(1)),
        IModule::NotActiveMember { account: publisher },
    );
}

#[test]
fn sightings_add_up() {
    let mut world = World::of_four();
    let object_id = world.object(1);
    let now_ms = world.now * 1_000;
    let sight = |count, first, last| IExchange::sightCall {
        objectId: object_id,
        count,
        firstSeenMs: first,
        lastSeenMs: last,
    };
    world.exchange(1, &sight(3, 500, 600)).unwrap();
    world
        .exchange(2, &sight(MAX_SIGHTING_COUNT, 400, 550))
        .unwrap();
    world
        .exchange(2, &sight(1, 450, now_ms + MAX_CLOCK_SKEW_MS))
        .unwrap();
    let sum = world
        .exchange(
            9,
            &IExchange::sightingsCall {
                objectId: object_id,
            },
        )
        .unwrap();
    let expected = IExchange::Sightings {
        reports: 3,
        count: 4 + u64::from(MAX_SIGHTING_COUNT),
        firstSeenMs: 400,
        lastSeenMs: now_ms + MAX_CLOCK_SKEW_MS,
    };
    assert_eq!(sum, expected);
    for (first, last) in [(2, 1), (1, now_ms + MAX_CLOCK_SKEW_MS + 1)] {
        let error = IExchange::InvalidTimes {
            firstSeenMs: first,
            lastSeenMs: last,
        };
        assert_reverts(world.exchange(1, &sight(1, first, last)), error);
    }
    for count in [0, MAX_SIGHTING_COUNT + 1] {
        let limit = MAX_SIGHTING_COUNT;
        assert_reverts(
            world.exchange(1, &sight(count, 1, 1)),
            IExchange::InvalidCount { count, limit },
        );
    }
}
