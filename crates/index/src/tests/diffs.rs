//! State diffs against a plain history of values.

use super::{Chain, config};
use crate::{Config, Index, StateDiff};
use proptest::prelude::*;
use std::collections::BTreeMap;

type State = BTreeMap<[u8; 32], Vec<u8>>;

/// Few keys that share prefixes: `a` is in the first 8 bytes, `b` is not.
fn key(a: u8, b: u8) -> [u8; 32] {
    let mut key = [0; 32];
    (key[0], key[20]) = (a, b);
    key
}

/// Changes the state and tells what was there before.
fn apply(state: &mut State, changes: &[((u8, u8), Option<u8>)]) -> StateDiff {
    let mut diff = StateDiff::new();
    for ((a, b), value) in changes {
        let key = key(*a, *b);
        diff.push((key, state.get(&key).cloned()));
        match value {
            Some(value) => state.insert(key, vec![*value; usize::from(*value)]),
            None => state.remove(&key),
        };
    }
    diff
}

fn check(index: &Index, states: &BTreeMap<u64, State>) -> Result<(), TestCaseError> {
    let (newest, current) = states.last_key_value().unwrap();
    let oldest = index.oldest_state().unwrap_or(*newest);
    for (number, state) in states.range(oldest..) {
        for (a, b) in (0..3).flat_map(|a| (0..3).map(move |b| (a, b))) {
            let key = key(a, b);
            let value = index
                .previous(&key, *number)
                .unwrap()
                .unwrap_or_else(|| current.get(&key).cloned());
            prop_assert_eq!(value.as_ref(), state.get(&key), "block {}", number);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_kept_state_can_be_read(
        blocks in proptest::collection::vec(
            (proptest::collection::vec(((0u8..3, 0u8..3), any::<Option<u8>>()), 0..6), 0u8..16),
            1..20,
        ),
        diff_blocks in 1u64..6,
        diff_cache_bytes in 0usize..400,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.redb");
        let config = Config { diff_blocks, diff_cache_bytes, quick_repair: false, ..config() };
        let mut index = Index::open(&path, config.clone()).unwrap();
        let mut chain = Chain::new(0);
        let (mut state, mut states) = (State::new(), BTreeMap::new());
        let mut run = 0;
        for (number, (changes, fate)) in (0..).zip(blocks) {
            let diff = apply(&mut state, &changes);
            let diff = Some(diff).filter(|_| fate != 0);
            run = if diff.is_some() { run + 1 } else { 0 };
            index.append(&chain.push(vec![]), diff.as_ref()).unwrap();
            states.insert(number, state.clone());
            let kept = diff_blocks.min(run);
            let oldest = (kept > 0).then(|| (number + 1 - kept).saturating_sub(1));
            prop_assert_eq!(index.oldest_state(), oldest);
            if fate == 1 {
                drop(index);
                index = Index::open(&path, config.clone()).unwrap();
                prop_assert_eq!(index.oldest_state(), oldest);
            }
            check(&index, &states)?;
        }
    }
}

#[test]
fn the_first_of_repeated_keys_counts() {
    let index = Index::in_memory(config()).unwrap();
    let key = key(1, 1);
    let diff = vec![(key, Some(vec![1])), (key, Some(vec![2])), (key, None)];
    index
        .append(&Chain::new(3).push(vec![]), Some(&diff))
        .unwrap();
    assert_eq!(index.previous(&key, 2).unwrap(), Some(Some(vec![1])));
    assert_eq!(index.previous(&key, 3).unwrap(), None);
}
