import { describe, expect, it } from 'vitest';
import { fillFix, fixPlaceholders } from '../../../src/ops/verify/fix.ts';

describe('a fix', () => {
  it.each<[string, Record<string, string | number | null>, string]>([
    ['alter role {role} nologin;', { role: 'Shop "App"' }, 'alter role "Shop ""App""" nologin;'],
    ['alter role {role:ident} nologin;', { role: 'user' }, 'alter role "user" nologin;'],
    ['alter system set timezone = {zone:literal};', { zone: "O'Hare" }, "alter system set timezone = 'O''Hare';"],
    ['{statement:sql}', { statement: 'drop extension a; -- {role}' }, 'drop extension a; -- {role}'],
    ['raise it to {limit:sql}', { limit: 12 }, 'raise it to 12'],
    ['{a} {a}', { a: 'x' }, '"x" "x"'],
    // A name that is not there, or braces that are none of ours, stay to be seen.
    ['{role} {other}', { role: 'a', other: null }, '"a" {other}'],
    ["select '{\"a\": 1}', '{1,2}'", {}, "select '{\"a\": 1}', '{1,2}'"],
    // What a database holds is not a template: it is filled in once.
    ['{role} {other}', { role: '{other}', other: 'b' }, '"{other}" "b"'],
  ])('%s', (template, data, expected) => {
    expect(fillFix(template, data)).toBe(expected);
  });

  it('names its placeholders and the wrong ones', () => {
    expect(fixPlaceholders('{a} {b:literal} {c:raw} {d:}')).toEqual({ names: ['a', 'b'], wrong: ['c:raw', 'd:'] });
  });
});
