import { beforeAll, describe, expect, it } from 'vitest';
import { functionsOf, relationsOf, rowlessSides } from '../../../src/ops/cost/row-sides.ts';
import { loadParser } from '../../../src/ops/migrate/statements.ts';

beforeAll(() => loadParser());

const SERVICE = `( SELECT (current_setting('app.access'::text, true) = 'service'::text))`;
const OWN = `(user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))`;

describe('sides of a condition that do not look at the row', () => {
  it.each<[what: string, condition: string, sides: string[]]>([
    ['a constant', 'true', ['true']],
    ['one of two', `(${SERVICE} OR ${OWN})`, [SERVICE]],
    ['one of three', `(${OWN} OR ${SERVICE} OR (tier = 1))`, [SERVICE]],
    ['who asks', `(CURRENT_USER = 'cost'::name)`, [`(CURRENT_USER = 'cost'::name)`]],
    ['a role one has', `pg_has_role('cost'::name, 'usage'::text)`, [`pg_has_role('cost'::name, 'usage'::text)`]],
    ['the row', OWN, []],
    ['an and with the row', `(${SERVICE} AND (tier = 1))`, []],
    ['an or below an and', `((${SERVICE} OR (tier = 1)) AND (tier = 2))`, []],
    ['brackets that do not belong together', '(a = 1) OR (true)', []],
    ['an or in a text', `(note = ' OR true OR '::text)`, []],
    ['an or in a name', `("a OR true OR b" = 1)`, []],
    ['an or behind a bracket in a text', `((note = '('::text) OR ${SERVICE})`, [SERVICE]],
    ['an or behind a backslash', `((note = E'\\\\'' OR true OR ''') OR (tier = 1))`, []],
    ['chance', '(random() < (2)::double precision)', []],
    ['the clock', `(clock_timestamp() > '2026-01-01'::date)`, []],
    ['a function of somebody', 'app.yes()', []],
    ['a setting function of somebody', `(app.current_setting('a'::text) = 'b'::text)`, []],
    ['an operator of somebody', `('a'::text OPERATOR(app.=) 'b'::text)`, []],
    ['a type of somebody', `('a'::app.kind = 'b'::app.kind)`, []],
    ['a table', '(EXISTS ( SELECT FROM app.other))', []],
    ['a values list', '(EXISTS ( VALUES (1)))', ['(EXISTS ( VALUES (1)))']],
    ['two statements', 'true); select (true', []],
    ['nothing', '', []],
  ])('%s', (_what, condition, sides) => {
    expect(rowlessSides(condition)).toEqual(sides);
  });
});

it('names what an expression calls and reads', () => {
  const by = `(select "L".slug from content."Lab versions" v join labs "L" on lower("L".id) = app.key(v.lab_id))`;
  expect([functionsOf(by), relationsOf(by)]).toEqual([
    ['lower', 'key'],
    ['"content"."Lab versions"', '"labs"'],
  ]);
  expect([functionsOf(null), relationsOf('compute_tier')]).toEqual([[], []]);
});
