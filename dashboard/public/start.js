// Before the first paint, so that a dark page never flashes white. A file of its own: the policy allows no inline script.
try {
  const theme = localStorage.getItem('hansa.theme');
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is off: the system's preference stands.
}

// What every page asks first, while its code is still on its way: src/lib/first.ts takes the answers. One request, all of it cheap.
globalThis.hansaFirst = (() => {
  const calls = [
    ['hansa_status', []],
    ['hansa_zones', []],
    ['hansa_operators', [0, 64]],
    ['hansa_peers', []],
    ['hansa_epoch', []],
    ['hansa_finality', []],
  ];
  const body = JSON.stringify(calls.map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params })));
  const answers = fetch('/rpc', { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then((response) => response.json());
  return { calls, answers: answers.catch(() => null) };
})();
