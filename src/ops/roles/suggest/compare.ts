import type { RoleCatalog, SecuredObject } from '../catalog/model.ts';
import { columnOf } from '../desired/grants.ts';
import type { DesiredGrant, DesiredState } from '../desired/model.ts';
import { becauseOf } from '../desired/reasons.ts';
import { fileSays, grantLine } from '../explain/file-says.ts';
import { columnsText, grantTarget, privilegeList, tableNames } from '../plan/target.ts';
import { maskOf, privilegesOf, type Privilege } from '../rights/privilege.ts';
import type { Right } from './need.ts';
import type { UsedRight } from './learn.ts';

/** A privilege of the file that nobody was seen to use. */
export interface UnusedRight {
  readonly privilege: Privilege;
  readonly object: SecuredObject;
  readonly because: string;
}

/** Privileges that the lines of the file give this role and that no statement needed; what follows from them by itself is left out. Pure. */
export function unusedRights(role: string, used: readonly UsedRight[], desired: DesiredState, label: string): UnusedRight[] {
  const kept = new Set(used.flatMap(({ right }) => usedKeys(right)));
  return desired.grants
    .filter((grant) => grant.grantee === role && !isOfServer(grant))
    .flatMap((grant) =>
      privilegesOf(grant.mask)
        .filter((privilege) => !keysOf(grant.object, privilege).some((key) => kept.has(key)))
        .map((privilege) => ({ privilege, object: grant.object, because: becauseOf(grant, maskOf(privilege)) }))
        .filter((one) => isWritten(one, label)),
    );
}

/** What statements read of the server itself is not looked at, so that nobody could say that it was not used. */
const isOfServer = ({ object }: DesiredGrant): boolean => object.schema === 'pg_catalog';

/** What the file grants a role on the server's own objects, as it writes it: a proposal keeps it. Pure. */
export function keptLines(role: string, desired: DesiredState): string[] {
  return desired.grants
    .filter((grant) => grant.grantee === role && isOfServer(grant))
    .flatMap(({ object, mask }) => grantLine(object, privilegesOf(mask)) ?? []);
}

/** Those of one object and one line together: `delete, insert ("a", "b")` on `table "app"."orders"`. */
export interface UnusedGrant {
  readonly privileges: string;
  readonly target: string;
  readonly because: string;
}

/** Puts together what one line of the file grants on one object. Pure. */
export function unusedGrants(unused: readonly UnusedRight[], catalog: RoleCatalog): UnusedGrant[] {
  const tableOf = tableNames(catalog);
  const groups = new Map<string, { target: string; because: string; lists: string[] }>();
  for (const { privilege, object, because } of unused) {
    const target = grantTarget(object, tableOf);
    const group = groups.get(`${target}\0${because}`) ?? { target, because, lists: [] };
    groups.set(`${target}\0${because}`, group);
    group.lists.push(privilegeList(maskOf(privilege), object, catalog.serverVersion));
  }
  return [...groups.values()].map(({ lists, ...rest }) => ({ ...rest, privileges: columnsText(lists) }));
}

/** What follows from others has a reason in words. */
const isWritten = ({ because }: UnusedRight, label: string): boolean =>
  because.startsWith(`${label}:`) || because.startsWith('exception ');

/** A grant on a table is used where any column of it was. */
function usedKeys(right: Right): string[] {
  switch (right.kind) {
    case 'relation':
      return [
        `relation ${right.relation} ${right.privilege}`,
        `column ${right.relation} ${right.column ?? ''} ${right.privilege}`,
      ];
    case 'routine':
    case 'sequence':
      return [`${right.kind} ${right.id} ${right.privilege}`];
    case 'schema':
      return [`schema ${right.schema} ${right.privilege}`];
    case 'database':
      return [`database ${right.privilege}`];
    case 'parameter':
      return [`parameter ${right.name} ${right.privilege}`];
  }
}

function keysOf({ kind, id, bare }: SecuredObject, privilege: Privilege): string[] {
  switch (kind) {
    case 'table':
      return [`relation ${id} ${privilege}`];
    case 'column':
      return [`column ${id} ${bare} ${privilege}`, `column ${id}  ${privilege}`];
    case 'schema':
    case 'parameter':
      return [`${kind} ${bare} ${privilege}`];
    case 'database':
      return [`database ${privilege}`];
    default:
      return [`${kind} ${id} ${privilege}`];
  }
}

/** Rights that were used and that the file does not give; they come from somewhere else, and go when it is applied. Pure. */
export function unsaidRights(role: string, used: readonly UsedRight[], desired: DesiredState, catalog: RoleCatalog): UsedRight[] {
  return used.filter(({ right }) => {
    const object = objectOf(right, catalog);
    return object === undefined || fileSays(role, object, maskOf(right.privilege), desired).answer !== 'yes';
  });
}

/** The object of a right as the catalog of roles has it; undefined where it has none, such as a parameter nobody was granted. */
export function objectOf(right: Right, { objects, database }: RoleCatalog): SecuredObject | undefined {
  const byId = (kind: SecuredObject['kind'], id: number): SecuredObject | undefined =>
    objects.find((one) => one.kind === kind && one.id === id);
  switch (right.kind) {
    case 'relation': {
      const table = byId('table', right.relation);
      return table === undefined || right.column === null ? table : columnOf(table, right.column);
    }
    case 'routine':
    case 'sequence':
      return byId(right.kind, right.id);
    case 'schema':
      return objects.find(({ kind, bare }) => kind === 'schema' && bare === right.schema);
    case 'database':
      return byId('database', database.id);
    case 'parameter':
      return objects.find(({ kind, bare }) => kind === 'parameter' && bare === right.name);
  }
}
