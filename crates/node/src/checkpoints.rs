//! Whether the hub's checkpoints of a zone are of blocks that this node has.
//!
//! A quorum of the zone's operators signed a checkpoint, and a quorum signed what is final here. Where the two are of one height and are not one block, so many have
//! signed two histories, or this node's disk is another chain's: nobody should believe this node of that zone, and it has to say so.
//!
//! Every later checkpoint stands on the history of those before, so it does not matter when some are passed over: who has another history
//! contradicts the next one too.

use alloy_primitives::B256;
use hansa_rpc::Contradiction;
use std::{convert::Infallible, time::Duration};

/// How long to wait before the newest checkpoint is looked at again.
const EVERY: Duration = Duration::from_secs(1);

/// A block as the hub has recorded it: its height and its hash.
pub(crate) type Recorded = (u64, B256);

/// What the last checkpoint that could be judged says of this node's blocks.
#[derive(Debug, Default)]
struct Judge {
    /// Height of that checkpoint; 0 if there was none.
    judged: u64,
}

impl Judge {
    /// Judges a checkpoint once: `Some` where it is new, and this node has a block of its height. `own` is that block.
    fn judge(&mut self, (number, recorded): Recorded, own: Option<B256>) -> Option<Verdict> {
        if number <= self.judged {
            return None;
        }
        let own = own?;
        self.judged = number;
        let contradiction = Contradiction {
            number,
            own,
            recorded,
        };
        Some((own != recorded).then_some(contradiction))
    }
}

/// How this node contradicts a checkpoint, if it does.
pub(crate) type Verdict = Option<Contradiction>;

/// Looks at the newest checkpoint again and again, and tells of each that is new what it says of this node's blocks, as soon as this node has one of its height.
pub(crate) async fn compare(
    newest: impl AsyncFn() -> Option<Recorded>,
    own: impl Fn(u64) -> Option<B256>,
    tell: impl Fn(Verdict),
) -> Infallible {
    let mut judge = Judge::default();
    loop {
        if let Some(recorded) = newest().await
            && let Some(verdict) = judge.judge(recorded, own(recorded.0))
        {
            tell(verdict);
        }
        tokio::time::sleep(EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(of: u8) -> B256 {
        B256::repeat_byte(of)
    }

    #[test]
    fn a_checkpoint_of_another_block_is_told_once() {
        let mut judge = Judge::default();
        // None yet, and one that this node lags behind.
        assert_eq!(judge.judge((0, B256::ZERO), Some(hash(9))), None);
        assert_eq!(judge.judge((4, hash(4)), None), None);
        assert_eq!(judge.judge((4, hash(4)), Some(hash(4))), Some(None));
        assert_eq!(judge.judge((4, hash(4)), Some(hash(4))), None);
        let contradiction = |number, own, recorded| Contradiction {
            number,
            own: hash(own),
            recorded: hash(recorded),
        };
        let first = Some(Some(contradiction(6, 7, 6)));
        assert_eq!(judge.judge((6, hash(6)), Some(hash(7))), first);
        assert_eq!(judge.judge((6, hash(6)), Some(hash(7))), None);
        let next = Some(Some(contradiction(8, 1, 8)));
        assert_eq!(judge.judge((8, hash(8)), Some(hash(1))), next);
    }

    #[tokio::test]
    async fn what_is_told_is_of_the_block_of_that_height() {
        let told = parking_lot::Mutex::new(Vec::new());
        let newest = async || Some((6, hash(6)));
        // Its block 6 is another one; of its other blocks none matters.
        let own = |number: u64| (number == 6).then(|| hash(5));
        let compared = compare(newest, own, |verdict| told.lock().push(verdict));
        let enough = tokio::time::sleep(Duration::from_millis(50));
        tokio::select! {
            never = compared => match never {},
            () = enough => {}
        }
        let expected = Contradiction {
            number: 6,
            own: hash(5),
            recorded: hash(6),
        };
        assert_eq!(*told.lock(), [Some(expected)]);
    }
}
