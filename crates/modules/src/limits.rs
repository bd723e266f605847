//! Every limit of the native modules, in one place.

/// Members that a league can have. Bounds the cost of counting votes.
pub const MAX_MEMBERS: u64 = 1_024;
/// Bytes of a member's name.
pub const MAX_NAME_BYTES: usize = 128;
/// Bytes of a member's contact.
pub const MAX_CONTACT_BYTES: usize = 256;
/// Bytes of a reason given for a proposal, a revocation or an alert.
pub const MAX_REASON_BYTES: usize = 256;
/// Voting weight of one member.
pub const MAX_WEIGHT: u32 = 1_000_000;
/// Seconds that a proposal about a member stays open.
pub const PROPOSAL_LIFETIME_S: u64 = 7 * 24 * 3_600;
/// Members on one page of a listing.
pub const MAX_MEMBERS_PAGE: usize = 64;

/// Entries in one `publish` call.
pub const MAX_ENTRIES: usize = 64;
/// Bytes of one object's content. The largest object of MITRE's collections (the collection object
/// itself) has about 240 KiB.
pub const MAX_CONTENT_BYTES: usize = 256 * 1_024;
/// Bytes of an object's type; STIX 2.1 section 3.1 asks for 3 to 250.
pub const MAX_TYPE_BYTES: usize = 64;
/// The shortest object type.
pub const MIN_TYPE_BYTES: usize = 3;
/// Pairs in one `has` call.
pub const MAX_HAS: usize = 1_024;
/// The highest count of one sighting (STIX 2.1 section 5.2).
pub const MAX_SIGHTING_COUNT: u32 = 999_999_999;
/// How far a reported time may lie ahead of the block's, in milliseconds.
pub const MAX_CLOCK_SKEW_MS: u64 = 300_000;

/// Targets of one alert.
pub const MAX_TARGETS: usize = 64;
/// Directives of alerts in force against one target; a chain's own directive comes on top.
pub const MAX_DIRECTIVES: usize = 8;
/// How many directives a target may have for another provisional one to be added; the rest of
/// [`MAX_DIRECTIVES`] is kept for accepted alerts, so that no sentinel can crowd these out.
pub const MAX_DIRECTIVES_PROVISIONAL: usize = 4;
/// Seconds that a sentinel's provisional directive holds at most.
pub const PROVISIONAL_S: u64 = 600;
/// Seconds before the same sentinel can put the same target under another provisional directive.
pub const PROVISIONAL_COOLDOWN_S: u64 = 24 * 3_600;
/// Seconds after which an alert that was not accepted lapses, and before which no bond is returned.
pub const LAPSE_S: u64 = 7 * 24 * 3_600;
/// Alert ids on one page of a listing.
pub const MAX_ALERTS_PAGE: usize = 256;

/// Operators that are registered and not retired: bounds the work at the end of an epoch.
pub const MAX_OPERATOR_RECORDS: u64 = 256;
/// Seats of a committee.
pub const MAX_SEATS: u64 = hansa_primitives::MAX_OPERATORS as u64;
/// Seats that a committee keeps while as many operators are willing: fewer tolerate no fault.
pub const MIN_SEATS: u64 = 4;
/// Blocks of an epoch; the counters of certificates have 16 bits.
pub const MAX_EPOCH_BLOCKS: u64 = hansa_primitives::MAX_EPOCH_BLOCKS;
/// Epochs of the longest window (unbonding, evidence, jail, appeal).
pub const MAX_WINDOW_EPOCHS: u64 = 32;
/// Share of a slash that goes to its finder at most, of 10,000: who reports itself must not get much back.
pub const MAX_FINDER_BPS: u64 = 1_000;
/// Lots of one position that have not matured yet.
pub const MAX_LOTS: usize = 8;
/// Unbonding entries of one position.
pub const MAX_UNBONDING: usize = 16;
/// Positions of one delegator.
pub const MAX_POSITIONS: usize = 32;
/// Wei that one operator's stake and unbonding stake can amount to, and any amount in the parameters: 2^140.
/// Far above what there is, and small enough that a position's entries are one word each.
pub const MAX_STAKE_BITS: usize = 140;
/// Offences after which an operator can never return.
pub const MAX_OFFENCES: u64 = 8;
/// Slashes that are settled at the end of one block.
pub const MAX_SETTLED_AT_FREEZE: u64 = 64;
/// Certificates that an epoch must have carried for a seat without any sign of life to be jailed.
pub const JAIL_MIN_CERTIFICATES: u64 = 8;
/// Bytes of an operator's endpoint.
pub const MAX_ENDPOINT_BYTES: usize = 64;
/// Bytes of an operator's metadata.
pub const MAX_METADATA_BYTES: usize = 256;
/// Bytes of one piece of evidence: two votes have about 250.
pub const MAX_EVIDENCE_BYTES: usize = 1_024;
/// Operators on one page of a listing.
pub const MAX_OPERATORS_PAGE: usize = 64;
/// Slashes on one page of a listing.
pub const MAX_SLASHES_PAGE: usize = 64;
/// Operators in one preview of a slash.
pub const MAX_PREVIEW: usize = 8;

/// Zones that a league can have.
pub const MAX_ZONES: u64 = 64;
/// Basis points of an operator's stake that answer for each zone, unless it says otherwise.
pub const STANDING_SHARE_BPS: u64 = 100;
/// Operators that a zone has at least, as far as the hub has so many: where fewer fit, others of the hub fill up.
pub const MIN_ZONE_SEATS: usize = 4;
/// Zones on one page of a listing.
pub const MAX_ZONES_PAGE: u64 = 16;
/// Bytes of a zone's name.
pub const MAX_ZONE_NAME_BYTES: usize = 32;
/// Least gas of a zone's block.
pub const MIN_ZONE_GAS: u64 = 1_000_000;
/// Operators that a zone's list may name.
pub const MAX_ZONE_LIST: usize = 32;
/// Addresses that a zone never blocks from its beginning.
pub const MAX_ZONE_PROTECTED: usize = 32;
/// Most gas of a zone's block.
pub const MAX_ZONE_GAS: u64 = 1_000_000_000;
/// Most gas of a zone's blocks in a second: its operators' cores are the hub's. As much as a hub has by default.
pub const MAX_ZONE_GAS_PER_S: u64 = 1_000_000_000;
/// Least of a zone's least base fee, wei per gas.
pub const MIN_ZONE_BASE_FEE: u64 = 1_000_000;
/// Least time between two blocks of a zone, milliseconds.
pub const MIN_ZONE_INTERVAL_MS: u64 = 10;
/// Fewest blocks of a zone's epoch.
pub const MIN_ZONE_EPOCH_BLOCKS: u64 = 10;
/// Least escrow of a zone, wei: 10 ether.
pub const MIN_ZONE_ESCROW: alloy_primitives::U256 =
    alloy_primitives::U256::from_limbs([10_000_000_000_000_000_000, 0, 0, 0]);

/// Least time of a zone's notice, seconds.
pub const MIN_ZONE_NOTICE_S: u64 = 10;
/// Most time of a zone's notice, seconds: a year.
pub const MAX_ZONE_NOTICE_S: u64 = 365 * DAY_S;
/// How often a zone can be reseeded.
pub const MAX_CUTS: u64 = 64;
/// Most wei that a zone's escrow pays its operators each day: a million ether.
pub const MAX_ZONE_RENT: alloy_primitives::U256 =
    alloy_primitives::U256::from_limbs([0x1bce_cced_a100_0000, 0xd3c2, 0, 0]);
/// A zone's operators are paid this often at most, seconds.
pub const RENT_EVERY_S: u64 = 600;
/// Seconds of a day.
pub const DAY_S: u64 = 24 * 3_600;

/// Bytes of a message's data.
pub const MAX_MESSAGE_BYTES: usize = 32 * 1_024;
/// Bytes of a proof of a value in a zone's state: twice what a log of 2^63 operations can need.
pub const MAX_PROOF_BYTES: usize = 8 * 1_024;
/// Messages that one call delivers.
pub const MAX_DELIVERIES: usize = 32;
/// Wei that a message may offer to whoever delivers it: 1 ether.
pub const MAX_MESSAGE_FEE: alloy_primitives::U256 =
    alloy_primitives::U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);
/// Gas that the call of a message's receiver can ask for: less than a transaction can have (EIP-7825).
pub const MAX_CALL_GAS: u64 = 10_000_000;
/// Seconds that a message waits for its receiver at least: a week.
pub const REFUND_AFTER_S: u64 = 7 * 24 * 3_600;

/// Bytes of input that a call may have beside its selector.
pub const MAX_INPUT_BYTES: usize = 1_024 * 1_024;
/// Bytes that decoding a call's input may allocate.
pub const MAX_DECODE_BYTES: usize = 4 * MAX_INPUT_BYTES;
/// Bytes of the longest text that a module keeps in its storage.
pub const MAX_TEXT_BYTES: usize = 256;
/// The highest value of the parameter for the longest duration of a directive, in seconds: a year.
pub const MAX_DURATION_S: u64 = 365 * 24 * 3_600;
/// Addresses in the list of those that are never blocked.
pub const MAX_NEVER_BLOCK: usize = 1_024;
/// Addresses that have a directive of a chain's own at once.
pub const MAX_OWN: usize = 1_024;
/// Addresses on one page of either list.
pub const MAX_POLICY_PAGE: usize = 256;
