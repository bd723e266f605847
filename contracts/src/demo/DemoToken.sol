// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title A token to try things with
/// @notice The whole supply goes to the deployer, who alone may mint more.
contract DemoToken is ERC20, ERC20Permit {
    /// @notice Who deployed the token.
    address public immutable MINTER;

    /// @notice Only the deployer mints.
    error NotMinter(address caller);

    constructor(string memory name_, string memory symbol_, uint256 supply) ERC20(name_, symbol_) ERC20Permit(name_) {
        MINTER = msg.sender;
        _mint(msg.sender, supply);
    }

    /// @notice Create `amount` for `to`.
    function mint(address to, uint256 amount) external {
        if (msg.sender != MINTER) revert NotMinter(msg.sender);
        _mint(to, amount);
    }
}
