import { fail } from '../../core/errors.ts';
import { ident, qualified, splitName } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import type { ArchivedColumn } from './manifest.ts';

/** A relation with rows, as the catalog shows it. */
export interface ArchivedRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly partitionOf: string | null;
  readonly bounds: string | null;
  readonly hotBytes: number;
  /** As the planner knows it; -1: it was never counted. */
  readonly estimatedRows: number;
  readonly columns: readonly ArchivedColumn[];
  /** Of the primary key; empty: it has none. */
  readonly key: readonly string[];
  /** Of type xid8 by the name the ledger uses; null: there is none. */
  readonly xidColumn: string | null;
  /** What its partitions are divided by, where that is one column that tells when; null: nothing. */
  readonly timeColumn: string | null;
}

/**
 * One text for each value, whatever the settings of the session: the same list as for fingerprints of backups, and xmloption, with which every xml
 * can be read again. Row security would hide rows, and is an error instead.
 */
export const EXACT_TEXT = `set row_security = off;
set timezone = 'UTC';
set datestyle = 'ISO, YMD';
set intervalstyle = 'postgres';
set extra_float_digits = 1;
set bytea_output = 'hex';
set lc_monetary = 'C';
set xmloption = 'content';
set jit = off;
set search_path = pg_catalog`;

/**
 * The table or partition of that name (`schema.name`; without a schema it is in public), in a session with {@link EXACT_TEXT}. Fails with refused
 * where there is none, or its rows are not its own.
 */
export async function readRelation(session: Session, written: string, xidColumn: string): Promise<ArchivedRelation> {
  const { schema, name } = splitName(written);
  const [row] = await session.rows<ArchivedRelation & { readonly kind: string; readonly partitions: readonly string[] }>(
    RELATION,
    [schema, name, xidColumn],
  );
  if (row === undefined)
    return fail('refused', `there is no table ${schema}.${name}`, { hint: 'Write it as schema.table, as the catalog has it.' });
  const { kind, partitions, ...relation } = row;
  if (kind === 'p')
    fail('refused', `${schema}.${name} is partitioned: its rows are in its partitions`, {
      hint:
        partitions.length === 0
          ? 'It has none.'
          : `Export them one by one: dbctl retention export ${partitions[0]}${partitions.length > 1 ? `, and ${partitions.length - 1} more` : ''}.`,
    });
  if (kind !== 'r')
    fail('refused', `${schema}.${name} is no table with rows of its own`, { hint: 'Name a table, or a partition of one.' });
  if (relation.columns.length === 0)
    fail('refused', `${schema}.${name} has no columns`, { hint: 'There is nothing to archive.' });
  return relation;
}

export const relationName = ({ schema, name }: Pick<ArchivedRelation, 'schema' | 'name'>): string => `${schema}.${name}`;

export const columnList = (columns: readonly { readonly name: string }[]): string =>
  columns.map(({ name }) => ident(name)).join(', ');

/** Columns the rows are ordered by: the transaction that wrote them first, then the key. Empty: there is no key. */
export const orderOf = ({ key, xidColumn }: Pick<ArchivedRelation, 'key' | 'xidColumn'>): readonly string[] =>
  key.length === 0 || xidColumn === null || key.includes(xidColumn) ? key : [xidColumn, ...key];

/** The text of a whole row, which tells null from nothing. */
export const rowText = (columns: readonly { readonly name: string }[]): string =>
  `(row(${columnList(columns)}))::pg_catalog.text`;

/** The rows in their order, for COPY. */
export function orderedRows(relation: ArchivedRelation): string {
  const order = orderOf(relation);
  const by = order.length === 0 ? `${rowText(relation.columns)} collate "C"` : order.map(ident).join(', ');
  return `select ${columnList(relation.columns)} from only ${qualified(relation.schema, relation.name)} order by ${by}`;
}

const RELATION = /* sql */ `
select c.oid::pg_catalog.int8::pg_catalog.float8 as oid,
       n.nspname::pg_catalog.text as schema,
       c.relname::pg_catalog.text as name,
       c.relkind as kind,
       (select pg_catalog.format('%s.%s', pn.nspname, p.relname)
        from pg_catalog.pg_inherits i
        join pg_catalog.pg_class p on p.oid = i.inhparent
        join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
        where i.inhrelid = c.oid and c.relispartition) as "partitionOf",
       pg_catalog.pg_get_expr(c.relpartbound, c.oid) as bounds,
       pg_catalog.pg_total_relation_size(c.oid)::pg_catalog.float8 as "hotBytes",
       c.reltuples::pg_catalog.float8 as "estimatedRows",
       (select coalesce(pg_catalog.json_agg(pg_catalog.format('%s.%s', pn.nspname, p.relname) order by pn.nspname, p.relname), '[]')
        from pg_catalog.pg_partition_tree(c.oid) t
        join pg_catalog.pg_class p on p.oid = t.relid
        join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
        where t.isleaf and t.relid <> c.oid) as partitions,
       (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
                 'name', a.attname,
                 'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
                 'builtIn', case when b.typnamespace = 'pg_catalog'::pg_catalog.regnamespace then b.typname end,
                 'notNull', a.attnotnull,
                 'collation', (select pg_catalog.format('%I.%I', ln.nspname, l.collname)
                               from pg_catalog.pg_collation l join pg_catalog.pg_namespace ln on ln.oid = l.collnamespace
                               where l.oid = a.attcollation and a.attcollation <> t.typcollation)) order by a.attnum), '[]')
        from pg_catalog.pg_attribute a
        join pg_catalog.pg_type t on t.oid = a.atttypid
        join pg_catalog.pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
        -- A virtual column is no part of the row: its expression is part of the table's definition.
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v') as columns,
       (select coalesce(pg_catalog.json_agg(a.attname order by k.place), '[]')
        from pg_catalog.pg_index x
        cross join lateral pg_catalog.unnest(x.indkey::pg_catalog.int2[]) with ordinality k (attnum, place)
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
        where x.indrelid = c.oid and x.indisprimary and k.place <= x.indnkeyatts) as key,
       (select a.attname::pg_catalog.text from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attname = $3 and a.atttypid = 'pg_catalog.xid8'::pg_catalog.regtype and not a.attisdropped) as "xidColumn",
       (select a.attname::pg_catalog.text
        from pg_catalog.pg_inherits i
        join pg_catalog.pg_partitioned_table p on p.partrelid = i.inhparent and p.partnatts = 1 and p.partstrat = 'r'
        join pg_catalog.pg_attribute pa on pa.attrelid = i.inhparent and pa.attnum = p.partattrs[0]
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = pa.attname and not a.attisdropped
        where i.inhrelid = c.oid and c.relispartition
          and a.atttypid in ('pg_catalog.timestamptz'::pg_catalog.regtype, 'pg_catalog.timestamp'::pg_catalog.regtype, 'pg_catalog.date'::pg_catalog.regtype)) as "timeColumn"
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2`;
