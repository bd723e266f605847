//! Members (native module 3): who belongs to the league, with which roles and weight.
//!
//! A proposal about one subject (admit, suspend, reinstate, set roles) passes in the call that brings
//! the approving weight above half of the total active weight. Votes count with the weight that their
//! member has when they are counted: a member suspended meanwhile no longer counts. When weights change
//! so that the votes cast suffice, anybody who has cast one settles the proposal by casting it again.
//!
//! A proposer has at most one open proposal about a subject, so that nobody can keep others from making
//! theirs. It expires after [`PROPOSAL_LIFETIME_S`](crate::limits::PROPOSAL_LIFETIME_S), and when another
//! one about its subject passes: what was approved was a change of the subject as it was before. A
//! nominee's profile belongs to the proposal until it passes.
//!
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
pub(crate) use votes::{active, cast, count, is_voter, pending, total_weight, voter};

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod votes_tests;
