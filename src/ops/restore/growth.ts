import { setTimeout as sleep } from 'node:timers/promises';
import type { ProgressStep } from '../../core/progress.ts';
import type { Session } from '../../db/session.ts';

/** Often enough for a person to watch, seldom enough for the server not to notice: it reads the sizes of all files. */
const EVERY_MS = 2_000;

/**
 * Tells how large the database of the session is while `act` fills it, since pg_restore says nothing. The session must be free until then.
 * The size of the source is what it grows to at most: a restored table has no dead rows.
 */
export async function whileGrowing<T>(session: Session, step: ProgressStep, act: () => Promise<T>): Promise<T> {
  const ended = new AbortController();
  const watching = watch(session, step, ended.signal);
  try {
    return await act();
  } finally {
    ended.abort();
    await watching;
  }
}

async function watch(session: Session, step: ProgressStep, ended: AbortSignal): Promise<void> {
  let told = 0;
  while (!ended.aborted) {
    // What is only told must not fail what is done.
    const size = await sizeOf(session).catch(() => told);
    step.tick(Math.max(0, size - told));
    told = Math.max(told, size);
    await sleep(EVERY_MS, undefined, { signal: ended }).catch(() => {});
  }
}

async function sizeOf(session: Session): Promise<number> {
  const [row] = await session.rows<{ bytes: string }>(
    'select pg_catalog.pg_database_size(pg_catalog.current_database())::pg_catalog.text as bytes',
  );
  return Number(row?.bytes ?? 0);
}
