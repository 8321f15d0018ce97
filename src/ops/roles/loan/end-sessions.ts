import { DbctlError } from '../../../core/errors.ts';
import type { Session } from '../../../db/session.ts';

/** What became of the open sessions of a login. */
export interface EndedSessions {
  readonly ended: number;
  /** Those that are still there, each with why. */
  readonly remaining: readonly RemainingSession[];
}

export interface RemainingSession {
  readonly pid: number;
  readonly why: string;
}

/** A session ends within milliseconds, unless the system keeps its process waiting. */
const WAIT_MS = 5_000;

/**
 * Ends the open sessions of a login one by one, and waits until each is gone: within a transaction, each by itself, so that one which may not be
 * ended does not keep the others. Without pg_signal_backend the server refuses; so it does where the login has become superuser.
 */
export async function endSessions(session: Session, login: string): Promise<EndedSessions> {
  const pids = await sessionsOf(session, login);
  const remaining: RemainingSession[] = [];
  for (const pid of pids) {
    const why = await endOne(session, pid);
    if (why !== null) remaining.push({ pid, why });
  }
  return { ended: pids.length - remaining.length, remaining };
}

/** Without the function a transaction sees the sessions of its first look (pgstat_fetch_consistency). */
async function sessionsOf(session: Session, login: string): Promise<readonly number[]> {
  await session.rows('select pg_catalog.pg_stat_clear_snapshot()');
  const rows = await session.rows<{ pid: number }>(
    'select a.pid from pg_catalog.pg_stat_activity a where a.usename = $1 and a.pid <> pg_catalog.pg_backend_pid() order by a.pid',
    [login],
  );
  return rows.map(({ pid }) => pid);
}

/** null: it is gone. */
async function endOne(session: Session, pid: number): Promise<string | null> {
  await session.script('savepoint end_session');
  try {
    const [answer] = await session.rows<{ gone: boolean }>('select pg_catalog.pg_terminate_backend($1, $2) as gone', [
      pid,
      WAIT_MS,
    ]);
    await session.script('release savepoint end_session');
    return answer?.gone === true || !(await isThere(session, pid))
      ? null
      : `it was told to end, and was still there after ${WAIT_MS / 1000} s`;
  } catch (thrown) {
    if (!(thrown instanceof DbctlError && thrown.sqlstate === '42501')) throw thrown;
    await session.script('rollback to savepoint end_session; release savepoint end_session');
    return thrown.message;
  }
}

async function isThere(session: Session, pid: number): Promise<boolean> {
  await session.rows('select pg_catalog.pg_stat_clear_snapshot()');
  const found = await session.rows('select a.pid from pg_catalog.pg_stat_activity a where a.pid = $1', [pid]);
  return found.length > 0;
}
