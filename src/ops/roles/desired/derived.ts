import type { RoleCatalog, SecuredObject, Use } from '../catalog/model.ts';
import { maskOf } from '../rights/privilege.ts';
import { GrantMap } from './grant-map.ts';
import { PUBLIC_NAME, type DesiredGrant, type DesiredRole } from './model.ts';

/**
 * What follows from the grants of the file and so is never written in it: USAGE of the schemas that hold what was granted, CONNECT for those
 * who log in and for administrators, the sequences of defaults, and EXECUTE of the functions that defaults, checks, generated columns, expressions of indexes,
 * policies and views call in the name of whoever uses the table. Functions of triggers are not checked (measured on 18.2).
 */
export function derivedGrants(
  granted: readonly DesiredGrant[],
  roles: readonly DesiredRole[],
  administrators: readonly string[],
  catalog: RoleCatalog,
): DesiredGrant[] {
  const used = usedGrants(granted, catalog);
  const connecting = connectingAdministrators(administrators, roles, catalog);
  return [...connects(roles, connecting, catalog), ...used, ...schemaUsage([...granted, ...used], catalog)];
}

/**
 * Where append-only tables are guarded, their owner has the database and the schemas that hold them: the role that migrations run as is granted
 * what it had as owner, to make schemas, and to make and use objects in these.
 */
export function ownerGrants(
  owner: string,
  guardedSchemas: readonly string[],
  { objects, database }: RoleCatalog,
): DesiredGrant[] {
  const because = 'its schemas belong to the owner of append-only tables';
  return objects.flatMap((object) => {
    if (guardedSchemas.length === 0) return [];
    if (object.kind === 'database' && object.id === database.id)
      return [{ grantee: owner, object, mask: maskOf('CREATE', 'CONNECT'), because }];
    const isGuarded = object.kind === 'schema' && guardedSchemas.includes(object.bare);
    return isGuarded ? [{ grantee: owner, object, mask: maskOf('USAGE', 'CREATE'), because }] : [];
  });
}

/**
 * Administrators that another hand made: they run roles apply in this database, and lose CONNECT with PUBLIC. Superusers need none, and neither do
 * the owner of the database, who has it, and roles of the server, to whom nobody grants.
 */
export function connectingAdministrators(
  administrators: readonly string[],
  roles: readonly Pick<DesiredRole, 'name'>[],
  catalog: Pick<RoleCatalog, 'roles' | 'database'>,
): string[] {
  const declared = new Set(roles.map(({ name }) => name));
  return catalog.roles
    .filter(({ id, superuser, builtIn }) => !superuser && !builtIn && id !== catalog.database.owner)
    .map(({ name }) => name)
    .filter((name) => administrators.includes(name) && !declared.has(name));
}

function connects(
  roles: readonly DesiredRole[],
  administrators: readonly string[],
  { objects, database }: RoleCatalog,
): DesiredGrant[] {
  const object = objects.find(({ kind, id }) => kind === 'database' && id === database.id);
  if (object === undefined) return [];
  const mask = maskOf('CONNECT');
  return [
    ...roles.filter(({ login }) => login).map(({ name }) => ({ grantee: name, object, mask, because: 'it logs in' })),
    ...administrators.map((grantee) => ({ grantee, object, mask, because: 'it is one of the administrators' })),
  ];
}

/** A routine's body may name other schemas too: what it needs there is for the file to say. */
function schemaUsage(granted: readonly DesiredGrant[], { objects }: RoleCatalog): DesiredGrant[] {
  const schemas = new Map(objects.filter(({ kind }) => kind === 'schema').map((object) => [object.bare, object]));
  const found = new GrantMap<true>();
  const usage: DesiredGrant[] = [];
  let before: DesiredGrant | undefined;
  for (const grant of granted) {
    const { grantee, object } = grant;
    // The grants of a pattern follow each other.
    const isSame = grantee === before?.grantee && object.schema === before.object.schema && object.kind === before.object.kind;
    before = grant;
    if (isSame) continue;
    const schema = object.schema === null ? undefined : schemas.get(object.schema);
    // Types are named by those who create objects; what everybody may use does not open the schema to everybody.
    if (schema === undefined || object.kind === 'type' || found.get(grantee, schema) === true) continue;
    found.set(grantee, schema, true);
    usage.push({ grantee, object: schema, mask: maskOf('USAGE'), because: 'what is granted in it' });
  }
  return usage;
}

const WRITES = maskOf('INSERT', 'UPDATE');

function usedGrants(granted: readonly DesiredGrant[], { uses, objects }: RoleCatalog): DesiredGrant[] {
  const relations = new Map(objects.filter(({ kind }) => kind === 'table').map((object) => [object.id, object]));
  const byRelation = groupByRelation(uses);
  if (byRelation.size === 0) return [];
  const targets = new Map(
    objects.filter(({ kind }) => kind === 'routine' || kind === 'sequence').map((one) => [`${one.kind}${one.id}`, one]),
  );
  return granted.flatMap(({ grantee, object, mask }) =>
    grantee === PUBLIC_NAME || (object.kind !== 'table' && object.kind !== 'column')
      ? []
      : (byRelation.get(object.id) ?? [])
          .filter(({ when }) => when === 'any' || (mask & WRITES) !== 0)
          .flatMap((use) => usedGrant(use, grantee, relations.get(object.id), targets)),
  );
}

function usedGrant(
  { kind, id }: Use,
  grantee: string,
  relation: SecuredObject | undefined,
  targets: ReadonlyMap<string, SecuredObject>,
): DesiredGrant[] {
  const object = targets.get(`${kind}${id}`);
  // What came with an extension, or with the server, everybody may call already.
  if (object === undefined || object.extension !== null) return [];
  return [
    {
      grantee,
      object,
      mask: maskOf(kind === 'routine' ? 'EXECUTE' : 'USAGE'),
      because: `${relation?.name ?? 'a table'} uses it`,
    },
  ];
}

/** Node.js 20 has no Map.groupBy. */
function groupByRelation(uses: readonly Use[]): Map<number, Use[]> {
  const groups = new Map<number, Use[]>();
  for (const use of uses) groups.set(use.relation, [...(groups.get(use.relation) ?? []), use]);
  return groups;
}
