import { ident } from '../../../db/ident.ts';
import type { RoleCatalog } from '../catalog/model.ts';
import { roleNames } from '../difference/inputs.ts';
import { effectiveRights, type EffectiveRights } from '../rights/effective.ts';
import { maskOf } from '../rights/privilege.ts';

/**
 * Statements that run one as another role. To name an object a role has to see its schema, and whoever granted something there may have lost
 * sight of it (measured on 18.2: permission denied for schema): it is let in for as long as the statement takes, which nobody else notices.
 */
export function actingAs(catalog: RoleCatalog): (role: string, schema: string | null, sql: string) => string[] {
  const names = roleNames(catalog);
  let rights: EffectiveRights | undefined;
  const sees = (role: string, schema: string): boolean => {
    const object = catalog.objects.find(({ kind, bare }) => kind === 'schema' && bare === schema);
    if (object === undefined) return true;
    // Worked out for all roles at once, and seldom needed.
    rights ??= effectiveRights(catalog);
    return (rights(names.idOf(role), object) & maskOf('USAGE')) !== 0;
  };
  return (role, schema, sql) => {
    const acting = [`set local role ${ident(role)}`, sql, 'reset role'];
    if (schema === null || sees(role, schema)) return acting;
    const usage = `usage on schema ${ident(schema)}`;
    return [`grant ${usage} to ${ident(role)}`, ...acting, `revoke ${usage} from ${ident(role)}`];
  };
}
