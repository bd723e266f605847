//! The EVM's state over QMDB, its proofs, and recent history.

mod view;

pub use view::{Account, MemoryState, StateError, StateProvider, StateView};
