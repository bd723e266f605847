// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IModule} from "./IModule.sol";

/// @title The exchange of threat intelligence (native module 4)
/// @notice Authored, versioned objects (STIX 2.1). The content lives in the event alone; the state keeps its digest, so
/// that what is read back from the ledger's logs can be checked.
/// @dev An object's id is keccak256 of the STIX id as text, for instance keccak256("indicator--8e2e...").
interface IExchange is IModule {
    /// @notice None: nothing was published under this id.
    enum Status {
        None,
        Active,
        Revoked
    }

    /// @notice One version of an object.
    /// @param uuid the UUID part of the STIX id.
    /// @param objectType the type part of the STIX id: a-z, 0-9 and hyphen, a letter first.
    /// @param version STIX `modified`, or `created` where the type has no `modified`; milliseconds since 1970, at most
    /// five minutes after the block's time.
    /// @param tlp TLP 2.0: 0 CLEAR, 1 GREEN, 2 AMBER, 3 AMBER+STRICT, 4 RED.
    /// @param content the object as JSON, or ciphertext.
    struct Entry {
        bytes16 uuid;
        string objectType;
        uint64 version;
        uint8 tlp;
        bytes content;
    }

    /// @notice The latest version of an object. `digest` is keccak256 of its content.
    struct Latest {
        Status status;
        address publisher;
        uint64 version;
        uint8 tlp;
        bytes32 digest;
    }

    /// @notice What active members reported to have seen of an object.
    /// @param reports number of reports.
    /// @param count sum of the reported counts, saturating.
    struct Sightings {
        uint64 reports;
        uint64 count;
        uint64 firstSeenMs;
        uint64 lastSeenMs;
    }

    /// @notice A new version; `digest` is keccak256(content).
    event ObjectPublished(
        bytes32 indexed objectId,
        address indexed publisher,
        uint64 indexed version,
        bytes16 uuid,
        string objectType,
        uint8 tlp,
        bytes32 digest,
        bytes content
    );
    /// @notice The publisher withdrew the object for good.
    event ObjectRevoked(bytes32 indexed objectId, address indexed publisher, string reason);
    /// @notice A member saw the object's subject in the wild.
    event ObjectSighted(
        bytes32 indexed objectId, address indexed member, uint32 count, uint64 firstSeenMs, uint64 lastSeenMs
    );

    /// @notice Only the object's publisher may do this.
    error NotPublisher(bytes32 objectId, address publisher);
    /// @notice A newer version than this one is published already.
    error StaleVersion(bytes32 objectId, uint64 version, uint64 latest);
    /// @notice This version was published with another content.
    error VersionConflict(bytes32 objectId, uint64 version);
    /// @notice A version must be greater than zero.
    error InvalidVersion(bytes32 objectId);
    /// @notice The version lies in the future; `latest` is the latest that would be taken now.
    error VersionInFuture(bytes32 objectId, uint64 version, uint64 latest);
    /// @notice Not a STIX object type.
    error InvalidType(string objectType);
    /// @notice TLP goes from 0 to 4.
    error InvalidTlp(uint8 tlp);
    /// @notice Nothing was published under this id.
    error UnknownObject(bytes32 objectId);
    /// @notice The object was revoked.
    error Revoked(bytes32 objectId);
    /// @notice The count is 0 or above the limit.
    error InvalidCount(uint32 count, uint32 limit);
    /// @notice firstSeen is after lastSeen, or lastSeen lies in the future.
    error InvalidTimes(uint64 firstSeenMs, uint64 lastSeenMs);

    /// @notice Publish versions. Callable by active members with the member or sentinel role. All or nothing; a version
    /// that is there already with the same content is skipped silently, whoever published it.
    /// @return published how many entries were new.
    function publish(Entry[] calldata entries) external returns (uint256 published);

    /// @notice Withdraw an own object for good.
    function revoke(bytes32 objectId, string calldata reason) external;

    /// @notice Report a sighting. Callable by every active member.
    function sight(bytes32 objectId, uint32 count, uint64 firstSeenMs, uint64 lastSeenMs) external;

    /// @notice The latest version of an object; status None when unknown.
    function latest(bytes32 objectId) external view returns (Latest memory);

    /// @notice The digest of one version, or 0.
    function digestOf(bytes32 objectId, uint64 version) external view returns (bytes32);

    /// @notice For each pair (id, version): whether it is published. At most 1024 pairs.
    function has(bytes32[] calldata objectIds, uint64[] calldata versions) external view returns (bool[] memory);

    /// @notice The sightings of an object, summed up.
    function sightings(bytes32 objectId) external view returns (Sightings memory);

    /// @notice How many objects and how many versions were ever published.
    function counts() external view returns (uint64 objects, uint64 versions);

    /// @notice The object id of a STIX id given in parts.
    function objectIdOf(string calldata objectType, bytes16 uuid) external view returns (bytes32);
}
