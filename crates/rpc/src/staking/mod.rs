//! The staking module's part of the `hansa` namespace: epochs, committees, operators, delegations, slashes.
//!
//! Answers are the module's own views of one finalized state. As in the rest of the namespace, amounts (wei) and
//! block numbers are quantities; epochs, ids, counts and shares ("Bps", of 10,000) are numbers.

mod ledger;
mod positions;
mod shapes;

use crate::{
    errors::CallResult,
    method::{Method, handler},
    node::Node,
};
use alloy_eips::BlockId;
use alloy_primitives::U64;
use hansa_abi::IStaking;
use hansa_modules::limits::{MAX_OPERATORS_PAGE, MAX_SLASHES_PAGE};
use ledger::{Ledger, Page, page};
use positions::{delegations, exposure, preview, slashes};
use shapes::{Committee, Epoch, Operator, Operators};
use std::sync::Arc;

pub(crate) const METHODS: &[Method] = &[
    Method::new(
        "hansa_epoch",
        "The epoch of a block, its blocks and its committee, and the next committee once it is fixed.",
        &["block: blockId?"],
        "Epoch",
        handler!(node, args => epoch(node, args.opt(0)?).await?),
    ),
    Method::new(
        "hansa_committee",
        "The committee of an epoch; of the current one by default.",
        &["epoch: number?"],
        "Committee",
        handler!(node, args => committee(node, args.opt(0)?).await?),
    ),
    Method::new(
        "hansa_operators",
        "Operators in order of their ids, at most 64, with their seats and what they earned lately.",
        &["offset: number?", "limit: number?", "block: blockId?"],
        "Operators",
        handler!(node, args => {
            let page = page(args.opt(0)?, args.opt(1)?, MAX_OPERATORS_PAGE)?;
            operators(node, page, args.opt(2)?).await?
        }),
    ),
    Method::new(
        "hansa_delegations",
        "An account's positions: stake, what is on its way out, and rewards.",
        &["address: address", "block: blockId?"],
        "Delegation[]",
        handler!(node, args => delegations(node, args.get(0)?, args.opt(1)?).await?),
    ),
    Method::new(
        "hansa_previewSlash",
        "What a fault of each of these operators (8 at most) would cost them now, and one of their delegators.",
        &[
            "operatorIds: number[]",
            "kind: number",
            "address: address?",
            "block: blockId?",
        ],
        "SlashPreview[]",
        handler!(node, args => {
            let operators = args.get(0)?;
            preview(node, operators, args.get(1)?, args.opt(2)?, args.opt(3)?).await?
        }),
    ),
    Method::new(
        "hansa_exposure",
        "What an account has at stake with each operator, and how concentrated the whole stake is.",
        &["address: address?", "block: blockId?"],
        "StakeExposure",
        handler!(node, args => exposure(node, args.opt(0)?, args.opt(1)?).await?),
    ),
    Method::new(
        "hansa_slashes",
        "Slashes, oldest first, at most 64, and what each took or would take from an account.",
        &[
            "offset: number?",
            "limit: number?",
            "address: address?",
            "block: blockId?",
        ],
        "Slashes",
        handler!(node, args => {
            let page = page(args.opt(0)?, args.opt(1)?, MAX_SLASHES_PAGE)?;
            slashes(node, page, args.opt(2)?, args.opt(3)?).await?
        }),
    ),
];

async fn epoch(node: &Arc<Node>, id: Option<BlockId>) -> CallResult<Epoch> {
    let chain = node.clone();
    Ledger::at(node, id, move |ledger| {
        let now = ledger.epoch()?;
        let parameters = ledger.ask(&IStaking::parametersCall {})?;
        let selection = ledger.ask(&IStaking::lastSelectionCall {})?;
        Ok(Epoch {
            epoch: now.epoch,
            first_block: U64::from(now.firstBlock),
            freeze_block: U64::from(now.freezeBlock),
            last_block: U64::from(now.lastBlock),
            block: U64::from(ledger.block()),
            committee: ledger.committee(now.epoch)?.id,
            next_committee: ledger
                .next_committee(now.epoch)?
                .map(|committee| committee.id),
            epoch_blocks: U64::from(parameters.epochBlocks),
            last_selection: (&selection).into(),
            checkpoint: checkpoint(&chain, &now)?,
        })
    })
    .await
}

/// See [`Epoch::checkpoint`].
fn checkpoint(node: &Node, now: &IStaking::epochOfReturn) -> CallResult<Option<String>> {
    let (Some(epoch), Some(last)) = (now.epoch.checked_sub(1), now.firstBlock.checked_sub(1))
    else {
        return Ok(None);
    };
    if last > 0 && last < node.chain.oldest() {
        return Ok(None);
    }
    let header = node.chain.header(last)?;
    Ok(header.map(|(hash, _)| format!("{epoch}:{hash}")))
}

async fn committee(node: &Arc<Node>, epoch: Option<U64>) -> CallResult<Committee> {
    Ledger::at(node, None, move |ledger| {
        let epoch = match epoch {
            Some(epoch) => epoch.to(),
            None => ledger.epoch()?.epoch,
        };
        let committee = ledger.committee(epoch)?;
        let mut seats = Vec::new();
        for seat in &committee.seats {
            let name = ledger.operator(seat.operatorId)?.name;
            seats.push(shapes::Seat::new(seat, name));
        }
        Ok(Committee {
            epoch,
            id: committee.id,
            seats,
        })
    })
    .await
}

async fn operators(node: &Arc<Node>, page: Page, id: Option<BlockId>) -> CallResult<Operators> {
    Ledger::at(node, id, move |ledger| {
        let (offset, limit) = page;
        let call = IStaking::operatorsCall { offset, limit };
        let answer = ledger.ask(&call)?;
        let epoch = ledger.epoch()?.epoch;
        let now = ledger.committee(epoch)?;
        let next = ledger.next_committee(epoch)?;
        let has = |committee: &IStaking::committeeOfReturn, id: u64| {
            committee.seats.iter().any(|seat| seat.operatorId == id)
        };
        let mut operators = Vec::new();
        for operator in answer.page {
            let id = operator.id;
            let rate = ledger.ask(&IStaking::rewardRateCall { operatorId: id })?;
            let seats = (has(&now, id), next.as_ref().map(|next| has(next, id)));
            operators.push(Operator::new(operator, seats, &rate));
        }
        Ok(Operators {
            total: answer.total.saturating_to(),
            operators,
        })
    })
    .await
}
