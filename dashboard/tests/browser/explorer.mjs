// The list of chains, and addresses: what they hold, what they wrote, and pages that a link names.
import assert from 'node:assert/strict';
import { toFunctionSelector } from 'viem';
import { accessibility, open, overflow, settle, visit } from './browser.mjs';
import { SPARED } from './league.mjs';
import { table } from './steps.mjs';

const BLOCKED_THERE = '0x00000000000000000000000000000000000d0D0D';
const STAKING = '0x48414e5341000000000000000000000000000001';
const EXCHANGE = '0x48414e5341000000000000000000000000000004';

/** Lets the page believe that the node does not run a zone. */
async function withoutZone(page, name) {
  await page.route('**/rpc', async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    // What every page asks first is asked in one request.
    const calls = [route.request().postDataJSON()].flat().filter((call) => call?.method === 'hansa_zones');
    for (const { id } of calls) {
      const answer = [json].flat().find((answer) => answer.id === id);
      answer.result = answer.result.map((zone) => (zone.name === name ? { ...zone, serves: false, path: null } : zone));
    }
    await route.fulfill({ response, json });
  });
}

/** What a contradiction of these seats costs at least, wei: of as many as two quorums share, the cheapest fault of those for whom it costs least. */
async function answering(league, seats) {
  const { operators } = await league.call('hansa_operators');
  const parameters = await league.call('eth_call', [{ to: STAKING, data: toFunctionSelector('parameters()') }, 'latest']);
  // Words 13 to 15: `slashBps`.
  const slashes = [13, 14, 15].map((word) => Number(`0x${parameters.slice(2 + word * 64, 66 + word * 64)}`));
  const costs = seats.map(({ operator, operatorId = operator, stake }) => {
    const own = Object.values(operators.find(({ id }) => id === operatorId).riskBps);
    return (BigInt(stake) * BigInt(Math.min(...own, ...slashes))) / 10_000n;
  });
  const common = costs.length - 2 * Math.floor((costs.length - 1) / 3);
  return costs.sort((a, b) => (a < b ? -1 : 1)).slice(0, common).reduce((sum, one) => sum + one, 0n);
}

/** Seats, guard and directives of each chain; grid obeys critical alerts only, and one is accepted. */
export async function chains(browser, league) {
  const { page, faults } = await open(browser, league);
  await visit(page, league, 'chains');
  const list = table(page, 'Chains');
  const row = (name) => list.locator('tr', { hasText: name });
  await row('grid').getByText(/critical only, .* at most/).waitFor();
  await row('hub').getByText(/all severities, .* at most/).waitFor();
  for (const name of ['hub', 'market', 'grid']) await row(name).getByText(/^[1-9]\d* now/).waitFor();
  // What answers is by one rule for all: the page follows it for the hub, and the node tells it of zones.
  const shown = async (name) => Number((await row(name).locator('td').nth(6).getByText(/ETH/).innerText()).replace(/[^\d.]/g, ''));
  const market = await league.call('hansa_zone', ['market']);
  assert.equal(await answering(league, market.committee), BigInt(market.answers));
  const { seats } = await league.call('hansa_committee');
  for (const [name, answers] of [['hub', await answering(league, seats)], ['market', BigInt(market.answers)]]) assert.equal(await shown(name), Number(answers / 10n ** 16n) / 100, name);
  // What its warden decides is seen as it happens.
  await visit(page, league, 'chains/market');
  const policy = page.locator('section', { hasText: 'Its own policy' }).last();
  const named = (address) => policy.locator(`[title="${address}"]`);
  await named(SPARED).waitFor();
  await policy.getByText('member-1').or(named(league.members[0].address)).first().waitFor();
  assert.equal(await named(BLOCKED_THERE).count(), 0);
  await league.hansa(['zone', 'guard', 'market', '--block', BLOCKED_THERE, '--for', '2h'], { as: 'member-1' });
  await named(BLOCKED_THERE).waitFor();
  await visit(page, league, 'chains');
  await withoutZone(page, 'grid');
  await page.reload();
  await row('grid').getByText('not on this node').waitFor();
  await row('grid').getByText(/critical only/).waitFor();
  await row('grid').getByRole('link', { name: 'grid' }).click();
  await page.getByRole('heading', { level: 1, name: 'grid' }).waitFor();
  await page.getByText(/What follows is what the hub knows of it/).waitFor();
  await page.getByText('no rent: it is not used up').first().waitFor();
  const listed = table(page, 'Committee').locator('tbody tr');
  await listed.nth(3).waitFor();
  assert.equal(await listed.count(), 4);
  await table(page, 'Security and value').getByText('grid').waitFor();
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 900 });
    await settle(page);
    assert.deepEqual(await accessibility(page), [], `a zone elsewhere at ${width}`);
    assert.ok((await overflow(page)) <= 0, `a zone elsewhere at ${width} is wider than the screen`);
  }
  assert.deepEqual(faults, []);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.context().close();
}

/** Tokens of an address, arguments of its logs, and pages that the back button turns. */
export async function addresses(browser, league, { holder }) {
  const { page, faults } = await open(browser, league);
  await visit(page, league, `chains/hub/address/${holder}`);
  const tokens = table(page, 'Tokens');
  await tokens.getByText('1.25 BRT').waitFor();
  await tokens.getByRole('link', { name: 'BRT' }).click();
  await page.getByRole('heading', { level: 1, name: 'Barter' }).waitFor();
  await page.goBack();
  await tokens.getByText('ERC-20').waitFor();
  // What a module wrote, with its arguments.
  await visit(page, league, `chains/hub/address/${EXCHANGE}`);
  const logs = page.getByRole('list', { name: 'Logs' });
  await logs.getByText('ObjectPublished').first().waitFor();
  await logs.getByText('objectType').first().waitFor();
  await page.getByRole('link', { name: 'Older' }).last().click();
  await page.waitForURL(/[?&]logs=\d+/);
  await page.getByRole('heading', { name: /^Logs before block/ }).waitFor();
  const older = page.url();
  await page.goBack();
  await page.getByRole('heading', { name: 'Logs', exact: true }).waitFor();
  await page.goto(older);
  await page.getByRole('heading', { name: /^Logs before block/ }).waitFor();
  await page.getByRole('link', { name: 'Newest' }).click();
  await page.getByRole('heading', { name: 'Logs', exact: true }).waitFor();
  assert.deepEqual(faults, []);
  await page.context().close();
}
