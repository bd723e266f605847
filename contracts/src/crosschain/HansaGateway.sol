// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

import {IERC7786GatewaySource, IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {IMessageReceiver} from "../interfaces/IMessageReceiver.sol";
import {IMessages} from "../interfaces/IMessages.sol";

/// @title ERC-7786 gateway between the chains of a league
/// @notice Contracts that send and receive by ERC-7786 work on it as they are. It has no owner, and is the same at the same address on
/// every chain: each believes that address on another chain who sends there, and nothing about any third chain. Deploy it by CREATE2, so
/// that nothing else can be at its address; with an account's nonce, whoever has the account's key speaks for chains to come.
/// @dev The module proves and carries messages; this contract calls their recipients. Nodes have it do so by themselves, with the gas that the message
/// asks for, where its reward pays for that, or as a gift where it uses little; anybody else can. A message waits until somebody delivers it, so one
/// whose recipient reverts, or that was delivered with too little gas, can be delivered again. (A recipient that catches errors has to see
/// to its gas itself.) It carries no ether but fee and reward: for all other the module itself is there. A message with a reward can be sent back after a
/// week: it is lost then, and so is the reward, which stays with this contract. Without one, nothing ends its wait, and nothing can be stranded here.
/// What a zone sends to a chain that the league does not have is lost, and its sender is not told.
contract HansaGateway is IERC7786GatewaySource, IMessageReceiver {
    using InteroperableAddress for bytes;

    /// @notice What is paid for a message, in wei, and what its call may use.
    struct Terms {
        uint256 fee;
        uint64 gas;
        uint256 reward;
    }

    /// @notice The native module that carries messages.
    IMessages public constant MESSAGES = IMessages(0x48414E5341000000000000000000000000000006);

    /// @notice `deliveryFee(uint256)`, in wei: for whoever delivers the message on the hub. Messages from the hub need none.
    bytes4 public constant DELIVERY_FEE = bytes4(keccak256("deliveryFee(uint256)"));

    /// @notice `execution(uint64,uint256)`: gas of the call on the recipient's chain, 10,000,000 at most, and wei for whoever makes it.
    bytes4 public constant EXECUTION = bytes4(keccak256("execution(uint64,uint256)"));

    /// @notice Gas of the call where nothing else is said.
    uint64 public constant DEFAULT_GAS = 1_000_000;

    /// @notice A recipient was called. `receiveId` is the module's id of the message.
    event MessageDelivered(bytes32 indexed receiveId, address indexed recipient);

    /// @notice Ether can be sent for the fee and the reward only, and all of it is.
    error UnsupportedNativeTransfer();
    /// @notice The recipient is not an account of an EVM chain (ERC-7930).
    error InvalidRecipient(bytes recipient);
    /// @notice The message is none of this gateway's on another chain.
    error ForeignMessage(address sender);
    /// @notice The recipient does not answer as ERC-7786 asks.
    error InvalidAnswer(address recipient);

    /// @inheritdoc IERC7786GatewaySource
    function supportsAttribute(bytes4 selector) external pure returns (bool) {
        return selector == DELIVERY_FEE || selector == EXECUTION;
    }

    /// @inheritdoc IERC7786GatewaySource
    /// @dev The payload can have 32,640 bytes: the module's limit less what goes with it. Reverts with the module's errors too.
    function sendMessage(bytes calldata recipient, bytes calldata payload, bytes[] calldata attributes)
        external
        payable
        returns (bytes32)
    {
        Terms memory terms = termsOf(attributes);
        if (msg.value != terms.fee + terms.reward) revert UnsupportedNativeTransfer();
        send(recipient, payload, terms);
        bytes memory sender = InteroperableAddress.formatEvmV1(block.chainid, msg.sender);
        emit MessageSent(bytes32(0), sender, recipient, payload, 0, attributes);
        return bytes32(0);
    }

    /// @inheritdoc IMessageReceiver
    /// @dev Calls the recipient of a message that waits for this gateway; the message is in the `Sent` event of the
    /// chain that it comes from. Reverts with the module's errors, and with what the recipient reverts with.
    function deliver(IMessages.Message calldata message) external {
        if (message.sender != address(this)) revert ForeignMessage(message.sender);
        // From here on it does not wait any more, unless all of this reverts.
        MESSAGES.take(message);
        bytes32 id = keccak256(abi.encode(message));
        (address from, address to, bytes memory payload) = abi.decode(message.data, (address, address, bytes));
        // The chain is what the module proved, not what the message says: a zone that lies can speak for its own accounts only.
        bytes memory sender = InteroperableAddress.formatEvmV1(message.source, from);
        bytes4 answer = IERC7786Recipient(to).receiveMessage(id, sender, payload);
        if (answer != IERC7786Recipient.receiveMessage.selector) revert InvalidAnswer(to);
        emit MessageDelivered(id, to);
    }

    /// @dev To this gateway on the recipient's chain.
    function send(bytes calldata recipient, bytes calldata payload, Terms memory terms) private {
        (bool parsed, uint256 chainId, address to) = recipient.tryParseEvmV1Calldata();
        bool exists = chainId != 0 && chainId <= type(uint64).max && to != address(0);
        if (!parsed || !exists) revert InvalidRecipient(recipient);
        bytes memory data = abi.encode(msg.sender, to, payload);
        MESSAGES.sendWithCall{value: msg.value}(
            uint64(chainId), address(this), terms.fee, terms.gas, terms.reward, data
        );
    }

    function termsOf(bytes[] calldata attributes) private pure returns (Terms memory terms) {
        terms.gas = DEFAULT_GAS;
        for (uint256 i = 0; i < attributes.length; i++) {
            bytes calldata attribute = attributes[i];
            bytes4 selector = bytes4(attribute);
            if (selector == DELIVERY_FEE && attribute.length == 36) {
                terms.fee = abi.decode(attribute[4:], (uint256));
            } else if (selector == EXECUTION && attribute.length == 68) {
                (terms.gas, terms.reward) = abi.decode(attribute[4:], (uint64, uint256));
            } else {
                revert UnsupportedAttribute(selector);
            }
        }
    }
}
