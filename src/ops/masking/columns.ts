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
  readonly isNotNull: boolean;
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
       a.attnotnull as "isNotNull",
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
