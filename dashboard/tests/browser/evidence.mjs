// Votes that contradict each other, signed with an operator's key: what staking takes as evidence (src/lib/evidence.ts has the encoding).
import { createPrivateKey, sign } from 'node:crypto';

/** What stands before a private key of 32 bytes so that it is PKCS #8. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const VIEW = 7;

const bytes = (hex) => Buffer.from(hex.replace(/^0x/, ''), 'hex');

export function varint(value) {
  let left = BigInt(value);
  const out = [];
  for (; left > 0x7fn; left >>= 7n) out.push(Number(left & 0x7fn) | 0x80);
  return Buffer.from([...out, Number(left)]);
}

/** Two proposals of an epoch that one operator notarized in one view. `keys` are those of the committee. */
export function conflictingNotarize({ genesisHash, keys, key, publicKey, epoch }) {
  const signer = [...keys].sort().indexOf(publicKey);
  if (signer < 0) throw new Error('the key has no seat');
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8, bytes(key)]), format: 'der', type: 'pkcs8' });
  const namespace = Buffer.concat([Buffer.from('hansa/1/'), bytes(genesisHash), Buffer.from('_NOTARIZE')]);
  const vote = (block) => {
    const proposal = Buffer.concat([varint(epoch), varint(VIEW), varint(VIEW - 1), Buffer.alloc(32, block)]);
    return Buffer.concat([proposal, varint(signer), sign(null, Buffer.concat([varint(namespace.length), namespace, proposal]), secret)]);
  };
  return `0x${Buffer.concat([vote(1), vote(2)]).toString('hex')}`;
}
