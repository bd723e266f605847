use crate::{Dashboard, files};
use axum::Router;
use hansa_rpc::{Front as _, HttpResponse};
use http_body_util::BodyExt as _;
use hyper::{HeaderMap, Method, StatusCode, header};

async fn body(response: HttpResponse) -> Vec<u8> {
    let collected = response.into_body().collect().await;
    collected.map(|body| body.to_bytes().to_vec()).unwrap()
}

fn get(path: &str) -> HttpResponse {
    files::answer(&Method::GET, path, &HeaderMap::new())
}

#[test]
fn the_chains_keep_their_paths_and_the_page_has_all_others() {
    let dashboard = Dashboard::new(Router::new());
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
