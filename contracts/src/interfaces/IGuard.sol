// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IModule} from "./IModule.sol";

/// @title The guard (native module 5)
/// @notice Bonded alerts, their endorsement by the members, and the directives that follow. A `block` directive lets no
/// state-changing call reach or leave its targets; it never moves their funds, and it always ends.
interface IGuard is IModule {
    /// @notice Pending until accepted, revoked or lapsed; an accepted alert ends by revocation or expiry.
    enum AlertStatus {
        None,
        Pending,
        Accepted,
        Revoked,
        Lapsed,
        Expired
    }

    /// @notice What a caller claims.
    /// @param targets addresses, each once; at most 64.
    /// @param action 0 watch, 1 limit (reserved), 2 block.
    /// @param severity 1 low to 4 critical.
    /// @param expiry when the directive ends, in seconds since 1970.
    /// @param objectId an unrevoked object on the exchange that gives the grounds.
    struct AlertInput {
        address[] targets;
        uint8 action;
        uint8 severity;
        uint64 expiry;
        bytes32 objectId;
        string reason;
    }

    /// @notice An alert as seen now.
    /// @param provisionalUntil end of a sentinel's provisional directive, else 0.
    /// @param acceptedAt when it was accepted, else 0.
    struct Alert {
        uint256 id;
        address raiser;
        AlertStatus status;
        uint8 action;
        uint8 severity;
        uint64 raisedAt;
        uint64 expiry;
        uint64 provisionalUntil;
        uint64 acceptedAt;
        bool bondClaimed;
        uint256 bond;
        bytes32 objectId;
        string reason;
        address[] targets;
    }

    /// @notice A directive in force against a target.
    struct Directive {
        uint256 alertId;
        uint64 until;
    }

    /// @notice Votes as counted now, with the weights of now.
    struct Tally {
        uint64 endorsing;
        uint64 revoking;
        uint64 total;
        address[] endorsers;
        address[] revokers;
    }

    /// @notice An alert was raised, and its bond taken.
    event AlertRaised(
        uint256 indexed alertId,
        address indexed raiser,
        bytes32 indexed objectId,
        uint8 action,
        uint8 severity,
        uint64 expiry,
        uint256 bond,
        bool provisional,
        string reason,
        address[] targets
    );
    /// @notice One per target of a raised alert.
    event TargetNamed(uint256 indexed alertId, address indexed target, uint8 action);
    /// @notice A member endorsed; weights are those counted after this vote. Once for each member.
    event AlertEndorsed(uint256 indexed alertId, address indexed member, uint64 endorsing, uint64 total);
    /// @notice Two thirds of the weight endorse the alert.
    event AlertAccepted(uint256 indexed alertId, uint64 endorsing, uint64 total);
    /// @notice One per target, when a directive starts or a provisional one becomes full.
    event DirectiveIssued(
        uint256 indexed alertId, address indexed target, uint8 action, uint64 until, bool provisional
    );
    /// @notice A member voted to revoke; weights are those counted after this vote. Once for each member.
    event RevocationVoted(uint256 indexed alertId, address indexed member, uint64 revoking, uint64 total);
    /// @notice A majority of the weight revoked the alert; its directives have ended and its bond is forfeited.
    event AlertRevoked(uint256 indexed alertId, uint64 revoking, uint64 total);
    /// @notice One per target of a revoked alert.
    event DirectiveEnded(uint256 indexed alertId, address indexed target);
    /// @notice A target's share of a forfeited bond.
    event BondForfeited(uint256 indexed alertId, address indexed target, uint256 amount);
    /// @notice The bond went back to the raiser.
    event BondReturned(uint256 indexed alertId, address indexed raiser, uint256 amount);
    /// @notice The chain's warden issued directives of its own, or moved their end; a `DirectiveIssued` for each target, with alert 0, precedes it.
    event OwnDirectives(address indexed warden, uint64 until, string reason, address[] targets);
    /// @notice From the next block on no directive holds against this address, or those against it hold again.
    event ProtectionSet(address indexed target, bool isProtected);
    /// @notice The chain has another warden; zero: none ever again.
    event WardenSet(address indexed from, address indexed to);

    /// @notice A state-changing call touched a blocked address, or would have paid it: raised by the chain in the frame that did. Alert 0: a
    /// directive of the chain's own.
    error Blocked(address target, uint256 alertId, uint64 until);
    /// @notice The bond is below the chain's minimum times the number of targets.
    error BondTooSmall(uint256 sent, uint256 minimum);
    /// @notice No such action.
    error InvalidAction(uint8 action);
    /// @notice `limit` is reserved and not supported yet.
    error ActionNotSupported(uint8 action);
    /// @notice Severity goes from 1 to 4.
    error InvalidSeverity(uint8 severity);
    /// @notice The expiry is not in the future.
    error ExpiryInPast(uint64 expiry, uint64 timestamp);
    /// @notice The expiry is later than the chain's longest duration allows.
    error ExpiryTooFar(uint64 expiry, uint64 latest);
    /// @notice The zero address and the raiser itself cannot be targets.
    error InvalidTarget(address target);
    /// @notice A target is named twice.
    error DuplicateTarget(address target);
    /// @notice Not with this address: modules, precompiles and system contracts are never targets; what the chain's
    /// policy protects is never blocked, and a member with weight not by a sentinel alone.
    error ProtectedTarget(address target);
    /// @notice The referenced object does not exist on the exchange, or was revoked (checked when an alert is raised,
    /// and again when it is accepted).
    error InvalidObject(bytes32 objectId);
    /// @notice The caller is not a sentinel.
    error NotSentinel(address account);
    /// @notice The same sentinel put this target under a provisional directive less than a day ago.
    error ProvisionalTooSoon(address target, uint64 notBefore);
    /// @notice The target is under as many directives as it can be.
    error TooManyDirectives(address target, uint256 limit);
    /// @notice No alert has this id.
    error UnknownAlert(uint256 alertId);
    /// @notice The alert's status does not allow this.
    error WrongStatus(uint256 alertId, AlertStatus status);
    /// @notice Only the raiser may claim the bond.
    error NotRaiser(uint256 alertId, address raiser);
    /// @notice The bond is still at stake.
    error BondLocked(uint256 alertId, uint64 until);
    /// @notice The bond is gone: returned, or forfeited.
    error BondSettled(uint256 alertId);
    /// @notice Only the chain's warden may; zero: the chain has none.
    error NotWarden(address warden);
    /// @notice The chain's own policy names as many addresses as it can.
    error TooManyProtected(uint256 limit);
    /// @notice The chain has as many directives of its own as it can; those that are over count until `endOwn` takes them away.
    error TooManyOwn(uint256 limit);

    /// @notice Raise an alert with a bond: at least the chain's minimum for each target. Callable by active members
    /// with weight; counts as the first endorsement.
    function raise(AlertInput calldata input) external payable returns (uint256 alertId);

    /// @notice As `raise`, by a sentinel: without waiting for endorsements, the directive holds from the next block on,
    /// for ten minutes at most.
    function raiseProvisional(AlertInput calldata input) external payable returns (uint256 alertId);

    /// @notice Endorse a pending alert, once per member. Accepted once two thirds of the total active weight endorse
    /// it; its directives hold from the next block on. Who has endorsed may call again when weights have changed so
    /// that the endorsements suffice by now; otherwise that reverts with AlreadyVoted.
    /// @return accepted whether it was accepted in this call.
    function endorse(uint256 alertId) external returns (bool accepted);

    /// @notice Vote to revoke an alert whose bond has not been returned, once per member. Done once more than half of
    /// the weight votes so. Repeating a vote is as with `endorse`.
    /// @return revoked whether it was revoked in this call.
    function voteRevoke(uint256 alertId) external returns (bool revoked);

    /// @notice Take back the bond of an alert that ended without revocation, a week after it was raised at the
    /// earliest: until then members can revoke it. Callable by the raiser.
    function claimBond(uint256 alertId) external;

    /// @notice Issue directives of this chain's own, which hold from the next block on; on one that there is already, its end moves. Callable by the
    /// warden of a zone. A hub has none.
    /// @param targets addresses, each once; at most 64, and 1,024 of all calls together.
    /// @param until when they end, in seconds since 1970: no later than the chain's longest duration from now.
    function issueOwn(address[] calldata targets, uint64 until, string calldata reason) external;

    /// @notice End directives of this chain's own, from the next block on, or take away those that are over; those of alerts go on. Callable by the
    /// warden.
    function endOwn(address[] calldata targets) external;

    /// @notice Put addresses on the list of those that this chain never blocks: from the next block on no directive holds against them. Callable by
    /// the warden; the list has room for 1,024.
    function protect(address[] calldata targets) external;

    /// @notice Take addresses off that list: from the next block on the directives hold that are in force. Callable by the warden.
    function unprotect(address[] calldata targets) external;

    /// @notice Hand over to another warden; to nobody, for ever, where `to` is zero. Callable by the warden.
    function setWarden(address to) external;

    /// @notice Who decides on this chain's own directives and on whom it never blocks; zero: nobody.
    function warden() external view returns (address);

    /// @notice Addresses that this chain's policy never blocks, from the `offset`-th on, at most `limit` (256 at most), in no order.
    function protectedAddresses(uint256 offset, uint256 limit)
        external
        view
        returns (address[] memory page, uint256 total);

    /// @notice The chain's own directives, from the `offset`-th on, at most `limit` (256 at most), in no order.
    /// @return targets whom they are against.
    /// @return ends when they end, in seconds since 1970; 0: it is over.
    /// @return total how many there are, those that are over included.
    function ownDirectives(uint256 offset, uint256 limit)
        external
        view
        returns (address[] memory targets, uint64[] memory ends, uint256 total);

    /// @notice An alert by id (ids start at 1); status None when unknown.
    function alert(uint256 alertId) external view returns (Alert memory);

    /// @notice The votes on an alert.
    function tally(uint256 alertId) external view returns (Tally memory);

    /// @notice When the raiser may claim the bond, in seconds since 1970.
    function bondClaimableAt(uint256 alertId) external view returns (uint64);

    /// @notice The directive that blocks an address now; zeros when none does.
    function blockedUntil(address target) external view returns (uint64 until, uint256 alertId);

    /// @notice All `block` directives in force against an address now; alert 0: the chain's own. None while the chain's policy protects the address.
    function directives(address target) external view returns (Directive[] memory);

    /// @notice Ids of alerts from the `offset`-th on, oldest first, at most `limit` (256 at most).
    function alertIds(uint256 offset, uint256 limit) external view returns (uint256[] memory ids, uint256 total);

    /// @notice Whether policy or protocol forbids to ever block this address.
    function isProtected(address target) external view returns (bool);

    /// @notice The chain's parameters: least bond for each target in wei, longest duration of a directive in seconds.
    function parameters() external view returns (uint256 minBond, uint64 maxDuration);
}
