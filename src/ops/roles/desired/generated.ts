import type { Session } from '../../../db/session.ts';
import type { ProtectedTable } from '../../immutability/settings.ts';

/** Of an append-only table what the database alone fills, and what callers may: INSERT goes to the latter. Keyed by `schema.table`. */
export type InsertableColumns = ReadonlyMap<string, readonly string[]>;

/** The columns that may be inserted into, of each append-only table that has others. */
export async function readInsertableColumns(session: Session, tables: readonly ProtectedTable[]): Promise<InsertableColumns> {
  const some = tables.filter(({ generated }) => generated.length > 0);
  if (some.length === 0) return new Map();
  const rows = await session.rows<{ schema: string; name: string; columns: string[] }>(
    `select n.nspname as schema, c.relname as name, pg_catalog.array_agg(a.attname::text order by a.attnum) as columns
     from pg_catalog.pg_class c
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where (n.nspname, c.relname) in (select w.s, w.t from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) as w (s, t))
     group by n.nspname, c.relname`,
    [some.map(({ schema }) => schema), some.map(({ name }) => name)],
  );
  return new Map(
    rows.map(({ schema, name, columns }) => {
      const generated = some.find((table) => table.schema === schema && table.name === name)?.generated ?? [];
      return [`${schema}.${name}`, columns.filter((column) => !generated.includes(column))];
    }),
  );
}
