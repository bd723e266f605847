// Zones in trouble: one that the hub hears nothing of, and one that the hub knows other blocks of. A league takes hours until the one counts as
// halted, and the other takes operators that lie, so what the node answers is altered on its way.
import assert from 'node:assert/strict';
import { toFunctionSelector } from 'viem';
import { accessibility, open, overflow, settle, visit } from './browser.mjs';
import { connect, table } from './steps.mjs';

const [ZONE, HALT] = ['function zone(uint64)', 'function halt(uint64)'].map((of) => toFunctionSelector(of));
/** Words of an answer of `zone` before those of these names: the struct begins behind its offset. */
const [RESEEDS_AT, STOPS_AT] = [10, 11];

const MONTH_S = 30 * 86_400;

const withWord = (hex, index, value) => {
  const at = 2 + index * 64;
  return `${hex.slice(0, at)}${value.toString(16).padStart(64, '0')}${hex.slice(at + 64)}`;
};

/** Lets the page believe other things of the zone `market`: `zone`, fields of the list of zones; `heights`, of the register; `reseeds`; `silent`, that it can be said to have halted. */
export async function believe(page, { zone, heights, reseeds, silent }) {
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.route('**/rpc', async (route) => {
    const asked = route.request().postDataJSON();
    const response = await route.fetch();
    const json = await response.json();
    const alter = ({ method, params }, answer) => {
      const data = method === 'eth_call' ? params[0].data : '';
      if (method === 'hansa_zones' && zone) answer.result = answer.result.map((of) => (of.name === 'market' ? { ...of, ...zone } : of));
      if (method === 'hansa_zone' && reseeds && answer.result) answer.result.reseeds = reseeds;
      if (data.startsWith(ZONE) && heights && answer.result) answer.result = withWord(withWord(answer.result, RESEEDS_AT, heights.reseedsAt), STOPS_AT, heights.stopsAt);
      if (data.startsWith(HALT) && silent) {
        delete answer.error;
        answer.result = `0x${'0'.repeat(64)}`;
      }
    };
    if (Array.isArray(asked)) for (const one of asked) alter(one, json.find(({ id }) => id === one.id) ?? {});
    else if (asked) alter(asked, json);
    await route.fulfill({ response, json });
  });
}

/** What is believed of a zone that closes because it was silent. */
export const halted = (nowMs) => ({ phase: 'closing', reason: 'halted', closesAt: Math.floor(nowMs / 1_000) + 7_200 });

/** A zone that is silent, then halted, then due to be reseeded, and one that was. What is sent, the real node refuses: its zone is well. */
export async function halts(browser, league, of) {
  const { page, faults } = await open(browser, league, { wallet: of });
  const zones = await league.call('hansa_zones');
  const { checkpoint, timestamp } = zones.find(({ name }) => name === 'market');
  // Much longer than its time of notice.
  const long = { checkpoint: checkpoint && { ...checkpoint, recordedTime: checkpoint.recordedTime - MONTH_S }, timestamp: timestamp - MONTH_S };
  const look = async (what) => {
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 900 });
      await settle(page);
      assert.deepEqual(await accessibility(page), [], `${what} at ${width}`);
      assert.ok((await overflow(page)) <= 0, `${what} at ${width} is wider than the screen`);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  };
  const again = async (beliefs) => {
    await believe(page, beliefs);
    await visit(page, league, 'chains');
    await page.reload();
  };
  const toZone = async () => {
    await table(page, 'Chains').getByRole('link', { name: 'market' }).click();
    await page.getByRole('heading', { level: 1, name: 'market' }).waitFor();
  };
  await again({ zone: long, silent: true });
  await toZone();
  await page.getByText(/anybody can say that it has halted\. It closes then/).waitFor();
  await connect(page);
  await look('a silent zone');
  await page.getByRole('button', { name: 'Say that it has halted' }).click();
  await page.getByText(/The chain would refuse it: NotSilent/).waitFor();

  const head = Number(await league.call('eth_blockNumber'));
  await again({ zone: { ...long, ...halted(Date.now()) }, heights: { reseedsAt: head + 100_000, stopsAt: head + 200_000 } });
  await table(page, 'Chains').locator('tr', { hasText: 'market' }).getByText(/can be reseeded from hub block [\d,]+/).waitFor();
  await toZone();
  await page.getByRole('heading', { name: 'This zone counts as halted' }).waitFor();
  await page.getByText(/from hub block [\d,]+, in about .* by the hub’s pace/).waitFor();
  await page.getByText('hansa zone reseed market').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Reseed it' }).count(), 0);
  await look('a halted zone');

  await again({ zone: { ...long, ...halted(Date.now()), checkpoint: checkpoint ?? { number: '0x1', recordedTime: timestamp, timestampMs: timestamp * 1_000 } }, heights: { reseedsAt: 1, stopsAt: head + 100_000 }, reseeds: [{ firstBlock: '0x2', epoch: 9, parent: `0x${'11'.repeat(32)}` }] });
  await table(page, 'Chains').locator('tr', { hasText: 'market' }).getByText('can be reseeded now').waitFor();
  await toZone();
  await page.getByText(/Its blocks from 2 on are of epoch 9: the league reseeded it/).waitFor();
  await look('a zone that can be reseeded');
  await page.getByRole('button', { name: 'Reseed it' }).click();
  await page.getByText(/The chain would refuse it: NotHalted/).waitFor();

  // The hub knows other blocks of it than this node.
  const [own, recorded] = ['11', '22'].map((byte) => `0x${byte.repeat(32)}`);
  await again({ zone: { contradiction: { number: '0x4d2', own, recorded } } });
  const row = table(page, 'Chains').locator('tr', { hasText: 'market' });
  await row.getByText('two histories', { exact: true }).waitFor();
  await row.getByText('block 1,234 is another one on the hub').waitFor();
  await toZone();
  await page.getByText(/Believe neither, and send nothing of value/).waitFor();
  for (const words of [own, recorded, 'hansa --rpc ADDRESS zone status market']) await page.getByText(words).first().waitFor();
  await look('a zone of which the hub has other blocks');
  await believe(page, { zone: { contradiction: { number: '0x4d2', own, recorded }, upgrade: { startsAt: Math.floor(Date.now() / 1_000) + 86_400, followed: false, fork: 'fork-9', minSeverity: 4 } } });
  await page.reload();
  await page.getByText('Rules of Ethereum: fork-9 instead of osaka').waitFor();
  await page.getByText('Obeys alerts of: critical only instead of all severities').waitFor();
  await look('a zone with a change that this node does not know');
  await page.getByRole('link', { name: 'League', exact: true }).click();
  await page.getByText(/Zone market turns to rules that this node does not know/).waitFor();
  await page.getByText(/Block 1,234 of zone market is another one at this node than on the hub/).waitFor();
  await page.locator('li', { has: page.getByRole('link', { name: 'market', exact: true }) }).getByText('two histories').waitFor();
  await look('the league with a zone of which the hub has other blocks');
  assert.deepEqual(faults, []);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.context().close();
}
