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
