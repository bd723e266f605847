// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {CrosschainLinked} from "@openzeppelin/contracts/crosschain/CrosschainLinked.sol";
import {ERC7786Recipient} from "@openzeppelin/contracts/crosschain/ERC7786Recipient.sol";
import {IERC7786GatewaySource, IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {HansaGateway} from "../src/crosschain/HansaGateway.sol";
import {CrossToken} from "../src/demo/CrossToken.sol";
import {IMessages} from "../src/interfaces/IMessages.sol";
import {IModule} from "../src/interfaces/IModule.sol";

/// @notice What of forge's cheat codes is used here.
interface Vm {
    function etch(address target, bytes calldata code) external;
    function chainId(uint256 id) external;
    function prank(address sender) external;
    function expectEmit(address emitter) external;
}

/// @notice What the gateway relies on of the module, as between zones: ids, limits, one chain, one receiver, once.
contract Module {
    IMessages.Message private last;
    mapping(uint64 chainId => uint64) private nonces;
    mapping(bytes32 id => bool) private waits;

    function send(uint64 destination, address to, uint256 fee, bytes calldata data)
        external
        payable
        returns (bytes32 id)
    {
        return accept(destination, to, fee, 0, 0, data);
    }

    function sendWithCall(
        uint64 destination,
        address to,
        uint256 fee,
        uint64 gas,
        uint256 reward,
        bytes calldata data
    ) external payable returns (bytes32 id) {
        if (gas == 0 || gas > 10_000_000) revert IMessages.InvalidCallGas(gas, 10_000_000);
        if (data.length == 0) revert IMessages.NothingToCall();
        return accept(destination, to, fee, gas, reward, data);
    }

    function accept(uint64 destination, address to, uint256 fee, uint64 gas, uint256 reward, bytes calldata data)
        private
        returns (bytes32 id)
    {
        if (data.length > 32_768) revert IModule.TooLong("data", data.length, 32_768);
        if (to == address(0)) revert IMessages.InvalidReceiver(to);
        uint256 limit = msg.value < 1 ether ? msg.value : 1 ether;
        if (fee > limit) revert IMessages.FeeTooHigh(fee, limit);
        uint256 left = msg.value - fee;
        if (reward > left) revert IMessages.RewardTooHigh(reward, left);
        if (left == 0 && data.length == 0) revert IMessages.NothingSent();
        uint64 source = uint64(block.chainid);
        if (destination == source) revert IMessages.UnknownChain(destination);
        last = IMessages.Message(
            source, destination, nonces[source]++, msg.sender, to, left - reward, fee, gas, reward, data
        );
        id = keccak256(abi.encode(last));
        waits[id] = true;
        emit IMessages.Sent(id, destination, msg.sender, last);
    }

    function take(IMessages.Message calldata message) external {
        if (msg.sender != message.to) revert IMessages.NotReceiver(message.to);
        bytes32 id = keccak256(abi.encode(message));
        if (!waits[id] || block.chainid != message.destination) revert IMessages.NotWaiting(id);
        waits[id] = false;
        emit IMessages.Taken(id, message.source, message.to, message.value);
    }

    function sent() external view returns (IMessages.Message memory) {
        return last;
    }
}

/// @notice Notes what it receives; on request it reverts, answers something else, or first calls its caller back.
contract Recipient is IERC7786Recipient {
    bytes32 public id;
    bytes public sender;
    bytes public payload;
    bool public refuses;
    bytes4 public answer = IERC7786Recipient.receiveMessage.selector;
    bytes public callback;
    bytes4 public calledBack;

    function refuse(bool now_) external {
        refuses = now_;
    }

    function answerWith(bytes4 answer_) external {
        answer = answer_;
    }

    function callBack(bytes calldata callback_) external {
        callback = callback_;
    }

    function receiveMessage(bytes32 id_, bytes calldata sender_, bytes calldata payload_)
        external
        payable
        returns (bytes4)
    {
        require(!refuses, "not now");
        if (callback.length > 0) {
            (bool done, bytes memory why) = msg.sender.call(callback);
            require(!done, "called back");
            calledBack = bytes4(why);
        }
        (id, sender, payload) = (id_, sender_, payload_);
        return answer;
    }
}

/// @notice One contract acts on two chains by turns: what counts is the chain id that it sees.
contract CrosschainTest {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 private constant HERE = 11;
    uint256 private constant THERE = 0x1234;
    uint256 private constant ELSEWHERE = 33;

    HansaGateway private gateway = new HansaGateway();
    Recipient private recipient = new Recipient();
    Module private module;

    constructor() payable {
        module = Module(address(gateway.MESSAGES()));
        VM.etch(address(module), type(Module).runtimeCode);
    }

    function setUp() external {
        VM.chainId(HERE);
    }

    function here(address who) private pure returns (bytes memory) {
        return InteroperableAddress.formatEvmV1(HERE, who);
    }

    function there(address who) private pure returns (bytes memory) {
        return InteroperableAddress.formatEvmV1(THERE, who);
    }

    function same(bytes memory left, bytes memory right) private pure returns (bool) {
        return keccak256(left) == keccak256(right);
    }

    /// @notice From here to an account there. What follows happens there.
    function hello(address to) private returns (IMessages.Message memory message) {
        require(gateway.sendMessage(there(to), "hello", new bytes[](0)) == 0, "nothing more is to be done");
        message = module.sent();
        VM.chainId(THERE);
    }

    /// @notice By what claims to be the gateway elsewhere.
    function forged(address to, bytes memory data) private returns (IMessages.Message memory message) {
        VM.chainId(ELSEWHERE);
        VM.prank(address(gateway));
        module.send(uint64(THERE), to, 0, data);
        message = module.sent();
        VM.chainId(THERE);
    }

    /// @notice What a call reverts with: the first four bytes of it.
    function why(address to, uint256 value, bytes memory call) private returns (bytes4) {
        (bool done, bytes memory reason) = to.call{value: value}(call);
        require(!done, "it should revert");
        return bytes4(reason);
    }

    function delivering(IMessages.Message memory message) private pure returns (bytes memory) {
        return abi.encodeCall(HansaGateway.deliver, (message));
    }

    function undelivered(IMessages.Message memory message) private returns (bytes4) {
        return why(address(gateway), 0, delivering(message));
    }

    function refused(bytes memory to, bytes[] memory attributes, uint256 value) private returns (bytes4) {
        return why(address(gateway), value, abi.encodeCall(gateway.sendMessage, (to, "x", attributes)));
    }

    function test_a_message_reaches_its_recipient_once() external {
        VM.expectEmit(address(gateway));
        emit IERC7786GatewaySource.MessageSent(
            0, here(address(this)), there(address(recipient)), "hello", 0, new bytes[](0)
        );
        IMessages.Message memory message = hello(address(recipient));
        require(message.sender == address(gateway) && message.to == address(gateway), "to its counterpart");
        gateway.deliver(message);
        require(recipient.id() == keccak256(abi.encode(message)), "id");
        require(same(recipient.sender(), here(address(this))) && same(recipient.payload(), "hello"), "content");
        require(undelivered(message) == IMessages.NotWaiting.selector, "twice");
        // The same once more is another message.
        VM.chainId(HERE);
        message = hello(address(recipient));
        gateway.deliver(message);
        require(recipient.id() == keccak256(abi.encode(message)) && message.nonce == 1, "another id");
    }

    function test_a_recipient_cannot_have_its_message_delivered_within_itself() external {
        IMessages.Message memory message = hello(address(recipient));
        recipient.callBack(delivering(message));
        gateway.deliver(message);
        require(recipient.calledBack() == IMessages.NotWaiting.selector, "once");
    }

    function test_what_fails_can_be_tried_again() external {
        IMessages.Message memory message = hello(address(recipient));
        recipient.refuse(true);
        require(undelivered(message) == bytes4(keccak256("Error(string)")), "its own error");
        recipient.refuse(false);
        recipient.answerWith(0xffffffff);
        require(undelivered(message) == HansaGateway.InvalidAnswer.selector, "answer");
        recipient.answerWith(IERC7786Recipient.receiveMessage.selector);
        (bool done,) = address(gateway).call{gas: 60_000}(delivering(message));
        require(!done, "too little gas");
        VM.chainId(ELSEWHERE);
        require(undelivered(message) == IMessages.NotWaiting.selector, "it waits there");
        VM.chainId(THERE);
        gateway.deliver(message);
        require(same(recipient.payload(), "hello"), "payload");
        // Nobody is at home.
        VM.chainId(HERE);
        undelivered(hello(address(0xbeef)));
    }

    function test_only_the_gateways_own_messages_are_delivered() external {
        IMessages.Message memory message = hello(address(recipient));
        bytes memory taking = abi.encodeCall(Module.take, (message));
        require(why(address(module), 0, taking) == IMessages.NotReceiver.selector, "a stranger takes");
        message.data = abi.encode(address(1), address(recipient), bytes("changed"));
        require(undelivered(message) == IMessages.NotWaiting.selector, "changed");
        VM.chainId(HERE);
        module.send(uint64(THERE), address(gateway), 0, abi.encode(address(1), address(recipient), bytes("forged")));
        message = module.sent();
        VM.chainId(THERE);
        require(undelivered(message) == HansaGateway.ForeignMessage.selector, "a stranger's message");
        message = forged(address(this), abi.encode(address(1), address(recipient), bytes("astray")));
        require(undelivered(message) == IMessages.NotReceiver.selector, "for somebody else");
    }

    /// @notice A committee that lies can forge what its zone says. It must not speak for another chain.
    function test_a_chain_speaks_for_its_own_accounts_only() external {
        gateway.deliver(forged(address(gateway), abi.encode(address(this), address(recipient), bytes("forged"))));
        require(same(recipient.sender(), InteroperableAddress.formatEvmV1(ELSEWHERE, address(this))), "its own");
    }

    function test_what_cannot_be_kept_is_refused() external {
        bytes[] memory none = new bytes[](0);
        bytes[] memory one = new bytes[](1);
        one[0] = abi.encodeWithSelector(bytes4(keccak256("gasLimit(uint256)")), 5);
        require(refused(there(address(1)), one, 0) == IERC7786GatewaySource.UnsupportedAttribute.selector, "attribute");
        one[0] = abi.encodePacked(gateway.DELIVERY_FEE(), uint8(7));
        require(refused(there(address(1)), one, 0) == IERC7786GatewaySource.UnsupportedAttribute.selector, "malformed");
        require(refused(there(address(1)), none, 1) == HansaGateway.UnsupportedNativeTransfer.selector, "value");
        require(refused(here(address(1)), none, 0) == IMessages.UnknownChain.selector, "here");
        bytes[] memory nobody = new bytes[](6);
        nobody[0] = "nonsense";
        nobody[1] = there(address(0));
        nobody[2] = InteroperableAddress.formatEvmV1(THERE);
        nobody[3] = InteroperableAddress.formatEvmV1(address(1));
        nobody[4] = InteroperableAddress.formatEvmV1(uint256(1) << 64, address(1));
        nobody[5] = InteroperableAddress.formatV1(0x0002, hex"1234", abi.encodePacked(address(1)));
        for (uint256 i = 0; i < nobody.length; i++) {
            require(refused(nobody[i], none, 0) == HansaGateway.InvalidRecipient.selector, "recipient");
        }
    }

    function test_the_fee_is_the_modules() external {
        bytes[] memory one = new bytes[](1);
        one[0] = abi.encodeWithSelector(gateway.DELIVERY_FEE(), 7);
        require(refused(there(address(1)), one, 6) == HansaGateway.UnsupportedNativeTransfer.selector, "less");
        require(refused(there(address(1)), one, 8) == HansaGateway.UnsupportedNativeTransfer.selector, "more");
        gateway.sendMessage{value: 7}(there(address(1)), "x", one);
        require(module.sent().fee == 7 && module.sent().value == 0 && address(gateway).balance == 0, "fee");
        require(gateway.supportsAttribute(gateway.DELIVERY_FEE()) && !gateway.supportsAttribute(0x0), "attributes");
        require(module.sent().gas == gateway.DEFAULT_GAS() && module.sent().reward == 0, "called nevertheless");
    }

    function test_a_sender_says_what_the_call_may_use_and_what_it_is_worth() external {
        bytes[] memory both = new bytes[](2);
        both[0] = abi.encodeWithSelector(gateway.EXECUTION(), uint64(250_000), 30);
        both[1] = abi.encodeWithSelector(gateway.DELIVERY_FEE(), 7);
        require(refused(there(address(1)), both, 36) == HansaGateway.UnsupportedNativeTransfer.selector, "less");
        gateway.sendMessage{value: 37}(there(address(1)), "x", both);
        IMessages.Message memory message = module.sent();
        require(message.fee == 7 && message.gas == 250_000 && message.reward == 30 && message.value == 0, "terms");
        require(gateway.supportsAttribute(gateway.EXECUTION()) && address(gateway).balance == 0, "attributes");
        both[0] = abi.encodeWithSelector(gateway.EXECUTION(), uint64(10_000_001), 30);
        require(refused(there(address(1)), both, 37) == IMessages.InvalidCallGas.selector, "too much");
        both[0] = abi.encodePacked(gateway.EXECUTION(), uint8(7));
        require(refused(there(address(1)), both, 7) == IERC7786GatewaySource.UnsupportedAttribute.selector, "malformed");
    }

    function test_a_payload_has_32640_bytes_at_most() external {
        bytes memory to = there(address(recipient));
        gateway.sendMessage(to, new bytes(32_640), new bytes[](0));
        bytes memory longer = abi.encodeCall(gateway.sendMessage, (to, new bytes(32_641), new bytes[](0)));
        require(why(address(gateway), 0, longer) == IModule.TooLong.selector, "too long");
    }

    function linked() private returns (CrossToken home, CrossToken away) {
        (home, away) = (new CrossToken(1_000), new CrossToken(0));
        home.link(address(gateway), there(address(away)));
        away.link(address(gateway), here(address(home)));
    }

    function test_a_token_moves_there_and_back() external {
        (CrossToken home, CrossToken away) = linked();
        home.crosschainTransfer(there(address(5)), 400);
        require(home.totalSupply() == 600 && away.totalSupply() == 0, "under way");
        IMessages.Message memory message = module.sent();
        VM.chainId(THERE);
        gateway.deliver(message);
        require(away.balanceOf(address(5)) == 400 && away.totalSupply() == 400, "there");
        VM.prank(address(5));
        away.crosschainTransfer(here(address(6)), 150);
        message = module.sent();
        VM.chainId(HERE);
        gateway.deliver(message);
        require(home.balanceOf(address(6)) == 150 && home.totalSupply() + away.totalSupply() == 1_000, "back");
    }

    function test_a_token_listens_to_its_counterpart_alone() external {
        (CrossToken home, CrossToken away) = linked();
        bytes4 unauthorized = ERC7786Recipient.ERC7786RecipientUnauthorizedGateway.selector;
        bytes memory payload = abi.encode(here(address(this)), abi.encodePacked(address(this)), 400);
        // A stranger, through the gateway.
        gateway.sendMessage(there(address(away)), payload, new bytes[](0));
        IMessages.Message memory message = module.sent();
        VM.chainId(THERE);
        require(undelivered(message) == unauthorized, "stranger");
        // The counterpart's address on another chain.
        message = forged(address(gateway), abi.encode(address(home), address(away), payload));
        require(undelivered(message) == unauthorized, "another chain");
        // Without the gateway.
        bytes memory direct = abi.encodeCall(away.receiveMessage, (bytes32(0), here(address(home)), payload));
        require(why(address(away), 0, direct) == unauthorized, "no gateway");
        require(away.totalSupply() == 0, "supply");
        // The owner links, once for each chain.
        bytes memory link = abi.encodeCall(CrossToken.link, (address(gateway), here(address(1))));
        require(why(address(away), 0, link) == CrosschainLinked.LinkAlreadyRegistered.selector, "again");
        VM.prank(address(5));
        require(why(address(away), 0, link) == Ownable.OwnableUnauthorizedAccount.selector, "not the owner");
    }
}
