// What the page does while its node is away.
import assert from 'node:assert/strict';
import { open, visit } from './browser.mjs';

const SECOND = 1_000;
const PAGES = ['Chains', 'Exchange', 'Stake', 'Messages', 'Node'];

const away = (page) => page.getByText(/The connection to the node was lost/).waitFor({ timeout: 15 * SECOND });
const back = (page) => page.getByText('● Live').waitFor({ timeout: 40 * SECOND });
const go = (page, name) => page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();

/** Pages that nobody has opened are there all the same; and the league is judged as of the loss, not as if the hub stood. */
export async function keepsPages(browser, league) {
  const { page, faults } = await open(browser, league);
  await visit(page, league, 'league');
  await page.getByText('Healthy').waitFor({ timeout: 30 * SECOND });
  // Their code comes when the browser is idle.
  await page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => /\/node-[^/]*\.js$/.test(name)), null, { timeout: 20 * SECOND });
  await page.waitForTimeout(SECOND);
  await league.operator('operator-1', 'down');
  await away(page);
  await page.getByText(/^unknown since/).waitFor();
  // Longer than a hub may be silent.
  await page.waitForTimeout(20 * SECOND);
  const health = page.locator('section[aria-label="Health"]');
  assert.equal(await page.getByText(/made no block for|does not answer/).count(), 0);
  assert.doesNotMatch(await health.innerText(), /Chains up\s+0\b/);
  for (const name of PAGES) {
    await go(page, name);
    await page.getByRole('heading', { level: 1, name, exact: true }).or(page.getByText('The node was not reached').first()).first().waitFor();
    assert.equal(await page.getByText(/This part of the page failed|cannot come/).count(), 0, name);
  }
  await league.operator('operator-1', 'up');
  await back(page);
  await go(page, 'League');
  await page.getByText('Healthy').waitFor({ timeout: 40 * SECOND });
  assert.deepEqual(faults, []);
  await page.context().close();
}

/** A page whose code had no time to come says so, and comes by itself. */
export async function fetchesPages(browser, league) {
  const { page, faults } = await open(browser, league);
  // This browser is never idle.
  await page.addInitScript(() => {
    globalThis.requestIdleCallback = () => 0;
  });
  await visit(page, league, 'league');
  await back(page);
  await league.operator('operator-1', 'down');
  await away(page);
  await go(page, 'Chains');
  await page.getByText('The node is not there, so this part of the page cannot come.').waitFor();
  await league.operator('operator-1', 'up');
  await page.getByRole('heading', { level: 1, name: 'Chains', exact: true }).waitFor({ timeout: 40 * SECOND });
  // What a node does not have any more, as after an upgrade, does not come by waiting.
  await page.route(/\/stake-[^/]*\.js$/, (route) => route.fulfill({ status: 404, body: '' }));
  await go(page, 'Stake');
  await page.getByText(/did not come, although the node is there/).waitFor();
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.getByRole('button', { name: 'Reload the page' }).click();
  await page.getByRole('heading', { level: 1, name: 'Stake', exact: true }).waitFor({ timeout: 20 * SECOND });
  assert.deepEqual(faults, []);
  await page.context().close();
}
