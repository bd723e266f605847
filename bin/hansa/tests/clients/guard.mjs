// What a wallet sees of a directive, through viem:
//   node guard.mjs blocked|free <rpc> <private key> <forwarder> <account> <token>
// Directive 1 names the account and the token. The key's owner and the forwarder (contracts/src/demo/Forwarder.sol) have some of the token.
// Prints one JSON document; exits with an error if ether and tokens move otherwise than the directive says.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { BaseError, createPublicClient, createWalletClient, decodeErrorResult, defineChain, encodeFunctionData, http } from "viem";
import { ContractFunctionRevertedError } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const [state, rpc, key, forwarder, target, token] = process.argv.slice(2);
assert(state === "blocked" || state === "free", `not a state: ${state}`);
const built = (contract) => {
  const file = new URL(`../../../../contracts/out/${contract}.sol/${contract}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).abi;
};
// What a contract's frame reverts with may be the guard's.
const guardErrors = built("IGuard").filter((item) => item.type === "error");
const forwarderAbi = [...built("Forwarder"), ...guardErrors];
const tokenAbi = built("DemoToken");

const account = privateKeyToAccount(key);
const probe = createPublicClient({ transport: http(rpc) });
const chain = defineChain({
  id: await probe.getChainId(),
  name: "league",
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: { default: { http: [rpc] } },
});
const client = createPublicClient({ chain, transport: http(rpc) });
const wallet = createWalletClient({ account, chain, transport: http(rpc) });

const someone = "0x000000000000000000000000000000000000cafE";
const ether = () => client.getBalance({ address: target });
const tokens = () => client.readContract({ address: token, abi: tokenAbi, functionName: "balanceOf", args: [someone] });
const transfer = { abi: tokenAbi, functionName: "transfer", args: [someone, 5n] };
const call = encodeFunctionData(transfer);
// Each reaches what is blocked in a frame of the forwarder's.
const throughForwarder = [
  { reaches: target, functionName: "forward", args: [target], value: 7n },
  { reaches: token, functionName: "forwardCall", args: [token, call] },
];
const request = ({ functionName, args, value }) => ({ account, address: forwarder, abi: forwarderAbi, functionName, args, value });

// Mined, whatever an estimate would say.
async function mined(contract) {
  const hash = await wallet.writeContract({ ...contract, gas: 300_000n });
  return (await client.waitForTransactionReceipt({ hash, pollingInterval: 100 })).status;
}

function isBlocked(error, address) {
  assert.equal(error.errorName, "Blocked");
  const [named, alert, until] = error.args;
  assert.equal(named.toLowerCase(), address.toLowerCase());
  assert.equal(alert, 1n);
  assert(until * 1000n > BigInt(Date.now()), `a directive that holds until ${until}`);
}

const before = { ether: await ether(), tokens: await tokens() };
if (state === "blocked") {
  // Directly the transaction is not taken.
  await assert.rejects(wallet.sendTransaction({ to: target, value: 7n, gas: 21_000n }), /blocked by directive 1 until/);
  await assert.rejects(wallet.writeContract({ address: token, ...transfer, gas: 100_000n }), /blocked by directive 1 until/);
  for (const attempt of throughForwarder) {
    const error = await client.simulateContract(request(attempt)).then(
      () => assert.fail(`${attempt.functionName} is not blocked`),
      (error) => error,
    );
    assert(error instanceof BaseError, error);
    const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
    assert(reverted instanceof ContractFunctionRevertedError, error.message);
    isBlocked(reverted.data, attempt.reaches);
    assert.equal(await mined(request(attempt)), "reverted");
  }
  // A contract may look at the reason.
  const attempt = { functionName: "tryForward", args: [target, "0x"], value: 7n };
  const { result } = await client.simulateContract(request(attempt));
  assert.equal(result[0], false);
  isBlocked(decodeErrorResult({ abi: guardErrors, data: result[1] }), target);
  assert.deepEqual({ ether: await ether(), tokens: await tokens() }, before);
} else {
  for (const attempt of throughForwarder) {
    assert.equal(await mined(request(attempt)), "success");
  }
  assert.equal(await mined({ address: token, ...transfer }), "success");
  assert.deepEqual({ ether: await ether(), tokens: await tokens() }, { ether: before.ether + 7n, tokens: before.tokens + 10n });
}
console.log(JSON.stringify({ state, ether: String(await ether()), tokens: String(await tokens()) }));
process.exit(0);
