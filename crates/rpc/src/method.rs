//! A method as data: dispatch, the namespace switch and the OpenRPC document read the same table.

use crate::{errors::CallResult, node::Node, params::Args};
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::sync::Arc;

/// The JSON of a result, on its way.
pub(crate) type Reply<'a> = BoxFuture<'a, CallResult<Box<RawValue>>>;
/// Answers one call.
pub(crate) type Handler = for<'a> fn(&'a Arc<Node>, Args<'a>) -> Reply<'a>;

/// One method.
pub(crate) struct Method {
    /// `namespace_name`.
    pub(crate) name: &'static str,
    /// One sentence.
    pub(crate) summary: &'static str,
    /// `name: type`, with `?` after the type where it may be absent. Types are those of
    /// [`crate::openrpc`].
    pub(crate) params: &'static [&'static str],
    /// Type of the result.
    pub(crate) result: &'static str,
    /// The code; `None` for subscriptions, which need the connection.
    pub(crate) handler: Option<Handler>,
}

impl Method {
    /// A method that answers by itself.
    pub(crate) const fn new(
        name: &'static str,
        summary: &'static str,
        params: &'static [&'static str],
        result: &'static str,
        handler: Handler,
    ) -> Self {
        Self {
            name,
            summary,
            params,
            result,
            handler: Some(handler),
        }
    }

    /// What stands before `_` or `.`.
    pub(crate) fn namespace(&self) -> &'static str {
        self.name.split(['_', '.']).next().unwrap_or_default()
    }
}

/// Serialises a result.
pub(crate) fn json(value: &impl Serialize) -> CallResult<Box<RawValue>> {
    to_raw_value(value).map_err(crate::errors::Fault::internal)
}

/// A [`Handler`] from an expression that may use `?`.
macro_rules! handler {
    ($node:ident, $args:ident => $body:expr) => {
        |$node, $args| {
            Box::pin(async move {
                let _ = (&$node, &$args);
                $crate::method::json(&$body)
            })
        }
    };
}
pub(crate) use handler;

/// Every method of the server.
pub(crate) fn all() -> impl Iterator<Item = &'static Method> {
    [
        crate::eth::blocks::METHODS,
        crate::eth::transactions::METHODS,
        crate::eth::call::METHODS,
        crate::eth::fees::METHODS,
        crate::eth::simulate::METHODS,
        crate::eth::state::METHODS,
        crate::eth::logs::METHODS,
        crate::eth::filters::METHODS,
        crate::subscriptions::METHODS,
        crate::debug::METHODS,
        crate::hansa::METHODS,
        crate::addresses::METHODS,
        crate::finality::METHODS,
        crate::staking::METHODS,
        crate::zones::METHODS,
        crate::net::METHODS,
        crate::txpool::METHODS,
        crate::openrpc::METHODS,
    ]
    .into_iter()
    .flatten()
}
