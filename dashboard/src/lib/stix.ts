// STIX 2.1 objects for reading: what they are about, in a line, and their properties in order. All of it was written by strangers.
import { line } from './safe';

export interface Stix {
  type: string;
  id: string;
  [name: string]: unknown;
}

export const TLP = ['CLEAR', 'GREEN', 'AMBER', 'AMBER+STRICT', 'RED'] as const;

/** Bytes of an object's content that are read. */
const MAX_CONTENT = 1_000_000;

/** An object from its content; null where it is none (ciphertext, for example). */
export function read(content: Uint8Array): Stix | null {
  if (content.length > MAX_CONTENT) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
    if (value && typeof value === 'object' && !Array.isArray(value) && typeof (value as Stix).type === 'string') return value as Stix;
  } catch {
    // Not JSON, or not text.
  }
  return null;
}

export function hexBytes(hex: string): Uint8Array {
  const out = new Uint8Array(Math.max(0, Math.floor((hex.length - 2) / 2)));
  for (let index = 0; index < out.length; index += 1) out[index] = Number.parseInt(hex.slice(2 + index * 2, 4 + index * 2), 16);
  return out;
}

/** A STIX id from the parts that the ledger keeps. */
export function stixId(type: string, uuid: string): string {
  const hex = uuid.replace(/^0x/, '');
  return `${type}--${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/** What an object is called. */
export function title(of: Stix | null): string {
  if (!of) return '';
  for (const name of ['name', 'value', 'pattern', 'content', 'abstract', 'opinion', 'key']) if (typeof of[name] === 'string' && of[name]) return line(of[name], 160);
  if (of.type === 'relationship') return line(`${String(of.source_ref ?? '?').split('--')[0]} ${String(of.relationship_type ?? '')} ${String(of.target_ref ?? '?').split('--')[0]}`, 160);
  if (typeof of.definition_type === 'string') return line(of.definition_type, 160);
  return '';
}

export const labels = (of: Stix | null): string[] => (Array.isArray(of?.labels) ? of.labels.filter((label): label is string => typeof label === 'string').map((label) => line(label, 40)).slice(0, 20) : []);

/** Shown elsewhere, or of no use to a reader. */
const HIDDEN = new Set(['type', 'spec_version', 'id', 'name', 'description', 'object_marking_refs', 'labels']);
/** First, in this order. */
const FIRST = ['pattern', 'indicator_types', 'valid_from', 'valid_until', 'created', 'modified', 'created_by_ref', 'relationship_type', 'source_ref', 'target_ref', 'aliases'];

/** The properties of an object that a reader wants, in order. */
export function properties(of: Stix): [name: string, value: unknown][] {
  const names = Object.keys(of).filter((name) => !HIDDEN.has(name));
  const rank = (name: string): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return names.sort((a, b) => rank(a) - rank(b)).slice(0, 100).map((name) => [name, of[name]]);
}

/** The name of a property for a reader: `indicator_types` is “Indicator types”. */
export const named = (key: string): string => {
  const words = key.replace(/_+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** Text, cut where an address begins or ends: every second piece is one. */
export const byAddress = (text: string): string[] => text.split(/(?<![0-9a-zA-Z])(0x[0-9a-fA-F]{40})(?![0-9a-fA-F])/);

const REFERENCE = /^[a-z][a-z0-9-]{1,60}--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const isReference = (value: unknown): value is string => typeof value === 'string' && REFERENCE.test(value);

/** A pointer to another object, and the property that holds it. */
export interface Ref {
  by: string;
  to: string;
}

/** The objects that this one points at, and by which property. */
export function references(of: Stix): Ref[] {
  const found: Ref[] = [];
  for (const [name, value] of Object.entries(of)) {
    if (name === 'id' || name === 'object_marking_refs') continue;
    for (const item of Array.isArray(value) ? value : [value]) if (isReference(item)) found.push({ by: name, to: item });
  }
  return found.slice(0, 200);
}
