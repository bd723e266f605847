use crate::{Dashboard, Local, LogQuery, files, local};
use axum::Router;
use futures::future::BoxFuture;
use hansa_rpc::{Client, Front as _, HttpResponse};
use http_body_util::BodyExt as _;
use hyper::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};
use std::sync::Arc;

/// Tells what it was asked.
struct Told;

impl Local for Told {
    fn logs(&self, query: LogQuery) -> Value {
        json!([query.level, query.after, query.limit])
    }
    fn config(&self) -> Value {
        json!("config")
    }
    fn resources(&self) -> BoxFuture<'static, Value> {
        Box::pin(std::future::ready(json!("resources")))
    }
    fn doctor(&self) -> BoxFuture<'static, Value> {
        Box::pin(std::future::ready(json!("doctor")))
    }
}

/// Status and body of a request under `/local/`.
async fn ask(from: &str, path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(()).unwrap();
    if !from.is_empty() {
        let address = format!("{from}:5000").parse().unwrap();
        request.extensions_mut().insert(Client(address));
    }
    let told: Arc<dyn Local> = Arc::new(Told);
    let response = local::answer(Some(&told), &request).await;
    let status = response.status().as_u16();
    (
        status,
        serde_json::from_slice(&body(response).await).unwrap(),
    )
}

async fn body(response: HttpResponse) -> Vec<u8> {
    let collected = response.into_body().collect().await;
    collected.map(|body| body.to_bytes().to_vec()).unwrap()
}

fn get(path: &str) -> HttpResponse {
    files::answer(&Method::GET, path, &HeaderMap::new())
}

#[test]
fn the_chains_keep_their_paths_and_the_page_has_all_others() {
    let dashboard = Dashboard::new(Router::new(), Some(Arc::new(Told)));
    for path in ["/rpc", "/zones/market", "/zones/"] {
        assert!(!dashboard.takes(path), "{path}");
    }
    for path in [
        "/",
        "/taxii2/",
        "/assets/index.js",
        "/rpc/",
        "/zones",
        "//rpc",
        "/local/logs",
    ] {
        assert!(dashboard.takes(path), "{path}");
    }
}

#[tokio::test]
async fn the_first_page_is_there_built_or_not_and_can_load_nothing_from_elsewhere() {
    let response = get("/");
    assert_eq!(response.status(), StatusCode::OK);
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str();
    let policy = policy.unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(response.headers()[header::X_FRAME_OPTIONS], "DENY");
    let text = String::from_utf8(body(response).await).unwrap();
    let expected = if Dashboard::is_built() {
        "<script"
    } else {
        "make dashboard build"
    };
    assert!(text.contains(expected), "{text}");
}

#[tokio::test]
async fn only_files_of_the_page_are_served_and_only_to_readers() {
    for path in [
        "/../Cargo.toml",
        "/..%2fCargo.toml",
        "/.gitignore",
        "/dist/index.html",
        "/nothing",
        "/assets/",
    ] {
        let response = get(path);
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(
            response
                .headers()
                .contains_key(header::CONTENT_SECURITY_POLICY)
        );
    }
    let refused = files::answer(&Method::POST, "/", &HeaderMap::new());
    assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(refused.headers()[header::ALLOW], "GET, HEAD");
    let head = files::answer(&Method::HEAD, "/", &HeaderMap::new());
    assert!(body(head).await.is_empty());
}

/// Where the page is built: smaller when packed, and not sent again to who has it.
#[tokio::test]
async fn a_built_page_is_packed_and_has_a_validator() {
    if !Dashboard::is_built() {
        return;
    }
    let plain = body(get("/")).await;
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT_ENCODING, "br, gzip".parse().unwrap());
    let packed = files::answer(&Method::GET, "/", &headers);
    assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
    let tag = packed.headers()[header::ETAG].clone();
    assert!(body(packed).await.len() < plain.len());
    headers.insert(header::IF_NONE_MATCH, tag);
    let again = files::answer(&Method::GET, "/", &headers);
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(body(again).await.is_empty());
}

#[tokio::test]
async fn what_is_for_the_own_machine_is_told_to_nobody_else() {
    const HOST: (&str, &str) = ("host", "127.0.0.1:8080");
    let told = json!("config");
    for (from, headers) in [
        ("127.0.0.1", vec![HOST]),
        ("127.8.0.1", vec![("host", "LocalHost")]),
        ("[::1]", vec![("host", "[::1]:8080")]),
        ("[::ffff:127.0.0.1]", vec![HOST]),
        (
            "127.0.0.1",
            vec![
                HOST,
                ("origin", "http://127.0.0.1:8080"),
                ("sec-fetch-site", "same-origin"),
            ],
        ),
        ("127.0.0.1", vec![HOST, ("sec-fetch-site", "none")]),
    ] {
        let answer = ask(from, "/local/config", &headers).await;
        assert_eq!(answer, (200, told.clone()), "{from} {headers:?}");
    }
    for (from, headers) in [
        ("", vec![HOST]),
        ("192.168.1.5", vec![HOST]),
        ("[2001:db8::1]", vec![HOST]),
        ("127.0.0.1", vec![]),
        ("127.0.0.1", vec![("host", "evil.example")]),
        ("127.0.0.1", vec![("host", "127.0.0.1.evil.example")]),
        ("127.0.0.1", vec![("host", "[::1].evil.example")]),
        ("127.0.0.1", vec![("host", "0.0.0.0:8080")]),
        ("127.0.0.1", vec![HOST, ("origin", "http://127.0.0.1:3000")]),
        ("127.0.0.1", vec![HOST, ("origin", "null")]),
        ("127.0.0.1", vec![HOST, ("sec-fetch-site", "cross-site")]),
        ("127.0.0.1", vec![HOST, ("sec-fetch-site", "same-site")]),
        ("127.0.0.1", vec![HOST, ("x-forwarded-for", "1.2.3.4")]),
        ("127.0.0.1", vec![HOST, ("forwarded", "for=1.2.3.4")]),
        ("127.0.0.1", vec![HOST, ("via", "1.1 proxy")]),
    ] {
        let (status, answer) = ask(from, "/local/config", &headers).await;
        assert_eq!(status, 403, "{from} {headers:?}");
        assert_ne!(answer, told);
    }
}

#[tokio::test]
async fn questions_of_the_own_machine_are_bounded() {
    let near = async |path: &str| ask("127.0.0.1", path, &[("host", "localhost")]).await;
    assert_eq!(near("/local/logs").await, (200, json!([3, null, 500])));
    let most = near("/local/logs?level=5&after=7&limit=501").await;
    assert_eq!(most, (200, json!([5, 7, 500])));
    for bad in [
        "level=0", "level=6", "after=-1", "limit=x", "level", "what=1",
    ] {
        assert_eq!(near(&format!("/local/logs?{bad}")).await.0, 400, "{bad}");
    }
    assert_eq!(near("/local/resources").await, (200, json!("resources")));
    assert_eq!(near("/local/doctor").await, (200, json!("doctor")));
    assert_eq!(near("/local/key").await.0, 404);
}

#[tokio::test]
async fn what_is_switched_off_is_told_to_nobody() {
    let mut request = Request::get("/local/logs").header("host", "localhost");
    let near = Client("127.0.0.1:5000".parse().unwrap());
    request.extensions_mut().unwrap().insert(near);
    let request = request.body(()).unwrap();
    assert_eq!(local::answer(None, &request).await.status(), 403);
    let told: Arc<dyn Local> = Arc::new(Told);
    assert_eq!(local::answer(Some(&told), &request).await.status(), 200);
    for header in ["x-forwarded-host", "X-Forwarded-Proto", "via"] {
        let mut request = request.clone();
        let name: hyper::header::HeaderName = header.parse().unwrap();
        request.headers_mut().insert(name, "x".parse().unwrap());
        let response = local::answer(Some(&told), &request).await;
        assert_eq!(response.status(), 403, "{header}");
    }
}
