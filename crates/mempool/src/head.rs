//! What the pool knows, and asks, about the newest finalized block.

use crate::HeadError;
use alloy_primitives::{Address, B256, U256};
use hansa_primitives::Terms;
use std::future::Future;

/// An account at the head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountInfo {
    /// Next nonce.
    pub nonce: u64,
    /// Wei.
    pub balance: U256,
    /// Holds code other than an EIP-7702 delegation: it cannot send (EIP-3607).
    pub has_code: bool,
    /// Has an EIP-7702 delegation: whoever calls it may move its ether, and so make unaffordable what it has sent.
    pub delegates: bool,
}

/// The directive that blocks an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockedBy {
    /// The alert behind the directive.
    pub alert_id: U256,
    /// When it expires, seconds since the Unix epoch.
    pub until: u64,
}

/// Reads the newest finalized state.
///
/// # Contract
/// When [`crate::Pool::on_finalized`] is called for a block, this already answers for that block
/// or a later one; otherwise a transaction that the block made stale could be let in.
pub trait HeadState: Send + Sync {
    /// The account at `address`; the default one where there is none.
    fn account(
        &self,
        address: Address,
    ) -> impl Future<Output = Result<AccountInfo, HeadError>> + Send;

    /// The directive that blocks `address` now, if one does.
    fn blocked(&self, address: Address) -> impl Future<Output = Option<BlockedBy>> + Send;

    /// Several accounts, in order. Override it where a batch is cheaper.
    fn accounts(
        &self,
        addresses: &[Address],
    ) -> impl Future<Output = Result<Vec<AccountInfo>, HeadError>> + Send {
        async move {
            let mut accounts = Vec::with_capacity(addresses.len());
            for address in addresses {
                accounts.push(self.account(*address).await?);
            }
            Ok(accounts)
        }
    }

    /// Several addresses, in order. Override it where a batch is cheaper: most of the time no
    /// directive is active and the answer is a row of `None`.
    fn blocked_many(
        &self,
        addresses: &[Address],
    ) -> impl Future<Output = Vec<Option<BlockedBy>>> + Send {
        async move {
            let mut blocked = Vec::with_capacity(addresses.len());
            for address in addresses {
                blocked.push(self.blocked(*address).await);
            }
            blocked
        }
    }
}

/// What the pool remembers of the newest finalized block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadInfo {
    /// Its number.
    pub number: u64,
    /// Base fee of the block after it, wei per gas.
    pub base_fee_next: u64,
    /// What it kept to, and the block after it does unless an upgrade is due.
    pub terms: Terms,
    /// Its time, seconds since the Unix epoch.
    pub timestamp: u64,
}

/// What a newly finalized block changed.
#[derive(Clone, Copy, Debug)]
pub struct BlockUpdate<'a> {
    /// The block.
    pub head: HeadInfo,
    /// Its transactions: hash, sender, nonce.
    pub included: &'a [(B256, Address, u64)],
    /// Every account that it changed.
    pub changed: &'a [(Address, AccountInfo)],
    /// Addresses that a directive blocks from the next block on and did not before.
    pub blocked: &'a [Address],
}
