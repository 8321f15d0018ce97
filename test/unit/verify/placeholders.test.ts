import { describe, expect, it } from 'vitest';
import { placeholders, replacePlaceholders } from '../../../src/ops/verify/placeholders.ts';

const doubled = (sql: string) => replacePlaceholders(sql, (number) => `<${number * 2}>`);

describe('placeholders', () => {
  it.each<[string, string]>([
    ['select $1, $12', 'select <2>, <24>'],
    ["where a = any ($1) and b::text <> '$1'", "where a = any (<2>) and b::text <> '$1'"],
    ["select 'it''s $1', $1", "select 'it''s $1', <2>"],
    [String.raw`select E'\'$1', $1`, String.raw`select E'\'$1', <2>`],
    [String.raw`select '\', $1`, String.raw`select '\', <2>`],
    ['select "$1", "a""$1", $1', 'select "$1", "a""$1", <2>'],
    ['select 1 -- $1\n, $1', 'select 1 -- $1\n, <2>'],
    ['select /* $1 \n $2 */ $1', 'select /* $1 \n $2 */ <2>'],
    ['select $$ $1 $$, $a$ $1 $$ $a$, $1', 'select $$ $1 $$, $a$ $1 $$ $a$, <2>'],
    ['select a$1, $1', 'select a$1, <2>'],
    ["-- it's a comment\nselect $1 -- and another's", "-- it's a comment\nselect <2> -- and another's"],
  ])('of %j', (sql, expected) => {
    expect(doubled(sql)).toBe(expected);
  });

  it('are listed once each', () => {
    expect([...placeholders("select $2, $1, $2, '$9'")]).toEqual([2, 1]);
  });
});
