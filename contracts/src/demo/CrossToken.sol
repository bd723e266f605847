// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {CrosschainLinked} from "@openzeppelin/contracts/crosschain/CrosschainLinked.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Crosschain} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Crosschain.sol";

/// @notice A token that lives on several chains of a league: it is burnt where it leaves, and minted where it arrives.
/// A chain that lies can mint as much as it likes: link only those that the token may depend on.
contract CrossToken is ERC20Crosschain, Ownable {
    /// @notice All of the token begins with the deployer, on the chain where `supply` is not zero.
    constructor(uint256 supply) ERC20("Cross", "CROSS") CrosschainLinked(new Link[](0)) Ownable(msg.sender) {
        _mint(msg.sender, supply);
    }

    /// @notice Let the counterpart (its ERC-7930 address) on another chain send and receive through the gateway, once for each chain.
    function link(address gateway, bytes calldata counterpart) external onlyOwner {
        _setLink(gateway, counterpart, false);
    }
}
