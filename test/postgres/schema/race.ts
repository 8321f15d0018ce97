import type pg from 'pg';
import { withClients } from './support.ts';

/** No other test of a run uses this number; the lock is of one database anyway. */
const STARTER = 770_001;

/**
 * Eight connections run `racer` at the same moment: each waits for a lock that is let go when all wait for it, and so the slowest
 * connection is not left behind. What they return, in order of the connections.
 */
export function race<T>(url: string, racer: (client: pg.Client, lane: number) => Promise<T>): Promise<T[]> {
  return withClients(url, 9, async ([starter, ...racers]) => {
    if (starter === undefined) throw new Error('there is no connection to start the race');
    await starter.query('select pg_catalog.pg_advisory_lock($1)', [STARTER]);
    const ends = racers.map(async (client, lane) => {
      await client.query('select pg_catalog.pg_advisory_lock_shared($1)', [STARTER]);
      return racer(client, lane);
    });
    const all = Promise.all(ends);
    await untilWaiting(starter, racers.length);
    await starter.query('select pg_catalog.pg_advisory_unlock($1)', [STARTER]);
    return all;
  });
}

async function untilWaiting(observer: pg.Client, count: number): Promise<void> {
  const waiting = `select count(*)::integer as n from pg_catalog.pg_locks
                   where locktype = 'advisory' and objid = $1 and not granted
                     and database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())`;
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const { rows } = await observer.query<{ n: number }>(waiting, [STARTER]);
    if (rows[0]?.n === count) return;
    await observer.query('select pg_catalog.pg_sleep(0.01)');
  }
  throw new Error(`${count} connections never waited for the start`);
}
