// Text from the ledger is written by strangers. React shows markup as text; what is left are characters that change how *other* text
// is read: direction marks, invisible ones, controls, and endless combining marks. Each becomes visible.

/** Longest text that is shown at once. */
export const MAX_SHOWN = 4_000;
/** Combining marks on one character. */
const MAX_MARKS = 3;

// C0 and C1 controls but tab and newline; zero-width; direction marks, embeddings, overrides and isolates; soft hyphen; tags; variation
// selectors; fillers; line and paragraph separators; interlinear annotation.
const INVISIBLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;
const MARKS = new RegExp(`(\\p{M}{${MAX_MARKS}})\\p{M}+`, 'gu');
/** Halves of a pair without the other half. */
const LONE = /[\ud800-\udfff]/gu;

const named = (character: string): string => `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`;

/** The text with nothing invisible in it, and not too long. */
export function safe(text: unknown, most = MAX_SHOWN): string {
  const raw = typeof text === 'string' ? text : text === undefined || text === null ? '' : String(text);
  const cut = raw.length > most ? `${raw.slice(0, most)}…` : raw;
  return cut.replace(LONE, '\ufffd').replace(INVISIBLE, named).replace(MARKS, '$1…');
}

/** As [safe], on one line. */
export const line = (text: unknown, most = 200): string =>
  safe(typeof text === 'string' ? text.slice(0, most + 1) : text, most)
    .replace(/\s+/g, ' ')
    .trim();

/** A name that its bearer chose, as it is shown: quoted, with no such quotes inside, so it is never taken for one that the page gives. */
export const quoted = (name: string, most?: number): string => `“${line(name, most).replace(/["“”„‟«»＂]/gu, '’')}”`;
