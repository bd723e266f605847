//! The server through real sockets, on a small chain in memory.

mod addresses;
mod basics;
mod calls;
mod common;
mod finality;
mod front;
mod guard;
mod hostile;
mod mempool;
mod openrpc;
mod overload;
mod packed;
mod sending;
mod simulate;
mod staking;
mod subscriptions;
mod traces;
mod websocket;
