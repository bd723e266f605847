// What a first visit loads, gzipped: index.html, and all that it names or imports before anything is clicked. Fails above the limit.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { dist } from './pack.mjs';

const LIMIT = 250_000;
const html = readFileSync(join(dist, 'index.html'), 'utf8');
const queue = [...html.matchAll(/(?:src|href)="\/([^"]+)"/g)].map((match) => match[1]);
const seen = new Map([['index.html', gzipSync(html).length]]);
while (queue.length > 0) {
  const name = queue.pop();
  if (seen.has(name)) continue;
  const content = readFileSync(join(dist, name));
  seen.set(name, gzipSync(content).length);
  if (!name.endsWith('.js')) continue;
  // Static imports only: what is imported lazily is no part of the first load.
  for (const match of content.toString().matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) queue.push(join(dirname(name), match[1]));
}
const total = [...seen.values()].reduce((sum, size) => sum + size, 0);
for (const [name, size] of [...seen].sort((a, b) => b[1] - a[1])) console.log(`${String(size).padStart(8)}  ${name}`);
console.log(`${String(total).padStart(8)}  first load, gzipped bytes (at most ${LIMIT})`);
if (total > LIMIT) {
  console.error('The first load is too large: import what is not needed at once lazily (src/app.tsx shows how).');
  process.exitCode = 1;
}
