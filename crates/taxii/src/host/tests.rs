use super::*;

#[test]
fn host_names() {
    let allowed = ["taxii.example.org".to_owned()];
    for (authority, expected) in [
        ("localhost", true),
        ("LocalHost:8080", true),
        ("127.0.0.1:1", true),
        ("[::1]", true),
        ("[::1]:8080", true),
        ("taxii.example.org:443", true),
        ("", false),
        (":8080", false),
        ("localhost:8080:1", false),
        ("localhost.evil.example", false),
        ("evil.example", false),
        ("127.0.0.1.evil.example:80", false),
        ("user@localhost", false),
        ("[::1", false),
        ("[::1]evil", false),
        ("[::2]", false),
    ] {
        assert_eq!(is_allowed(authority, &allowed), expected, "{authority}");
    }
}
