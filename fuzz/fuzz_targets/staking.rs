//! The life of a league: calls to staking, ends of blocks, real evidence. No call and no end of a block stops the
//! chain, and the module can pay at any time what anybody can claim.
//!
//! The input is a list of steps, see `Step`; each reads its own bytes, and zeros when there are none left.

#![no_main]

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use hansa_abi::{IStaking, STAKING};
use hansa_fuzz::{CALENDAR, START_S, account, accounts, evidence, league, selectors};
use hansa_modules::{
    Block, Call, RunResult,
    staking::{BlockEnd, committee, end_block},
    testing::MemoryHost,
};
use libfuzzer_sys::fuzz_target;

/// Steps of one input.
const MAX_STEPS: usize = 96;
/// Words of one call's arguments.
const MAX_WORDS: u8 = 10;
/// Blocks of one step: more than an epoch.
const MAX_BLOCKS: u8 = 9;
const GAS: u64 = 30_000_000;
/// Seconds between blocks: commissions may rise once a day.
const BLOCK_S: u64 = 40_000;

/// The bytes that are left.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// A word as arguments hold it: a small number, an amount, an account, or anything.
    fn word(&mut self) -> [u8; 32] {
        match self.byte() % 8 {
            0..=3 => U256::from(self.byte()).to_be_bytes(),
            4 => U256::from(u16::from_be_bytes([self.byte(), self.byte()])).to_be_bytes(),
            5 | 6 => account(self.byte()).into_word().0,
            _ => std::array::from_fn(|_| self.byte()),
        }
    }
}

struct League {
    host: MemoryHost,
    number: u64,
}

impl League {
    fn block(&self) -> Block {
        Block {
            number: self.number,
            timestamp: START_S + self.number * BLOCK_S,
            chain_id: 1,
        }
    }

    /// One step of the input.
    fn step(&mut self, input: &mut Input<'_>) {
        match input.byte() % 8 {
            0 | 1 => {
                for _ in 0..=input.byte() % MAX_BLOCKS {
                    self.end(input.byte());
                }
            }
            2 => {
                let (kind, operator) = (input.byte(), input.byte());
                let epoch = CALENDAR.epoch_of(self.number);
                let epoch = epoch.saturating_sub(u64::from(input.byte() % 4));
                let (kind, evidence) = evidence::choose(kind, operator, epoch);
                let call = IStaking::submitEvidenceCall { kind, evidence };
                self.call(account(input.byte()), 0, &call.abi_encode());
            }
            3 => {
                let call = IStaking::delegateCall {
                    operatorId: u64::from(input.byte() % 6),
                    maxLoss: IStaking::Risk::uniform(10_000),
                };
                let value = u64::from(input.byte()) * 17;
                self.call(account(input.byte()), value, &call.abi_encode());
            }
            _ => {
                let all = selectors(STAKING);
                let mut bytes = all[usize::from(input.byte()) % all.len()].to_vec();
                let (caller, value) = (account(input.byte()), u64::from(input.byte()));
                for _ in 0..input.byte() % MAX_WORDS {
                    bytes.extend(input.word());
                }
                // Only some calls take ether.
                let value = if value < 128 { 0 } else { value };
                self.call(caller, value, &bytes);
            }
        }
    }

    /// A call with ether from nowhere; what is paid out leaves the module.
    fn call(&mut self, caller: Address, value: u64, input: &[u8]) {
        let call = Call {
            caller,
            value: U256::from(value),
            input,
            is_static: false,
            gas_limit: GAS,
        };
        let block = self.block();
        self.host.credit(caller, call.value);
        let outcome = self.host.execute(STAKING, &call, &block);
        assert!(outcome.gas_used <= GAS);
        if let RunResult::Fatal(message) = outcome.result {
            panic!("a call stops the chain: {message}");
        }
    }

    fn end(&mut self, signers: u8) {
        let epoch = CALENDAR.epoch_of(self.number);
        let Ok(seats) = committee(&mut self.host, epoch);
        let seats = seats.expect("an epoch that began has a committee").seats;
        assert!(!seats.is_empty() && seats.is_sorted_by(|a, b| a.key < b.key));
        let signed: Vec<u32> = (0..seats.len() as u32)
            .filter(|seat| signers >> (seat % 7) & 1 == 1)
            .collect();
        let fees = U256::from(signers);
        let end = BlockEnd {
            block: self.block(),
            proposer: seats.first().map_or(B256::ZERO, |seat| seat.key),
            signers: (signers >= 128).then_some(&signed),
            fees,
        };
        let ended = end_block(&mut self.host, &end).expect("the end of a block never fails");
        self.host.credit(STAKING, fees + ended.minted);
        self.number += 1;
    }

    /// A view that must succeed.
    fn view<C: SolCall>(&mut self, call: &C) -> C::Return {
        let block = self.block();
        let call = Call {
            caller: Address::ZERO,
            value: U256::ZERO,
            input: &call.abi_encode(),
            is_static: true,
            gas_limit: GAS,
        };
        match hansa_modules::run(&mut self.host, STAKING, &call, &block).result {
            RunResult::Return(data) => C::abi_decode_returns_validate(&data).expect("as declared"),
            other => panic!("a view does not answer: {other:?}"),
        }
    }

    /// What anybody can claim, now or later.
    fn owed(&mut self) -> U256 {
        let mut owed = U256::ZERO;
        let page = IStaking::operatorsCall {
            offset: U256::ZERO,
            limit: U256::from(64),
        };
        for operator in self.view(&page).page {
            owed += operator.earned;
        }
        for delegator in accounts() {
            for id in self.view(&IStaking::delegationsOfCall { delegator }) {
                let of = self.view(&IStaking::delegationCall {
                    operatorId: id,
                    delegator,
                });
                owed += of.amount + of.rewards;
                owed += of.unbonding.iter().map(|entry| entry.amount).sum::<U256>();
            }
        }
        let page = IStaking::slashesCall {
            offset: U256::ZERO,
            limit: U256::from(64),
        };
        let slashes = self.view(&page).page.into_iter();
        let pending = slashes.filter(|slash| slash.state == IStaking::SlashState::Pending);
        owed + pending.map(|slash| slash.bond).sum::<U256>()
    }
}

fuzz_target!(|data: &[u8]| {
    let mut league = League {
        host: league(),
        number: 1,
    };
    let mut input = Input(data);
    for _ in 0..MAX_STEPS {
        if input.0.is_empty() {
            break;
        }
        league.step(&mut input);
    }
    let (owed, balance) = (league.owed(), league.host.balance(STAKING));
    assert!(balance >= owed, "{balance} wei cannot pay {owed}");
});
