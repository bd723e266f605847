//! Operators who come and go while the chain runs.

use crate::{
    Account, League,
    league::{CHAIN_ID, SENDERS_PER_OPERATOR},
    operator::State,
};
use alloy_primitives::{Bytes, U256};
use alloy_sol_types::SolCall;
use commonware_runtime::{Clock as _, deterministic::Context};
use hansa_abi::{IStaking, STAKING};
use hansa_mempool::{HeadState as _, Origin, Pool};
use hansa_primitives::{PrivateKey, prove_key, public_key_bytes};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How often the height is looked at.
const EVERY: Duration = Duration::from_millis(100);

/// Who comes and who goes, once the chain has so many blocks.
#[derive(Clone, Debug, Default)]
pub struct Churn {
    /// Operators, by place, who are none at first.
    pub joins: Vec<usize>,
    /// Operators who exit.
    pub leaves: Vec<usize>,
    /// When.
    pub height: u64,
}

/// Plays one operator's part.
pub(crate) async fn play(
    context: &Context,
    league: &League,
    churn: &Churn,
    (pool, state, head): (&Pool, &State, &AtomicU64),
    operator: usize,
) {
    let owner = Account::new(operator as u32 * SENDERS_PER_OPERATOR, CHAIN_ID);
    let (value, input) = if churn.joins.contains(&operator) {
        let stake = U256::from(40) * U256::from(10u64.pow(18));
        (stake, register(league, operator, &owner))
    } else if churn.leaves.contains(&operator) {
        (U256::ZERO, IStaking::exitCall {}.abi_encode())
    } else {
        return;
    };
    while head.load(Ordering::Acquire) < churn.height {
        context.sleep(EVERY).await;
    }
    // It may have been done before a crash.
    let account = state.account(owner.address()).await.unwrap_or_default();
    if account.nonce == 0 {
        let mut owner = owner;
        let call = owner.call(STAKING, value, Bytes::from(input));
        pool.add_many(state, vec![call], Origin::Local).await;
    }
}

fn register(league: &League, operator: usize, owner: &Account) -> Vec<u8> {
    let key: &PrivateKey = &league.keys[operator];
    let genesis = league.genesis.hash().unwrap_or_default();
    IStaking::registerCall {
        key: public_key_bytes(key),
        proof: prove_key(key, genesis, owner.address()).into(),
        feeRecipient: owner.address(),
        commissionBps: 500,
        name: format!("operator-{operator}"),
        endpoint: String::new(),
        metadata: String::new(),
    }
    .abi_encode()
}
