import type { Session } from '../../../db/session.ts';

/** A foreign key the server looks at when a partition leaves. */
export interface PartitionKey {
  /** Oid of the partition. */
  readonly partition: number;
  /** The table it is a partition of, for people. */
  readonly root: string;
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  /** Declared on the partition, not on the table it is of. */
  readonly isItself: boolean;
  readonly isPartitioned: boolean;
  /** Its columns on the side that refers. */
  readonly columns: readonly string[];
  /** The login may read them. */
  readonly reads: boolean;
  /** From the login, by row-level security. */
  readonly hidden: boolean;
  /** Whose rights dbctl.remove_partition has, where they are too few to read them; null: they are enough. */
  readonly closedTo: string | null;
  /** The same, where row-level security would hide rows from it: the server then fails, and does not look at what is left. */
  readonly hiddenTo: string | null;
  /** Row `r` refers to row `p`, by the operators of the key. */
  readonly condition: string;
}

/** The foreign keys that refer to partitions of a table, by its oid. One look for all of them: pg_constraint has no index by what is referred to. */
export const readPartitionKeys = (session: Session, oid: number): Promise<PartitionKey[]> =>
  session.rows<PartitionKey>(KEYS, [oid]);

/** Of a key the table has each partition has a share, which names it as its parent; that of a partition of the referring table is part of another. */
const KEYS = /* sql */ `
with remover (oid, name, sees) as (
  select o.oid, o.rolname::pg_catalog.text, o.rolsuper or o.rolbypassrls
  from pg_catalog.pg_proc f
  join pg_catalog.pg_roles o on o.oid = f.proowner
  where f.oid = pg_catalog.to_regprocedure('dbctl.remove_partition(text)')
)
select k.confrelid::pg_catalog.int8::pg_catalog.float8 as partition, pg_catalog.format('%s.%s', h.nspname, g.relname) as root,
       n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as table,
       coalesce(d.conname, k.conname)::pg_catalog.text as name, d.oid is null as "isItself", c.relkind = 'p' as "isPartitioned",
       t.columns, pg_catalog.has_schema_privilege(n.oid, 'usage') and t.reads as reads, pg_catalog.row_security_active(k.conrelid) as hidden,
       case when not (pg_catalog.has_schema_privilege(w.oid, n.oid, 'usage') and t.removes) then w.name end as "closedTo",
       -- Whoever owns it sees its rows unless that is forced.
       case when c.relrowsecurity and not w.sees and (c.relforcerowsecurity or not pg_catalog.pg_has_role(w.oid, c.relowner, 'usage'))
            then w.name end as "hiddenTo", t.condition
from pg_catalog.pg_inherits i
join pg_catalog.pg_class g on g.oid = i.inhparent
join pg_catalog.pg_namespace h on h.oid = g.relnamespace
join pg_catalog.pg_constraint k on k.confrelid = i.inhrelid and k.contype = 'f'
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_constraint d on d.oid = k.conparentid
left join remover w on true
cross join lateral (
  select pg_catalog.array_agg(b.attname::pg_catalog.text order by u.place) as columns,
         pg_catalog.bool_and(pg_catalog.has_column_privilege(k.conrelid, b.attnum, 'select')) as reads,
         pg_catalog.bool_and(pg_catalog.has_column_privilege(w.oid, k.conrelid, b.attnum, 'select')) as removes,
         pg_catalog.string_agg(
           pg_catalog.format('p.%I operator(%I.%s) r.%I%s', a.attname, s.nspname, o.oprname, b.attname,
             case when a.attcollation <> 0 and a.attcollation <> b.attcollation
                  then (select pg_catalog.format(' collate %I.%I', m.nspname, l.collname) from pg_catalog.pg_collation l
                        join pg_catalog.pg_namespace m on m.oid = l.collnamespace where l.oid = a.attcollation) end),
           ' and ' order by u.place) as condition
  from rows from (pg_catalog.unnest(k.confkey), pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.conpfeqop))
    with ordinality u (referenced, referring, operator, place)
  join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.referenced
  join pg_catalog.pg_attribute b on b.attrelid = k.conrelid and b.attnum = u.referring
  join pg_catalog.pg_operator o on o.oid = u.operator
  join pg_catalog.pg_namespace s on s.oid = o.oprnamespace
) t
where i.inhparent = $1::pg_catalog.int8::pg_catalog.oid
  and d.confrelid is distinct from k.confrelid
  -- A key of the partition to itself goes with it.
  and (d.oid is not null or k.conrelid <> k.confrelid)
order by 1, 3, 4, 5`;
