import { decodeFunctionData, toFunctionSelector } from 'viem/utils';
import { expect, test } from 'vitest';
import { delivery, type Message } from '../../src/lib/messages';
import { MESSAGES } from '../../src/lib/modules';

test('a gateway is called with the arguments of take', () => {
  const message: Message = { source: 1n, destination: 2n, nonce: 3n, sender: `0x${'11'.repeat(20)}`, to: `0x${'22'.repeat(20)}`, value: 4n, fee: 0n, data: '0xabcd' };
  const data = delivery(message);
  expect(data.slice(0, 10)).toBe(toFunctionSelector('deliver((uint64,uint64,uint64,address,address,uint256,uint256,bytes))'));
  const take = `${toFunctionSelector('take((uint64,uint64,uint64,address,address,uint256,uint256,bytes))')}${data.slice(10)}` as const;
  expect(decodeFunctionData({ abi: MESSAGES.abi, data: take }).args).toEqual([message]);
});
