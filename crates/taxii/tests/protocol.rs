//! Resources, filters, dates and paging as TAXII 2.1 describes them.

mod common;

use axum::http::StatusCode;
use common::{Answer, BLOCK_MS, catalog, get, id, in_collection, open_config, open_router, record};
use hansa_taxii::{Config, Limits, Log, MemoryCatalog, TAXII_MEDIA_TYPE, Tlp, router};
use serde_json::json;
use std::sync::Arc;

/// Three versions of object 1, one of 2 (custom) and 3, in this order of publication: 1, 2, 1, 3, 1.
fn small() -> Arc<MemoryCatalog> {
    catalog(vec![
        record("malware", 1, 1, Tlp::Clear),
        record("x-custom", 2, 1, Tlp::Clear),
        record("malware", 1, 2, Tlp::Clear),
        record("indicator", 3, 1, Tlp::Clear),
        record("malware", 1, 3, Tlp::Clear),
    ])
}

/// The number and the second of each object's version.
fn names(answer: &Answer) -> Vec<(u128, String)> {
    common::numbers_and_seconds(answer)
}

#[tokio::test]
async fn discovery_and_api_root() {
    let router = open_router(&small());
    let answer = get(&router, "/taxii2/").await;
    // Relative, so that a client behind a TLS proxy goes on with TLS.
    let root = "/taxii2/league/";
    assert_eq!(answer.json["default"], root);
    assert_eq!(answer.json["api_roots"], json!([root]));
    let answer = get(&router, "/taxii2/league/").await;
    assert_eq!(answer.json["versions"], json!([TAXII_MEDIA_TYPE]));
    assert_eq!(
        answer.json["max_content_length"],
        Limits::default().request_body_bytes
    );
    let public_url = Some("https://taxii.example.org/".into());
    let config = Config {
        public_url,
        contact: Some("cert@example.org".into()),
        ..open_config()
    };
    let named = hansa_taxii::router(config, small() as _).unwrap();
    let answer = get(&named, "/taxii2/").await;
    assert_eq!(
        answer.json["default"],
        "https://taxii.example.org/taxii2/league/"
    );
    assert_eq!(answer.json["contact"], "cert@example.org");
    let config = Config {
        public_url: Some("taxii.example.org".into()),
        ..open_config()
    };
    let error = hansa_taxii::router(config, small() as _).unwrap_err();
    assert!(error.to_string().contains("`taxii.example.org`"));
}

#[tokio::test]
async fn collections_by_id_and_alias() {
    let router = open_router(&small());
    let answer = get(&router, "/taxii2/league/collections/").await;
    let listed = answer.json["collections"].as_array().unwrap().clone();
    let aliases: Vec<&str> = listed
        .iter()
        .map(|c| c["alias"].as_str().unwrap())
        .collect();
    assert_eq!(
        aliases,
        [
            "all",
            "indicators",
            "actors",
            "malware",
            "techniques",
            "relationships",
            "context",
            "custom",
            "alerts"
        ]
    );
    for collection in &listed {
        assert_eq!(
            (&collection["can_read"], &collection["can_write"]),
            (&json!(true), &json!(false))
        );
        for name in [&collection["id"], &collection["alias"]] {
            let path = in_collection(name.as_str().unwrap(), "");
            assert_eq!(get(&router, &path).await.json, *collection);
        }
    }
}

#[tokio::test]
async fn each_collection_holds_its_types() {
    let router = open_router(&small());
    for (collection, expected) in [
        ("all", vec![2, 3, 1]),
        ("malware", vec![1]),
        ("indicators", vec![3]),
        ("custom", vec![2]),
        ("actors", vec![]),
        ("alerts", vec![]),
    ] {
        let answer = get(&router, &in_collection(collection, "objects/")).await;
        let numbers: Vec<u128> = names(&answer)
            .into_iter()
            .map(|(number, _)| number)
            .collect();
        assert_eq!(numbers, expected, "{collection}");
    }
    // A list may not be empty: an empty page is an empty envelope, without dates.
    let answer = get(&router, &in_collection("actors", "objects/")).await;
    assert_eq!(answer.bytes, b"{}");
    assert_eq!(answer.header("x-taxii-date-added-first"), None);
}

#[tokio::test]
async fn filters_on_objects_and_manifest() {
    let router = open_router(&small());
    let malware = id("malware", 1);
    let both = format!("match[id]={malware},{}", id("indicator", 3));
    for (query, expected) in [
        ("", vec![(2, "01"), (3, "01"), (1, "03")]),
        ("match[version]=last", vec![(2, "01"), (3, "01"), (1, "03")]),
        (
            "match[version]=first",
            vec![(1, "01"), (2, "01"), (3, "01")],
        ),
        (
            "match[version]=all",
            vec![(1, "01"), (2, "01"), (1, "02"), (3, "01"), (1, "03")],
        ),
        ("match[version]=2026-01-01T00:00:02Z", vec![(1, "02")]),
        (
            "match[version]=2026-01-01T00:00:02.000Z,last",
            vec![(2, "01"), (1, "02"), (3, "01"), (1, "03")],
        ),
        (
            "match[version]=first,last&match[type]=malware",
            vec![(1, "01"), (1, "03")],
        ),
        ("match[type]=malware,indicator", vec![(3, "01"), (1, "03")]),
        ("match[type]=tool", vec![]),
        (both.as_str(), vec![(3, "01"), (1, "03")]),
        (
            "match[spec_version]=2.1,2.0",
            vec![(2, "01"), (3, "01"), (1, "03")],
        ),
        ("match[spec_version]=2.0", vec![]),
        ("limit=2&match[version]=all", vec![(1, "01"), (2, "01")]),
        (
            "added_after=2026-11-20T00:00:01.000000Z",
            vec![(3, "01"), (1, "03")],
        ),
        (
            "added_after=2026-11-20T00:00:00.999999Z",
            vec![(2, "01"), (3, "01"), (1, "03")],
        ),
        ("added_after=2030-01-01T00:00:00Z", vec![]),
    ] {
        let expected: Vec<(u128, String)> = expected
            .into_iter()
            .map(|(number, version)| (number, version.to_owned()))
            .collect();
        for resource in ["objects", "manifest"] {
            let answer = get(
                &router,
                &in_collection("all", &format!("{resource}/?{query}")),
            )
            .await;
            assert_eq!(answer.status, 200, "{}", answer.json);
            assert_eq!(names(&answer), expected, "{resource} {query}");
        }
    }
}

#[tokio::test]
async fn manifest_records_and_dates() {
    let router = open_router(&small());
    let answer = get(
        &router,
        &in_collection("all", "manifest/?match[version]=all&limit=2"),
    )
    .await;
    assert_eq!(
        answer.json["objects"],
        json!([
            {
                "id": id("malware", 1),
                "date_added": "2026-11-20T00:00:00.000000Z",
                "version": "2026-01-01T00:00:01.000000Z",
                "media_type": "application/stix+json;version=2.1",
            },
            {
                "id": id("x-custom", 2),
                "date_added": "2026-11-20T00:00:01.000000Z",
                "version": "2026-01-01T00:00:01.000000Z",
                "media_type": "application/stix+json;version=2.1",
            },
        ])
    );
    assert_eq!(
        answer.header("x-taxii-date-added-first"),
        Some("2026-11-20T00:00:00.000000Z")
    );
    assert_eq!(
        answer.header("x-taxii-date-added-last"),
        Some("2026-11-20T00:00:01.000000Z")
    );
}

#[tokio::test]
async fn one_object_and_its_versions() {
    let router = open_router(&small());
    let malware = id("malware", 1);
    let object = |rest: &str| in_collection("all", &format!("objects/{malware}/{rest}"));
    assert_eq!(names(&get(&router, &object("")).await), [(1, "03".into())]);
    assert_eq!(
        names(&get(&router, &object("?match[version]=all&limit=2")).await).len(),
        2
    );
    assert_eq!(
        get(&router, &object("?match[spec_version]=2.0"))
            .await
            .bytes,
        b"{}"
    );
    let answer = get(&router, &object("versions/")).await;
    let versions = ["01", "02", "03"].map(|second| format!("2026-01-01T00:00:{second}.000000Z"));
    assert_eq!(answer.json, json!({"versions": versions, "more": false}));
    let first = get(&router, &object("versions/?limit=1")).await;
    let next = first.next().unwrap();
    let rest = get(&router, &object(&format!("versions/?next={next}"))).await;
    assert_eq!(rest.json["versions"], json!(versions[1..]));
    // It exists, though nothing of it is on this page.
    let late = get(&router, &object("?added_after=2030-01-01T00:00:00Z")).await;
    assert_eq!(
        (late.status, late.bytes.as_slice()),
        (StatusCode::OK, &b"{}"[..])
    );
    for path in [
        in_collection("all", &format!("objects/{}/", id("malware", 9))),
        in_collection("all", &format!("objects/{}/versions/", id("malware", 9))),
        in_collection("indicators", &format!("objects/{malware}/")),
        in_collection("all", "objects/nonsense/"),
        in_collection("none", "objects/"),
        "/taxii2/league/status/2d086da7-4bdc-4f91-900e-d77486753710/".into(),
        "/taxii2/other/".into(),
        "/".into(),
    ] {
        let answer = get(&router, &path).await;
        assert_eq!(
            (answer.status, answer.error_code()),
            (StatusCode::NOT_FOUND, "not_found"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn alerts_are_dated_by_the_alert() {
    let catalog = small();
    catalog.append(
        Log::Alerts,
        BLOCK_MS + 60_000,
        vec![record("malware", 1, 3, Tlp::Clear)],
    );
    let answer = get(
        &open_router(&catalog),
        &in_collection("alerts", "objects/?added_after=2026-11-20T00:00:59Z"),
    )
    .await;
    assert_eq!(answer.ids(), [id("malware", 1)]);
    assert_eq!(
        answer.header("x-taxii-date-added-last"),
        Some("2026-11-20T00:01:00.000000Z")
    );
}

#[tokio::test]
async fn revoked_objects_are_history_only() {
    let catalog = small();
    catalog.revoke(&id("malware", 1));
    let router = open_router(&catalog);
    for (query, expected) in [
        ("", 0),
        ("match[version]=all", 3),
        ("match[version]=first", 1),
    ] {
        let answer = get(
            &router,
            &in_collection("malware", &format!("objects/?{query}")),
        )
        .await;
        assert_eq!(names(&answer).len(), expected, "{query}");
    }
}

#[tokio::test]
async fn page_sizes_at_the_limits_and_past_them() {
    let records = (0..30)
        .map(|n| record("malware", n, 1, Tlp::Clear))
        .collect();
    let catalog = catalog(records);
    let limits = Limits {
        page_default: 10,
        page_max: 20,
        ..Limits::default()
    };
    let config = Config {
        limits,
        ..open_config()
    };
    let paged = router(config, Arc::clone(&catalog) as _).unwrap();
    for (query, count) in [
        ("", 10),
        ("limit=19", 19),
        ("limit=20", 20),
        ("limit=21", 20),
    ] {
        let answer = get(&paged, &in_collection("all", &format!("objects/?{query}"))).await;
        assert_eq!(answer.ids().len(), count, "{query}");
        assert!(answer.next().is_some());
    }
    // Exactly as many as there are: no further page is announced.
    let all = get(
        &open_router(&catalog),
        &in_collection("all", "objects/?limit=30"),
    )
    .await;
    assert_eq!((all.ids().len(), all.next()), (30, None));
    // An answer never outgrows response_bytes, but always gets on by one object.
    for response_bytes in [1, 1_000, 3_000] {
        let limits = Limits {
            response_bytes,
            ..Limits::default()
        };
        let small = router(
            Config {
                limits,
                ..open_config()
            },
            Arc::clone(&catalog) as _,
        )
        .unwrap();
        let answer = get(&small, &in_collection("all", "objects/")).await;
        assert!(answer.bytes.len() <= response_bytes || answer.ids().len() == 1);
        assert!(answer.next().is_some());
    }
}

#[tokio::test]
async fn a_page_that_found_nothing_yet_is_dated_by_how_far_it_looked() {
    let limits = Limits {
        scanned_records: 2,
        ..Limits::default()
    };
    let config = Config {
        limits,
        ..open_config()
    };
    let router = router(config, small() as _).unwrap();
    let path = in_collection("indicators", "objects/");
    let empty = get(&router, &path).await;
    assert!(empty.ids().is_empty());
    let settled = "2026-11-20T00:00:01.000000Z";
    for header in ["x-taxii-date-added-first", "x-taxii-date-added-last"] {
        assert_eq!(empty.header(header), Some(settled));
    }
    // A client that polls by date gets on as one that follows `next` does.
    let next = empty.next().unwrap();
    for place in [format!("next={next}"), format!("added_after={settled}")] {
        let page = get(&router, &format!("{path}?{place}")).await;
        assert_eq!(names(&page), [(3, "01".into())], "{place}");
    }
}

#[tokio::test]
async fn a_cursor_works_at_any_operator_and_in_its_collection_only() {
    let (one, other) = (open_router(&small()), open_router(&small()));
    let first = get(&one, &in_collection("all", "objects/?limit=1")).await;
    let next = first.next().unwrap();
    let rest = get(
        &other,
        &in_collection("all", &format!("objects/?next={next}")),
    )
    .await;
    assert_eq!(names(&rest), [(3, "01".into()), (1, "03".into())]);
    for path in [
        in_collection("malware", &format!("objects/?next={next}")),
        in_collection("all", "objects/?next="),
        in_collection("all", "objects/?next=nonsense"),
    ] {
        let answer = get(&other, &path).await;
        assert_eq!(
            (answer.status, answer.error_code()),
            (StatusCode::BAD_REQUEST, "bad_cursor")
        );
    }
}

#[tokio::test]
async fn answers_are_the_same_bytes_at_every_operator() {
    let (one, other) = (open_router(&small()), open_router(&small()));
    for rest in ["", "objects/", "manifest/?limit=2", "objects/?limit=0"] {
        let path = in_collection("all", rest);
        let (a, b) = (get(&one, &path).await, get(&other, &path).await);
        assert_eq!(
            (a.status, &a.headers, &a.bytes),
            (b.status, &b.headers, &b.bytes),
            "{rest}"
        );
    }
}
