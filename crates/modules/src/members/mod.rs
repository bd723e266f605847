//! Members (native module 3): who belongs to the league, with which roles and weight.
//!
//! A proposal about one subject (admit, suspend, reinstate, set roles) passes in the call that brings
//! the approving weight above half of the total active weight. Votes count with the weight that their
//! member has when they are counted: a member suspended meanwhile no longer counts. A subject has at
//! most one open proposal; it expires after [`PROPOSAL_LIFETIME_S`](crate::limits::PROPOSAL_LIFETIME_S).
//! No change may leave the league without any weight, since nobody could then ever undo it.
//!
//! | selector | kind | who |
//! |---|---|---|
//! | `nominate`, `proposeSuspension`, `proposeReinstatement`, `proposeRoles`, `approve` | write | active members with weight |
//! | `updateProfile`, `updateKey` | write | active members, for themselves |
//! | `member`, `isActive`, `weightOf`, `rolesOf`, `totalActiveWeight`, `memberCount`, `members`, `proposal`, `proposalCount`, `openProposal`, `hasApproved` | view | anybody |

mod dispatch;
mod logic;
mod roles;
mod state;
mod views;
mod votes;

pub(crate) use dispatch::dispatch;
pub(crate) use logic::admit_at_genesis;
pub use roles::{InvalidRoles, Role, Roles};
pub(crate) use votes::{active, cast, count, is_voter, total_weight, voter};

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod votes_tests;
