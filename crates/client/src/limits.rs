//! Every limit of the client, in one place.

/// Most calls in one JSON-RPC batch (the node's own limit).
pub const MAX_BATCH: usize = 100;
/// Largest JSON-RPC request, bytes (the node takes 2 MB).
pub const MAX_REQUEST_BYTES: u32 = 2_000_000;
/// Largest JSON-RPC response, bytes (the node sends 25 MB).
pub const MAX_RESPONSE_BYTES: u32 = 26_000_000;
/// Longest wait for one JSON-RPC answer, seconds.
pub const REQUEST_TIMEOUT_S: u64 = 30;
/// Gas of one transaction (EIP-7825).
pub const MAX_TRANSACTION_GAS: u64 = 16_777_216;
/// Gas that a planned transaction may need by the plan's own bound: some room under the cap.
pub const MAX_PLANNED_GAS: u64 = 16_000_000;
/// Bytes of a planned transaction's input: the rest up to the chain's limit for a transaction is
/// for its envelope.
pub const MAX_PLANNED_BYTES: usize = hansa_primitives::MAX_TRANSACTION_BYTES - 1_024;
/// Transactions in flight at once.
pub const WINDOW: usize = 8;
/// Most transactions in flight that can be asked for: half of what a node's pool queues for a sender
/// behind a missing nonce.
pub const MAX_WINDOW: usize = 32;
/// Input bytes in flight at once: the pool takes 4 MiB from one sender.
pub const WINDOW_BYTES: usize = 3 * 1024 * 1024;
/// Pause between looks for receipts, milliseconds.
pub const POLL_MS: u64 = 50;
/// Blocks in one logs query (the node's own limit).
pub const LOG_BLOCKS: u64 = 10_000;
/// Largest file that is read for publishing or importing, bytes.
pub const MAX_FILE_BYTES: u64 = 512 * 1024 * 1024;
/// Most objects of one publication.
pub const MAX_OBJECTS: usize = 1_000_000;
/// Bytes of one label of an imported indicator.
pub const MAX_LABEL_BYTES: usize = 256;
/// Labels of one imported indicator.
pub const MAX_LABELS: usize = 64;
/// Largest keystore file, bytes.
pub const MAX_KEYSTORE_BYTES: u64 = 64 * 1024;
/// Most that scrypt may fill to open a keystore: 128 N r p, bytes. geth's keys take a quarter.
pub const MAX_SCRYPT_BYTES: u128 = 1 << 30;
/// Most rounds of PBKDF2 to open a keystore.
pub const MAX_PBKDF2_ROUNDS: u32 = 10_000_000;
