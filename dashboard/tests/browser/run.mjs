// The browser suite: each page of the dashboard, against a real league that this starts. `--screenshots` writes pictures instead.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { encodeFunctionData } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { accessibility, launch, open, overflow, settle, visit } from './browser.mjs';
import { barter } from './contract.mjs';
import { collections, listed, provenance } from './exchange.mjs';
import { addresses, chains } from './explorer.mjs';
import { halts } from './halted.mjs';
import { keeps, reads, walks } from './keyboard.mjs';
import { HOSTILE, HOSTILE_ID, indicators, League, trickToken } from './league.mjs';
import { fetchesPages, keepsPages } from './lost.mjs';
import { pictures, sampled } from './pictures.mjs';
import { stands } from './shift.mjs';
import { completes, moves, slashed } from './stake.mjs';
import { connect, incident, sign, table } from './steps.mjs';

const PICTURES = process.argv.includes('--screenshots');
const PORT_BASE = Number(process.env.HANSA_TEST_PORTS ?? 23_500);
const MNEMONIC = 'test test test test test test test test test test test junk';
/** The second development account, and the second member: everybody has their keys. */
const SOMEBODY = mnemonicToAccount(MNEMONIC, { addressIndex: 1 });
const MEMBER = mnemonicToAccount(MNEMONIC, { accountIndex: 1, addressIndex: 1 });
/** The fourth development account makes the token; the third holds some. */
const MAKER = mnemonicToAccount(MNEMONIC, { addressIndex: 3 });
const HOLDER = mnemonicToAccount(MNEMONIC, { addressIndex: 2 });
/** Objects that the list has to carry. */
const MANY = 10_000;
const SECOND = 1_000;

let league;
let browser;
let routes;
let token;

/** A token with transfers, and a call of something that no standard has. */
async function makeToken() {
  const { abi, code } = barter();
  const { contractAddress: to } = await league.send(MAKER, { data: code });
  const send = (functionName, args) => league.send(MAKER, { to, data: encodeFunctionData({ abi, functionName, args }) });
  await send('mint', [MAKER.address, 5_000_000n]);
  await send('transfer', [HOLDER.address, 1_250_000n]);
  const { transactionHash } = await send('barter', [7n, 9n]);
  return { abi, address: to, call: transactionHash };
}

async function places() {
  const logs = await league.call('eth_getLogs', [{ fromBlock: '0x0', address: '0x48414e5341000000000000000000000000000006' }]);
  const block = await league.call('eth_getBlockByNumber', [logs[0].blockNumber, true]);
  const left = await league.call('eth_getLogs', [{ fromBlock: '0x0', address: '0x48414e5341000000000000000000000000000006' }], '/zones/market');
  const [{ address }] = league.members;
  return {
    league: 'league',
    chains: 'chains',
    hub: 'chains/hub',
    zone: 'chains/market',
    block: `chains/hub/block/${Number(block.number)}`,
    transaction: `chains/hub/tx/${block.transactions[0].hash}`,
    address: `chains/hub/address/${address}`,
    exchange: 'exchange',
    token: `chains/hub/token/${token.address}`,
    feeds: 'exchange/feeds',
    raise: `exchange/raise?object=${indicators(1)[0].id}&target=0x${'bad0'.repeat(10)}`,
    object: `exchange/object/${indicators(1)[0].id}`,
    hostile: `exchange/object/${HOSTILE_ID}`,
    publish: 'exchange/publish',
    alerts: 'exchange/alerts',
    alert: 'exchange/alert/1',
    stake: `stake?address=${address}`,
    operator: 'stake/operator/1',
    messages: 'messages',
    message: `messages/${left[0].transactionHash}`,
    node: 'node',
  };
}

before(async () => {
  league = await League.start(PORT_BASE);
  await league.populate(PICTURES ? sampled : {});
  token = await makeToken();
  browser = await launch();
  routes = await places();
}, { timeout: 300 * SECOND });

after(async () => {
  await browser?.close();
  await league?.stop();
});

if (PICTURES) {
  test('screenshots', () => pictures(browser, league, routes, SOMEBODY));
} else {
  test('each page, wide and narrow: no fault, nothing asked elsewhere, no serious finding of axe, nothing wider than the screen', async () => {
    const look = async (width, scheme) => {
      const { page, faults, context } = await open(browser, league, { width, scheme });
      for (const [name, route] of Object.entries(routes)) {
        await visit(page, league, route);
        await settle(page);
        assert.deepEqual(await accessibility(page), [], `${name} at ${width}`);
        assert.ok((await overflow(page)) <= 0, `${name} at ${width} is wider than the screen`);
        // The node's own log and settings have the names as they are.
        if (name !== 'node') assert.doesNotMatch(await page.locator('main').innerText(), /(?<!“)operator-\d/, `${name} at ${width} has the name of an operator without quotes`);
        assert.deepEqual(faults, [], `${name} at ${width}`);
      }
      await context.close();
    };
    await Promise.all([look(1280, 'light'), look(360, 'dark')]);
  });

  test('each page stands still while it comes', { timeout: 240 * SECOND }, () => stands(browser, league, routes));

  test('the league page: interactive within a second, health in numbers and words, blocks as they come', async () => {
    const { page } = await open(browser, league);
    const begun = Date.now();
    await page.goto(`${league.url}#/league`);
    await page.getByRole('button', { name: 'Simulate an incident' }).waitFor();
    const tookMs = Date.now() - begun;
    console.log(`interactive after ${tookMs} ms`);
    assert.ok(tookMs < 3 * SECOND, `interactive after ${tookMs} ms`);
    await page.getByText('Healthy').waitFor();
    await page.getByText(/4 operators with 8,040 ETH at stake secure 3 chains/).waitFor();
    const height = () => page.locator('dl dd').first().innerText();
    const old = await height();
    await page.waitForFunction((before) => document.querySelector('dl dd').textContent !== before, old, { timeout: 12 * SECOND });
    await page.getByRole('button', { name: 'Send a test transaction' }).click();
    await page.getByText(/Final \d+ ms after it was sent|Final [\d.]+ s after it was sent/).waitFor({ timeout: 15 * SECOND });
    await page.getByText(/last hour [\d.]+ m?s/).first().waitFor();
    await page.getByText(/\d+ messages? in and \d+ out/).first().waitFor();
    // Who serves which zone, in the picture and in words.
    await page.getByText('serves market, grid').first().waitFor();
    assert.equal(await page.getByText('serves market, grid').count(), 4);
    for (const zone of ['market', 'grid']) assert.equal(await page.locator(`svg line[data-serves="${zone}"]`).count(), 4, zone);
    await page.context().close();
  });

  test('what the node refuses is said in plain words, and in its own behind details', async () => {
    const { page, faults } = await open(browser, league);
    await visit(page, league, 'league');
    await page.route('**/rpc', async (route) => {
      const asked = route.request().postDataJSON();
      if (!/^eth_sendRawTransaction/.test(asked?.method ?? '')) return route.fallback();
      return route.fulfill({ json: { jsonrpc: '2.0', id: asked.id, error: { code: -32_000, message: 'txpool is full' } } });
    });
    await page.getByRole('button', { name: 'Send a test transaction' }).click();
    await page.getByText('The node has too many transactions waiting.').waitFor();
    await page.getByText('Details', { exact: true }).click();
    await page.getByText('txpool is full').waitFor();
    await page.setViewportSize({ width: 360, height: 900 });
    assert.deepEqual(await accessibility(page), []);
    assert.ok((await overflow(page)) <= 0, 'what was refused is wider than the screen');
    // It is gone with the next attempt.
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.getByRole('button', { name: 'Send a test transaction' }).click();
    await page.getByText(/Final .* after it was sent/).waitFor({ timeout: 20 * SECOND });
    assert.equal(await page.getByRole('alert').count(), 0);
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  test('an idle page asks only for what changes, and each figure says how old it is', async () => {
    const { page } = await open(browser, league);
    await visit(page, league, 'league');
    await settle(page);
    await page.waitForTimeout(3 * SECOND);
    const asked = [];
    page.on('request', (request) => asked.push(request.postData() ?? ''));
    const before = Number(await league.call('eth_blockNumber'));
    await page.waitForTimeout(8 * SECOND);
    const blocks = Number(await league.call('eth_blockNumber')) - before;
    const times = (method) => asked.filter((body) => body.includes(`"${method}"`)).length;
    // With each block they were asked for once, and alerts three times.
    assert.ok(blocks >= 3, `only ${blocks} blocks`);
    assert.ok(times('hansa_zones') <= 1, `zones were asked for ${times('hansa_zones')} times in ${blocks} blocks`);
    assert.ok(times('hansa_status') <= 2, `the status was asked for ${times('hansa_status')} times`);
    assert.ok(times('eth_call') <= 5, `views were asked for ${times('eth_call')} times in ${blocks} blocks`);
    assert.ok(times('hansa_finality') >= 2, 'finality did not follow the blocks');
    const ages = await page.locator('section[aria-label="Health"] dd', { hasText: /ago$|just now/ }).count();
    assert.equal(ages, 7);
    await page.context().close();
  });

  test('an incident, end to end, by real transactions', async () => {
    const { page, faults } = await open(browser, league);
    await visit(page, league, 'league');
    await incident(page);
    const timeline = await page.getByRole('list', { name: 'What happened' }).innerText();
    for (const chain of ['hub', 'market', 'grid']) assert.match(timeline, new RegExp(`${chain} refuses the attacker`));
    assert.match(timeline, /next withdrawal is refused/);
    // What was stolen is the sum of what is told.
    const withdrawals = (timeline.match(/Attack: withdrawal \d+ of 0\.5 ETH/g) ?? []).length;
    const stolen = await page.getByTestId('incident-outcome').locator('dd').first().innerText();
    assert.ok(withdrawals >= 2);
    assert.equal(Number(stolen.replace(' ETH', '')), withdrawals * 0.5);
    // What came before has its times and transactions too; and another browser reads the vault's calls by its code.
    const steps = page.getByRole('list', { name: 'What happened' }).locator('li');
    for (const step of [0, 1, 2, 3]) assert.match(await steps.nth(step).innerText(), /^−?\d+\.\d\d s[^]*0x[0-9a-f]{8}…/);
    const withdrawal = await steps.filter({ hasText: 'Attack: withdrawal 1' }).locator('a[href*="/tx/"]').getAttribute('href');
    const other = await open(browser, league);
    await visit(other.page, league, withdrawal.replace('#/', ''));
    await other.page.getByText('LeakyVault').first().waitFor();
    await other.page.getByText('Withdrawn').waitFor();
    await other.context.close();
    await page.getByTestId('incident-outcome').getByRole('link', { name: /^Alert \d+$/ }).click();
    await page.getByRole('heading', { level: 1, name: /Alert \d+/ }).waitFor();
    await page.getByText('3 of 4 endorse').waitFor();
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  test('a wallet: connect, delegate with a preview, bridge, and follow the message', async () => {
    const { page, faults } = await open(browser, league, { wallet: SOMEBODY });
    await visit(page, league, 'stake');
    await connect(page);
    await page.getByRole('heading', { name: 'Your delegations' }).waitFor();
    await page.getByLabel('Amount, ETH').fill('7');
    await page.getByRole('button', { name: 'Check and continue' }).click();
    await page.getByText(/one slash may take 5 % of it at most/).waitFor();
    await page.getByRole('button', { name: 'Sign in wallet' }).click();
    await page.getByText('done', { exact: true }).waitFor({ timeout: 45 * SECOND });
    const [position] = await league.call('hansa_delegations', ['0x70997970C51812dc3A010C7d01b50e0d17dc79C8']);
    assert.equal(BigInt(position.amount), 7n * 10n ** 18n);
    await visit(page, league, 'messages');
    await page.getByLabel('Amount, ETH').fill('2.5');
    await page.getByRole('button', { name: 'Check and continue' }).click();
    await page.getByRole('button', { name: 'Sign in wallet' }).click();
    await page.waitForURL(/#\/messages\/0x/, { timeout: 45 * SECOND });
    await page.getByText('arrived', { exact: true }).waitFor({ timeout: 45 * SECOND });
    // Its transaction leads to it.
    const message = page.url();
    await visit(page, league, `chains/hub/tx/${message.split('/').at(-1)}`);
    await page.getByRole('link', { name: 'It sent a message: follow it' }).click();
    await page.waitForURL(message);
    assert.equal(BigInt(await league.call('eth_getBalance', ['0x70997970C51812dc3A010C7d01b50e0d17dc79C8', 'latest'], '/zones/market')), 25n * 10n ** 17n);
    // What the chain would refuse is said before anything is signed.
    await visit(page, league, 'stake');
    await page.getByLabel('Amount, ETH').fill('999999');
    await page.getByRole('button', { name: 'Check and continue' }).click();
    await page.getByText(/not enough ether/).waitFor();
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  test('stake moves to another operator, and what operators did is told by epoch', () => moves(browser, league, SOMEBODY));

  test('a message with data: checked, decoded before it is signed, and readable where it waits', async () => {
    const { page, faults } = await open(browser, league, { wallet: SOMEBODY });
    await visit(page, league, 'messages');
    await connect(page);
    // A chain sends nothing to itself: what is chosen twice changes places.
    const [from, into] = ['From', 'To'].map((name) => page.getByRole('combobox', { name, exact: true }));
    await into.selectOption('market');
    await from.selectOption('market');
    assert.deepEqual([await from.inputValue(), await into.inputValue()], ['market', 'hub']);
    await into.selectOption('market');
    assert.deepEqual([await from.inputValue(), await into.inputValue()], ['hub', 'market']);
    await page.getByText('Data and gas').click();
    await page.getByLabel(/^Data as/).fill('hello there');
    await page.getByText('The data is not hexadecimal').waitFor();
    await page.getByLabel('the data is text').check();
    await page.getByLabel('Gas limit').fill('30,000');
    await page.getByRole('button', { name: 'Check and continue' }).click();
    await page.getByText(/it needs [\d,]+ gas, and you allow 30,000/).waitFor();
    await page.getByLabel('Gas limit').fill('900,000');
    await page.getByRole('button', { name: 'Check and continue' }).click();
    await page.getByText('Its data, 11 B:').waitFor();
    await page.getByText(/The receiver is no contract: it waits/).waitFor();
    await page.getByText(/\(900,000 gas\)/).waitFor();
    await page.getByRole('button', { name: 'Sign in wallet' }).click();
    await page.waitForURL(/#\/messages\/0x/, { timeout: 20 * SECOND });
    await page.getByText('hello there').waitFor();
    await page.getByText('waits', { exact: true }).waitFor({ timeout: 20 * SECOND });
    const hash = page.url().split('/').at(-1);
    assert.equal(BigInt((await league.call('eth_getTransactionByHash', [hash])).gas), 900_000n);
    await page.getByRole('button', { name: 'Take it' }).click();
    await page.getByRole('button', { name: 'Sign in wallet' }).click();
    await page.getByText('taken', { exact: true }).waitFor({ timeout: 20 * SECOND });
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  test('a member raises an alert with its bond in sight, and reports a sighting; feeds are there', async () => {
    const { page, faults } = await open(browser, league, { wallet: MEMBER });
    await visit(page, league, `exchange/object/${indicators(2)[1].id}`);
    await connect(page);
    await page.getByText('Report that you saw it').click();
    await page.getByLabel('How often').fill('3');
    await page.getByRole('button', { name: 'Report a sighting' }).click();
    await page.getByText('You report to have seen it 3 times').waitFor();
    await sign(page);
    await page.getByText('saw it 3 times').waitFor({ timeout: 10 * SECOND });
    await page.getByRole('link', { name: 'Raise an alert on these grounds' }).click();
    await page.getByRole('heading', { level: 1, name: 'Raise an alert' }).waitFor();
    assert.equal(await page.getByLabel('Grounds: an object').inputValue(), indicators(2)[1].id);
    await page.getByLabel('Hostile addresses').fill('0x12');
    await page.getByText('“0x12” is no address').waitFor();
    await page.getByLabel('Hostile addresses').fill(`0x${'bad1'.repeat(10)} 0x${'bad2'.repeat(10)}`);
    await page.getByText(/These obey a higher severity only: grid/).waitFor();
    await page.getByLabel('Severity').selectOption('critical');
    await page.getByText(/refuse the addresses from their next block on: hub, market, grid/).waitFor();
    await page.getByRole('button', { name: 'Check and continue' }).click();
    const [bond] = await Promise.all([page.getByText(/Your bond, which you lose/).innerText()]);
    await page.getByRole('button', { name: 'Sign in wallet' }).click();
    await page.getByRole('heading', { level: 1, name: /Alert \d+ pending/ }).waitFor({ timeout: 20 * SECOND });
    const held = await page.locator('dt', { hasText: /^Bond$/ }).locator('xpath=following-sibling::dd[1]').innerText();
    assert.match(bond, new RegExp(held.split(' ETH')[0]));
    await page.getByText('0 of 4 endorse').or(page.getByText('1 of 4 endorse')).first().waitFor();
    await visit(page, league, 'exchange/feeds');
    const feeds = table(page, 'Publishers');
    await feeds.getByText('fresh').first().waitFor();
    assert.match(await feeds.innerText(), /member-2[^]*\b151\b/);
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  test('an object: who signed its block, and how a list is connected', () => provenance(browser, league));

  test('the list of objects: its order, filters and pages have links, and the back button goes through them', () => listed(browser, league));

  test('TAXII collections: for members, counted, and with addresses', () => collections(browser, league));

  test('a token: transfers, holders and how far was read; an ABI that a reader gives; the calls inside', async () => {
    const { page, faults } = await open(browser, league);
    await visit(page, league, `chains/hub/address/${token.address}`);
    await page.getByRole('link', { name: 'Transfers and holders' }).click();
    await page.getByRole('heading', { level: 1, name: 'Barter' }).waitFor();
    const transfers = table(page, 'Transfers');
    await transfers.getByText('minted').waitFor();
    await transfers.getByText('1.25 BRT').waitFor();
    await page.getByText(/2 transfers, from block/).waitFor();
    const holders = table(page, 'Holders');
    await holders.getByText('75.00 %').waitFor();
    await holders.getByText('3.75 BRT').waitFor();
    // Nobody knows the call; with the ABI it is read.
    await visit(page, league, `chains/hub/tx/${token.call}`);
    await page.getByRole('heading', { name: 'Call', exact: true }).waitFor();
    assert.doesNotMatch(await page.locator('main').innerText(), /apples/);
    await visit(page, league, `chains/hub/address/${token.address}`);
    const abi = page.getByRole('textbox', { name: /Paste the JSON/ });
    await abi.fill('{"what": 1}');
    await page.getByRole('button', { name: 'Use this ABI' }).click();
    await page.getByText('There is no ABI in it').waitFor();
    await abi.fill(JSON.stringify(token.abi));
    await page.getByRole('button', { name: 'Use this ABI' }).click();
    await page.getByText(/entries are used from now on/).waitFor();
    await page.getByRole('list', { name: 'Logs' }).getByText('apples').waitFor();
    await visit(page, league, `chains/hub/tx/${token.call}`);
    await page.getByText('your ABI').first().waitFor();
    assert.match(await page.locator('main').innerText(), /apples[^]*7[^]*pears[^]*9/);
    await page.getByText('Bartered').waitFor();
    await page.getByRole('button', { name: 'Run it again and show' }).click();
    const trace = table(page, 'Calls inside');
    await trace.getByText('weigh').waitFor();
    assert.match(await trace.innerText(), /CALL[^]*barter[^]*(STATIC)?CALL[^]*weigh/);
    // Its transactions, by the index.
    await visit(page, league, `chains/hub/address/${MAKER.address}`);
    const all = table(page, 'Newest transactions');
    await all.getByText('create contract').waitFor();
    assert.equal(await all.locator('tbody tr').count(), 4);
    // Who signed the block of the call.
    const { blockNumber } = await league.call('eth_getTransactionByHash', [token.call]);
    await visit(page, league, `chains/hub/block/${Number(blockNumber)}`);
    await page.getByText(/[34] signatures of 4 seats/).waitFor();
    assert.ok((await page.getByText(/^✓ “operator-\d”$/).count()) >= 3);
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  test('chains tell their seats, guard and directives, and the hub tells of a zone that this node does not run', () => chains(browser, league));

  test('a zone that is silent counts as halted, and can be reseeded when it is time', { timeout: 90 * SECOND }, () => halts(browser, league, SOMEBODY));

  test('an address: its tokens, what its logs say, and pages that a link names', () => addresses(browser, league, { holder: HOLDER.address }));

  test('the node page tells its own machine its log, settings, resources and checks, and nobody else', async () => {
    const { page, faults } = await open(browser, league);
    await visit(page, league, 'node');
    const log = page.getByRole('log', { name: 'Log' });
    await log.getByText('info', { exact: true }).first().waitFor();
    // The level once: as the badge.
    assert.doesNotMatch(await log.innerText(), /\bINFO\b/);
    await page.getByRole('searchbox', { name: 'Filter settings' }).fill('rpc.listen');
    const settings = table(page, 'Configuration in force');
    await settings.getByText('node.toml').waitFor();
    assert.equal(await settings.locator('tbody tr').count(), 1);
    const resources = table(page, 'Disk');
    for (const chain of ['hub', 'market', 'grid']) await resources.getByRole('link', { name: chain }).waitFor();
    await table(page, 'Doctor').getByText('disk space').waitFor();
    assert.equal((await fetch(`${league.url}local/config`, { headers: { 'x-forwarded-for': '192.0.2.1' } })).status, 403);
    assert.equal((await fetch(`${league.url}local/config`, { headers: { origin: 'http://127.0.0.1:1' } })).status, 403);
    // From elsewhere the page says where to look.
    await page.route('**/local/**', (route) => route.fulfill({ status: 403, contentType: 'application/json', body: '{"error":"elsewhere"}' }));
    await page.reload();
    await page.getByText(/to a browser on the node’s own machine only\./).waitFor();
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  test('stake that has unbonded goes to its new operator, and what operators change is told', { timeout: 90 * SECOND }, () => completes(browser, league, { of: SOMEBODY, anybody: MAKER }));

  test('a member publishes a warning from the form, endorses an alert, and withdraws what it published', async () => {
    const { page, faults } = await open(browser, league, { wallet: MEMBER });
    await visit(page, league, 'exchange/publish');
    await connect(page);
    await page.getByLabel('Address', { exact: true }).fill(`0x${'c0de'.repeat(10)}`);
    await page.getByLabel('What it is, in a line').fill('Drainer seen by the suite');
    await page.getByRole('button', { name: 'Make the object' }).click();
    await page.getByRole('button', { name: 'Check and continue' }).click();
    await page.getByRole('button', { name: 'Sign in wallet' }).click();
    await page.getByText('done', { exact: true }).waitFor({ timeout: 20 * SECOND });
    await page.getByRole('link', { name: /^indicator--/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Drainer seen by the suite' }).waitFor();
    await page.getByText('content fits').waitFor();
    const published = page.url();
    await visit(page, league, 'exchange/alert/2');
    await page.getByRole('button', { name: 'Endorse', exact: true }).click();
    await page.getByRole('button', { name: 'Sign in wallet' }).click();
    await page.getByText('You have endorsed it.').waitFor({ timeout: 20 * SECOND });
    await page.getByText('2 of 4 endorse').waitFor();
    await page.goto(published);
    await page.getByText('Withdraw it').click();
    await page.getByLabel('Reason, 256 bytes at most').fill('Seen wrongly');
    await page.getByRole('button', { name: 'Withdraw the object' }).click();
    await page.getByText(/You withdraw what you published, for good/).waitFor();
    await page.getByRole('button', { name: 'Sign in wallet' }).click();
    await page.getByText('Its publisher withdrew it. Seen wrongly').waitFor({ timeout: 20 * SECOND });
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  test('what strangers wrote is shown, and harmless', async () => {
    const { page, faults } = await open(browser, league);
    const signer = SOMEBODY;
    const nonce = Number(await league.call('eth_getTransactionCount', [signer.address, 'pending']));
    const signed = await signer.signTransaction({ type: 'eip1559', chainId: Number(await league.call('eth_chainId')), nonce, data: trickToken(HOSTILE), gas: 3_000_000n, maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 1n });
    const { contractAddress } = await league.call('eth_sendRawTransactionSync', [signed, 15_000]);
    // A member calls itself as a part of the protocol is called: what was chosen is quoted, and the quotes cannot be written by hand.
    await league.hansa(['member', 'update', '--name', '” module guard'], { as: 'member-4' });
    const endorsers = page.locator('dt', { hasText: /^Endorsed by$/ }).locator('xpath=following-sibling::dd[1]');
    await visit(page, league, 'exchange/alert/1');
    await endorsers.getByText('“’ module guard”', { exact: true }).waitFor({ timeout: 15 * SECOND });
    await endorsers.getByText('“member-3”', { exact: true }).waitFor();
    await visit(page, league, 'chains/hub/address/0x48414e5341000000000000000000000000000005');
    await page.getByText('module guard', { exact: true }).first().waitFor();
    await league.hansa(['member', 'update', '--name', 'member-4'], { as: 'member-4' });
    for (const route of [`exchange/object/${HOSTILE_ID}`, 'exchange?q=script', 'exchange/alert/1', `chains/hub/address/${contractAddress}`, `exchange/object/${encodeURIComponent(HOSTILE)}`, `chains/${encodeURIComponent(HOSTILE)}`, `chains/hub/tx/${encodeURIComponent(HOSTILE)}`]) {
      await visit(page, league, route);
      await page.waitForFunction(() => document.querySelector('main').innerText.includes('<script>'));
      await settle(page);
      const text = await page.locator('main').innerText();
      assert.match(text, /<script>/, route);
      assert.doesNotMatch(text, /\u202E/, route);
      assert.match(text, /⟨U\+202E⟩|…/, route);
      assert.equal(await page.evaluate(() => window.__xss), undefined, route);
      assert.equal(await page.locator('a[href^="javascript"], main img, main script').count(), 0, route);
    }
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  test('search finds blocks, transactions on any chain, addresses and objects', async () => {
    const { page } = await open(browser, league);
    await visit(page, league, 'league');
    const search = page.getByRole('searchbox', { name: 'Search' });
    const left = routes.message.split('/')[1];
    for (const [text, route] of [[left, /#\/chains\/market\/tx\//], [league.members[0].address, /#\/chains\/hub\/address\//], [HOSTILE_ID, /#\/exchange\/object\//], ['grid', /#\/chains\/grid$/], ['alert 1', /#\/exchange\/alert\/1$/], ['zone market', /#\/chains\/market$/], ['operator-1', /#\/stake\/operator\/1$/], ['slash 7', /#\/stake\/slash\/7$/], ['module guard', /#\/chains\/hub\/address\/0x48414e/], ['development account 1', /#\/chains\/hub\/address\/0xf39f/]]) {
      await search.fill(text);
      await search.press('Enter');
      await page.waitForURL(route, { timeout: 20 * SECOND }).catch(async (error) => {
        throw new Error(`${text}: at ${page.url()} the box says: ${await page.locator('form[role="search"]').innerText()}`, { cause: error });
      });
      // The field is emptied when something was found.
      await page.waitForFunction(() => document.querySelector('form[role="search"] input').value === '');
    }
    // A number is a block of each chain that has it.
    await search.fill('3');
    await search.press('Enter');
    await page.getByRole('link', { name: 'Block 3 of hub' }).waitFor();
    assert.deepEqual(await accessibility(page), []);
    await page.getByRole('link', { name: 'Block 3 of market' }).click();
    await page.waitForURL(/#\/chains\/market\/block\/3$/);
    await page.getByRole('heading', { level: 1, name: 'Block 3' }).waitFor();
    await page.waitForFunction(() => document.title.startsWith('Block 3 ·'));
    await search.fill('nobody at all');
    await search.press('Enter');
    await page.getByText('Nothing has the name “nobody at all”').waitFor();
    await page.getByRole('searchbox', { name: 'Filter objects' }).fill('scam');
    await page.getByText('Nothing has the name').waitFor({ state: 'detached' });
    await search.fill(`0x${'12'.repeat(32)}`);
    await search.press('Enter');
    await page.getByText(/No block or transaction has this hash/).waitFor();
    await page.context().close();
  });

  test('what is mistyped is said to be, with a next step; and a table that goes on to the right shows it', async () => {
    const { page, faults } = await open(browser, league, { width: 360 });
    const [address] = league.members.map(({ address }) => address);
    const wrong = address.replace(/[a-f]/, (digit) => digit.toUpperCase());
    for (const [route, words] of [['chains/hub/address/0x12', /An address is 0x and 40 digits/], ['chains/hub/block/12x', /A number has digits only/], ['chains/hub/tx/0x12', /It is 0x and 64 digits/], ['chains/hub/nothing', /A chain has no page “nothing”/], ['messages/0x12', /is no transaction hash/], ['stake?address=0x12', /is no address/], [`chains/hub/address/${wrong}`, /The capitals in this address do not fit/]]) {
      await visit(page, league, route);
      await page.getByText(words).first().waitFor();
      await settle(page);
      assert.deepEqual(await accessibility(page), [], route);
      assert.ok((await overflow(page)) <= 0, `${route} is wider than the screen`);
    }
    await visit(page, league, 'chains');
    await page.locator('[data-more]').first().waitFor();
    await table(page, 'Chains').evaluate((of) => (of.scrollLeft = of.scrollWidth));
    await page.waitForFunction(() => !document.querySelector('[aria-label="Chains"] + [data-more]'));
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  test('the keyboard reaches everything on each page, and what has the focus is seen', { timeout: 240 * SECOND }, () => walks(browser, league, routes));

  test('the keyboard reads the values of a chart', () => reads(browser, league));

  test('a dialog keeps the focus and gives it back', () => keeps(browser, league, SOMEBODY));

  test('a new page begins at its title', async () => {
    const { page } = await open(browser, league);
    await visit(page, league, 'league');
    await page.getByRole('link', { name: 'Chains', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1' && document.activeElement.textContent === 'Chains');
    // Whoever writes when a page comes goes on writing: the key that follows is for the field.
    const search = page.getByRole('searchbox', { name: 'Search' });
    await search.fill('zone market');
    await page.evaluate(() => (location.hash = '#/messages'));
    await page.getByRole('heading', { level: 1, name: 'Messages' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/#\/chains\/market$/);
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
    await page.context().close();
  });

  test(`${MANY} objects in the list: filtered and sorted without waiting`, { timeout: 180 * SECOND }, async () => {
    await Promise.all(['member-3', 'member-4'].map((as, part) => league.publish(indicators(MANY / 2, 1_000 + (part * MANY) / 2), as)));
    const { page } = await open(browser, league);
    // What the node packed on its way here, and what became of it.
    const received = { packed: 0, whole: 0 };
    page.on('requestfinished', async (request) => {
      if (!request.postData()?.includes('eth_getLogs')) return;
      const { responseBodySize } = await request.sizes().catch(() => ({ responseBodySize: 0 }));
      const body = await request.response().then((response) => response?.body()).catch(() => null);
      if (!body || responseBodySize >= body.length) return;
      received.packed += responseBodySize;
      received.whole += body.length;
    });
    await visit(page, league, 'exchange');
    const more = page.getByRole('button', { name: 'Load older' });
    await page.getByText('page 1 of').waitFor();
    if (await more.isVisible().catch(() => false)) await more.click();
    await page.waitForFunction((least) => Number((document.querySelector('main section h2')?.textContent ?? '').replace(/\D/g, '')) >= least, MANY, { timeout: 60 * SECOND });
    console.log(`logs of the exchange: ${received.packed} bytes for ${received.whole}`);
    assert.ok(received.whole > 1_000_000 && received.packed < received.whole / 3, JSON.stringify(received));
    const begun = Date.now();
    await page.getByRole('searchbox', { name: 'Filter objects' }).fill('address 10999');
    await page.getByText(/^1 of [\d,]+ objects$/).waitFor({ timeout: 5 * SECOND });
    const tookMs = Date.now() - begun;
    console.log(`filtered ${MANY} objects in ${tookMs} ms`);
    assert.ok(tookMs < 2 * SECOND, `filtering took ${tookMs} ms`);
    await page.context().close();
  });

  test('an operator that dies is named; a node that dies is said, and found again', async () => {
    const { page } = await open(browser, league);
    await visit(page, league, 'league');
    await page.getByText('Healthy').waitFor();
    await league.operator('operator-4', 'down');
    await page.getByText(/“operator-4” has no session/).waitFor({ timeout: 30 * SECOND });
    await league.operator('operator-4', 'up');
    await page.getByText('Healthy').waitFor({ timeout: 40 * SECOND });
    const old = Number((await page.locator('dl dd').first().innerText()).replace(/\D/g, ''));
    await league.operator('operator-1', 'down');
    await page.getByText(/The connection to the node was lost/).waitFor({ timeout: 15 * SECOND });
    assert.match(await page.locator('section[aria-label="Health"]').getAttribute('class'), /stale/);
    await league.operator('operator-1', 'up');
    await page.getByText('● Live').waitFor({ timeout: 30 * SECOND });
    await page.waitForFunction((before) => Number(document.querySelector('dl dd').textContent.replace(/\D/g, '')) > before, old, { timeout: 20 * SECOND });
    await page.context().close();
  });

  test('pages that nobody has opened are there while the node is away, and the league is judged as of then', { timeout: 180 * SECOND }, () => keepsPages(browser, league));

  test('a page whose code had no time to come says so, and comes by itself', { timeout: 120 * SECOND }, () => fetchesPages(browser, league));

  // The last one: for a while its operator has no seat.
  test('a slash: the two votes of its evidence, an appeal, and members who reverse it', { timeout: 90 * SECOND }, () => slashed(browser, league, { finder: SOMEBODY, owner: MEMBER }));
}
