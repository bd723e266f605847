// What members of a league may know of threats, for pictures: invented, and connected.
import { common } from './league.mjs';

const id = (type, number) => `${type}--dddddddd-bbbb-4ccc-8ddd-${number.toString(16).padStart(12, '0')}`;
const address = (byte) => `0x${byte.repeat(20)}`;

const made = [
  { type: 'threat-actor', name: 'Harbour Rats', description: 'Sells access to drained wallets. Active since the spring of 2025.', threat_actor_types: ['crime-syndicate'], labels: ['drainer'] },
  { type: 'campaign', name: 'Amber Tide', description: 'False airdrops of a token with a name like that of a known one. Who claims it gives an unlimited approval.' },
  { type: 'malware', name: 'Quill', description: 'Asks wallets for approvals and empties them within one block.', is_family: true, malware_types: ['spyware'], labels: ['drainer'] },
  { type: 'tool', name: 'Ferry', description: 'Moves what was taken over bridges, in parts that no limit notices.', labels: ['bridge'] },
  { type: 'attack-pattern', name: 'Approval phishing', description: 'The victim signs a permit that it takes for a login.' },
  { type: 'attack-pattern', name: 'Address poisoning', description: 'Transfers of nothing from an address that looks like one that the victim paid before.' },
  { type: 'infrastructure', name: 'Airdrop pages of Amber Tide', description: 'Eleven domains on two hosts.', infrastructure_types: ['phishing'] },
  { type: 'vulnerability', name: 'Price feed without a bound on its age', description: 'A lender takes a price that is hours old: what is borrowed against it is never paid back.' },
  { type: 'course-of-action', name: 'Take approvals back', description: 'Set the allowance of every spender that you do not know to nothing.' },
  { type: 'indicator', name: 'Collects what Quill takes', description: 'Has received from 212 addresses within a day.', target: address('4e'), labels: ['drainer'] },
  { type: 'indicator', name: 'Spender of false airdrops', description: 'Named in each approval of Amber Tide that members have seen.', target: address('5c'), labels: ['phishing'] },
  { type: 'indicator', name: 'First hop towards the bridges', description: 'Forwards within seconds, in round amounts.', target: address('a7'), labels: ['laundering'] },
].map(({ target, ...of }, index) => ({
  ...common,
  ...of,
  id: id(of.type, index + 1),
  ...(target ? { indicator_types: ['malicious-activity'], pattern: `[cryptocurrency-wallet:value = '${target}']`, pattern_type: 'stix', valid_from: common.created } : {}),
}));

const named = (name) => made.find((of) => of.name === name).id;
const related = [
  ['Harbour Rats', 'uses', 'Quill'],
  ['Amber Tide', 'attributed-to', 'Harbour Rats'],
  ['Amber Tide', 'uses', 'Approval phishing'],
  ['Amber Tide', 'uses', 'Airdrop pages of Amber Tide'],
  ['Harbour Rats', 'uses', 'Ferry'],
  ['Collects what Quill takes', 'indicates', 'Quill'],
  ['Spender of false airdrops', 'indicates', 'Amber Tide'],
  ['First hop towards the bridges', 'indicates', 'Ferry'],
  ['Take approvals back', 'mitigates', 'Approval phishing'],
].map(([from, how, to], index) => ({ ...common, type: 'relationship', id: id('relationship', index + 100), relationship_type: how, source_ref: named(from), target_ref: named(to) }));

/** Relationships first: what is listed begins with the newest. */
export const samples = [...related, ...made];
/** The grounds of an alert, what it is about, and why. */
export const warning = { object: named('Spender of false airdrops'), target: address('5c'), reason: 'Spender of a false airdrop: takes what it is approved for within a block' };
export const drainer = { object: named('Collects what Quill takes'), target: address('4e'), reason: 'Collects what the drainer Quill takes from wallets' };
