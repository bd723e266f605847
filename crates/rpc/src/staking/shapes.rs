//! What the answers look like.

use alloy_primitives::{Address, B256, U64, U256};
use hansa_abi::IStaking;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Epoch {
    pub(super) epoch: u64,
    pub(super) first_block: U64,
    /// At its end the next committee is fixed.
    pub(super) freeze_block: U64,
    pub(super) last_block: U64,
    /// The block that was asked about.
    pub(super) block: U64,
    pub(super) committee: B256,
    /// Null until it is fixed.
    pub(super) next_committee: Option<B256>,
    pub(super) epoch_blocks: U64,
    pub(super) last_selection: Selection,
    /// The last block of the epoch before, as `EPOCH:HASH`: a checkpoint for nodes that join from state. Null in epoch 0, and
    /// where this node does not have that block.
    pub(super) checkpoint: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Selection {
    epoch: u64,
    result: &'static str,
    seats: u16,
    joined: u16,
    left: u16,
    postponed: u16,
    rotated: u16,
}

impl From<&IStaking::Selection> for Selection {
    fn from(of: &IStaking::Selection) -> Self {
        Self {
            epoch: of.epoch,
            result: match of.result {
                IStaking::SelectionResult::Selected => "selected",
                IStaking::SelectionResult::NobodyWilling => "nobodyWilling",
                _ => "none",
            },
            seats: of.seats,
            joined: of.joined,
            left: of.left,
            postponed: of.postponed,
            rotated: of.rotated,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Committee {
    pub(super) epoch: u64,
    pub(super) id: B256,
    /// In ascending order of keys.
    pub(super) seats: Vec<Seat>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Seat {
    operator_id: u64,
    name: String,
    key: B256,
    fee_recipient: Address,
    stake: U256,
}

impl Seat {
    pub(super) fn new(of: &IStaking::Seat, name: String) -> Self {
        Self {
            operator_id: of.operatorId,
            name,
            key: of.key,
            fee_recipient: of.feeRecipient,
            stake: of.stake,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operators {
    /// How many there are in all.
    pub(super) total: u64,
    pub(super) operators: Vec<Operator>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operator {
    id: u64,
    owner: Address,
    name: String,
    endpoint: String,
    metadata: String,
    /// It has a seat in the current committee.
    seat: bool,
    /// And in the next; null until that is fixed.
    next_seat: Option<bool>,
    willing: bool,
    exited: bool,
    bar: &'static str,
    /// First epoch in which `unjail` is taken; null while a slash is pending.
    barred_until: Option<u64>,
    offences: u64,
    slashed_out: bool,
    key: B256,
    /// What replaces `key` when a later committee is fixed.
    next_key: Option<B256>,
    fee_recipient: Address,
    commission_bps: u16,
    risk_bps: ByKind<u16>,
    next_risk_bps: ByKind<u16>,
    /// From which epoch on `nextRiskBps` holds.
    next_risk_epochs: ByKind<u64>,
    self_stake: U256,
    stake: U256,
    unbonding: U256,
    earned: U256,
    reward_rate: RewardRate,
}

impl Operator {
    /// With its seats now and next, and what it earned lately.
    pub(super) fn new(
        of: IStaking::Operator,
        (seat, next_seat): (bool, Option<bool>),
        rate: &IStaking::rewardRateReturn,
    ) -> Self {
        Self {
            id: of.id,
            owner: of.owner,
            name: of.name,
            endpoint: of.endpoint,
            metadata: of.metadata,
            seat,
            next_seat,
            willing: of.willing,
            exited: of.exited,
            bar: match of.bar {
                IStaking::Bar::Jailed => "jailed",
                IStaking::Bar::Faulted => "faulted",
                _ => "none",
            },
            barred_until: (of.barredUntil != u64::MAX).then_some(of.barredUntil),
            offences: of.offences,
            slashed_out: of.slashedOut,
            key: of.key,
            next_key: (!of.nextKey.is_zero()).then_some(of.nextKey),
            fee_recipient: of.feeRecipient,
            commission_bps: of.commissionBps,
            risk_bps: of.risk.shares().into(),
            next_risk_bps: of.nextRisk.shares().into(),
            next_risk_epochs: of.nextRiskEpochs.into(),
            self_stake: of.selfStake,
            stake: of.stake,
            unbonding: of.unbonding,
            earned: of.earned,
            reward_rate: RewardRate {
                epochs: rate.epochs,
                per_ether: rate.perEther,
            },
        }
    }
}

/// A number for each kind of fault.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ByKind<T> {
    conflicting_notarize: T,
    conflicting_finalize: T,
    nullify_and_finalize: T,
}

impl<T> From<[T; 3]> for ByKind<T> {
    fn from([first, second, third]: [T; 3]) -> Self {
        Self {
            conflicting_notarize: first,
            conflicting_finalize: second,
            nullify_and_finalize: third,
        }
    }
}

/// What one ether earned in so many epochs, wei.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RewardRate {
    epochs: u64,
    per_ether: U256,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delegation {
    operator_id: u64,
    name: String,
    amount: U256,
    lots: Vec<Lot>,
    unbonding: Vec<Unbonding>,
    rewards: U256,
    max_loss_bps: ByKind<u16>,
    auto_restake: bool,
}

/// Young stake: it counts from epoch `from` on.
#[derive(Serialize)]
struct Lot {
    amount: U256,
    from: u64,
}

/// Stake on its way out: it counted in the epochs `from` to `until` - 1.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Unbonding {
    amount: U256,
    from: u64,
    until: u64,
    claimable_at: u64,
    /// The operator that it goes to then; null when it leaves.
    to: Option<u64>,
}

impl Delegation {
    pub(super) fn new(of: IStaking::Delegation, name: String) -> Self {
        let lots = of.lots.into_iter().map(|lot| Lot {
            amount: lot.amount,
            from: lot.from,
        });
        let unbonding = of.unbonding.into_iter().map(|entry| Unbonding {
            amount: entry.amount,
            from: entry.from,
            until: entry.until,
            claimable_at: entry.claimableAt,
            to: (entry.to != 0).then_some(entry.to),
        });
        Self {
            operator_id: of.operatorId,
            name,
            amount: of.amount,
            lots: lots.collect(),
            unbonding: unbonding.collect(),
            rewards: of.rewards,
            max_loss_bps: of.maxLoss.shares().into(),
            auto_restake: of.autoRestake,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Preview {
    pub(super) operator_id: u64,
    pub(super) name: String,
    /// From the operator and all its delegators.
    pub(super) amount: U256,
    /// From the delegator that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) loss: Option<U256>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Exposure {
    /// Absent when no account was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) operators: Option<Vec<OperatorExposure>>,
    pub(super) concentration: Concentration,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OperatorExposure {
    operator_id: u64,
    name: String,
    amount: U256,
    unbonding: U256,
    worst_loss: U256,
}

impl OperatorExposure {
    pub(super) const fn new(of: IStaking::Exposure, name: String) -> Self {
        Self {
            operator_id: of.operatorId,
            name,
            amount: of.amount,
            unbonding: of.unbonding,
            worst_loss: of.worstLoss,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Concentration {
    total: U256,
    nakamoto: u64,
    largest: Vec<Largest>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Largest {
    operator_id: u64,
    name: String,
    stake: U256,
}

impl Concentration {
    pub(super) fn new(total: U256, nakamoto: u64, largest: Vec<(u64, String, U256)>) -> Self {
        let largest = largest
            .into_iter()
            .map(|(operator_id, name, stake)| Largest {
                operator_id,
                name,
                stake,
            });
        Self {
            total,
            nakamoto,
            largest: largest.collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Slashes {
    /// How many there are in all.
    pub(super) total: u64,
    pub(super) slashes: Vec<Slash>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Slash {
    id: u64,
    operator_id: u64,
    name: String,
    kind: u8,
    /// The zone that the fault was on; 0 for the hub.
    zone_id: u64,
    epoch: u64,
    view: u64,
    bps: u16,
    /// An estimate until it is settled.
    amount: U256,
    finder: Address,
    settles_at: u64,
    state: &'static str,
    appellant: Option<Address>,
    bond: U256,
    /// What it took, or would take, from the account that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<U256>,
}

impl Slash {
    pub(super) fn new(of: IStaking::Slash, name: String, share: Option<U256>) -> Self {
        Self {
            id: of.id,
            operator_id: of.operatorId,
            name,
            kind: of.kind,
            zone_id: of.zoneId,
            epoch: of.epoch,
            view: of.view_,
            bps: of.bps,
            amount: of.amount,
            finder: of.finder,
            settles_at: of.settlesAt,
            state: match of.state {
                IStaking::SlashState::Pending => "pending",
                IStaking::SlashState::Settled => "settled",
                IStaking::SlashState::Reversed => "reversed",
                _ => "none",
            },
            appellant: (!of.appellant.is_zero()).then_some(of.appellant),
            bond: of.bond,
            share,
        }
    }
}
