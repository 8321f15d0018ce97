import { fail } from '../../../core/errors.ts';
import { whoReaches } from '../audit/reached-by.ts';
import type { Role, RoleCatalog, SecuredObject } from '../catalog/model.ts';
import type { Comparison } from '../difference/inputs.ts';
import { allRights } from '../rights/kinds.ts';
import { maskOf, privilegesOf, type Privilege } from '../rights/privilege.ts';
import type { Level } from '../rights/reach.ts';
import type { ExplainFacts } from './facts.ts';
import { fileSays, grantLine, roleToGrant, type FileSays } from './file-says.ts';
import { obstacles, type Obstacle } from './obstacles.ts';
import { waysOf, type Way } from './ways.ts';

/** Why a role can, or cannot, do one thing with one object. */
export interface Explained {
  readonly privilege: Privilege;
  /** The nearest level at which it has the privilege; null: it cannot come to have it. */
  readonly level: Level | null;
  /** Has it now, and nothing else stands in the way. */
  readonly can: boolean;
  readonly ways: readonly Way[];
  readonly obstacles: readonly Obstacle[];
  /** Columns on which it has it now, where it does not have it on the whole table. */
  readonly columns: readonly string[];
  readonly file: FileSays;
  /** What roles.yaml would have to say under which role, where neither it nor the database gives the privilege. */
  readonly opens: { readonly role: string; readonly line: string } | null;
  /** True: everybody may SET the parameter, and nobody has to be granted it. */
  readonly free: boolean;
}

/** Every privilege the object has, or those of `only`. Pure. */
export function explainObject(
  role: Role,
  object: SecuredObject,
  comparison: Comparison,
  { facts, now, only }: { facts: ExplainFacts; now: Date; only?: readonly Privilege[] },
): Explained[] {
  const { catalog, desired, file, guarded } = comparison;
  const ways = waysOf(role, catalog);
  const logins = whoReaches(catalog)(role.name).map(({ login }) => login);
  const inputs = { catalog, ways, policies: facts.policies, guarded, now, logins: [...new Set(logins)] };
  const all = privilegesOf(allRights(object.kind, catalog.serverVersion));
  return all
    .filter((privilege) => only === undefined || only.includes(privilege))
    .map((privilege) => {
      const bit = maskOf(privilege);
      const found = ways.to(object, bit);
      const level = found[0]?.level ?? null;
      const stands = obstacles(role, object, bit, inputs);
      const free = object.kind === 'parameter' && privilege === 'SET' && facts.parameterContext === 'user';
      const says = fileSays(role.name, object, bit, desired);
      const grantee = roleToGrant(role.name, file);
      // No grant opens what the guards of an append-only table refuse.
      const isGuarded = stands.some(({ kind }) => kind === 'append-only');
      const line = grantLine(object, [privilege], tableOf(object, catalog));
      return {
        privilege,
        level: free ? 'now' : level,
        can: (free || level === 'now') && !stands.some(({ blocks }) => blocks),
        ways: found,
        obstacles: stands,
        columns: level === 'now' ? [] : columnsWith(object, bit, catalog, ways),
        file: says,
        opens:
          level === null && !free && !isGuarded && says.answer !== 'yes' && grantee !== null && line !== null
            ? { role: grantee, line }
            : null,
        free,
      };
    });
}

function tableOf(object: SecuredObject, { objects }: RoleCatalog): SecuredObject | undefined {
  return object.kind === 'column' ? objects.find(({ kind, id }) => kind === 'table' && id === object.id) : undefined;
}

function columnsWith(table: SecuredObject, bit: number, { objects }: RoleCatalog, ways: ReturnType<typeof waysOf>): string[] {
  if (table.kind !== 'table') return [];
  return objects
    .filter((one) => one.kind === 'column' && one.id === table.id && ways.to(one, bit)[0]?.level === 'now')
    .map(({ bare }) => bare);
}

/** A privilege by the word people write. Fails with usage where the kind of object has none such. */
export function privilegeNamed(
  word: string,
  object: SecuredObject,
  { serverVersion }: Pick<RoleCatalog, 'serverVersion'>,
): Privilege {
  const all = privilegesOf(allRights(object.kind, serverVersion));
  const meant = word.trim().toUpperCase() === 'TEMP' ? 'TEMPORARY' : word.trim().toUpperCase();
  return (
    all.find((privilege) => privilege === meant) ??
    fail('usage', `a ${object.what} has no privilege ${word}`, { hint: `It has ${all.join(', ').toLowerCase()}.` })
  );
}
