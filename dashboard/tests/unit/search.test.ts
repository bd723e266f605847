import { encodeFunctionResult } from 'viem/utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { client } from '../../src/lib/live';
import { SENT } from '../../src/lib/messages';
import { GUARD, MEMBERS, STAKING } from '../../src/lib/modules';
import { search } from '../../src/lib/search';
import { t } from '../../src/strings';

const hex = (byte: string, bytes: number): string => `0x${byte.repeat(bytes)}`;
const MEMBER = hex('ab', 20);
const ZONES = [
  { id: 1, name: 'market', path: '/zones/market' },
  { id: 7, name: 'grid', path: '/zones/grid' },
  { id: 9, name: 'far', path: null },
];
const MEMBERS_ANSWER = encodeFunctionResult({
  abi: MEMBERS.abi,
  functionName: 'members',
  result: [[{ account: MEMBER, status: 1, roles: 0, weight: 1, since: 0n, x25519: hex('00', 32), name: 'Acme CERT', contact: '' }], 1n],
});
/** What addresses have, by chain. */
const USED: Record<string, Record<string, string>> = {
  '/zones/grid': { [hex('01', 20)]: 'eth_getCode', [hex('02', 20)]: 'eth_getBalance' },
  '/zones/market': { [hex('02', 20)]: 'eth_getTransactionCount' },
};
const MESSAGE = hex('11', 32);
const SENDING = hex('22', 32);

function answer(path: string, method: string, params: never[]): unknown {
  const [first] = params as unknown[] as [string];
  const used = USED[path]?.[first] === method;
  switch (method) {
    case 'hansa_zones':
      return ZONES;
    case 'hansa_operators':
      return { operators: [{ id: 3, name: 'Operator-1' }] };
    case 'eth_call':
      return MEMBERS_ANSWER;
    case 'eth_blockNumber':
      return path === '/rpc' ? '0x10' : '0x5';
    case 'hansa_status':
      return { chainId: '0x539' };
    case 'hansa_epoch':
      return { epoch: 2, firstBlock: '0x15', lastBlock: '0x1e' };
    case 'eth_getLogs': {
      const { topics } = (params as unknown as [{ topics: string[] }])[0];
      return path === '/zones/market' && topics[0] === SENT && (!topics[1] || topics[1] === MESSAGE) ? [{ transactionHash: SENDING, topics: [SENT, MESSAGE] }] : [];
    }
    case 'eth_getTransactionByHash':
      return path === '/zones/grid' && first === SENDING ? {} : null;
    case 'eth_getCode':
      return used ? '0x60' : '0x';
    case 'eth_getTransactionCount':
    case 'eth_getBalance':
      return used ? '0x1' : '0x0';
    default:
      return null;
  }
}

/** Paths of chains that do not answer. They all tell of themselves before. */
let silent: string[] = [];

beforeEach(() => {
  client.clear();
  silent = [];
  vi.stubGlobal('fetch', async (path: string, { body }: { body: string }) => {
    if (silent.includes(path) && !body.includes('hansa_zones')) throw new TypeError('Failed to fetch');
    const one = ({ id, method, params }: { id: number; method: string; params: never[] }) => ({ id, result: answer(path, method, params) });
    const request = JSON.parse(body);
    return { status: 200, json: async () => (Array.isArray(request) ? request.map(one) : one(request)) };
  });
});
afterEach(() => vi.unstubAllGlobals());

test.each([
  ['1,234', '#/chains/hub/block/1234'],
  ['slash 1', '#/stake/slash/1'],
  ['block 12', '#/chains/hub/block/12'],
  ['module guard', `#/chains/hub/address/${GUARD.to}`],
  ['staking', `#/chains/hub/address/${STAKING.to}`],
  ['Development account 1', '#/chains/hub/address/0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'],
  [`${MESSAGE.slice(0, 10)}…`, `#/messages/${SENDING}`],
  ['alert 12', '#/exchange/alert/12'],
  ['Alert #12', '#/exchange/alert/12'],
  ['zone 7', '#/chains/grid'],
  ['zone market', '#/chains/market'],
  ['grid', '#/chains/grid'],
  ['far', '#/chains/far'],
  ['hub', '#/chains/hub'],
  ['operator-1', '#/stake/operator/3'],
  ['acme cert', `#/chains/hub/address/${MEMBER}`],
  ['phishing kit', '#/exchange?q=phishing%20kit&from=search'],
  ['zone of danger', '#/exchange?q=zone%20of%20danger&from=search'],
])('%s leads to %s', async (text, route) => {
  expect(await search(text)).toEqual({ route });
});

test('a number offers the block of each chain that has it', async () => {
  expect(await search('5')).toEqual({ choices: ['hub', 'market', 'grid'].map((chain) => ({ label: t.search.block('5', chain), route: `#/chains/${chain}/block/5` })) });
});

test('an epoch leads to its blocks, one that has not begun says so', async () => {
  const routes = async (text: string) => ((await search(text)) as { choices: { route: string }[] }).choices.map(({ route }) => route);
  expect(await routes('epoch 0')).toEqual(['#/chains/hub/block/1', '#/chains/hub/block/10', '#/stake']);
  expect(await routes('epoch 2')).toEqual(['#/chains/hub/block/21', '#/stake']);
  expect(await search('epoch 3')).toEqual({ why: t.search.noEpoch('3', '2') });
});

test('the beginning of something else than a message id is not guessed', async () => {
  expect(await search('0xdeadbeef')).toEqual({ why: t.search.noBeginning });
});

test('an address leads to the one chain where it has been used, else to the hub', async () => {
  expect(await search(hex('01', 20))).toEqual({ route: `#/chains/grid/address/${hex('01', 20)}` });
  expect(await search(hex('02', 20))).toEqual({ route: `#/chains/hub/address/${hex('02', 20)}` });
  expect(await search(hex('03', 20))).toEqual({ route: `#/chains/hub/address/${hex('03', 20)}` });
});

test('a hash is a transaction, or a message by its id, or nothing', async () => {
  expect(await search(SENDING)).toEqual({ route: `#/chains/grid/tx/${SENDING}` });
  expect(await search(MESSAGE)).toEqual({ route: `#/messages/${SENDING}` });
  expect(await search(hex('33', 32))).toEqual({ why: t.search.noHash });
  expect(await search('zone 99')).toEqual({ why: t.search.noZone('99') });
});

test('from chains that do not answer follows nothing: it is said which', async () => {
  silent = ['/zones/market'];
  expect(await search(hex('33', 32))).toEqual({ why: t.search.someSilent('market') });
  expect(await search(SENDING)).toEqual({ route: `#/chains/grid/tx/${SENDING}` });
  expect(await search('0xdeadbeef')).toEqual({ why: t.search.someSilent('market') });
  silent = ['/rpc', '/zones/market', '/zones/grid'];
  expect(await search(hex('33', 32))).toEqual({ why: t.search.allSilent });
  expect(await search('0xdeadbeef')).toEqual({ why: t.search.allSilent });
});

test('a chain that does not keep what is that old has answered', async () => {
  const before = globalThis.fetch;
  vi.stubGlobal('fetch', async (path: string, init: { body: string }) => (init.body.includes('eth_getLogs') ? { status: 200, json: async () => ({ id: 1, error: { code: 4444, message: 'pruned' } }) } : before(path, init as RequestInit)));
  expect(await search(hex('33', 32))).toEqual({ why: t.search.noHash });
});
