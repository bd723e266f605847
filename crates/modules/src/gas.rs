//! What module calls cost, charged before the work.
//!
//! The numbers are the EVM's own for the same work, simplified: a slot is cold (dear) the first time
//! a call touches it and warm (cheap) afterwards, whatever the rest of the transaction did; nothing
//! is refunded; what is buffered and what is written costs the same.

/// Reading a slot for the first time in a call (EIP-2929).
pub const SLOAD_COLD: u64 = 2_100;
/// Reading a slot again in the same call (EIP-2929).
pub const SLOAD_WARM: u64 = 100;
/// Writing a slot that was zero, on top of [`SLOAD_COLD`] or [`SLOAD_WARM`].
pub const SSTORE_SET: u64 = 20_000;
/// Writing another value to a slot that was not zero, on top of the read.
pub const SSTORE_RESET: u64 = 2_900;
/// Base of a log, and again for each topic.
pub const LOG: u64 = 375;
/// Each byte of a log's data.
pub const LOG_BYTE: u64 = 8;
/// Base of a keccak256.
pub const KECCAK: u64 = 30;
/// Each started 32-byte word of keccak256's input.
pub const KECCAK_WORD: u64 = 6;
/// Base of a SHA-256, as the EVM's precompile.
pub const SHA256: u64 = 60;
/// Each started 32-byte word of SHA-256's input.
pub const SHA256_WORD: u64 = 12;
/// Copying and decoding each started 32-byte word of input (selector included) or output.
pub const COPY_WORD: u64 = 3;
/// Each byte of content published on the exchange, for keeping it in every node's index.
pub const CONTENT_BYTE: u64 = 16;
/// Moving ether: a value transfer (9,000) to an account that may be new (25,000).
pub const TRANSFER: u64 = 34_000;
/// Verifying an ed25519 signature, which takes as long as the EVM's `ECRECOVER` (3,000).
pub const ED25519_VERIFY: u64 = 3_000;
/// Decoding an ed25519 public key.
pub const ED25519_KEY: u64 = 600;
/// Every call.
pub const CALL: u64 = 200;

/// Gas that was used, out of a limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter {
    limit: u64,
    used: u64,
}

/// The limit does not cover a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfGas;

impl Meter {
    pub(crate) const fn new(limit: u64) -> Self {
        Self { limit, used: 0 }
    }

    pub(crate) const fn used(&self) -> u64 {
        self.used
    }

    pub(crate) fn charge(&mut self, amount: u64) -> Result<(), OutOfGas> {
        let used = self.used.checked_add(amount).ok_or(OutOfGas)?;
        if used > self.limit {
            return Err(OutOfGas);
        }
        self.used = used;
        Ok(())
    }
}

/// The cost of every call, by the bytes of its input.
pub(crate) const fn input(bytes: usize) -> u64 {
    copy(bytes).saturating_add(CALL)
}

/// The cost of copying `bytes` bytes.
pub(crate) const fn copy(bytes: usize) -> u64 {
    words(bytes).saturating_mul(COPY_WORD)
}

/// The cost of hashing `bytes` bytes.
pub(crate) const fn keccak(bytes: usize) -> u64 {
    words(bytes)
        .saturating_mul(KECCAK_WORD)
        .saturating_add(KECCAK)
}

/// The cost of hashing `bytes` bytes with SHA-256, a word at a time.
pub(crate) const fn sha256(bytes: usize) -> u64 {
    words(bytes).saturating_mul(SHA256 + SHA256_WORD)
}

/// The cost of a log.
pub(crate) const fn log(topics: usize, bytes: usize) -> u64 {
    LOG * (topics as u64 + 1) + LOG_BYTE.saturating_mul(bytes as u64)
}

const fn words(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(32)
}
