import { describe, expect, test } from 'vitest';
import { jsonLine, jsonText } from '../../../src/render/json-text.ts';
import { visible, visibleBlock, visibleCharacters, withoutCommands } from '../../../src/core/visible.ts';
import { clip, displayWidth, pad, wrap } from '../../../src/render/width.ts';

describe('hidden characters are shown', () => {
  test.each([
    ['escape sequence', '\u001b[31mred', '\\x1b[31mred'],
    ['8-bit CSI', '\u009b31m', '\\x9b31m'],
    ['delete and bell', '\u007f\u0007', '\\x7f\\x07'],
    ['line feed, return, tab', 'a\nb\rc\td', 'a\\nb\\rc\\td'],
    ['right-to-left override', 'a\u202eb', 'a\\u202eb'],
    ['zero-width space and byte order mark', '\u200b\ufeff', '\\u200b\\ufeff'],
    ['tag beyond the first plane', '\u{e0041}', '\\u{e0041}'],
    ['unpaired surrogate', 'a\ud800b', 'a\\ud800b'],
    ['line separator', 'a\u2028b', 'a\\u2028b'],
    ['noncharacter', '\ufffe', '\\ufffe'],
    ['runner command', '##[add-mask]x ##vso[task.x]', '\\x23#[add-mask]x \\x23#vso[task.x]'],
    ['nothing hidden', 'é 表 👍 "a" \\x1b', 'é 表 👍 "a" \\x1b'],
  ])('%s', (_, text, shown) => {
    expect(visible(text)).toBe(shown);
    expect(visibleCharacters(text).join('')).toBe(shown);
  });

  test('line feeds and tabs of a block stay, other controls do not', () => {
    expect(visibleBlock('a\r\n\tb\rc\u001b')).toBe('a\n\tb\\rc\\x1b');
  });

  test.each([
    ['::error::x', '\\x3a:error::x'],
    ['a\n  ::set-output name=x::y', 'a\n  \\x3a:set-output name=x::y'],
    ['select 1\n::text', 'select 1\n::text'],
    ["'a'::text::name", "'a'::text::name"],
  ])('a line that a runner would obey: %j', (text, shown) => {
    expect(withoutCommands(text)).toBe(shown);
  });

  test('each character keeps its place', () => {
    expect(visibleCharacters('a\t👍\u001b')).toEqual(['a', '\\t', '👍', '\\x1b']);
  });
});

describe('JSON that is safe to print', () => {
  test.each(['\u009b31m', '\u202e\u{e0041}', '##[group]', '\u2028', 'a\\nb\n', '\ud800'])('%j is the same value', (text) => {
    expect(JSON.parse(jsonText({ [text]: text }))).toEqual({ [text]: text });
    expect(JSON.parse(jsonLine({ [text]: [text] }))).toEqual({ [text]: [text] });
    expect(jsonLine({ [text]: text })).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}]*$/u);
    expect(jsonText(text)).not.toContain('##[');
  });
});

describe('columns of a terminal', () => {
  test.each([
    ['', 0],
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['表', 2],
    ['ﾃ', 1],
    ['한국', 4],
    ['👍', 2],
    ['𠀀', 2],
    ['✔✖─…', 4],
    ['ع', 1],
  ])('%j takes %i', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  test('padding counts columns, not characters', () => {
    expect(pad('表', 4)).toBe('表  ');
    expect(pad('表', 4, 'right')).toBe('  表');
    expect(pad('abcdef', 4)).toBe('abcdef');
  });

  test.each([
    ['one two three', 7, ['one two', 'three']],
    ['one two three', 80, ['one two three']],
    ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
    ['a bcdefgh i', 4, ['a', 'bcde', 'fgh', 'i']],
    ['表表表', 5, ['表表', '表']],
    ['', 4, ['']],
    ['a  b', 2, ['a ', 'b']],
    ['abcd e\u0301f', 4, ['abcd', 'e\u0301f']],
  ])('%j in %i columns', (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines);
  });

  test('clipping never splits a wide character', () => {
    expect(clip('表表表', 5)).toBe('表表');
    expect(clip('abc', 5)).toBe('abc');
  });
});
