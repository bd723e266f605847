// The browser, and a wallet in it that signs for real: it announces itself by EIP-6963 and asks this process to sign.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] });

export async function open(browser, league, { width = 1280, height = 900, scheme = 'light', wallet } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // A node that is stopped on purpose is no fault of the page.
    if (message.type() === 'error' && !/ERR_CONNECTION|WebSocket connection|Failed to load resource/.test(message.text())) faults.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(league.url) && !/^(data|blob):/.test(request.url())) faults.push(`asked elsewhere: ${request.url()}`);
  });
  if (wallet) await inject(page, league, wallet);
  return { page, faults, context };
}

export async function visit(page, league, route) {
  await page.goto(`${league.url}#/${route}`);
  await page.locator('h1').first().waitFor();
}

/** Waits until nothing of the page is on its way any more, and what came has been drawn. */
export async function settle(page) {
  await page.waitForFunction(() => !document.querySelector('main').innerText.includes('Loading …'));
  await page.waitForTimeout(100);
}

/** Serious findings of axe. What is stale or disabled is dim on purpose. */
export async function accessibility(page) {
  // The page's policy allows no foreign script; this one comes by the debugger, and stays until the page is loaded anew.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 160)} ${nodes[0].failureSummary}`);
}

export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

async function inject(page, league, account) {
  const paths = new Map([[Number(await league.call('eth_chainId')), '']]);
  for (const zone of await league.call('hansa_zones')) paths.set(Number(zone.chainId), `/zones/${zone.name}`);
  let chain = [...paths.keys()][0];
  // What the wallet knows: the hub, and what the page adds.
  const added = new Set([chain]);
  let isAllowed = false;
  const answer = async (method, params) => {
    const call = (name, args) => league.call(name, args, paths.get(chain));
    switch (method) {
      case 'eth_requestAccounts':
        isAllowed = true;
        return [account.address];
      case 'eth_accounts':
        return isAllowed ? [account.address] : [];
      case 'eth_chainId':
        return `0x${chain.toString(16)}`;
      case 'wallet_switchEthereumChain':
        if (!added.has(Number(params[0].chainId))) throw Object.assign(new Error('Unrecognized chain ID'), { code: 4902 });
        chain = Number(params[0].chainId);
        return null;
      case 'wallet_addEthereumChain': {
        const [{ chainId, chainName, rpcUrls, nativeCurrency }] = params;
        if (!paths.has(Number(chainId)) || !chainName || nativeCurrency.decimals !== 18 || !rpcUrls[0].startsWith(league.url)) throw Object.assign(new Error('no such chain'), { code: -32_602 });
        chain = Number(chainId);
        added.add(chain);
        return null;
      }
      case 'wallet_requestPermissions':
      case 'wallet_getPermissions':
        isAllowed = true;
        return [{ parentCapability: 'eth_accounts' }];
      case 'wallet_revokePermissions':
        return null;
      case 'eth_sendTransaction': {
        const [{ to, data, value, gas }] = params;
        const [nonce, price] = await Promise.all([call('eth_getTransactionCount', [account.address, 'pending']), call('eth_gasPrice', [])]);
        const limit = gas ?? (await call('eth_estimateGas', [{ from: account.address, to, data, value }]));
        const signed = await account.signTransaction({ type: 'eip1559', chainId: chain, nonce: Number(nonce), to, data, value: BigInt(value ?? 0), gas: BigInt(limit), maxFeePerGas: BigInt(price) * 2n, maxPriorityFeePerGas: 1n });
        return call('eth_sendRawTransaction', [signed]);
      }
      default:
        return call(method, params ?? []);
    }
  };
  await page.exposeFunction('__sign', async (method, params) => {
    try {
      return { result: await answer(method, params) };
    } catch (error) {
      return { error: { code: error.code ?? -32_000, message: error.message, data: error.data } };
    }
  });
  await page.addInitScript(() => {
    const listeners = {};
    const provider = {
      on: (event, listener) => void (listeners[event] ??= []).push(listener),
      removeListener: (event, listener) => void (listeners[event] = (listeners[event] ?? []).filter((one) => one !== listener)),
      request: async ({ method, params }) => {
        const { result, error } = await globalThis.__sign(method, params);
        if (error) throw Object.assign(new Error(error.message), error);
        if (/^wallet_(switch|add)EthereumChain$/.test(method)) for (const listener of listeners.chainChanged ?? []) listener(params[0].chainId);
        return result;
      },
    };
    const info = { uuid: '8a0b1c2d-0000-4000-8000-000000000001', name: 'Test wallet', icon: 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"/>', rdns: 'example.hansa.test' };
    const announce = () => window.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info, provider }) }));
    window.addEventListener('eip6963:requestProvider', announce);
    announce();
  });
}
