use super::*;
use crate::{collections::FAMILIES, stix::inspect};
use serde_json::{Map, Value, json};

const UUID: &str = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";

fn id(stix_type: &str) -> String {
    format!("{stix_type}--{UUID}")
}

/// A sound value of a kind.
fn sample(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!("x"),
        Kind::Bool => json!(false),
        Kind::Integer(from, _) => json!(from.max(0)),
        Kind::Number(..) => json!(-12.5),
        Kind::Time => json!("1969-07-20T20:17:40Z"),
        Kind::Id => json!(id("identity")),
        Kind::Word(words) => json!(words[0]),
        Kind::Texts => json!(["x"]),
        Kind::Ids => json!([id("file"), id("x-custom")]),
        Kind::List => json!([{"name": "x"}]),
        Kind::Dictionary => json!({"x": 1}),
    }
}

/// Values that are not of a kind.
fn wrong(kind: Kind) -> Vec<Value> {
    let upper = format!("file--{}", UUID.to_uppercase());
    match kind {
        Kind::Text => vec![json!(1), json!(["x"]), json!({}), json!(true)],
        Kind::Bool => vec![json!("false"), json!(0)],
        Kind::Integer(from, to) => {
            let past = [from.checked_sub(1), to.checked_add(1)];
            let past = past.into_iter().flatten().map(|number| json!(number));
            past.chain([json!("1"), json!(1.5), json!([1])]).collect()
        }
        Kind::Number(from, to) => vec![json!(from - 0.1), json!(to + 0.1), json!("1")],
        Kind::Time => vec![
            json!("soon"),
            json!("2026-01-31T12:00:00+00:00"),
            json!("2026-02-30T12:00:00Z"),
            json!(1),
        ],
        Kind::Id => vec![json!("x"), json!(upper), json!([id("file")])],
        Kind::Word(_) => vec![json!("maybe"), json!(1)],
        Kind::Texts => vec![json!([]), json!("x"), json!(["x", 1])],
        Kind::Ids => vec![
            json!([]),
            json!(id("file")),
            json!([id("file"), upper]),
            json!([1]),
        ],
        Kind::List => vec![json!([]), json!({}), json!("x")],
        Kind::Dictionary => vec![json!({}), json!([{}]), json!("x")],
    }
}

/// The common properties of a type.
fn common(stix_type: &str) -> Map<String, Value> {
    let Value::Object(object) = json!({
        "type": stix_type,
        "id": id(stix_type),
        "spec_version": "2.1",
        "created": "2026-01-31T12:00:00.000Z",
        "modified": "2026-01-31T12:00:00.000Z",
    }) else {
        unreachable!("a literal object");
    };
    object
}

/// What a rule requires, with one of its groups, in sound values.
fn sound(rule: &Rule, group: &[Property]) -> Map<String, Value> {
    let mut object = common(rule.stix_type);
    for (name, kind) in rule.required.iter().chain(group) {
        object.insert((*name).to_owned(), sample(*kind));
    }
    object
}

/// One sound object for each group of a rule, or one.
fn sound_objects(rule: &Rule) -> Vec<Map<String, Value>> {
    match rule.groups {
        [] => vec![sound(rule, &[])],
        groups => groups.iter().map(|group| sound(rule, group)).collect(),
    }
}

fn verdict(object: &Map<String, Value>) -> Result<(), StixError> {
    let content = serde_json::to_vec(object).unwrap();
    inspect(&content).map(|_| ())
}

/// The reason why an object of a type is refused that has these properties beyond what the type requires.
fn refusal(stix_type: &str, changes: &Value) -> Option<String> {
    let rule = RULES.iter().find(|rule| rule.stix_type == stix_type);
    let mut object = sound(rule.unwrap(), &[]);
    for (name, value) in changes.as_object().unwrap() {
        object.insert(name.clone(), value.clone());
    }
    verdict(&object).err().map(|error| error.to_string())
}

#[test]
fn every_type_of_the_standard_has_one_rule() {
    let mut known: Vec<_> = FAMILIES
        .iter()
        .flat_map(|family| family.types.iter().chain(family.observables))
        .collect();
    let mut ruled: Vec<_> = RULES.iter().map(|rule| &rule.stix_type).collect();
    known.sort_unstable();
    ruled.sort_unstable();
    assert_eq!(ruled, known);
}

#[test]
fn what_a_type_requires_is_enough_and_each_part_of_it_needed() {
    for rule in RULES {
        for object in sound_objects(rule) {
            assert_eq!(verdict(&object), Ok(()), "{object:?}");
        }
        for group in rule.groups {
            for (name, _) in *group {
                let mut object = sound(rule, group);
                object.remove(*name);
                let error = verdict(&object).unwrap_err();
                assert!(
                    matches!(error, StixError::Needs { .. }),
                    "{object:?}: {error}"
                );
            }
        }
        for (name, _) in rule.required {
            for object in sound_objects(rule) {
                let what = (*name).to_owned();
                let expected = Err(StixError::Needs {
                    stix_type: rule.stix_type,
                    what,
                });
                let mut without = object.clone();
                without.remove(*name);
                assert_eq!(verdict(&without), expected);
                without.insert((*name).to_owned(), Value::Null);
                assert_eq!(verdict(&without), expected);
            }
        }
    }
}

#[test]
fn every_property_holds_what_its_type_says() {
    for rule in RULES {
        let group = rule.groups.first().copied().unwrap_or_default();
        let in_groups = rule.groups.iter().copied().flatten();
        for (name, kind) in rule.required.iter().chain(in_groups) {
            for value in wrong(*kind) {
                let mut object = sound(rule, group);
                object.insert((*name).to_owned(), value.clone());
                match verdict(&object) {
                    Err(StixError::Property { name: found, .. }) => assert_eq!(found, *name),
                    // The syntax of a common property.
                    Err(StixError::Syntax { name: found, .. }) => assert_eq!(found, *name),
                    Err(StixError::PropertyType(_)) if *name == "created_by_ref" => {}
                    result => panic!("{} {name} {value}: {result:?}", rule.stix_type),
                }
            }
        }
    }
}

#[test]
fn limits_at_the_edge() {
    for (number, passes) in [
        (0, false),
        (1, true),
        (999_999_999, true),
        (1_000_000_000, false),
    ] {
        let changes = json!({"number_observed": number, "object_refs": [id("file")]});
        assert_eq!(refusal("observed-data", &changes).is_none(), passes);
    }
    for (latitude, passes) in [(90.0, true), (-90.0, true), (90.001, false)] {
        let changes = json!({"latitude": latitude, "longitude": 180});
        assert_eq!(refusal("location", &changes).is_none(), passes);
    }
}

#[test]
fn times_come_in_order() {
    let (early, late) = ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000001Z");
    for rule in RULES {
        let group = rule.groups.first().copied().unwrap_or_default();
        let pairs = rule.ordered.iter().map(|pair| (pair, true));
        for ((first, second), equal_passes) in
            pairs.chain(rule.strictly_ordered.iter().map(|pair| (pair, false)))
        {
            for (one, other, passes) in [
                (early, late, true),
                (early, early, equal_passes),
                (late, early, false),
                (early, "later", false),
            ] {
                let mut object = sound(rule, group);
                object.insert((*first).to_owned(), json!(one));
                object.insert((*second).to_owned(), json!(other));
                let result = verdict(&object);
                match passes {
                    true => assert_eq!(result, Ok(()), "{object:?}"),
                    false => assert!(
                        matches!(&result, Err(StixError::Property { name, .. }) if name == second),
                        "{object:?}: {result:?}"
                    ),
                }
            }
            let mut object = sound(rule, group);
            object.insert((*second).to_owned(), json!(late));
            assert_eq!(verdict(&object), Ok(()), "one alone: {object:?}");
        }
    }
}

#[test]
fn the_words_name_the_type_and_the_property() {
    let alone = |stix_type: &str| verdict(&common(stix_type)).unwrap_err().to_string();
    for (found, expected) in [
        (alone("indicator"), "indicator needs pattern"),
        (
            alone("location"),
            "location needs region, country or latitude with longitude",
        ),
        (
            alone("artifact"),
            "artifact needs payload_bin or url with hashes",
        ),
        (alone("file"), "file needs hashes or name"),
        (
            alone("marking-definition"),
            "marking-definition needs definition_type with definition or extensions",
        ),
    ] {
        assert_eq!(found, expected);
    }
    for (stix_type, changes, expected) in [
        (
            "indicator",
            json!({"valid_from": "yesterday"}),
            "valid_from of indicator must be an RFC 3339 time in UTC",
        ),
        (
            "indicator",
            json!({"valid_until": "1969-07-20T20:17:40.0Z"}),
            "valid_until of indicator must be later than valid_from",
        ),
        (
            "opinion",
            json!({"opinion": "perhaps"}),
            "opinion of opinion must be one of strongly-disagree, disagree, neutral, agree, strongly-agree",
        ),
        ("malware", json!({"is_family": true}), "malware needs name"),
        (
            "location",
            json!({"country": "de", "latitude": 1}),
            "location needs longitude",
        ),
        (
            "location",
            json!({"country": "de", "precision": 1}),
            "location needs latitude",
        ),
    ] {
        assert_eq!(refusal(stix_type, &changes).as_deref(), Some(expected));
    }
    for (stix_type, changes) in [
        ("malware", json!({"is_family": true, "name": "x"})),
        ("malware", json!({"is_family": false})),
    ] {
        assert_eq!(refusal(stix_type, &changes), None);
    }
}

#[test]
fn custom_types_need_the_common_properties_alone() {
    let mut object = common("x-indicator");
    object.insert("valid_from".into(), json!(7));
    assert_eq!(verdict(&object), Ok(()));
}
