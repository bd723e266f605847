// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

import {IERC7786GatewaySource, IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {HansaGateway} from "../src/crosschain/HansaGateway.sol";
import {CrossToken} from "../src/demo/CrossToken.sol";
import {IMessages} from "../src/interfaces/IMessages.sol";

/// @notice What of forge's cheat codes is used here.
interface Vm {
    function etch(address target, bytes calldata code) external;
    function chainId(uint256 id) external;
    function prank(address sender) external;
}

/// @notice What the gateway relies on of the module: ids, one receiver, once.
contract Module {
    IMessages.Message private last;
    uint64 private nonce;
    mapping(bytes32 id => bool) private waits;

    function send(uint64 destination, address to, uint256 fee, bytes calldata data)
        external
        payable
        returns (bytes32 id)
    {
        uint64 source = uint64(block.chainid);
        last = IMessages.Message(source, destination, nonce++, msg.sender, to, msg.value - fee, fee, data);
        id = keccak256(abi.encode(last));
        waits[id] = true;
    }

    function take(IMessages.Message calldata message) external {
        if (msg.sender != message.to) revert IMessages.NotReceiver(message.to);
        bytes32 id = keccak256(abi.encode(message));
        if (!waits[id] || block.chainid != message.destination) revert IMessages.NotWaiting(id);
        waits[id] = false;
    }

    function sent() external view returns (IMessages.Message memory) {
        return last;
    }
}

contract Recipient is IERC7786Recipient {
    bytes public sender;
    bytes public payload;
    bool public refuses;

    function refuse(bool now_) external {
        refuses = now_;
    }

    function receiveMessage(bytes32, bytes calldata sender_, bytes calldata payload_)
        external
        payable
        returns (bytes4)
    {
        require(!refuses, "not now");
        (sender, payload) = (sender_, payload_);
        return IERC7786Recipient.receiveMessage.selector;
    }
}

/// @notice One contract acts on two chains by turns: what counts is the chain id that it sees.
contract CrosschainTest {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 private constant HERE = 11;
    uint256 private constant THERE = 22;

    HansaGateway private gateway = new HansaGateway();
    Module private module;

    constructor() payable {
        module = Module(address(gateway.MESSAGES()));
        VM.etch(address(module), type(Module).runtimeCode);
    }

    function setUp() external {
        VM.chainId(HERE);
    }

    function there(address who) private pure returns (bytes memory) {
        return InteroperableAddress.formatEvmV1(THERE, who);
    }

    function test_a_message_reaches_its_recipient_once() external {
        Recipient recipient = new Recipient();
        bytes32 sendId = gateway.sendMessage(there(address(recipient)), "hello", new bytes[](0));
        require(sendId == bytes32(0), "nothing more is to be done");
        IMessages.Message memory message = module.sent();
        VM.chainId(THERE);
        gateway.deliver(message);
        require(keccak256(recipient.payload()) == keccak256("hello"), "payload");
        bytes memory from = InteroperableAddress.formatEvmV1(HERE, address(this));
        require(keccak256(recipient.sender()) == keccak256(from), "sender");
        (bool again,) = address(gateway).call(abi.encodeCall(HansaGateway.deliver, (message)));
        require(!again, "twice");
    }

    function test_a_recipient_that_reverts_can_be_tried_again() external {
        Recipient recipient = new Recipient();
        recipient.refuse(true);
        gateway.sendMessage(there(address(recipient)), "hello", new bytes[](0));
        IMessages.Message memory message = module.sent();
        VM.chainId(THERE);
        (bool done,) = address(gateway).call(abi.encodeCall(HansaGateway.deliver, (message)));
        require(!done, "it refuses");
        recipient.refuse(false);
        gateway.deliver(message);
        require(recipient.payload().length == 5, "payload");
    }

    function test_only_the_gateways_own_messages_are_delivered() external {
        bytes memory data = abi.encode(there(address(1)), address(this), bytes("forged"));
        module.send(uint64(THERE), address(gateway), 0, data);
        IMessages.Message memory message = module.sent();
        VM.chainId(THERE);
        (bool done, bytes memory why) = address(gateway).call(abi.encodeCall(HansaGateway.deliver, (message)));
        require(!done && bytes4(why) == HansaGateway.ForeignMessage.selector, "a stranger's message");
    }

    function refused(bytes memory recipient, bytes[] memory attributes, uint256 value) private returns (bytes4) {
        bytes memory call = abi.encodeCall(IERC7786GatewaySource.sendMessage, (recipient, "x", attributes));
        (bool done, bytes memory why) = address(gateway).call{value: value}(call);
        require(!done, "it should be refused");
        return bytes4(why);
    }

    function test_what_cannot_be_kept_is_refused() external {
        bytes[] memory none = new bytes[](0);
        bytes[] memory one = new bytes[](1);
        one[0] = abi.encodeWithSelector(bytes4(keccak256("gasLimit(uint256)")), 5);
        require(refused(there(address(1)), one, 0) == IERC7786GatewaySource.UnsupportedAttribute.selector, "attribute");
        require(refused(there(address(1)), none, 1) == HansaGateway.UnsupportedNativeTransfer.selector, "value");
        require(refused("nonsense", none, 0) == HansaGateway.InvalidRecipient.selector, "recipient");
        require(refused(there(address(0)), none, 0) == HansaGateway.InvalidRecipient.selector, "nobody");
        one[0] = abi.encodeWithSelector(gateway.DELIVERY_FEE(), 7);
        require(refused(there(address(1)), one, 6) == HansaGateway.UnsupportedNativeTransfer.selector, "fee");
        gateway.sendMessage{value: 7}(there(address(1)), "x", one);
        require(module.sent().fee == 7 && module.sent().value == 0, "the fee is the module's");
        require(gateway.supportsAttribute(gateway.DELIVERY_FEE()) && !gateway.supportsAttribute(0x0), "attributes");
    }

    function test_a_token_moves_there_and_back() external {
        CrossToken home = new CrossToken(1_000);
        CrossToken away = new CrossToken(0);
        home.link(address(gateway), there(address(away)));
        away.link(address(gateway), InteroperableAddress.formatEvmV1(HERE, address(home)));
        home.crosschainTransfer(there(address(5)), 400);
        IMessages.Message memory message = module.sent();
        VM.chainId(THERE);
        gateway.deliver(message);
        require(home.totalSupply() == 600 && away.balanceOf(address(5)) == 400, "there");
        VM.prank(address(5));
        away.crosschainTransfer(InteroperableAddress.formatEvmV1(HERE, address(6)), 150);
        message = module.sent();
        VM.chainId(HERE);
        gateway.deliver(message);
        require(home.balanceOf(address(6)) == 150 && home.totalSupply() + away.totalSupply() == 1_000, "back");
    }
}
