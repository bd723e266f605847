//! The `eth` namespace, one file per topic.

pub(crate) mod blocks;
pub(crate) mod call;
pub(crate) mod fees;
pub(crate) mod filters;
pub(crate) mod logs;
pub(crate) mod simulate;
pub(crate) mod simulated;
pub(crate) mod state;
pub(crate) mod transactions;
