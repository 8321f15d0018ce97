import { qualified } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';

/** A foreign key that refers to rows which go: by what happens to the rows that refer to them. */
export interface Reference {
  readonly name: string;
  /** The table that refers. */
  readonly oid: number;
  readonly sql: string;
  /** For people: `jobs.job_runs`. */
  readonly table: string;
  /** cascade: they go as well. set: they stay, and lose the value. refuse: they keep the row they refer to. */
  readonly action: 'cascade' | 'set' | 'refuse';
  readonly columns: readonly string[];
  readonly referenced: readonly string[];
  /** Without an index that begins with the columns every row that goes costs a scan of the table. */
  readonly indexed: boolean;
  /** What refers to the rows that go by this one. */
  readonly references: readonly Reference[];
}

/** Deeper than any schema people draw; what is below is taken for a circle. */
const DEEPEST = 12;

/** Marks a table that refers to itself by a way of cascades: what it holds cannot be followed row by row. */
export const isCircle = ({ action, references }: Reference): boolean => action === 'cascade' && references === CIRCLE;
const CIRCLE: readonly Reference[] = [];

/** The foreign keys that refer to a table, its ancestors' and its partitions', and what refers to the rows that cascade, table by table. */
export async function readReferences(session: Session, oid: number): Promise<readonly Reference[]> {
  return below(session, oid, [oid]);
}

async function below(session: Session, oid: number, way: readonly number[]): Promise<readonly Reference[]> {
  const rows = await session.rows<Row>(REFERENCES, [oid]);
  const found: Reference[] = [];
  for (const { schema, table, deltype, ...row } of rows) {
    const action = ACTIONS[deltype] ?? 'refuse';
    const circular = action === 'cascade' && (way.includes(row.oid) || way.length > DEEPEST);
    const references = action !== 'cascade' ? [] : circular ? CIRCLE : await below(session, row.oid, [...way, row.oid]);
    found.push({ ...row, sql: qualified(schema, table), table: `${schema}.${table}`, action, references });
  }
  return found;
}

const ACTIONS: Readonly<Record<string, Reference['action']>> = { c: 'cascade', n: 'set', d: 'set' };

interface Row {
  readonly name: string;
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  readonly deltype: string;
  readonly columns: readonly string[];
  readonly referenced: readonly string[];
  readonly indexed: boolean;
}

/** A key of a partitioned table stands once in the catalog for each partition; only the one it was declared as is taken. */
const REFERENCES = /* sql */ `
with recursive family (oid) as (
  select $1::pg_catalog.int8::pg_catalog.oid
  union
  select i.inhrelid from family f join pg_catalog.pg_inherits i on i.inhparent = f.oid
), key as (
  select k.*
  from pg_catalog.pg_constraint k
  where k.contype = 'f' and k.confrelid in (select f.oid from family f)
    and not exists (
      select from pg_catalog.pg_constraint p
      where p.oid = k.conparentid and p.confrelid in (select f.oid from family f))
)
select k.conname::text as name, k.conrelid::pg_catalog.int8::pg_catalog.float8 as oid, n.nspname::text as schema, c.relname::text as table,
       k.confdeltype::text as deltype,
       array(select a.attname::text from pg_catalog.unnest(k.conkey) with ordinality u (num, place)
             join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num order by u.place) as columns,
       array(select a.attname::text from pg_catalog.unnest(k.confkey) with ordinality u (num, place)
             join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.num order by u.place) as referenced,
       exists (
         select from pg_catalog.pg_index x
         where x.indrelid = k.conrelid and x.indisvalid and x.indpred is null
           -- int2vector counts from 0; the columns of the key have to be its first, in whatever order
           and (x.indkey::pg_catalog.int2[])[0:pg_catalog.cardinality(k.conkey) - 1] @> k.conkey) as indexed
from key k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
order by 3, 4, 1`;
