//! The deterministic state machine that consensus drives.

use crate::{
    Committees, Effort, Entry, Executed, Hub, Ledger, Runtime, Witness,
    build::{self, Patience},
    hub,
};
use alloy_primitives::{Address, B256, KECCAK256_EMPTY};
use commonware_consensus::{Heightable, marshal::ancestry::Ancestry};
use commonware_glue::stateful::{self, Finality, Input, Proposed, db::DatabaseSet};
use commonware_parallel::Strategy;
use futures::StreamExt;
use hansa_evm::{BlockParams, ChainRules, Closing};
use hansa_mempool::{AccountInfo, BlockUpdate, HeadInfo, Pool, PooledTransaction};
use hansa_modules::zones::Reseed;
use hansa_primitives::{
    Block, Context, Genesis, Header, HubPoint, Inputs, MAX_BLOCK_BYTES, MAX_CLOCK_AHEAD_MS,
    MAX_TIMESTAMP_STEP_MS, Scheme, block_hash, finalization_hash, next_base_fee, receipts_root,
    transactions_root,
};
use hansa_state::{
    Databases, Diff, Merkleized, RecentDiffs, SyncTargets, commitment, diff_of, execute, merkleize,
    sync_targets,
};
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

/// A block that is final, and what it did.
#[derive(Clone, Debug)]
pub struct Finalized {
    /// The block and its execution.
    pub executed: Arc<Executed>,
    /// What it overwrote.
    pub diff: Arc<Diff>,
}

/// Where finalized blocks go.
pub trait Sink: Clone + Send + Sync + 'static {
    /// Stores a finalized block. Returns when it is durable: consensus forgets the block after that.
    ///
    /// Called in order of height; after a crash, blocks may come again.
    fn finalized(&self, block: Finalized) -> impl Future<Output = ()> + Send;
}

/// The chain as consensus sees it: proposes and processes blocks, and hands on what is final.
pub struct Application<E: Runtime, S, K> {
    pub(crate) rules: ChainRules,
    /// Of a zone: where its hub has cut its epochs.
    pub(crate) reseeds: Arc<[Reseed]>,
    pub(crate) genesis_block: Block,
    pub(crate) pool: Pool,
    pub(crate) ledger: Ledger,
    pub(crate) committees: Committees<E>,
    /// Of a zone.
    pub(crate) hub: Option<Arc<dyn Hub>>,
    pub(crate) witness: Witness,
    pub(crate) recent: RecentDiffs,
    pub(crate) head: Arc<AtomicU64>,
    pub(crate) sink: K,
    pub(crate) strategy: S,
    pub(crate) build_time: Option<Duration>,
    pub(crate) effort: Effort,
}

impl<E: Runtime, S: Clone, K: Clone> Clone for Application<E, S, K> {
    fn clone(&self) -> Self {
        Self {
            rules: self.rules.clone(),
            reseeds: self.reseeds.clone(),
            genesis_block: self.genesis_block.clone(),
            pool: self.pool.clone(),
            ledger: self.ledger.clone(),
            committees: self.committees.clone(),
            hub: self.hub.clone(),
            witness: self.witness.clone(),
            recent: self.recent.clone(),
            head: self.head.clone(),
            sink: self.sink.clone(),
            strategy: self.strategy.clone(),
            build_time: self.build_time,
            effort: self.effort.clone(),
        }
    }
}

/// The view of the newest finalization that the chain up to `parent` carries in this epoch.
fn finalized_view(parent: &Header, epoch: u64) -> u64 {
    if parent.epoch() == epoch {
        parent.finalized_view
    } else {
        0
    }
}

impl<E: Runtime, S: Strategy, K: Sink> Application<E, S, K> {
    fn genesis(&self) -> &Genesis {
        &self.rules.genesis
    }

    /// The parameters of a child of `parent` that takes these inputs.
    fn params(
        &self,
        parent: &Header,
        inputs: &Inputs,
        timestamp_ms: u64,
        beneficiary: Address,
    ) -> BlockParams {
        let terms = inputs.terms.unwrap_or(parent.terms);
        let fees = &self.genesis().fees;
        BlockParams {
            number: parent.number + 1,
            timestamp_ms,
            beneficiary,
            terms,
            base_fee_per_gas: if parent.number == 0 {
                fees.initial_base_fee
            } else {
                next_base_fee(parent, fees.base_fee_params(), &terms)
            },
            parent_hash: parent.hash(),
        }
    }

    /// The rules that a header can be checked against without executing its block. `None`: invalid.
    fn check(
        &self,
        rng: &mut E,
        block: &Block,
        parent: &Header,
        entry: &Entry,
    ) -> Option<BlockParams> {
        let header = block.header();
        let beneficiary = entry.fee_recipient(header.proposer())?;
        let params = self.params(parent, block.inputs(), header.timestamp_ms, beneficiary);
        let earliest = parent.timestamp_ms + 1;
        let latest = parent.timestamp_ms.saturating_add(MAX_TIMESTAMP_STEP_MS);
        // Who goes on there is the hub's word, and not the parent's.
        let is_behind_cut = self.rules.epochs.cut_at(header.number).is_some();
        let valid = params == BlockParams::from(header)
            && (earliest..=latest).contains(&header.timestamp_ms)
            && block.body_bytes() <= MAX_BLOCK_BYTES
            && (header.committee == parent.next_committee || is_behind_cut)
            && header.committee == entry.id
            && self.names_hub(block, parent).is_ok()
            && self.carries(rng, block, parent, entry);
        valid.then_some(params)
    }

    /// Whether what the block says of the hub can be right, as far as the chain itself can tell.
    fn names_hub(&self, block: &Block, parent: &Header) -> Result<(), hub::Refused> {
        let header = block.header();
        if self.hub.is_some() {
            return hub::check_step(self.genesis(), header, parent);
        }
        let nothing = header.hub == HubPoint::default() && block.inputs().is_empty();
        if nothing {
            Ok(())
        } else {
            Err(hub::Refused::NoZone)
        }
    }

    /// Whether a candidate of a zone takes from the hub what it has to take. Waits for the hub.
    async fn follows_hub(&self, block: &Block, parent: &Header) -> bool {
        let Some(hub) = &self.hub else {
            return true;
        };
        let header = block.header();
        let checked = hub::check(
            &**hub,
            (&self.rules, &self.reseeds),
            header,
            block.inputs(),
            parent,
        )
        .await;
        // A failing database says nothing about the block, and there is no way on without it.
        let checked = checked.unwrap_or_else(|error| {
            panic!("cannot read the hub for block {}: {error}", header.number)
        });
        checked
            .inspect_err(|refused| {
                tracing::warn!(number = header.number, %refused, "a block breaks the rules of zones");
            })
            .is_ok()
    }

    /// What a proposal takes from the hub; `None` skips the turn.
    async fn take(&self, parent: &Header, timestamp_ms: u64) -> Option<(HubPoint, Inputs)> {
        let Some(hub) = &self.hub else {
            return Some(Default::default());
        };
        let furthest = hub::furthest(self.genesis(), parent, timestamp_ms);
        let named = hub::choose(&**hub, parent, furthest).await;
        if hub::is_too_old(&named, timestamp_ms, furthest) {
            tracing::warn!(
                number = parent.number + 1,
                hub = named.number,
                "no block: the hub stands"
            );
            return None;
        }
        let taken = async {
            if hub::is_over(&**hub, parent).await? {
                return Ok(None);
            }
            let taken = hub::derive(&**hub, (&self.rules, &self.reseeds), named, parent).await?;
            Ok::<_, hansa_state::StateError>(Some(taken))
        };
        let taken = taken
            .await
            .inspect_err(|error| tracing::error!(%error, "cannot read the hub"));
        taken.ok().flatten()
    }

    /// Whether what the block says of finalizations is right: the one that it carries, if any, is of this epoch, newer
    /// than those that earlier blocks carry, and signed by a quorum.
    fn carries(&self, rng: &mut E, block: &Block, parent: &Header, entry: &Entry) -> bool {
        let header = block.header();
        let before = finalized_view(parent, header.epoch());
        let Some(finalization) = block.finalization() else {
            return header.finalized_view == before;
        };
        let round = finalization.round();
        let view = round.view().get();
        round.epoch().get() == header.epoch()
            && view == header.finalized_view
            && (before + 1..header.view()).contains(&view)
            && finalization.verify(rng, entry.scheme.as_ref(), &self.strategy)
    }

    async fn build(
        &self,
        mut runtime: E,
        context: Context,
        parent: &Block,
        batches: hansa_state::Batches<E, S>,
    ) -> Option<(Block, Merkleized<E, S>)> {
        let parent_header = parent.header();
        let epoch = context.round.epoch().get();
        let entry = self.committees.get(epoch)?;
        let beneficiary = entry.fee_recipient(&context.leader)?;
        let carried = finalized_view(parent_header, epoch);
        let view = context.round.view().get();
        let finalization = self
            .witness
            .finalization(&mut runtime, epoch, carried, view);
        let closing = Closing {
            proposer: B256::from_slice(context.leader.as_ref()),
            committee: entry.id,
            signers: finalization.as_ref().map(hansa_evm::signers),
        };
        let timestamp_ms = now_ms(&runtime).clamp(
            parent_header.timestamp_ms + 1,
            parent_header.timestamp_ms + MAX_TIMESTAMP_STEP_MS,
        );
        let (hub, inputs) = self.take(parent_header, timestamp_ms).await?;
        let params = self.params(parent_header, &inputs, timestamp_ms, beneficiary);
        require_known(&params);
        let finalized = self.pool.head().number;
        let included = self
            .ledger
            .next_nonces(parent.hash(), parent.number(), finalized)
            .into_iter()
            .collect();
        // Block 1 carries the genesis allocation, before which nobody can pay.
        let candidates = if params.number == 1 {
            Vec::new()
        } else {
            let best = self.pool.best_excluding(params.base_fee_per_gas, &included);
            build::select(best, params.terms.gas_limit)
        };
        let prefetch = build::prefetch(
            candidates
                .iter()
                .map(|pooled| (&pooled.transaction, pooled.sender)),
            &params,
            &self.rules,
        );
        let (rules, build_time, pool) = (self.rules.clone(), self.build_time, self.pool.clone());
        let (taken, effort) = (inputs.clone(), self.effort.clone());
        let (batches, built) = execute(runtime, batches, prefetch, move |db| {
            let patience = Patience::new(db.cancelled(), build_time);
            let outlasted = |candidate: &PooledTransaction| {
                let reason = "it takes longer than a proposer has";
                pool.drop_invalid(candidate.hash, reason.to_owned());
            };
            effort.spend(|| {
                build::propose(
                    rules,
                    (params, taken),
                    db,
                    candidates,
                    &closing,
                    &patience,
                    outlasted,
                )
            })
        })
        .await
        .inspect_err(|error| tracing::error!(%error, "cannot begin to build a block"))
        .ok()?;
        // A proposer that cannot build skips its turn.
        let built = built
            .inspect_err(|error| tracing::error!(%error, "cannot build a block"))
            .ok()?;
        self.effort.add_gas(built.outcome.gas_used);
        // On a parent that is not final yet, a refusal may not be the last word.
        if parent.number() <= finalized {
            for (pooled, reason) in &built.dropped {
                self.pool.drop_invalid(pooled.hash, reason.to_string());
            }
        }
        let merkleized = merkleize(batches, &built.outcome.changes)
            .await
            .inspect_err(|error| tracing::error!(%error, "cannot merkleize a block"))
            .ok()?;
        let header = Header {
            context,
            parent_hash: params.parent_hash,
            number: params.number,
            timestamp_ms,
            beneficiary,
            terms: params.terms,
            gas_used: built.outcome.gas_used,
            base_fee_per_gas: params.base_fee_per_gas,
            transactions_root: transactions_root(&built.transactions),
            receipts_root: receipts_root(&built.outcome.receipts),
            logs_bloom: built.outcome.logs_bloom,
            committee: entry.id,
            next_committee: built.outcome.next_committee,
            finalized_view: finalization
                .as_ref()
                .map_or(carried, |finalization| finalization.round().view().get()),
            finalization: finalization_hash(finalization.as_ref()),
            hub,
            inputs: inputs.hash(),
            outbox: built.outcome.outbox,
            state: commitment(&merkleized),
        };
        let block = Block::with(header, built.transactions, finalization, inputs);
        self.ledger.insert(Executed {
            block: block.clone(),
            senders: Arc::new(built.senders),
            receipts: Arc::new(built.outcome.receipts),
            fixed: built.outcome.fixed,
            changes: built.outcome.changes,
        });
        Some((block, merkleized))
    }

    async fn verify(
        &self,
        runtime: E,
        block: &Block,
        params: BlockParams,
        batches: hansa_state::Batches<E, S>,
    ) -> Option<Merkleized<E, S>> {
        let senders = self
            .pool
            .senders()
            .senders_of(block.transactions(), &self.strategy)
            .inspect_err(|error| tracing::warn!(%error, "a block holds an unsigned transaction"))
            .ok()?;
        let senders = Arc::new(senders);
        let prefetch = build::prefetch(
            block.transactions().iter().zip(senders.iter().copied()),
            &params,
            &self.rules,
        );
        let (rules, work, work_senders) = (self.rules.clone(), block.clone(), senders.clone());
        let effort = self.effort.clone();
        let executed = execute(runtime, batches, prefetch, move |db| {
            effort.spend(|| build::process(rules, params, db, &work, &work_senders))
        })
        .await;
        // A failing database says nothing about the block, and there is no way on without it.
        let (batches, outcome) = executed
            .and_then(|(batches, outcome)| {
                let outcome = outcome
                    .map_err(|error| hansa_state::StateError::Database(error.to_string()))?;
                Ok((batches, outcome))
            })
            .unwrap_or_else(|error| panic!("cannot execute block {}: {error}", block.number()));
        let outcome = outcome?;
        self.effort.add_gas(outcome.gas_used);
        let header = block.header();
        if outcome.gas_used != header.gas_used
            || outcome.logs_bloom != header.logs_bloom
            || receipts_root(&outcome.receipts) != header.receipts_root
        {
            tracing::warn!(
                number = header.number,
                "a block's receipts do not match its header"
            );
            return None;
        }
        if outcome.outbox != header.outbox {
            tracing::warn!(
                number = header.number,
                "a block's outbox does not match its header"
            );
            return None;
        }
        if outcome.next_committee != header.next_committee {
            tracing::warn!(
                number = header.number,
                "a block names another next committee than staking chose"
            );
            return None;
        }
        let merkleized = merkleize(batches, &outcome.changes)
            .await
            .unwrap_or_else(|error| panic!("cannot merkleize block {}: {error}", block.number()));
        if commitment(&merkleized) != header.state {
            tracing::warn!(
                number = header.number,
                "a block's state does not match its header"
            );
            return None;
        }
        self.ledger.insert(Executed {
            block: block.clone(),
            senders,
            receipts: Arc::new(outcome.receipts),
            fixed: outcome.fixed,
            changes: outcome.changes,
        });
        Some(merkleized)
    }

    /// Tells the pool of a finalized block.
    fn update_pool(&self, executed: &Executed) {
        let header = executed.block.header();
        let fees = &self.genesis().fees;
        let included: Vec<(B256, Address, u64)> = executed
            .block
            .transactions()
            .iter()
            .zip(executed.senders.iter())
            .map(|(transaction, sender)| {
                let nonce = alloy_consensus::Transaction::nonce(transaction);
                (*transaction.tx_hash(), *sender, nonce)
            })
            .collect();
        let changed: Vec<(Address, AccountInfo)> = executed
            .changes
            .accounts
            .iter()
            .map(|(address, change)| {
                let account = change.new.unwrap_or_default();
                // Of senders, those have code that delegate (EIP-3607).
                let info = AccountInfo {
                    nonce: account.nonce,
                    balance: account.balance,
                    has_code: false,
                    delegates: account.code_hash != KECCAK256_EMPTY,
                };
                (*address, info)
            })
            .collect();
        let blocked = crate::head::newly_blocked(executed);
        let update = BlockUpdate {
            head: HeadInfo {
                number: header.number,
                base_fee_next: next_base_fee(header, fees.base_fee_params(), &header.terms),
                terms: header.terms,
                timestamp: header.timestamp(),
            },
            included: &included,
            changed: &changed,
            blocked: &blocked,
        };
        if let Err(gap) = self.pool.on_finalized(&update) {
            tracing::debug!(number = header.number, %gap, "the pool missed blocks");
        }
    }
}

/// Ends the chain's tasks here when its blocks are by rules that this build does not know: it can neither make nor judge them.
fn require_known(params: &BlockParams) {
    // It says so.
    let _ = params.spec();
}

pub(crate) fn now_ms<E: Runtime>(runtime: &E) -> u64 {
    runtime
        .current()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}

impl<E: Runtime, S: Strategy, K: Sink> stateful::Application<E> for Application<E, S, K> {
    type SigningScheme = Scheme;
    type Context = Context;
    type Block = Block;
    type Databases = Databases<E, S>;
    type Captured = Option<Finalized>;
    type Provider = ();
    type Input = ();

    fn sync_targets(block: &Block) -> SyncTargets<E, S> {
        sync_targets::<E, S>(&block.header().state)
    }

    async fn genesis(&mut self) -> Block {
        self.genesis_block.clone()
    }

    async fn propose(
        &mut self,
        (runtime, context): (E, Context),
        mut ancestry: impl Ancestry<Block>,
        batches: <Databases<E, S> as DatabaseSet<E>>::Unmerkleized,
        _input: Input<(), ()>,
    ) -> Option<Proposed<Self, E>> {
        let parent = ancestry.next().await?;
        let parent: &Block = parent.inner();
        let (block, merkleized) = self.build(runtime, context, parent, batches).await?;
        Some(Proposed { block, merkleized })
    }

    async fn process(
        &mut self,
        (mut runtime, _context): (E, Context),
        mut ancestry: impl Ancestry<Block>,
        batches: <Databases<E, S> as DatabaseSet<E>>::Unmerkleized,
        finality: Finality,
    ) -> Option<Merkleized<E, S>> {
        let block = ancestry.next().await?;
        let block: &Block = block.inner();
        let params = match finality {
            Finality::Finalized => BlockParams::from(block.header()),
            Finality::Candidate => {
                let parent = ancestry.next().await?;
                let entry = self.committees.wait(block.header().epoch()).await;
                let parent = parent.inner().header();
                let Some(params) = self.check(&mut runtime, block, parent, &entry) else {
                    tracing::warn!(number = block.number(), "a block breaks the header rules");
                    return None;
                };
                wait_for_clock(&runtime, params.timestamp_ms).await;
                if !self.follows_hub(block, parent).await {
                    return None;
                }
                params
            }
        };
        require_known(&params);
        self.verify(runtime, block, params, batches).await
    }

    async fn capture(
        &mut self,
        _context: (E, Context),
        block: &Block,
        _batches: &Merkleized<E, S>,
        _readers: <Databases<E, S> as DatabaseSet<E>>::Readers,
    ) -> Option<Finalized> {
        let number = block.number();
        let executed = self.ledger.get(number, &block.hash())?;
        let diff = Arc::new(diff_of(&executed.changes));
        self.recent.insert(number, &diff);
        Some(Finalized { executed, diff })
    }

    async fn finalized(
        &mut self,
        _context: (E, Context),
        block: &Block,
        captured: Option<Finalized>,
        _readers: <Databases<E, S> as DatabaseSet<E>>::Readers,
    ) {
        // Whatever is applied was executed here, by `build` or by `verify`.
        let finalized = captured
            .unwrap_or_else(|| panic!("finalized block {} was never executed", block.height()));
        // The state is applied: whoever finds the block in the sink can read its state. Until it is
        // there, readers of the block before find what this one overwrote in the recent diffs.
        self.head.store(block.number(), Ordering::Release);
        // Before the block is acknowledged: after a crash, marshal needs it to verify what follows.
        if let Some(committee) = &finalized.executed.fixed {
            self.committees.insert(committee.clone()).await;
        }
        self.sink.finalized(finalized.clone()).await;
        self.update_pool(&finalized.executed);
        // Not before: who looks for work in between would find this block's own transactions.
        self.ledger.forget(block.number());
        tracing::debug!(
            number = block.number(),
            hash = %block_hash(&hansa_primitives::digest(block.hash())),
            transactions = block.transactions().len(),
            "finalized"
        );
    }
}

/// Waits while a block is too far ahead of the local clock. [`MAX_TIMESTAMP_STEP_MS`], which is
/// checked first, bounds the wait for blocks on a parent that is not in the future itself.
async fn wait_for_clock<E: Runtime>(runtime: &E, timestamp_ms: u64) {
    let now = now_ms(runtime);
    let ahead = timestamp_ms.saturating_sub(now + MAX_CLOCK_AHEAD_MS);
    if ahead > 0 {
        runtime.sleep(Duration::from_millis(ahead)).await;
    }
}
