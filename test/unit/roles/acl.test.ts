import { describe, expect, test } from 'vitest';
import { parseAcl } from '../../../src/ops/roles/rights/acl.ts';
import { maskOf } from '../../../src/ops/roles/rights/privilege.ts';

const NAMES = ['', 'alice', 'bob', 'we ird', 'q"uote', 'back\\slash', 'comma,brace}', 'a=b/c', '42'];
const parse = (text: string) => parseAcl(text, (name) => (NAMES.includes(name) ? NAMES.indexOf(name) : undefined));

describe('the text of an ACL', () => {
  // As 18.2 writes them: select array[makeaclitem(…)]::text, roles of these names.
  test.each([
    ['{}', []],
    ['{alice=r/bob}', [[1, 2, 'r', '']]],
    [
      '{=UC/alice,bob=r*w/alice}',
      [
        [0, 1, 'UC', ''],
        [2, 1, 'rw', 'r'],
      ],
    ],
    ['{"\\"we ird\\"=r/alice"}', [[3, 1, 'r', '']]],
    [
      '{"\\"q\\"\\"uote\\"=r/\\"q\\"\\"uote\\"",alice=a/alice}',
      [
        [4, 4, 'r', ''],
        [1, 1, 'a', ''],
      ],
    ],
    ['{"\\"back\\\\slash\\"=r/alice"}', [[5, 1, 'r', '']]],
    [
      '{"\\"comma,brace}\\"=r/alice","\\"a=b/c\\"=w/bob"}',
      [
        [6, 1, 'r', ''],
        [7, 2, 'w', ''],
      ],
    ],
    ['{42=r/alice}', [[8, 1, 'r', '']]],
    // A role that is gone.
    ['{16999=r/alice}', [[16999, 1, 'r', '']]],
  ] as [string, [number, number, string, string][]][])('%s', (text, entries) => {
    const mask = (letters: string): number =>
      letters
        .split('')
        .reduce(
          (sum, letter) =>
            sum | maskOf(({ r: 'SELECT', w: 'UPDATE', a: 'INSERT', U: 'USAGE', C: 'CREATE' } as const)[letter as 'r']),
          0,
        );
    expect(parse(text)).toEqual(
      entries.map(([grantee, grantor, privileges, grantable]) => ({
        grantee,
        grantor,
        privileges: mask(privileges),
        grantable: mask(grantable),
      })),
    );
  });

  test.each([
    ['alice=r/bob', 'not an array: alice=r/bob'],
    ['{alice}', 'not an aclitem: alice'],
    ['{alice=r}', 'not an aclitem: alice=r'],
    ['{carol=r/alice}', 'a role of an aclitem is not there: carol'],
    ['{alice=rZ/bob}', 'a privilege this dbctl does not know: Z'],
  ])('%s is none: %s', (text, message) => {
    expect(() => parse(text)).toThrow(new RangeError(message));
  });
});
