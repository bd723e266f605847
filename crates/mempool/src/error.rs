//! Why a transaction is refused. Clients match on the first words, which are go-ethereum's.

use alloy_primitives::{Address, B256, U256};
use hansa_primitives::TransactionError;
use thiserror::Error;

/// The head's state could not be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("state of the head is not readable: {0}")]
pub struct HeadError(pub String);

/// A signature from which no sender follows (or one with a high `s`, EIP-2).
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("invalid sender: the signature of transaction {index} is not valid")]
pub struct InvalidSignature {
    /// Position in the input.
    pub index: usize,
}

/// The pool missed blocks: call [`crate::Pool::reset`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the pool is at block {have} and was told of block {got}: blocks are missing between")]
pub struct Gap {
    /// Newest block that the pool has seen.
    pub have: u64,
    /// The block of the refused update.
    pub got: u64,
}

/// The part that a blocked address plays in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// It signed.
    Sender,
    /// It is called or paid.
    Recipient,
}

impl std::fmt::Display for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sender => "sender",
            Self::Recipient => "recipient",
        })
    }
}

/// Why the pool refuses a transaction.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PoolError {
    /// Not a transaction of this chain.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// Of a type that the chain's fork does not have.
    #[error("transaction type not supported")]
    UnsupportedType,
    /// It is in the pool.
    #[error("already known")]
    AlreadyKnown,
    /// No sender follows from the signature.
    #[error("invalid sender")]
    InvalidSender,
    /// Signed for another chain.
    #[error("invalid chain id for signer: have {have} want {want}")]
    ChainId {
        /// In the transaction.
        have: u64,
        /// Of this chain.
        want: u64,
    },
    /// A legacy transaction without a chain id, handed in over RPC.
    #[error("only replay-protected (EIP-155) transactions allowed over RPC")]
    Unprotected,
    /// EIP-2681.
    #[error("nonce has max value: address {sender}, nonce: {nonce}")]
    NonceMax {
        /// Who signed.
        sender: Address,
        /// The nonce.
        nonce: u64,
    },
    /// The nonce is used up.
    #[error("nonce too low: next nonce {next}, tx nonce {nonce}")]
    NonceTooLow {
        /// The account's.
        next: u64,
        /// The transaction's.
        nonce: u64,
    },
    /// The balance does not cover this transaction.
    #[error(
        "insufficient funds for gas * price + value: balance {balance}, tx cost {cost}, overshot {}",
        cost.saturating_sub(*balance)
    )]
    InsufficientFunds {
        /// Wei.
        balance: U256,
        /// Wei.
        cost: U256,
    },
    /// The balance does not cover this transaction beside the sender's others in the pool.
    #[error(
        "insufficient funds for gas * price + value: balance {balance}, queued cost {queued}, tx cost {cost}, overshot {}",
        queued.saturating_add(*cost).saturating_sub(*balance)
    )]
    Overdraft {
        /// Wei.
        balance: U256,
        /// The sender's other transactions, wei.
        queued: U256,
        /// Wei.
        cost: U256,
    },
    /// The sender is a contract (EIP-3607).
    #[error("sender not an eoa: address {sender}")]
    SenderNotEoa {
        /// Who signed.
        sender: Address,
    },
    /// Over the block's gas limit.
    #[error("exceeds block gas limit: gas {gas}, limit {limit}")]
    GasLimit {
        /// The transaction's.
        gas: u64,
        /// The block's.
        limit: u64,
    },
    /// EIP-7825.
    #[error("transaction gas limit too high (cap: {cap}, tx: {gas}; EIP-7825)")]
    GasLimitTooHigh {
        /// Gas that one transaction may ask for.
        cap: u64,
        /// What it asks for.
        gas: u64,
    },
    /// Under what the transaction costs before it runs.
    #[error("intrinsic gas too low: gas {gas}, minimum needed {needed}")]
    IntrinsicGas {
        /// The transaction's limit.
        gas: u64,
        /// Intrinsic gas.
        needed: u64,
    },
    /// EIP-7623.
    #[error("insufficient gas for floor data gas cost: gas {gas}, minimum needed {needed}")]
    FloorDataGas {
        /// The transaction's limit.
        gas: u64,
        /// Floor gas.
        needed: u64,
    },
    /// EIP-1559.
    #[error(
        "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: {tip}, maxFeePerGas: {fee_cap}"
    )]
    TipAboveFeeCap {
        /// Wei per gas.
        tip: u128,
        /// Wei per gas.
        fee_cap: u128,
    },
    /// EIP-3860.
    #[error("max initcode size exceeded: code size {size}, limit {limit}")]
    InitCodeSize {
        /// Bytes.
        size: usize,
        /// Bytes.
        limit: usize,
    },
    /// EIP-7702 without authorizations.
    #[error("set code tx must have at least one authorization tuple (EIP-7702)")]
    EmptyAuthorizations,
    /// Under the node's smallest tip.
    #[error("transaction underpriced: gas tip cap {tip}, minimum needed {needed}")]
    TipTooLow {
        /// Wei per gas.
        tip: u128,
        /// Wei per gas.
        needed: u128,
    },
    /// Under the smallest base fee that the chain can have.
    #[error("transaction underpriced: max fee per gas {fee_cap}, minimum needed {needed}")]
    FeeCapTooLow {
        /// Wei per gas.
        fee_cap: u128,
        /// Wei per gas.
        needed: u64,
    },
    /// The pool is full of transactions that pay at least as much.
    #[error(
        "transaction underpriced: txpool is full and its lowest tip is {lowest} wei per gas; raise the tip"
    )]
    Underpriced {
        /// Effective tip of the transaction that would have had to go, wei per gas.
        lowest: i128,
    },
    /// Too little over the transaction that it would replace.
    #[error(
        "replacement transaction underpriced: fee cap and tip must be at least {needed_fee_cap} and {needed_tip} wei per gas"
    )]
    ReplaceUnderpriced {
        /// Wei per gas.
        needed_fee_cap: u128,
        /// Wei per gas.
        needed_tip: u128,
    },
    /// No room can be made.
    #[error("txpool is full: limit {limit} ({name}); try again later")]
    Full {
        /// The limit's name.
        name: &'static str,
        /// Its value.
        limit: usize,
    },
    /// A transaction that cannot run yet may not push out one that can.
    #[error("future transaction tries to replace pending")]
    FutureReplacePending,
    /// One sender's share is used up.
    #[error("account limit exceeded: limit {limit} ({name})")]
    AccountLimit {
        /// The limit's name.
        name: &'static str,
        /// Its value.
        limit: usize,
    },
    /// An account with an EIP-7702 delegation has one transaction in the pool at a time, the next one.
    #[error("{}", if *gapped { "gapped-nonce tx from delegated accounts" } else { "in-flight transaction limit reached for delegated accounts" })]
    Delegated {
        /// Nonces before it are missing.
        gapped: bool,
    },
    /// A directive blocks a party.
    #[error(
        "blocked by {} until {until} (unix seconds): {party} {address} is blocked by this chain's guard",
        hansa_evm::directive_name(*alert_id)
    )]
    Blocked {
        /// Which part the blocked address plays.
        party: Party,
        /// The blocked address.
        address: Address,
        /// The alert behind the directive.
        alert_id: U256,
        /// Expiry, seconds since the Unix epoch.
        until: u64,
    },
    /// No block follows the chain's last one.
    #[error("this chain has ended: no block takes transactions any more")]
    ChainEnded,
    /// The node cannot answer now.
    #[error(transparent)]
    Head(#[from] HeadError),
}

/// What became of a transaction that was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// Its hash.
    pub hash: B256,
    /// The transaction that it replaced.
    pub replaced: Option<B256>,
    /// It can run now (no missing nonce before it).
    pub pending: bool,
}
