//! `hansa operator`: a local league grows, shrinks, and changes keys while it runs.

use super::{
    league::{failure, program, tell},
    node::JoinValue,
};
use crate::{
    failure::{Exit, Failure, Outcome},
    session::Session,
    values,
};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall;
use clap::{Args, Subcommand};
use hansa_abi::{IStaking, STAKING};
use hansa_client::{Call, Rpc, Sender, SenderConfig, keystore};
use hansa_node::league::{self, Document, League, Options, extra};
use hansa_primitives::{prove_key, public_key_bytes};
use serde_json::json;
use std::{io::IsTerminal as _, time::Duration};
use tokio::time::Instant;

/// How often the chain is looked at.
const POLL: Duration = Duration::from_millis(200);
/// How often it is looked at when the time matters.
const BOUNDARY_POLL: Duration = Duration::from_millis(20);
/// Wei that a new operator's accounts get beyond its stake.
const POCKET_MONEY: u128 = 10 * 1_000_000_000_000_000_000;

/// Operators of the local league in --dir. An operator has a seat from the next committee on that is fixed: committees are
/// fixed some blocks before an epoch ends, see `hansa_epoch`.
#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Make one more operator, stake for it, and start its node
    #[command(after_help = "\
Examples:
  hansa operator add
  hansa operator add --join state
  hansa operator add --stake 200ether --no-wait --json")]
    Add(AddArgs),
    /// Let an operator leave, and stop its node once it has no seat any more
    #[command(after_help = "Example:\n  hansa operator remove operator-1")]
    Remove(NameArgs),
    /// Give an operator another key, and restart its node with it at the boundary of the epoch
    #[command(after_help = "Example:\n  hansa operator rotate operator-2")]
    Rotate(NameArgs),
}

#[derive(Args, Debug)]
pub(crate) struct AddArgs {
    /// Its own stake
    #[arg(long, value_name = "AMOUNT", default_value = "100ether", value_parser = values::amount)]
    stake: U256,
    /// Part of its delegators' rewards that it keeps, of 10,000
    #[arg(long, value_name = "BPS", default_value_t = 1_000)]
    commission_bps: u16,
    /// What its node takes from the others: every block, or the newest state
    #[arg(long, value_name = "WHAT", default_value = "blocks")]
    join: JoinValue,
    /// Return once it is registered and its node runs, before it has a seat
    #[arg(long)]
    no_wait: bool,
}

#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    /// Whose, for example operator-2
    name: String,
}

pub(crate) async fn run(command: &OperatorCommand, session: &Session<'_>) -> Outcome {
    match command {
        OperatorCommand::Add(arguments) => add(arguments, session).await,
        OperatorCommand::Remove(arguments) => remove(&arguments.name, session).await,
        OperatorCommand::Rotate(arguments) => rotate(&arguments.name, session).await,
    }
}

/// A local league and its nodes that run.
struct Place<'a> {
    session: &'a Session<'a>,
    document: Document,
    genesis_hash: B256,
    rpc: Rpc,
}

impl<'a> Place<'a> {
    /// Looks for nodes that run, other than `not`. Each is asked in turn where one does not answer: it may have been started just now.
    fn find(session: &'a Session<'a>, not: Option<&str>) -> Outcome<Self> {
        let league = League::open(&session.settings.dir.value).map_err(failure)?;
        let document = league.document().map_err(failure)?;
        let all = document.operators.iter();
        let running: Vec<&str> = all
            .filter(|known| known.pid.is_some() && not != Some(&*known.name))
            .map(|known| &*known.rpc)
            .collect();
        if running.is_empty() {
            return Err(Failure::usage(
                "no other node of the league runs",
                "start it with `hansa up`",
            ));
        }
        Ok(Self {
            rpc: Rpc::of(running)?,
            genesis_hash: document.genesis_hash,
            session,
            document,
        })
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(self.session.settings.timeout.value)
    }

    async fn sender(&self, signer: PrivateKeySigner) -> Outcome<Sender> {
        let config = SenderConfig {
            timeout: self.patience(),
            ..SenderConfig::default()
        };
        Ok(Sender::new(self.rpc.clone(), signer, config).await?)
    }

    async fn call<C: SolCall>(
        &self,
        signer: PrivateKeySigner,
        call: &C,
        value: U256,
    ) -> Outcome<u64> {
        let call = Call {
            to: Some(STAKING),
            value,
            input: call.abi_encode().into(),
            gas: None,
        };
        let receipt = self.sender(signer).await?.send(call).await?;
        Ok(receipt.block_number.unwrap_or_default())
    }

    /// The account that acts for an operator.
    fn owner(&self, owner: Address) -> Outcome<PrivateKeySigner> {
        let member = self.document.members.iter();
        let member = member.clone().find(|member| member.address == owner);
        let member = member.ok_or_else(|| {
            Failure::failed(
                format!("the league has no key of {owner}"),
                "act as the owner with `hansa --keystore FILE stake operator ...`",
            )
        })?;
        let password = self.session.password(Some(&self.document.password_file))?;
        Ok(keystore::open(&member.keystore, &password)?)
    }

    /// The operator with this name, as staking has it.
    async fn operator(&self, name: &str) -> Outcome<IStaking::Operator> {
        let call = IStaking::operatorsCall {
            offset: U256::ZERO,
            limit: U256::from(64),
        };
        let page = self.rpc.view(STAKING, &call).await?.page;
        page.into_iter()
            .find(|operator| operator.name == name)
            .ok_or_else(|| {
                Failure::usage(
                    format!("no operator is registered as {name}"),
                    "`hansa stake status` lists them",
                )
            })
    }

    /// The present epoch and the keys that have seats in it.
    async fn committee(&self) -> Outcome<(u64, Vec<B256>)> {
        let block = self.rpc.block_number().await?;
        let of_block = IStaking::epochOfCall { blockNumber: block };
        let epoch = self.rpc.view(STAKING, &of_block).await?.epoch;
        let call = IStaking::committeeOfCall { epoch };
        let seats = self.rpc.view(STAKING, &call).await?.seats;
        Ok((epoch, seats.into_iter().map(|seat| seat.key).collect()))
    }

    /// Waits until a key has a seat, or has none any more; returns the epoch.
    async fn until(&self, key: B256, seated: bool) -> Outcome<u64> {
        let begun = Instant::now();
        let mut told = None;
        loop {
            let (epoch, keys) = self.committee().await?;
            if keys.contains(&key) == seated {
                return Ok(epoch);
            }
            if told != Some(epoch) && std::io::stderr().is_terminal() {
                tell(&format!("  epoch {epoch}: waiting for the next committee"));
                told = Some(epoch);
            }
            if begun.elapsed() >= self.patience() {
                let what = if seated {
                    "has no seat yet"
                } else {
                    "still has a seat"
                };
                return Err(Failure::new(
                    Exit::Timeout,
                    format!("{key} {what} in epoch {epoch}"),
                    "wait longer with --timeout; `hansa stake status` shows who has a seat",
                ));
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Place<'_> {
    /// Waits until a key is about to have a seat: the last block before is final. A small committee makes no other one without it.
    async fn until_boundary(&self, key: B256) -> Outcome<u64> {
        let begun = Instant::now();
        loop {
            let block = self.rpc.block_number().await?;
            let of_block = IStaking::epochOfCall { blockNumber: block };
            let now = self.rpc.view(STAKING, &of_block).await?;
            if self.committee().await?.1.contains(&key) {
                return Ok(now.epoch);
            }
            if block == now.lastBlock {
                let next = now.epoch + 1;
                let call = IStaking::committeeOfCall { epoch: next };
                let seats = self.rpc.view(STAKING, &call).await?.seats;
                if seats.iter().any(|seat| seat.key == key) {
                    return Ok(next);
                }
            }
            if begun.elapsed() >= self.patience() {
                return Err(Failure::new(
                    Exit::Timeout,
                    format!("{key} has no seat yet in epoch {}", now.epoch),
                    "run the command again, with a longer --timeout",
                ));
            }
            tokio::time::sleep(BOUNDARY_POLL).await;
        }
    }
}

/// Starts what does not run, and leaves it running.
async fn start(session: &Session<'_>) -> Outcome {
    let (dir, program) = (session.settings.dir.value.clone(), program()?);
    let started = tokio::task::spawn_blocking(move || {
        league::up(&dir, &Options::default(), &program, &|| false).map(drop)
    });
    started
        .await
        .map_err(|error| Failure::failed(error, "run `hansa up`"))?
        .map_err(failure)
}

async fn add(arguments: &AddArgs, session: &Session<'_>) -> Outcome {
    let place = Place::find(session, None)?;
    let funds = place
        .document
        .accounts
        .first()
        .map(|account| account.private_key);
    let funds = funds
        .and_then(|key| PrivateKeySigner::from_bytes(&key).ok())
        .ok_or_else(|| {
            Failure::failed(
                "the league has no funded account",
                "make it anew with `hansa reset`",
            )
        })?;
    let added = extra::add(&session.settings.dir.value, arguments.join.into()).map_err(failure)?;
    let pay = |to, value| Call {
        to: Some(to),
        value,
        input: Bytes::new(),
        gas: None,
    };
    let pocket = U256::from(POCKET_MONEY);
    let sender = place.sender(funds).await?;
    sender
        .send(pay(added.owner, arguments.stake.saturating_add(pocket)))
        .await?;
    sender.send(pay(added.evidence, pocket)).await?;
    let password = session.password(Some(&place.document.password_file))?;
    let owner = keystore::open(&added.keystore, &password)?;
    let key = public_key_bytes(&added.key);
    let register = IStaking::registerCall {
        key,
        proof: prove_key(&added.key, place.genesis_hash, added.owner).into(),
        feeRecipient: added.owner,
        commissionBps: arguments.commission_bps,
        name: added.name.clone(),
        endpoint: added.endpoint.to_string(),
        metadata: String::new(),
    };
    // Its node is let in once it is registered.
    let block = place.call(owner, &register, arguments.stake).await?;
    start(session).await?;
    let epoch = match arguments.no_wait {
        true => None,
        false => Some(place.until(key, true).await?),
    };
    let document = json!({
        "name": added.name,
        "key": key,
        "owner": added.owner,
        "endpoint": added.endpoint,
        "registered": block,
        "epoch": epoch,
    });
    session.output.result(&document, || {
        let seat = epoch.map_or_else(
            || "it has a seat from the next committee on".to_owned(),
            |epoch| format!("it has a seat since epoch {epoch}"),
        );
        format!("{} registered in block {block}; {seat}", added.name)
    })
}

async fn remove(name: &str, session: &Session<'_>) -> Outcome {
    let place = Place::find(session, Some(name))?;
    let operator = place.operator(name).await?;
    let owner = place.owner(operator.owner)?;
    let block = match operator.exited {
        true => None,
        false => Some(
            place
                .call(owner, &IStaking::exitCall {}, U256::ZERO)
                .await?,
        ),
    };
    let epoch = place.until(operator.key, false).await?;
    let dir = &session.settings.dir.value;
    league::down(dir, Some(name)).await.map_err(failure)?;
    extra::retire(dir, name).map_err(failure)?;
    let document = json!({ "name": name, "exited": block, "epoch": epoch });
    session.output.result(&document, || {
        format!(
            "{name} has no seat since epoch {epoch}, and its node is stopped; its stake can be taken out: `hansa stake undelegate`"
        )
    })
}

async fn rotate(name: &str, session: &Session<'_>) -> Outcome {
    let place = Place::find(session, Some(name)).or_else(|_| Place::find(session, None))?;
    let operator = place.operator(name).await?;
    let dir = &session.settings.dir.value;
    let next = extra::next_key(dir, name).map_err(failure)?;
    let key = public_key_bytes(&next);
    let owner = place.owner(operator.owner)?;
    // Where the others reach the node under its new key, they learn from the chain.
    let league = League::open(dir).map_err(failure)?;
    let endpoint = league
        .operators()
        .iter()
        .find(|known| known.name == name)
        .map(|known| known.config.p2p.listen.to_string())
        .unwrap_or_default();
    if operator.endpoint != endpoint {
        let call = IStaking::setProfileCall {
            name: operator.name.clone(),
            endpoint,
            metadata: operator.metadata.clone(),
        };
        place.call(owner.clone(), &call, U256::ZERO).await?;
    }
    let mut block = None;
    if operator.nextKey != key && operator.key != key {
        let call = IStaking::rotateKeyCall {
            newKey: key,
            proof: prove_key(&next, place.genesis_hash, operator.owner).into(),
        };
        block = Some(place.call(owner, &call, U256::ZERO).await?);
    }
    let epoch = place.until_boundary(key).await?;
    // Until here the node voted with its former key, which has no seat any more.
    league::down(dir, Some(name)).await.map_err(failure)?;
    extra::take_next_key(dir, name).map_err(failure)?;
    start(session).await?;
    let document = json!({ "name": name, "key": key, "asked": block, "epoch": epoch });
    session.output.result(&document, || {
        format!("{name} votes with {key} since epoch {epoch}")
    })
}
