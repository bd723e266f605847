//! Where things lie in the module's storage.
//!
//! | slot | what |
//! |---|---|
//! | 0 | of a zone: its id (bits 0..64), messages sent (64..128), entries of its lane that it has taken (128..192) |
//! | 1 | of a zone: root of its outbox |
//! | 2 | of a zone: `mapping(level << 64 + index => node)`: nodes of the outbox whose leaves are all there |
//! | 3 | of the hub: `mapping(zone => lane)`: sent, delivered, time of the outflow in seconds (64 bits each; +0), locked (+1), held (+2), outflow (+3) |
//! | 4 | of the hub: `mapping(zone => mapping(index => arrival))`: receiver (bits 0..160), block (160..224; +0), wei (+1), message (+2) |
//! | 5 | `mapping(id of a message that waits => since when, seconds since 1970)` |
//! | 6 | of the hub: `mapping(id of a message that is held => wei that it waits for)`; of a zone: `mapping(id of what stands for an address => wei kept for it)`, see `inbox::withheld` |
//! | 7 | of the hub: `mapping(zone => mapping(account, id of a message that waited there, or 2^256 - 1 less the index of an entry that it never took => wei that left after its end))` |

use crate::{
    context::{Context, Stop},
    genesis::with_context,
    host::StorageRead,
    testing::MemoryHost,
};
use alloy_primitives::U256;
use hansa_abi::MESSAGES;

const HOME: U256 = slot(0);
pub(super) const ROOT: U256 = slot(1);
pub(super) const NODES: U256 = slot(2);
pub(super) const LANES: U256 = slot(3);
pub(super) const ARRIVALS: U256 = slot(4);
pub(super) const WAITING: U256 = slot(5);
pub(super) const HELD: U256 = slot(6);
pub(super) const EXITS: U256 = slot(7);

const fn slot(number: u64) -> U256 {
    U256::from_limbs([number, 0, 0, 0])
}

pub(super) fn offset(slot: U256, by: u64) -> U256 {
    slot.wrapping_add(U256::from(by))
}

pub(super) fn load<R: StorageRead>(read: &mut R, slot: U256) -> Result<U256, R::Error> {
    read.sload(MESSAGES, slot)
}

/// What a zone knows of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home {
    /// Its id; 0 on any other chain.
    pub(super) zone: u64,
    /// Messages that it has sent.
    pub(super) sent: u64,
    /// Entries of its lane that it has taken.
    pub(super) arrived: u64,
}

pub(super) fn home<R: StorageRead>(read: &mut R) -> Result<Home, R::Error> {
    let [zone, sent, arrived, _] = load(read, HOME)?.into_limbs();
    Ok(Home {
        zone,
        sent,
        arrived,
    })
}

pub(super) fn set_home(context: &mut Context<'_>, home: Home) -> Result<(), Stop> {
    let limbs = [home.zone, home.sent, home.arrived, 0];
    context.sstore(HOME, U256::from_limbs(limbs))
}

/// The module's part of a zone's genesis.
pub(crate) fn write_genesis(host: &mut MemoryHost, zone: u64, timestamp: u64) -> Result<(), Stop> {
    with_context(host, MESSAGES, timestamp, |context| {
        let home = Home {
            zone,
            sent: 0,
            arrived: 0,
        };
        set_home(context, home)
    })
}
