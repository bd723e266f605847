//! Finalized states, read from databases, recent diffs and the index, against a plain model: at every
//! moment between two steps of finalizing a block, for every state that is kept.

#![recursion_limit = "256"]

use alloy_primitives::{Address, B256, Bloom, U256};
use commonware_consensus::types::{Epoch, Round, View};
use commonware_cryptography::Signer as _;
use commonware_glue::stateful::db::DatabaseSet;
use commonware_parallel::Sequential;
use commonware_runtime::{
    Runner as _, Supervisor as _, buffer::paged::CacheRef, deterministic, deterministic::Context,
};
use commonware_utils::{NZU16, NZU64, NZUsize};
use hansa_evm::{Account, Change, Changes};
use hansa_index::{Config as IndexConfig, FinalizedBlock, Index, state_diff};
use hansa_primitives::{
    Block, Context as Proposal, Header, HubPoint, PrivateKey, StateCommitment, Terms, digest,
    transactions_root,
};
use hansa_state::{
    Config, Databases, FinalizedState, RecentDiffs, StateError, StateProvider, commitment, diff_of,
    merkleize,
};
use proptest::{prelude::*, test_runner::TestCaseResult};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

type Set = Databases<Context, Sequential>;
type States = FinalizedState<Context, Sequential, Index>;

const KEYS: u8 = 4;

/// Balances and slots after some block.
#[derive(Clone, Default)]
struct Model {
    accounts: BTreeMap<u8, u64>,
    slots: BTreeMap<u8, u64>,
}

/// One write: an account or a slot, which, and its value; 0 removes it.
type Step = (bool, u8, u64);

fn address(key: u8) -> Address {
    Address::repeat_byte(key + 1)
}

fn account(balance: u64) -> Account {
    Account {
        balance: U256::from(balance),
        ..Account::default()
    }
}

impl Model {
    /// Applies a block's writes, and says what they changed.
    fn apply(&mut self, steps: &[Step]) -> Changes {
        let before = self.clone();
        for (is_account, key, value) in steps {
            let values = if *is_account {
                &mut self.accounts
            } else {
                &mut self.slots
            };
            match value {
                0 => values.remove(key),
                value => values.insert(*key, *value),
            };
        }
        let mut changes = Changes::default();
        for key in 0..KEYS {
            let (old, new) = (before.accounts.get(&key), self.accounts.get(&key));
            if old != new {
                let change = Change {
                    old: old.copied().map(account),
                    new: new.copied().map(account),
                };
                changes.accounts.insert(address(key), change);
            }
            let slot = |model: &Self| U256::from(model.slots.get(&key).copied().unwrap_or(0));
            let (old, new) = (slot(&before), slot(self));
            if old != new {
                let place = (address(key), U256::from(key));
                changes.storage.insert(place, Change { old, new });
            }
        }
        changes
    }
}

fn block(number: u64, parent_hash: B256, state: StateCommitment) -> Block {
    let header = Header {
        context: Proposal {
            round: Round::new(Epoch::zero(), View::new(number)),
            leader: PrivateKey::from_seed(0).public_key(),
            parent: (View::new(number - 1), digest(parent_hash)),
        },
        parent_hash,
        number,
        timestamp_ms: number,
        beneficiary: Address::ZERO,
        terms: Terms::default(),
        gas_used: 0,
        base_fee_per_gas: 1,
        transactions_root: transactions_root(&[]),
        receipts_root: B256::ZERO,
        logs_bloom: Bloom::ZERO,
        committee: B256::ZERO,
        next_committee: B256::ZERO,
        finalization: B256::ZERO,
        finalized_view: 0,
        hub: HubPoint::default(),
        inputs: B256::ZERO,
        outbox: Default::default(),
        state,
    };
    Block::new(header, Vec::new())
}

/// Every state from the oldest kept to the head is as the model remembers it, and no other is given.
async fn check(states: &States, models: &[Model], moment: &str) -> TestCaseResult {
    let (oldest, head) = states.range();
    for number in oldest..=head {
        let model = &models[number as usize];
        let addresses: Vec<_> = (0..KEYS).map(address).collect();
        let all = states.accounts(&addresses, number).await.unwrap();
        for key in 0..KEYS {
            let expected = model.accounts.get(&key).copied().map(account);
            let one = states.account(address(key), number).await.unwrap();
            prop_assert_eq!(one, expected, "account {} of {}, {}", key, number, moment);
            prop_assert_eq!(all[usize::from(key)], expected);
            let expected = U256::from(model.slots.get(&key).copied().unwrap_or(0));
            let slot = states.storage(address(key), U256::from(key), number).await;
            prop_assert_eq!(
                slot.unwrap(),
                expected,
                "slot {} of {}, {}",
                key,
                number,
                moment
            );
        }
    }
    let number = head + 1;
    let future = matches!(states.view(number), Err(StateError::Future { .. }));
    prop_assert!(future, "block {} is not final yet", number);
    if let Some(number) = oldest.checked_sub(1) {
        let pruned = matches!(states.view(number), Err(StateError::Pruned { .. }));
        prop_assert!(pruned, "block {} is no longer kept", number);
    }
    Ok(())
}

async fn run(context: Context, blocks: &[Vec<Step>], kept: u64, cache: usize) -> TestCaseResult {
    let config = Config {
        partition: "test".into(),
        page_cache: CacheRef::new(NZU16!(1_024), NZUsize!(16)),
        write_buffer: NZUsize!(4_096),
        items_per_blob: NZU64!(32),
        strategy: Sequential,
    };
    let databases: Set = <Set as DatabaseSet<Context>>::init(
        context.child("databases"),
        config.databases::<Context>(),
        None,
    )
    .await;
    let index = Index::in_memory(IndexConfig {
        diff_blocks: kept,
        diff_cache_bytes: cache,
        ..IndexConfig::new(B256::ZERO)
    })
    .unwrap();
    let (recent, head) = (RecentDiffs::default(), Arc::new(AtomicU64::new(0)));
    let stored = Arc::new(index.clone());
    let states = FinalizedState::new(databases.clone(), recent.clone(), stored, head.clone());

    let mut models = vec![Model::default()];
    let mut parent = B256::ZERO;
    for (number, steps) in (1u64..).zip(blocks) {
        let mut model = models[models.len() - 1].clone();
        let changes = model.apply(steps);
        models.push(model);
        let batches = databases.new_batches().await;
        let merkleized = merkleize(batches, &changes).await.unwrap();
        let block = block(number, parent, commitment(&merkleized));
        parent = block.hash();
        // The order in which the engine finalizes.
        let diff = diff_of(&changes);
        recent.insert(number, &diff);
        check(&states, &models, "noted").await?;
        databases.apply(merkleized).await;
        databases.finalize().await.durable().await;
        check(&states, &models, "applied").await?;
        let finalized = FinalizedBlock {
            block,
            receipts: Arc::default(),
            senders: Arc::default(),
        };
        index.append(&finalized, Some(&state_diff(&diff))).unwrap();
        check(&states, &models, "indexed").await?;
        head.store(number, Ordering::Release);
        check(&states, &models, "final").await?;
        let oldest = number.saturating_sub(kept);
        prop_assert_eq!(states.range(), (oldest, number));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_kept_state_is_the_models(
        blocks in proptest::collection::vec(
            proptest::collection::vec((any::<bool>(), 0..KEYS, 0u64..4), 0..5),
            1..16,
        ),
        kept in 1u64..12,
        cache in 0usize..2_000,
    ) {
        deterministic::Runner::default()
            .start(|context| async move { run(context, &blocks, kept, cache).await })?;
    }
}
