// Contracts: a token with more to it, for pages of tokens, ABIs that readers give, and traces; and one that calls others.
import solc from 'solc';

const BARTER = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;
contract Barter {
    string public constant name = "Barter"; string public constant symbol = "BRT"; uint8 public constant decimals = 6; uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    event Transfer(address indexed from, address indexed to, uint256 value);
    event Bartered(address indexed who, uint256 apples, uint256 pears);
    function mint(address to, uint256 value) external { totalSupply += value; balanceOf[to] += value; emit Transfer(address(0), to, value); }
    function transfer(address to, uint256 value) external returns (bool) { balanceOf[msg.sender] -= value; balanceOf[to] += value; emit Transfer(msg.sender, to, value); return true; }
    function barter(uint256 apples, uint256 pears) external { this.weigh(apples); emit Bartered(msg.sender, apples, pears); }
    function weigh(uint256 apples) external pure returns (uint256) { return apples * 3; }
}`;

/** It hands a call on. */
const RELAY = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;
contract Relay { function hand(address to, bytes calldata data) external { (bool ok,) = to.call(data); require(ok, "refused"); } }`;

function compile(source, name) {
  const input = { language: 'Solidity', sources: { 'Source.sol': { content: source } }, settings: { evmVersion: 'cancun', outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } } };
  const { errors = [], contracts } = JSON.parse(solc.compile(JSON.stringify(input)));
  const bad = errors.filter(({ severity }) => severity === 'error');
  if (bad.length > 0) throw new Error(bad.map(({ formattedMessage }) => formattedMessage).join('\n'));
  const { abi, evm } = contracts['Source.sol'][name];
  return { abi, code: `0x${evm.bytecode.object}` };
}

/** Their ABIs and the code that makes them. */
export const barter = () => compile(BARTER, 'Barter');
export const relay = () => compile(RELAY, 'Relay');
