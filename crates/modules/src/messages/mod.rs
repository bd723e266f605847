//! Messages (native module 6): ether and messages between the chains of a league.
//!
//! **Everything passes the hub.** What the hub sends to a zone is appended to the zone's *lane*, from which its blocks take it as they take
//! directives ([`arrivals`]). What a zone sends is a leaf of its outbox, whose root its headers carry; the hub takes it by proof against
//! the zone's newest checkpoint, one after another, and appends it to the lane of its destination.
//!
//! **Ether.** The hub holds here what its zones have; on a zone it is made when it arrives and unmade when it is sent. So what is locked for
//! a zone is what is there and under way, and a zone that lies can lose no more than its own.
//!
//! **Outflow.** What the hub holds for a zone falls at once by no more than the stake that answers if its committee contradicts itself, and by as much again as a
//! day passes. What is more than that is *held*, and is let go as time passes; what comes after it need not wait for it.
//!
//! **Calls.** Nothing here calls a contract. A message with data waits until its receiver takes it, together with its value, as often as it
//! has to try; after 7 days anybody can send the value back. So no receiver can hold up what others sent. A message can offer a *reward* to the account whose
//! transaction makes its receiver take it; the hub tells of such messages (`Due`), and nodes call their receivers by ordinary transactions.
//!
//! **The guard.** No blocked address is sent to, or paid. Its ether is held on the hub as what exceeds the outflow limit is, and does not count as
//! having left; a zone, which takes what the hub has decided, keeps it for the address. Once the address is free, anybody has it paid (`release`). So nothing is lost,
//! nobody waits for another's directive, and no account is paid on a chain where it may not exist.
//!
//! **The end.** What a zone has when it has settled is paid on the hub: to each account what the last checkpoint proves that it had, and what the zone
//! never took to whom it came from or went to (`exits`).
//!
//! **Order.** Messages of one chain arrive on another in the order in which they were sent, except those that are held.
//!
//! | selector | kind | who |
//! |---|---|---|
//! | `send`, `sendWithCall` | pay | anybody |
//! | `deliver`, `exit`, `exitMessage`, `reclaim` | write | anybody, on the hub |
//! | `release` | write | anybody |
//! | `take` | write | the message's receiver |
//! | `refund` | write | anybody |
//! | `waiting`, `lane`, `outbox`, `arrived`, `proof` | view | anybody |

mod delivery;
mod dispatch;
mod exits;
mod inbox;
mod lanes;
mod outbox;
mod sending;
mod state;

pub(crate) use dispatch::dispatch;
pub use inbox::{arrive, waiting_slot};
pub use lanes::arrivals;
pub(crate) use lanes::entries;
pub use outbox::outbox;
pub(crate) use state::write_genesis;

#[cfg(test)]
mod tests;
