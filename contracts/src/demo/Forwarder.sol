// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Reaches an address in every way a contract can
/// @notice For trying the guard: what a blocked address must not be reached by, and what it may.
contract Forwarder {
    /// @notice A child was created and destroyed.
    event Destroyed(address indexed child, address indexed beneficiary, uint256 value);

    receive() external payable {}

    /// @notice Send the ether that came along on to `to`; what reverts there reverts here with the same data.
    function forward(address payable to) external payable {
        _check(to, "", msg.value);
    }

    /// @notice Call `to` with `data` and the ether that came along.
    function forwardCall(address to, bytes calldata data) external payable returns (bytes memory) {
        return _check(to, data, msg.value);
    }

    /// @notice Call `to` and report instead of reverting.
    function tryForward(address to, bytes calldata data) external payable returns (bool ok, bytes memory result) {
        return to.call{value: msg.value}(data);
    }

    /// @notice Read from `to` in a static call.
    function forwardStatic(address to, bytes calldata data) external view returns (bytes memory) {
        (bool ok, bytes memory result) = to.staticcall(data);
        if (!ok) _bubble(result);
        return result;
    }

    /// @notice Run the code of `to` on this contract's state.
    function forwardDelegate(address to, bytes calldata data) external payable returns (bytes memory) {
        (bool ok, bytes memory result) = to.delegatecall(data);
        if (!ok) _bubble(result);
        return result;
    }

    /// @notice Create a contract with the ether that came along, and destroy it in favour of `beneficiary`.
    function destroyTo(address payable beneficiary) external payable returns (address child) {
        Destructible created = new Destructible{value: msg.value}();
        child = address(created);
        created.destroy(beneficiary);
        emit Destroyed(child, beneficiary, msg.value);
    }

    function _check(address to, bytes memory data, uint256 value) private returns (bytes memory) {
        (bool ok, bytes memory result) = to.call{value: value}(data);
        if (!ok) _bubble(result);
        return result;
    }

    function _bubble(bytes memory result) private pure {
        assembly ("memory-safe") {
            revert(add(result, 32), mload(result))
        }
    }
}

/// @title Holds ether until it is destroyed
contract Destructible {
    constructor() payable {}

    /// @notice Give everything to `beneficiary` by SELFDESTRUCT.
    function destroy(address payable beneficiary) external {
        selfdestruct(beneficiary);
    }
}
