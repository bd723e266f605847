//! Who may read what, what is refused, and how.

mod common;

use axum::{
    Router,
    body::Body,
    http::{Method, StatusCode},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use common::{
    Answer, catalog, get, id, in_collection, open_config, open_router, record, request, send,
};
use hansa_taxii::{
    Catalog, CatalogError, Config, Credential, Limits, MemoryCatalog, Scan, TAXII_MEDIA_TYPE, Tlp,
    Visitor, hash_password, router,
};
use std::sync::Arc;

/// The number and the second of each object's version.
fn names(answer: &Answer) -> Vec<(u128, String)> {
    common::numbers_and_seconds(answer)
}

fn labelled() -> Arc<MemoryCatalog> {
    catalog(vec![
        record("malware", 1, 1, Tlp::Clear),
        record("malware", 1, 2, Tlp::Green),
        record("malware", 1, 3, Tlp::Amber),
        record("malware", 2, 1, Tlp::Green),
        record("malware", 3, 1, Tlp::AmberStrict),
        record("malware", 4, 1, Tlp::Red),
        record("malware", 5, 1, Tlp::Clear),
    ])
}

async fn as_member(router: &Router, path: &str) -> Answer {
    let token = STANDARD.encode("alfa:secret");
    let request = request(Method::GET, path).header("authorization", format!("Basic {token}"));
    send(router, request.body(Body::empty()).unwrap()).await
}

fn members_router(anonymous_clear: bool) -> Router {
    let password_hash = hash_password("secret").unwrap();
    let credentials = vec![Credential {
        member: "alfa".into(),
        password_hash,
    }];
    let config = Config {
        credentials,
        anonymous_clear,
        ..Config::default()
    };
    router(config, labelled() as _).unwrap()
}

#[tokio::test]
async fn labels_decide_who_sees_what() {
    let router = members_router(true);
    let list = |query: &str| in_collection("all", &format!("objects/?{query}"));
    let public = get(&router, &list("")).await;
    // The public's current version is the last one that it may read.
    assert_eq!(names(&public), [(1, "01".into()), (5, "01".into())]);
    let member = as_member(&router, &list("")).await;
    assert_eq!(
        names(&member),
        [(1, "02".into()), (2, "01".into()), (5, "01".into())]
    );
    let everything = as_member(&router, &list("match[version]=all")).await;
    assert_eq!(names(&everything).len(), 4);
    for number in [3, 4] {
        for rest in ["", "versions/"] {
            let path = in_collection("all", &format!("objects/{}/{rest}", id("malware", number)));
            assert_eq!(as_member(&router, &path).await.status, 404);
        }
    }
    let path = in_collection("all", &format!("objects/{}/versions/", id("malware", 1)));
    assert_eq!(
        get(&router, &path).await.json["versions"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        as_member(&router, &path).await.json["versions"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn without_anonymous_reading_everything_asks_for_credentials() {
    let router = members_router(false);
    for path in [
        "/taxii2/",
        "/taxii2/league/",
        "/nowhere",
        &in_collection("all", "objects/"),
    ] {
        let answer = get(&router, path).await;
        assert_eq!(
            (answer.status, answer.error_code()),
            (StatusCode::UNAUTHORIZED, "unauthorized")
        );
        assert!(
            answer
                .header("www-authenticate")
                .unwrap()
                .starts_with("Basic ")
        );
    }
    assert_eq!(as_member(&router, "/taxii2/").await.status, 200);
}

#[tokio::test]
async fn writing_is_refused_and_says_how_to_publish() {
    let router = open_router(&labelled());
    let objects = in_collection("all", "objects/");
    let object = in_collection("all", &format!("objects/{}/", id("malware", 1)));
    let nowhere = in_collection("none", "objects/");
    let most = Limits::default().request_body_bytes;
    for (method, path, media_type, length, status, code) in [
        (
            Method::POST,
            &objects,
            TAXII_MEDIA_TYPE,
            most,
            403,
            "read_only",
        ),
        // Whatever is wrong with the body, a better one would not help.
        (
            Method::POST,
            &objects,
            "application/json",
            most + 1,
            403,
            "read_only",
        ),
        (Method::POST, &nowhere, "", most + 1, 404, "not_found"),
        (Method::DELETE, &object, "", 0, 403, "read_only"),
        (Method::PUT, &objects, "", 0, 405, "method_not_allowed"),
        (Method::DELETE, &objects, "", 0, 405, "method_not_allowed"),
        (Method::POST, &object, "", 0, 405, "method_not_allowed"),
        (Method::OPTIONS, &objects, "", 0, 405, "method_not_allowed"),
    ] {
        let request = request(method.clone(), path)
            .header("content-type", media_type)
            .header("content-length", length);
        let answer = send(&router, request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error_code()),
            (status, code),
            "{method} {path}"
        );
        if status == 403 {
            assert!(
                answer.json["description"]
                    .as_str()
                    .unwrap()
                    .contains("transaction")
            );
        }
        assert_eq!(
            answer.header("allow"),
            (status == 405).then_some("GET, HEAD")
        );
    }
}

#[tokio::test]
async fn heads_of_requests_are_checked() {
    let router = open_router(&labelled());
    let limits = Limits::default();
    let path = in_collection("all", "objects/?match[type]=");
    let long = |bytes: usize| format!("{path}{}", "a".repeat(bytes - path.len()));
    let get = |path: &str| request(Method::GET, path);
    let many = |count: usize| {
        // With the Host header.
        (1..count).fold(get("/taxii2/"), |request, n| {
            request.header(format!("x-{n}"), "y")
        })
    };
    for (request, status, code) in [
        (get(&long(limits.uri_bytes)), 400, "bad_query"),
        (get(&long(limits.uri_bytes + 1)), 414, "uri_too_long"),
        (many(limits.headers), 200, ""),
        (many(limits.headers + 1), 431, "headers_too_large"),
        (
            get("/taxii2/").header("x", "y".repeat(limits.header_bytes)),
            431,
            "headers_too_large",
        ),
        (
            get("/taxii2/").header("accept", "text/html"),
            406,
            "not_acceptable",
        ),
        (
            get("/taxii2/").header("accept", "application/taxii+json;version=2.0"),
            406,
            "not_acceptable",
        ),
        (get("/taxii2/?limit=1"), 400, "bad_query"),
        (
            get(&in_collection("all", "objects/?match[id]=%ff")),
            400,
            "bad_query",
        ),
        (get("/taxii2/").header("host", "localhost"), 400, "bad_host"),
        (axum::http::Request::get("/taxii2/"), 400, "bad_host"),
        (
            axum::http::Request::get("/taxii2/").header("host", "evil.example"),
            403,
            "host_not_allowed",
        ),
        (get("http://evil.example/taxii2/"), 403, "host_not_allowed"),
        (
            get("/taxii2/").header("authorization", "Bearer x"),
            401,
            "unauthorized",
        ),
    ] {
        let answer = send(&router, request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.json);
        if status != 200 {
            assert_eq!(answer.error_code(), code);
        }
    }
}

/// A store that fails, by error or by panic.
struct Broken {
    panics: bool,
}

impl Catalog for Broken {
    fn scan(&self, _: &Scan, _: &mut Visitor<'_>) -> Result<Option<u64>, CatalogError> {
        assert!(!self.panics, "a defect in the store");
        Err(CatalogError("the disk at /secret/path is gone".into()))
    }
}

#[tokio::test]
async fn a_failing_store_is_a_server_error_that_tells_no_secrets() {
    for panics in [false, true] {
        let router = router(open_config(), Arc::new(Broken { panics })).unwrap();
        let answer = get(&router, &in_collection("all", "objects/")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error_code()),
            (500, "internal")
        );
        assert!(!String::from_utf8_lossy(&answer.bytes).contains("secret"));
        assert_eq!(get(&router, "/taxii2/").await.status, 200);
    }
}
