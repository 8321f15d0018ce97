import type { Session } from '../../db/session.ts';

/**
 * The oldest open transactions of this database besides ours, in words: after a lost lock wait the holder is among them, and the
 * server's error does not name it. Roles without pg_read_all_stats see pids and ages only.
 */
export async function describeOpenTransactions(session: Session): Promise<string> {
  const rows = await session.rows<{ pid: number; who: string; seconds: number; state: string }>(OPEN_TRANSACTIONS);
  if (rows.length === 0) return 'No other transaction is open any more: run the command again.';
  const list = rows.map(({ pid, who, seconds, state }) => `pid ${pid} (${who}, ${state}, open for ${seconds} s)`);
  return `Open transactions at that moment: ${list.join(', ')}. Wait for them, or end one with select pg_terminate_backend(pid).`;
}

const OPEN_TRANSACTIONS = /* sql */ `
select a.pid,
       coalesce(nullif(a.application_name, ''), 'no application name') || ', user ' || coalesce(a.usename::text, 'unknown') as who,
       extract(epoch from pg_catalog.clock_timestamp() - a.xact_start)::int4 as seconds,
       coalesce(a.state, 'state not visible') as state
from pg_catalog.pg_stat_activity a
where a.datname = pg_catalog.current_database()
  and a.pid <> pg_catalog.pg_backend_pid()
  and a.xact_start is not null
order by a.xact_start
limit 3`;
