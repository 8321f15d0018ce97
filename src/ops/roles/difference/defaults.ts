import type { DefaultPrivileges } from '../catalog/model.ts';
import { creatorsOf } from '../desired/defaults.ts';
import { PUBLIC_NAME } from '../desired/model.ts';
import { becauseOf } from '../desired/reasons.ts';
import { defaultAcl, type AclEntry } from '../rights/acl.ts';
import type { Mask } from '../rights/privilege.ts';
import type { Comparison } from './inputs.ts';
import { OWN_ROLES, roleNames } from './inputs.ts';
import type { Difference } from './model.ts';

/** What new objects will be granted, compared with what the file wants for them, for its creators and in its schemas. */
export function defaultDifferences(comparison: Comparison): Difference[] {
  const { desired } = comparison;
  const managed = managedGrantees(comparison);
  const rows = actualDefaults(comparison);
  const wanted = new Map(desired.defaults.map((one) => [keyOf(one.creator, one.schema, one.kind, one.grantee), one]));
  const is = new Map(rows.map((row) => [keyOf(row.creator, row.schema, row.of, row.grantee), row.mask]));
  return [
    ...desired.defaults.flatMap((one): Difference[] => {
      const { creator, schema, kind: of, grantee } = one;
      const mask = one.mask & ~(is.get(keyOf(creator, schema, of, grantee)) ?? 0);
      return mask === 0 ? [] : [{ kind: 'default-missing', creator, schema, of, grantee, mask, because: becauseOf(one, mask) }];
    }),
    ...rows.flatMap((row): Difference[] => {
      const allowed = wanted.get(keyOf(row.creator, row.schema, row.of, row.grantee))?.mask ?? 0;
      const { grantable, ...rest } = row;
      const one = { ...rest, managed: managed.has(row.grantee) };
      return [
        { kind: 'default-excess' as const, ...one, mask: row.mask & ~allowed, option: false },
        { kind: 'default-excess' as const, ...one, mask: grantable & allowed, option: true },
      ].filter(({ mask }) => mask !== 0);
    }),
  ];
}

interface Actual {
  readonly creator: string;
  readonly schema: string | null;
  readonly of: DefaultPrivileges['kind'];
  readonly grantee: string;
  readonly mask: Mask;
  readonly grantable: Mask;
}

const managedGrantees = ({ desired }: Comparison): ReadonlySet<string> =>
  new Set([...desired.roles.map(({ name }) => name), PUBLIC_NAME]);

const keyOf = (...parts: readonly (string | null)[]): string => parts.map((part) => part ?? '').join('\0');

/** The rows of pg_default_acl that are the file's business, and for its creators what holds where there is no row. */
function actualDefaults(comparison: Comparison): Actual[] {
  const { file, catalog } = comparison;
  const names = roleNames(catalog);
  const managed = managedGrantees(comparison);
  const creators = creatorsOf(file);
  const spread = (creator: string, schema: string | null, of: Actual['of'], acl: readonly AclEntry[]): Actual[] =>
    acl
      .map(({ grantee, privileges, grantable }) => ({
        creator,
        schema,
        of,
        grantee: names.of(grantee),
        mask: privileges,
        grantable,
      }))
      .filter(({ grantee }) => grantee !== creator && !OWN_ROLES.includes(grantee));
  const rows = catalog.defaults.flatMap(({ creator, schema, kind, acl }) => spread(names.of(creator), schema, kind, acl));
  const builtIn = creators.flatMap((creator) => {
    const id = names.role(creator)?.id ?? -1;
    return (
      (['routine', 'type'] as const)
        .filter((kind) => !catalog.defaults.some((row) => row.creator === id && row.schema === null && row.kind === kind))
        .flatMap((kind) => spread(creator, null, kind, defaultAcl(kind, id, catalog.serverVersion)))
        // The owner is the creator, which may not be there yet.
        .filter(({ grantee }) => grantee === PUBLIC_NAME)
    );
  });
  return [...rows, ...builtIn].filter(({ creator, grantee, schema }) => {
    const inside = schema !== null && file.schemas.includes(schema);
    const isCreator = creators.includes(creator);
    // What roles get that the file does not name is told, as what they have is.
    if (!managed.has(grantee)) return file.others === 'report' && (inside || (isCreator && schema === null));
    // Somebody else's objects, granted to a role of the file; what they open to everybody is theirs to say.
    return isCreator ? inside || schema === null || grantee !== PUBLIC_NAME : grantee !== PUBLIC_NAME;
  });
}
