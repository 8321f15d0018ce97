import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../../db/session.ts';

/** How far standbys are behind, as far as this login may see it. */
export type Lag =
  | { readonly kind: 'none' }
  /** The server shows that there are standbys, and not where they are. */
  | { readonly kind: 'unseen'; readonly standbys: number }
  /** The one that is furthest behind, in bytes of the write-ahead log it has not replayed. */
  | { readonly kind: 'seen'; readonly standby: string; readonly bytes: number };

interface Row {
  readonly standby: string;
  readonly bytes: number | null;
}

/** Reads pg_stat_replication; without pg_monitor it has rows and no positions. */
export async function readLag(session: Session): Promise<Lag> {
  const standbys = await session.rows<Row>(STANDBYS);
  const [furthest] = standbys.flatMap(({ standby, bytes }) => (bytes === null ? [] : [{ standby, bytes }]));
  if (standbys.length === 0) return { kind: 'none' };
  return furthest === undefined ? { kind: 'unseen', standbys: standbys.length } : { kind: 'seen', ...furthest };
}

/** One that copies the server or catches up from far behind is not waited for: it would be for hours. */
const STANDBYS = /* sql */ `
select coalesce(nullif(s.application_name, ''), 'pid ' || s.pid) as standby,
       -- greatest() passes over null, and unseen would be 0
       case when s.replay_lsn is not null
            then greatest(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.replay_lsn), 0) end::pg_catalog.float8 as bytes
from pg_catalog.pg_stat_replication s
where coalesce(s.state, 'streaming') = 'streaming'
order by 2 desc nulls last, 1`;

/** How often the standbys are asked while one is waited for, in milliseconds. */
const LAG_POLL_MS = 500;

/**
 * False: one is more than `maxLagBytes` behind, and a moment was waited; ask again. What a person should know of it goes into `notes`. `deadline` is
 * of performance.now().
 */
export async function standbysAreNear(
  session: Session,
  { maxLagBytes }: { readonly maxLagBytes: number },
  notes: Set<string>,
  { deadline, signal }: { readonly deadline: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const lag = await readLag(session);
  if (lag.kind === 'unseen') {
    notes.add(
      `How far ${lag.standbys === 1 ? 'the standby is' : `${lag.standbys} standbys are`} behind was not seen, and not waited for: grant pg_monitor to ${session.user}.`,
    );
  }
  if (lag.kind !== 'seen' || lag.bytes <= maxLagBytes) return true;
  notes.add(`Standby ${lag.standby} was more than max_lag behind, and was waited for.`);
  await sleep(Math.min(LAG_POLL_MS, Math.max(0, deadline - performance.now())), undefined, { signal }).catch(() => {});
  return false;
}
