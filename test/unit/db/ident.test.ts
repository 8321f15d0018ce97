import { describe, expect, it } from 'vitest';
import { ident, literal, qualified, splitName } from '../../../src/db/ident.ts';

describe('ident', () => {
  it.each([
    ['user', '"user"'],
    ['Käse "x"', '"Käse ""x"""'],
    ['a\nb', '"a\nb"'],
    ['; drop table x --', '"; drop table x --"'],
  ])('%j', (name, quoted) => expect(ident(name)).toBe(quoted));
  it.each([
    ['', 'an identifier cannot be empty'],
    ['a\0b', 'an identifier cannot contain a NUL character'],
    ['é'.repeat(32), `identifier longer than 63 bytes: ${'é'.repeat(32)}`],
  ])('refuses %j', (name, message) => expect(() => ident(name)).toThrow(message));
  it('takes 63 bytes', () => expect(ident('a'.repeat(63))).toHaveLength(65));
});

describe('literal', () => {
  it.each([
    ["it's", "'it''s'"],
    ['a\\b', "E'a\\\\b'"],
    ["\\'; drop", "E'\\\\''; drop'"],
    ['', "''"],
  ])('%j', (value, quoted) => expect(literal(value)).toBe(quoted));
  it('refuses NUL', () => expect(() => literal('\0')).toThrow('a text value cannot contain a NUL character'));
});

it('qualified quotes both parts', () => expect(qualified('a.b', 'c')).toBe('"a.b"."c"'));
it('splitName splits at the first dot', () => {
  expect(splitName('dbctl.schema_migrations')).toEqual({ schema: 'dbctl', name: 'schema_migrations' });
  expect(splitName('t')).toEqual({ schema: 'public', name: 't' });
});
