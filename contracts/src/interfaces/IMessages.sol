// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IModule} from "./IModule.sol";

/// @title Messages (native module 6)
/// @notice Ether and messages between the chains of a league, on every chain. All of them pass the hub, which holds the ether of every zone.
/// @dev The hub takes a zone's messages by proof against the zone's checkpoint, in the order in which they were sent. A zone's blocks
/// take what the hub sends as they take its directives. Nothing here ever calls a contract: a message with data waits until its
/// receiver takes it. Whoever wants its receiver called for it offers a reward (`sendWithCall`), for which nodes do so by transactions of their own.
interface IMessages is IModule {
    /// @notice A message. Its id is keccak256(abi.encode(message)).
    /// @param source chain id of the chain that it was sent on.
    /// @param destination chain id of the chain that it goes to.
    /// @param nonce from a zone: how many messages the zone had sent before; from the hub: how many had been sent to that zone.
    /// @param sender who sent it.
    /// @param to who receives it.
    /// @param value wei that come with it.
    /// @param fee wei for whoever delivers it on the hub.
    /// @param gas with how much gas its receiver is to be called, see IMessageReceiver; 0: it takes the message by itself.
    /// @param reward wei for the account whose transaction makes the receiver take it; they travel with the value, and go back with it.
    /// @param data at most 32,768 bytes; without any, `to` has the value when the message arrives.
    struct Message {
        uint64 source;
        uint64 destination;
        uint64 nonce;
        address sender;
        address to;
        uint256 value;
        uint256 fee;
        uint64 gas;
        uint256 reward;
        bytes data;
    }

    /// @notice What became of a message that the hub took.
    /// Paid: its receiver has the value. Waiting: for its receiver. Forwarded: to another zone. Held: for the zone's outflow limit, or
    /// because whom it would pay is blocked (see IGuard).
    /// Returned: nobody can receive it, or its destination is closing, so its value goes back to its sender.
    enum Outcome {
        Paid,
        Waiting,
        Forwarded,
        Held,
        Returned
    }

    /// @notice What lies between the hub and a zone.
    /// @param locked wei that the hub holds for the zone: what is there and under way.
    /// @param held wei of that which messages wait for, see `release`.
    /// @param sent entries that the hub has for the zone, since it began.
    /// @param delivered messages of the zone that the hub has taken.
    /// @param outflow wei that lately left, less what came, and still count.
    /// @param outflowLimit how much `outflow` can be, which fades by so much a day: what answers for the zone's checkpoint.
    struct Lane {
        uint256 locked;
        uint256 held;
        uint64 sent;
        uint64 delivered;
        uint256 outflow;
        uint256 outflowLimit;
    }

    /// @notice A message was sent.
    event Sent(bytes32 indexed id, uint64 indexed destination, address indexed sender, Message message);
    /// @notice On the hub: a zone's message that asks for a call is on its way to another zone, or waits here. What the hub itself sends is told by `Sent`.
    event Due(bytes32 indexed id, uint64 indexed destination, address indexed to, Message message);
    /// @notice The hub took a zone's message, or let go one that was held; or a zone paid what it had kept for a blocked address. `value` includes the reward.
    event Delivered(
        bytes32 indexed id, uint64 indexed zoneId, address indexed to, uint64 nonce, uint256 value, Outcome outcome
    );
    /// @notice A receiver took a message that waited for it. `value` includes the reward.
    event Taken(bytes32 indexed id, uint64 indexed source, address indexed to, uint256 value);
    /// @notice Nobody took a message in time: its value, with the reward, is on its way back to its sender.
    event Refunded(bytes32 indexed id, uint64 indexed source, address indexed sender, uint256 value);

    /// @notice An account of a zone that has settled was paid on the hub; the outflow limit holds back what is left.
    event Exited(uint64 indexed zoneId, address indexed account, uint256 amount, uint256 left);
    /// @notice The value of a message that a stopped zone never handed on went back to its sender, or ether that it never took to its receiver.
    event Reclaimed(uint64 indexed zoneId, address indexed to, uint256 amount);

    /// @notice This chain is neither a hub nor a zone, or the call is for the hub only.
    error NotEnabled();
    /// @notice The league has no chain with this id, or it is this one.
    error UnknownChain(uint64 chainId);
    /// @notice The receiver cannot receive: it is zero, or, for ether alone, a precompile or part of the protocol.
    error InvalidReceiver(address to);
    /// @notice A message without data needs a value.
    error NothingSent();
    /// @notice The fee is more than this. The hub delivers to zones without one.
    error FeeTooHigh(uint256 fee, uint256 limit);
    /// @notice A call has 1 to this much gas.
    error InvalidCallGas(uint64 gas, uint64 limit);
    /// @notice Fee and reward are more than what was sent.
    error RewardTooHigh(uint256 reward, uint256 limit);
    /// @notice A message without data is nobody's to take: there is nothing to call.
    error NothingToCall();
    /// @notice The zone has sent as many messages as it can.
    error OutboxFull(uint64 limit);
    /// @notice A zone's messages are taken in their order.
    error OutOfOrder(uint64 nonce, uint64 expected);
    /// @notice The zone's checkpoint is older than the message: it has `count` messages.
    error NotCheckpointed(uint64 nonce, uint64 count);
    /// @notice The proof does not lead from the message to the checkpoint's root.
    error InvalidProof(uint64 nonce);
    /// @notice There are as many proofs as messages, of 32 words each.
    error MalformedProof();
    /// @notice The zone does not have so much: the hub holds `available` for it.
    error InsufficientLocked(uint256 amount, uint256 available);
    /// @notice No such message waits here, or not any more.
    error NotWaiting(bytes32 id);
    /// @notice Only its receiver can take a message.
    error NotReceiver(address to);
    /// @notice Not before this time, seconds since 1970.
    error NotDue(bytes32 id, uint64 at);
    /// @notice The message has no value that could be sent back; it goes on waiting.
    error NothingToRefund();
    /// @notice Nothing more may leave the zone now: the limit is per day.
    error OutflowLimit(uint256 limit);
    /// @notice Not a proof of this value in the state of the zone's last checkpoint.
    error InvalidStateProof();
    /// @notice There is nothing to pay here, or it was paid already.
    error NothingLeft();
    /// @notice This account belongs to the protocol: nobody can exit for it.
    error ProtocolAccount(address account);

    /// @notice Send the value, less the fee, and a message to an account on another chain. With data it waits there until its receiver
    /// takes it, for 7 days at least; then anybody can send its value back. `fee` (1 ether at most; none on the hub) goes to whoever delivers it on the hub.
    /// Reverts with IGuard.Blocked when this chain blocks `to`.
    function send(uint64 destination, address to, uint256 fee, bytes calldata data)
        external
        payable
        returns (bytes32 id);

    /// @notice As `send`, and have the receiver called for it: `to` is a contract with `deliver` (IMessageReceiver), `data` is not empty. Whoever calls it
    /// provides `gas` (1 to 10,000,000) and gets `reward` wei of what is sent, once it takes the message. Nodes do so where that pays for the gas, and for
    /// a little gas as a gift; anybody else can as well.
    function sendWithCall(
        uint64 destination,
        address to,
        uint256 fee,
        uint64 gas,
        uint256 reward,
        bytes calldata data
    ) external payable returns (bytes32 id);

    /// @notice Deliver a zone's next messages, 32 at most, each with its proof against the zone's checkpoint. On the hub, by anybody, who receives the fees.
    function deliver(uint64 zoneId, Message[] calldata messages, bytes32[][] calldata proofs)
        external
        returns (uint64 delivered);

    /// @notice Let go what is held, as far as the outflow limit allows now. By anybody. Returns what is still held. Reverts with IGuard.Blocked as long as that
    /// blocks whom it would pay. On a zone: pay what came for an address while it was blocked, all at once. `message` stands for that: from the
    /// zone's chain id to the same, sender and receiver are the address, and all else is zero or empty.
    function release(Message calldata message) external returns (uint256 held);

    /// @notice Pay an account of a zone that has settled what it had there, to the same address on the hub, as far as the outflow limit allows now; call
    /// again for the rest. On the hub, by anybody. `state` is the account's 72 bytes in the zone's state, and `proof` shows them to be there (hansa_getProof).
    function exit(uint64 zoneId, address account, bytes calldata state, bytes calldata proof)
        external
        returns (uint256 paid, uint256 left);

    /// @notice Send the value of a message back to its sender that waited for its receiver in a zone which has settled. `state` and `proof` are of slot
    /// keccak256(id . 5) of this module there. Or pay what the zone kept for an address: `message` as for `release` there, and slot keccak256(id . 6).
    /// Otherwise as `exit`.
    function exitMessage(uint64 zoneId, Message calldata message, bytes calldata state, bytes calldata proof)
        external
        returns (uint256 paid, uint256 left);

    /// @notice Pay out an entry of its lane that a zone which has settled never took: to its receiver, or, for a message, back to its sender. `message` is
    /// read only in the latter case. Otherwise as `exit`.
    function reclaim(uint64 zoneId, uint64 index, Message calldata message) external returns (uint256 paid);

    /// @notice Take a message that waits for the caller, with its value. Its reward goes to the account that signed the transaction.
    function take(Message calldata message) external;

    /// @notice Send the value of a message back that nobody took within 7 days. Callable by anybody. A message without value waits on.
    function refund(Message calldata message) external;

    /// @notice Since when a message waits for its receiver (seconds since 1970; 0: it does not), and how many wei are held of it; on a zone: kept for the address
    /// that it stands for, see `release`.
    function waiting(bytes32 id) external view returns (uint64 since, uint256 held);

    /// @notice What lies between the hub and a zone. On the hub only.
    function lane(uint64 zoneId) external view returns (Lane memory);

    /// @notice How many messages this zone has sent, and the root over them, as the block's header will say.
    function outbox() external view returns (uint64 count, bytes32 root);

    /// @notice How many entries of its lane this zone has taken.
    function arrived() external view returns (uint64);

    /// @notice The 32 siblings that prove the message with a nonce against the root of when the zone had sent `count`.
    function proof(uint64 nonce, uint64 count) external view returns (bytes32[] memory);
}
