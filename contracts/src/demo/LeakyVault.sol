// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title A vault with a hole, for simulated incidents
/// @notice Anybody deposits; `withdraw` forgets to look at whose deposit it pays out. Development leagues only: the dashboard deploys
/// one, drains it, and shows how the league stops that.
contract LeakyVault {
    mapping(address account => uint256 amount) public deposits;

    event Deposited(address indexed account, uint256 amount);
    event Withdrawn(address indexed to, uint256 amount);

    error Empty(uint256 balance);

    function deposit() external payable {
        deposits[msg.sender] += msg.value;
        emit Deposited(msg.sender, msg.value);
    }

    /// @notice The hole: `deposits[msg.sender]` is not checked.
    function withdraw(uint256 amount) external {
        if (amount > address(this).balance) revert Empty(address(this).balance);
        emit Withdrawn(msg.sender, amount);
        (bool paid,) = msg.sender.call{value: amount}("");
        require(paid);
    }
}
