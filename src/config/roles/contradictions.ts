import { suggest } from '../../core/suggest.ts';
import { GRANT_SUBJECTS, type GrantSubject } from './grant.ts';
import { RELATION_PRIVILEGES, SEQUENCE_PRIVILEGES } from './privileges.ts';
import type { CheckedGrant, CheckedRolesFile } from './schema.ts';

/** What two values of roles.yaml, each allowed by itself, make wrong between them. */
export interface Contradiction {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Everything in the file that cannot hold together. Pure; the database is not asked. */
export function rolesContradictions(file: CheckedRolesFile): Contradiction[] {
  return [
    ...ownerAndCreators(file),
    ...logins(file),
    ...memberships(file),
    ...grantsOf(file).flatMap(({ path, grant }) => grantProblems(grant, path, file)),
    ...exceptions(file),
    ...environments(file),
  ];
}

/** Every grant of the file, and where it stands. */
function grantsOf({
  roles,
  public: everybody,
  exceptions: list,
}: CheckedRolesFile): { path: PropertyKey[]; grant: CheckedGrant }[] {
  return [
    ...everybody.grants.map((grant, index) => ({ path: ['public', 'grants', index], grant })),
    ...Object.entries(roles).flatMap(([role, { grants }]) =>
      grants.map((grant, index) => ({ path: ['roles', role, 'grants', index], grant })),
    ),
    ...list.flatMap(({ grant }, index) => (grant === undefined ? [] : [{ path: ['exceptions', index, 'grant'], grant }])),
  ];
}

function ownerAndCreators({ owner, creators, roles }: CheckedRolesFile): Contradiction[] {
  const found: Contradiction[] = [];
  if (!Object.hasOwn(roles, owner)) found.push({ path: ['owner'], message: notAmong(owner, roles) });
  else if (mayLogIn(roles[owner])) found.push({ path: ['roles', owner], message: 'owns the schemas, and so must not log in' });
  (creators ?? []).forEach((creator, index) => {
    if (!Object.hasOwn(roles, creator)) found.push({ path: ['creators', index], message: notAmong(creator, roles) });
  });
  return found;
}

const mayLogIn = (role: CheckedRolesFile['roles'][string] | undefined): boolean =>
  role?.login === true || role?.logins !== undefined;

function logins({ roles }: CheckedRolesFile): Contradiction[] {
  const taken = new Map(Object.keys(roles).map((name) => [name, `the role ${name}`]));
  return Object.entries(roles).flatMap(([role, { logins: names = [] }]) =>
    names.flatMap((name, index) => {
      const other = taken.get(name);
      taken.set(name, `a login of ${role}`);
      return other === undefined ? [] : [{ path: ['roles', role, 'logins', index], message: `${name} is ${other} already` }];
    }),
  );
}

function memberships({ roles }: CheckedRolesFile): Contradiction[] {
  return Object.entries(roles).flatMap(([role, { member_of }]) => {
    const circle = circleFrom(role, roles);
    return [
      ...(Object.hasOwn(member_of, role)
        ? [{ path: ['roles', role, 'member_of', role], message: 'a role is no member of itself' }]
        : []),
      ...(circle === undefined ? [] : [{ path: ['roles', role, 'member_of'], message: `memberships go in a circle: ${circle}` }]),
    ];
  });
}

/** What each role is a member of, logins of what they log in for. */
function groupsOf(roles: CheckedRolesFile['roles']): (role: string) => readonly string[] {
  const groups = new Map(Object.entries(roles).map(([role, { member_of }]) => [role, Object.keys(member_of)]));
  for (const [role, { logins: names = [] }] of Object.entries(roles)) {
    for (const login of names) groups.set(login, [...(groups.get(login) ?? []), role]);
  }
  return (role) => groups.get(role) ?? [];
}

/** The circle of which `first` is the role first in the alphabet, so that it is said once. */
function circleFrom(first: string, roles: CheckedRolesFile['roles']): string | undefined {
  const groups = groupsOf(roles);
  const follow = (path: readonly string[]): string | undefined => {
    for (const next of groups(path.at(-1) ?? '')) {
      if (next === first && path.length > 1) return path.every((role) => role >= first) ? [...path, next].join(' → ') : undefined;
      if (path.includes(next)) continue;
      const found = follow([...path, next]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return follow([first]);
}

/** Which privileges each subject of a grant has; `database` is itself the list. */
const PRIVILEGES_OF: Readonly<Record<GrantSubject, readonly string[]>> = {
  on: RELATION_PRIVILEGES,
  sequences: SEQUENCE_PRIVILEGES,
  routines: ['execute'],
  types: ['usage'],
  schemas: ['usage', 'create'],
  database: [],
  languages: ['usage'],
  foreign_servers: ['usage'],
  foreign_data_wrappers: ['usage'],
  tablespaces: ['create'],
  parameters: ['set', 'alter system'],
};

function grantProblems(grant: CheckedGrant, path: readonly PropertyKey[], { presets }: CheckedRolesFile): Contradiction[] {
  const subject = GRANT_SUBJECTS.find((one) => grant[one] !== undefined) ?? 'on';
  const found: Contradiction[] = [];
  if (grant.use !== undefined && !Object.hasOwn(presets, grant.use))
    found.push({ path: [...path, 'use'], message: `there is no preset ${grant.use}${orMeant(grant.use, Object.keys(presets))}` });
  const allowed = PRIVILEGES_OF[subject];
  (grant.privileges ?? []).forEach((privilege, index) => {
    if (allowed.includes(privilege)) return;
    const message =
      subject === 'database'
        ? 'privileges of the database stand in database itself'
        : `${subject} has ${allowed.join(', ')}, not ${privilege}`;
    found.push({ path: [...path, 'privileges', index], message });
  });
  return found;
}

function exceptions({ exceptions: list, roles }: CheckedRolesFile): Contradiction[] {
  // A finding can be about one of the logins of a role.
  const logins = Object.values(roles).flatMap((role) => role.logins ?? []);
  return list.flatMap(({ id, role, accept }, index): Contradiction[] => [
    ...(role === 'PUBLIC' || Object.hasOwn(roles, role) || (accept !== undefined && logins.includes(role))
      ? []
      : [{ path: ['exceptions', index, 'role'], message: notAmong(role, roles) }]),
    ...(list.findIndex((other) => other.id === id) === index
      ? []
      : [{ path: ['exceptions', index, 'id'], message: `${id} is the id of another exception already` }]),
  ]);
}

function environments({ environments: overlays, roles }: CheckedRolesFile): Contradiction[] {
  return Object.entries(overlays).flatMap(([environment, overlay]) =>
    Object.keys(overlay.roles)
      .filter((role) => !Object.hasOwn(roles, role))
      .map((role) => ({ path: ['environments', environment, 'roles', role], message: notAmong(role, roles) })),
  );
}

function notAmong(role: string, roles: CheckedRolesFile['roles']): string {
  return `${role} is not among roles${orMeant(role, Object.keys(roles))}`;
}

function orMeant(name: string, names: readonly string[]): string {
  const meant = suggest(name, names);
  return meant === undefined ? '' : `, did you mean ${meant}`;
}
