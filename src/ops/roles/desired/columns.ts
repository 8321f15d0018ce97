import type { RolesFile } from '../../../config/roles/load.ts';
import type { Session } from '../../../db/session.ts';
import type { TableColumns } from './grants.ts';
import { nameOf, schemaOf } from './pattern.ts';

/** The columns of each table of which the file grants some: those on which nothing was granted are not in the catalog of rights. */
export async function readNamedColumns(
  session: Session,
  { roles, exceptions, public: everybody }: RolesFile,
): Promise<TableColumns> {
  const grants = [
    ...everybody.grants,
    ...Object.values(roles).flatMap((role) => role.grants),
    ...exceptions.flatMap(({ grant }) => (grant === undefined ? [] : [grant])),
  ];
  const tables = grants
    .filter(({ select, insert, update, references }) => [select, insert, update, references].some((list) => list !== undefined))
    .flatMap(({ on }) => on ?? []);
  if (tables.length === 0) return new Map();
  const rows = await session.rows<{ id: number; columns: string[] }>(COLUMNS, [tables.map(schemaOf), tables.map(nameOf)]);
  return new Map(rows.map(({ id, columns }) => [id, columns]));
}

const COLUMNS = /* sql */ `
select c.oid as id, pg_catalog.array_agg(a.attname::text order by a.attnum) as columns
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where (n.nspname, c.relname) in (select w.s, w.t from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) as w (s, t))
group by c.oid`;
