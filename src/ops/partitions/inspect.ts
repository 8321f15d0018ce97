import type { Session } from '../../db/session.ts';
import type { Span } from './calendar.ts';

export type KeyType = 'timestamptz' | 'timestamp' | 'date';

/** A partitioned table as the catalogs show it. */
export interface PartitionedTable {
  readonly schema: string;
  readonly name: string;
  /** What is there by this name: `p` partitioned, `r` a plain table, another letter of pg_class.relkind; null: nothing. */
  readonly kind: string | null;
  /** Null: it is not partitioned by range of one column of time. */
  readonly keyType: KeyType | null;
  /** Its bounds; those that are open at an end, or deeper partitioned, too. */
  readonly partitions: readonly (Span & { readonly name: string })[];
  /** Null: there is none. */
  readonly defaultPartition: { readonly name: string; readonly hasRows: boolean } | null;
  /** Names of partitions that are being detached, and show nothing of their rows. */
  readonly pending: readonly string[];
  readonly owner: string;
  /** dbctl guards it, and makes its partitions through dbctl.create_partition(). */
  readonly isProtected: boolean;
}

interface Row extends Omit<PartitionedTable, 'partitions' | 'defaultPartition'> {
  readonly partitions: readonly { readonly name: string; readonly from: string; readonly to: string }[];
  readonly defaultName: string | null;
}

/**
 * What the tables are and which partitions they have; `tables` are `{schema, name}`. Needs no right but to read the catalogs, and select on the
 * default partitions to see whether rows are in them: fails with db.denied without.
 */
export async function inspectPartitions(
  session: Session,
  tables: readonly { readonly schema: string; readonly name: string }[],
): Promise<{ readonly now: number; readonly tables: readonly PartitionedTable[] }> {
  const [clock] = await session.rows<{ now: string; registry: boolean }>(
    `select (extract(epoch from pg_catalog.now()) * 1000)::pg_catalog.int8::pg_catalog.text as now,
            pg_catalog.to_regclass('dbctl.protected_relation') is not null as registry`,
  );
  const rows = await session.rows<Row>(tablesQuery(clock?.registry ?? false), [JSON.stringify(tables)]);
  const found: PartitionedTable[] = [];
  for (const { defaultName, partitions, ...row } of rows) {
    const defaultPartition = defaultName === null ? null : { name: defaultName, hasRows: await hasRows(session, defaultName) };
    found.push({ ...row, partitions: partitions.map(spanOf), defaultPartition });
  }
  return { now: Number(clock?.now), tables: found };
}

const spanOf = ({ name, from, to }: Row['partitions'][number]) => ({ name, from: momentOf(from), to: momentOf(to) });

/** Milliseconds, or one of the ends of time. */
const momentOf = (text: string): number => (text === '-infinity' ? -Infinity : text === 'infinity' ? Infinity : Number(text));

/** `name` is quoted by the server. */
async function hasRows(session: Session, name: string): Promise<boolean> {
  const [row] = await session.rows<{ there: boolean }>(`select exists (select from only ${name}) as there`);
  return row?.there ?? false;
}

/** Bounds are read back by the server that wrote them, under the same settings; a timestamp without zone and a date are of UTC. */
const tablesQuery = (registry: boolean): string => /* sql */ `
with wanted as (
  select w.entry ->> 'schema' as schema, w.entry ->> 'name' as name, w.place
  from pg_catalog.jsonb_array_elements($1::pg_catalog.jsonb) with ordinality w (entry, place)
), tables as (
  select w.*, c.oid, c.relkind::text as kind, coalesce(pg_catalog.pg_get_userbyid(c.relowner)::text, '') as owner,
         case when p.partstrat = 'r' and p.partnatts = 1 then pg_catalog.format_type(a.atttypid, null) end as type
  from wanted w
  left join pg_catalog.pg_namespace n on n.nspname = w.schema
  left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name
  left join pg_catalog.pg_partitioned_table p on p.partrelid = c.oid
  left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = p.partattrs[0]
), bounds as (
  select t.oid as parent, pg_catalog.format('%I.%I', n.nspname, c.relname) as name, i.inhdetachpending as pending,
         pg_catalog.pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT' as is_default, t.type,
         pg_catalog.regexp_match(pg_catalog.pg_get_expr(c.relpartbound, c.oid),
           '^FOR VALUES FROM \\((?:''([^'']+)''|(MINVALUE))\\) TO \\((?:''([^'']+)''|(MAXVALUE))\\)$') as parts
  from tables t
  join pg_catalog.pg_inherits i on i.inhparent = t.oid
  join pg_catalog.pg_class c on c.oid = i.inhrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
), spans as (
  select b.*,
         case when b.parts[2] is not null then '-infinity' else ${momentExpression('b.parts[1]')} end as from_at,
         case when b.parts[4] is not null then 'infinity' else ${momentExpression('b.parts[3]')} end as to_at
  from bounds b
)
select t.schema, t.name, t.kind, t.owner,
       case t.type
         when 'timestamp with time zone' then 'timestamptz'
         when 'timestamp without time zone' then 'timestamp'
         when 'date' then 'date'
       end as "keyType",
       coalesce((
         select pg_catalog.json_agg(pg_catalog.json_build_object('name', s.name, 'from', s.from_at, 'to', s.to_at) order by s.from_at, s.name)
         from spans s
         where s.parent = t.oid and s.parts is not null and not s.pending), '[]') as partitions,
       (select s.name from spans s where s.parent = t.oid and s.is_default) as "defaultName",
       array(select s.name from spans s where s.parent = t.oid and s.pending order by 1) as pending,
       ${registry ? 'exists (select from dbctl.protected_relation r where r.relation = t.oid)' : 'false'} as "isProtected"
from tables t
order by t.place`;

/** SQL: milliseconds since 1970 as text, or an end of time. */
function momentExpression(bound: string): string {
  const moment = `case b.type
           when 'timestamp with time zone' then ${bound}::pg_catalog.timestamptz
           else ${bound}::pg_catalog.timestamp at time zone 'UTC'
         end`;
  return `case when b.type not in ('timestamp with time zone', 'timestamp without time zone', 'date') then null
         when ${bound} in ('infinity', '-infinity') then ${bound}
         else pg_catalog.round(extract(epoch from ${moment}) * 1000)::pg_catalog.int8::text end`;
}
