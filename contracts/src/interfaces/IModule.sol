// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title What every native module of Hansa has in common
/// @notice Errors that any selector of any module may revert with. Units everywhere: times are seconds unless the
/// name ends in Ms; lengths are bytes; weights are plain counts.
interface IModule {
    /// @notice The module has no function with this selector (fewer than four bytes of input count as zero-padded).
    error UnknownSelector(bytes4 selector);
    /// @notice The arguments are not the canonical ABI encoding of the function's parameters.
    error MalformedCalldata();
    /// @notice A function that changes state was called in a static context.
    error StaticCallForbidden();
    /// @notice Ether was sent to a function that takes none.
    error NotPayable(uint256 value);
    /// @notice A text or byte string is longer than the limit named by `field`.
    error TooLong(string field, uint256 length, uint256 limit);
    /// @notice A list is longer than the limit named by `field`.
    error TooMany(string field, uint256 count, uint256 limit);
    /// @notice A required text, list or key is empty.
    error Empty(string field);
    /// @notice Two lists that belong together differ in length.
    error LengthMismatch(uint256 left, uint256 right);
    /// @notice The caller is not an active member of the league.
    error NotActiveMember(address account);
    /// @notice The caller is an active member, but holds neither the member nor the sentinel role.
    error NotVotingMember(address account);
    /// @notice The caller has already voted on this subject, and the votes cast do not suffice.
    error AlreadyVoted(address account);
    /// @notice The chain refused to move ether out of the module.
    error TransferRefused(address to, uint256 amount);
    /// DELEGATECALL and CALLCODE run code on their caller's storage; a module acts only on its own.
    error DelegateCallForbidden();
}
