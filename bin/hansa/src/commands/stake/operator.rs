//! What operators do.

use super::{
    done,
    risk::{self, KindShare},
    send, wei,
};
use crate::{
    failure::{Failure, Outcome},
    session::Session,
    values,
};
use alloy_primitives::{Address, B256, U256, utils::format_ether};
use clap::{Args, Subcommand};
use hansa_abi::{IStaking, STAKING};
use hansa_client::{Proof, prove_key};
use hansa_node::KeyError;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Become an operator, with stake of your own
    #[command(after_help = "\
The account that you act with owns the operator. KEY is the ed25519 key that its node votes with.

Example:
  hansa keys operator operator.key
  hansa --as member-1 stake operator register operator.key --name \"Port of Lübeck\" --commission 5% \\
    --endpoint node.example.org:9000 --stake 100ether")]
    Register(Box<RegisterArgs>),
    /// Replace the key that your operator votes with
    #[command(after_help = "\
Keep the node running with the old key until `hansa stake status` shows the new one.

Example:
  hansa keys operator new.key
  hansa --as member-1 stake operator rotate-key new.key")]
    RotateKey(KeyArgs),
    /// Change the part of its delegators' rewards that your operator keeps
    #[command(after_help = "Example:\n  hansa --as member-1 stake operator set-commission 4.5%")]
    SetCommission(CommissionArgs),
    /// Change the largest part of its stake that one slash can take; more only after delegators had time to leave
    #[command(after_help = "\
Kinds that are not named keep their share.

Examples:
  hansa --as member-1 stake operator set-risk 100%
  hansa --as member-1 stake operator set-risk 5% --for conflicting-finalize=100%
  hansa --as member-1 stake operator set-risk --for nullify-finalize=10%")]
    SetRisk(RiskArgs),
    /// Change who receives the tips of its blocks, from the next committee that is fixed
    #[command(
        after_help = "Example:\n  hansa --as member-1 stake operator set-fee-recipient 0x90F79bf6EB2c4f870365E785982E1f101E93b906"
    )]
    SetFeeRecipient(FeeRecipientArgs),
    /// Change what your operator says about itself
    #[command(
        after_help = "Example:\n  hansa --as member-1 stake operator set-profile --endpoint node.example.org:9000"
    )]
    SetProfile(ProfileArgs),
    /// Do not be selected any more; your own stake can then be undelegated
    #[command(after_help = "Example:\n  hansa --as member-1 stake operator exit")]
    Exit,
    /// Be selected again after an exit
    #[command(after_help = "Example:\n  hansa --as member-1 stake operator rejoin")]
    Rejoin,
    /// End the bar of your operator, once the wait is over
    #[command(after_help = "Example:\n  hansa --as member-1 stake operator unjail")]
    Unjail,
    /// Take what your operator earned in commission and compensation
    #[command(after_help = "Example:\n  hansa --as member-1 stake operator claim")]
    Claim,
}

#[derive(Args, Debug)]
pub(crate) struct KeyArgs {
    /// File with the operator's private key, as `hansa keys operator` makes it
    key: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct RegisterArgs {
    #[command(flatten)]
    key: KeyArgs,
    /// Its name
    #[arg(long)]
    name: String,
    /// Part of its delegators' rewards that it keeps: 5%, 0.5% or 50bps
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    commission: u16,
    /// Your stake in it, with its unit; the least that the chain takes by default
    #[arg(long, value_name = "AMOUNT", value_parser = values::amount)]
    stake: Option<U256>,
    /// Receives the tips of its blocks; your account by default
    #[arg(long, value_name = "ADDRESS")]
    fee_recipient: Option<Address>,
    /// Where other nodes reach it
    #[arg(long, value_name = "HOST:PORT", default_value = "")]
    endpoint: String,
    /// Anything else that people should know
    #[arg(long, default_value = "")]
    metadata: String,
}

#[derive(Args, Debug)]
pub(crate) struct CommissionArgs {
    /// The part: 5%, 0.5% or 50bps
    #[arg(value_parser = values::share)]
    commission: u16,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
pub(crate) struct RiskArgs {
    /// The part, for every kind of fault: 50%, 5% or 500bps
    #[arg(value_parser = values::share)]
    risk: Option<u16>,
    /// The part for one kind: conflicting-notarize, conflicting-finalize or nullify-finalize, such as
    /// conflicting-finalize=10%; can be repeated
    #[arg(long = "for", value_name = "KIND=SHARE", value_parser = risk::kind_share)]
    risk_for: Vec<KindShare>,
}

#[derive(Args, Debug)]
pub(crate) struct FeeRecipientArgs {
    /// Who
    address: Address,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
pub(crate) struct ProfileArgs {
    /// New name
    #[arg(long)]
    name: Option<String>,
    /// Where other nodes reach it
    #[arg(long, value_name = "HOST:PORT")]
    endpoint: Option<String>,
    /// Anything else that people should know
    #[arg(long)]
    metadata: Option<String>,
}

pub(super) async fn run(command: &OperatorCommand, session: &Session<'_>) -> Outcome {
    match command {
        OperatorCommand::Register(arguments) => register(session, arguments).await,
        OperatorCommand::RotateKey(arguments) => rotate_key(session, arguments).await,
        OperatorCommand::SetCommission(arguments) => {
            set_commission(session, arguments.commission).await
        }
        OperatorCommand::SetRisk(arguments) => set_risk(session, arguments).await,
        OperatorCommand::SetFeeRecipient(arguments) => {
            set_fee_recipient(session, arguments.address).await
        }
        OperatorCommand::SetProfile(arguments) => set_profile(session, arguments).await,
        OperatorCommand::Exit => {
            let call = IStaking::exitCall {};
            let (receipt, event) =
                send::<IStaking::OperatorExited>(session, &call, U256::ZERO).await?;
            let id = event.map_or(0, |event| event.operatorId);
            let text = format!(
                "operator {id} leaves with the next committee that is fixed: keep its node running until \
                 `hansa stake status` shows no seat;"
            );
            done(session, &receipt, json!({"operator": id}), &text)
        }
        OperatorCommand::Rejoin => {
            let call = IStaking::rejoinCall {};
            let (receipt, event) =
                send::<IStaking::OperatorRejoined>(session, &call, U256::ZERO).await?;
            let id = event.map_or(0, |event| event.operatorId);
            let text = format!("operator {id} can be selected again");
            done(session, &receipt, json!({"operator": id}), &text)
        }
        OperatorCommand::Unjail => {
            let call = IStaking::unjailCall {};
            let (receipt, event) =
                send::<IStaking::OperatorUnjailed>(session, &call, U256::ZERO).await?;
            let id = event.map_or(0, |event| event.operatorId);
            let text = format!("operator {id} is not barred any more");
            done(session, &receipt, json!({"operator": id}), &text)
        }
        OperatorCommand::Claim => {
            let call = IStaking::claimCommissionCall {};
            let (receipt, event) =
                send::<IStaking::CommissionClaimed>(session, &call, U256::ZERO).await?;
            let (id, amount) =
                event.map_or((0, U256::ZERO), |event| (event.operatorId, event.amount));
            let text = format!("{} ether are paid out", format_ether(amount));
            let more = json!({"operator": id, "wei": wei(amount)});
            done(session, &receipt, more, &text)
        }
    }
}

/// Proves that the account that is acted with holds the key in a file.
async fn prove(session: &Session<'_>, file: &Path) -> Outcome<Proof> {
    let key = hansa_node::load_key(file).map_err(|error| {
        let advice = match &error {
            KeyError::Io { .. } => "name the key's file; `hansa keys operator` makes one",
            KeyError::Malformed { .. } => "make a key with `hansa keys operator`",
            KeyError::Exposed { .. } => "let nobody else read it, or make another key",
        };
        Failure::usage(error, advice)
    })?;
    let owner = session.address_or_own(None)?;
    let genesis_hash = session.rpc()?.genesis_hash().await?;
    Ok(prove_key(&key, genesis_hash, owner))
}

async fn register(session: &Session<'_>, arguments: &RegisterArgs) -> Outcome {
    let owner = session.address_or_own(None)?;
    let proof = prove(session, &arguments.key.key).await?;
    let stake = match arguments.stake {
        Some(stake) => stake,
        None => {
            let parameters = IStaking::parametersCall {};
            session
                .rpc()?
                .view(STAKING, &parameters)
                .await?
                .minSelfStake
        }
    };
    let call = IStaking::registerCall {
        key: proof.key,
        proof: proof.signature,
        feeRecipient: arguments.fee_recipient.unwrap_or(owner),
        commissionBps: arguments.commission,
        name: arguments.name.clone(),
        endpoint: arguments.endpoint.clone(),
        metadata: arguments.metadata.clone(),
    };
    let (receipt, event) = send::<IStaking::OperatorRegistered>(session, &call, stake).await?;
    let id = event.map_or(0, |event| event.operatorId);
    let from = crate::transact::event::<IStaking::Delegated>(&receipt);
    let from = from.map_or(0, |event| event.fromEpoch);
    let more = json!({
        "operator": id,
        "owner": owner,
        "key": proof.key,
        "wei": wei(stake),
        "from_epoch": from,
    });
    let text = format!(
        "operator {id} is registered with {} ether: it can have a seat from epoch {from} on;",
        format_ether(stake)
    );
    done(session, &receipt, more, &text)
}

async fn rotate_key(session: &Session<'_>, arguments: &KeyArgs) -> Outcome {
    let proof = prove(session, &arguments.key).await?;
    let call = IStaking::rotateKeyCall {
        newKey: proof.key,
        proof: proof.signature,
    };
    let (receipt, event) =
        send::<IStaking::KeyRotationRequested>(session, &call, U256::ZERO).await?;
    let (id, key) = event.map_or((0, B256::ZERO), |event| (event.operatorId, event.newKey));
    let more = json!({"operator": id, "next_key": key});
    let text = format!(
        "operator {id} votes with key {key} once the epoch of a committee with it begins: keep the node running with \
         the old one until `hansa stake status` shows it;"
    );
    done(session, &receipt, more, &text)
}

async fn set_commission(session: &Session<'_>, commission: u16) -> Outcome {
    let call = IStaking::setCommissionCall {
        commissionBps: commission,
    };
    let (receipt, event) = send::<IStaking::CommissionChanged>(session, &call, U256::ZERO).await?;
    let id = event.map_or(0, |event| event.operatorId);
    let more = json!({"operator": id, "commission_bps": commission});
    let text = format!(
        "operator {id} keeps {} of its delegators' rewards",
        values::show_share(commission)
    );
    done(session, &receipt, more, &text)
}

async fn set_risk(session: &Session<'_>, arguments: &RiskArgs) -> Outcome {
    let all = match arguments.risk {
        Some(share) => IStaking::Risk::uniform(share),
        None => own_operator(session).await?.nextRisk,
    };
    let risk = risk::replaced(&all, &arguments.risk_for);
    let call = IStaking::setRiskCall { risk: risk.clone() };
    let (receipt, event) = send::<IStaking::RiskChanged>(session, &call, U256::ZERO).await?;
    let (id, from) = event.map_or((0, [0; 3]), |event| (event.operatorId, event.fromEpochs));
    let more = json!({
        "operator": id,
        "risk_bps": risk::by_kind(risk.shares()),
        "from_epochs": risk::by_kind(from),
    });
    let text = format!(
        "one slash of operator {id} takes at most {} of its stake;",
        risk::words_since(&risk, from)
    );
    done(session, &receipt, more, &text)
}

async fn set_fee_recipient(session: &Session<'_>, to: Address) -> Outcome {
    let call = IStaking::setFeeRecipientCall { feeRecipient: to };
    let (receipt, event) =
        send::<IStaking::FeeRecipientChanged>(session, &call, U256::ZERO).await?;
    let id = event.map_or(0, |event| event.operatorId);
    let more = json!({"operator": id, "fee_recipient": to});
    let text = format!("{to} receives the tips of operator {id} with its next seat;");
    done(session, &receipt, more, &text)
}

/// The operator that the account that is acted with owns.
pub(crate) async fn own_operator(session: &Session<'_>) -> Outcome<IStaking::Operator> {
    let owner = session.address_or_own(None)?;
    let rpc = session.rpc()?;
    let id = rpc
        .view(STAKING, &IStaking::operatorOfCall { owner })
        .await?;
    if id == 0 {
        return Err(Failure::failed(
            format!("{owner} owns no operator"),
            "act as an operator's owner: `hansa stake status` lists them",
        ));
    }
    let call = IStaking::operatorCall { operatorId: id };
    Ok(rpc.view(STAKING, &call).await?)
}

async fn set_profile(session: &Session<'_>, arguments: &ProfileArgs) -> Outcome {
    let current = own_operator(session).await?;
    let id = current.id;
    let call = IStaking::setProfileCall {
        name: arguments.name.clone().unwrap_or(current.name),
        endpoint: arguments.endpoint.clone().unwrap_or(current.endpoint),
        metadata: arguments.metadata.clone().unwrap_or(current.metadata),
    };
    let (receipt, _) = send::<IStaking::ProfileChanged>(session, &call, U256::ZERO).await?;
    let text = format!("the profile of operator {id} is changed");
    done(session, &receipt, json!({"operator": id}), &text)
}
