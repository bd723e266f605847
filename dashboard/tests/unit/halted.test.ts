import { encodeAbiParameters, encodeErrorResult, encodeEventTopics } from 'viem/utils';
import { afterEach, expect, test, vi } from 'vitest';
import { decodeCall, decodeLog, inWords } from '../../src/lib/decode';
import { expectedMs, haltIntent, haltsAt, heardAt, isDue, isHalted, pace, reseedIntent, silence } from '../../src/lib/halted';
import { ZONES } from '../../src/lib/modules';
import { HUB } from '../../src/lib/rpc';
import type { Zone } from '../../src/lib/types';

const zone = { id: 7, name: 'market', phase: 'closing', reason: 'halted', timestamp: 50, checkpoint: null } as Zone;
const block = (number: number, ms: number) => ({ number: `0x${number.toString(16)}`, timestampMs: `0x${ms.toString(16)}` }) as const;

afterEach(() => void vi.unstubAllGlobals());

test('only a zone that closes because it is silent counts as halted', () => {
  expect(isHalted(zone)).toBe(true);
  for (const other of [{ reason: 'creator' }, { reason: null }, { phase: 'stopped' as const }]) expect(isHalted({ ...zone, ...other })).toBe(false);
});

test('when a block of the hub comes is told by its pace', () => {
  const of = pace([block(120, 50_000), block(119, 49_000), block(100, 30_000)])!;
  expect(of).toEqual({ head: 120, headMs: 50_000, blockMs: 1_000 });
  expect(expectedMs(130, of)).toBe(60_000);
  expect(expectedMs(120, of)).toBeNull();
  expect(isDue(121, of)).toBe(false);
  expect(isDue(120, of)).toBe(true);
  expect(pace([])).toBeNull();
  expect(expectedMs(130, pace([block(120, 50_000)])!)).toBeNull();
});

test('a zone is quiet at half of the time that it may be silent', () => {
  expect(silence(150_000, 100, 200)).toEqual({ is: 'heard' });
  expect(silence(150_001, 100, 200)).toEqual({ is: 'quiet', haltsAtMs: 200_000 });
  expect(silence(200_000, 100, 200)).toEqual({ is: 'quiet', haltsAtMs: 200_000 });
  // The hub's time has whole seconds.
  expect(silence(200_999, 100, 200)).toEqual({ is: 'quiet', haltsAtMs: 200_000 });
  expect(silence(201_000, 100, 200)).toEqual({ is: 'silent' });
  expect(silence(101_000, 100, 0)).toEqual({ is: 'silent' });
  expect(silence(999_000, 100, null)).toEqual({ is: 'heard' });
  expect(heardAt(zone)).toBe(50);
  expect(heardAt({ ...zone, checkpoint: { recordedTime: 90 } as Zone['checkpoint'] })).toBe(90);
});

test('the hub says from when on a zone counts as halted', async () => {
  const answers = (answer: object) => vi.stubGlobal('fetch', async () => ({ status: 200, json: async () => ({ jsonrpc: '2.0', id: 1, ...answer }) }));
  const refuses = (errorName: string, args: unknown[]) => answers({ error: { code: 3, message: 'execution reverted', data: encodeErrorResult({ abi: ZONES.abi, errorName, args }) } });
  refuses('NotSilent', [7n, 1_767_225_600n]);
  expect(await haltsAt(zone)).toBe(1_767_225_600);
  refuses('ZoneEnds', [7n, 3]);
  expect(await haltsAt(zone)).toBeNull();
  answers({ result: `0x${'0'.repeat(64)}` });
  expect(await haltsAt(zone)).toBe(0);
  answers({ error: { code: -32_000, message: 'busy' } });
  await expect(haltsAt(zone)).rejects.toThrow('busy');
});

test('what is signed names the zone', () => {
  for (const [name, { to, data, chain }] of [['reseed', reseedIntent(zone)], ['halt', haltIntent(zone)]] as const) {
    expect(decodeCall(HUB, to, data!)).toMatchObject({ by: 'zones', name, arguments: [{ name: 'zoneId', value: 7n }] });
    expect(chain).toBe('hub');
  }
});

test('what becomes of a zone is told in words', () => {
  const says = (eventName: string, types: string[], values: unknown[]) => {
    const topics = encodeEventTopics({ abi: ZONES.abi, eventName, args: { zoneId: 7n } }) as `0x${string}`[];
    return inWords(decodeLog(HUB, { address: ZONES.to, topics, data: encodeAbiParameters(types.map((type) => ({ type })), values) })!);
  };
  expect(says('ZoneClosing', ['uint8', 'uint64'], [3, 9n])).toMatch(/Zone 7 closes: it counts as halted/);
  expect(says('ZoneClosing', ['uint8', 'uint64'], [1, 9n])).toMatch(/creator/);
  expect(says('ZoneReseeded', ['uint64', 'uint64', 'uint64'], [1_201n, 13n, 4n])).toMatch(/blocks from 1,201 on are of its epoch 13/);
  expect(says('ZoneReopened', [], [])).toMatch(/open again/);
  expect(inWords({ by: 'ERC-20', name: 'ZoneStopped', arguments: [] })).toBeNull();
  expect(inWords({ by: 'zones', name: 'RentPaid', arguments: [] })).toBeNull();
});
