// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

import {IERC7786GatewaySource, IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {IMessages} from "../interfaces/IMessages.sol";

/// @title ERC-7786 gateway between the chains of a league
/// @notice Contracts that send and receive by ERC-7786 work on it as they are. It has no owner, and trusts its own address on other chains:
/// deploy it at the same one everywhere, as with the same nonce of the same account.
/// @dev The module proves and carries messages; this contract calls their recipients. A message waits until somebody delivers it, so one
/// whose recipient reverts, or that was delivered with too little gas, can be delivered again. It carries no ether: that is what the
/// module itself is for, and nothing can be stranded here.
contract HansaGateway is IERC7786GatewaySource {
    using InteroperableAddress for bytes;

    /// @notice The native module that carries messages.
    IMessages public constant MESSAGES = IMessages(0x48414E5341000000000000000000000000000006);

    /// @notice A recipient was called. `receiveId` is the module's id of the message.
    event MessageDelivered(bytes32 indexed receiveId, address indexed recipient);

    /// @notice Ether can be sent for the fee only, and all of it is the fee.
    error UnsupportedNativeTransfer();
    /// @notice The recipient is not an account of an EVM chain (ERC-7930).
    error InvalidRecipient(bytes recipient);
    /// @notice The message is none of this gateway's on another chain.
    error ForeignMessage(address sender);
    /// @notice The recipient does not answer as ERC-7786 asks.
    error InvalidAnswer(address recipient);

    /// @notice `deliveryFee(uint256)`, in wei: for whoever delivers the message on the hub. Messages from the hub need none.
    bytes4 public constant DELIVERY_FEE = bytes4(keccak256("deliveryFee(uint256)"));

    /// @inheritdoc IERC7786GatewaySource
    function supportsAttribute(bytes4 selector) external pure returns (bool) {
        return selector == DELIVERY_FEE;
    }

    /// @inheritdoc IERC7786GatewaySource
    function sendMessage(bytes calldata recipient, bytes calldata payload, bytes[] calldata attributes)
        external
        payable
        returns (bytes32)
    {
        if (msg.value != feeOf(attributes)) revert UnsupportedNativeTransfer();
        bytes memory sender = InteroperableAddress.formatEvmV1(block.chainid, msg.sender);
        send(recipient, abi.encode(sender, accountOf(recipient), payload));
        emit MessageSent(bytes32(0), sender, recipient, payload, 0, attributes);
        return bytes32(0);
    }

    /// @dev To this gateway on the recipient's chain.
    function send(bytes calldata recipient, bytes memory data) private {
        (uint256 chainId,) = recipient.parseEvmV1Calldata();
        MESSAGES.send{value: msg.value}(uint64(chainId), address(this), msg.value, data);
    }

    function accountOf(bytes calldata recipient) private pure returns (address) {
        (bool parsed, uint256 chainId, address to) = recipient.tryParseEvmV1Calldata();
        if (!parsed || chainId > type(uint64).max || to == address(0)) revert InvalidRecipient(recipient);
        return to;
    }

    function feeOf(bytes[] calldata attributes) private pure returns (uint256 fee) {
        for (uint256 i = 0; i < attributes.length; i++) {
            bytes4 selector = bytes4(attributes[i]);
            if (selector != DELIVERY_FEE || attributes[i].length != 36) revert UnsupportedAttribute(selector);
            fee = uint256(bytes32(attributes[i][4:]));
        }
    }

    /// @notice Call the recipient of a message that waits for this gateway. Callable by anybody; the message is in the `Sent` event of the
    /// chain that it comes from.
    function deliver(IMessages.Message calldata message) external {
        if (message.sender != address(this)) revert ForeignMessage(message.sender);
        // From here on it does not wait any more, unless all of this reverts.
        MESSAGES.take(message);
        bytes32 id = keccak256(abi.encode(message));
        (bytes memory sender, address to, bytes memory payload) = abi.decode(message.data, (bytes, address, bytes));
        bytes4 answer = IERC7786Recipient(to).receiveMessage(id, sender, payload);
        if (answer != IERC7786Recipient.receiveMessage.selector) revert InvalidAnswer(to);
        emit MessageDelivered(id, to);
    }
}
