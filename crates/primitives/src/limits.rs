//! Every limit on what a block or a transaction may be, in one place.

/// Version byte of the header encoding.
pub const HEADER_VERSION: u8 = 5;
/// Largest encoded transaction, bytes: room for the largest object that the exchange takes (256 KiB),
/// ABI-encoded. (go-ethereum's pool stops at 128 KiB; the real MITRE bundles hold larger objects.)
pub const MAX_TRANSACTION_BYTES: usize = 384 * 1024;
/// Largest sum of encoded transactions in a block, bytes.
pub const MAX_BLOCK_BYTES: usize = 4 * 1024 * 1024;
/// Most transactions in a block (a 21,000-gas transfer is the smallest: 100 M gas hold 4,761).
pub const MAX_BLOCK_TRANSACTIONS: usize = 50_000;
/// Most code of a contract, bytes (EIP-170), deployed or in the genesis.
pub const MAX_CODE_BYTES: usize = 24_576;
/// A block's timestamp is at most this long after its parent's, milliseconds. After a halt the
/// chain's clock catches up in steps of this size, so that no block can hold its verifiers longer.
pub const MAX_TIMESTAMP_STEP_MS: u64 = 60_000;
/// A validator waits with its vote to finalize while a block is further ahead of its clock, milliseconds.
pub const MAX_CLOCK_AHEAD_MS: u64 = 500;
/// Most changes of directives that a block of a zone takes from the hub.
pub const MAX_DIRECTIVE_INPUTS: usize = 1_024;
/// Most messages, ether without one included, that a block of a zone takes from the hub.
pub const MAX_ARRIVAL_INPUTS: usize = 1_024;
/// A block of a zone names a block of the hub that is at most this much older than itself, milliseconds: where the hub stands, its
/// zones stand a little later.
pub const MAX_HUB_AGE_MS: u64 = 60_000;
/// A block of a zone names at most as many blocks of the hub more than its parent as fit into the time between the two, and this
/// many: a proposer cannot hold its validators for long with a block that is not there.
pub const HUB_STEP_SLACK: u64 = 16;
/// And at most this many. A zone that stood catches up in steps.
pub const MAX_HUB_STEP: u64 = 4_096;
/// Most operators in a committee.
pub const MAX_OPERATORS: usize = 128;
/// Most members in a genesis file.
pub const MAX_GENESIS_MEMBERS: usize = 1_024;
/// Smallest committee that tolerates one faulty operator. A league of one to three operators runs,
/// and tolerates none.
pub const FAULT_TOLERANT_OPERATORS: usize = 4;
/// Fewest blocks of an epoch.
pub const MIN_EPOCH_BLOCKS: u64 = 4;
/// Most blocks of an epoch: staking counts in 16 bits who signed.
pub const MAX_EPOCH_BLOCKS: u64 = 65_535;
/// Levels of the tree of a zone's outbox: it holds 2^32 messages.
pub const OUTBOX_LEVELS: usize = 32;
