use super::*;
use axum::http::HeaderValue;

fn with(values: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        headers.append(header::ACCEPT, value);
    }
    headers
}

#[test]
fn accept_headers() {
    for (values, expected) in [
        (&[][..], true),
        (&["application/taxii+json;version=2.1"], true),
        (&["application/taxii+json; version=2.1"], true),
        (&["application/taxii+json;version=\"2.1\""], true),
        (&["Application/TAXII+JSON;VERSION=2.1"], true),
        (&["application/taxii+json"], true),
        (&["application/*"], true),
        (&["*/*"], true),
        (&["text/html, */*;q=0.1"], true),
        (&["text/html", "application/taxii+json"], true),
        (
            &["application/taxii+json;version=2.0, application/taxii+json;version=2.1"],
            true,
        ),
        (&[""], false),
        (&["nonsense"], false),
        (&["text/html"], false),
        (&["application/json"], false),
        (&["application/taxii+json;version=2.0"], false),
        (&["application/taxii+json;version=3.0"], false),
        (&["application/vnd.oasis.taxii+json;version=2.0"], false),
        (&["application/taxii+json;version=2.1;q=0"], false),
        (&["*/*, application/taxii+json;q=0"], false),
        (&["é"], false),
    ] {
        assert_eq!(accepts(&with(values)), expected, "{values:?}");
    }
}
