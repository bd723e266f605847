// Stake that moves, and stake that is lost.
import assert from 'node:assert/strict';
import { accessibility, open, overflow, visit } from './browser.mjs';
import { connect, sign, table } from './steps.mjs';

const SECOND = 1_000;

/** Redelegates 2 ether from operator-1 to operator-3; the account has 7 with the former. */
export async function moves(browser, league, of) {
  const { page, faults } = await open(browser, league, { wallet: of });
  await visit(page, league, 'stake');
  await connect(page);
  await page.getByRole('combobox', { name: 'What', exact: true }).selectOption('redelegate');
  await page.getByRole('combobox', { name: 'From', exact: true }).selectOption({ label: '“operator-1”' });
  await page.getByRole('combobox', { name: 'To', exact: true }).selectOption({ label: '“operator-3”' });
  await page.getByLabel('Amount, ETH').fill('2');
  await page.getByRole('button', { name: 'Check and continue' }).click();
  await page.getByText(/leaves “operator-1” and goes to “operator-3”/).waitFor();
  await sign(page);
  const [{ unbonding }] = await league.call('hansa_delegations', [of.address]);
  assert.deepEqual([BigInt(unbonding[0].amount), unbonding[0].to], [2n * 10n ** 18n, 3]);
  await page.getByText(/to “operator-3” from epoch/).waitFor({ timeout: 5 * SECOND });
  const performance = table(page, 'Performance by epoch');
  await performance.getByText(/signed [1-9]\d* %/).first().waitFor();
  assert.match(await performance.innerText(), /made \d+ %/);
  assert.deepEqual(faults, []);
  await page.context().close();
}

/** Waits until they have unbonded, and completes the move. */
export async function completes(browser, league, { of, anybody }) {
  await league.hansa(['stake', 'operator', 'set-commission', '9%'], { as: 'member-3' });
  // Not of operator-3: what is on its way there would be released.
  await league.hansa(['stake', 'operator', 'set-risk', '8%'], { as: 'member-4' });
  const { page, faults } = await open(browser, league, { wallet: of });
  await visit(page, league, 'stake');
  const changes = table(page, 'Changes of operators');
  await changes.getByText('commission is 9 % now').waitFor();
  await changes.getByText(/a fault costs up to 8 % from epoch [1-9]/).waitFor();
  assert.match(await changes.innerText(), /operator-4[^]*operator-3/);
  await table(page, 'Operators').locator('tr', { hasText: 'operator-3' }).getByText('9 %', { exact: true }).waitFor();
  await connect(page);
  const [{ unbonding: [{ claimableAt }] }] = await league.call('hansa_delegations', [of.address]);
  await league.untilEpoch(claimableAt, anybody);
  await page.getByRole('button', { name: 'Complete the move' }).click();
  await page.getByText(/2 ETH have unbonded and are delegated to their new operator/).waitFor();
  await page.getByRole('button', { name: 'Sign in wallet' }).click();
  await table(page, 'Delegations').locator('tbody tr').nth(1).waitFor({ timeout: 20 * SECOND });
  const positions = await league.call('hansa_delegations', [of.address]);
  assert.deepEqual(positions.map(({ operatorId, amount, unbonding }) => [operatorId, BigInt(amount), unbonding.length]), [[1, 5n * 10n ** 18n, 0], [3, 2n * 10n ** 18n, 0]]);
  assert.equal(await page.getByRole('button', { name: 'Complete the move' }).count(), 0);
  assert.deepEqual(faults, []);
  await page.context().close();
}

/** Has operator-2 slashed, and its owner appeal. */
export async function slashed(browser, league, { finder, owner }) {
  const epoch = await league.slash('operator-2', finder);
  const { page, faults } = await open(browser, league, { wallet: owner });
  await visit(page, league, 'stake');
  await connect(page);
  await table(page, 'Slashes').getByRole('link', { name: 'Slash 1' }).click();
  await page.getByRole('heading', { level: 1, name: /Slash 1 pending/ }).waitFor();
  await page.getByText(`“operator-2” signed two different blocks for one view (view 7 of epoch ${epoch})`).waitFor();
  const votes = table(page, 'The two votes');
  await votes.getByText('no block of the chain').nth(1).waitFor();
  const { key } = (await league.call('hansa_operators')).operators[1];
  await votes.locator(`[title="${key}"]`).nth(1).waitFor();
  const text = await votes.innerText();
  assert.match(text, /notarize[^]*notarize/);
  assert.match(text, /Block\s+differs\s+0x01010101…010101\s+0x02020202…020202/);
  await page.getByRole('link', { name: /^0x/ }).last().waitFor();
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 900 });
    assert.deepEqual(await accessibility(page), [], `a slash at ${width}`);
    assert.ok((await overflow(page)) <= 0, `a slash at ${width} is wider than the screen`);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  // Its owner appeals; members decide.
  await page.getByText(/Of the connected account it takes 100 ETH/).waitFor();
  await page.getByRole('button', { name: 'Appeal', exact: true }).click();
  await page.getByText(/The bond comes back if more than half of them reverse the slash/).waitFor();
  await page.getByRole('button', { name: 'Sign in wallet' }).click();
  await page.getByText(/It is appealed\. Members decide/).waitFor({ timeout: 20 * SECOND });
  for (const as of ['member-3', 'member-4']) await league.hansa(['evidence', 'approve', '1'], { as });
  await page.getByText('2 of 4 approve the appeal').waitFor();
  await page.getByRole('button', { name: 'Approve the appeal' }).click();
  await page.getByRole('button', { name: 'Sign in wallet' }).click();
  await page.getByText('Members have reversed it: nothing is lost.').waitFor({ timeout: 20 * SECOND });
  assert.equal((await league.call('hansa_slashes')).slashes[0].state, 'reversed');
  // What a contract hands in is found in the calls inside of the transaction.
  await league.slash('operator-3', finder, { byContract: true });
  await visit(page, league, 'stake/slash/2');
  await page.getByText('“operator-3” signed two different blocks for one view').waitFor();
  await votes.getByText('no block of the chain').nth(1).waitFor();
  assert.deepEqual(faults, []);
  await page.context().close();
}
