import type { Abi } from 'viem';
import { decodeFunctionData, encodeFunctionData } from 'viem/utils';
import { expect, test } from 'vitest';
import { creation } from '../../src/incident/run';
import { ZONES } from '../../src/lib/modules';

const CREATOR = '0x1111111111111111111111111111111111111111';

test('the zone of the incident is made with all that the contract wants', () => {
  const data = encodeFunctionData({ abi: ZONES.abi, functionName: 'create', args: creation(ZONES.abi, CREATOR) });
  const [made] = decodeFunctionData({ abi: ZONES.abi, data }).args as [Record<string, unknown>];
  expect(made).toMatchObject({ name: 'market', chainId: 48_571n, epochBlocks: 600n });
});

test('a zone with a policy of its own has its creator as its warden; what this page does not know is named', () => {
  const create = (components: object[]): Abi => [{ type: 'function', name: 'create', stateMutability: 'payable', outputs: [], inputs: [{ name: 'parameters', type: 'tuple', components }] }] as unknown as Abi;
  const guard = { name: 'guard', type: 'tuple', components: [{ name: 'warden', type: 'address' }, { name: 'neverBlocked', type: 'address[]' }] };
  expect(creation(create([{ name: 'name', type: 'string' }, guard]), CREATOR)).toEqual([{ name: 'market', guard: { warden: CREATOR, neverBlocked: [] } }]);
  expect(() => creation(create([{ name: 'somethingNew', type: 'uint8' }]), CREATOR)).toThrow('somethingNew');
});
