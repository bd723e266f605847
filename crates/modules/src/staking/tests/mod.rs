//! Tests of staking, and the league that they run in: short epochs, small numbers, real signatures.

mod allocations;
mod appeals;
mod delegation;
mod epochs;
mod evidence;
mod gas;
mod limits;
mod model;
mod operators;
mod parameters;
mod risk;
mod selection;
mod slashing;
mod smoke;
mod window;

use super::{BlockEnd, Calendar, Committee, Ended, StakingParams, committee, end_block};
use crate::{
    Block, Call, RunResult,
    genesis::{self, Genesis, GenesisMember, GenesisOperator},
    members::Roles,
    testing::MemoryHost,
    tests::world::{GAS, account},
};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use commonware_codec::Encode as _;
use commonware_consensus::{
    simplex::types::{
        ConflictingFinalize, ConflictingNotarize, Finalize, Notarize, Nullify, NullifyFinalize,
        Proposal,
    },
    types::{Epoch, Round, View},
};
use commonware_cryptography::Signer as _;
use commonware_utils::{TryCollect as _, ordered::Set};
use hansa_abi::{IStaking, STAKING};
use hansa_primitives::{Digest, PrivateKey, Scheme, digest, namespace};

/// Blocks of an epoch in the tests, and of them after the freeze: block 2 of 0..=3 is the freeze block.
pub(crate) const EPOCH_BLOCKS: u64 = 4;
/// Self-stake of the genesis operators.
pub(crate) const SELF_STAKE: u64 = 1_000;
/// What accounts start with.
const FUNDS: u64 = 1 << 60;

pub(crate) fn parameters() -> StakingParams {
    StakingParams {
        epoch_blocks: EPOCH_BLOCKS,
        freeze_blocks: 1,
        seats: 8,
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
        slash_bps: [500, 1_000, 333],
        finder_bps: 500,
        fund_bps: 5_000,
        appeal_bond: U256::from(50),
        emission_per_epoch: U256::ZERO,
        fee_share_bps: 5_000,
        operator_cost: U256::ZERO,
    }
}

pub(crate) fn owner(n: u8) -> Address {
    let mut address = Address::repeat_byte(0xd0);
    address.0[19] = n;
    address
}

pub(crate) fn delegator(n: u8) -> Address {
    let mut address = Address::repeat_byte(0xe0);
    address.0[19] = n;
    address
}

pub(crate) fn key(seed: u64) -> PrivateKey {
    PrivateKey::from_seed(seed)
}

pub(crate) fn public(key: &PrivateKey) -> B256 {
    B256::from_slice(key.public_key().as_ref())
}

pub(crate) fn wei(amount: u64) -> U256 {
    U256::from(amount)
}

/// A league with staking, at a block whose transactions are being executed.
#[derive(Clone)]
pub(crate) struct League {
    pub(crate) host: MemoryHost,
    pub(crate) block: u64,
    pub(crate) genesis_hash: B256,
    pub(crate) calendar: Calendar,
    /// Seconds.
    pub(crate) now: u64,
    /// Seconds between blocks.
    pub(crate) block_s: u64,
}

impl League {
    /// Operators 1 to `count` with the keys of seeds 1 to `count`, at block 1; three members with one vote each.
    pub(crate) fn new(count: u8, staking: StakingParams) -> Self {
        Self::with_stakes(&vec![U256::from(SELF_STAKE); count.into()], staking)
    }

    pub(crate) fn with_stakes(stakes: &[U256], staking: StakingParams) -> Self {
        Self::of(&genesis(stakes, staking))
    }

    pub(crate) fn of(genesis: &Genesis) -> Self {
        let now = 1_700_000_000;
        let writes = genesis::storage(genesis, now).unwrap();
        let mut host = MemoryHost {
            storage: writes
                .into_iter()
                .map(|write| ((write.address, write.slot), write.value))
                .collect(),
            ..MemoryHost::default()
        };
        host.credit(STAKING, genesis::genesis_balance(genesis));
        for n in 0..20 {
            for address in [owner(n), delegator(n), account(n)] {
                host.credit(address, U256::from(FUNDS));
            }
        }
        Self {
            host,
            block: 1,
            genesis_hash: genesis.genesis_hash,
            calendar: Calendar {
                epoch_blocks: genesis.staking.epoch_blocks,
                freeze_blocks: genesis.staking.freeze_blocks,
            },
            now,
            block_s: 1,
        }
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.calendar.epoch_of(self.block)
    }

    pub(crate) fn block(&self) -> Block {
        Block {
            number: self.block,
            timestamp: self.now,
            chain_id: 1,
        }
    }

    pub(crate) fn execute(&mut self, caller: Address, value: U256, input: &[u8]) -> crate::Outcome {
        let call = Call {
            caller,
            value,
            input,
            is_static: false,
            gas_limit: GAS,
        };
        let block = self.block();
        self.host.execute(STAKING, &call, &block)
    }

    pub(crate) fn pay<C: SolCall>(
        &mut self,
        caller: Address,
        value: U256,
        call: &C,
    ) -> Result<C::Return, Bytes> {
        match self.execute(caller, value, &call.abi_encode()).result {
            RunResult::Return(data) => Ok(C::abi_decode_returns_validate(&data).unwrap()),
            RunResult::Revert(data) => Err(data),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn call<C: SolCall>(
        &mut self,
        caller: Address,
        call: &C,
    ) -> Result<C::Return, Bytes> {
        self.pay(caller, U256::ZERO, call)
    }

    /// A view, which must succeed.
    pub(crate) fn view<C: SolCall>(&mut self, call: &C) -> C::Return {
        let block = self.block();
        let call_ = Call {
            caller: Address::ZERO,
            value: U256::ZERO,
            input: &call.abi_encode(),
            is_static: true,
            gas_limit: GAS,
        };
        match crate::run(&mut self.host, STAKING, &call_, &block).result {
            RunResult::Return(data) => C::abi_decode_returns_validate(&data).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn delegate(&mut self, n: u8, operator: u64, amount: u64) -> Result<(), Bytes> {
        let call = IStaking::delegateCall {
            operatorId: operator,
            maxLoss: IStaking::Risk::uniform(10_000),
        };
        self.pay(delegator(n), wei(amount), &call).map(drop)
    }

    pub(crate) fn undelegate(&mut self, n: u8, operator: u64, amount: u64) -> Result<(), Bytes> {
        let call = IStaking::undelegateCall {
            operatorId: operator,
            amount: wei(amount),
        };
        self.call(delegator(n), &call).map(drop)
    }

    pub(crate) fn withdraw(&mut self, n: u8, operator: u64) -> Result<U256, Bytes> {
        let call = IStaking::withdrawCall {
            operatorId: operator,
        };
        self.call(delegator(n), &call)
    }

    pub(crate) fn operator(&mut self, id: u64) -> IStaking::Operator {
        self.view(&IStaking::operatorCall { operatorId: id })
    }

    pub(crate) fn delegation(&mut self, operator: u64, of: Address) -> IStaking::Delegation {
        self.view(&IStaking::delegationCall {
            operatorId: operator,
            delegator: of,
        })
    }

    /// Ends the block with these signers and fees, and goes to the next one.
    pub(crate) fn end_with(
        &mut self,
        proposer: B256,
        signers: Option<&[u32]>,
        fees: U256,
    ) -> Ended {
        let end = BlockEnd {
            block: self.block(),
            proposer,
            signers,
            fees,
        };
        let logs = self.host.logs.len();
        let ended = end_block(&mut self.host, &end).unwrap();
        assert_eq!(self.host.logs.len(), logs, "no receipt would hold them");
        self.host.credit(STAKING, fees.saturating_add(ended.minted));
        self.block += 1;
        self.now += self.block_s;
        ended
    }

    /// Ends the block with a certificate that everybody signed.
    pub(crate) fn end(&mut self) -> Ended {
        let seats = self.committee(self.epoch()).seats;
        let signers: Vec<u32> = (0..seats.len() as u32).collect();
        self.end_with(seats[0].key, Some(&signers), U256::ZERO)
    }

    /// Ends blocks until the next one is `block`.
    pub(crate) fn run_to(&mut self, block: u64) {
        while self.block < block {
            self.end();
        }
    }

    /// Goes to the first block of an epoch.
    pub(crate) fn enter(&mut self, epoch: u64) {
        self.run_to(epoch * self.calendar.epoch_blocks);
    }

    pub(crate) fn committee(&mut self, epoch: u64) -> Committee {
        let Ok(found) = committee(&mut self.host, epoch);
        found.unwrap()
    }

    /// Ids in the committee of an epoch, ascending.
    pub(crate) fn members(&mut self, epoch: u64) -> Vec<u64> {
        let seats = self.committee(epoch).seats;
        let mut ids: Vec<u64> = seats.iter().map(|seat| seat.operator).collect();
        ids.sort_unstable();
        ids
    }

    /// Evidence that the holder of a key voted for two blocks, or against and for one, in view 7 of an epoch.
    pub(crate) fn evidence(&mut self, kind: u8, epoch: u64, of: &PrivateKey) -> Bytes {
        let committee = self.committee(epoch);
        evidence(self.genesis_hash, &committee, (kind, epoch), of)
    }

    /// Submits real evidence as delegator 19.
    pub(crate) fn accuse(&mut self, kind: u8, epoch: u64, of: &PrivateKey) -> Result<u64, Bytes> {
        let evidence = self.evidence(kind, epoch, of);
        self.call(
            delegator(19),
            &IStaking::submitEvidenceCall { kind, evidence },
        )
    }

    pub(crate) fn settle_slash(&mut self, id: u64) -> Result<U256, Bytes> {
        self.call(delegator(18), &IStaking::settleSlashCall { slashId: id })
    }

    /// Checks that the module can pay everything that anybody can ever claim.
    pub(crate) fn check_solvent(&mut self) {
        let total = self.view(&IStaking::operatorsCall {
            offset: U256::ZERO,
            limit: U256::ZERO,
        });
        let mut owed = self
            .host
            .storage
            .get(&(STAKING, super::state::POT))
            .copied()
            .unwrap_or_default();
        for id in 1..=total.total.to::<u64>() {
            owed += self.operator(id).earned;
        }
        for n in 0..20 {
            for account in [owner(n), delegator(n)] {
                let call = IStaking::delegationsOfCall { delegator: account };
                for id in self.view(&call) {
                    let of = self.delegation(id, account);
                    owed += of.amount + of.rewards;
                    owed += of.unbonding.iter().map(|entry| entry.amount).sum::<U256>();
                }
            }
        }
        let call = IStaking::slashesCall {
            offset: U256::ZERO,
            limit: wei(64),
        };
        for slash in self.view(&call).page {
            if slash.state == IStaking::SlashState::Pending {
                owed += slash.bond;
            }
        }
        let balance = self.host.balance(STAKING);
        assert!(balance >= owed, "{balance} wei cannot pay {owed}");
    }
}

pub(crate) fn genesis(stakes: &[U256], staking: StakingParams) -> Genesis {
    let operator = |(n, stake): (u8, &U256)| GenesisOperator {
        name: format!("operator {n}"),
        public_key: public(&key(n.into())),
        owner: owner(n),
        fee_recipient: owner(n),
        commission_bps: 1_000,
        stake: *stake,
        endpoint: String::new(),
    };
    let member = |n| GenesisMember {
        name: format!("member {n}"),
        contact: String::new(),
        address: account(n),
        x25519: B256::ZERO,
        roles: Roles::MEMBER,
        weight: Some(1),
    };
    Genesis {
        members: (0..3).map(member).collect(),
        staking,
        operators: (1..).zip(stakes).map(operator).collect(),
        genesis_hash: B256::repeat_byte(0x77),
        ..Genesis::default()
    }
}

/// See [`League::evidence`].
pub(crate) fn evidence(
    genesis_hash: B256,
    committee: &Committee,
    (kind, epoch): (u8, u64),
    of: &PrivateKey,
) -> Bytes {
    evidence_in(&namespace(genesis_hash), committee, (kind, epoch), of)
}

/// The same on the chain with a namespace.
pub(crate) fn evidence_in(
    namespace: &[u8],
    committee: &Committee,
    (kind, epoch): (u8, u64),
    of: &PrivateKey,
) -> Bytes {
    let keys = committee.seats.iter().map(|seat| {
        use commonware_codec::DecodeExt as _;
        hansa_primitives::PublicKey::decode(seat.key.to_vec()).unwrap()
    });
    let keys: Set<_> = keys.collect::<Vec<_>>().into_iter().try_collect().unwrap();
    let scheme = Scheme::signer(namespace, keys, of.clone()).unwrap();
    let round = Round::new(Epoch::new(epoch), View::new(7));
    let proposal = |n| Proposal::new(round, View::new(6), digest(B256::repeat_byte(n)));
    let notarize = |n| Notarize::<Scheme, Digest>::sign(&scheme, proposal(n)).unwrap();
    let finalize = |n| Finalize::<Scheme, Digest>::sign(&scheme, proposal(n)).unwrap();
    let bytes = match kind {
        0 => ConflictingNotarize::new(notarize(1), notarize(2)).encode(),
        1 => ConflictingFinalize::new(finalize(1), finalize(2)).encode(),
        _ => {
            let nullify = Nullify::sign::<Digest>(&scheme, round).unwrap();
            NullifyFinalize::new(nullify, finalize(1)).encode()
        }
    };
    bytes.to_vec().into()
}

/// What an operator's key signs to prove that it is held.
pub(crate) fn proof(genesis_hash: B256, of: &PrivateKey, owner: Address) -> Bytes {
    let namespace = hansa_primitives::operator_namespace(genesis_hash);
    let signature = of.sign(&namespace, owner.as_slice());
    Bytes::copy_from_slice(signature.as_ref())
}

/// The call with which `owner(n)` registers an operator with the key of a seed.
pub(crate) fn registration(genesis_hash: B256, n: u8, seed: u64) -> IStaking::registerCall {
    let of = key(seed);
    IStaking::registerCall {
        key: public(&of),
        proof: proof(genesis_hash, &of, owner(n)),
        feeRecipient: owner(n),
        commissionBps: 500,
        name: format!("operator of {n}"),
        endpoint: "example.org:9000".into(),
        metadata: String::new(),
    }
}
