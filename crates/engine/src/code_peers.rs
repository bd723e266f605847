//! State sync of contract code: glue's resolver, adapted.
//!
//! Glue carries operations whose decoding needs no configuration; those of the code database have `((), ())`. And a peer asks
//! for as many operations at once as suits accounts, each of which can hold 24 KiB here.

use alloy_primitives::bytes::BufMut;
use commonware_codec::{Buf, EncodeSize, Error as CodecError, Read, Write};
use commonware_cryptography::sha256::Digest;
use commonware_glue::stateful::db::{AttachableResolver, Shared, p2p};
use commonware_parallel::Strategy;
use commonware_storage::qmdb::{
    any::value::VariableEncoding,
    immutable::Operation as CodeOperation,
    sync::{
        Request, Response, ServeError, Source,
        source::{self, Feedback},
    },
};
use commonware_utils::{
    NZU64,
    channel::{mpsc, oneshot},
};
use hansa_primitives::MAX_CODE_BYTES;
use hansa_state::{Code, CodeDb, Family};
use std::{num::NonZeroU64, sync::Arc};

/// Most contracts in one answer: with their proofs far below the largest message.
pub(crate) const MAX_CODES: NonZeroU64 = NZU64!(32);
const _: () =
    assert!(MAX_CODES.get() as usize * MAX_CODE_BYTES < hansa_primitives::MAX_BLOCK_BYTES / 2);

type Inner = CodeOperation<Family, Digest, VariableEncoding<Code>>;

/// An operation of the code database that is decoded without configuration.
#[derive(Clone, Debug)]
pub(crate) struct Operation(Inner);

impl Write for Operation {
    fn write(&self, buf: &mut impl BufMut) {
        self.0.write(buf);
    }
}

impl EncodeSize for Operation {
    fn encode_size(&self) -> usize {
        self.0.encode_size()
    }
}

impl Read for Operation {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        Inner::read_cfg(buf, &((), ())).map(Self)
    }
}

fn map<A, B>(
    response: Response<Family, A, Digest>,
    op: impl Fn(A) -> B,
) -> Response<Family, B, Digest> {
    match response {
        Response::Operations { proof, operations } => Response::Operations {
            proof,
            operations: operations.into_iter().map(op).collect(),
        },
        Response::Boundary {
            proof,
            op: boundary,
            pinned_nodes,
        } => Response::Boundary {
            proof,
            op: op(boundary),
            pinned_nodes,
        },
    }
}

/// What peers are served from.
pub(crate) struct Served<E: crate::Runtime, S: Strategy>(Shared<CodeDb<E, S>>);

impl<E: crate::Runtime, S: Strategy> Source for Served<E, S> {
    type Family = Family;
    type Digest = Digest;
    type Op = Operation;
    type Error = ServeError<Family>;

    async fn serve(&self, request: Request<Family>) -> source::Result<Self> {
        let (response, _) = self.0.serve(request).await?;
        Ok((map(response, Operation), None))
    }
}

type FromPeers = Response<Family, Operation, Digest>;
type Mailbox<E, S> = p2p::Mailbox<Served<E, S>, Family, Operation, Digest>;

/// The code databases of peers.
pub(crate) struct CodePeers<E: crate::Runtime, S: Strategy> {
    context: Arc<E>,
    mailbox: Mailbox<E, S>,
}

impl<E: crate::Runtime, S: Strategy> CodePeers<E, S> {
    /// Asks through the actor behind `mailbox`.
    pub(crate) fn new(context: E, mailbox: Mailbox<E, S>) -> Self {
        Self {
            context: Arc::new(context),
            mailbox,
        }
    }

    /// Carries the verdict on an answer to glue, and its next answer back.
    fn adapt(&self, mut theirs: Feedback<FromPeers>) -> Feedback<Response<Family, Inner, Digest>> {
        let (verdict, mut judged) = oneshot::channel();
        let (answers, next) = mpsc::channel(1);
        self.context.child("verdict").spawn(move |_| async move {
            // Who drops the verdict needs the answer no more; so does this.
            while let Ok(valid) = judged.await {
                if valid {
                    theirs.accept();
                    return;
                }
                let Some((response, feedback)) = theirs.reject().await else {
                    return;
                };
                let (verdict, receiver) = oneshot::channel();
                let answer = (map(response, |operation| operation.0), verdict);
                if answers.send(answer).await.is_err() {
                    return;
                }
                (theirs, judged) = (feedback, receiver);
            }
        });
        Feedback::new(verdict, next)
    }
}

impl<E: crate::Runtime, S: Strategy> Clone for CodePeers<E, S> {
    fn clone(&self) -> Self {
        Self {
            context: self.context.clone(),
            mailbox: self.mailbox.clone(),
        }
    }
}

impl<E: crate::Runtime, S: Strategy> Source for CodePeers<E, S> {
    type Family = Family;
    type Digest = Digest;
    type Op = Inner;
    type Error = p2p::ResponseDropped;

    async fn serve(&self, request: Request<Family>) -> source::Result<Self> {
        let request = match request {
            Request::Operations {
                size,
                start,
                max_ops,
            } => Request::Operations {
                size,
                start,
                max_ops: max_ops.min(MAX_CODES),
            },
            boundary @ Request::Boundary { .. } => boundary,
        };
        let (response, feedback) = self.mailbox.serve(request).await?;
        let feedback = feedback.map(|feedback| self.adapt(feedback));
        Ok((map(response, |operation| operation.0), feedback))
    }
}

impl<E: crate::Runtime, S: Strategy> AttachableResolver<CodeDb<E, S>> for CodePeers<E, S> {
    async fn attach_database(&self, database: Shared<CodeDb<E, S>>) {
        let served = Shared::new("code.served", Served(database));
        self.mailbox.attach_database(served);
    }
}
