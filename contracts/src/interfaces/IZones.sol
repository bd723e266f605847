// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IModule} from "./IModule.sol";

/// @title Zones (native module 2)
/// @notice The register of a league's zones, from their creation to their end, and the newest checkpoint of each. On the hub only.
/// @dev A zone's genesis follows from its record and from the hub's state alone: every node derives the same.
interface IZones is IModule {
    /// @notice What a zone's blocks keep to. An upgrade changes it.
    /// @param gasLimit gas of a block, 1,000,000 to 1,000,000,000, and at most 1,000,000 for each of blockIntervalMs.
    /// @param minBaseFee the least base fee, wei per gas, 10^6 to 10^15.
    /// @param blockIntervalMs least time between two blocks, 10 to 60,000.
    /// @param heartbeatMs an idle zone makes a block this often; at least blockIntervalMs, at most 60,000.
    /// @param minSeverity directives of alerts below this severity (1 to 4) have no effect there.
    /// @param maxDirectiveSeconds no directive holds there for longer, 1 to 31,536,000.
    /// @param fork Ethereum's rules: 1 Cancun, 2 Prague, 3 Osaka. Nodes that do not know the number stop the zone before they would have to.
    struct Terms {
        uint64 gasLimit;
        uint64 minBaseFee;
        uint64 blockIntervalMs;
        uint64 heartbeatMs;
        uint8 minSeverity;
        uint64 maxDirectiveSeconds;
        uint8 fork;
    }

    /// @notice Who may serve a zone: of the hub's committee those who let a part of their stake answer for it and fit this rule, the most wei first. Among
    /// parts of one size, within a factor of two, a hash of zone and operator decides, which spreads zones evenly. Where fewer than four fit, the next of
    /// the hub's committee in this order fill up.
    /// @param maxSeats seats at most, 4 to 128; 0: all that fit.
    /// @param minStake wei of each seat that have to answer for the zone at least.
    /// @param allowed ids of the operators that may serve, in ascending order, at most 32; empty: all.
    struct CommitteeRule {
        uint16 maxSeats;
        uint256 minStake;
        uint64[] allowed;
    }

    /// @notice What a zone's guard begins with: its policy besides severity and duration, which are terms. On the zone, IGuard tells what holds now.
    /// @param warden decides on the zone's own directives and on whom it never blocks; zero: nobody ever does.
    /// @param neverBlocked addresses that the zone never blocks, in ascending order, at most 32; the warden can add others, and take them out.
    struct GuardRule {
        address warden;
        address[] neverBlocked;
    }

    /// @notice What a zone is made with.
    /// @param name 1 to 32 of a-z, 0-9 and inner dashes, beginning with a letter; unique in the league.
    /// @param chainId EIP-155 chain id; unique in the league, and not the hub's.
    /// @param epochBlocks blocks of an epoch, 10 to 65,535: its operators change at the end of one.
    /// @param noticeSeconds how long before its end, or an upgrade, its users are told, 10 to 31,536,000; and, if that is more than an hour, how long the hub waits for a checkpoint.
    /// @param rentPerDay wei that its escrow pays its operators each day, 10^24 at most.
    /// @param committee who may serve it.
    /// @param terms what its blocks keep to, at first.
    /// @param guard what its guard begins with.
    struct Parameters {
        string name;
        uint64 chainId;
        uint64 epochBlocks;
        uint64 noticeSeconds;
        uint256 rentPerDay;
        CommitteeRule committee;
        Terms terms;
        GuardRule guard;
    }

    /// @notice Where a zone is in its life. Registered: the hub has no checkpoint of it yet. Closing: it will stop; nothing more can be sent to it.
    /// Stopped: the first of its blocks that names the hub's block `stoppedAt` or a later one is its last. Settled: what it has left is paid out by
    /// proofs against its last checkpoint, see IMessages.exit.
    enum Phase {
        Registered,
        Active,
        Closing,
        Stopped,
        Settled
    }

    /// @notice Why a zone closes. Creator: its creator closed it. Escrow: what is left pays no more than the time until it stops. Halted: the hub had no
    /// checkpoint of it for the time of notice, an hour at least.
    enum Reason {
        None,
        Creator,
        Escrow,
        Halted
    }

    /// @notice A zone.
    /// @param id counts from 1; never used again.
    /// @param createdAt height of the hub's block that created it.
    /// @param timestamp that block's time.
    /// @param escrow wei that are left to pay its operators.
    /// @param reason why it closes or stopped.
    /// @param closesAt it can be stopped from then on, seconds since 1970; 0: it is not closing.
    /// @param stoppedAt height of the hub's block that stopped it; 0: none did.
    /// @param reseedsAt height of the hub's block from which on a zone that counts as halted can be reseeded; 0: it does not count as halted.
    /// @param stopsAt height of the hub's block from which on such a zone can be stopped, once closesAt is over too; 0 likewise.
    /// @param parameters its terms are those in force, its committee's rule the last one.
    /// @param committeeSince from when on that rule holds, seconds since 1970: for committees that the hub fixes then or later.
    /// @param upgradesAt when the upgrade that is announced is due, seconds since 1970; 0: none is.
    /// @param next what its blocks keep to from then on.
    struct Zone {
        uint64 id;
        address creator;
        uint64 createdAt;
        uint64 timestamp;
        uint256 escrow;
        Phase phase;
        Reason reason;
        uint64 closesAt;
        uint64 stoppedAt;
        uint64 reseedsAt;
        uint64 stopsAt;
        Parameters parameters;
        uint64 committeeSince;
        uint64 upgradesAt;
        Terms next;
    }

    /// @notice A seat of a zone's committee.
    /// @param key ed25519 public key that votes and proposes.
    /// @param feeRecipient receives the tips of the blocks that it proposes.
    /// @param stake wei that answer for the zone.
    struct Seat {
        uint64 operatorId;
        bytes32 key;
        address feeRecipient;
        uint256 stake;
    }

    /// @notice A final block of a zone, as the hub knows it.
    /// @param number height; 0: there is no checkpoint yet.
    /// @param blockHash hash of the block's header.
    /// @param timestampMs its time, milliseconds since 1970.
    /// @param hubNumber the hub's block that it names.
    /// @param stateRoot root of the zone's state after it.
    /// @param outboxCount messages that the zone had sent by then.
    /// @param outboxRoot root over them.
    /// @param answers wei that answer at least if the committee that finalized it contradicts itself: the least shares of as many seats as any
    /// two quorums have in common.
    /// @param recordedAt height of the hub's block that recorded it.
    /// @param recordedTime that block's time, seconds since 1970.
    /// @param arrivals entries of its lane that the zone had taken by then.
    struct Checkpoint {
        uint64 number;
        bytes32 blockHash;
        uint64 timestampMs;
        uint64 hubNumber;
        bytes32 stateRoot;
        uint64 outboxCount;
        bytes32 outboxRoot;
        uint256 answers;
        uint64 recordedAt;
        uint64 recordedTime;
        uint64 arrivals;
    }

    /// @notice A zone was created. Its operators begin it from the next block on.
    event ZoneCreated(uint64 indexed zoneId, address indexed creator, uint64 indexed chainId, string name);
    /// @notice The newest final block of a zone that the hub knows of.
    event Checkpointed(uint64 indexed zoneId, uint64 number, bytes32 blockHash, uint64 outboxCount);

    /// @notice A zone will keep to other terms: from its first block on that names a block of the hub whose time is `startsAt` or later. With the same
    /// `index` as one before it, it takes that one's place.
    event ZoneUpgrading(uint64 indexed zoneId, uint64 index, uint64 startsAt, Terms terms);
    /// @notice Another rule will say who may serve a zone, in committees that the hub fixes from this time on (seconds since 1970).
    event CommitteeRuleChanged(uint64 indexed zoneId, uint64 startsAt, CommitteeRule rule);
    /// @notice A zone will stop.
    event ZoneClosing(uint64 indexed zoneId, Reason reason, uint64 closesAt);
    /// @notice A zone will not stop after all: its escrow was filled up, or a checkpoint came.
    event ZoneReopened(uint64 indexed zoneId);
    /// @notice A zone that had halted goes on from its last checkpoint: `firstBlock` is the first block of its epoch `epoch`, whose committee is the zone's by the hub's
    /// epoch `hubEpoch` (see committeeOf). Blocks of earlier epochs from this height on are void.
    event ZoneReseeded(uint64 indexed zoneId, uint64 firstBlock, uint64 epoch, uint64 hubEpoch);
    /// @notice A zone stops: the first of its blocks that names this block of the hub or a later one is its last.
    event ZoneStopped(uint64 indexed zoneId);
    /// @notice A zone's escrow paid its operators.
    event RentPaid(uint64 indexed zoneId, uint256 amount, uint256 escrow);
    /// @notice Somebody paid into a zone's escrow.
    event EscrowFilled(uint64 indexed zoneId, address indexed by, uint256 amount, uint256 escrow);
    /// @notice What was left of a stopped zone's escrow went back to its creator.
    event EscrowReturned(uint64 indexed zoneId, address indexed creator, uint256 amount);

    /// @notice This chain is not a hub.
    error NotEnabled();
    /// @notice Not a name for a zone.
    error InvalidName(string name);
    /// @notice Another zone has this name.
    error NameTaken(string name, uint64 zoneId);
    /// @notice The hub or another zone (0: the hub) has this chain id.
    error ChainIdTaken(uint64 chainId, uint64 zoneId);
    /// @notice The parameter must be within these bounds.
    error OutOfBounds(string parameter, uint64 value, uint64 least, uint64 most);
    /// @notice The escrow is below the minimum.
    error EscrowTooSmall(uint256 sent, uint256 minimum);
    /// @notice The league has as many zones as it can have.
    error ZonesFull(uint64 limit);
    /// @notice No zone has this id.
    error UnknownZone(uint64 zoneId);
    /// @notice The list of operators, or that of addresses, is too long, or not in ascending order.
    error InvalidList(uint64 most);
    /// @notice Not a header.
    error MalformedHeader();
    /// @notice Not a certificate.
    error MalformedCertificate();
    /// @notice The certificate is for another block.
    error OtherBlock(bytes32 certified, bytes32 blockHash);
    /// @notice The hub knows a block that is at least as new.
    error StaleCheckpoint(uint64 number, uint64 newest);
    /// @notice No committee that a zone may have now has this id: it is unknown, or was replaced too long ago.
    error UnknownCommittee(bytes32 committee);
    /// @notice A block of this height belongs to another epoch: the zone was reseeded.
    error OtherEpoch(uint64 epoch, uint64 expected);
    /// @notice Too few of the committee's operators signed, or not this.
    error InvalidCertificate();
    /// @notice The block names a block of the hub that is not there yet.
    error AheadOfHub(uint64 hubNumber);
    /// @notice The zone cannot have taken so many entries of its lane.
    error WrongArrivals(uint64 arrivals, uint64 least, uint64 most);
    /// @notice The rent is more than this.
    error RentTooHigh(uint256 rentPerDay, uint256 most);
    /// @notice The hub has heard of the zone lately. It counts as halted after this time (seconds since 1970), if the hub hears nothing until then.
    error NotSilent(uint64 zoneId, uint64 haltedAt);
    /// @notice Only its creator can close a zone that has an escrow; if it has halted, see halt.
    error NotClosable(uint64 zoneId);
    /// @notice The zone is closing, or has stopped.
    error ZoneEnds(uint64 zoneId, Phase phase);
    /// @notice The zone is not closing, or not before this time (seconds since 1970).
    error NotDue(uint64 zoneId, uint64 closesAt);
    /// @notice Only a zone can be reseeded that is closing because it has halted, and that the hub has a checkpoint of; 64 times at most.
    error NotHalted(uint64 zoneId);
    /// @notice Not before this block of the hub: until then whoever has newer blocks of the zone can bring them, or it can be reseeded.
    error NotDueBefore(uint64 zoneId, uint64 hubNumber);
    /// @notice The zone has not settled.
    error NotSettled(uint64 zoneId);
    /// @notice Only the zone's creator can do this.
    error NotCreator(address creator);

    /// @notice Create a zone. Callable by anybody. The value is its escrow, at least 10 ether, and twice the rent for the time of notice.
    function create(Parameters calldata parameters) external payable returns (uint64 zoneId);

    /// @notice Tell the hub of a final block of a zone: its encoded header, and the certificate of its committee. Callable by anybody.
    function checkpoint(uint64 zoneId, bytes calldata header, bytes calldata certificate) external;

    /// @notice Pay into a zone's escrow. Callable by anybody. A zone that closes for want of escrow is open again once it has enough.
    function fund(uint64 zoneId) external payable;

    /// @notice Announce an upgrade of a zone: what its blocks keep to from `startsAt` on (seconds since 1970; 0: as soon as may be), which is no sooner than its
    /// users are told of its end, and no more than a year later. Its fork is not older than the one in force. By its creator, while the zone is open. Until it is due, another takes its place: that of the terms in force takes it back.
    function upgrade(uint64 zoneId, Terms calldata terms, uint64 startsAt) external returns (uint64);

    /// @notice Change who may serve a zone, in committees that the hub fixes once the time of notice is over. By its creator, while the zone is open. Until then,
    /// another change takes its place.
    function setCommitteeRule(uint64 zoneId, CommitteeRule calldata rule) external returns (uint64 startsAt);

    /// @notice Announce the end of a zone. By its creator; by anybody when its escrow is used up but for the rent until then.
    function close(uint64 zoneId) external returns (uint64 closesAt);

    /// @notice Announce that a zone has halted: the hub had no checkpoint of it for the time of notice, or for what the league allows (an hour, if its genesis says nothing
    /// else) if that is longer. It will stop, unless it is heard of or reseeded before. Callable by anybody.
    function halt(uint64 zoneId) external returns (uint64 closesAt);

    /// @notice Let the zone's present committee go on from its last checkpoint, when the zone is closing because it has halted, and a whole epoch of the hub has passed since that was
    /// announced. It is open again then, and has as long as before to tell the hub of a block. Callable by anybody.
    function reseed(uint64 zoneId) external returns (uint64 firstBlock, uint64 epoch);

    /// @notice Stop a zone that is closing, once it is time; one that counts as halted not before it could have been reseeded for an epoch of the hub. Callable by anybody.
    function stop(uint64 zoneId) external;

    /// @notice Send what its escrow has beyond 10 ether back to its creator: these pay for its place in the register, which is taken for ever. Callable by anybody,
    /// once the zone has settled.
    function returnEscrow(uint64 zoneId) external returns (uint256 amount);

    /// @notice Who serves a zone by an epoch of the hub, in the order of their keys, each with the stake that answers for it. Empty while the
    /// epoch's committee is not fixed.
    function committeeOf(uint64 zoneId, uint64 epoch) external view returns (bytes32 id, Seat[] memory seats);

    /// @notice The newest checkpoint of a zone.
    function checkpointOf(uint64 zoneId) external view returns (Checkpoint memory);

    /// @notice A zone.
    function zone(uint64 zoneId) external view returns (Zone memory);

    /// @notice The id of the zone with a name, or 0.
    function zoneNamed(string calldata name) external view returns (uint64);

    /// @notice Zones from the `offset`-th on in order of their ids, at most `limit` (16 at most).
    function zones(uint256 offset, uint256 limit) external view returns (Zone[] memory page, uint256 total);
}
