//! Sets of epochs in a word.

use crate::staking::window::Window;
use proptest::prelude::*;
use std::collections::BTreeSet;

#[test]
fn what_does_not_fit_forgets_what_is_old_or_is_refused() {
    let mut window = Window::default();
    assert!(window.insert(1_000, 0));
    assert!(window.insert(1_191, 0));
    let before = window;
    assert!(!window.insert(1_192, 1_000));
    assert_eq!(window, before);
    assert!(window.insert(1_192, 1_001));
    assert_eq!(window.epochs().collect::<Vec<_>>(), [1_191, 1_192]);
    assert!(window.insert(1_001, 0), "to the left as well");
    window.remove(1_191);
    window.remove(5);
    window.remove(9_999);
    assert_eq!(window.epochs().collect::<Vec<_>>(), [1_001, 1_192]);
}

proptest! {
    #[test]
    fn behaves_like_a_set(steps in prop::collection::vec((any::<bool>(), 500u64..690), 0..60)) {
        let mut window = Window::default();
        let mut set = BTreeSet::new();
        for (add, epoch) in steps {
            if add {
                prop_assert!(window.insert(epoch, 0));
                set.insert(epoch);
            } else {
                window.remove(epoch);
                set.remove(&epoch);
            }
            prop_assert!(window.epochs().eq(set.iter().copied()));
            let decoded = Window::decode(window.encode());
            prop_assert!(decoded.epochs().eq(set.iter().copied()));
        }
    }
}
