import type { Role, RoleCatalog, SecuredObject } from '../catalog/model.ts';
import { PUBLIC } from '../rights/acl.ts';
import { maskOf, privilegesOf, type Mask } from '../rights/privilege.ts';
import type { Reach } from '../rights/reach.ts';
import type { Policy } from './facts.ts';
import type { Obstacle } from './obstacles.ts';

/** What row-level security of the table adds to a privilege; null where it adds nothing. */
export function rowPolicies(
  role: Role,
  object: SecuredObject,
  bit: Mask,
  { catalog, reach, policies }: { catalog: RoleCatalog; reach: Reach; policies: readonly Policy[] },
): Obstacle | null {
  const state = catalog.rowSecurity.find(({ relation }) => relation === object.id);
  if ((object.kind !== 'table' && object.kind !== 'column') || state?.enabled !== true) return null;
  const note = (message: string, blocks = false): Obstacle => ({ kind: 'policies', blocks, message });
  const isNow = (id: number): boolean => reach.has.get(id)?.level === 'now';
  if (role.superuser) return note('row-level security is on, and a superuser is not held to it');
  if (role.bypassRls) return note('row-level security is on, and BYPASSRLS of the role leaves it out');
  if (isNow(object.owner) && !state.forced)
    return note('row-level security is on, and does not hold for the owner, since it is not forced');
  const command = COMMANDS.find(([mask]) => mask === bit)?.[1];
  if (command === undefined)
    return (bit & maskOf('TRUNCATE')) === 0 ? null : note('row-level security is on, and TRUNCATE does not ask it: all rows go');
  const applying = policies.filter(
    (one) =>
      one.relation === object.id &&
      (one.command === '*' || one.command === command) &&
      one.roles.some((id) => id === PUBLIC || isNow(id)),
  );
  const names = (permissive: boolean): string =>
    applying
      .filter((one) => one.permissive === permissive)
      .map(({ name }) => name)
      .join(', ');
  if (names(true) === '')
    return note(
      `row-level security is on and no policy for ${privilegesOf(bit).join()} is for this role: ${bit === maskOf('INSERT') ? 'every row is refused' : 'it finds no row'}`,
      bit === maskOf('INSERT'),
    );
  const restricting = names(false) === '' ? '' : `, all of ${names(false)}`;
  return note(`row-level security: only rows that ${names(true)} let${restricting}`);
}

/** Which letter of pg_policy.polcmd a privilege asks. */
const COMMANDS: readonly (readonly [mask: Mask, command: Policy['command']])[] = [
  [maskOf('SELECT'), 'r'],
  [maskOf('INSERT'), 'a'],
  [maskOf('UPDATE'), 'w'],
  [maskOf('DELETE'), 'd'],
];
