//! The peer source of the code database.
//!
//! Glue's resolver carries only operations of one fixed shape, and code has none. A node that was
//! away replays blocks, which needs no peer for state; joining by state sync, which would, comes with
//! changing committees.

use commonware_cryptography::sha256::Digest;
use commonware_glue::stateful::db::{AttachableResolver, Shared};
use commonware_parallel::Strategy;
use commonware_storage::qmdb::{
    any::value::VariableEncoding,
    immutable::Operation,
    sync::source::{self, Request, Source},
};
use hansa_state::{Code, CodeDb, Family};
use std::marker::PhantomData;
use thiserror::Error;

/// Nobody serves code.
#[derive(Debug, Error)]
#[error("contract code is not synced from peers: start from genesis")]
pub(crate) struct NotServed;

/// A source that has nothing.
pub(crate) struct NoCode<E, S>(PhantomData<fn() -> (E, S)>);

impl<E, S> Default for NoCode<E, S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<E, S> Clone for NoCode<E, S> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<E: 'static, S: 'static> Source for NoCode<E, S> {
    type Family = Family;
    type Digest = Digest;
    type Op = Operation<Family, Digest, VariableEncoding<Code>>;
    type Error = NotServed;

    async fn serve(&self, _request: Request<Family>) -> source::Result<Self> {
        Err(NotServed)
    }
}

impl<E, S> AttachableResolver<CodeDb<E, S>> for NoCode<E, S>
where
    E: crate::Runtime,
    S: Strategy,
{
    async fn attach_database(&self, _db: Shared<CodeDb<E, S>>) {}
}
