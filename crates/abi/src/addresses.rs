//! Where the native modules live: "HANSA" in ASCII, zeros, and the module's number.

use alloy_primitives::Address;

/// First bytes of every module address: "HANSA".
const PREFIX: [u8; 5] = *b"HANSA";

/// A native module: its number (DESIGN.md section 6), name and address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Module {
    /// Number, also the last byte of the address.
    pub number: u8,
    /// Name, as used in documents and on the command line.
    pub name: &'static str,
    /// Address on every chain that has the module switched on.
    pub address: Address,
}

/// Staking: operators, delegations, committees, slashing.
pub const STAKING: Address = module_address(1);
/// Zones: the register of a league's zones.
pub const ZONES: Address = module_address(2);
/// Members: admission, roles, keys.
pub const MEMBERS: Address = module_address(3);
/// Exchange: published objects.
pub const EXCHANGE: Address = module_address(4);
/// Guard: alerts and directives.
pub const GUARD: Address = module_address(5);
/// Messages: ether and messages between chains.
pub const MESSAGES: Address = module_address(6);
/// Fund: reserved for the mutual fund; until it exists, its account receives its share of slashes.
pub const FUND: Address = module_address(9);

/// The modules that exist, in order of their numbers.
pub const MODULES: [Module; 6] = [
    Module {
        number: 1,
        name: "staking",
        address: STAKING,
    },
    Module {
        number: 2,
        name: "zones",
        address: ZONES,
    },
    Module {
        number: 3,
        name: "members",
        address: MEMBERS,
    },
    Module {
        number: 4,
        name: "exchange",
        address: EXCHANGE,
    },
    Module {
        number: 5,
        name: "guard",
        address: GUARD,
    },
    Module {
        number: 6,
        name: "messages",
        address: MESSAGES,
    },
];

/// The address of the module with a number, whether it exists or is reserved.
pub const fn module_address(number: u8) -> Address {
    let mut bytes = [0u8; 20];
    let mut i = 0;
    while i < PREFIX.len() {
        bytes[i] = PREFIX[i];
        i += 1;
    }
    bytes[19] = number;
    Address::new(bytes)
}

/// Whether an address is in the range reserved for modules, existing or future.
pub fn is_module_address(address: &Address) -> bool {
    address[..5] == PREFIX && address[5..19].iter().all(|byte| *byte == 0)
}

/// The module at an address, if there is one.
pub fn module_at(address: &Address) -> Option<&'static Module> {
    MODULES.iter().find(|module| module.address == *address)
}
