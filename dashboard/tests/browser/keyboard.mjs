// Without a mouse: everything on each page is reached, what has the focus is seen, and a dialog keeps it and gives it back.
import assert from 'node:assert/strict';
import { open, settle, visit } from './browser.mjs';

/** More stops than this on one page are a trap. */
const MOST_STOPS = 1_500;
const SECOND = 1_000;

/** Marks all that can be used, and gives how much there is. What the page adds later is not looked for. */
const mark = (page) =>
  page.evaluate(() => {
    const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')].filter((of) => of.tabIndex >= 0 && !of.disabled && of.checkVisibility({ visibilityProperty: true }) && !of.closest('[inert]'));
    all.forEach((of, index) => of.setAttribute('data-stop', String(index)));
    document.activeElement?.blur();
    return all.length;
  });

/** Where the focus is: the number of the mark, whether it is seen, and what it is. */
const where = (page) =>
  page.evaluate(() => {
    const of = document.activeElement;
    if (!of || of === document.body) return null;
    const seen = (style) => style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0;
    return { stop: of.getAttribute('data-stop'), isSeen: seen(getComputedStyle(of)), what: of.outerHTML.slice(0, 160) };
  });

/** Presses Tab until all that was marked had the focus. */
async function walk(page, name) {
  const all = await mark(page);
  assert.ok(all > 5, `${name} has only ${all} stops`);
  const reached = new Set();
  let ends = 0;
  for (let press = 0; press < MOST_STOPS && reached.size < all; press += 1) {
    await page.keyboard.press('Tab');
    const at = await where(page);
    // Past the last one the focus leaves the page, and begins anew: a page begins at its title, so twice.
    if (!at) {
      ends += 1;
      if (ends === 2) break;
      continue;
    }
    assert.ok(at.isSeen, `${name}: the focus is not seen on ${at.what}`);
    if (at.stop !== null) reached.add(at.stop);
  }
  // What is gone by now, or hidden, need not be reached.
  const missed = await page.evaluate((seen) => [...document.querySelectorAll('[data-stop]')].filter((of) => !seen.includes(of.getAttribute('data-stop')) && of.checkVisibility({ visibilityProperty: true })).map((of) => of.outerHTML.slice(0, 160)), [...reached]);
  assert.deepEqual(missed, [], `${name}: the keyboard does not reach these`);
}

/** Each page, from its first stop to its last. */
export async function walks(browser, league, routes) {
  const names = Object.keys(routes);
  const some = async (mine) => {
    const { page, faults, context } = await open(browser, league);
    for (const name of mine) {
      await visit(page, league, routes[name]);
      await settle(page);
      await walk(page, name);
    }
    assert.deepEqual(faults, []);
    await context.close();
  };
  await Promise.all([some(names.filter((_, index) => index % 2 === 0)), some(names.filter((_, index) => index % 2 === 1))]);
}

/** A chart: arrows go from block to block, and what is pointed at is said and stays the same while newer blocks come. */
export async function reads(browser, league) {
  const { page, faults, context } = await open(browser, league);
  await visit(page, league, 'chains/hub');
  const chart = page.getByRole('slider', { name: 'Base fee' });
  await chart.waitFor();
  const says = async () => {
    const [, fee, block] = /^([^,]*), Block ([\d,]+), .*\d{2}:\d{2}/.exec(await chart.getAttribute('aria-valuetext')) ?? [];
    assert.ok(fee, `a chart says ${await chart.getAttribute('aria-valuetext')}`);
    return Number(block.replace(/,/g, ''));
  };
  const press = async (key) => {
    await page.keyboard.press(key);
    await page.waitForTimeout(100);
    return says();
  };
  await chart.focus();
  // A block that has only just come has its time a moment later.
  await page.waitForFunction((of) => /\d{2}:\d{2}/.test(of?.getAttribute('aria-valuetext') ?? ''), await chart.elementHandle());
  const newest = await says();
  assert.equal(await press('ArrowLeft'), newest - 1);
  assert.equal(await press('ArrowLeft'), newest - 2);
  assert.equal(await press('ArrowRight'), newest - 1);
  // What is above the chart, for the eye, is of the same block; and so it is after newer ones have come.
  await page.waitForTimeout(3 * SECOND);
  assert.equal(await says(), newest - 1);
  const shown = await chart.locator('xpath=preceding-sibling::p[1]').innerText();
  assert.ok(shown.includes(`Block ${(newest - 1).toLocaleString('en')}`), `above the chart: ${shown}`);
  assert.ok((await press('Home')) < newest - 1);
  assert.ok((await press('End')) > newest);
  assert.deepEqual(faults, []);
  await context.close();
}

/** The dialog of wallets, what is asked before signing, and the panel of the incident. */
export async function keeps(browser, league, wallet) {
  const { page, faults, context } = await open(browser, league, { wallet });
  await visit(page, league, 'league');
  const button = page.getByRole('button', { name: 'Connect wallet' });
  const isFocused = (of) => of.evaluate((element) => element === document.activeElement);
  const text = () => page.evaluate(() => document.activeElement?.textContent ?? '');
  await button.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Connect wallet' });
  await dialog.getByRole('button', { name: 'Test wallet' }).waitFor();
  for (let press = 0; press < 6; press += 1) {
    await page.keyboard.press('Tab');
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null), `the focus left the dialog for ${await text()}`);
  }
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  assert.ok(await isFocused(button), 'the dialog did not give the focus back');
  // By the keyboard alone: connected, and asked before it signs.
  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'Test wallet' }).focus();
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: /^Wallet 0x/ }).waitFor();
  await visit(page, league, 'messages');
  await page.getByLabel('Amount, ETH').fill('1');
  await page.getByRole('button', { name: 'Check and continue' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Sign in wallet' }).waitFor({ timeout: 10 * SECOND });
  await page.keyboard.press('Tab');
  assert.ok(await page.evaluate(() => document.activeElement.closest('[aria-live]') !== null), `after a check the focus is at ${await text()}`);
  // The incident opens below its button, and closes to it.
  await visit(page, league, 'league');
  const simulate = page.getByRole('button', { name: 'Simulate an incident' });
  await simulate.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Close' }).focus();
  await page.keyboard.press('Enter');
  assert.ok(await isFocused(simulate), 'the incident did not give the focus back');
  assert.deepEqual(faults, []);
  await context.close();
}
