//! A small league on an in-memory host, called through the ABI as a chain would.

use crate::{
    Block, Call, Outcome, RunResult,
    genesis::{self, Genesis, GenesisMember, GuardParameters},
    guard::feed,
    members::Roles,
    staking::{self, tests::SELF_STAKE},
    testing::MemoryHost,
};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256};
use alloy_sol_types::{SolCall, SolError, SolEvent};
use hansa_abi::{EXCHANGE, GUARD, IExchange, IMembers, MEMBERS, STAKING};
use hansa_primitives::DirectiveChange;

/// Gas that is always enough.
pub(crate) const GAS: u64 = 1_000_000_000;
pub(crate) const MIN_BOND: u64 = 1_000;
pub(crate) const MAX_DURATION_S: u64 = 30 * 24 * 3_600;
/// The accounts 0 to 9 of a world start with this.
pub(crate) const FUNDS: u64 = 1_000_000_000;

pub(crate) struct World {
    pub(crate) host: MemoryHost,
    pub(crate) now: u64,
}

/// The `n`-th member or, beyond the genesis members, a stranger.
pub(crate) fn account(n: u8) -> Address {
    let mut address = Address::repeat_byte(0xa0);
    address.0[19] = n;
    address
}

/// The `n`-th hostile address.
pub(crate) fn target(n: u8) -> Address {
    let mut address = Address::repeat_byte(0xbb);
    address.0[19] = n;
    address
}

pub(crate) fn protected() -> Address {
    Address::repeat_byte(0xcc)
}

impl World {
    /// A league with the given members, numbered from 0.
    pub(crate) fn new(members: &[(Roles, u32)]) -> Self {
        let members = (0u8..)
            .zip(members)
            .map(|(n, (roles, weight))| GenesisMember {
                name: format!("member {n}"),
                contact: String::new(),
                address: account(n),
                x25519: B256::repeat_byte(n),
                roles: *roles,
                weight: Some(*weight),
            })
            .collect();
        let guard = GuardParameters {
            min_bond: U256::from(MIN_BOND),
            max_duration_s: MAX_DURATION_S,
            never_block: vec![protected()],
            warden: None,
        };
        let now = 1_700_000_000;
        let genesis = Genesis {
            members,
            guard,
            ..staking::tests::genesis(&[U256::from(SELF_STAKE); 4], staking::tests::parameters())
        };
        let writes = genesis::storage(&genesis, now).unwrap();
        let storage = writes
            .into_iter()
            .map(|w| ((w.address, w.slot), w.value))
            .collect();
        let mut host = MemoryHost {
            storage,
            ..MemoryHost::default()
        };
        host.credit(STAKING, genesis::genesis_balance(&genesis));
        for n in 0..10 {
            host.credit(account(n), U256::from(FUNDS));
        }
        Self { host, now }
    }

    /// Four members of weight 1, the last a sentinel too.
    pub(crate) fn of_four() -> Self {
        let member = (Roles::MEMBER, 1);
        Self::new(&[member, member, member, (Roles::SENTINEL, 1)])
    }

    pub(crate) fn block(&self) -> Block {
        Block {
            number: 1,
            timestamp: self.now,
            chain_id: 1,
        }
    }

    pub(crate) fn execute(
        &mut self,
        module: Address,
        caller: Address,
        value: u64,
        input: &[u8],
    ) -> Outcome {
        let value = U256::from(value);
        let call = Call {
            caller,
            value,
            input,
            is_static: false,
            gas_limit: GAS,
        };
        let block = self.block();
        self.host.execute(module, &call, &block)
    }

    fn call<C: SolCall>(
        &mut self,
        module: Address,
        caller: Address,
        value: u64,
        call: &C,
    ) -> Result<C::Return, Bytes> {
        match self
            .execute(module, caller, value, &call.abi_encode())
            .result
        {
            RunResult::Return(data) => Ok(C::abi_decode_returns_validate(&data).unwrap()),
            RunResult::Revert(data) => Err(data),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn members<C: SolCall>(&mut self, caller: u8, call: &C) -> Result<C::Return, Bytes> {
        self.call(MEMBERS, account(caller), 0, call)
    }

    pub(crate) fn exchange<C: SolCall>(
        &mut self,
        caller: u8,
        call: &C,
    ) -> Result<C::Return, Bytes> {
        self.call(EXCHANGE, account(caller), 0, call)
    }

    pub(crate) fn guard<C: SolCall>(
        &mut self,
        caller: u8,
        value: u64,
        call: &C,
    ) -> Result<C::Return, Bytes> {
        self.call(GUARD, account(caller), value, call)
    }

    /// Publishes an object as member 0 and returns its id.
    pub(crate) fn object(&mut self, n: u8) -> B256 {
        let entries = vec![entry(n, 1, b"{}")];
        self.exchange(0, &IExchange::publishCall { entries })
            .unwrap();
        crate::exchange::object_id("indicator", &FixedBytes::repeat_byte(n))
    }

    /// The events of one kind that were emitted so far.
    pub(crate) fn events<E: SolEvent>(&self) -> Vec<E> {
        self.host
            .logs
            .iter()
            .filter_map(|(_, log)| E::decode_log_data(log).ok())
            .collect()
    }

    pub(crate) fn suspend(&mut self, subject: u8, voters: &[u8]) {
        let call = IMembers::proposeSuspensionCall {
            subject: account(subject),
            reason: String::new(),
        };
        let id = self.members(voters[0], &call).unwrap();
        for voter in &voters[1..] {
            self.members(*voter, &IMembers::approveCall { proposalId: id })
                .unwrap();
        }
        assert!(
            !self
                .members(
                    0,
                    &IMembers::isActiveCall {
                        account: account(subject)
                    }
                )
                .unwrap()
        );
    }
}

/// Lets alert 9 block an address until then, as a zone is told.
pub(crate) fn block_address(host: &mut MemoryHost, target: Address, until: u64, block: Block) {
    let change = DirectiveChange {
        target,
        alert_id: 9,
        until,
        severity: 4,
    };
    feed::limit(host, until - block.timestamp, block).unwrap();
    feed::apply(host, &[change], 1, block).unwrap();
}

/// An indicator.
pub(crate) fn entry(n: u8, version: u64, content: &[u8]) -> IExchange::Entry {
    IExchange::Entry {
        uuid: FixedBytes::repeat_byte(n),
        objectType: "indicator".into(),
        version,
        tlp: 0,
        content: content.to_vec().into(),
    }
}

/// Checks that a call reverted with exactly this error.
#[track_caller]
pub(crate) fn assert_reverts<T, E: SolError + std::fmt::Debug>(result: Result<T, Bytes>, error: E) {
    match result {
        Err(data) => assert_eq!(data, Bytes::from(error.abi_encode()), "expected {error:?}"),
        Ok(_) => panic!("expected {error:?}, but the call returned"),
    }
}
