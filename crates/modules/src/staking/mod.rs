//! Staking (native module 1): operators, delegations, the committee of each epoch, rewards and slashing.
//!
//! **Time.** Everything counts in epochs of `epoch_blocks` blocks, see [`Calendar`]. At the end of an epoch's *freeze
//! block* [`end_block`] pays the epoch's rewards, jails who was absent, and fixes the committee of the next epoch. A call
//! up to the freeze block takes effect for the next epoch, a later one for the epoch after: its *effective epoch*. What
//! blocks carry after the freeze block counts neither for rewards nor against anybody.
//!
//! **Stake** is wei: nothing is converted, so nothing grows or shrinks but by the slash that says so. It counts from the
//! effective epoch of its delegation to that of its leaving, and *answers* for the faults of exactly these epochs,
//! also while it unbonds, and also when it unbonds for another operator. Evidence expires before stake can leave:
//! certificate lifetime + evidence window < unbonding, whichever of them changes.
//!
//! **Work** does not grow with the number of delegators. An operator's stake is summed by when it counted (`pool`);
//! delegators' positions follow when they are touched (`replay`), with the same result whenever that is.
//!
//! **Slashing.** Evidence bars the operator from the next committee that is fixed, and locks what answers for the
//! fault until the appeal window is over. Then the lesser of the chain's share and the operator's terms for its kind,
//! both as of the fault's epoch, is taken from what counted in it; a part goes to the finder, a part of the rest to the
//! fund, and the remainder is burnt. Absence jails, and never slashes.
//!
//! **Risk.** For each kind of fault, a delegator signs the largest part of its position that one slash may take. An
//! operator's terms bound what a slash takes, and cover the chain's shares when they are set. They, and the chain's
//! shares, rise only after unbonding and two epochs, so that everybody can leave first. Each kind changes by itself.
//!
//! **Zones.** A part of each operator's stake answers for each zone (`allocations`): slices are unique. A fault on a zone costs that
//! part of what it would cost on the hub, and the operator's seat there; nothing else.
//!
//! **Rounding** favours the module: a slash takes the floor from a sum and the ceiling from its parts; rewards are
//! rounded down. The module's balance always covers what everybody can ever claim.
//!
//! | selector | kind | who |
//! |---|---|---|
//! | `register` | pay | who holds a key, and owns no operator yet |
//! | `rotateKey`, `setCommission`, `setFeeRecipient`, `setProfile`, `setRisk`, `setZoneShare`, `setStandingShare`, `exit`, `rejoin`, `unjail`, `claimCommission` | write | an operator's owner |
//! | `delegate` | pay | anybody |
//! | `undelegate`, `withdraw`, `redelegate`, `claimRewards`, `restake`, `setAutoRestake` | write | the delegator |
//! | `settle`, `completeRedelegation`, `retire`, `submitEvidence`, `submitZoneEvidence`, `settleSlash` | write | anybody |
//! | `appeal` | pay | the operator's owner, and whose stake answers |
//! | `approveAppeal` | write | active members with weight |
//! | all others | view | anybody |

mod allocations;
mod clock;
mod committee;
mod delegation;
mod dispatch;
mod end_block;
mod entries;
mod epochs;
mod genesis;
mod lifecycle;
mod operators;
mod parameters;
mod participation;
mod pool;
mod position;
mod previews;
mod replay;
mod rewards;
mod selection;
mod settings;
mod signatures;
mod slashes;
mod slashing;
mod state;
mod terms;
mod views;
mod window;

pub(crate) use allocations::share_at;
pub(crate) use committee::fixed_at;
pub use committee::{Committee, adopt, committee, newest_epoch, seats};
pub(crate) use dispatch::dispatch;
pub use end_block::{BlockEnd, Ended, end_block};
pub use epochs::{Calendar, Cut, Timetable};
pub(crate) use genesis::write_genesis;
pub use hansa_primitives::{Seat, StakingParams};
pub use parameters::OutOfBounds;
pub use settings::{ParametersRefused, fee_share_bps, set_parameters};
pub(crate) use settings::{calendar, is_enabled, relied_upon_since};
pub(crate) use signatures::is_certified;
pub(crate) use slashing::least_fault;

#[cfg(test)]
pub(crate) mod tests;
