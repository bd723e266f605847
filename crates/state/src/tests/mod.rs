//! The databases in both runtimes, the bridge to the EVM, proofs, and committed vectors.

mod bridge;
mod databases;
mod proofs;
mod vectors;
mod world;
