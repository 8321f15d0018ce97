import type { Session } from '../../db/session.ts';

/** Who is older than this keeps vacuum from clearing away what was removed, and is worth a word: seconds. */
const LONG_SECONDS = 300;

/**
 * What holds the horizon of vacuum, in words; null: nothing for long, or nothing that this login may see. Rows that were removed after it
 * stay in the table as dead rows until it ends.
 */
export async function whatHoldsTheHorizon(session: Session, longSeconds = LONG_SECONDS): Promise<string | null> {
  const [row] = await session.rows<{ what: string }>(HOLDERS, [longSeconds]);
  return row?.what ?? null;
}

const HOLDERS = /* sql */ `
select h.what
from (
  select pg_catalog.format('pid %s (%s, %s) with a transaction since %s', a.pid, coalesce(a.usename, 'unknown'), coalesce(a.state, 'unknown'),
                           pg_catalog.to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) as what,
         pg_catalog.age(a.backend_xmin) as age
  from pg_catalog.pg_stat_activity a
  where a.backend_xmin is not null and a.pid <> pg_catalog.pg_backend_pid()
    and a.xact_start < pg_catalog.clock_timestamp() - $1 * interval '1 second'
  union all
  select pg_catalog.format('prepared transaction %L since %s', p.gid, pg_catalog.to_char(p.prepared at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
         pg_catalog.age(p.transaction)
  from pg_catalog.pg_prepared_xacts p
  where p.prepared < pg_catalog.clock_timestamp() - $1 * interval '1 second'
  union all
  select pg_catalog.format('replication slot %s, which nobody reads', s.slot_name), greatest(pg_catalog.age(s.xmin), pg_catalog.age(s.catalog_xmin))
  from pg_catalog.pg_replication_slots s
  where s.xmin is not null and not s.active
) h
order by h.age desc
limit 1`;
