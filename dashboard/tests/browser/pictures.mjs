// Pictures of each page, wide and narrow, dark and light, for who looks at them; and those that the README shows (dashboard/pictures).
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open, settle, visit } from './browser.mjs';
import { believe, halted } from './halted.mjs';
import { drainer, samples, warning } from './samples.mjs';
import { connect, incident } from './steps.mjs';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '../../screenshots');
const SECOND = 1_000;
/** What grows and fades is done after this. */
const STILL_MS = 900;
/** The README's have this quality, %, and are as wide. */
const JPEG = { type: 'jpeg', quality: 85 };
const README_WIDTH = 1_200;

/** What the league has for pictures, besides what tests have. */
export const sampled = { objects: samples, alerts: [drainer, warning] };

const kinds = [[1280, 'wide'], [360, 'narrow']].flatMap(([width, shape]) => ['light', 'dark'].map((scheme) => ({ width, scheme, kind: `${shape}-${scheme}` })));

/** A header that stays at the top of a window would stand in the middle of a picture of all of the page. */
const whole = async (page, name) => {
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: true });
};

/** Pages by their routes, in each kind. */
async function each(browser, league, routes, more = async () => undefined) {
  for (const { width, scheme, kind } of kinds) {
    const { page, context } = await open(browser, league, { width, scheme });
    for (const [name, route] of Object.entries(routes)) {
      await visit(page, league, route);
      await settle(page);
      await page.waitForTimeout(STILL_MS);
      await whole(page, `${name}-${kind}`);
    }
    await more(page, kind);
    await context.close();
  }
}

/** What nobody sees by opening a page: what is asked before signing, what there is to choose, what is wrong. */
async function acts(browser, league, wallet) {
  for (const { width, scheme, kind } of kinds) {
    const { page, context } = await open(browser, league, { width, scheme, wallet });
    await visit(page, league, 'stake');
    await page.getByRole('button', { name: 'Connect wallet' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Test wallet' }).waitFor();
    await page.screenshot({ path: join(FOLDER, `wallet-${kind}.png`) });
    await page.keyboard.press('Escape');
    await connect(page);
    await page.getByLabel('Amount, ETH').fill('7');
    await page.getByRole('button', { name: 'Check and continue' }).click();
    await page.getByRole('button', { name: 'Sign in wallet' }).waitFor();
    await whole(page, `delegate-${kind}`);
    await visit(page, league, 'messages?to=grid');
    await page.getByLabel('Amount, ETH').fill('2.5');
    await page.getByRole('button', { name: 'Check and continue' }).click();
    await page.getByRole('button', { name: 'Sign in wallet' }).waitFor();
    await whole(page, `bridge-${kind}`);
    await page.getByRole('searchbox', { name: 'Search' }).fill('3');
    await page.keyboard.press('Enter');
    await page.getByText('Which one?').waitFor();
    await page.screenshot({ path: join(FOLDER, `search-${kind}.png`) });
    const contradiction = { number: '0x4d2', own: `0x${'11'.repeat(32)}`, recorded: `0x${'22'.repeat(32)}` };
    const head = Number(await league.call('eth_blockNumber'));
    await believe(page, { zone: { ...halted(Date.now()), contradiction }, heights: { reseedsAt: head + 400, stopsAt: head + 90_000 } });
    for (const [name, route] of [['trouble', 'league'], ['halted', 'chains/market']]) {
      await visit(page, league, route);
      await page.reload();
      await page.locator('h1').first().waitFor();
      await settle(page);
      await page.waitForTimeout(STILL_MS);
      await whole(page, `${name}-${kind}`);
    }
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
  }
}

/** The three that the README shows. */
async function readme(browser, league) {
  const { page, context } = await open(browser, league, { width: README_WIDTH, height: 1_000 });
  const take = (name, more = {}) => page.screenshot({ path: join(FOLDER, `${name}.jpg`), ...JPEG, ...more });
  await visit(page, league, 'league');
  await page.getByText(/\d+ messages? in and \d+ out/).first().waitFor();
  await page.waitForTimeout(STILL_MS);
  await take('league');
  await visit(page, league, 'exchange');
  await settle(page);
  await page.waitForTimeout(STILL_MS);
  await take('exchange');
  await page.setViewportSize({ width: README_WIDTH, height: 1_100 });
  await visit(page, league, 'league');
  await incident(page);
  await page.getByRole('heading', { name: 'Simulated incident' }).evaluate((of) => window.scrollTo(0, of.getBoundingClientRect().top + window.scrollY - document.querySelector('header').offsetHeight - 24));
  await page.waitForTimeout(STILL_MS);
  await take('incident');
  await context.close();
}

export async function pictures(browser, league, routes, wallet) {
  mkdirSync(FOLDER, { recursive: true });
  await readme(browser, league);
  const around = samples.find(({ type }) => type === 'campaign').id;
  await each(browser, league, { ...routes, object: `exchange/object/${around}` }, async (page, kind) => {
    await visit(page, league, 'exchange');
    await settle(page);
    await page.getByText('How these are connected').click();
    await page.waitForTimeout(SECOND + STILL_MS);
    await whole(page, `graph-${kind}`);
    await visit(page, league, 'league');
    await incident(page);
    await whole(page, `incident-${kind}`);
  });
  await acts(browser, league, wallet);
  // A slash bars its operator: it is made when all else has been seen in order.
  await league.slash('operator-2', wallet);
  await each(browser, league, { slash: 'stake/slash/1', slashes: 'stake' });
  console.log(`pictures are in ${FOLDER}`);
}
