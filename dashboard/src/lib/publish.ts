// Making entries for the exchange from a file or a form. What the exchange would refuse is refused here, with why.
import { stringToHex } from 'viem/utils';
import { wrong } from '../strings/forms';
import { hexBytes, isReference, type Stix } from './stix';
import type { Hex } from './types';

/** Of one transaction (crates/modules/src/limits.rs allows 64 entries); more is for the command line. */
export const MAX_ENTRIES = 64;
/** Bytes of content of one transaction. */
export const MAX_BYTES = 90_000;
/** A file that is read at all. */
export const MAX_FILE_BYTES = 5_000_000;
/** How far a version may lie in the future of the block, ms. */
const MAX_AHEAD_MS = 300_000;

/** Markings of TLP 2.0 and 1.0 (OASIS common objects) and what they mean. */
const LABELS = new Map([
  ['marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487', 0],
  ['marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9', 0],
  ['marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb', 1],
  ['marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da', 1],
  ['marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421', 2],
  ['marking-definition--f88d31f6-486f-44da-b317-01333bde0b82', 2],
  ['marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003', 3],
  ['marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1', 4],
  ['marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed', 4],
]);
export const MARKINGS = [...LABELS.keys()].filter((_, index) => index === 0 || index === 2) as [string, string];

export interface NewEntry {
  id: string;
  uuid: Hex;
  objectType: string;
  version: bigint;
  tlp: number;
  content: Hex;
}

export interface Read {
  entries: NewEntry[];
  refused: { id: string; why: string }[];
}

/** The strictest label of an object; `unmarked` where it has none. */
export function tlpOf(object: Stix, unmarked: number): number {
  const refs = Array.isArray(object.object_marking_refs) ? object.object_marking_refs : [];
  const labels = refs.flatMap((ref) => LABELS.get(String(ref)) ?? []);
  return labels.length > 0 ? Math.max(...labels) : unmarked;
}

function entry(object: Stix, unmarked: number, now: number): NewEntry | string {
  if (!isReference(object.id)) return wrong.publish.noId;
  const split = object.id.lastIndexOf('--');
  const objectType = object.id.slice(0, split);
  if (objectType !== object.type) return wrong.publish.otherType;
  const time = object.modified ?? object.created;
  const version = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  if (!(version > 0)) return wrong.publish.noVersion;
  if (version > now + MAX_AHEAD_MS) return wrong.publish.future;
  const tlp = tlpOf(object, unmarked);
  if (tlp > 1) return wrong.publish.narrow;
  return { id: object.id, uuid: `0x${object.id.slice(split + 2).replaceAll('-', '')}`, objectType, version: BigInt(version), tlp, content: stringToHex(JSON.stringify(object)) };
}

/** Reads a bundle, a list of objects, or one object. Fails with what is wrong with the file as a whole. */
export function readFile(text: string, unmarked: number, now: number): Read {
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch {
    throw new Error(wrong.publish.noJson);
  }
  const bundle = whole as { type?: unknown; objects?: unknown } | null;
  const objects: unknown[] = Array.isArray(whole) ? whole : bundle?.type === 'bundle' && Array.isArray(bundle.objects) ? bundle.objects : [whole];
  const read: Read = { entries: [], refused: [] };
  let bytes = 0;
  for (const object of objects) {
    const of = object as Stix | null;
    const made = of && typeof of === 'object' && typeof of.type === 'string' ? entry(of, unmarked, now) : wrong.publish.noObject;
    if (typeof made === 'string') read.refused.push({ id: String(of?.id ?? '?'), why: made });
    else {
      bytes += hexBytes(made.content).length;
      read.entries.push(made);
    }
  }
  if (read.entries.length > MAX_ENTRIES || bytes > MAX_BYTES) throw new Error(wrong.publish.tooMuch(MAX_ENTRIES, MAX_BYTES / 1000));
  return read;
}

export interface Warning {
  address: string;
  name: string;
  description: string;
  tlp: 0 | 1;
}

/** An indicator for a hostile address. */
export function indicator({ address, name, description, tlp }: Warning, uuid: string, now: number): Stix {
  const time = new Date(now).toISOString();
  return {
    type: 'indicator',
    spec_version: '2.1',
    id: `indicator--${uuid}`,
    created: time,
    modified: time,
    name,
    ...(description ? { description } : {}),
    indicator_types: ['malicious-activity'],
    pattern: `[cryptocurrency-wallet:value = '${address}']`,
    pattern_type: 'stix',
    pattern_version: '2.1',
    valid_from: time,
    object_marking_refs: [MARKINGS[tlp]],
  };
}
