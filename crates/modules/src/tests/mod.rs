//! Tests of what all modules have in common, and the world that the modules' tests run in.

mod arbitrary_input;
mod framework;
mod genesis;
mod layout;
mod real_objects;
mod selectors;
pub(crate) mod world;
