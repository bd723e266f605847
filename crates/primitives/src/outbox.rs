//! The tree over what a zone has sent: one header proves every message up to it, however old.
//!
//! A binary tree of [`OUTBOX_LEVELS`] levels over the messages' digests in the order in which they were sent, padded with zeros. A node is
//! keccak256 of its two children. The tree only grows, so a node whose leaves are all there never changes again.

use crate::OUTBOX_LEVELS;
use alloy_primitives::{B256, keccak256};
use bytes::BufMut;
use commonware_codec::{Buf, Error as CodecError, FixedSize, Read, ReadExt as _, Write};
use std::sync::LazyLock;

/// How much a zone has sent, as its headers say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    /// Messages since the zone began.
    pub count: u64,
    /// Root of the tree over them; zero while there are none.
    pub root: B256,
}

impl FixedSize for Outbox {
    const SIZE: usize = 8 + 32;
}

impl Write for Outbox {
    fn write(&self, buf: &mut impl BufMut) {
        buf.put_u64(self.count);
        buf.put_slice(self.root.as_slice());
    }
}

impl Read for Outbox {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        Ok(Self {
            count: u64::read(buf)?,
            root: B256::new(<[u8; 32]>::read(buf)?),
        })
    }
}

/// A node of the tree.
pub fn parent(left: B256, right: B256) -> B256 {
    keccak256([left.0, right.0].concat())
}

/// The node over 2^level leaves that are not there.
///
/// # Panics
/// When the tree has no such level.
pub fn empty_subtree(level: usize) -> B256 {
    static NODES: LazyLock<[B256; OUTBOX_LEVELS + 1]> = LazyLock::new(|| {
        let mut nodes = [B256::ZERO; OUTBOX_LEVELS + 1];
        for level in 0..OUTBOX_LEVELS {
            nodes[level + 1] = parent(nodes[level], nodes[level]);
        }
        nodes
    });
    NODES[level]
}

/// The root that the `index`-th leaf and its siblings, the leaf's own first, lead to.
pub fn climb(leaf: B256, index: u64, siblings: &[B256]) -> B256 {
    let step = |(node, index), sibling: &B256| {
        let node = if index & 1 == 0 {
            parent(node, *sibling)
        } else {
            parent(*sibling, node)
        };
        (node, index >> 1)
    };
    siblings.iter().fold((leaf, index), step).0
}
