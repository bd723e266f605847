use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> Result<Query, QueryError> {
    Query::parse(text, Kind::Listing, &Limits::default())
}

const ID: &str = "malware--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";

#[test]
fn an_empty_query_asks_for_the_current_versions() {
    for text in ["", "&", "&&"] {
        let query = parse(text).unwrap();
        assert_eq!(query.limit, Limits::default().page_default);
        assert_eq!(query.versions, VersionMatch::current());
        assert!(query.spec_version_fits);
        assert_eq!(
            (query.ids, query.types, query.next, query.added_after_us),
            (None, None, None, None)
        );
    }
}

#[test]
fn limits_are_whole_numbers_up_to_the_maximum() {
    for (text, limit) in [
        ("limit=1", Some(1)),
        ("limit=0001", Some(1)),
        ("limit=9999", Some(9_999)),
        ("limit=10000", Some(10_000)),
        ("limit=10001", Some(10_000)),
        ("limit=99999999999999999999999", Some(10_000)),
        ("limit=0", None),
        ("limit=", None),
        ("limit", None),
        ("limit=-1", None),
        ("limit=%2B1", None),
        ("limit=1.0", None),
        ("limit=ten", None),
        ("limit=%d9%a1", None),
    ] {
        assert_eq!(parse(text).ok().map(|query| query.limit), limit, "{text}");
    }
}

#[test]
fn added_after_is_a_timestamp() {
    for (text, expected) in [
        ("added_after=1970-01-01T00:00:01Z", Ok(Some(1_000_000))),
        ("added_after=1970-01-01T00%3A00%3A00.000001Z", Ok(Some(1))),
        ("added_after=1960-01-01T00:00:00Z", Ok(None)),
        ("added_after=1970-01-01", Err(())),
        ("added_after=", Err(())),
        ("added_after=1", Err(())),
    ] {
        let got = parse(text)
            .map(|query| query.added_after_us)
            .map_err(|_| ());
        assert_eq!(got, expected, "{text}");
    }
}

#[test]
fn version_filters() {
    let at = BTreeSet::from([0]);
    for (value, expected) in [
        ("all", Some((true, false, false, BTreeSet::new()))),
        ("first", Some((false, true, false, BTreeSet::new()))),
        ("last", Some((false, false, true, BTreeSet::new()))),
        ("first,last", Some((false, true, true, BTreeSet::new()))),
        (
            "1970-01-01T00:00:00Z",
            Some((false, false, false, at.clone())),
        ),
        (
            "1970-01-01T00:00:00.000Z,last",
            Some((false, false, true, at)),
        ),
        ("all,last", None),
        ("last,last", None),
        ("all,all", None),
        ("1970-01-01T00:00:00Z,first,1970-01-01T00:00:00.000Z", None),
        ("", None),
        ("last,", None),
        (" last", None),
        ("newest", None),
        ("ALL", None),
    ] {
        let got = parse(&format!("match[version]={value}"))
            .ok()
            .map(|query| query.versions);
        let expected = expected.map(|(all, first, last, at_us)| VersionMatch {
            all,
            first,
            last,
            at_us,
        });
        assert_eq!(got, expected, "{value}");
    }
}

#[test]
fn lists_of_ids_types_and_spec_versions() {
    let query = parse(&format!(
        "match%5Bid%5D={ID},{ID}&match[type]=malware,x-custom"
    ))
    .unwrap();
    assert_eq!(query.ids.unwrap().len(), 1);
    assert_eq!(
        query.types.unwrap(),
        BTreeSet::from(["malware".into(), "x-custom".into()])
    );
    assert!(
        parse("match[spec_version]=2.0,2.1")
            .unwrap()
            .spec_version_fits
    );
    assert!(!parse("match[spec_version]=2.0").unwrap().spec_version_fits);
    for text in [
        "match[id]=",
        "match[id]=malware",
        "match[id]=malware--1",
        "match[type]=",
        "match[type]=Mal_ware",
        "match[spec_version]=two",
        "match[spec_version]=2",
        "match[spec_version]=.1",
    ] {
        assert!(
            matches!(parse(text), Err(QueryError::Value { .. })),
            "{text}"
        );
    }
}

#[test]
fn at_the_limit_of_values_and_one_past_it() {
    let most = Limits::default().match_values;
    let list = |count| format!("match[type]={}", vec!["malware"; count].join(","));
    assert!(parse(&list(most)).is_ok());
    let error = parse(&list(most + 1)).unwrap_err();
    assert_eq!(
        error,
        QueryError::TooMany {
            name: "match[type]",
            limit: most
        }
    );
    assert!(error.to_string().contains("match_values"));
}

#[test]
fn each_resource_knows_its_own_parameters() {
    let known = |text: &str, kind| {
        !matches!(
            Query::parse(text, kind, &Limits::default()),
            Err(QueryError::Unknown { .. })
        )
    };
    for (text, listing, object, versions, plain) in [
        ("limit=1", true, true, true, false),
        ("next=x", true, true, true, false),
        ("match[spec_version]=2.1", true, true, true, false),
        ("match[version]=all", true, true, false, false),
        ("match[type]=malware", true, false, false, false),
        ("match[id]=malware", true, false, false, false),
        ("match[name]=x", false, false, false, false),
        ("Limit=1", false, false, false, false),
        ("=", false, false, false, false),
    ] {
        let got = [Kind::Listing, Kind::Object, Kind::Versions, Kind::Plain]
            .map(|kind| known(text, kind));
        assert_eq!(got, [listing, object, versions, plain], "{text}");
    }
}

#[test]
fn repeated_and_undecodable_parameters_are_refused() {
    assert_eq!(parse("limit=1&limit=1"), Err(QueryError::Repeated("limit")));
    assert_eq!(parse("match[id]=%ff"), Err(QueryError::Utf8));
    assert_eq!(parse("%ff=1"), Err(QueryError::Utf8));
}

#[test]
fn errors_show_only_the_start_of_a_value() {
    let error = parse(&format!("limit={}", "x".repeat(5_000))).unwrap_err();
    assert!(error.to_string().len() < 300);
}

/// Near-valid queries, so that the generator reaches beyond the first check.
fn hostile_query() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("limit"),
        Just("next"),
        Just("added_after"),
        Just("match[id]"),
        Just("match[type]"),
        Just("match[version]"),
        Just("match%5Bspec_version%5D"),
        Just("match["),
        Just(""),
    ];
    let value = prop_oneof![
        Just(ID.to_owned()),
        Just("2026-01-31T12:00:00.5Z".to_owned()),
        "[0-9]{0,30}",
        "(all|first|last|2\\.1|,|%[0-9a-fA-F]{0,2}){0,6}",
        "\\PC{0,30}",
    ];
    let pair = (name, "=?", value).prop_map(|(name, sign, value)| format!("{name}{sign}{value}"));
    prop::collection::vec(pair, 0..5).prop_map(|pairs| pairs.join("&"))
}

proptest! {
    #[test]
    fn whatever_is_accepted_is_within_the_limits(text in hostile_query()) {
        let limits = Limits::default();
        for kind in [Kind::Listing, Kind::Object, Kind::Versions, Kind::Plain] {
            let Ok(query) = Query::parse(&text, kind, &limits) else { continue };
            prop_assert!((1..=limits.page_max).contains(&query.limit));
            prop_assert!(query.ids.iter().flatten().all(|id| is_stix_id(id)));
            prop_assert!(query.types.iter().flatten().all(|name| is_stix_type(name)));
            let chosen = &query.versions;
            prop_assert!(chosen.all || chosen.first || chosen.last || !chosen.at_us.is_empty());
            prop_assert!(!chosen.all || chosen.at_us.is_empty());
        }
    }
}
