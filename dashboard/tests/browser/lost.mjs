// What the page does while its node is away.
import assert from 'node:assert/strict';
import { open, visit } from './browser.mjs';

const SECOND = 1_000;
const PAGES = ['Chains', 'Exchange', 'Stake', 'Messages', 'Node'];

async function away(page, league) {
  await league.operator('operator-1', 'down');
  await page.getByText(/The connection to the node was lost/).waitFor({ timeout: 15 * SECOND });
}
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
  await away(page, league);
  try {
    await page.getByText(/^unknown since/).waitFor();
    // What is said of the chains is what it was then, also when a hub has been silent for too long.
    const said = async () => [await page.getByText(/made no block for|Zone \S+ does not answer/).allInnerTexts(), await page.locator('dt', { hasText: 'Chains up' }).locator('xpath=following-sibling::dd[1]').innerText()];
    const then = await said();
    await page.waitForTimeout(20 * SECOND);
    assert.deepEqual(await said(), then);
    assert.notEqual(then[1], '0');
    for (const name of PAGES) {
      await go(page, name);
      await page.getByRole('heading', { level: 1, name, exact: true }).or(page.getByText('The node was not reached')).first().waitFor();
      assert.equal(await page.getByText(/This part of the page failed|cannot come/).count(), 0, name);
    }
  } finally {
    await league.operator('operator-1', 'up');
  }
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
  await away(page, league);
  try {
    await go(page, 'Chains');
    await page.getByText('The node is not there, so this part of the page cannot come.').waitFor();
  } finally {
    await league.operator('operator-1', 'up');
  }
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
