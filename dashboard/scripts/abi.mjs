// Makes src/abi/*.ts from the Solidity interfaces of the native modules and from the contracts that the dashboard deploys.
// `node scripts/abi.mjs --check` only compares: what is committed must be what the sources say.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import solc from 'solc';
import { keccak256 } from 'viem';

const here = dirname(fileURLToPath(import.meta.url));
const contracts = join(here, '../../contracts/src');
const out = join(here, '../src/abi');
const interfaces = readdirSync(join(contracts, 'interfaces')).filter((file) => file.endsWith('.sol') && file !== 'IModule.sol');
const deployed = ['demo/LeakyVault.sol'];

const sources = Object.fromEntries(
  [...readdirSync(join(contracts, 'interfaces')).map((file) => `interfaces/${file}`), ...deployed].map((path) => [
    path,
    { content: readFileSync(join(contracts, path), 'utf8') },
  ]),
);
const input = {
  language: 'Solidity',
  sources,
  settings: {
    evmVersion: 'cancun',
    optimizer: { enabled: true, runs: 200 },
    metadata: { bytecodeHash: 'none', appendCBOR: false },
    outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
  },
};
const result = JSON.parse(solc.compile(JSON.stringify(input)));
const errors = (result.errors ?? []).filter((error) => error.severity === 'error');
if (errors.length > 0) {
  console.error(errors.map((error) => error.formattedMessage).join('\n'));
  process.exit(1);
}

// The compiler's own names of types help nobody here.
const slim = (item) =>
  Array.isArray(item)
    ? item.map(slim)
    : item && typeof item === 'object'
      ? Object.fromEntries(Object.entries(item).filter(([key]) => key !== 'internalType').map(([key, value]) => [key, slim(value)]))
      : item;
const head = '// Made by `npm run abi` from contracts/src. Do not edit.\n';
const files = new Map();
for (const file of interfaces) {
  const name = file.replace('.sol', '');
  const lines = slim(result.contracts[`interfaces/${file}`][name].abi).map((item) => `  ${JSON.stringify(item)},`);
  files.set(`${name}.ts`, `${head}export const ${name} = [\n${lines.join('\n')}\n] as const;\n`);
}
for (const path of deployed) {
  const name = path.replace(/^.*\/|\.sol$/g, '');
  const contract = result.contracts[path][name];
  const lines = slim(contract.abi).map((item) => `  ${JSON.stringify(item)},`);
  files.set(
    `${name}.ts`,
    `${head}export const ${name} = [\n${lines.join('\n')}\n] as const;\n\nexport const ${name}Code = '0x${contract.evm.bytecode.object}' as const;\n\n/** Of its code on a chain. */\nexport const ${name}Hash = '${keccak256(`0x${contract.evm.deployedBytecode.object}`)}' as const;\n`,
  );
}

let stale = 0;
for (const [name, text] of files) {
  const path = join(out, name);
  let old = '';
  try {
    old = readFileSync(path, 'utf8');
  } catch {
    // It is new.
  }
  if (old === text) continue;
  if (process.argv.includes('--check')) {
    console.error(`src/abi/${name} is not what contracts/src says: run \`npm run abi\` in dashboard/ and commit it`);
    stale += 1;
  } else {
    writeFileSync(path, text);
    console.log(`wrote src/abi/${name}`);
  }
}
process.exitCode = stale > 0 ? 1 : 0;
