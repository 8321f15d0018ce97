import type { OptionSpec } from '../core/command.ts';
import { item, type Item } from '../core/report.ts';
import { ident } from '../db/ident.ts';
import type { Session } from '../db/session.ts';
import type { Archives } from '../ops/cost/archives.ts';
import type { Gap } from '../ops/cost/gaps.ts';
import { RETENTION_SETTINGS } from './retention-context.ts';

/** Whose rows are not all seen is told so by the server; what has no zone is UTC. */
export const COST_SESSION = { access: 'read', applicationName: 'dbctl cost', settings: RETENTION_SETTINGS } as const;

/** Milliseconds since 1970, by the clock of the server. */
export async function serverNow(session: Session): Promise<number> {
  const [row] = await session.rows<{ now: number }>(
    'select pg_catalog.floor(extract(epoch from pg_catalog.now()) * 1000)::pg_catalog.float8 as now',
  );
  return row?.now ?? 0;
}

/** `12`, within bounds; for {@link OptionSpec.parse}. */
export function months(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new Error(`expected a number of months from ${least} to ${most}, not ${text}`);
  };
}

export const MONTHS = (description: string, preset: number): OptionSpec => ({
  flags: '--months <n>',
  description: `${description} (default: ${preset})`,
  parse: months(1, 120),
});

/** What is missing before a cost is known: could not look, which is never a yes. */
export const gapItem = ({ key, message, fix }: Gap): Item =>
  item({ id: 'no-price', object: key, status: 'unknown', severity: 'medium', message, fix: fix === '' ? null : fix });

/** What was archived could not be looked at; `blobs` null: what became of blobs neither. */
export function archivesItem(archives: Archives, user: string, blobs: unknown = []): Item[] {
  if (archives.state !== 'denied' && blobs !== null) return [];
  return [
    item({
      id: 'no-archives',
      object: archives.state === 'denied' ? 'dbctl.archive_segment' : 'dbctl.blob_event',
      status: 'unknown',
      severity: 'medium',
      message: 'what was archived cannot be seen',
      fix: `grant dbctl_auditor to ${ident(user)};`,
    }),
  ];
}

/** `2026-11-21`. */
export const dayText = (moment: number): string => new Date(moment).toISOString().slice(0, 10);
