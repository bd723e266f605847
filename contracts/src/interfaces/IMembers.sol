// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IModule} from "./IModule.sol";

/// @title Members of the league (native module 3)
/// @notice Admission, suspension and roles of the organisations that share one exchange. Every decision is a proposal
/// about one subject; it takes effect in the call that brings the approving weight above half of the total active
/// weight, counted with the weights of that moment. The proposer's approval is counted at once. Several members may
/// have proposals about one subject open; when one passes, the others expire.
interface IMembers is IModule {
    /// @notice None: never admitted (nominations may be open).
    enum Status {
        None,
        Active,
        Suspended
    }

    /// @notice What a proposal asks for.
    enum Kind {
        Admit,
        Suspend,
        Reinstate,
        SetRoles
    }

    /// @notice Open proposals become Passed in a vote, or Expired: after seven days, or when another proposal about the
    /// same subject passes. None is never returned: `proposal` reverts for an unknown id.
    enum ProposalState {
        None,
        Open,
        Passed,
        Expired
    }

    /// @notice A member as seen now. `roles` is a mask: 1 member, 2 sentinel, 4 observer (alone, and without weight).
    struct Member {
        address account;
        Status status;
        uint8 roles;
        uint32 weight;
        uint64 since;
        bytes32 x25519;
        string name;
        string contact;
    }

    /// @notice A proposal as seen now; `approvals` and `total` are weights counted at the time of the call. `name`,
    /// `contact` and `x25519` are the profile that a nomination gives its subject, and empty in other proposals.
    struct Proposal {
        uint256 id;
        Kind kind;
        ProposalState state;
        address subject;
        address proposer;
        uint8 roles;
        uint32 weight;
        uint64 expiry;
        uint64 approvals;
        uint64 total;
        string reason;
        string name;
        string contact;
        bytes32 x25519;
    }

    /// @notice A proposal was opened.
    event ProposalOpened(
        uint256 indexed proposalId,
        address indexed subject,
        address indexed proposer,
        Kind kind,
        uint8 roles,
        uint32 weight,
        uint64 expiry,
        string reason
    );
    /// @notice A member approved a proposal; weights are those counted after this approval. Once for each member.
    event ProposalApproved(uint256 indexed proposalId, address indexed member, uint64 approvals, uint64 total);
    /// @notice A proposal took effect.
    event ProposalPassed(uint256 indexed proposalId, address indexed subject, Kind kind);
    /// @notice The status, roles or weight of a member changed (also emitted on admission).
    event MemberChanged(address indexed account, Status status, uint8 roles, uint32 weight);
    /// @notice A profile was set, by admission or by the member.
    event ProfileChanged(address indexed account, string name, string contact, bytes32 x25519);

    /// @notice The subject is a member already.
    error AlreadyMember(address account);
    /// @notice The subject was never admitted.
    error UnknownMember(address account);
    /// @notice The member's status does not allow this proposal.
    error WrongStatus(address account, Status status);
    /// @notice Not a valid role mask.
    error InvalidRoles(uint8 roles);
    /// @notice Weight must lie between 1 and `limit` (and be 0 for observers).
    error InvalidWeight(uint32 weight, uint32 limit);
    /// @notice The zero address and the league's module addresses cannot be members.
    error InvalidSubject(address account);
    /// @notice The caller has an open proposal about the subject; one at a time.
    error ProposalPending(address subject, uint256 proposalId);
    /// @notice No proposal has this id.
    error UnknownProposal(uint256 proposalId);
    /// @notice The proposal is not open any more.
    error ProposalClosed(uint256 proposalId);
    /// @notice The change would leave the league without any voting weight.
    error NoWeightLeft();
    /// @notice The league has as many members as it can have.
    error LeagueFull(uint256 limit);

    /// @notice Propose to admit `subject`. Callable by active members with weight. The profile is part of the proposal,
    /// and becomes the member's with admission.
    /// @param weight voting weight; 0 for observers, usually 1 for others.
    function nominate(
        address subject,
        string calldata name,
        string calldata contact,
        bytes32 x25519,
        uint8 roles,
        uint32 weight
    ) external returns (uint256 proposalId);

    /// @notice Propose to suspend an active member.
    function proposeSuspension(address subject, string calldata reason) external returns (uint256 proposalId);

    /// @notice Propose to reinstate a suspended member.
    function proposeReinstatement(address subject, string calldata reason) external returns (uint256 proposalId);

    /// @notice Propose other roles and weight for an admitted member.
    function proposeRoles(address subject, uint8 roles, uint32 weight) external returns (uint256 proposalId);

    /// @notice Approve an open proposal, once per member. Who has approved may call again when weights have changed so
    /// that the approvals suffice by now; otherwise that reverts with AlreadyVoted.
    /// @return passed whether the proposal took effect in this call.
    function approve(uint256 proposalId) external returns (bool passed);

    /// @notice Change the caller's own name, contact and X25519 key.
    function updateProfile(string calldata name, string calldata contact, bytes32 x25519) external;

    /// @notice Change the caller's own X25519 key alone.
    function updateKey(bytes32 x25519) external;

    /// @notice The member at an address; status None, and all else but the account empty, when it was never admitted.
    function member(address account) external view returns (Member memory);

    /// @notice Whether the address is an active member.
    function isActive(address account) external view returns (bool);

    /// @notice The weight the address votes with now: 0 unless active, and 0 for observers.
    function weightOf(address account) external view returns (uint32);

    /// @notice The role mask of an active member, else 0.
    function rolesOf(address account) external view returns (uint8);

    /// @notice Sum of the weights of all active members.
    function totalActiveWeight() external view returns (uint64);

    /// @notice How many members were ever admitted.
    function memberCount() external view returns (uint256);

    /// @notice Members in order of admission, from `offset`, at most `limit` (64 at most).
    function members(uint256 offset, uint256 limit) external view returns (Member[] memory page, uint256 total);

    /// @notice A proposal by id (ids start at 1). Reverts with UnknownProposal when there is none.
    function proposal(uint256 proposalId) external view returns (Proposal memory);

    /// @notice How many proposals were ever opened; the newest has this id.
    function proposalCount() external view returns (uint256);

    /// @notice The open proposal that a member made about a subject, or 0.
    function openProposal(address subject, address proposer) external view returns (uint256 proposalId);

    /// @notice Whether a member has approved a proposal.
    function hasApproved(uint256 proposalId, address account) external view returns (bool);
}
