//! Sessions on a state in memory.
