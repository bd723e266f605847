use super::*;

#[test]
fn public_urls_are_a_scheme_and_a_host() {
    for url in [
        "https://taxii.example.org",
        "https://taxii.example.org/",
        "http://127.0.0.1:8080",
        "http://[::1]:8080/",
    ] {
        assert!(is_public_url(url), "{url}");
    }
    for url in [
        "",
        "/",
        "taxii.example.org",
        "//taxii.example.org",
        "ftp://taxii.example.org",
        "https://",
        "https:///",
        "https://taxii.example.org/hansa",
        "https://taxii.example.org//",
        "https://taxii.example.org/?x",
        "https://taxii.example.org/#x",
        "https://alfa@taxii.example.org",
        "https://taxii example.org",
    ] {
        assert!(!is_public_url(url), "{url}");
    }
}
