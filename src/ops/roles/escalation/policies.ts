import { ident } from '../../../db/ident.ts';
import type { ReachedBy } from '../audit/reached-by.ts';
import type { SecuredObject } from '../catalog/model.ts';
import { inherited } from '../rights/reach.ts';
import { graphOf } from '../catalog/graph.ts';
import { grantEvidence, grantsOf } from './grants.ts';
import type { PolicyDetail } from './details.ts';
import type { Evidence, Facts, Rule } from './model.ts';

/** Row-level security that does not hold where it seems to. */
export const POLICY_RULES: readonly Rule[] = [
  {
    id: 'policy-by-setting',
    paths: [18],
    severity: 'info',
    title: 'policies that ask a setting',
    why: 'the role set any tenant it liked: such policies guard against mistakes of an app, not against SQL somebody puts into it',
    judge: settingPolicies,
  },
  {
    id: 'truncate-with-row-security',
    paths: [19],
    severity: 'high',
    title: 'TRUNCATE on a table with policies',
    why: 'all rows went, those of others among them: policies are not asked',
    judge: (facts) =>
      grantsOf(facts, ['table'], ['TRUNCATE'])
        .filter(({ object }) => hasRowSecurity(facts, object.id))
        .map((grant) => grantEvidence(facts, grant, ['TRUNCATE'], 'it empties the table whatever the policies say')),
  },
  {
    id: 'partition-granted',
    paths: [20],
    severity: 'high',
    title: 'rights on a partition of a table with policies',
    why: 'all rows of that partition were read: the policies of the parent hold only for who goes through it',
    judge: (facts) =>
      grantsOf(facts, ['table', 'column'], ['SELECT', 'INSERT', 'UPDATE', 'DELETE'])
        .filter(({ object }) => isOpenPartition(facts, object.id))
        .map((grant) =>
          grantEvidence(
            facts,
            grant,
            ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
            'it goes around the policies of the table that this is a part of',
          ),
        ),
  },
  {
    id: 'restrictive-policy-not-inherited',
    paths: [21],
    severity: 'high',
    title: 'a restrictive policy for a role that a member does not inherit',
    why: 'a member with INHERIT FALSE was not held to the policy, and saw what it was to keep from it',
    judge: (facts) =>
      facts.details.policies
        .filter(({ permissive, roles }) => !permissive && roles.length > 0)
        .flatMap((policy) => notHeld(facts, policy)),
  },
  {
    id: 'row-security-not-forced',
    paths: [23],
    severity: 'medium',
    title: 'row-level security that does not hold for the owner',
    why: 'whoever has the owner sees all rows without FORCE, and may switch FORCE off',
    judge: (facts) =>
      facts.catalog.rowSecurity
        .filter(({ enabled, forced }) => enabled && !forced)
        .flatMap(({ relation }) => {
          const table = facts.relations.get(relation);
          const ways = table === undefined ? [] : facts.holders(table.owner);
          if (table === undefined || ways.length === 0) return [];
          return [
            {
              ...tableEvidence(facts, table, ways),
              message: 'its policies do not hold for its owner, whom a login reaches',
              fix: `alter table ${table.name} force row level security;`,
            },
          ];
        }),
  },
  {
    id: 'policies-switched-off',
    paths: [],
    severity: 'high',
    title: 'policies on a table whose row-level security is off',
    why: 'all rows were visible',
    judge: (facts) =>
      facts.catalog.rowSecurity
        .filter(({ enabled }) => !enabled)
        .flatMap(({ relation, policies }) =>
          reached(facts, relation).map(({ table, ways }) => ({
            ...tableEvidence(facts, table, ways),
            message: `its policies (${policies.join(', ')}) hold for nobody`,
            fix: `alter table ${table.name} enable row level security;`,
          })),
        ),
  },
  {
    id: 'row-security-without-policy',
    paths: [],
    severity: 'low',
    title: 'row-level security without a policy',
    why: 'nobody but the owner sees a row, which is seldom what was meant, and then somebody switches it off',
    judge: (facts) =>
      facts.catalog.rowSecurity
        .filter(({ enabled, policies }) => enabled && policies.length === 0)
        .flatMap(({ relation }) =>
          reached(facts, relation).map(({ table, ways }) => ({
            ...tableEvidence(facts, table, ways),
            message: 'its rights show no row, since it has no policy',
            fix: 'write its policies in a migration',
          })),
        ),
  },
  {
    id: 'policy-always-true',
    paths: [],
    severity: 'medium',
    title: 'a permissive policy that is always true',
    why: 'permissive policies are joined by OR: this one lets everything through',
    judge: (facts) =>
      byTable(facts, ({ always, permissive }) => always && permissive).map(({ table, ways, policies }) => ({
        ...tableEvidence(facts, table, ways),
        message: `every row passes ${policies.join(', ')}, whatever the other policies say`,
        fix: policies.map((name) => `drop policy ${ident(name)} on ${table.name};`).join('\n'),
      })),
  },
];

const tableEvidence = (
  { names }: Facts,
  table: SecuredObject,
  ways: readonly ReachedBy[],
): Omit<Evidence, 'message' | 'fix'> => ({
  object: table.name,
  role: names.of(table.owner),
  ways,
});

/** One for all of them: it is a way of building an app, and nothing to put right table by table. */
function settingPolicies(facts: Facts): Evidence[] {
  const found = byTable(facts, ({ asksSetting }) => asksSetting);
  if (found.length === 0) return [];
  return [
    {
      object: 'policies that ask current_setting()',
      role: facts.file.owner,
      message: `whoever can send SQL chooses whose rows they see of ${found.map(({ table }) => table.name).join(', ')}`,
      fix: 'nothing, where one login serves all users; else one role for each, and policies that ask current_user',
      ways: found.flatMap(({ ways }) => ways),
    },
  ];
}

function hasRowSecurity({ catalog }: Facts, id: number): boolean {
  return catalog.rowSecurity.some(({ relation, enabled }) => relation === id && enabled);
}

/** A table that some login has a right on, and who. */
function reached({ relations, grants }: Facts, id: number): { table: SecuredObject; ways: readonly ReachedBy[] }[] {
  const table = relations.get(id);
  const ways = grants
    .filter(({ object }) => object.id === id && (object.kind === 'table' || object.kind === 'column'))
    .flatMap((grant) => grant.ways);
  return table === undefined || ways.length === 0 ? [] : [{ table, ways }];
}

function byTable(
  facts: Facts,
  pick: (policy: PolicyDetail) => boolean,
): { table: SecuredObject; ways: readonly ReachedBy[]; policies: readonly string[] }[] {
  const picked = new Map<number, string[]>();
  for (const policy of facts.details.policies.filter(pick)) {
    picked.set(policy.relation, [...(picked.get(policy.relation) ?? []), policy.name]);
  }
  return [...picked].flatMap(([relation, policies]) => reached(facts, relation).map((one) => ({ ...one, policies })));
}

/** A partition without row-level security of its own, some ancestor of which has it. */
function isOpenPartition(facts: Facts, id: number): boolean {
  if (hasRowSecurity(facts, id)) return false;
  let parent = facts.relations.get(id)?.parent ?? null;
  while (parent !== null) {
    if (hasRowSecurity(facts, parent)) return true;
    parent = facts.relations.get(parent)?.parent ?? null;
  }
  return false;
}

/** Policies are asked of whose privileges a role has, and so of what it inherits alone. */
function notHeld(facts: Facts, policy: PolicyDetail): Evidence[] {
  const { catalog, names, reaches, grants } = facts;
  const table = facts.relations.get(policy.relation);
  if (table === undefined) return [];
  const graph = graphOf(catalog);
  const here = grants.filter(({ object }) => object.kind === 'table' && object.id === table.id);
  return [...reaches.keys()].flatMap((login): Evidence[] => {
    const has = inherited(login, graph);
    const member = catalog.memberships.find((row) => row.member === login && policy.roles.includes(row.role));
    const reads = here.some(({ entry }) => entry.grantee === 0 || has.has(entry.grantee));
    if (member === undefined || !reads || policy.roles.some((role) => has.has(role))) return [];
    const name = names.of(login);
    return [
      {
        object: `${policy.name} on ${table.name}`,
        role: name,
        message: `the policy is for ${names.of(member.role)}, of which ${name} is a member without INHERIT, and so it is not asked`,
        fix: `alter policy ${ident(policy.name)} on ${table.name} to public;`,
        ways: [{ login: name, level: 'now', path: name }],
      },
    ];
  });
}
