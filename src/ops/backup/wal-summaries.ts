import { fail } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import { lsnNumber } from '../../core/lsn.ts';
import type { PhysicalManifest } from './manifest.ts';

/** A stretch of WAL of which the server has noted which blocks it changed. */
export interface WalSummary {
  readonly startLsn: string;
  readonly endLsn: string;
}

/**
 * The first position from `from` on that no summary covers although later ones exist: the server never goes back to it. Null: there is
 * none; what is not summarized yet the server waits for. `summaries` are of one timeline. Pure.
 */
export function summaryGap(summaries: readonly WalSummary[], from: string): string | null {
  let covered = from;
  const inOrder = summaries.toSorted((a, b) => (lsnNumber(a.startLsn) < lsnNumber(b.startLsn) ? -1 : 1));
  for (const { startLsn, endLsn } of inOrder) {
    if (lsnNumber(endLsn) <= lsnNumber(covered)) continue;
    if (lsnNumber(startLsn) > lsnNumber(covered)) return covered;
    covered = endLsn;
  }
  return null;
}

/**
 * Fails with refused where the server cannot say what changed since the parent. Of another timeline than its own the server itself knows
 * more; so it does where the role may not look.
 */
export async function requireSummaries(session: Session, parent: PhysicalManifest): Promise<void> {
  const [row] = await session.rows<{ may: boolean }>(
    `select pg_catalog.has_function_privilege('pg_catalog.pg_available_wal_summaries()', 'execute') as may`,
  );
  if (row?.may !== true) return;
  const summaries = await session.rows<WalSummary>(
    `select s.start_lsn::pg_catalog.text as "startLsn", s.end_lsn::pg_catalog.text as "endLsn"
     from pg_catalog.pg_available_wal_summaries() s where s.tli = $1 order by s.start_lsn`,
    [parent.timeline],
  );
  const gap = summaryGap(summaries, parent.startLsn);
  if (gap === null) return;
  fail('refused', `the server has no WAL summaries from ${gap} on, and ${parent.id} begins at ${parent.startLsn}`, {
    hint: `Take a full backup: dbctl backup create --type physical. Keep summarize_wal on, and wal_summary_keep_time longer than the time between backups.`,
  });
}
