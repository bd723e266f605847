use super::*;

#[test]
fn dates_around_leap_days_and_years() {
    for (seconds, expected) in [
        (0, "1970-01-01T00-00-00Z"),
        (951_782_399, "2000-02-28T23-59-59Z"),
        (951_782_400, "2000-02-29T00-00-00Z"),
        (1_709_251_199, "2024-02-29T23-59-59Z"),
        (1_767_225_599, "2025-12-31T23-59-59Z"),
        (1_795_181_528, "2026-11-20T13-32-08Z"),
    ] {
        assert_eq!(timestamp(seconds), expected);
    }
}

#[test]
fn numbers_are_short() {
    for (value, expected) in [
        (0.0123, "0.012"),
        (1.005, "1.00"),
        (39.04, "39.0"),
        (400.4, "400"),
        (11_900.0, "11,900"),
        (1_234_567.0, "1,234,567"),
        (-2_500.0, "-2,500"),
        (-0.5, "-0.500"),
    ] {
        assert_eq!(number(value), expected);
    }
}

#[test]
fn a_missed_aim_is_named() {
    let mut report = Report::start();
    report.row(
        "league",
        "transfers",
        4_000.0,
        "/s",
        Some(Aim::AtLeast(5_000.0)),
    );
    report.row("league", "latency p50", 50.0, "ms", Some(Aim::AtMost(50.0)));
    report.row("floor", "recover", 30.6, "us", None);
    report.note("no token");
    let text = report.markdown();
    assert!(
        text.contains("| league | transfers | 4,000 /s | >= 5,000 | **no** |"),
        "{text}"
    );
    assert!(
        text.contains("| league | latency p50 | 50.0 ms | <= 50.0 | yes |"),
        "{text}"
    );
    assert!(
        text.contains("| floor | recover | 30.6 us |  |  |"),
        "{text}"
    );
    assert!(text.ends_with("\n- no token\n"), "{text}");
    assert_eq!(report.value("floor", "recover"), Some(30.6));
    assert_eq!(report.value("floor", "transfers"), None);
}

#[test]
fn both_files_are_written() {
    let directory = tempfile::tempdir().unwrap();
    let mut report = Report::start();
    report.row("floor", "recover", 30.6, "us", Some(Aim::AtMost(40.0)));
    report.detail("floor", &[1, 2]).unwrap();
    let path = report.finish(&directory.path().join("new")).unwrap();
    let json = std::fs::read(path.with_extension("json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["rows"][0]["aim"]["at_most"], 40.0);
    assert_eq!(json["rows"][0]["met"], true);
    assert_eq!(json["details"]["floor"][1], 2);
    assert!(!json["load_after"].as_str().unwrap().is_empty());
    assert!(std::fs::read_to_string(path).unwrap().contains("recover"));
}
