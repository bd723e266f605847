//! What targets share: a league of four operators and three members in memory, with short epochs and small
//! numbers, and accounts that mean something to it.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolInterface;
use hansa_abi::{
    EXCHANGE, GUARD, IExchange::IExchangeCalls, IGuard::IGuardCalls, IMembers::IMembersCalls,
    IStaking::IStakingCalls, MEMBERS, STAKING,
};
use hansa_modules::{
    genesis::{self, Genesis, GenesisMember, GenesisOperator},
    members::Roles,
    staking::{Calendar, StakingParams},
    testing::MemoryHost,
};
use hansa_primitives::{PrivateKey, public_key_bytes};
use std::sync::OnceLock;

pub mod evidence;

/// Genesis operators, with ids from 1.
pub const OPERATORS: u64 = 4;
/// How blocks divide into epochs.
pub const CALENDAR: Calendar = Calendar {
    epoch_blocks: 4,
    freeze_blocks: 1,
};
/// What operators sign is signed for this chain.
pub const GENESIS_HASH: B256 = B256::repeat_byte(0x77);
/// Seconds since 1970 at the genesis.
pub const START_S: u64 = 1_700_000_000;
/// Members of the exchange, and delegators.
const MEMBERS_COUNT: u8 = 3;
const ACCOUNTS: u8 = 12;

/// The key of genesis operator `id`.
pub fn key(id: u64) -> PrivateKey {
    use commonware_cryptography::Signer as _;
    PrivateKey::from_seed(id)
}

/// An account: the operators' owners from 1, then members, then anybody.
pub fn account(choice: u8) -> Address {
    let mut address = Address::repeat_byte(0xd0);
    address.0[19] = choice % ACCOUNTS;
    address
}

/// All accounts.
pub fn accounts() -> impl Iterator<Item = Address> {
    (0..ACCOUNTS).map(account)
}

/// The selectors of a module, in the order of its interface.
pub fn selectors(module: Address) -> &'static [[u8; 4]] {
    static ALL: OnceLock<[Vec<[u8; 4]>; 4]> = OnceLock::new();
    let [staking, members, exchange, guard] = ALL.get_or_init(|| {
        [
            IStakingCalls::selectors().collect(),
            IMembersCalls::selectors().collect(),
            IExchangeCalls::selectors().collect(),
            IGuardCalls::selectors().collect(),
        ]
    });
    match module {
        STAKING => staking,
        MEMBERS => members,
        EXCHANGE => exchange,
        GUARD => guard,
        _ => &[],
    }
}

/// A copy of the league at its genesis.
pub fn league() -> MemoryHost {
    static LEAGUE: OnceLock<MemoryHost> = OnceLock::new();
    LEAGUE.get_or_init(make).clone()
}

fn make() -> MemoryHost {
    let genesis = genesis();
    let writes = genesis::storage(&genesis, START_S).expect("the genesis is one");
    let mut host = MemoryHost::default();
    for write in writes {
        host.storage
            .insert((write.address, write.slot), write.value);
    }
    host.credit(STAKING, genesis::genesis_balance(&genesis));
    host
}

fn genesis() -> Genesis {
    let operator = |id: u64| GenesisOperator {
        name: format!("operator {id}"),
        public_key: public_key_bytes(&key(id)),
        owner: account(id as u8),
        fee_recipient: account(id as u8),
        commission_bps: 1_000,
        stake: U256::from(1_000),
        endpoint: String::new(),
    };
    let member = |n: u8| GenesisMember {
        name: format!("member {n}"),
        contact: String::new(),
        address: account(OPERATORS as u8 + 1 + n),
        x25519: B256::ZERO,
        roles: Roles::MEMBER,
        weight: Some(1),
    };
    Genesis {
        members: (0..MEMBERS_COUNT).map(member).collect(),
        staking: parameters(),
        operators: (1..=OPERATORS).map(operator).collect(),
        genesis_hash: GENESIS_HASH,
        ..Genesis::default()
    }
}

/// Windows of a few epochs, so that a short input reaches their ends.
fn parameters() -> StakingParams {
    StakingParams {
        epoch_blocks: CALENDAR.epoch_blocks,
        freeze_blocks: CALENDAR.freeze_blocks,
        seats: 5,
        min_self_stake: U256::from(100),
        min_delegation: U256::from(10),
        unbonding_epochs: 6,
        evidence_epochs: 3,
        certificate_epochs: 2,
        max_absence_s: 0,
        jail_epochs: 2,
        appeal_epochs: 2,
        max_commission_bps: 3_000,
        max_commission_change_bps: 100,
        slash_bps: [500, 1_000, 3_333],
        finder_bps: 500,
        fund_bps: 5_000,
        appeal_bond: U256::from(50),
        emission_per_epoch: U256::from(1_001),
        fee_share_bps: 5_000,
        operator_cost: U256::from(7),
    }
}
