import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../core/errors.ts';
import type { Session } from './session.ts';

/**
 * First key of every advisory lock dbctl takes: "dbct" in ASCII. The second key names the purpose; numbers are for ever, because
 * two versions of dbctl may run side by side.
 */
export const DBCTL_LOCKS = 0x64626374;
export const ADVISORY_LOCKS = { migrate: 1, ledger: 2, passwords: 5, retention: 6, holds: 7, databases: 8 } as const;
export type AdvisoryLock = keyof typeof ADVISORY_LOCKS;

export interface LockWait {
  /** Longest wait, in milliseconds; 0 tries once. */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
  /** Called once, when the lock is found taken. */
  readonly onWait?: (holder: string) => void;
}

/**
 * Holds a session-level advisory lock of this database while `use` runs. It is polled with pg_try_advisory_lock: a session that
 * waits inside pg_advisory_lock() holds a snapshot, and a CREATE INDEX CONCURRENTLY of the lock's holder waits for that
 * snapshot, which is a deadlock (measured on 18.2: `deadlock detected` after 0.7 s).
 * The lock dies with the connection, so a killed run leaves none behind.
 * Fails with lock.held, naming the holder, when the lock stays taken for `waitMs`.
 */
export async function withAdvisoryLock<T>(
  session: Session,
  lock: AdvisoryLock,
  wait: LockWait,
  use: () => Promise<T>,
): Promise<T> {
  await acquire(session, lock, wait);
  try {
    return await use();
  } finally {
    await session.rows('select pg_catalog.pg_advisory_unlock($1, $2)', [DBCTL_LOCKS, ADVISORY_LOCKS[lock]]).catch(() => {});
  }
}

async function acquire(session: Session, lock: AdvisoryLock, wait: LockWait): Promise<void> {
  const deadline = performance.now() + wait.waitMs;
  for (let attempt = 0; !(await tryLock(session, lock)); attempt += 1) {
    const left = deadline - performance.now();
    if (attempt === 0 || left <= 0) {
      const holder = await describeHolder(session, lock);
      if (left <= 0) return refuse(lock, wait.waitMs, holder);
      wait.onWait?.(holder);
    }
    // Jitter keeps twenty waiting runners from asking in step; the ceiling keeps the hand-over under half a second.
    await sleep(
      Math.min(left, (50 + 50 * Math.min(attempt, 8)) * (0.5 + Math.random() / 2)),
      undefined,
      wait.signal === undefined ? {} : { signal: wait.signal },
    );
  }
}

async function tryLock(session: Session, lock: AdvisoryLock): Promise<boolean> {
  const [row] = await session.rows<{ got: boolean }>('select pg_catalog.pg_try_advisory_lock($1, $2) as got', [
    DBCTL_LOCKS,
    ADVISORY_LOCKS[lock],
  ]);
  return row?.got === true;
}

function refuse(lock: AdvisoryLock, waitMs: number, holder: string): never {
  fail('lock.held', `the ${lock} lock is held by ${holder}`, {
    hint: `It was waited for ${Math.round(waitMs / 1000)} s. Wait for that run to end, or, if it is stuck, end it with pg_terminate_backend.`,
  });
}

async function describeHolder(session: Session, lock: AdvisoryLock): Promise<string> {
  const [row] = await session.rows<{ pid: number; application_name: string; usename: string; since: string }>(HOLDER, [
    DBCTL_LOCKS,
    ADVISORY_LOCKS[lock],
  ]);
  if (row === undefined) return 'a session that has just ended';
  return `pid ${row.pid} (${row.application_name || 'no application name'}, user ${row.usename}, connected since ${row.since})`;
}

const HOLDER = /* sql */ `
select l.pid,
       coalesce(a.application_name, '') as application_name,
       coalesce(a.usename::text, 'unknown') as usename,
       coalesce(pg_catalog.to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'unknown') as since
from pg_catalog.pg_locks l
left join pg_catalog.pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory'
  and l.classid = $1::pg_catalog.int8::pg_catalog.oid
  and l.objid = $2::pg_catalog.int8::pg_catalog.oid
  and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  and l.granted
order by l.pid
limit 1`;
