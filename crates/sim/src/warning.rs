//! Members who warn each other of an address while the chain runs.

use crate::{
    Account,
    league::{CHAIN_ID, SENDERS_PER_OPERATOR},
    operator::State,
};
use alloy_primitives::{Address, Bytes, FixedBytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolEvent};
use commonware_runtime::{Clock as _, deterministic::Context};
use futures::future::join;
use hansa_abi::{EXCHANGE, GUARD, IExchange, IGuard};
use hansa_index::Index;
use hansa_mempool::{HeadState as _, Origin, Pool, PoolError};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// `action` of a directive that blocks.
pub(crate) const BLOCK: u8 = 2;
/// Time between two attempts to pay the address.
const EVERY: Duration = Duration::from_millis(250);
const TYPE: &str = "indicator";
const UUID: [u8; 16] = [7; 16];

/// An alert on `target`, published and raised by the first operator's member, and endorsed by those of
/// the next two. Meanwhile somebody at every honest operator keeps paying the address.
#[derive(Clone)]
pub struct Warning {
    /// The address.
    pub target: Address,
    /// How long the directive holds, seconds from the moment it is raised.
    pub seconds: u64,
    refused: Arc<AtomicUsize>,
}

impl Warning {
    /// A warning of `target`.
    pub fn new(target: Address, seconds: u64) -> Self {
        Self {
            target,
            seconds,
            refused: Arc::default(),
        }
    }

    /// How many payments a pool refused because of the directive.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }
}

/// Plays one operator's part, for as long as it runs.
pub(crate) async fn play(
    context: &Context,
    warning: &Warning,
    pool: &Pool,
    state: &State,
    index: &Index,
    operator: usize,
) {
    let first = operator as u32 * SENDERS_PER_OPERATOR;
    let member = Account::new(first, CHAIN_ID);
    let payer = Account::new(first + SENDERS_PER_OPERATOR - 1, CHAIN_ID);
    let vote = async {
        // Some payments pass before.
        context.sleep(EVERY * 4).await;
        match operator {
            0 => raise(warning, member, pool, state, index).await,
            1 | 2 => endorse(context, member, pool, state, index).await,
            _ => {}
        }
    };
    join(vote, pay(context, warning, payer, pool, state)).await;
}

async fn raise(warning: &Warning, mut member: Account, pool: &Pool, state: &State, index: &Index) {
    let publish = IExchange::publishCall {
        entries: vec![IExchange::Entry {
            uuid: FixedBytes(UUID),
            objectType: TYPE.into(),
            version: 1,
            tlp: 0,
            content: Bytes::from_static(b"{}"),
        }],
    };
    let (head, _) = index.head().unwrap_or_default();
    let now = index.header(head).ok().flatten();
    let input = IGuard::AlertInput {
        targets: vec![warning.target],
        action: BLOCK,
        severity: 4,
        expiry: now.map_or(0, |(_, header)| header.timestamp()) + warning.seconds,
        objectId: keccak256("indicator--07070707-0707-0707-0707-070707070707"),
        reason: "seen in an attack".into(),
    };
    let bond = U256::from(100_000_000_000_000_000u64);
    let calls = vec![
        member.call(EXCHANGE, U256::ZERO, publish.abi_encode()),
        member.call(GUARD, bond, IGuard::raiseCall { input }.abi_encode()),
    ];
    pool.add_many(state, calls, Origin::Local).await;
}

async fn endorse(
    context: &Context,
    mut member: Account,
    pool: &Pool,
    state: &State,
    index: &Index,
) {
    let mut next = 1;
    let alert = loop {
        let Some(receipts) = index.receipts(next).ok().flatten() else {
            context.sleep(EVERY).await;
            continue;
        };
        let raised = receipts
            .iter()
            .flat_map(|receipt| &receipt.logs)
            .find_map(|log| IGuard::AlertRaised::decode_log_data(&log.data).ok());
        if let Some(raised) = raised {
            break raised.alertId;
        }
        next += 1;
    };
    let call = IGuard::endorseCall { alertId: alert }.abi_encode();
    pool.add_many(
        state,
        vec![member.call(GUARD, U256::ZERO, call)],
        Origin::Local,
    )
    .await;
}

pub(crate) async fn pay(
    context: &Context,
    warning: &Warning,
    payer: Account,
    pool: &Pool,
    state: &State,
) {
    let sender = payer.address();
    loop {
        let pending = pool.nonce_after(&sender);
        let account = state.account(sender).await.unwrap_or_default();
        let nonce = pending.unwrap_or(account.nonce);
        let payment = payer.transfer_at(nonce, warning.target);
        for result in pool.add_many(state, vec![payment], Origin::Local).await {
            if matches!(result, Err(PoolError::Blocked { .. })) {
                warning.refused.fetch_add(1, Ordering::Relaxed);
            }
        }
        context.sleep(EVERY).await;
    }
}
