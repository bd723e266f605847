//! Zones (native module 2): the register of a league's zones, and the newest checkpoint of each.
//!
//! **A zone is its record.** Its genesis follows from the record and from the hub's state ([`genesis`]): no file has to reach its
//! operators, and nobody can hand them another. Its committees are those
//! of the hub's operators that have a share in it and fit its rule ([`committee`]): at the block that created it, and at the blocks that the zone names.
//!
//! **A checkpoint** is a final block of a zone that the hub has verified: newer than the one before, and signed by a quorum of a committee
//! that may still be relied upon ([`staking`](crate::staking), certificate lifetime). What [`messages`](crate::messages) takes from
//! a zone is proved against it.
//!
//! **Its end** is announced, decided by one block of the hub, and settled by one last checkpoint (`lifecycle`). Its escrow pays its operators, whenever a
//! checkpoint comes. One that has halted is *reseeded*, or ends (`reseeds`).
//!
//! | selector | kind | who |
//! |---|---|---|
//! | `create` | pay | anybody |
//! | `fund` | pay | anybody |
//! | `checkpoint`, `halt`, `reseed`, `stop`, `returnEscrow` | write | anybody |
//! | `upgrade`, `setCommitteeRule` | write | its creator |
//! | `close` | write | its creator; anybody when its escrow is used up |
//! | `committeeOf`, `checkpointOf`, `zone`, `zoneNamed`, `zones` | view | anybody |

mod checkpoints;
mod committees;
mod dispatch;
mod genesis;
mod lifecycle;
mod logic;
mod reseeds;
mod state;
mod upgrades;

pub use checkpoints::{answers, relied_upon};
pub use committees::{committee, prospective_committee};
pub(crate) use dispatch::dispatch;
pub(crate) use genesis::write_genesis;
pub use genesis::{count, genesis};
pub use lifecycle::has_settled;
pub(crate) use lifecycle::{is_open, phase, require_open};
pub use reseeds::{Reseed, cuts, reseedings, reseeds};
pub(crate) use state::answered;
pub(crate) use state::{by_chain_id, chain_id};
pub use state::{checkpoint, stopped_at};
pub use upgrades::upgrade_due;

#[cfg(test)]
pub(crate) mod tests;
