//! Tests of the division of blocks into epochs.

use crate::staking::{Calendar, Cut, Timetable};
use proptest::prelude::*;

const USUAL: Calendar = Calendar {
    epoch_blocks: 10,
    freeze_blocks: 3,
};

#[test]
fn without_cuts_it_is_the_calendar() {
    let timetable = Timetable::of(USUAL, []);
    for block in 0..100 {
        let epoch = USUAL.epoch_of(block);
        assert_eq!(timetable.epoch_of(block), epoch);
        assert_eq!(timetable.freezes(block), USUAL.freeze_block(epoch) == block);
        assert_eq!(
            timetable.hands_over(block),
            USUAL.last_block(epoch) == block
        );
        let blocks = timetable.blocks(epoch).unwrap();
        assert_eq!(*blocks.end(), USUAL.last_block(epoch));
    }
    assert_eq!(timetable.blocks(u64::MAX), None);
    assert_eq!(timetable.epoch_of(u64::MAX), u64::MAX / 10);
}

#[test]
fn a_cut_ends_an_epoch_and_the_next_has_the_usual_length() {
    let cuts = [
        // In the middle of epoch 2.
        Cut {
            first: 25,
            epoch: 3,
        },
        // At the end of epoch 4: epoch 5, which would begin there, is none.
        Cut {
            first: 45,
            epoch: 6,
        },
    ];
    let timetable = Timetable::of(USUAL, cuts);
    let epochs = [0..=9, 10..=19, 20..=24, 25..=34, 35..=44];
    for (epoch, blocks) in (0..).zip(epochs) {
        assert_eq!(timetable.blocks(epoch), Some(blocks));
    }
    assert_eq!(timetable.blocks(5), None);
    assert_eq!(timetable.blocks(6), Some(45..=54));
    assert_eq!(timetable.cut_at(45), Some(cuts[1]));
    assert_eq!(timetable.cut_at(44), None);
    // What a block did before the cut stands: 44 handed over, 24 did not, and 26 would have frozen.
    let of = |test: fn(&Timetable, u64) -> bool| {
        (0..70)
            .filter(|block| test(&timetable, *block))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(Timetable::hands_over), [9, 19, 34, 44, 54, 64]);
    assert_eq!(of(Timetable::freezes), [6, 16, 31, 41, 51, 61]);
}

proptest! {
    /// Every block is in one epoch, which says so of itself, and epochs ascend without gaps between their blocks.
    #[test]
    fn blocks_and_epochs_agree(steps in prop::collection::vec((1..40u64, 1..3u64), 0..8)) {
        let mut cuts: Vec<Cut> = Vec::new();
        for (blocks, voided) in steps {
            let before = cuts.last().map_or(1, |cut| cut.first);
            let first = before + blocks;
            let epoch = Timetable::of(USUAL, cuts.iter().copied()).epoch_of(first) + voided;
            cuts.push(Cut { first, epoch });
        }
        let timetable = Timetable::of(USUAL, cuts.iter().copied());
        let mut before = timetable.blocks(0).unwrap();
        prop_assert_eq!(*before.start(), 0);
        for block in 0..400 {
            let blocks = timetable.blocks(timetable.epoch_of(block)).unwrap();
            prop_assert!(blocks.contains(&block));
            if blocks != before {
                prop_assert_eq!(*blocks.start(), before.end() + 1);
                prop_assert!(timetable.epoch_of(block) > timetable.epoch_of(block - 1));
                before = blocks;
            }
            let is_behind_cut = cuts.iter().any(|cut| cut.first == block);
            prop_assert_eq!(timetable.cut_at(block).is_some(), is_behind_cut);
        }
    }
}
