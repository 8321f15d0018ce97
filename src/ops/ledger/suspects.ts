import type { JsonObject } from '../../core/json.ts';
import { ident, literal, qualified } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import type { WindowRange } from './leaves.ts';

/** How many are named: enough to begin with, few enough to read. */
const LIMIT = 5;

/**
 * Rows of a window whose version was written by a transaction after the window was closed: PostgreSQL keeps the writer of each row version
 * in xmin, also when it is frozen. An update that went past the guards leaves this mark; who edits pages can forge it, too, and then only
 * an older copy tells which row it is.
 */
export async function suspects(session: Session, range: WindowRange, xidOffset: bigint): Promise<JsonObject[]> {
  const { partition, xidColumn, lo, hi } = range;
  const key = await keyColumns(session, partition.schema, partition.relation);
  const shown = [...key, xidColumn].map((column) => `${literal(column)}, t.${ident(column)}`).join(', ');
  const xid = `t.${ident(xidColumn)}`;
  const closed = (hi - xidOffset) % 4_294_967_296n;
  return session
    .rows<{ row: JsonObject }>(
      `select pg_catalog.jsonb_build_object(${shown}, 'written by transaction', t.xmin::pg_catalog.text) as row
     from only ${qualified(partition.schema, partition.relation)} t
     where ${xid} >= $1::pg_catalog.xid8 and ${xid} < $2::pg_catalog.xid8
       -- xmin has 32 bits and wraps around: newer means less than half the circle ahead.
       and (t.xmin::pg_catalog.text::pg_catalog.int8 - $3::pg_catalog.int8 + 4294967296) % 4294967296 < 2147483648
     order by ${xid}
     limit ${LIMIT}`,
      [String(lo), String(hi), String(closed)],
    )
    .then((rows) => rows.map(({ row }) => row));
}

async function keyColumns(session: Session, schema: string, relation: string): Promise<string[]> {
  const rows = await session.rows<{ name: string }>(
    `select a.attname as name
     from pg_catalog.pg_index i
     join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
     where i.indisprimary and i.indrelid = (
       select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname = $1 and c.relname = $2)
     order by a.attnum`,
    [schema, relation],
  );
  return rows.map(({ name }) => name);
}
