// The two votes inside of evidence, as consensus encodes them (commonware's codec, the simplex protocol). One vote follows the other:
// epoch and view; unless it gives the view up, the parent's view and the block's hash (32 bytes); the signer's place in the committee;
// an ed25519 signature (64 bytes). Numbers are varints: 7 bits a byte, the lowest first, each in its shortest form.
//
// What decodes contradicts itself, as for the chain: one signer, one view, two contents. The signatures are not checked here: staking did
// so before it took the evidence.
import { decodeCall } from './decode';
import { HUB } from './rpc';
import { MODULES } from './stream';
import type { Hex, Trace } from './types';

/** Bytes of one piece of evidence that staking takes. */
export const MAX_EVIDENCE_BYTES = 1_024;
const HASH_BYTES = 32;
const SIGNATURE_BYTES = 64;

export type VoteKind = 'notarize' | 'nullify' | 'finalize';

export interface Vote {
  kind: VoteKind;
  epoch: bigint;
  view: bigint;
  /** View of the block's parent, and the block's hash; a vote that gives the view up has neither. */
  parent: bigint | null;
  block: Hex | null;
  /** The signer's place in the committee, from 0. */
  signer: number;
  signature: Hex;
}

/** Kinds of fault, by their numbers. */
export const FAULTS = ['conflicting notarize', 'conflicting finalize', 'nullify and finalize'] as const;

/** The votes that each kind consists of. */
const KINDS: readonly (readonly [VoteKind, VoteKind])[] = [
  ['notarize', 'notarize'],
  ['finalize', 'finalize'],
  ['nullify', 'finalize'],
];

/** The bytes are no evidence; the message says why. */
export class MalformedEvidence extends Error {}

class Reader {
  private at = 0;
  constructor(private readonly bytes: Uint8Array) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** A number of at most so many bits. */
  varint(bits: number): bigint {
    let value = 0n;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at];
      if (byte === undefined) throw new MalformedEvidence('it ends within a number');
      this.at += 1;
      if (byte === 0 && shift > 0) throw new MalformedEvidence('a number is longer than it need be');
      // The last byte may have no bits beyond the number's, the mark that more follow among them.
      if (bits - shift <= 7 && byte >> (bits - shift) !== 0) throw new MalformedEvidence(`a number has more than ${bits} bits`);
      value |= BigInt(byte & 0x7f) << BigInt(shift);
      if (byte < 0x80) return value;
    }
  }

  take(length: number, what: string): Hex {
    if (this.left < length) throw new MalformedEvidence(`it ends within ${what}`);
    const part = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return `0x${Array.from(part, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  }
}

function vote(kind: VoteKind, reader: Reader): Vote {
  const [epoch, view] = [reader.varint(64), reader.varint(64)];
  const [parent, block] = kind === 'nullify' ? [null, null] : [reader.varint(64), reader.take(HASH_BYTES, 'a block’s hash')];
  return { kind, epoch, view, parent, block, signer: Number(reader.varint(32)), signature: reader.take(SIGNATURE_BYTES, 'a signature') };
}

/** The two votes of evidence of a kind. Throws [MalformedEvidence] where the chain would refuse the bytes. */
export function decodeEvidence(kind: number, evidence: string): [Vote, Vote] {
  const kinds = KINDS[kind];
  if (!kinds) throw new MalformedEvidence(`there is no kind ${kind} of fault`);
  if (!/^0x([0-9a-fA-F]{2})*$/.test(evidence)) throw new MalformedEvidence('it is not hexadecimal');
  const length = evidence.length / 2 - 1;
  if (length > MAX_EVIDENCE_BYTES) throw new MalformedEvidence(`it has ${length} bytes, and evidence has ${MAX_EVIDENCE_BYTES} at most`);
  const reader = new Reader(Uint8Array.from({ length }, (_, index) => Number.parseInt(evidence.slice(2 + index * 2, 4 + index * 2), 16)));
  const votes: [Vote, Vote] = [vote(kinds[0], reader), vote(kinds[1], reader)];
  if (reader.left > 0) throw new MalformedEvidence(`${reader.left} bytes follow the two votes`);
  const [one, other] = votes;
  if (one.signer !== other.signer) throw new MalformedEvidence('the votes have different signers');
  if (one.epoch !== other.epoch || one.view !== other.view) throw new MalformedEvidence('the votes are of different views');
  if (one.kind === other.kind && one.block === other.block && one.parent === other.parent) throw new MalformedEvidence('both votes say the same');
  return votes;
}

/** Which of the contradictions it is, in a word: the page says each in a sentence. */
export function contradiction([one, other]: [Vote, Vote]): 'blocks' | 'parents' | 'finals' | 'finalParents' | 'gaveUp' {
  if (one.kind === 'nullify') return 'gaveUp';
  const sameBlock = one.block === other.block;
  if (one.kind === 'finalize') return sameBlock ? 'finalParents' : 'finals';
  return sameBlock ? 'parents' : 'blocks';
}

/** The evidence that a transaction gave to staking by itself, and what it is to prove; null where it did something else. */
export function evidenceIn(to: string | null, input: Hex): { kind: number; evidence: Hex } | null {
  if (to?.toLowerCase() !== MODULES[0]) return null;
  const call = decodeCall(HUB, to, input);
  if (call?.name !== 'submitEvidence' && call?.name !== 'submitZoneEvidence') return null;
  const by = Object.fromEntries(call.arguments.map(({ name, value }) => [name, value])) as { kind: number; evidence: Hex };
  return { kind: Number(by.kind), evidence: by.evidence };
}

/** The same of the calls inside of a transaction: the one that was not undone and was answered with the number of this slash. */
export function evidenceWithin({ to, input, output, error, calls = [] }: Trace, slashId: number): ReturnType<typeof evidenceIn> {
  if (error !== undefined) return null;
  if (output !== undefined && /^0x[0-9a-fA-F]{64}$/.test(output) && BigInt(output) === BigInt(slashId)) {
    const given = evidenceIn(to ?? null, input as Hex);
    if (given) return given;
  }
  for (const inner of calls) {
    const given = evidenceWithin(inner, slashId);
    if (given) return given;
  }
  return null;
}
