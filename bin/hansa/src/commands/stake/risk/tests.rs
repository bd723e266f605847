use super::*;
use serde_json::json;

#[test]
fn shares_for_one_kind() {
    let parsed = kind_share("nullify-finalize=4.5%").unwrap();
    let risk = replaced(&Risk::uniform(500), &[parsed]);
    assert_eq!(risk.shares(), [500, 500, 450]);
    for (text, words) in [
        ("5%", "names no kind"),
        ("theft=5%", "there are conflicting-notarize"),
        ("conflicting-finalize=5", "is no share"),
        ("conflicting-finalize=101%", "is no share"),
        ("", "names no kind"),
    ] {
        let error = kind_share(text).unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn a_share_is_shown_once_where_all_are_the_same() {
    let (same, different) = (Risk::uniform(500), Risk::by_kind([500, 1_000, 333]));
    assert_eq!((cell(&same), words(&same)), ("5%".into(), "5%".into()));
    assert_eq!(cell(&different), "5% / 10% / 3.33%");
    assert_eq!(
        words(&different),
        "5% (conflicting-notarize), 10% (conflicting-finalize), 3.33% (nullify-finalize)"
    );
    assert_eq!(words_since(&same, [3; 3]), "5% from epoch 3 on");
    let later = words_since(&same, [3, 9, 3]);
    assert!(later.contains("5% (conflicting-finalize, from epoch 9 on)"));
    assert_eq!(legend([&same]), "");
    assert!(legend([&same, &different]).contains("for conflicting-notarize /"));
    assert_eq!(
        by_kind(different.shares()),
        json!({"conflicting-notarize": 500, "conflicting-finalize": 1_000, "nullify-finalize": 333})
    );
}
