//! Shares by kind of fault, as the staking module takes them.

use crate::IStaking::Risk;

impl Risk {
    /// The same share, of 10,000, for every kind.
    pub const fn uniform(bps: u16) -> Self {
        Self::by_kind([bps; 3])
    }

    /// From the shares in the order of the kinds' numbers.
    pub const fn by_kind(shares: [u16; 3]) -> Self {
        let [first, second, third] = shares;
        Self {
            conflictingNotarize: first,
            conflictingFinalize: second,
            nullifyAndFinalize: third,
        }
    }

    /// The shares in the order of the kinds' numbers.
    pub const fn shares(&self) -> [u16; 3] {
        [
            self.conflictingNotarize,
            self.conflictingFinalize,
            self.nullifyAndFinalize,
        ]
    }
}
