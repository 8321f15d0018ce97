import { ident } from '../../../db/ident.ts';
import { PUBLIC } from '../rights/acl.ts';
import { maskOf } from '../rights/privilege.ts';
import { grantEvidence, revokeText } from './grants.ts';
import type { Evidence, Facts, Rule } from './model.ts';

const COMPAT = 'lo_compat_privileges';

export const LARGE_OBJECT_RULES: readonly Rule[] = [
  {
    id: 'large-object-checks-off',
    paths: [33],
    severity: 'high',
    title: 'large objects without permission checks',
    why: 'with lo_compat_privileges on, a login read and removed every large object; anybody may make some (lo_create), which fills the disk',
    judge: (facts) => [...setters(facts), ...started(facts), ...everywhere(facts)],
  },
  {
    id: 'large-object-public',
    paths: [],
    severity: 'medium',
    title: 'a large object that everybody may read or write',
    why: 'large objects are in no schema: a right of PUBLIC is a right of every login of the database',
    judge: (facts) =>
      facts.grants
        .filter(({ object, entry }) => object.kind === 'large object' && entry.grantee === PUBLIC)
        .map((grant) => grantEvidence(facts, grant, ['SELECT', 'UPDATE'], 'every login of the database may use it')),
  },
];

function setters(facts: Facts): Evidence[] {
  return facts.grants
    .filter(({ object, entry }) => object.kind === 'parameter' && object.bare === COMPAT && entry.privileges !== 0)
    .map((grant) => ({
      ...grantEvidence(
        facts,
        grant,
        ['SET', 'ALTER SYSTEM'],
        'it can switch the checks off, and read and remove all large objects',
      ),
      fix: revokeText(facts, grant, grant.entry.privileges & maskOf('SET', 'ALTER SYSTEM')),
    }));
}

function started({ catalog, names, becomers, holders }: Facts): Evidence[] {
  return catalog.settings
    .filter(({ name, value }) => name === COMPAT && isOn(value))
    .flatMap(({ role, here }): Evidence[] => {
      const ways = role === null ? holders(PUBLIC) : becomers(role);
      const name = role === null ? 'all' : ident(names.of(role));
      const where = here ? ` in database ${ident(catalog.database.name)}` : '';
      if (ways.length === 0) return [];
      return [
        {
          object: role === null ? 'every role' : names.of(role),
          role: names.of(role ?? PUBLIC),
          message: `its sessions begin with ${COMPAT} on, and no large object is closed to it`,
          fix: `alter role ${name}${where} reset ${COMPAT};`,
          ways,
        },
      ];
    });
}

function everywhere({ details, holders }: Facts): Evidence[] {
  if (!isOn(details.parameters.get(COMPAT) ?? 'off')) return [];
  return [
    {
      object: COMPAT,
      role: 'PUBLIC',
      message: 'the server does not check rights on large objects at all',
      fix: `alter system reset ${COMPAT};\nselect pg_catalog.pg_reload_conf();`,
      ways: holders(PUBLIC),
    },
  ];
}

const isOn = (value: string): boolean => ['on', 'true', 'yes', '1'].includes(value.toLowerCase());
