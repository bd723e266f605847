// What a wallet does, through viem: node viem.mjs <rpc> <ws> <private key> <recipient>
// Prints one JSON document; exits with an error if anything is not as Ethereum clients expect.
import assert from "node:assert/strict";
import { createPublicClient, createWalletClient, defineChain, http, parseEther, webSocket } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const [rpc, ws, key, to] = process.argv.slice(2);
const account = privateKeyToAccount(key);
const probe = createPublicClient({ transport: http(rpc) });
const chain = defineChain({
  id: await probe.getChainId(),
  name: "league",
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: { default: { http: [rpc], webSocket: [ws] } },
});
const client = createPublicClient({ chain, transport: http(rpc) });
const socket = createPublicClient({ chain, transport: webSocket(ws) });
const wallet = createWalletClient({ account, chain, transport: http(rpc) });

// The socket is another operator's.
const seen = new Promise((resolve, reject) => {
  const stop = socket.watchBlocks({
    onBlock: (block) => {
      stop();
      resolve(block);
    },
    onError: reject,
  });
});

const before = await client.getBalance({ address: to });
const hash = await wallet.sendTransaction({ to, value: parseEther("0.5") });
const receipt = await client.waitForTransactionReceipt({ hash, pollingInterval: 100 });
assert.equal(receipt.status, "success");
assert.equal((await client.getBalance({ address: to })) - before, parseEther("0.5"));
const transaction = await client.getTransaction({ hash });
assert.equal(transaction.blockHash, receipt.blockHash);
const block = await client.getBlock({ blockHash: receipt.blockHash, includeTransactions: true });
assert(block.transactions.some((included) => included.hash === hash));
const finalized = await client.getBlock({ blockTag: "finalized" });
assert(finalized.number >= block.number, "what is shown is final");

const announced = await seen;
const { number: blockNumber } = announced;
// A block that is subscribed to is one that can be read there, and at other operators a moment later.
assert.equal((await socket.getBlock({ blockNumber })).hash, announced.hash);
let other = null;
for (const until = Date.now() + 20_000; !other && Date.now() < until; ) {
  other = await client.getBlock({ blockNumber }).catch((error) => (error.name === "BlockNotFoundError" ? null : Promise.reject(error)));
  if (!other) await new Promise((resolve) => setTimeout(resolve, 50));
}
assert.equal(other?.hash, announced.hash);

const fees = await client.estimateFeesPerGas();
assert(fees.maxFeePerGas >= block.baseFeePerGas);
assert.equal(await client.estimateGas({ account, to, value: 1n }), 21000n);

// A nonce that was used already is refused in the words that clients look for.
await assert.rejects(
  wallet.sendTransaction({ to, value: 1n, nonce: receipt.type && transaction.nonce, gas: 21000n }),
  /nonce too low|Nonce provided/,
);

console.log(JSON.stringify({ chainId: chain.id, block: Number(block.number), hash }));
process.exit(0);
