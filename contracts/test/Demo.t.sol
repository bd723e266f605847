// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {DemoToken} from "../src/demo/DemoToken.sol";
import {Forwarder} from "../src/demo/Forwarder.sol";
import {IExchange} from "../src/interfaces/IExchange.sol";
import {IGuard} from "../src/interfaces/IGuard.sol";

/// @notice Reverts as the guard does.
contract Hostile {
    receive() external payable {
        revert IGuard.Blocked(address(this), 7, 99);
    }
}

/// @notice Plain assertions: forge's standard library is not on npm.
contract DemoTest {
    Forwarder private forwarder = new Forwarder();

    function test_token_moves_and_only_its_deployer_mints() external {
        DemoToken token = new DemoToken("Demo", "DEMO", 1_000);
        require(token.transfer(address(1), 400), "transfer");
        token.mint(address(2), 5);
        require(token.balanceOf(address(1)) == 400 && token.totalSupply() == 1_005, "balances");
        (bool ok,) = address(forwarder)
            .call(
                abi.encodeCall(Forwarder.forwardCall, (address(token), abi.encodeCall(DemoToken.mint, (address(1), 1))))
            );
        require(!ok, "a stranger minted");
    }

    function test_forwarder_reaches_by_call_and_by_selfdestruct() external {
        forwarder.forward{value: 3}(payable(address(0xbeef)));
        forwarder.destroyTo{value: 4}(payable(address(0xbeef)));
        require(address(0xbeef).balance == 7, "balance");
    }

    function test_forwarder_passes_typed_errors_on() external {
        Hostile hostile = new Hostile();
        try forwarder.forward{value: 1}(payable(address(hostile))) {
            revert("did not revert");
        } catch (bytes memory reason) {
            bytes memory expected = abi.encodeWithSelector(IGuard.Blocked.selector, address(hostile), 7, 99);
            require(keccak256(reason) == keccak256(expected), "reason");
        }
        (bool ok,) = forwarder.tryForward{value: 1}(address(hostile), "");
        require(!ok, "tryForward");
    }

    /// @notice The selectors that clients and the Rust bindings use.
    function test_selectors() external pure {
        require(
            IExchange.publish.selector == bytes4(keccak256("publish((bytes16,string,uint64,uint8,bytes)[])")), "publish"
        );
        require(IGuard.Blocked.selector == bytes4(keccak256("Blocked(address,uint256,uint64)")), "Blocked");
    }
}
