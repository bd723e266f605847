//! The server through real sockets, on a small chain in memory.

mod basics;
mod common;
mod hostile;
