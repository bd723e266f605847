// What is seen does not move while the rest of a page comes (cumulative layout shift).
import assert from 'node:assert/strict';
import { open, settle, visit } from './browser.mjs';

/** Of one page: a tenth is what counts as good for the web. */
const MOST = 0.02;
/** What comes late comes within this. */
const LATE_MS = 700;

/** Notes each shift. Rows of the newest blocks and transactions move down with each new one, on purpose. */
const watch = () => {
  globalThis.__shifts = [];
  const isRow = ({ node }) => node instanceof Element && node.matches('tr.fresh');
  new PerformanceObserver((list) => {
    for (const of of list.getEntries()) {
      if (of.sources.length > 0 && of.sources.every(isRow)) continue;
      globalThis.__shifts.push([of.value, of.sources.map(({ node, previousRect: { y }, currentRect: { y: now } }) => `${(node instanceof Element ? node : node?.parentElement)?.outerHTML.slice(0, 120)} from ${Math.round(y)} to ${Math.round(now)}`)]);
    }
  }).observe({ type: 'layout-shift', buffered: true });
};

/** Each page, opened by its link. */
export async function stands(browser, league, routes) {
  for (const width of [1280, 360]) {
    const { page, context } = await open(browser, league, { width });
    await page.addInitScript(watch);
    let worst = [0, ''];
    for (const [name, route] of Object.entries(routes)) {
      // Not by a change of what follows the #: the page is to begin anew.
      await page.goto('about:blank');
      await visit(page, league, route);
      await settle(page);
      await page.waitForTimeout(LATE_MS);
      const shifts = await page.evaluate(() => globalThis.__shifts);
      const all = shifts.reduce((sum, [value]) => sum + value, 0);
      if (all > worst[0]) worst = [all, name];
      const [, what] = shifts.sort(([a], [b]) => b - a)[0] ?? [];
      assert.ok(all < MOST, `${name} at ${width} shifts by ${all.toFixed(3)}: ${what?.join('; ')}`);
    }
    console.log(`at ${width} the page that shifts most, by ${worst[0].toFixed(4)}, is ${worst[1]}`);
    await context.close();
  }
}
