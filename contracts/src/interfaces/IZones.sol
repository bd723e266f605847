// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IModule} from "./IModule.sol";

/// @title Zones (native module 2)
/// @notice The register of a league's zones, and ether on its way to them. On the hub only.
/// @dev A zone's genesis follows from its record and from the hub's state alone: every node derives the same.
interface IZones is IModule {
    /// @notice What a zone is made with.
    /// @param name 1 to 32 of a-z, 0-9 and inner dashes, beginning with a letter; unique in the league.
    /// @param chainId EIP-155 chain id; unique in the league, and not the hub's.
    /// @param gasLimit gas of a block, 1,000,000 to 1,000,000,000, and at most 1,000,000 for each of blockIntervalMs.
    /// @param minBaseFee the least base fee, and that of block 1, wei per gas, 10^6 to 10^15.
    /// @param blockIntervalMs least time between two blocks, 10 to 60,000.
    /// @param heartbeatMs an idle zone makes a block this often; at least blockIntervalMs, at most 60,000.
    /// @param epochBlocks blocks of an epoch, 10 to 65,535: its operators change at the end of one.
    /// @param minSeverity directives of alerts below this severity (1 to 4) have no effect there.
    /// @param maxDirectiveSeconds no directive holds there for longer, 1 to 31,536,000.
    struct Parameters {
        string name;
        uint64 chainId;
        uint64 gasLimit;
        uint64 minBaseFee;
        uint64 blockIntervalMs;
        uint64 heartbeatMs;
        uint64 epochBlocks;
        uint8 minSeverity;
        uint64 maxDirectiveSeconds;
    }

    /// @notice A zone.
    /// @param id counts from 1; never used again.
    /// @param createdAt height of the hub's block that created it.
    /// @param timestamp that block's time.
    /// @param escrow what its creator paid in.
    /// @param locked what was deposited to it: its ether, which stays here.
    /// @param deposits how many deposits there were.
    struct Zone {
        uint64 id;
        address creator;
        uint64 createdAt;
        uint64 timestamp;
        uint256 escrow;
        uint256 locked;
        uint64 deposits;
        Parameters parameters;
    }

    /// @notice A zone was created. Its operators begin it from the next block on.
    event ZoneCreated(uint64 indexed zoneId, address indexed creator, uint64 indexed chainId, string name);
    /// @notice Ether is on its way to a zone: `to` has it there in the first block that names this one or a later one of the hub.
    event Deposited(
        uint64 indexed zoneId, address indexed from, address indexed to, uint256 amount, uint64 index
    );

    /// @notice This chain is not a hub.
    error NotEnabled();
    /// @notice Not a name for a zone.
    error InvalidName(string name);
    /// @notice Another zone has this name.
    error NameTaken(string name, uint64 zoneId);
    /// @notice The hub or another zone (0: the hub) has this chain id.
    error ChainIdTaken(uint64 chainId, uint64 zoneId);
    /// @notice The parameter must be within these bounds.
    error OutOfBounds(string parameter, uint64 value, uint64 least, uint64 most);
    /// @notice The escrow is below the minimum.
    error EscrowTooSmall(uint256 sent, uint256 minimum);
    /// @notice The league has as many zones as it can have.
    error ZonesFull(uint64 limit);
    /// @notice No zone has this id.
    error UnknownZone(uint64 zoneId);
    /// @notice The receiver cannot hold ether on the zone: it is zero, a precompile, or part of the protocol.
    error InvalidReceiver(address to);
    /// @notice A deposit takes ether.
    error NothingSent();

    /// @notice Create a zone. Callable by anybody. The value is its escrow, at least 10 ether.
    function create(Parameters calldata parameters) external payable returns (uint64 zoneId);

    /// @notice Send the value to an account on a zone. No code runs there.
    function deposit(uint64 zoneId, address to) external payable returns (uint64 index);

    /// @notice A zone.
    function zone(uint64 zoneId) external view returns (Zone memory);

    /// @notice The id of the zone with a name, or 0.
    function zoneNamed(string calldata name) external view returns (uint64);

    /// @notice Zones from the `offset`-th on in order of their ids, at most `limit` (16 at most).
    function zones(uint256 offset, uint256 limit) external view returns (Zone[] memory page, uint256 total);
}
