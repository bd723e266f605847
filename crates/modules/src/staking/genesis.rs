//! The staking module's part of a genesis.

use super::{
    clock::Clock,
    committee::{Committee, fix},
    end_block::note_seen,
    lifecycle::{Application, admit},
    operators::Profile,
    parameters::check,
    settings, state,
    terms::{Risk, RiskTerms},
};
use crate::{
    context::{Context, Stop},
    genesis::{Genesis, GenesisError, GenesisOperator, explain, with_context},
    limits::MAX_SEATS,
    slots::word_key,
    testing::MemoryHost,
};
use hansa_abi::STAKING;
use hansa_primitives::Seat;

/// Checks parameters and operators, and writes them with the first committee.
pub(crate) fn write_genesis(
    host: &mut MemoryHost,
    genesis: &Genesis,
    timestamp: u64,
) -> Result<(), GenesisError> {
    let parameters = &genesis.staking;
    check(parameters).map_err(|error| GenesisError::Staking {
        parameter: error.parameter,
        reason: error.reason,
    })?;
    let count = genesis.operators.len();
    if count as u64 > MAX_SEATS {
        let limit = MAX_SEATS;
        return Err(GenesisError::TooManyOperators { count, limit });
    }
    if count == 0 {
        return adopt_first(host, genesis, timestamp);
    }
    let written = with_context(host, STAKING, timestamp, |context| {
        settings::store(
            context,
            parameters,
            RiskTerms::constant(Risk(parameters.slash_bps)),
        )?;
        context.sstore(state::GENESIS_HASH, word_key(genesis.genesis_hash))
    });
    let refuse = |index: usize, stop| GenesisError::Operator {
        index,
        name: genesis.operators[index].name.clone(),
        reason: explain(stop),
    };
    written.map_err(|stop| refuse(0, stop))?;
    for (index, operator) in genesis.operators.iter().enumerate() {
        with_context(host, STAKING, timestamp, |context| {
            add_operator(context, operator)
        })
        .map_err(|stop| refuse(index, stop))?;
    }
    with_context(host, STAKING, timestamp, |context| {
        first_committee(context, &genesis.operators)
    })
    .map_err(|stop| refuse(0, stop))
}

/// A zone's first committee. The module itself stays off: nobody registers or delegates there.
fn adopt_first(
    host: &mut MemoryHost,
    genesis: &Genesis,
    timestamp: u64,
) -> Result<(), GenesisError> {
    if genesis.committee.is_empty() {
        return Ok(());
    }
    let committee = Committee {
        epoch: 0,
        seats: genesis.committee.clone(),
    };
    let fixed = with_context(host, STAKING, timestamp, |context| fix(context, &committee));
    fixed.map_err(|stop| GenesisError::Operator {
        index: 0,
        name: "committee".into(),
        reason: explain(stop),
    })
}

/// Adds an operator whose self-delegation counts from epoch 0 on.
fn add_operator(context: &mut Context<'_>, operator: &GenesisOperator) -> Result<(), Stop> {
    let clock = Clock {
        epoch: 0,
        effective: 0,
        rewarded: 0,
        windows: settings::windows(context)?,
    };
    let application = Application {
        owner: operator.owner,
        key: operator.public_key,
        fee_recipient: operator.fee_recipient,
        commission: operator.commission_bps,
        profile: Profile {
            name: operator.name.clone(),
            endpoint: operator.endpoint.clone(),
            metadata: String::new(),
        },
        stake: operator.stake,
    };
    let id = admit(context, &clock, application)?;
    let now = context.now();
    note_seen(context, id, now)
}

fn first_committee(context: &mut Context<'_>, operators: &[GenesisOperator]) -> Result<(), Stop> {
    let mut seats: Vec<_> = (1..)
        .zip(operators)
        .map(|(operator, of)| Seat {
            operator,
            key: of.public_key,
            fee_recipient: of.fee_recipient,
            stake: of.stake,
        })
        .collect();
    seats.sort_by_key(|seat| seat.key);
    fix(context, &Committee { epoch: 0, seats })
}
