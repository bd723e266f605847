use super::*;
use proptest::prelude::*;

const COLLECTION: Uuid = Uuid::from_u128(7);

proptest! {
    #[test]
    fn a_cursor_comes_back_in_its_own_collection_only(added_us: u64) {
        let text = encode(COLLECTION, added_us);
        prop_assert_eq!(text.len(), TEXT_BYTES);
        prop_assert_eq!(decode(COLLECTION, &text), Ok(added_us));
        prop_assert_eq!(decode(Uuid::from_u128(8), &text), Err(CursorError));
    }

    #[test]
    fn a_changed_cursor_is_refused(added_us: u64, at in 0..TEXT_BYTES, with in "[A-Za-z0-9_-]") {
        let text = encode(COLLECTION, added_us);
        let mut changed = text.clone();
        changed.replace_range(at..=at, &with);
        prop_assume!(changed != text);
        prop_assert_eq!(decode(COLLECTION, &changed), Err(CursorError));
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}") {
        prop_assert_eq!(decode(COLLECTION, &text), Err(CursorError));
    }
}
