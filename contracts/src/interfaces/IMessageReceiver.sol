// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IMessages} from "./IMessages.sol";

/// @title What a contract has that wants to be called for messages
/// @notice Nodes call it for messages that were sent with a call (IMessages.sendWithCall), and anybody can.
interface IMessageReceiver {
    /// @notice Take the message (IMessages.take) and act on it. Callable by anybody: everything about the message is proved by taking it. Where it reverts, the
    /// message goes on waiting, and can be delivered again.
    function deliver(IMessages.Message calldata message) external;
}
