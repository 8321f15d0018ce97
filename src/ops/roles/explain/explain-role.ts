import { pathText, whoReaches } from '../audit/reached-by.ts';
import { graphOf } from '../catalog/graph.ts';
import type { Role, RoleCatalog, SecuredObject } from '../catalog/model.ts';
import { shownValue } from '../catalog/secret-setting.ts';
import type { Comparison } from '../difference/inputs.ts';
import { roleNames } from '../difference/inputs.ts';
import { ATTRIBUTES } from '../difference/model.ts';
import { attributeOf } from '../difference/roles.ts';
import { effectiveRights } from '../rights/effective.ts';
import { allRights } from '../rights/kinds.ts';
import { membershipText, type Membership } from '../rights/memberships.ts';
import { privilegesOf, type Privilege } from '../rights/privilege.ts';
import { reach } from '../rights/reach.ts';
import { sessionObstacles } from './obstacles.ts';
import { waysOf } from './ways.ts';

/** One thing about a role. */
export interface RoleFact {
  readonly about:
    | 'purpose'
    | 'attributes'
    | 'limits'
    | 'session'
    | 'setting'
    | 'member of'
    | 'member'
    | 'leads to'
    | 'owns'
    | 'may'
    | 'reached by';
  readonly text: string;
}

/** What a role is, and what it may do now, in summary. Pure. */
export const explainRole = (role: Role, comparison: Comparison, now: Date): RoleFact[] => roleExplainer(comparison, now)(role);

/** The same for one role after another: what all of them are asked is worked out once. */
export function roleExplainer(
  { catalog, desired, file }: Comparison,
  now: Date,
  say: SayRights = counted,
): (role: Role) => RoleFact[] {
  const reaches = whoReaches(catalog);
  const may = mayOf(catalog, say);
  return (role) => {
    const reachedBy = reaches(role.name).filter(({ login }) => login !== role.name);
    const wanted = desired.roles.find(({ name }) => name === role.name);
    const logins = reachedBy.map(({ login }) => login);
    const inputs = { catalog, ways: waysOf(role, catalog), policies: [], guarded: null, now, logins };
    return [
      purpose(wanted === undefined ? null : `${wanted.purpose} (${wanted.because})`, role, file.label),
      attributes(role),
      ...limits(role),
      ...sessionObstacles(role, inputs).map(({ message }): RoleFact => ({ about: 'session', text: message })),
      ...settings(role, catalog),
      ...memberships(role, catalog),
      ...leadsTo(role, catalog),
      ...owns(role, catalog),
      ...may(role),
      ...reachedBy.map(({ path, level }): RoleFact => ({ about: 'reached by', text: `${path}: ${level}` })),
    ];
  };
}

function purpose(fromFile: string | null, { comment, builtIn }: Role, label: string): RoleFact {
  const unknown = builtIn ? 'it came with the server' : `${label} does not name it`;
  return { about: 'purpose', text: [fromFile ?? unknown, ...(comment === null ? [] : [comment])].join('; ') };
}

function attributes(role: Role): RoleFact {
  const has = ATTRIBUTES.filter((attribute) => attributeOf(role, attribute));
  return { about: 'attributes', text: has.length === 0 ? 'none: it does not log in, and is not privileged' : has.join(', ') };
}

function limits({ connectionLimit, validUntil }: Role): RoleFact[] {
  return [
    ...(connectionLimit === -1 ? [] : [{ about: 'limits' as const, text: `${connectionLimit} connections at once` }]),
    ...(validUntil === null ? [] : [{ about: 'limits' as const, text: `its password is good until ${validUntil}` }]),
  ];
}

function settings({ id }: Role, catalog: RoleCatalog): RoleFact[] {
  return catalog.settings
    .filter(({ role }) => role === id)
    .map(({ name, value, here }) => ({
      about: 'setting',
      text: `${name} = ${shownValue(name, value)}${here ? ' (in this database)' : ''}`,
    }));
}

function memberships({ id }: Role, catalog: RoleCatalog): RoleFact[] {
  const names = roleNames(catalog);
  const words = (one: Membership): string => `${membershipText(one)}; granted by ${names.of(one.grantor)}`;
  return [
    ...catalog.memberships
      .filter(({ member }) => member === id)
      .map((one): RoleFact => ({ about: 'member of', text: `${names.of(one.role)} (${words(one)})` })),
    ...catalog.memberships
      .filter(({ role }) => role === id)
      .map((one): RoleFact => ({ about: 'member', text: `${names.of(one.member)} (${words(one)})` })),
  ];
}

/** Roles it has more than one step away, or that it first has to become. */
function leadsTo(role: Role, catalog: RoleCatalog): RoleFact[] {
  const names = roleNames(catalog);
  return [...reach(role.id, graphOf(catalog)).has.values()]
    .filter(({ path, level }) => path.length > 1 || (path.length === 1 && level !== 'now'))
    .map(({ path, level }) => ({ about: 'leads to', text: `${pathText(role.name, path, names.of)}: ${level}` }));
}

function owns({ id }: Role, { objects }: RoleCatalog): RoleFact[] {
  const counts = new Map<string, number>();
  for (const { owner, kind, what, schema, id: object } of objects) {
    // A column is its table's, and a parameter is nobody's.
    if (owner !== id || kind === 'column' || kind === 'parameter' || object < FIRST_NORMAL) continue;
    const key = `${schema === null ? '' : `in ${schema}: `}${what}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([what, count]) => ({ about: 'owns', text: `${what} (${count})` }));
}

/** FirstNormalObjectId: below it is what initdb made. */
const FIRST_NORMAL = 16_384;

/** An object, and what a role may do with it. */
export interface HeldRights {
  readonly object: SecuredObject;
  readonly privileges: readonly Privilege[];
}

/** What a role may do with the objects of one schema and kind, in words: those it may do something with, and how many there are. */
export type SayRights = (held: readonly HeldRights[], of: number) => string;

/** By schema and kind of object, what is held on them, and the database. */
function mayOf(catalog: RoleCatalog, say: SayRights): (role: Role) => RoleFact[] {
  const rights = effectiveRights(catalog);
  const groups = groupsOf(catalog);
  return ({ id, superuser }) => {
    if (superuser) return [{ about: 'may', text: 'everything: superuser' }];
    return [...groups].flatMap(([key, objects]): RoleFact[] => {
      const held = objects
        .map((object) => ({
          object,
          privileges: privilegesOf(rights(id, object) & allRights(object.kind, catalog.serverVersion)),
        }))
        .filter(({ privileges }) => privileges.length > 0);
      return held.length === 0 ? [] : [{ about: 'may', text: `${key}: ${say(held, objects.length)}` }];
    });
  };
}

/** On how many of how many each privilege is held. */
function counted(held: readonly HeldRights[], of: number): string {
  const counts = new Map<string, number>();
  for (const privilege of held.flatMap(({ privileges }) => privileges)) counts.set(privilege, (counts.get(privilege) ?? 0) + 1);
  return [...counts].map((one) => countText(one, of)).join(', ');
}

function groupsOf(catalog: RoleCatalog): ReadonlyMap<string, readonly SecuredObject[]> {
  const groups = new Map<string, SecuredObject[]>();
  for (const object of catalog.objects) {
    const key = groupOf(object, catalog);
    if (key === null) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [object]);
    else group.push(object);
  }
  return groups;
}

function groupOf({ kind, id, schema, bare, extension }: SecuredObject, { database }: RoleCatalog): string | null {
  if (kind === 'database') return id === database.id ? `database ${bare}` : null;
  if (kind === 'schema') return 'schemas';
  if (schema === null || extension !== null || kind === 'type') return null;
  return `${schema}, ${kind}s${kind === 'column' ? ' granted by themselves' : ''}`;
}

const countText = ([privilege, count]: readonly [string, number], of: number): string =>
  of === 1 ? privilege : `${privilege} on ${count === of ? `all ${of}` : `${count} of ${of}`}`;
