//! Ether and messages between the chains of a league, while it runs.

use crate::{
    Account,
    league::{CHAIN_ID, ZONE_ID, traveller, zone_partition},
    operator::{Ending, Setup, State},
};
use alloy_primitives::{Address, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolEvent as _, SolValue as _};
use commonware_runtime::{Clock as _, deterministic::Context};
use hansa_abi::{
    IMessages::{self, Message},
    IZones, MESSAGES, ZONES,
};
use hansa_index::Index;
use hansa_mempool::{HeadState as _, Origin, Pool};
use hansa_modules::{Call, RunResult};
use hansa_state::{account_key, prove};
use std::time::Duration;

/// Time between two calls of an account on a chain.
const EVERY: Duration = Duration::from_millis(400);
/// Least interval of the first zone after its upgrade.
pub(crate) const UPGRADED_INTERVAL_MS: u64 = 250;
/// The transaction by which its creator closes the first zone where that ends; another one of every three looks for messages first.
const CLOSES_AT: u64 = 10;
/// Whom everybody sends a little on all chains, and who does nothing: what it has is what came for it, and nothing else.
pub(crate) const STRANGER: Address = Address::repeat_byte(0x5a);
/// Wei that an account has on a zone before anything arrives there.
const GAS: u64 = 5_000_000;

fn ether(count: u64) -> U256 {
    U256::from(count) * U256::from(1_000_000_000_000_000_000u64)
}

/// What one account does on one chain: it sends to all others, and takes what waits for it there.
pub(crate) struct Traffic {
    account: Account,
    chain_id: u64,
    /// Chain ids of the zones.
    zones: Vec<u64>,
    /// Registers the zones.
    registers: bool,
    /// Closes the first zone.
    closes: bool,
    /// The state of that zone, whose users leave it by the hub.
    ending: Ending,
    /// Of the operator's chains, each with what it has sent.
    indexes: Vec<Index>,
}

impl Traffic {
    pub(crate) fn on_hub(setup: &Setup, operator: usize) -> Self {
        Self {
            registers: operator == 0,
            closes: operator == 0 && setup.league.ends,
            ending: setup.ending.clone(),
            ..Self::on_zone(setup, operator, CHAIN_ID)
        }
    }

    pub(crate) fn on_zone(setup: &Setup, operator: usize, chain_id: u64) -> Self {
        let league = &setup.league;
        let of_zone = |zone| {
            league
                .kept(&zone_partition(&setup.partition, zone), zone)
                .index
        };
        let zones = league.zones.iter().map(|zone| of_zone(zone));
        Self {
            account: Account::new(traveller(operator as u32), chain_id),
            chain_id,
            zones: league.zones.iter().map(|zone| zone.chain_id).collect(),
            registers: false,
            closes: false,
            ending: Ending::default(),
            indexes: std::iter::once(setup.kept.index.clone())
                .chain(zones)
                .collect(),
        }
    }

    /// Plays it, one call after the other, for as long as the operator runs.
    pub(crate) async fn play(self, context: &Context, pool: &Pool, state: &State) {
        let address = self.account.address();
        loop {
            context.sleep(EVERY).await;
            let Ok(account) = state.account(address).await else {
                continue;
            };
            let is_under_way = pool
                .nonce_after(&address)
                .is_some_and(|next| next > account.nonce);
            if is_under_way || account.balance.is_zero() {
                continue;
            }
            // What the stranger has is little: what all others have would leave no room for it in what may leave within a day.
            let mut exit = self.exit(state, STRANGER).await;
            if exit.is_none() {
                exit = self.exit(state, address).await;
            }
            if let Some(input) = exit {
                let exit = self
                    .account
                    .call_now(account.nonce, MESSAGES, U256::ZERO, input);
                pool.add_many(state, vec![exit], Origin::Local).await;
                continue;
            }
            // Looking for messages takes long.
            let waiting = match account.nonce % 3 {
                0 => self.waiting(state).await,
                _ => None,
            };
            let call = match waiting {
                Some(message) => Some((
                    MESSAGES,
                    U256::ZERO,
                    IMessages::takeCall { message }.abi_encode(),
                )),
                None => self.next(account.nonce, account.balance),
            };
            if let Some((to, value, input)) = call {
                let call = self.account.call_now(account.nonce, to, value, input);
                pool.add_many(state, vec![call], Origin::Local).await;
            }
        }
    }

    fn next(&self, nonce: u64, balance: U256) -> Option<(Address, U256, Vec<u8>)> {
        let register = nonce as usize;
        if self.registers && register < self.zones.len() {
            return Some((ZONES, ether(10), create(self.zones[register])));
        }
        if self.registers && register == self.zones.len() {
            return Some((ZONES, U256::ZERO, upgrade()));
        }
        if self.closes && nonce == CLOSES_AT {
            let close = IZones::closeCall { zoneId: 1 };
            return Some((ZONES, U256::ZERO, close.abi_encode()));
        }
        let is_hub = self.chain_id == CHAIN_ID;
        // What leaves a zone has to have come there.
        if !is_hub && balance <= ether(1_000) {
            return None;
        }
        let others = std::iter::once(&CHAIN_ID).chain(&self.zones);
        let others: Vec<_> = others.filter(|chain| **chain != self.chain_id).collect();
        let destination = *others[nonce as usize % others.len()];
        let data = if nonce % 3 == 2 { "data" } else { "" };
        // Whoever takes the message gets the reward, and that is its receiver here.
        if nonce % 6 == 5 {
            let send = IMessages::sendWithCallCall {
                destination,
                to: self.account.address(),
                fee: U256::ZERO,
                gas: 100_000,
                reward: U256::from(7),
                data: Bytes::from_static(data.as_bytes()),
            };
            let value = U256::from(1_000 + nonce);
            return Some((MESSAGES, value, send.abi_encode()));
        }
        let is_for_stranger = data.is_empty() && nonce % 5 == 1;
        let send = IMessages::sendCall {
            destination,
            to: if is_for_stranger {
                STRANGER
            } else {
                self.account.address()
            },
            fee: U256::ZERO,
            data: Bytes::from_static(data.as_bytes()),
        };
        let value = if is_hub && !is_for_stranger {
            ether(2)
        } else {
            U256::from(1_000 + nonce)
        };
        Some((MESSAGES, value, send.abi_encode()))
    }

    /// What an account has on the zone that has ended, if the hub pays some of it now.
    async fn exit(&self, state: &State, account: Address) -> Option<Vec<u8>> {
        let zone = self.ending.lock().clone()?;
        let proved = prove(&zone, account_key(account)).await;
        let (_, proof) = proved.ok()?;
        let proof = proof?;
        let exit = IMessages::exitCall {
            zoneId: 1,
            account,
            state: proof.value.to_vec().into(),
            proof: proof.proof.into(),
        };
        let input = exit.abi_encode();
        self.ask(state, &input).await.map(|_| input)
    }

    /// What the module of messages answers here, if it does not refuse.
    async fn ask(&self, state: &State, input: &[u8]) -> Option<Bytes> {
        let call = Call {
            caller: self.account.address(),
            value: U256::ZERO,
            input,
            is_static: false,
            gas_limit: GAS,
        };
        let outcome = state.dry_run(MESSAGES, &call, self.chain_id).await.ok()?;
        match outcome.result {
            RunResult::Return(output) => Some(output),
            _ => None,
        }
    }

    /// A message of this account that waits here.
    async fn waiting(&self, state: &State) -> Option<Message> {
        for index in &self.indexes {
            let own = messages(index).into_iter().filter(|message| {
                message.destination == self.chain_id
                    && message.to == self.account.address()
                    && !message.data.is_empty()
            });
            for message in own {
                let id = keccak256(message.abi_encode());
                let input = IMessages::waitingCall { id }.abi_encode();
                let Some(output) = self.ask(state, &input).await else {
                    continue;
                };
                let waiting = IMessages::waitingCall::abi_decode_returns(&output).ok()?;
                // Some are never taken.
                if waiting.since > 0 && message.nonce % 5 != 4 {
                    return Some(message);
                }
            }
        }
        None
    }
}

/// All messages that a chain has sent, in their order.
pub(crate) fn messages(index: &Index) -> Vec<Message> {
    let height = index.head().map_or(0, |(number, _)| number);
    let receipts = (1..=height).filter_map(|number| index.receipts(number).ok().flatten());
    let mut messages = Vec::new();
    for receipts in receipts {
        let logs = receipts.iter().flat_map(|receipt| &receipt.logs);
        let sent = logs.filter(|log| log.address == MESSAGES);
        let sent = sent.filter_map(|log| IMessages::Sent::decode_log_data(&log.data).ok());
        messages.extend(sent.map(|event| event.message));
    }
    messages
}

fn create(chain_id: u64) -> Vec<u8> {
    let parameters = IZones::Parameters {
        name: format!("zone-{}", chain_id - ZONE_ID + 1),
        chainId: chain_id,
        epochBlocks: 12,
        noticeSeconds: 10,
        rentPerDay: U256::ZERO,
        committee: IZones::CommitteeRule {
            maxSeats: 0,
            minStake: U256::ZERO,
            allowed: Vec::new(),
        },
        terms: terms(100),
        guard: IZones::GuardRule {
            warden: Address::ZERO,
            neverBlocked: Vec::new(),
        },
    };
    IZones::createCall { parameters }.abi_encode()
}

/// The first zone gets another least interval, as soon as its notice allows.
fn upgrade() -> Vec<u8> {
    IZones::upgradeCall {
        zoneId: 1,
        startsAt: 0,
        terms: terms(UPGRADED_INTERVAL_MS),
    }
    .abi_encode()
}

const fn terms(interval: u64) -> IZones::Terms {
    IZones::Terms {
        gasLimit: 10_000_000,
        minBaseFee: 1_000_000,
        blockIntervalMs: interval,
        heartbeatMs: 2_000,
        minSeverity: 1,
        maxDirectiveSeconds: 3_600,
        fork: 3,
    }
}
