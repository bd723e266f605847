//! Random histories of the exchange against a plain model.

use crate::tests::world::{World, account, entry};
use alloy_primitives::{FixedBytes, U256, keccak256};
use hansa_abi::IExchange::{self, Status};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    Publish {
        by: u8,
        entries: Vec<(u8, u64, u8)>,
    },
    Revoke {
        by: u8,
        object: u8,
    },
    Sight {
        by: u8,
        object: u8,
        count: u32,
        first: u64,
        length: u64,
    },
}

#[derive(Clone, Default)]
struct Object {
    publisher: u8,
    versions: BTreeMap<u64, u8>,
    revoked: bool,
    sightings: Vec<(u32, u64, u64)>,
}

type Model = BTreeMap<u8, Object>;

/// Members are 0 to 3.
const fn is_member(n: u8) -> bool {
    n < 4
}

/// How many entries are new, or None if the call must revert.
fn publish(model: &mut Model, by: u8, entries: &[(u8, u64, u8)]) -> Option<u64> {
    if !is_member(by) || entries.is_empty() {
        return None;
    }
    let mut next = model.clone();
    let mut count = 0;
    for &(n, version, content) in entries {
        let known = next
            .get(&n)
            .and_then(|object| object.versions.get(&version));
        if known == Some(&content) {
            continue;
        }
        let object = next.entry(n).or_insert_with(|| Object {
            publisher: by,
            ..Object::default()
        });
        let newer = object.versions.keys().all(|v| *v < version);
        if version == 0 || !newer || object.publisher != by || object.revoked {
            return None;
        }
        object.versions.insert(version, content);
        count += 1;
    }
    *model = next;
    Some(count)
}

fn step() -> impl Strategy<Value = Step> {
    let by = 0u8..5;
    let object = 0u8..4;
    let entries = prop::collection::vec((object.clone(), 0u64..8, 0u8..2), 0..4);
    prop_oneof![
        6 => (by.clone(), entries).prop_map(|(by, entries)| Step::Publish { by, entries }),
        1 => (by.clone(), object.clone()).prop_map(|(by, object)| Step::Revoke { by, object }),
        2 => (by, object, 0u32..3, 0u64..1_000, 0u64..1_000).prop_map(
            |(by, object, count, first, length)| Step::Sight { by, object, count, first, length }
        ),
    ]
}

fn id(n: u8) -> alloy_primitives::B256 {
    super::object_id("indicator", &FixedBytes::repeat_byte(n))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn behaves_like_the_model(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::of_four();
        let mut model = Model::new();
        for step in steps {
            match step {
                Step::Publish { by, entries } => {
                    let expected = publish(&mut model, by, &entries).map(U256::from);
                    let entries =
                        entries.into_iter().map(|(n, v, content)| entry(n, v, &[content])).collect();
                    let result = world.exchange(by, &IExchange::publishCall { entries });
                    prop_assert_eq!(result.ok(), expected);
                }
                Step::Revoke { by, object } => {
                    let call = IExchange::revokeCall { objectId: id(object), reason: "r".into() };
                    let own = model.get_mut(&object).filter(|o| o.publisher == by && !o.revoked);
                    prop_assert_eq!(world.exchange(by, &call).is_ok(), own.is_some());
                    own.into_iter().for_each(|object| object.revoked = true);
                }
                Step::Sight { by, object, count, first, length } => {
                    let call = IExchange::sightCall {
                        objectId: id(object),
                        count,
                        firstSeenMs: first,
                        lastSeenMs: first + length,
                    };
                    let seen = model
                        .get_mut(&object)
                        .filter(|o| is_member(by) && count > 0 && !o.revoked);
                    prop_assert_eq!(world.exchange(by, &call).is_ok(), seen.is_some());
                    seen.into_iter().for_each(|o| o.sightings.push((count, first, first + length)));
                }
            }
        }
        check_views(&mut world, &model)?;
    }
}

fn check_views(world: &mut World, model: &Model) -> Result<(), TestCaseError> {
    for n in 0..4 {
        let object_id = id(n);
        let seen = world
            .exchange(
                9,
                &IExchange::latestCall {
                    objectId: object_id,
                },
            )
            .unwrap();
        let Some(object) = model.get(&n) else {
            prop_assert_eq!(seen.status, Status::None);
            continue;
        };
        let (version, content) = object.versions.last_key_value().unwrap();
        let status = if object.revoked {
            Status::Revoked
        } else {
            Status::Active
        };
        prop_assert_eq!(seen.status, status);
        prop_assert_eq!(seen.publisher, account(object.publisher));
        prop_assert_eq!(
            (seen.version, seen.digest),
            (*version, keccak256([*content]))
        );
        let call = IExchange::hasCall {
            objectIds: vec![object_id; 8],
            versions: (0..8).collect(),
        };
        let expected: Vec<_> = (0..8).map(|v| object.versions.contains_key(&v)).collect();
        prop_assert_eq!(world.exchange(9, &call).unwrap(), expected);
        let sum = world
            .exchange(
                9,
                &IExchange::sightingsCall {
                    objectId: object_id,
                },
            )
            .unwrap();
        let counted: u64 = object.sightings.iter().map(|s| u64::from(s.0)).sum();
        let first = object.sightings.iter().map(|s| s.1).min().unwrap_or(0);
        let last = object.sightings.iter().map(|s| s.2).max().unwrap_or(0);
        prop_assert_eq!(
            (sum.reports, sum.count),
            (object.sightings.len() as u64, counted)
        );
        prop_assert_eq!((sum.firstSeenMs, sum.lastSeenMs), (first, last));
    }
    let versions: usize = model.values().map(|object| object.versions.len()).sum();
    let counts = world.exchange(9, &IExchange::countsCall {}).unwrap();
    prop_assert_eq!(counts.objects, model.len() as u64);
    prop_assert_eq!(counts.versions, versions as u64);
    prop_assert_eq!(world.events::<IExchange::ObjectPublished>().len(), versions);
    Ok(())
}
