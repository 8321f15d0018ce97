import { describe, expect, test } from 'vitest';
import { membershipGraph } from '../../../src/ops/roles/rights/memberships.ts';
import { reach } from '../../../src/ops/roles/rights/reach.ts';

const NAMES = ['nobody', 'app', 'group', 'owner', 'super', 'base', 'db_owners'];
const id = (name: string): number => NAMES.indexOf(name);

/** `app > group: inherit set`: app is a member of group with these options. */
function reachOf(memberships: readonly string[]): { has: string[]; becomes: string[] } {
  const rows = memberships.map((text) => {
    const [, member = '', role = '', options = ''] = /^(\w+) > (\w+): (.*)$/.exec(text) ?? [];
    const says = (option: string): boolean => options.split(' ').includes(option);
    return {
      member: id(member),
      role: id(role),
      grantor: id('super'),
      admin: says('admin'),
      inherit: says('inherit'),
      set: says('set'),
    };
  });
  const graph = membershipGraph(rows, {
    superusers: new Set([id('super')]),
    databaseOwner: id('base'),
    ownerGroup: id('db_owners'),
  });
  const { has, becomes } = reach(id('app'), graph);
  const text = ({ role, level, path }: { role: number; level: string; path: readonly { by: string; role: number }[] }): string =>
    `${NAMES[role]} ${level}: ${path.map(({ by, role: to }) => `${by} ${NAMES[to]}`).join(', ')}`;
  const others = (map: ReadonlyMap<number, Parameters<typeof text>[0]>): string[] =>
    [...map.values()].filter(({ role }) => role !== id('app')).map(text);
  return { has: others(has), becomes: others(becomes) };
}

// Each mix was tried on 18.2: test/postgres/roles/agreement.test.ts does so again with memberships by chance.
describe('the roles a role reaches', () => {
  test.each([
    ['nobody', [], [], []],
    ['by inheritance', ['app > group: inherit'], ['group now: inherits group'], []],
    [
      'by inheritance of inheritance',
      ['app > group: inherit', 'group > owner: inherit'],
      ['group now: inherits group', 'owner now: inherits group, inherits owner'],
      [],
    ],
    ['by SET ROLE', ['app > group: set'], ['group after SET ROLE: sets group'], ['group after SET ROLE: sets group']],
    [
      'by SET ROLE and then what that role inherits',
      ['app > group: set', 'group > owner: inherit'],
      ['group after SET ROLE: sets group', 'owner after SET ROLE: sets group, inherits owner'],
      ['group after SET ROLE: sets group'],
    ],
    ['inherits and then sets: nothing more', ['app > group: inherit', 'group > owner: set'], ['group now: inherits group'], []],
    [
      'at the least level where there are two ways',
      ['app > owner: set', 'app > group: inherit', 'group > owner: inherit'],
      ['group now: inherits group', 'owner now: inherits group, inherits owner'],
      ['owner after SET ROLE: sets owner'],
    ],
    [
      'by ADMIN alone',
      ['app > group: admin'],
      ['group after granting itself: grants itself group'],
      ['group after granting itself: grants itself group'],
    ],
    [
      'by ADMIN of a role it inherits',
      ['app > group: inherit', 'group > owner: admin'],
      ['group now: inherits group', 'owner after granting itself: inherits group, grants itself owner'],
      ['owner after granting itself: inherits group, grants itself owner'],
    ],
    [
      'by ADMIN of a role it sets, and on from there',
      ['app > group: set', 'group > owner: admin', 'owner > base: set'],
      [
        'group after SET ROLE: sets group',
        'owner after granting itself: sets group, grants itself owner',
        'base after granting itself: sets group, grants itself owner, sets base',
        'db_owners after granting itself: sets group, grants itself owner, sets base, inherits db_owners',
      ],
      [
        'group after SET ROLE: sets group',
        'owner after granting itself: sets group, grants itself owner',
        'base after granting itself: sets group, grants itself owner, sets base',
        'db_owners after granting itself: sets group, grants itself owner, sets base, sets db_owners',
      ],
    ],
    ['not a superuser by ADMIN: only superusers grant that', ['app > super: admin'], [], []],
    ['a superuser by SET ROLE', ['app > super: set'], ['super after SET ROLE: sets super'], ['super after SET ROLE: sets super']],
    [
      'what any of several rows of one pair says',
      ['app > group: inherit', 'app > group: set'],
      ['group now: inherits group'],
      ['group after SET ROLE: sets group'],
    ],
    [
      "pg_database_owner without a row, as this database's owner",
      ['app > base: inherit'],
      ['base now: inherits base', 'db_owners now: inherits base, inherits db_owners'],
      [],
    ],
  ])('%s', (_name, memberships, has, becomes) => {
    expect(reachOf(memberships)).toEqual({ has, becomes });
  });
});
