import { encodeErrorResult } from 'viem/utils';
import { expect, test } from 'vitest';
import { explain, explainSending, Told } from '../../src/lib/errors';
import { dateTime } from '../../src/lib/format';
import { GUARD, MEMBERS, ZONES } from '../../src/lib/modules';
import { RpcError, Unreachable } from '../../src/lib/rpc';
import { errors } from '../../src/strings/errors';

const node = (message: string, code = -32_000, data?: unknown) => new RpcError(code, message, data);

test('what the node refuses is told in plain words, with its own behind', () => {
  const cases: [RpcError, keyof typeof errors.known][] = [
    [node('insufficient funds for gas * price + value: balance 1, tx cost 2, overshot 1'), 'noFunds'],
    [node('nonce too low: next nonce 5, tx nonce 3'), 'nonce'],
    [node('already known'), 'alreadyThere'],
    [node('replacement transaction underpriced: fee cap and tip must be at least 2 and 1 wei per gas'), 'replaced'],
    [node('transaction underpriced: max fee per gas 1, minimum needed 2'), 'lowFee'],
    [node('transaction underpriced: txpool is full and its lowest tip is 3 wei per gas; raise the tip'), 'poolFull'],
    [node('account limit exceeded: limit 64 (mempool.per_account)'), 'accountFull'],
    [node('exceeds block gas limit: gas 9, limit 8'), 'tooLarge'],
    [node('intrinsic gas too low: gas 1, minimum needed 21000'), 'lowGas'],
    [node('this chain has ended: no block takes transactions any more'), 'ended'],
    [node('invalid chain id for signer: have 1 want 4857'), 'otherChain'],
    [node('execution reverted', 3), 'reverted'],
    [node('limit exceeded: more logs (rpc.limits.max_log_results = 10000)', -32_005), 'limit'],
    [node('state of block 1 is not available: this node keeps it from block 9 on (history.state_blocks); ask an archive node'), 'old'],
    [node('header not found'), 'notThere'],
    [node('internal error: see the node’s log', -32_603), 'internal'],
    [node('method not found', -32_601), 'noMethod'],
    [node('missing value for params', -32_602), 'notUnderstood'],
    [node('history', 4444), 'old'],
    [node('The transaction was added to the mempool but wasn\'t processed in 10000ms', 4, `0x${'12'.repeat(32)}`), 'notYet'],
    [node('the node is stopping'), 'stopping'],
    [node('invalid opcode: INVALID'), 'reverted'],
    [node('invalid jump destination'), 'reverted'],
    [node('stack underflow'), 'reverted'],
    [node('write protection'), 'reverted'],
    [node('max call depth exceeded'), 'reverted'],
  ];
  for (const [error, name] of cases) expect(explain(error), error.message).toEqual({ what: errors.known[name][0], next: errors.known[name][1], details: error.message });
});

test('a block by an alert leads to the alerts, with its end in the reader’s time', () => {
  const said = explainSending(node('blocked by directive 1 until 1767225600 (unix seconds): sender 0x1 is blocked by this chain’s guard', 3, '0x'));
  expect(said.next).toContain('alerts');
  expect(said.details).not.toContain('1767225600');
});

test('what a contract declares is named', () => {
  const data = encodeErrorResult({ abi: MEMBERS.abi, errorName: 'NotActiveMember', args: ['0x00000000000000000000000000000000000000aa'] });
  const said = explainSending(node('execution reverted', 3, data));
  expect(said.what).toMatch(/^The chain would refuse it: NotActiveMember \(account 0x0+aa\)\.$/i);
  expect(said.details).toBe('execution reverted');
  const selector = GUARD.abi.find((item) => item.type === 'error' && item.inputs.length === 0) as { name: string };
  expect(explainSending({ message: 'x', cause: { data: { data: encodeErrorResult({ abi: GUARD.abi, errorName: selector.name }) } } }).what).toContain(selector.name);
});

test('a wallet is understood however deep it says so', () => {
  expect(explainSending({ message: 'x', cause: { cause: { code: 4001 } } })).toEqual({ what: errors.known.saidNo[0], next: errors.known.saidNo[1], details: null });
  expect(explainSending({ shortMessage: 'An error', message: 'long', cause: { message: 'nonce too low' } })).toMatchObject({ what: errors.known.nonce[0], details: 'An error' });
  expect(explainSending(new Error('something new'))).toEqual({ what: errors.sendingFailed, next: errors.sendingFailedNext, details: 'something new' });
});

test('what this page says itself is plain already; what is unknown is said to be', () => {
  expect(explain(new Told('It is so.', 'Do that.'))).toEqual({ what: 'It is so.', next: 'Do that.', details: null });
  expect(explain(new Unreachable(errors.noAnswer))).toMatchObject({ what: 'The node was not reached: it does not answer.', details: null });
  expect(explain(node('something new'))).toEqual({ what: errors.refused, next: errors.refusedNext, details: 'something new' });
  for (const odd of [undefined, null, 'text', 5, { cause: null }]) expect(explain(odd).what).toBe(errors.failed);
  // Nothing turns in a circle.
  const loop = new Error('loop') as Error & { cause: unknown };
  loop.cause = loop;
  expect(explain(loop).details).toBe('loop');
});

test('a time that a contract declares is written as one', () => {
  const data = encodeErrorResult({ abi: ZONES.abi, errorName: 'NotSilent', args: [1n, 1_767_225_600n] });
  expect(explainSending({ message: 'x', data }).what).toContain(`NotSilent (zoneId 1, haltedAt ${dateTime(1_767_225_600_000)})`);
});
