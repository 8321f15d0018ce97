import type { Session } from '../../db/session.ts';

/** A column whose values would be dumped. */
export interface MaskableColumn {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  /** With its schema and length, as a cast takes it. */
  readonly type: string;
  /** pg_type.typcategory, of a domain that of its base. */
  readonly category: string;
  readonly isUuid: boolean;
  /** A range of texts or addresses, say, is no better than one of them. */
  readonly isRangeOfText: boolean;
  readonly isNotNull: boolean;
  /** By itself, not only together with others. */
  readonly isUnique: boolean;
  /** Says into which partition a row goes. */
  readonly isPartitionKey: boolean;
  /** Columns its foreign keys refer to: `schema.table.column`. */
  readonly refersTo: readonly string[];
  /** The table and those it is a partition or a child of, nearest first: `schema.table`. */
  readonly family: readonly string[];
}

/** Columns with values of tables of people, in their order. Needs the transaction the dump is of. */
export async function readColumns(session: Session): Promise<MaskableColumn[]> {
  await session.script('set local search_path = pg_catalog');
  return session.rows<MaskableColumn>(COLUMNS);
}

/** Tables of extensions are made by the extension; what dbctl keeps about a database is nothing for another one. Generated columns compute themselves. */
const COLUMNS = /* sql */ `
with recursive family (relation, member, depth) as (
  select c.oid, c.oid, 0 from pg_catalog.pg_class c where c.relkind = 'r'
  union all
  select f.relation, i.inhparent, f.depth + 1 from family f join pg_catalog.pg_inherits i on i.inhrelid = f.member
)
select n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as table, a.attname::pg_catalog.text as column,
       pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
       t.typcategory::pg_catalog.text as category,
       a.atttypid = 'pg_catalog.uuid'::pg_catalog.regtype as "isUuid",
       exists (select from pg_catalog.pg_range r join pg_catalog.pg_type rt on rt.oid = r.rngsubtype
               where (case t.typtype when 'd' then t.typbasetype else t.oid end) in (r.rngtypid, r.rngmultitypid)
                 and rt.typcategory not in ('N', 'D', 'T')) as "isRangeOfText",
       a.attnotnull as "isNotNull",
       exists (select from pg_catalog.pg_index x
               where x.indrelid = c.oid and x.indisunique and x.indnkeyatts = 1 and x.indkey[0] = a.attnum) as "isUnique",
       exists (select from family f
               join pg_catalog.pg_partitioned_table p on p.partrelid = f.member
               join pg_catalog.pg_attribute k on k.attrelid = p.partrelid and k.attnum = any (p.partattrs::pg_catalog.int2[])
               where f.relation = c.oid and k.attname = a.attname) as "isPartitionKey",
       array(select pg_catalog.format('%s.%s.%s', rn.nspname, rc.relname, ra.attname)
             from pg_catalog.pg_constraint fk
             cross join lateral rows from (pg_catalog.unnest(fk.conkey), pg_catalog.unnest(fk.confkey)) as pair (own, other)
             join pg_catalog.pg_class rc on rc.oid = fk.confrelid
             join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
             join pg_catalog.pg_attribute ra on ra.attrelid = fk.confrelid and ra.attnum = pair.other
             where fk.contype = 'f' and fk.conrelid = c.oid and pair.own = a.attnum
             order by 1) as "refersTo",
       array(select pg_catalog.format('%s.%s', fn.nspname, fc.relname)
             from family f
             join pg_catalog.pg_class fc on fc.oid = f.member
             join pg_catalog.pg_namespace fn on fn.oid = fc.relnamespace
             where f.relation = c.oid order by f.depth) as family
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
join pg_catalog.pg_type t on t.oid = a.atttypid
where c.relkind = 'r' and c.relpersistence <> 't'
  and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'dbctl')
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
order by 1, 2, a.attnum`;
