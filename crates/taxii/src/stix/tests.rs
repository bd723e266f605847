use super::*;
use serde_json::{Value, json};

const UUID: &str = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
const AMBER_1: &str = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82";
const CLEAR_2: &str = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
const GREEN_2: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
const RED_2: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";

fn malware() -> Value {
    json!({
        "type": "malware",
        "id": format!("malware--{UUID}"),
        "spec_version": "2.1",
        "created": "2026-01-31T12:00:00.000Z",
        "modified": "2026-02-01T12:00:00.123456Z",
        "name": "x",
        "is_family": false,
        // What other types require, so that a test may change the type.
        "value": "198.51.100.3",
        "relationship_type": "uses",
        "source_ref": format!("malware--{UUID}"),
        "target_ref": format!("tool--{UUID}"),
        "definition_type": "statement",
        "definition": {"statement": "x"},
        "x_custom": {"deep": [1, -2, 3.5, null, true]},
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut object = malware();
    object[name] = value;
    object
}

fn without(names: &[&str]) -> Value {
    let mut object = malware();
    for name in names {
        object.as_object_mut().unwrap().remove(*name);
    }
    object
}

fn of_type(stix_type: &str, mut object: Value) -> Value {
    object["type"] = json!(stix_type);
    object["id"] = json!(format!("{stix_type}--{UUID}"));
    object
}

fn check(object: &Value) -> Result<Facts, StixError> {
    inspect(object.to_string().as_bytes())
}

#[test]
fn a_sound_object_is_described() {
    let facts = check(&malware()).unwrap();
    assert_eq!(facts.id, format!("malware--{UUID}"));
    assert_eq!(
        facts.version.as_deref(),
        Some("2026-02-01T12:00:00.123456Z")
    );
    assert_eq!(facts.version_ms, Some(1_769_947_200_123));
    assert_eq!(
        (facts.tlp, facts.granular_tlp, facts.revoked),
        (None, None, false)
    );
}

#[test]
fn what_each_type_requires() {
    let times = ["created", "modified"];
    for (object, expected) in [
        (without(&["type"]), Err(StixError::Missing("type"))),
        (without(&["id"]), Err(StixError::Missing("id"))),
        (
            without(&["spec_version"]),
            Err(StixError::Missing("spec_version")),
        ),
        (without(&["created"]), Err(StixError::Missing("created"))),
        (without(&["modified"]), Err(StixError::Missing("modified"))),
        (
            with("modified", Value::Null),
            Err(StixError::Missing("modified")),
        ),
        (
            of_type("relationship", without(&["modified"])),
            Err(StixError::Missing("modified")),
        ),
        (
            of_type("marking-definition", without(&["modified"])),
            Ok(()),
        ),
        (
            of_type("marking-definition", without(&times)),
            Err(StixError::Missing("created")),
        ),
        (of_type("ipv4-addr", without(&times)), Ok(())),
        (
            of_type(
                "ipv4-addr",
                without(&["spec_version", "created", "modified"]),
            ),
            Ok(()),
        ),
        (of_type("x-custom", malware()), Ok(())),
        (
            of_type(
                "x-custom",
                without(&["spec_version", "created", "modified"]),
            ),
            Ok(()),
        ),
        (
            of_type("x-custom", without(&["modified"])),
            Err(StixError::Missing("modified")),
        ),
        (of_type("bundle", malware()), Err(StixError::Bundle)),
    ] {
        assert_eq!(check(&object).map(|_| ()), expected, "{object}");
    }
}

#[test]
fn syntax_of_common_properties() {
    let other = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
    let upper = "malware--8E2E2D2B-17D4-4CBF-938F-98EE46B3CD3F";
    for (name, value) in [
        ("type", json!("Malware")),
        ("type", json!("ma")),
        ("type", json!("m".repeat(251))),
        ("id", json!("malware")),
        ("id", json!("malware--1")),
        (
            "id",
            json!("malware--{8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f}"),
        ),
        ("id", json!("malware--8e2e2d2b17d44cbf938f98ee46b3cd3f")),
        ("id", json!(upper)),
        ("id", json!(other)),
        ("spec_version", json!("2.0")),
        ("created", json!("2026-01-31T12:00:00Z")),
        ("created", json!("2026-01-31T12:00:00.12Z")),
        ("created", json!("2026-01-31T12:00:00.000+00:00")),
        ("created", json!("1969-12-31T23:59:59.999Z")),
        ("modified", json!("soon")),
        ("created_by_ref", json!(other)),
        (
            "object_marking_refs",
            json!([AMBER_1, RED_2.to_uppercase()]),
        ),
        (
            "object_marking_refs",
            json!([RED_2.replace("e828b379", "E828B379")]),
        ),
        (
            "object_marking_refs",
            json!([RED_2.replace("-4e03-", "4e03")]),
        ),
        (
            "granular_markings",
            json!([{"marking_ref": format!(" {RED_2}"), "selectors": ["name"]}]),
        ),
    ] {
        match check(&with(name, value.clone())) {
            Err(StixError::Syntax { name: found, .. }) => assert_eq!(found, name, "{value}"),
            result => panic!("{name} {value}: {result:?}"),
        }
    }
    let early = with("modified", json!("2026-01-31T11:59:59.999Z"));
    assert_eq!(check(&early), Err(StixError::ModifiedBeforeCreated));
    for (name, value) in [
        ("id", json!(7)),
        ("revoked", json!("true")),
        ("object_marking_refs", json!("x")),
        ("granular_markings", json!(["x"])),
    ] {
        let result = check(&with(name, value));
        assert!(
            matches!(result, Err(StixError::PropertyType(_))),
            "{name}: {result:?}"
        );
    }
}

#[test]
fn what_is_not_json() {
    for content in [
        &b""[..],
        b"{",
        b"{}{}",
        b"{\"a\":1,}",
        b"\xff",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\\ud800\"}",
        b"{\"a\":1e999}",
        b"{\"a\":NaN}",
        b"\xef\xbb\xbf{}",
        b"{\"a\":\"\n\"}",
    ] {
        let result = inspect(content);
        assert!(
            matches!(result, Err(StixError::Json(_))),
            "{content:?}: {result:?}"
        );
    }
    for content in [&b"[]"[..], b"null", b"\"x\"", b" 7 "] {
        assert_eq!(inspect(content), Err(StixError::NotAnObject));
    }
}

#[test]
fn repeated_names_are_refused_at_every_level() {
    for content in [r#"{"id":1,"id":2}"#, r#"{"a":[{"id":1,"i\u0064":2}]}"#] {
        assert_eq!(
            inspect(content.as_bytes()),
            Err(StixError::RepeatedName("id".into()))
        );
    }
}

#[test]
fn depth_at_the_limit_and_past_it() {
    let nested = |levels: usize| {
        let mut object = malware().to_string();
        object.pop();
        // The object itself is the first level.
        let lists = levels - 1;
        format!(
            "{object},\"x_deep\":{}{}}}",
            "[".repeat(lists),
            "]".repeat(lists)
        )
    };
    assert!(inspect(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert_eq!(
        inspect(nested(MAX_DEPTH + 1).as_bytes()),
        Err(StixError::TooDeep)
    );
    assert_eq!(inspect(nested(300_000).as_bytes()), Err(StixError::TooDeep));
    assert_eq!(
        inspect("{\"a\":".repeat(200_000).as_bytes()),
        Err(StixError::TooDeep)
    );
}

#[test]
fn size_at_the_limit_and_past_it() {
    let mut content = malware().to_string().into_bytes();
    content.resize(MAX_CONTENT_BYTES, b' ');
    assert!(inspect(&content).is_ok());
    content.push(b' ');
    assert_eq!(
        inspect(&content),
        Err(StixError::TooLarge(MAX_CONTENT_BYTES + 1))
    );
}

#[test]
fn the_declaration_has_to_agree() {
    let facts = check(&malware()).unwrap();
    let id = facts.id.clone();
    let declared = Declared {
        id: &id,
        stix_type: "malware",
        version_ms: 1_769_947_200_123,
        tlp: Tlp::Green,
    };
    assert_eq!(facts.matches(&declared), Ok(()));
    let other = Declared {
        id: "malware--x",
        ..declared
    };
    assert!(matches!(facts.matches(&other), Err(Mismatch::Id { .. })));
    let other = Declared {
        stix_type: "tool",
        ..declared
    };
    assert!(matches!(facts.matches(&other), Err(Mismatch::Type { .. })));
    for version_ms in [1_769_947_200_122, 1_769_947_200_124] {
        let other = Declared {
            version_ms,
            ..declared
        };
        assert!(matches!(
            facts.matches(&other),
            Err(Mismatch::Version { .. })
        ));
    }
}

#[test]
fn objects_without_times_take_the_declared_version() {
    let facts = check(&of_type("ipv4-addr", without(&["created", "modified"]))).unwrap();
    let id = facts.id.clone();
    let declared = Declared {
        id: &id,
        stix_type: "ipv4-addr",
        version_ms: 5,
        tlp: Tlp::Clear,
    };
    assert_eq!(facts.matches(&declared), Ok(()));
    assert_eq!(facts.version_text(&declared), "1970-01-01T00:00:00.005000Z");
    assert_eq!(
        check(&malware()).unwrap().version_text(&declared),
        "2026-02-01T12:00:00.123456Z"
    );
}

#[test]
fn tlp_markings_have_to_agree() {
    let marked = |whole: &[&str], part: Option<&str>| {
        let mut object = with("object_marking_refs", json!(whole));
        if let Some(part) = part {
            object["granular_markings"] = json!([{"marking_ref": part, "selectors": ["name"]}]);
        }
        check(&object).unwrap()
    };
    let statement = "marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168";
    for (facts, declared_tlp, found) in [
        (marked(&[], None), Tlp::Clear, None),
        (marked(&[statement], None), Tlp::Clear, None),
        (marked(&[GREEN_2], None), Tlp::Green, None),
        (marked(&[GREEN_2], None), Tlp::Clear, Some(Tlp::Green)),
        (marked(&[GREEN_2], None), Tlp::Amber, Some(Tlp::Green)),
        (
            marked(&[GREEN_2, AMBER_1], None),
            Tlp::Green,
            Some(Tlp::Amber),
        ),
        (marked(&[statement, AMBER_1], None), Tlp::Amber, None),
        (marked(&[], Some(RED_2)), Tlp::Green, Some(Tlp::Red)),
        (marked(&[GREEN_2], Some(RED_2)), Tlp::Green, Some(Tlp::Red)),
        (marked(&[], Some(GREEN_2)), Tlp::Amber, None),
        (marked(&[], Some(GREEN_2)), Tlp::Clear, Some(Tlp::Green)),
        (marked(&[CLEAR_2], Some(GREEN_2)), Tlp::Green, None),
        (
            marked(&[CLEAR_2], Some(GREEN_2)),
            Tlp::Clear,
            Some(Tlp::Green),
        ),
        (
            marked(&[CLEAR_2], Some(GREEN_2)),
            Tlp::Amber,
            Some(Tlp::Green),
        ),
        (marked(&[GREEN_2], Some(CLEAR_2)), Tlp::Green, None),
    ] {
        let id = facts.id.clone();
        let version_ms = facts.version_ms.unwrap();
        let declared = Declared {
            id: &id,
            stix_type: "malware",
            version_ms,
            tlp: declared_tlp,
        };
        let expected = found.map_or(Ok(()), |found| {
            Err(Mismatch::Tlp {
                declared: declared_tlp,
                found,
            })
        });
        assert_eq!(facts.matches(&declared), expected);
    }
}

#[test]
fn ids_with_double_hyphens_in_the_type_are_read_from_the_end() {
    assert!(is_stix_id(&format!("x--y--{UUID}")));
    assert!(!is_stix_id(&format!("--{UUID}")));
    assert!(!is_stix_id(UUID));
}

proptest::proptest! {
    #[test]
    fn no_content_makes_it_panic(content in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = inspect(&content);
    }

    #[test]
    fn no_damaged_object_makes_it_panic(at in 0_usize..250, byte: u8) {
        let mut content = malware().to_string().into_bytes();
        let at = at % content.len();
        content[at] = byte;
        let _ = inspect(&content);
    }
}
