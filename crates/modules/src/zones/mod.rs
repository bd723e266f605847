//! Zones (native module 2): the register of a league's zones, and ether on its way to them.
//!
//! **A zone is its record.** Its genesis follows from the record and from the hub's state ([`genesis`]): no file has to reach its
//! operators, and nobody can hand them another. Its first committee is the hub's at the block that created it; later ones are
//! the hub's at the blocks that the zone names.
//!
//! **Deposits** stay here and are appended to the zone's feed, from which its blocks take them as they take directives from
//! [`guard::feed`](crate::guard::feed). So the zone's supply is what is locked here, whoever sends what there.
//!
//! | selector | kind | who |
//! |---|---|---|
//! | `create`, `deposit` | pay | anybody |
//! | `zone`, `zoneNamed`, `zones` | view | anybody |

mod deposits;
mod dispatch;
mod genesis;
mod logic;
mod state;

pub use deposits::deposits;
pub(crate) use dispatch::dispatch;
pub use genesis::{count, genesis};

#[cfg(test)]
mod tests;
