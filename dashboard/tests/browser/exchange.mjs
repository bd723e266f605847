// What the exchange tells of an object, of a list, and to other tools.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessibility, open, overflow, visit } from './browser.mjs';
import { indicators, related } from './league.mjs';
import { table } from './steps.mjs';

const SECOND = 1_000;

/** Who published, when, and who signed the block of it; and how the objects of a list are connected. */
export async function provenance(browser, league) {
  const [tool, malware] = related();
  await league.publish(related(), 'member-1');
  const { page, faults } = await open(browser, league);
  await visit(page, league, `exchange/object/${tool.id}`);
  const versions = table(page, 'Versions');
  await versions.getByText(/[34] signatures of 4 seats/).waitFor();
  assert.ok((await versions.getByText(/^✓ “operator-\d”$/).count()) >= 3);
  assert.match(await versions.innerText(), /content fits/);
  assert.equal(await versions.locator('time').count(), 3);
  await visit(page, league, 'exchange?q=connected');
  await page.getByText(/^3 of [\d,]+ objects$/).waitFor();
  await page.getByText('How these are connected').click();
  await page.getByText('2 objects are connected; 3 of the list were looked at').waitFor();
  const lines = page.getByRole('list', { name: 'How these are connected' });
  assert.match(await lines.innerText(), /Connected malware uses Connected tool/);
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 900 });
    assert.deepEqual(await accessibility(page), [], `a graph of a list at ${width}`);
    assert.ok((await overflow(page)) <= 0, `a graph of a list at ${width} is wider than the screen`);
  }
  // Letters of the picture are as large as they say, on a narrow screen too.
  const letters = await page.locator('details svg text').first().evaluate((of) => of.getBoundingClientRect().height);
  assert.ok(letters >= 10, `the letters of the graph are ${letters} px high`);
  await lines.getByRole('link', { name: malware.name }).click();
  await page.getByRole('heading', { level: 1, name: malware.name }).waitFor();
  // A relationship is called by what it connects, and what it refers to has a name too.
  await visit(page, league, 'exchange?q=connected');
  await table(page, 'Objects').getByRole('link', { name: 'Connected malware uses Connected tool' }).click();
  await page.getByRole('heading', { level: 1, name: 'Connected malware uses Connected tool' }).waitFor();
  for (const { name } of [tool, malware]) assert.equal(await page.locator('section', { has: page.getByRole('heading', { name: 'Refers to' }) }).getByRole('link', { name, exact: true }).count(), 1);
  // An address in a pattern leads to the explorer, and properties read as words.
  await visit(page, league, `exchange/object/${indicators(1)[0].id}`);
  await page.getByText('Indicator types', { exact: true }).waitFor();
  await page.locator('main a[href*="#/chains/hub/address/0x00"]').first().waitFor();
  // What does not point anywhere is said to.
  await visit(page, league, `exchange?q=${encodeURIComponent(indicators(1)[0].id)}`);
  await page.getByText('How these are connected').click();
  await page.getByText('None of the objects that are listed points at another one of them.').waitFor();
  assert.deepEqual(faults, []);
  await page.context().close();
}

/** Order, filters and pages of the list have links, and the back button goes through them. */
export async function listed(browser, league) {
  const { page, faults } = await open(browser, league);
  await visit(page, league, 'exchange');
  const list = table(page, 'Objects');
  const at = (number) => page.getByText(new RegExp(`^page ${number} of \\d`)).waitFor();
  const sorted = (how) => list.locator(`th[aria-sort="${how}"]`).getByRole('button', { name: 'Object' }).waitFor();
  await at(1);
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  await at(2);
  assert.match(page.url(), /[?&]page=2$/);
  await list.getByRole('button', { name: 'Object' }).click();
  await sorted('ascending');
  // Another order begins at its first page.
  await at(1);
  assert.match(page.url(), /\?sort=title$/);
  await list.getByRole('button', { name: 'Object' }).click();
  await sorted('descending');
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  await at(2);
  const link = page.url();
  const first = await list.locator('tbody tr').first().innerText();
  const filter = page.getByRole('searchbox', { name: 'Filter objects' });
  await filter.pressSequentially('address 14');
  await at(1);
  assert.match(page.url(), /q=address\+14/);
  // All that was typed is one step.
  await page.goBack();
  await at(2);
  assert.equal(await filter.inputValue(), '');
  await page.goBack();
  await at(1);
  await sorted('descending');
  await page.goBack();
  await sorted('ascending');
  await page.goBack();
  await at(2);
  await sorted('none');
  await page.goForward();
  await sorted('ascending');
  await page.goto(link);
  await page.reload();
  await sorted('descending');
  await at(2);
  await list.getByText(first.split('\n')[0]).first().waitFor();
  // A page that is not there is the last one.
  await visit(page, league, 'exchange?q=address+14&page=99');
  await at(1);
  await visit(page, league, 'exchange?sort=nothing&page=x');
  await sorted('none');
  await at(1);
  assert.deepEqual(faults, []);
  await page.context().close();
}

/** Collections for other tools, which a member may see. */
export async function collections(browser, league) {
  const { page, faults } = await open(browser, league);
  await visit(page, league, 'exchange/feeds');
  await page.getByText('This node gives collections out to members only').waitFor();
  const signIn = async (password) => {
    await page.getByLabel('Member', { exact: true }).fill('member-1');
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Show the collections' }).click();
  };
  await signIn('not this one');
  await page.getByText('The node does not know this name with this password.').waitFor();
  await signIn(readFileSync(join(league.dir, 'password'), 'utf8').trim());
  const listed = table(page, 'Collections for other tools (TAXII 2.1)');
  await listed.getByText('All objects').waitFor();
  const row = listed.locator('tbody tr').first();
  await row.getByText(/^[\d,]+$/).first().waitFor({ timeout: 15 * SECOND });
  const counted = Number((await row.locator('td').nth(1).innerText()).replaceAll(',', ''));
  assert.ok(counted >= 151, `${counted} objects`);
  assert.match(await row.innerText(), /ago|just now/);
  assert.match(await row.innerText(), new RegExp(`${new URL(league.url).origin}/taxii2/league/collections/[0-9a-f-]{36}/`));
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 900 });
    assert.deepEqual(await accessibility(page), [], `collections at ${width}`);
    assert.ok((await overflow(page)) <= 0, `collections at ${width} are wider than the screen`);
  }
  // What is added is counted without another look at all.
  await league.publish(indicators(1, 900), 'member-1');
  await page.waitForFunction((before) => Number(document.querySelectorAll('div[role="region"][aria-label^="Collections"] tbody td')[1].textContent.replaceAll(',', '')) > before, counted, { timeout: 15 * SECOND });
  assert.deepEqual(faults, []);
  await page.context().close();
}
