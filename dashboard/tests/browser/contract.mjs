// A token with more to it: for pages of tokens, ABIs that readers give, and traces.
import solc from 'solc';

const SOURCE = `// SPDX-License-Identifier: MIT
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

/** Its ABI and the code that makes it. */
export function barter() {
  const input = { language: 'Solidity', sources: { 'Barter.sol': { content: SOURCE } }, settings: { evmVersion: 'cancun', outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } } };
  const { errors = [], contracts } = JSON.parse(solc.compile(JSON.stringify(input)));
  const bad = errors.filter(({ severity }) => severity === 'error');
  if (bad.length > 0) throw new Error(bad.map(({ formattedMessage }) => formattedMessage).join('\n'));
  const { abi, evm } = contracts['Barter.sol'].Barter;
  return { abi, code: `0x${evm.bytecode.object}` };
}
