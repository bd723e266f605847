// A real league for browser tests: four operators, members who publish and warn, zones with value, hostile content.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { encodeFunctionData, parseAbi } from 'viem';
import { relay } from './contract.mjs';
import { conflictingNotarize } from './evidence.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const run = promisify(execFile);
/** The newest of the usual places, or HANSA_BIN. */
function binary() {
  const places = [process.env.HANSA_BIN, join(root, 'target/release/hansa'), join(root, 'target/debug/hansa')];
  const found = places.find((place) => place && existsSync(place));
  if (!found) throw new Error('there is no hansa binary: make build, or set HANSA_BIN');
  return found;
}

/** An idle hub makes a block this often. */
const HEARTBEAT_MS = 1_000;
/** Epochs; the defaults are for weeks. */
const WINDOWS = { unbonding_epochs: 3, evidence_epochs: 1, certificate_epochs: 1 };
/** Whom `market` never blocks. */
export const SPARED = '0x00000000000000000000000000000000000E0e0E';
const STAKING = '0x48414e5341000000000000000000000000000001';

const TLP_CLEAR = 'marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487';
export const HOSTILE = '<script>window.__xss=1</script><img src=x onerror="window.__xss=2">\u202Egnp.exe';
export const HOSTILE_ID = 'indicator--11111111-2222-4333-8444-555555555555';

export class League {
  /** Starts one in a folder of its own. */
  static async start(portBase) {
    const league = new League();
    league.bin = binary();
    league.dir = mkdtempSync(join(tmpdir(), 'hansa-dashboard-'));
    league.portBase = portBase;
    const up = ['up', '--no-zone', '--detach', '--port-base', String(portBase)];
    await league.hansa([...up, '--heartbeat-ms', String(HEARTBEAT_MS)]);
    await league.hansa(['down']);
    league.shorten();
    await league.hansa(up);
    const document = JSON.parse(readFileSync(join(league.dir, 'league.json'), 'utf8'));
    [{ rpc: league.rpc, dashboard: league.url }] = document.operators;
    if (!league.url) throw new Error(`${league.bin} has no dashboard: build it anew (make build)`);
    league.members = document.members;
    return league;
  }

  /** Gives a league that has stopped shorter windows, and lets it begin anew. */
  shorten() {
    const path = join(this.dir, 'genesis.toml');
    let genesis = readFileSync(path, 'utf8');
    for (const [name, epochs] of Object.entries(WINDOWS)) {
      const line = new RegExp(`^${name} = \\d+$`, 'm');
      if (!line.test(genesis)) throw new Error(`${path} has no ${name}`);
      genesis = genesis.replace(line, `${name} = ${epochs}`);
    }
    writeFileSync(path, genesis);
    for (const name of readdirSync(this.dir)) if (name.startsWith('operator-')) rmSync(join(this.dir, name, 'data'), { recursive: true });
  }

  async hansa(args, { as, zone } = {}) {
    const rpc = this.rpc ? ['--rpc', zone ? `${this.rpc}/zones/${zone}` : this.rpc] : [];
    const all = ['--dir', this.dir, ...(as ? ['--as', as] : []), ...rpc, ...args];
    const { stdout } = await run(this.bin, all, { maxBuffer: 64 << 20 });
    return stdout;
  }

  async stop() {
    await this.hansa(['down']).catch(() => undefined);
    rmSync(this.dir, { recursive: true, force: true });
  }

  operator(name, what) {
    return what === 'down' ? this.hansa(['down', '--operator', name]) : this.hansa(['up', '--detach']);
  }

  async call(method, params = [], path = '') {
    const response = await fetch(`${this.rpc}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) });
    const { result, error } = await response.json();
    if (error) throw Object.assign(new Error(error.message), error);
    return result;
  }

  /** Sends transactions until this epoch: blocks come faster with them. */
  async untilEpoch(epoch, account) {
    while ((await this.call('hansa_epoch')).epoch < epoch) await this.send(account, { to: account.address });
  }

  /** Proves a fault that an operator commits here: two blocks notarized in one view. The evidence goes to staking by itself, or from a contract. */
  async slash(name, finder, { byContract = false } = {}) {
    const [{ genesis: genesisHash }, { operators }, { epoch }] = await Promise.all([this.call('hansa_status'), this.call('hansa_operators'), this.call('hansa_epoch')]);
    const keys = operators.filter(({ seat }) => seat).map(({ key }) => key);
    const { key: publicKey } = operators.find((of) => of.name === name);
    const key = readFileSync(join(this.dir, name, 'key'), 'utf8').trim();
    const evidence = conflictingNotarize({ genesisHash, keys, key, publicKey, epoch });
    const abi = parseAbi(['function submitEvidence(uint8 kind, bytes evidence) returns (uint64)']);
    const data = encodeFunctionData({ abi, functionName: 'submitEvidence', args: [0, evidence] });
    if (byContract) {
      const { abi: of, code } = relay();
      const { contractAddress: to } = await this.send(finder, { data: code });
      await this.send(finder, { to, data: encodeFunctionData({ abi: of, functionName: 'hand', args: [STAKING, data] }) });
    } else await this.send(finder, { to: STAKING, data });
    return epoch;
  }

  file(name, content) {
    const path = join(this.dir, name);
    writeFileSync(path, content);
    return path;
  }

  /** Signs with a key that everybody has, and waits until it is final. */
  async send(account, { to, data = '0x', value = 0n }, path = '') {
    const [chainId, nonce, price, gas] = await Promise.all([
      this.call('eth_chainId', [], path),
      this.call('eth_getTransactionCount', [account.address, 'pending'], path),
      this.call('eth_gasPrice', [], path),
      this.call('eth_estimateGas', [{ from: account.address, to, data, value: `0x${value.toString(16)}` }], path),
    ]);
    const signed = await account.signTransaction({ type: 'eip1559', chainId: Number(chainId), nonce: Number(nonce), to, data, value, gas: (BigInt(gas) * 12n) / 10n, maxFeePerGas: BigInt(price) * 2n, maxPriorityFeePerGas: 1n });
    return this.call('eth_sendRawTransactionSync', [signed, 15_000], path);
  }

  /** Two zones, ether on one, an accepted alert and a pending one, a delegation, messages, and an object full of tricks. */
  async populate({ objects = [], alerts = SUSPECTS } = {}) {
    const all = bundle([hostile(), ...indicators(150), ...objects]);
    const raise = ({ target, object, reason }, severity) => this.hansa(['alert', 'raise', '--target', target, '--object', object, '--severity', severity, '--for', '2h', '--reason', reason], { as: 'member-1' });
    // At once what different members do.
    await Promise.all([
      this.hansa(['zone', 'create', 'market', '--chain-id', '48571', '--warden', this.members[0].address, '--never-block', SPARED], { as: 'member-1' }),
      this.hansa(['exchange', 'publish', this.file('bundle.json', JSON.stringify(all))], { as: 'member-2' }),
    ]);
    await Promise.all([
      this.hansa(['zone', 'create', 'grid', '--chain-id', '48572', '--min-severity', '4'], { as: 'member-2' }),
      this.hansa(['bridge', 'deposit', 'market', '25ether'], { as: 'member-1' }).then(() => raise(alerts[0], 'critical')),
    ]);
    await Promise.all([
      // One after the other: the vote that decides needs more gas than one that does not.
      this.hansa(['alert', 'endorse', '1'], { as: 'member-3' }).then(() => this.hansa(['alert', 'endorse', '1'], { as: 'member-4' })),
      this.hansa(['bridge', 'withdraw', 'market', '1ether', '--into', 'grid'], { as: 'member-1' }),
    ]);
    await raise(alerts[1], 'high');
    await this.hansa(['stake', 'delegate', 'operator-2', '40ether'], { as: 'member-1' });
  }

  publish(objects, as) {
    return this.hansa(['exchange', 'publish', this.file(`of-${as}.json`, JSON.stringify(bundle(objects)))], { as });
  }
}

const time = '2026-01-01T00:00:00.000Z';
export const common = { spec_version: '2.1', created: time, modified: time, object_marking_refs: [TLP_CLEAR] };
const bundle = (objects) => ({ type: 'bundle', id: 'bundle--00000000-0000-4000-8000-000000000000', objects });

const hostile = () => ({
  ...common,
  type: 'indicator',
  id: HOSTILE_ID,
  name: HOSTILE,
  description: `${HOSTILE}\nclick javascript:alert(1)`,
  labels: ['"><svg onload=alert(1)>', 'rtl\u202Elabel'],
  indicator_types: ['malicious-activity'],
  pattern: "[url:value = 'javascript:alert(1)']",
  pattern_type: 'stix',
  valid_from: time,
  external_references: [{ source_name: HOSTILE, url: 'javascript:window.__xss=3' }],
});

export const indicators = (count, from = 0) =>
  Array.from({ length: count }, (_, index) => {
    const number = (from + index).toString(16).padStart(12, '0');
    return {
      ...common,
      type: 'indicator',
      id: `indicator--aaaaaaaa-bbbb-4ccc-8ddd-${number}`,
      name: `Scam address ${from + index}`,
      indicator_types: ['malicious-activity'],
      pattern: `[cryptocurrency-wallet:value = '0x${number.padStart(40, '0')}']`,
      pattern_type: 'stix',
      valid_from: time,
      labels: index % 3 === 0 ? ['phishing'] : ['scam'],
    };
  });

/** What alerts are about unless somebody says otherwise. */
const SUSPECTS = ['0x098B716B8Aaf21512996dC57EB0615e2383E2f96', '0x00000000000000000000000000000000000b0b0b'].map((target) => ({ target, object: indicators(1)[0].id, reason: HOSTILE.slice(0, 90) }));

/** A tool, a malware, and that the one uses the other. */
export const related = () => {
  const id = (type) => `${type}--cccccccc-bbbb-4ccc-8ddd-000000000001`;
  return [
    { ...common, type: 'tool', id: id('tool'), name: 'Connected tool' },
    { ...common, type: 'malware', id: id('malware'), name: 'Connected malware', is_family: false },
    { ...common, type: 'relationship', id: id('relationship'), relationship_type: 'uses', source_ref: id('malware'), target_ref: id('tool') },
  ];
};

/** A contract that answers every call with the same text: a token whose name and symbol are hostile. */
export function trickToken(text) {
  const body = Buffer.from(text, 'utf8');
  const padded = Buffer.alloc(64 + Math.ceil(body.length / 32) * 32);
  padded[31] = 0x20;
  padded.writeUInt32BE(body.length, 60);
  body.copy(padded, 64);
  const size = padded.length.toString(16).padStart(4, '0');
  // CODECOPY what follows these 14 bytes, and return it.
  const runtime = `61${size}600e60003961${size}6000f3${padded.toString('hex')}`;
  const length = (runtime.length / 2).toString(16).padStart(4, '0');
  return `0x61${length}600e60003961${length}6000f3${runtime}`;
}

