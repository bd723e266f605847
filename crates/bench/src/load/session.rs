//! Funded accounts on a live chain, made once and used by several runs.

use super::{
    client::Client,
    drive::{Drive, drive},
    fresh_seed,
    plan::{Job, Rate, plan},
    submit::{Pace, Signed},
};
use crate::{
    accounts::{Action, Terms, address, development, sign, signer},
    token::{SUPPLY, Token, transfer_input},
    world::Kind,
};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, U64, U256, hex};
use alloy_signer_local::PrivateKeySigner;
use clap::ValueEnum;
use eyre::{OptionExt as _, Result, ensure};
use hansa_primitives::Transaction;
use rayon::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;

/// Calls per request while a session is set up.
const BATCH: usize = 100;
/// Nothing was included for this long: the chain stands.
const PATIENCE: Duration = Duration::from_secs(30);
/// In flight while accounts are funded: the ten accounts that pay stay under a pool's cap per sender.
const FUNDING_IN_FLIGHT: u64 = 2_000;
/// Fees are capped at this at least, wei per gas.
const MIN_FEE_CAP: u128 = 100_000_000_000;
/// Fees are capped at so many times the first base fee: the load pays what its own full blocks make of it.
const FEE_MARGIN: u128 = 100;
/// A transfer to an account without a balance takes about 52,000.
const TOKEN_GAS: u64 = 65_000;
/// Wei that an account is funded with, unless there are too many of them.
const FUNDS: u128 = 5_000_000_000_000_000_000;
/// Wei that all development accounts together spend on funding at most: a part of what they have.
const ALL_FUNDS: u128 = 50_000_000_000_000_000_000_000;

/// Who receives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Recipients {
    /// The senders, in another order.
    #[default]
    Senders,
    /// A new account each time: the state grows.
    Fresh,
}

/// See the module's documentation.
pub(crate) struct Session {
    pub(crate) urls: Vec<String>,
    pub(crate) batch: usize,
    pub(crate) patience: Duration,
    terms: Terms,
    seed: u64,
    senders: Vec<PrivateKeySigner>,
    token: Option<Address>,
    fresh: u64,
}

impl Session {
    /// Makes and funds `accounts` accounts; the first URL takes all of that.
    ///
    /// # Errors
    /// The node cannot be reached, or funding does not go through.
    pub(crate) async fn open(
        urls: Vec<String>,
        accounts: u64,
        seed: u64,
        batch: usize,
        patience: Duration,
    ) -> Result<Self> {
        let mut client = Client::new(urls.first().ok_or_eyre("no URL to send to")?)?;
        let chain_id: U64 = client.call("eth_chainId", json!([])).await?;
        let head: Value = client
            .call("eth_getBlockByNumber", json!(["latest", false]))
            .await?;
        let base_fee: U256 = serde_json::from_value(head["baseFeePerGas"].clone())?;
        let terms = Terms {
            chain_id: chain_id.to(),
            max_fee_per_gas: MIN_FEE_CAP.max(base_fee.saturating_to::<u128>() * FEE_MARGIN),
            max_priority_fee_per_gas: 1_000_000,
        };
        let senders = (0..accounts)
            .into_par_iter()
            .map(|index| signer(seed, index))
            .collect::<Result<_>>()?;
        let session = Self {
            urls,
            batch,
            patience,
            terms,
            seed,
            senders,
            token: None,
            fresh: 0,
        };
        let funds = U256::from(FUNDS.min(ALL_FUNDS / u128::from(accounts.max(1))));
        session.distribute(|to| Action::transfer(to, funds)).await?;
        Ok(session)
    }

    /// Makes accounts without history with the usual sizes of requests; one more than `accounts`, to
    /// probe with.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) async fn open_default(urls: Vec<String>, accounts: u64) -> Result<Self> {
        Self::open(urls, accounts + 1, fresh_seed(), BATCH, PATIENCE).await
    }

    /// Creates the token and gives a share of it to every account.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) async fn deploy(&mut self, token: &Token) -> Result<()> {
        let developers = development()?;
        let first = &developers[..1];
        let nonce = self.nonces(first).await?[0];
        let create = sign(
            &first[0],
            &self.terms,
            nonce,
            Action::create(token.init_code()),
        )?;
        self.send_all(vec![vec![signed(0, &create)]]).await?;
        let token = first[0].address().create(nonce);
        let mut client = self.client()?;
        let code: String = client.call("eth_getCode", json!([token, "latest"])).await?;
        ensure!(code.len() > 2, "the token was not created");
        let share = SUPPLY / U256::from(developers.len());
        let to_developers = developers.iter().skip(1).zip(nonce + 1..);
        let transfers = to_developers
            .enumerate()
            .map(|(index, (to, nonce))| {
                let input = transfer_input(to.address(), share);
                let action = Action::call(token, input, TOKEN_GAS);
                Ok(signed(
                    index as u64,
                    &sign(&first[0], &self.terms, nonce, action)?,
                ))
            })
            .collect::<Result<_>>()?;
        self.send_all(vec![transfers]).await?;
        let part = share / U256::from(self.senders.len() + 1);
        self.distribute(|to| Action::call(token, transfer_input(to, part), TOKEN_GAS))
            .await?;
        self.token = Some(token);
        Ok(())
    }

    /// The development accounts do something for every account.
    async fn distribute(&self, action: impl Fn(Address) -> Action + Sync) -> Result<()> {
        let developers = development()?;
        let nonces = self.nonces(&developers).await?;
        let plans = plan(developers.len() as u64, self.senders.len() as u64, 4);
        let plans = plans
            .into_par_iter()
            .map(|jobs| {
                let signed = jobs.into_iter().map(|job| {
                    let from = job.account as usize;
                    let to = self.senders[job.index as usize].address();
                    let nonce = nonces[from] + job.nonce;
                    let transaction = sign(&developers[from], &self.terms, nonce, action(to))?;
                    Ok(self::signed(job.index, &transaction))
                });
                signed.collect()
            })
            .collect::<Result<Vec<Vec<_>>>>()?;
        self.send_all(plans).await
    }

    async fn send_all(&self, plans: Vec<Vec<Signed>>) -> Result<()> {
        let pace = Pace {
            rate: Rate::Max,
            in_flight: FUNDING_IN_FLIGHT,
        };
        let wanted: usize = plans.iter().map(Vec::len).sum();
        let fee_cap = self.terms.max_fee_per_gas;
        let result = drive(&self.urls[..1], plans, pace, BATCH, fee_cap, self.patience).await?;
        ensure!(
            result.seen.missing.is_empty(),
            "setting up: {} of {wanted} transactions were not included; refusals: {:?}",
            result.seen.missing.len(),
            result.refusals
        );
        Ok(())
    }

    /// A client of the first URL.
    ///
    /// # Errors
    /// It is not one.
    pub(crate) fn client(&self) -> Result<Client> {
        Client::new(&self.urls[0])
    }

    /// The next nonces by the newest block.
    async fn nonces(&self, signers: &[PrivateKeySigner]) -> Result<Vec<u64>> {
        let mut client = self.client()?;
        let mut nonces = Vec::with_capacity(signers.len());
        for chunk in signers.chunks(BATCH) {
            let params: Vec<Value> = chunk
                .iter()
                .map(|signer| json!([signer.address(), "latest"]))
                .collect();
            for nonce in client
                .call_batch("eth_getTransactionCount", &params)
                .await?
            {
                nonces.push(serde_json::from_value::<U64>(nonce)?.to());
            }
        }
        Ok(nonces)
    }

    /// Signs a run: `probes` transactions of the last account to measure latency with, and
    /// `transactions` of all others, split over `workers` connections.
    ///
    /// # Errors
    /// There is no token, or nonces cannot be read.
    pub(crate) async fn sign_run(
        &mut self,
        kind: Kind,
        recipients: Recipients,
        transactions: u64,
        probes: u64,
        workers: u64,
    ) -> Result<(Vec<Vec<Signed>>, Vec<Signed>)> {
        let nonces = self.nonces(&self.senders).await?;
        let prober = self.senders.len() - 1;
        ensure!(prober > 0, "a run needs two accounts at least");
        let plans = plan(prober as u64, transactions, workers);
        let this = &*self;
        let sign_job = |job: Job| {
            let to = this.recipient(recipients, job.index);
            let nonce = nonces[job.account as usize] + job.nonce;
            let action = this.action(kind, to)?;
            let signer = &this.senders[job.account as usize];
            Ok(signed(
                job.index,
                &sign(signer, &this.terms, nonce, action)?,
            ))
        };
        let runs = plans
            .into_iter()
            .map(|jobs| jobs.into_par_iter().map(sign_job).collect())
            .collect::<Result<Vec<Vec<_>>>>()?;
        let probes = (0..probes)
            .map(|nonce| {
                sign_job(Job {
                    index: transactions + nonce,
                    account: prober as u64,
                    nonce,
                })
            })
            .collect::<Result<_>>()?;
        self.fresh += transactions;
        Ok((runs, probes))
    }

    /// Signs transfers of the last account; gives them as parameters of `eth_sendRawTransaction`.
    ///
    /// # Errors
    /// Its nonce cannot be read.
    pub(crate) async fn sign_probes(&mut self, count: u64) -> Result<Vec<String>> {
        let (_, probes) = self
            .sign_run(Kind::Transfer, Recipients::Senders, 0, count, 1)
            .await?;
        Ok(probes
            .iter()
            .map(|probe| hex::encode_prefixed(&probe.raw))
            .collect())
    }

    fn recipient(&self, recipients: Recipients, index: u64) -> Address {
        match recipients {
            Recipients::Senders => {
                let to = (index * 7_919 + 1) % self.senders.len() as u64;
                self.senders[to as usize].address()
            }
            Recipients::Fresh => address(self.seed, self.fresh + index),
        }
    }

    fn action(&self, kind: Kind, to: Address) -> Result<Action> {
        Ok(match kind {
            Kind::Transfer => Action::transfer(to, U256::from(1)),
            Kind::Erc20 => {
                let token = self.token.ok_or_eyre("no token was created")?;
                Action::call(token, transfer_input(to, U256::from(1)), TOKEN_GAS)
            }
        })
    }
}

fn signed(index: u64, transaction: &Transaction) -> Signed {
    Signed {
        index,
        hash: *transaction.tx_hash(),
        raw: transaction.encoded_2718(),
    }
}

/// Sends and follows one run.
pub(crate) async fn run(session: &Session, plans: Vec<Vec<Signed>>, pace: Pace) -> Result<Drive> {
    let fee_cap = session.terms.max_fee_per_gas;
    drive(
        &session.urls,
        plans,
        pace,
        session.batch,
        fee_cap,
        session.patience,
    )
    .await
}
