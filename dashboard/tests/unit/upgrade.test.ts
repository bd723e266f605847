import { expect, test } from 'vitest';
import type { Terms } from '../../src/lib/types';
import { changes, shown } from '../../src/lib/upgrade';
import { t } from '../../src/strings';

const terms: Partial<Terms> = { fork: 'prague', gasLimit: '0x1c9c380', minBaseFee: '0xf4240', blockIntervalMs: 100, heartbeatMs: 5_000, minSeverity: 1, maxDirectiveSeconds: 2_592_000 };

test('what a zone keeps to is told with its units', () => {
  expect(shown(terms)).toEqual([
    [t.chains.fork, 'prague'],
    [t.chains.gasLimit, '30,000,000'],
    [t.chains.minBaseFee, '0.001 gwei'],
    [t.chains.interval, '100 ms'],
    [t.chains.heartbeat, '5.0 s'],
    [t.chains.minSeverity, 'all severities'],
    [t.chains.maxDirective, '30 d'],
  ]);
  // What the node does not tell is left out; nothing is not nothing told.
  expect(shown({ blockIntervalMs: 0 })).toEqual([[t.chains.interval, '0 ms']]);
});

test('an upgrade is told by what it changes', () => {
  expect(changes(terms, { ...terms, fork: 'osaka', minSeverity: 4 })).toEqual([
    { label: t.chains.fork, from: 'prague', to: 'osaka' },
    { label: t.chains.minSeverity, from: 'all severities', to: 'critical only' },
  ]);
  expect(changes(terms, terms)).toEqual([]);
  expect(changes({}, terms)).toEqual([]);
});

test('the name of a fork is a stranger\u2019s word', () => {
  expect(shown({ fork: 'x\u202Ey\nz' })[0]?.[1]).not.toMatch(/[\u202E\n]/);
});
