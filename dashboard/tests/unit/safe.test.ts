import { expect, test } from 'vitest';
import { line, MAX_SHOWN, safe } from '../../src/lib/safe';

test.each([
  ['\u202Efdp.exe', '⟨U+202E⟩fdp.exe'],
  ['a\u200Bb', 'a⟨U+200B⟩b'],
  ['\u2066x\u2069', '⟨U+2066⟩x⟨U+2069⟩'],
  ['nul\0', 'nul⟨U+0000⟩'],
  ['\u{E0041}', '⟨U+E0041⟩'],
  ['back\bspace', 'back⟨U+0008⟩space'],
  ['\uFEFFbom', '⟨U+FEFF⟩bom'],
])('%j is shown with what is invisible made visible', (text, shown) => expect(safe(text)).toBe(shown));

test('text in any script, emoji and line breaks stay', () => {
  for (const text of ['Grüße', 'שלום', '日本', '🙂', 'a\nb\tc', '<script>alert(1)</script>']) expect(safe(text)).toBe(text);
});

test('half characters and towers of marks are cut down', () => {
  expect(safe('\ud800x')).toBe('\ufffdx');
  expect(safe(`a${'\u0301'.repeat(500)}`).length).toBeLessThan(10);
});

test('at the limit all is shown, one past it is cut', () => {
  expect(safe('x'.repeat(MAX_SHOWN))).toHaveLength(MAX_SHOWN);
  expect(safe('x'.repeat(MAX_SHOWN + 1))).toBe(`${'x'.repeat(MAX_SHOWN)}…`);
});

test('a line has no breaks, and anything can be given', () => {
  expect(line('a\n\n b')).toBe('a b');
  for (const value of [undefined, null, 5, {}, []]) expect(typeof line(value)).toBe('string');
});
