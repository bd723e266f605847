use super::*;
use proptest::prelude::*;

#[test]
fn known_instants() {
    for (text, micros) in [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2000-02-29T00:00:00Z", 951_782_400_000_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
        ("2026-11-20T12:27:49.5Z", 1_795_177_669_500_000),
        ("9999-12-31T23:59:59.999999999Z", MAX_MICROS as i64),
    ] {
        assert_eq!(parse(text).map(|t| t.micros), Ok(micros), "{text}");
    }
}

#[test]
fn what_is_not_a_timestamp() {
    use TimestampError::{Form, Range, TooPrecise};
    for (text, error) in [
        ("", Form),
        ("yesterday", Form),
        ("2026-01-31", Form),
        ("2026-01-31T12:00:00", Form),
        ("2026-01-31T12:00:00+00:00", Form),
        ("2026-01-31t12:00:00Z", Form),
        ("2026-01-31T12:00:00z", Form),
        ("2026-01-31 12:00:00Z", Form),
        ("2026-01-31T12:00:00.Z", Form),
        ("2026-01-31T12:00:00,5Z", Form),
        ("2026-01-31T12:00:00.5 Z", Form),
        ("+026-01-31T12:00:00Z", Form),
        ("2026-0é-31T12:00:00Z", Form),
        ("2026-13-01T00:00:00Z", Range),
        ("2026-00-01T00:00:00Z", Range),
        ("2026-02-29T00:00:00Z", Range),
        ("1900-02-29T00:00:00Z", Range),
        ("2026-04-31T00:00:00Z", Range),
        ("2026-01-31T24:00:00Z", Range),
        ("2026-01-31T12:60:00Z", Range),
        ("2026-01-31T12:00:60Z", Range),
        ("2026-01-31T12:00:00.1234567890Z", TooPrecise),
    ] {
        assert_eq!(parse(text), Err(error), "{text}");
    }
}

#[test]
fn digits_past_the_microsecond_are_cut_off_not_rounded() {
    let parsed = parse("1970-01-01T00:00:00.123456999Z").unwrap();
    assert_eq!((parsed.micros, parsed.fraction_digits), (123_456, 9));
}

proptest! {
    #[test]
    fn formatting_then_parsing_is_the_identity(micros in 0..=MAX_MICROS) {
        let text = format(micros);
        prop_assert_eq!(text.len(), 27);
        prop_assert_eq!(parse(&text).unwrap().micros, micros as i64);
    }

    #[test]
    fn texts_sort_as_their_instants(a in 0..=MAX_MICROS, b in 0..=MAX_MICROS) {
        prop_assert_eq!(format(a).cmp(&format(b)), a.cmp(&b));
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}") {
        let _ = parse(&text);
    }
}
