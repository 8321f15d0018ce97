import { DbctlError } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';

/** A table, or a partition of one, with what it takes in the database. */
export interface SizedRelation {
  /** `schema.name`, as people write it. */
  readonly name: string;
  /** `schema.name` of the table it is a partition of, at the top; its own where it is of none. */
  readonly table: string;
  /** Partitions below it: it holds nothing itself. */
  readonly partitioned: boolean;
  /** pg_total_relation_size: the rows, their indexes, and what is stored out of line. Null: somebody holds it locked. */
  readonly bytes: bigint | null;
  readonly indexBytes: bigint | null;
  /** Rows and dead rows as the statistics have them; null where they have nothing. */
  readonly rows: number | null;
  readonly deadRows: number | null;
  /** Rows of which stretch of time, in milliseconds; null: it is no partition by time, or its bounds are open. */
  readonly from: number | null;
  readonly to: number | null;
}

interface Row extends Omit<SizedRelation, 'bytes' | 'indexBytes'> {
  readonly oid: string;
  readonly bytes: string | null;
  readonly indexBytes: string | null;
  readonly gone: boolean;
}

/**
 * Every table, materialized view and partition outside the system's schemas, with what it takes. Needs no right at all. Looking at the size of
 * a table waits for whoever has locked it exclusively, as long as lock_timeout says; then the others are looked at one by one, and that one
 * is unknown. What is dropped meanwhile is left out.
 */
export async function readTables(session: Session): Promise<readonly SizedRelation[]> {
  try {
    return (await session.rows<Row>(query(SIZES))).filter(({ gone }) => !gone).map(sized);
  } catch (thrown) {
    if (!isLocked(thrown)) throw thrown;
  }
  const relations: SizedRelation[] = [];
  for (const row of await session.rows<Row>(query(NO_SIZES))) {
    const size = row.partitioned ? { bytes: '0', indexBytes: '0', gone: false } : await sizeOf(session, row.oid);
    if (!size.gone) relations.push(sized({ ...row, ...size }));
  }
  return relations;
}

const isLocked = (thrown: unknown): boolean => thrown instanceof DbctlError && thrown.code === 'lock.held';

async function sizeOf(session: Session, oid: string): Promise<Pick<Row, 'bytes' | 'indexBytes' | 'gone'>> {
  try {
    const [row] = await session.rows<Pick<Row, 'bytes' | 'indexBytes'>>(
      `select pg_catalog.pg_total_relation_size($1::pg_catalog.oid)::pg_catalog.text as bytes,
              pg_catalog.pg_indexes_size($1::pg_catalog.oid)::pg_catalog.text as "indexBytes"`,
      [oid],
    );
    return { bytes: row?.bytes ?? null, indexBytes: row?.indexBytes ?? null, gone: (row?.bytes ?? null) === null };
  } catch (thrown) {
    if (!isLocked(thrown)) throw thrown;
    return { bytes: null, indexBytes: null, gone: false };
  }
}

const sized = ({ oid: _oid, gone: _gone, bytes, indexBytes, ...row }: Row): SizedRelation => ({
  ...row,
  bytes: bytes === null ? null : BigInt(bytes),
  indexBytes: indexBytes === null ? null : BigInt(indexBytes),
});

const SIZES = /* sql */ `case when r.relkind = 'p' then '0' else pg_catalog.pg_total_relation_size(r.oid)::pg_catalog.text end`;
const NO_SIZES = 'null::pg_catalog.text';

/** A partition that is being detached has its parent still; one that was is a table. Bounds are read by the server that wrote them. */
const query = (bytes: string): string => /* sql */ `
with relations as (
  select c.oid, c.relkind, c.relname, n.nspname, c.relispartition,
         coalesce(pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid, c.oid) as root,
         pg_catalog.pg_get_expr(c.relpartbound, c.oid) as bound, i.inhparent
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_inherits i on i.inhrelid = c.oid and c.relispartition
  where c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't'
    and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
), spans as (
  select r.*, pg_catalog.format_type(a.atttypid, null) as type,
         pg_catalog.regexp_match(r.bound, '^FOR VALUES FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)$') as ends
  from relations r
  left join pg_catalog.pg_partitioned_table p on p.partrelid = r.inhparent and p.partstrat = 'r' and p.partnatts = 1
  left join pg_catalog.pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
), measured as (
  select r.*, ${bytes} as bytes,
         ${bytes === NO_SIZES ? bytes : `case when r.relkind = 'p' then '0' else pg_catalog.pg_indexes_size(r.oid)::pg_catalog.text end`} as index_bytes
  from spans r
)
select r.oid::pg_catalog.text as oid, pg_catalog.format('%s.%s', r.nspname, r.relname) as name,
       coalesce(pg_catalog.format('%s.%s', tn.nspname, t.relname), pg_catalog.format('%s.%s', r.nspname, r.relname)) as "table",
       r.relkind = 'p' as partitioned, r.bytes, r.index_bytes as "indexBytes",
       ${bytes === NO_SIZES ? 'false' : 'r.bytes is null'} as gone,
       case when r.relkind <> 'p' then s.n_live_tup::pg_catalog.float8 end as rows,
       case when r.relkind <> 'p' then s.n_dead_tup::pg_catalog.float8 end as "deadRows",
       ${moment('r.ends[1]')} as "from", ${moment('r.ends[2]')} as "to"
from measured r
left join pg_catalog.pg_class t on t.oid = r.root
left join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
left join pg_catalog.pg_stat_all_tables s on s.relid = r.oid
order by 2`;

/** SQL: milliseconds since 1970; a timestamp without zone and a date are of UTC. The type is looked at first: other bounds are no times. */
function moment(bound: string): string {
  return `case
         when r.type not in ('timestamp with time zone', 'timestamp without time zone', 'date') or ${bound} in ('infinity', '-infinity') then null
         else pg_catalog.round(extract(epoch from case r.type
           when 'timestamp with time zone' then ${bound}::pg_catalog.timestamptz
           else ${bound}::pg_catalog.timestamp at time zone 'UTC'
         end) * 1000)::pg_catalog.float8
       end`;
}
