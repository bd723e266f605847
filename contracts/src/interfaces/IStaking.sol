// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IModule} from "./IModule.sol";

/// @title Staking (native module 1)
/// @notice Operators, delegations, the committee of each epoch, rewards, and slashing by evidence. Amounts are wei;
/// shares ("Bps") are of 10,000; windows and dates are epochs. A call takes effect for the committee of the next epoch
/// until that one is fixed (at the freeze block), and from then on for the one after it: its *effective epoch*.
/// @dev Stake that counted in an epoch is *answerable* for faults of that epoch, whether it is still delegated or on
/// its way out. Rounding is always in the pool's favour.
interface IStaking is IModule {
    /// @notice Why an operator is barred from selection.
    enum Bar {
        None,
        Jailed,
        Faulted
    }

    /// @notice What a slash came to.
    enum SlashState {
        None,
        Pending,
        Settled,
        Reversed
    }

    /// @notice How the newest committee came about. NobodyWilling: the former one was kept.
    enum SelectionResult {
        None,
        Selected,
        NobodyWilling
    }

    /// @notice A share for each kind of fault, of 10,000: the largest part of a stake that one slash can take.
    /// @param conflictingNotarize kind 0: notarized two blocks in one view.
    /// @param conflictingFinalize kind 1: finalized two blocks in one view.
    /// @param nullifyAndFinalize kind 2: gave a view up, and finalized a block in it.
    struct Risk {
        uint16 conflictingNotarize;
        uint16 conflictingFinalize;
        uint16 nullifyAndFinalize;
    }

    /// @notice The module's parameters; see StakingParams for what each means. Of `slashBps`, by kind of fault,
    /// what was decided last.
    struct Parameters {
        uint64 epochBlocks;
        uint64 freezeBlocks;
        uint64 seats;
        uint256 minSelfStake;
        uint256 minDelegation;
        uint64 unbondingEpochs;
        uint64 evidenceEpochs;
        uint64 certificateEpochs;
        uint64 maxAbsence;
        uint64 jailEpochs;
        uint64 appealEpochs;
        uint64 maxCommissionBps;
        uint64 maxCommissionChangeBps;
        uint64[3] slashBps;
        uint64 finderBps;
        uint64 fundBps;
        uint256 appealBond;
        uint256 emissionPerEpoch;
        uint64 feeShareBps;
        uint256 operatorCost;
    }

    /// @notice An operator.
    /// @param willing whether the next selection considers it.
    /// @param nextKey the key that replaces `key` when the next committee is fixed, or a later one while too many change, or 0.
    /// The present committee votes with the former key to its end.
    /// @param retired whether it has lost its place for good; its positions remain.
    /// @param barredUntil first epoch in which `unjail` is taken; the largest number while a slash is pending.
    /// @param risk the largest part of its stake that one slash can take now, by the operator's own terms.
    /// @param nextRisk what these terms come to once all of them have changed.
    /// @param nextRiskEpochs by kind of fault, the epoch from which on `nextRisk` holds; one that has begun where nothing changes.
    /// @param stake what is delegated to it, its own stake included.
    /// @param unbonding what has left its stake and was not withdrawn yet.
    /// @param earned commission and cost compensation that the owner can claim.
    struct Operator {
        uint64 id;
        address owner;
        bool willing;
        bool exited;
        bool retired;
        Bar bar;
        uint64 barredUntil;
        uint64 offences;
        bool slashedOut;
        bytes32 key;
        bytes32 nextKey;
        address feeRecipient;
        uint16 commissionBps;
        Risk risk;
        Risk nextRisk;
        uint64[3] nextRiskEpochs;
        uint256 selfStake;
        uint256 stake;
        uint256 unbonding;
        uint256 earned;
        string name;
        string endpoint;
        string metadata;
    }

    /// @notice A seat of a committee. `stake` is what counted when the committee was fixed, 0 for epochs long past.
    struct Seat {
        uint64 operatorId;
        bytes32 key;
        address feeRecipient;
        uint256 stake;
    }

    /// @notice A part of a delegation that is too young to have merged with the rest: it counts from epoch `from` on.
    struct Lot {
        uint256 amount;
        uint64 from;
    }

    /// @notice Stake on its way out. It counted in the epochs `from` to `until` - 1; `from` is 0 when that is long past.
    /// @param claimableAt first epoch in which it can be withdrawn, unless a slash that it answers for is pending.
    /// @param to the operator that it is to be delegated to then, or 0.
    struct Unbonding {
        uint256 amount;
        uint64 from;
        uint64 until;
        uint64 claimableAt;
        uint64 to;
    }

    /// @notice A delegator's position with one operator.
    /// @param amount what is delegated: the lots and what has merged.
    /// @param rewards what can be claimed or restaked.
    /// @param maxLoss the largest part of it that one slash may take, as signed with the last delegation.
    struct Delegation {
        uint64 operatorId;
        uint256 amount;
        Lot[] lots;
        Unbonding[] unbonding;
        uint256 rewards;
        Risk maxLoss;
        bool autoRestake;
    }

    /// @notice A slash. `amount` is an estimate until it is settled.
    /// @param kind 0 conflicting notarize, 1 conflicting finalize, 2 nullify and finalize.
    /// @param epoch epoch of the fault.
    /// @param view_ consensus view of the fault.
    /// @param zoneId the zone that it was on; 0: the hub.
    /// @param bps the part of the answerable stake that is lost.
    /// @param appellant who appealed, or 0.
    struct Slash {
        uint64 id;
        uint64 operatorId;
        uint8 kind;
        uint64 epoch;
        uint64 view_;
        uint16 bps;
        uint256 amount;
        address finder;
        uint64 zoneId;
        uint64 settlesAt;
        SlashState state;
        address appellant;
        uint256 bond;
    }

    /// @notice What a delegator has with one operator, and the most that one slash could take of it now.
    struct Exposure {
        uint64 operatorId;
        uint256 amount;
        uint256 unbonding;
        uint256 worstLoss;
    }

    /// @notice How the committee of an epoch was chosen.
    /// @param postponed members that left the ranking but stay for the limit on changes per epoch.
    struct Selection {
        uint64 epoch;
        SelectionResult result;
        uint16 seats;
        uint16 joined;
        uint16 left;
        uint16 postponed;
        uint16 rotated;
    }

    /// @notice An operator registered.
    event OperatorRegistered(uint64 indexed operatorId, address indexed owner, bytes32 indexed key, string name);
    /// @notice An operator asked for another key.
    event KeyRotationRequested(uint64 indexed operatorId, bytes32 indexed newKey);
    /// @notice An operator changed its commission.
    event CommissionChanged(uint64 indexed operatorId, uint16 commissionBps);
    /// @notice An operator changed who receives its tips.
    event FeeRecipientChanged(uint64 indexed operatorId, address feeRecipient);
    /// @notice An operator changed what it says about itself.
    event ProfileChanged(uint64 indexed operatorId, string name, string endpoint, string metadata);
    /// @notice An operator set its terms; those for each kind of fault hold from an epoch of their own on.
    event RiskChanged(uint64 indexed operatorId, Risk risk, uint64[3] fromEpochs);
    /// @notice An operator does not want to be selected any more.
    event OperatorExited(uint64 indexed operatorId);
    /// @notice An operator that had exited wants to be selected again.
    event OperatorRejoined(uint64 indexed operatorId);
    /// @notice An operator lost its place to make room.
    event OperatorRetired(uint64 indexed operatorId);
    /// @notice An operator is not barred any more.
    event OperatorUnjailed(uint64 indexed operatorId);
    /// @notice An owner took what its operator earned.
    event CommissionClaimed(uint64 indexed operatorId, address indexed owner, uint256 amount);
    /// @notice Stake was delegated, by a deposit or by a redelegation that was completed.
    event Delegated(uint64 indexed operatorId, address indexed delegator, uint256 amount, uint64 fromEpoch);
    /// @notice Stake is leaving; `to` is the operator that it is to be delegated to, or 0.
    event Undelegated(
        uint64 indexed operatorId, address indexed delegator, uint256 amount, uint64 untilEpoch, uint64 to
    );
    /// @notice Stake that had unbonded was paid out.
    event Withdrawn(uint64 indexed operatorId, address indexed delegator, uint256 amount);
    /// @notice A redelegation could not be completed, because its target takes no stake or has raised its terms: the
    /// stake can be withdrawn instead.
    event RedelegationReleased(uint64 indexed operatorId, address indexed delegator, uint256 amount, uint64 to);
    /// @notice Rewards were paid out.
    event RewardsClaimed(uint64 indexed operatorId, address indexed delegator, uint256 amount);
    /// @notice Rewards were delegated.
    event Restaked(uint64 indexed operatorId, address indexed delegator, uint256 amount, uint64 fromEpoch);
    /// @notice A delegator wants its rewards delegated whenever its position is touched, or no longer.
    event AutoRestakeSet(uint64 indexed operatorId, address indexed delegator, bool enabled);
    /// @notice Evidence of a fault was taken: the stake that answers for it is locked, and the operator is barred; or, where it was on a
    /// zone (`zoneId` is not 0), has left that zone.
    event SlashRaised(
        uint64 indexed slashId,
        uint64 indexed operatorId,
        address indexed finder,
        uint8 kind,
        uint64 zoneId,
        uint64 epoch,
        uint64 view_,
        uint16 bps,
        uint256 amount,
        uint64 settlesAt
    );
    /// @notice From this epoch on so much of the operator's stake answers for the zone; 0: for each zone without a share of its own.
    event ZoneShareChanged(uint64 indexed operatorId, uint64 indexed zoneId, uint16 bps, uint64 fromEpoch);
    /// @notice A slash was settled by a call (one that is settled at a freeze block has no event).
    event SlashSettled(uint64 indexed slashId, uint256 amount, uint256 toFinder, uint256 toFund, uint256 burnt);
    /// @notice A slash was appealed.
    event SlashAppealed(uint64 indexed slashId, address indexed appellant, uint256 bond, uint64 settlesAt);
    /// @notice A member approved an appeal; weights are those counted after this approval. Once for each member.
    event AppealApproved(uint64 indexed slashId, address indexed member, uint64 approving, uint64 total);
    /// @notice A slash was reversed: nothing is lost.
    event SlashReversed(uint64 indexed slashId);

    /// @notice The chain's genesis has no operators: staking is off.
    error NotEnabled();
    /// @notice No operator has this id.
    error UnknownOperator(uint64 operatorId);
    /// @notice The caller owns no operator.
    error NotOwner(address account);
    /// @notice The caller owns an operator already.
    error AlreadyOperator(address account, uint64 operatorId);
    /// @notice The key is, or was, an operator's.
    error KeyUsed(bytes32 key, uint64 operatorId);
    /// @notice Not an ed25519 public key.
    error InvalidKey(bytes32 key);
    /// @notice The proof is not the key's signature over the owner's address for this chain.
    error InvalidProof(bytes32 key);
    /// @notice All places for operators are taken; `retire` an idle one to make room.
    error OperatorsFull(uint256 limit);
    /// @notice The amount is below the minimum.
    error StakeTooSmall(uint256 amount, uint256 minimum);
    /// @notice An operator's stake and unbonding stake would exceed what can be counted.
    error StakeTooLarge(uint64 operatorId, uint256 limit);
    /// @notice The commission exceeds the chain's maximum.
    error CommissionTooHigh(uint16 commissionBps, uint64 limit);
    /// @notice The commission may not rise that fast: `limit` is the highest until `until` (seconds since 1970).
    error CommissionTooFast(uint16 commissionBps, uint64 limit, uint64 until);
    /// @notice A share goes up to 10,000.
    error InvalidShare(uint256 bps);
    /// @notice The operator's terms for a kind of fault, now or as announced, exceed what the delegator is ready to lose by it.
    error RiskTooHigh(uint64 operatorId, uint8 kind, uint16 riskBps, uint16 maxLossBps);
    /// @notice An operator's terms must cover what the chain takes for each kind of fault, now and as announced.
    error RiskTooLow(uint8 kind, uint16 riskBps, uint16 minimum);
    /// @notice The last change of terms for a kind of fault is still within reach of evidence: change them from `epoch` on.
    error TermsPending(uint64 operatorId, uint8 kind, uint64 epoch);
    /// @notice The operator has exited, or is slashed out: it takes no stake.
    error OperatorClosed(uint64 operatorId);
    /// @notice The operator has not exited.
    error NotExited(uint64 operatorId);
    /// @notice Only when all places are taken, and only an operator that has exited, is slashed out or lacks self-stake,
    /// that has no seat now or in the next epoch, and no slash pending.
    error NotRetirable(uint64 operatorId);
    /// @notice The operator is not barred.
    error NotBarred(uint64 operatorId);
    /// @notice The operator is barred until this epoch.
    error StillBarred(uint64 operatorId, uint64 epoch);
    /// @notice The operator has offended too often to return.
    error SlashedOut(uint64 operatorId);
    /// @notice There is not that much to undelegate, or nothing.
    error InsufficientStake(uint64 operatorId, uint256 amount, uint256 available);
    /// @notice Source and target are the same operator.
    error SameOperator(uint64 operatorId);
    /// @notice The account has no position with this operator.
    error NoDelegation(uint64 operatorId, address delegator);
    /// @notice Nothing can be paid or completed yet.
    error NothingDue(uint64 operatorId);
    /// @notice The stake answers for a slash that is not settled: nothing of it moves before.
    error SlashPending(uint64 slashId, uint64 operatorId, uint64 settlesAt);
    /// @notice The epoch has no committee, or has not begun.
    error UnknownEpoch(uint64 epoch);
    /// @notice Kinds go from 0 to 2.
    error UnknownKind(uint8 kind);
    /// @notice Evidence of this epoch is not taken any more; the oldest epoch is `oldest`.
    error EvidenceExpired(uint64 epoch, uint64 oldest);
    /// @notice Not the encoding of two votes that contradict each other.
    error MalformedEvidence();
    /// @notice The committee of the epoch has no such seat.
    error UnknownSigner(uint64 epoch, uint32 signer);
    /// @notice A signature is not the seat's, for this chain.
    error InvalidSignature(uint64 epoch, uint32 signer);
    /// @notice The operator was punished for this epoch: one offence for each.
    error AlreadyPunished(uint64 operatorId, uint64 epoch, uint64 slashId);
    /// @notice The shares of an operator's zones come to more than the whole.
    error SharesTooHigh(uint64 sum, uint64 limit);
    /// @notice The share is another one by now.
    error OtherShare(uint16 bps);
    /// @notice No slash has this id.
    error UnknownSlash(uint64 slashId);
    /// @notice The slash is settled or reversed.
    error SlashClosed(uint64 slashId, SlashState state);
    /// @notice The slash is not settled before this epoch.
    error NotDue(uint64 slashId, uint64 epoch);
    /// @notice An earlier slash of the operator comes first.
    error EarlierSlash(uint64 slashId, uint64 earlier);
    /// @notice A slash is appealed once.
    error AlreadyAppealed(uint64 slashId);
    /// @notice The slash was not appealed.
    error NotAppealed(uint64 slashId);
    /// @notice The time for this is over: the slash can be settled since this epoch.
    error AppealOver(uint64 slashId, uint64 epoch);
    /// @notice Only the operator's owner and delegators whose stake answers for the fault may appeal.
    error NotAnswerable(uint64 slashId, address account);
    /// @notice The appeal's bond is too small.
    error BondTooSmall(uint256 sent, uint256 minimum);

    /// @notice Become an operator, with at least the minimum self-stake as value. One operator for each owner.
    /// @param key an ed25519 public key that no operator ever had.
    /// @param proof the key's signature over the owner's address (20 bytes), in the namespace
    /// "hansa/1/" + genesis hash + "/operator".
    function register(
        bytes32 key,
        bytes calldata proof,
        address feeRecipient,
        uint16 commissionBps,
        string calldata name,
        string calldata endpoint,
        string calldata metadata
    ) external payable returns (uint64 operatorId);

    /// @notice Replace the caller's operator's key, from a committee that is fixed later on.
    function rotateKey(bytes32 newKey, bytes calldata proof) external;

    /// @notice Change the commission. It may rise by a limited amount within a day; it may fall at once.
    function setCommission(uint16 commissionBps) external;

    /// @notice Change who receives the tips of proposed blocks, from the next committee that is fixed.
    function setFeeRecipient(address feeRecipient) external;

    /// @notice Change what the operator says about itself.
    function setProfile(string calldata name, string calldata endpoint, string calldata metadata) external;

    /// @notice Change the largest part of its stake that one slash can take, for each kind of fault. A lower one holds
    /// from the effective epoch on; a higher one only after delegators had time to leave; an equal one stays as it is. Each
    /// must cover the chain's share of its kind, so that nobody runs consensus without anything to lose.
    function setRisk(Risk calldata risk) external;

    /// @notice Do not be selected any more. The self-stake can then be undelegated like any stake.
    function exit() external;

    /// @notice Be selected again after `exit`.
    function rejoin() external;

    /// @notice Take the place of an idle operator when all places are taken. Callable by anybody. Its owner is paid what
    /// it earned and can register again with another key; delegators' positions remain as they are.
    function retire(uint64 operatorId) external;

    /// @notice End the bar of an operator that was jailed or whose slashes are settled, once the wait is over.
    function unjail() external;

    /// @notice Take what the caller's operator earned in commission and compensation.
    function claimCommission() external returns (uint256 amount);

    /// @notice Delegate the value, from the effective epoch on.
    /// @param maxLoss the largest part of the whole position that one slash may take: the operator's terms must not
    /// exceed it for any kind of fault, and an operator raises its terms only after this delegator had time to leave.
    function delegate(uint64 operatorId, Risk calldata maxLoss) external payable;

    /// @notice Take stake out, oldest first. It stays answerable for the epochs in which it counted, and can be
    /// withdrawn once it has unbonded.
    function undelegate(uint64 operatorId, uint256 amount) external;

    /// @notice Take out what has unbonded.
    function withdraw(uint64 operatorId) external returns (uint256 amount);

    /// @notice As `undelegate`; what has unbonded is then delegated to another operator by `completeRedelegation`.
    /// @param maxLoss as in `delegate`, for the target. Where there is a position already, the stricter of both is kept.
    function redelegate(uint64 from, uint64 to, uint256 amount, Risk calldata maxLoss) external;

    /// @notice Delegate what has unbonded for a redelegation. Callable by anybody. When the target takes no stake any
    /// more, or has raised its terms for any kind of fault above what was signed, the stake becomes withdrawable instead.
    function completeRedelegation(uint64 from, address delegator) external returns (uint256 amount);

    /// @notice Take out rewards.
    function claimRewards(uint64 operatorId) external returns (uint256 amount);

    /// @notice Delegate rewards.
    function restake(uint64 operatorId) external returns (uint256 amount);

    /// @notice Have rewards delegated whenever the position is touched.
    function setAutoRestake(uint64 operatorId, bool enabled) external;

    /// @notice Bring a position up to date. Callable by anybody.
    function settle(uint64 operatorId, address delegator) external;

    /// @notice Prove that an operator signed two votes that contradict each other. Callable by anybody; a part of the
    /// slash goes to the caller when it is settled.
    function submitEvidence(uint8 kind, bytes calldata evidence) external returns (uint64 slashId);

    /// @notice Prove the same of an operator on a zone: it loses that part of its share in the zone, and its seat there; whatever else it did
    /// there before it left costs nothing more. It answers by the epoch of the hub, among those for which evidence is taken, in which it had
    /// the seat that signed with the largest share.
    function submitZoneEvidence(uint64 zoneId, uint8 kind, bytes calldata evidence) external returns (uint64 slashId);

    /// @notice Let a part of your operator's stake answer for a zone, 0 to leave it. Not while a slash for a fault there is pending. `expectedBps` is what it is after your last change.
    /// All shares come to 10,000 at most, were there as many zones as there can be (64), each without a share of its own with the standing one.
    function setZoneShare(uint64 zoneId, uint16 bps, uint16 expectedBps) external returns (uint64 fromEpoch);

    /// @notice Let a part of your operator's stake answer for each zone, present or future, that has no share of its own; 100 at first.
    function setStandingShare(uint16 bps) external returns (uint64 fromEpoch);

    /// @notice The part of an operator's stake that answers for a zone now, and after its last change.
    function zoneShare(uint64 operatorId, uint64 zoneId)
        external
        view
        returns (uint16 bps, uint16 nextBps, uint64 fromEpoch);

    /// @notice An operator's standing share, the sum of those that zones have of their own, and how many these are, after its last change.
    function standingShare(uint64 operatorId)
        external
        view
        returns (uint16 bps, uint16 allocatedBps, uint64 allocatedZones);

    /// @notice Appeal a slash with a bond, once. This extends its window, in which the members decide.
    function appeal(uint64 slashId) external payable;

    /// @notice Approve an appeal, once per member. More than half of the total active weight reverses the slash and
    /// returns the bond.
    function approveAppeal(uint64 slashId) external returns (bool reversed);

    /// @notice Settle a slash that is due. Callable by anybody.
    function settleSlash(uint64 slashId) external returns (uint256 amount);

    /// @notice An operator.
    function operator(uint64 operatorId) external view returns (Operator memory);

    /// @notice Operators from the `offset`-th on in order of their ids, at most `limit` (64 at most).
    function operators(uint256 offset, uint256 limit) external view returns (Operator[] memory page, uint256 total);

    /// @notice The operator that an account owns, or 0.
    function operatorOf(address owner) external view returns (uint64);

    /// @notice The operator that has or had a key, or 0.
    function operatorOfKey(bytes32 key) external view returns (uint64);

    /// @notice The committee of an epoch, in ascending order of keys; reverts when it is not fixed yet.
    function committeeOf(uint64 epoch) external view returns (bytes32 id, Seat[] memory seats);

    /// @notice The epoch of a block, and the epoch's blocks.
    function epochOf(uint64 blockNumber)
        external
        view
        returns (uint64 epoch, uint64 firstBlock, uint64 freezeBlock, uint64 lastBlock);

    /// @notice A position, up to date.
    function delegation(uint64 operatorId, address delegator) external view returns (Delegation memory);

    /// @notice The operators that an account has a position with.
    function delegationsOf(address delegator) external view returns (uint64[] memory);

    /// @notice A slash.
    function slash(uint64 slashId) external view returns (Slash memory);

    /// @notice Slashes from the `offset`-th on, oldest first, at most `limit` (64 at most).
    function slashes(uint256 offset, uint256 limit) external view returns (Slash[] memory page, uint256 total);

    /// @notice What a slash took from a delegator, or would take if it were settled now; 0 when it was reversed.
    function slashShareOf(uint64 slashId, address delegator)
        external
        view
        returns (uint8 kind, uint64 epoch, SlashState state, uint256 amount);

    /// @notice What a fault would cost each of at most 8 operators together with their delegators. Epoch 0: now.
    function previewSlash(uint64[] calldata operatorIds, uint8 kind, uint64 epoch)
        external
        view
        returns (uint256[] memory amounts);

    /// @notice What a fault of each of these operators would cost one delegator.
    function previewLoss(uint64[] calldata operatorIds, uint8 kind, uint64 epoch, address delegator)
        external
        view
        returns (uint256[] memory amounts);

    /// @notice What a delegator has at stake, operator by operator.
    function exposure(address delegator) external view returns (Exposure[] memory);

    /// @notice How concentrated the stake is.
    /// @return total all stake of operators that are willing.
    /// @return nakamoto the least number of operators with more than a third of it; 0 when there is none.
    /// @return largest the operators with the most stake, at most 10.
    /// @return stakes their stakes.
    function concentration()
        external
        view
        returns (uint256 total, uint64 nakamoto, uint64[] memory largest, uint256[] memory stakes);

    /// @notice What one ether with this operator earned in the last epochs (7, or as many as there were), after
    /// commission and without restaking, in wei.
    function rewardRate(uint64 operatorId) external view returns (uint64 epochs, uint256 perEther);

    /// @notice The parameters.
    function parameters() external view returns (Parameters memory);

    /// @notice How the newest committee was chosen.
    function lastSelection() external view returns (Selection memory);
}
