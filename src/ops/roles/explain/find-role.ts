import { fail } from '../../../core/errors.ts';
import { suggest } from '../../../core/suggest.ts';
import type { Role, RoleCatalog } from '../catalog/model.ts';

/** The role of that name. Fails with usage where there is none. */
export function roleOf(name: string, { roles }: Pick<RoleCatalog, 'roles'>): Role {
  const role = roles.find((one) => one.name === name);
  if (role !== undefined) return role;
  if (name.toLowerCase() === 'public')
    return fail('usage', 'PUBLIC is no role by itself: every role is a member of it', {
      hint: 'Ask about any role: what comes from PUBLIC is said so.',
    });
  const near = suggest(
    name,
    roles.map((one) => one.name),
  );
  return fail('usage', `there is no role ${name} on this server`, {
    hint: near === undefined ? 'Roles that roles.yaml has and the server has not: dbctl roles plan' : `Did you mean ${near}?`,
  });
}
