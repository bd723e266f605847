//! What delegators do.

use super::{
    done,
    pool::find,
    risk::{self, KindShare},
    send, wei,
};
use crate::{
    failure::{Failure, Outcome},
    session::Session,
    transact::{event, transact},
    values,
};
use alloy_primitives::{Address, U256, utils::format_ether};
use clap::{Args, ValueEnum};
use hansa_abi::{IStaking, STAKING};
use hansa_client::Rpc;
use serde_json::json;

#[derive(Args, Debug)]
pub(crate) struct OperatorArgs {
    /// Its id or name
    operator: String,
}

#[derive(Args, Debug)]
pub(crate) struct PositionArgs {
    /// Its id or name
    operator: String,
    /// Whose stake; your own by default
    #[arg(long, value_name = "ADDRESS")]
    delegator: Option<Address>,
}

#[derive(Args, Debug)]
pub(crate) struct MaxLoss {
    /// Most that one slash may take of the whole position: 5%, 0.5% or 500bps; by default what you have signed for
    /// it, or else the operator's present terms
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    max_loss: Option<u16>,
    /// The same for one kind of fault: conflicting-notarize, conflicting-finalize or nullify-finalize, such as
    /// conflicting-finalize=10%; can be repeated
    #[arg(long, value_name = "KIND=SHARE", value_parser = risk::kind_share)]
    max_loss_for: Vec<KindShare>,
}

impl MaxLoss {
    /// What is signed for a position with an operator.
    async fn with(
        &self,
        rpc: &Rpc,
        operator: &IStaking::Operator,
        delegator: Address,
    ) -> Outcome<IStaking::Risk> {
        let all = match self.max_loss {
            Some(share) => IStaking::Risk::uniform(share),
            None => {
                // Nobody agrees to lose more than before by saying nothing.
                let signed = position(rpc, operator.id, delegator).await?;
                let signed = signed.filter(|position| !position.amount.is_zero());
                signed.map_or_else(|| operator.nextRisk.clone(), |position| position.maxLoss)
            }
        };
        Ok(risk::replaced(&all, &self.max_loss_for))
    }
}

#[derive(Args, Debug)]
pub(crate) struct DelegateArgs {
    /// Its id or name
    operator: String,
    /// How much, with its unit: 1.5ether, 20gwei, 100wei
    #[arg(value_parser = values::amount)]
    amount: U256,
    #[command(flatten)]
    max_loss: MaxLoss,
}

/// A part of a position, or all of it.
#[derive(Clone, Copy, Debug)]
enum Part {
    Amount(U256),
    All,
}

fn part(text: &str) -> Result<Part, String> {
    if text == "all" {
        return Ok(Part::All);
    }
    let amount = values::amount(text).map(Part::Amount);
    amount.map_err(|words| format!("{words}; or `all`"))
}

#[derive(Args, Debug)]
pub(crate) struct UndelegateArgs {
    /// Its id or name
    operator: String,
    /// How much, with its unit: 1.5ether, 20gwei, 100wei; or all
    #[arg(value_parser = part)]
    amount: Part,
}

#[derive(Args, Debug)]
pub(crate) struct RedelegateArgs {
    /// Where it is: an id or a name
    from: String,
    /// Where it goes: an id or a name
    to: String,
    /// How much, with its unit: 1.5ether, 20gwei, 100wei; or all
    #[arg(value_parser = part)]
    amount: Part,
    #[command(flatten)]
    max_loss: MaxLoss,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Args, Debug)]
pub(crate) struct AutoRestakeArgs {
    /// Its id or name
    operator: String,
    /// Whether rewards are delegated
    enabled: Switch,
}

/// A position; `None` when there is none.
async fn position(
    rpc: &Rpc,
    operator: u64,
    delegator: Address,
) -> Outcome<Option<IStaking::Delegation>> {
    let listed = IStaking::delegationsOfCall { delegator };
    if !rpc.view(STAKING, &listed).await?.contains(&operator) {
        return Ok(None);
    }
    let call = IStaking::delegationCall {
        operatorId: operator,
        delegator,
    };
    Ok(Some(rpc.view(STAKING, &call).await?))
}

/// How much of the caller's position with an operator is meant.
async fn amount(
    session: &Session<'_>,
    rpc: &Rpc,
    operator: &IStaking::Operator,
    part: Part,
) -> Outcome<U256> {
    if let Part::Amount(amount) = part {
        return Ok(amount);
    }
    let own = session.address_or_own(None)?;
    let position = position(rpc, operator.id, own).await?;
    position.map(|position| position.amount).ok_or_else(|| {
        Failure::failed(
            format!("{own} has nothing with {}", operator.name),
            format!("see what it has: `hansa stake status {own}`"),
        )
    })
}

pub(super) async fn delegate(arguments: &DelegateArgs, session: &Session<'_>) -> Outcome {
    let rpc = session.rpc()?;
    let operator = find(&rpc, &arguments.operator).await?;
    let own = session.address_or_own(None)?;
    let max_loss = arguments.max_loss.with(&rpc, &operator, own).await?;
    let call = IStaking::delegateCall {
        operatorId: operator.id,
        maxLoss: max_loss.clone(),
    };
    let (receipt, event) = send::<IStaking::Delegated>(session, &call, arguments.amount).await?;
    let from = event.map_or(0, |event| event.fromEpoch);
    let more = json!({
        "operator": operator.id,
        "wei": wei(arguments.amount),
        "from_epoch": from,
        "max_loss_bps": risk::by_kind(max_loss.shares()),
    });
    let text = format!(
        "{} ether delegated to {} count from epoch {from}; one slash may take {} at most;",
        format_ether(arguments.amount),
        operator.name,
        risk::words(&max_loss)
    );
    done(session, &receipt, more, &text)
}

pub(super) async fn undelegate(arguments: &UndelegateArgs, session: &Session<'_>) -> Outcome {
    let rpc = session.rpc()?;
    let operator = find(&rpc, &arguments.operator).await?;
    let amount = amount(session, &rpc, &operator, arguments.amount).await?;
    let call = IStaking::undelegateCall {
        operatorId: operator.id,
        amount,
    };
    let (receipt, event) = send::<IStaking::Undelegated>(session, &call, U256::ZERO).await?;
    let (until, claimable) = unbonding(&rpc, event).await?;
    let more = json!({
        "operator": operator.id,
        "wei": wei(amount),
        "until_epoch": until,
        "claimable_epoch": claimable,
    });
    let text = format!(
        "{} ether leave {} with epoch {until} and can be withdrawn from epoch {claimable} on;",
        format_ether(amount),
        operator.name
    );
    done(session, &receipt, more, &text)
}

/// Until when stake that leaves counts, and from when on it can be had.
async fn unbonding(rpc: &Rpc, event: Option<IStaking::Undelegated>) -> Outcome<(u64, u64)> {
    let until = event.map_or(0, |event| event.untilEpoch);
    let parameters = rpc.view(STAKING, &IStaking::parametersCall {}).await?;
    Ok((until, until.saturating_add(parameters.unbondingEpochs)))
}

pub(super) async fn redelegate(arguments: &RedelegateArgs, session: &Session<'_>) -> Outcome {
    let rpc = session.rpc()?;
    let from = find(&rpc, &arguments.from).await?;
    let to = find(&rpc, &arguments.to).await?;
    let own = session.address_or_own(None)?;
    let amount = amount(session, &rpc, &from, arguments.amount).await?;
    let max_loss = arguments.max_loss.with(&rpc, &to, own).await?;
    let call = IStaking::redelegateCall {
        from: from.id,
        to: to.id,
        amount,
        maxLoss: max_loss.clone(),
    };
    let (receipt, event) = send::<IStaking::Undelegated>(session, &call, U256::ZERO).await?;
    let (until, claimable) = unbonding(&rpc, event).await?;
    let more = json!({
        "from": from.id,
        "to": to.id,
        "wei": wei(amount),
        "until_epoch": until,
        "claimable_epoch": claimable,
        "max_loss_bps": risk::by_kind(max_loss.shares()),
    });
    let text = format!(
        "{} ether leave {} with epoch {until}; `hansa stake complete {}` delegates them to {} from epoch {claimable} on;",
        format_ether(amount),
        from.name,
        from.id,
        to.name
    );
    done(session, &receipt, more, &text)
}

pub(super) async fn complete(arguments: &PositionArgs, session: &Session<'_>) -> Outcome {
    let operator = find(&session.rpc()?, &arguments.operator).await?;
    let delegator = session.address_or_own(arguments.delegator)?;
    let call = IStaking::completeRedelegationCall {
        from: operator.id,
        delegator,
    };
    let receipt = transact(session, STAKING, &call, U256::ZERO).await?;
    let delegated: Vec<_> = super::report::events::<IStaking::Delegated>(&receipt);
    let released: Vec<_> = super::report::events::<IStaking::RedelegationReleased>(&receipt);
    let sum = |amounts: Vec<U256>| amounts.into_iter().fold(U256::ZERO, U256::saturating_add);
    let moved = sum(delegated.iter().map(|event| event.amount).collect());
    let freed = sum(released.iter().map(|event| event.amount).collect());
    let more = json!({
        "from": operator.id,
        "delegator": delegator,
        "wei": wei(moved),
        "released_wei": wei(freed),
    });
    let mut text = format!("{} ether are delegated anew", format_ether(moved));
    if !freed.is_zero() {
        text.push_str(&format!(
            ", {} can be withdrawn instead, since their target takes no stake on the terms that were signed",
            format_ether(freed)
        ));
    }
    done(session, &receipt, more, &text)
}

pub(super) async fn withdraw(arguments: &OperatorArgs, session: &Session<'_>) -> Outcome {
    let operator = find(&session.rpc()?, &arguments.operator).await?;
    let call = IStaking::withdrawCall {
        operatorId: operator.id,
    };
    let (receipt, event) = send::<IStaking::Withdrawn>(session, &call, U256::ZERO).await?;
    let amount = event.map(|event| event.amount).unwrap_or_default();
    let more = json!({"operator": operator.id, "wei": wei(amount)});
    let text = format!("{} ether are paid out", format_ether(amount));
    done(session, &receipt, more, &text)
}

pub(super) async fn claim(arguments: &OperatorArgs, session: &Session<'_>) -> Outcome {
    let operator = find(&session.rpc()?, &arguments.operator).await?;
    let call = IStaking::claimRewardsCall {
        operatorId: operator.id,
    };
    let (receipt, event) = send::<IStaking::RewardsClaimed>(session, &call, U256::ZERO).await?;
    let amount = event.map(|event| event.amount).unwrap_or_default();
    let more = json!({"operator": operator.id, "wei": wei(amount)});
    let text = format!("{} ether of rewards are paid out", format_ether(amount));
    done(session, &receipt, more, &text)
}

pub(super) async fn restake(arguments: &OperatorArgs, session: &Session<'_>) -> Outcome {
    let operator = find(&session.rpc()?, &arguments.operator).await?;
    let call = IStaking::restakeCall {
        operatorId: operator.id,
    };
    let (receipt, event) = send::<IStaking::Restaked>(session, &call, U256::ZERO).await?;
    let (amount, from) = event.map_or((U256::ZERO, 0), |event| (event.amount, event.fromEpoch));
    let more = json!({"operator": operator.id, "wei": wei(amount), "from_epoch": from});
    let text = format!(
        "{} ether of rewards are delegated to {} and count from epoch {from};",
        format_ether(amount),
        operator.name
    );
    done(session, &receipt, more, &text)
}

pub(super) async fn auto_restake(arguments: &AutoRestakeArgs, session: &Session<'_>) -> Outcome {
    let operator = find(&session.rpc()?, &arguments.operator).await?;
    let enabled = matches!(arguments.enabled, Switch::On);
    let call = IStaking::setAutoRestakeCall {
        operatorId: operator.id,
        enabled,
    };
    let (receipt, _) = send::<IStaking::AutoRestakeSet>(session, &call, U256::ZERO).await?;
    let more = json!({"operator": operator.id, "auto_restake": enabled});
    let text = if enabled {
        "rewards are delegated from now on whenever the position is touched;"
    } else {
        "rewards wait to be claimed from now on;"
    };
    done(session, &receipt, more, text)
}

pub(super) async fn settle(arguments: &PositionArgs, session: &Session<'_>) -> Outcome {
    let operator = find(&session.rpc()?, &arguments.operator).await?;
    let delegator = session.address_or_own(arguments.delegator)?;
    let call = IStaking::settleCall {
        operatorId: operator.id,
        delegator,
    };
    let receipt = transact(session, STAKING, &call, U256::ZERO).await?;
    let restaked = event::<IStaking::Restaked>(&receipt);
    let restaked = restaked.map(|event| event.amount).unwrap_or_default();
    let more = json!({
        "operator": operator.id,
        "delegator": delegator,
        "restaked_wei": wei(restaked),
    });
    let text = format!(
        "the position of {delegator} with {} is up to date",
        operator.name
    );
    done(session, &receipt, more, &text)
}
