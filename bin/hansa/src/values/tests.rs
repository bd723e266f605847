use super::*;

#[test]
fn amounts() {
    for (text, wei) in [
        ("0", 0u128),
        ("1wei", 1),
        ("20gwei", 20_000_000_000),
        ("1.5ether", 1_500_000_000_000_000_000),
        ("0.000000000000000001ether", 1),
        ("1 ether", 1_000_000_000_000_000_000),
    ] {
        assert_eq!(amount(text), Ok(U256::from(wei)), "{text}");
    }
    for text in [
        "", "1", "ether", "-1ether", "1.5wei", "1 eth", "0x10wei!", "1e3ether",
    ] {
        assert!(amount(text).is_err(), "{text}");
    }
}

#[test]
fn shares() {
    for (text, bps, shown) in [
        ("0%", 0, "0%"),
        ("5%", 500, "5%"),
        ("0.5%", 50, "0.5%"),
        ("12.34%", 1_234, "12.34%"),
        ("0.01%", 1, "0.01%"),
        ("100%", 10_000, "100%"),
        ("5.%", 500, "5%"),
        ("450bps", 450, "4.5%"),
        ("10000bps", 10_000, "100%"),
    ] {
        assert_eq!(share(text), Ok(bps), "{text}");
        assert_eq!(show_share(bps), shown, "{text}");
    }
    for text in [
        "",
        "5",
        "%",
        "bps",
        ".5%",
        "-1%",
        "0.001%",
        "100.01%",
        "10001bps",
        "0x1bps",
        "+5bps",
        "+5%",
        "65537bps",
        "1e2%",
        "5 %",
        "1.2.3%",
        "99999999999999999999999999%",
    ] {
        assert!(share(text).is_err(), "{text}");
    }
}

#[test]
fn durations() {
    for (text, seconds) in [("90s", 90), ("10m", 600), ("1h", 3_600), ("7d", 604_800)] {
        assert_eq!(duration_s(text), Ok(seconds), "{text}");
    }
    for text in [
        "",
        "1",
        "h",
        "0s",
        "-1h",
        "1.5h",
        "99999999999999999d",
        "1ü",
    ] {
        assert!(duration_s(text).is_err(), "{text}");
    }
}

#[test]
fn times_are_cut_to_milliseconds() {
    assert_eq!(timestamp_ms("1970-01-01T00:00:01.0019Z"), Ok(1_001));
    assert!(timestamp_ms("1969-12-31T23:59:59Z").is_err());
    assert!(timestamp_ms("yesterday").is_err());
    assert_eq!(show_ms(1_001), "1970-01-01T00:00:01Z");
    assert_eq!(show_s(0), "-");
}

#[test]
fn only_labels_for_everybody_are_plain() {
    assert_eq!((plain_tlp("clear"), plain_tlp("GREEN")), (Ok(0), Ok(1)));
    for text in ["amber", "amber+strict", "red", "white", ""] {
        assert!(plain_tlp(text).is_err(), "{text}");
    }
}

#[test]
fn roles_in_words() {
    assert_eq!(show_roles(3), "member+sentinel");
    assert_eq!(show_roles(4), "observer");
}
