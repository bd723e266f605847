//! Guard (native module 5): bonded alerts, and the directives that follow from them.
//!
//! An alert is pending until members with two thirds of the total active weight endorse it (the
//! raiser's own weight counts at once); then a directive holds against its targets until the expiry.
//! A sentinel's provisional alert has a directive without waiting, for at most
//! [`PROVISIONAL_S`](crate::limits::PROVISIONAL_S), which becomes full on acceptance. An alert not
//! accepted within [`LAPSE_S`](crate::limits::LAPSE_S), or by its expiry, lapses.
//!
//! **Bond.** At least the chain's minimum for each target. It goes back to the raiser (`claimBond`) once
//! the alert has ended, but not before `LAPSE_S` after raising, however soon it expires, so that members
//! have time to revoke it. More than half of the weight can revoke an alert until its bond is returned:
//! its directives end in that call, and the bond is split equally among the targets; the remainder of
//! the division stays in the module.
//!
//! **Votes** count with the weight that their member has when they are counted. When weights change so
//! that the votes cast suffice, anybody who has cast one settles the alert by casting it again.
//!
//! **Grounds.** The object that an alert refers to must not be revoked when the alert is raised, nor
//! when it is accepted.
//!
//! **Overlaps.** A target has at most [`MAX_DIRECTIVES`](crate::limits::MAX_DIRECTIVES) `block`
//! directives in force; the one that ends last counts, and when it is revoked the next one does. An
//! endorsement that would add one more reverts; provisional ones leave room for accepted ones.
//!
//! **What one sentinel cannot do alone:** block an address that never may be, block a member that has
//! weight (it would silence a voter), or renew a provisional directive against the same target within
//! [`PROVISIONAL_COOLDOWN_S`](crate::limits::PROVISIONAL_COOLDOWN_S).
//!
//! **Zones.** Every change of a `block` directive is appended to a feed, from which zones take it (see [`feed`]). A zone has no members,
//! so nobody raises alerts there. Its own policy says which of them it obeys and for how long (its terms), and whom it never blocks; its
//! warden, if it was created with one, decides on the latter and on directives of the zone's own (see [`policy`]).
//!
//! | selector | kind | who |
//! |---|---|---|
//! | `raise` | pay | active members with weight |
//! | `raiseProvisional` | pay | active sentinels |
//! | `endorse`, `voteRevoke` | write | active members with weight |
//! | `claimBond` | write | the raiser |
//! | `issueOwn`, `endOwn`, `protect`, `unprotect`, `setWarden` | write | the warden of a zone |
//! | `alert`, `tally`, `bondClaimableAt`, `blockedUntil`, `directives`, `alertIds`, `isProtected`, `parameters`, `warden`, `protectedAddresses`, `ownDirectives` | view | anybody |

mod checks;
mod directives;
mod dispatch;
pub mod enforcement;
pub mod feed;
mod list;
mod logic;
mod parameters;
mod policy;
mod state;
mod views;

pub(crate) use checks::is_of_protocol;
pub(crate) use dispatch::dispatch;
pub(crate) use parameters::set_parameters;

#[cfg(test)]
mod tests;
