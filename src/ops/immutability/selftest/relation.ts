import type { Session } from '../../../db/session.ts';

/** A protected relation with all that attempts are made of; names are quoted where they must be. */
export interface TestedRelation {
  /** `schema.table`, ready for SQL. */
  readonly name: string;
  readonly oid: string;
  readonly root: string;
  readonly schema: string;
  readonly table: string;
  /** `r`: holds rows; `p`: partitioned. */
  readonly kind: 'r' | 'p';
  readonly isPartition: boolean;
  /** A column that is no key and not generated: what an update would set. */
  readonly column: string;
  readonly columnType: string;
  /** Columns an insert may name. */
  readonly columns: readonly string[];
  readonly generated: readonly string[];
  readonly keyColumns: readonly string[];
  readonly keyConstraint: string | null;
  readonly hasForeignKeys: boolean;
  /** By a foreign key of another table. */
  readonly isReferenced: boolean;
  readonly hasToast: boolean;
  /** The owner may create in the schema. */
  readonly ownerMayCreate: boolean;
  /** Column and lower bound of the partition, as literals of SQL; null where there is none. */
  readonly bound: { readonly column: string; readonly lower: string } | null;
}

/** Every registered relation, the tables before their partitions. Needs the registry. */
export async function readTestedRelations(session: Session, tables: readonly string[]): Promise<TestedRelation[]> {
  return session.rows<TestedRelation>(RELATIONS, [tables]);
}

const RELATIONS = /* sql */ `
select pg_catalog.format('%I.%I', n.nspname, c.relname) as name,
       c.oid::pg_catalog.text as oid,
       pg_catalog.format('%I.%I', rn.nspname, rc.relname) as root,
       pg_catalog.quote_ident(n.nspname) as schema,
       pg_catalog.quote_ident(c.relname) as table,
       c.relkind as kind,
       p.relation <> p.root as "isPartition",
       pg_catalog.quote_ident(plain.attname) as column,
       pg_catalog.format_type(plain.atttypid, plain.atttypmod) as "columnType",
       array(select pg_catalog.quote_ident(a.attname) from pg_catalog.pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum) as columns,
       array(select pg_catalog.quote_ident(g) from pg_catalog.unnest(p.generated_columns) g order by 1) as generated,
       array(select pg_catalog.quote_ident(a.attname) from pg_catalog.pg_index i
             join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
             where i.indrelid = c.oid and i.indisprimary order by a.attnum) as "keyColumns",
       (select pg_catalog.quote_ident(k.conname) from pg_catalog.pg_constraint k where k.conrelid = c.oid and k.contype = 'p') as "keyConstraint",
       exists (
         select from pg_catalog.pg_trigger t join pg_catalog.pg_constraint k on k.oid = t.tgconstraint and k.contype = 'f'
         where t.tgrelid = c.oid) as "hasForeignKeys",
       exists (
         select from pg_catalog.pg_trigger t join pg_catalog.pg_constraint k on k.oid = t.tgconstraint and k.contype = 'f'
         where t.tgrelid = c.oid and k.confrelid = c.oid) as "isReferenced",
       c.reltoastrelid <> 0 and c.relkind = 'r' as "hasToast",
       pg_catalog.has_schema_privilege(c.relowner, c.relnamespace, 'create') as "ownerMayCreate",
       (select pg_catalog.json_build_object('column', a.attname, 'lower', coalesce(b.lower[1], 'infinity'))
        from pg_catalog.pg_inherits i
        join pg_catalog.pg_partitioned_table t on t.partrelid = i.inhparent and t.partnatts = 1 and t.partstrat = 'r'
        join pg_catalog.pg_attribute a on a.attrelid = i.inhparent and a.attnum = t.partattrs[0]
        join pg_catalog.pg_type y on y.oid = a.atttypid
        cross join lateral (select pg_catalog.regexp_match(pg_catalog.pg_get_expr(c.relpartbound, c.oid), 'FROM [(]''([^'']*)''[)]') as lower) b
        -- Into a default partition goes what fits no other: for times that is infinity.
        where i.inhrelid = c.oid and (b.lower is not null or (pg_catalog.pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT' and y.typcategory = 'D'))) as bound
from dbctl.protected_relation p
join pg_catalog.pg_class c on c.oid = p.relation
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class rc on rc.oid = p.root
join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
cross join lateral (
  select a.attname, a.atttypid, a.atttypmod
  from pg_catalog.pg_attribute a
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity <> 'a'
  order by exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisunique and a.attnum = any (i.indkey)),
           exists (select from pg_catalog.pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any (k.conkey)),
           a.attname = any (p.generated_columns), a.attnum
  limit 1
) plain
where pg_catalog.cardinality($1::pg_catalog.text[]) = 0 or pg_catalog.format('%I.%I', rn.nspname, rc.relname) = any ($1)
order by rn.nspname, rc.relname, p.relation <> p.root, n.nspname, c.relname`;
