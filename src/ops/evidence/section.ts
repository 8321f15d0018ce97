import type { Session } from '../../db/session.ts';

/** More are counted: whoever reads them reads them in the database. */
export const MOST_ROWS = 1_000;

/**
 * One thing the review looked for. `not there`: this database keeps no such records; `not seen`: it does, and whoever looked may not read
 * them. Both are no statement that there was nothing.
 */
export interface Section<Row> {
  readonly state: 'seen' | 'not there' | 'not seen';
  readonly rows: readonly Row[];
  /** How many there are besides `rows`. */
  readonly more: number;
}

/** Something that could not be seen, and what would show it. Never a pass. */
export interface Unseen {
  readonly what: string;
  readonly why: string;
  readonly fix: string | null;
}

/** The first of them, and how many there are more. */
export function cut<Row>(rows: readonly Row[]): Section<Row> {
  return { state: 'seen', rows: rows.slice(0, MOST_ROWS), more: Math.max(0, rows.length - MOST_ROWS) };
}

/**
 * Reads with a query on tables of schema dbctl, where they are there and may be read. Asks the catalog first, so that a transaction goes on
 * where they may not.
 */
export async function readSection<Row>(
  session: Session,
  tables: readonly string[],
  read: () => Promise<readonly Row[]>,
): Promise<Section<Row>> {
  const [found] = await session.rows<{ there: number; readable: boolean }>(READABLE, [tables]);
  if (found === undefined || found.there < tables.length) return { state: 'not there', rows: [], more: 0 };
  return found.readable ? cut(await read()) : { state: 'not seen', rows: [], more: 0 };
}

/** By the catalog: names in a schema that the login may not use cannot be resolved. */
const READABLE = /* sql */ `
select count(*)::pg_catalog.int4 as there,
       coalesce(bool_and(pg_catalog.has_table_privilege(c.oid, 'select') and pg_catalog.has_schema_privilege(n.oid, 'usage')), false) as readable
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'dbctl' and c.relname = any ($1)`;
