import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../config/duration.ts';
import { DbctlError, fail } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import { plural } from '../ops/verify/plural.ts';
import type { difference } from '../ops/verify/diff.ts';
import type { SavedItem, SavedReport } from '../ops/verify/saved-report.ts';
import type { Context } from './context.ts';

const SHORTEST_MS = 1_000;
const USUAL_MS = 30_000;

/** `--watch` alone, or with an interval. Fails with usage. */
export function intervalOf(value: unknown): number {
  if (value === true) return USUAL_MS;
  let ms: number;
  try {
    ms = parseDuration(String(value));
  } catch (cause) {
    fail('usage', `--watch: ${(cause as Error).message}`, { cause, hint: 'For example --watch 1min.' });
  }
  if (ms < SHORTEST_MS) fail('usage', '--watch: 1s is the shortest interval', { hint: 'For example --watch 1min.' });
  return ms;
}

/** What a watch has seen so far. */
interface Watch {
  last: Answer;
  looks: number;
  worse: number;
  other: number;
  timesAway: number;
  /** Since when the server does not answer, and what it came to last; null: it does. */
  away: { readonly since: Date; error: DbctlError } | null;
}

/**
 * Looks again at every interval and says what changed, until the process is told to stop or nobody reads it any more; then gives the last
 * look. A server that goes away is told once, and once that it is back. Fails when the first look does, and later with what waiting does
 * not mend.
 */
export async function watch(look: () => Promise<Answer>, intervalMs: number, context: Context): Promise<Answer> {
  const [{ difference: compare }, first] = [await import('../ops/verify/diff.ts'), await look()];
  const began = context.clock();
  const seen: Watch = { last: first, looks: 1, worse: 0, other: 0, timesAway: 0, away: null };
  tell(context, { change: 'first-look', message: firstWords(first, intervalMs), ok: first.ok });
  const stop = AbortSignal.any([context.signal, context.unread()]);
  while (await sleep(intervalMs, true, { signal: stop }).catch(() => false)) {
    try {
      const next = await look();
      if (seen.away !== null) tellBack(seen, seen.away.since, context);
      tellChanges(seen, compare(saved(seen.last), saved(next)), context);
      Object.assign(seen, { last: next, looks: seen.looks + 1 });
    } catch (thrown) {
      if (context.signal.aborted) break;
      if (!mayPass(thrown)) throw thrown;
      if (seen.away === null) tellAway(seen, thrown, context);
      else seen.away.error = thrown;
    }
  }
  return ending(seen, began, context);
}

/** Database errors may be those of a restart or of a failover; a server of another identity, or a defect, does not pass by itself. */
function mayPass(thrown: unknown): thrown is DbctlError {
  return thrown instanceof DbctlError && (thrown.exit === 3 || thrown.exit === 4);
}

function firstWords({ ok, summary }: Answer, intervalMs: number): string {
  const counts = ['fail', 'unknown', 'waived', 'skipped', 'pass'].map(
    (status) => `${String(summary[status] as number)} ${status}`,
  );
  return `first look: ${counts.join(', ')}; the answer is ${ok ? 'yes' : 'no'}. From now on changes only, every ${intervalMs / 1000} s.`;
}

/** Human lines and ndjson events carry the same. */
function tell(context: Context, { message, ...event }: JsonObject & { readonly message: string }): void {
  const time = context.clock().toISOString();
  const head = [event['severity'], event['id'], event['object']].flatMap((word) =>
    typeof word === 'string' && word !== '' ? [word] : [],
  );
  context.emit({ time, ...event, message }, [time, ...head, message].join('  '));
}

function tellChanges(seen: Watch, changes: ReturnType<typeof difference>, context: Context): void {
  for (const { change, id, object, status, severity, message, fix, fingerprint } of changes.items)
    tell(context, { change: change as string, id, object, status, severity, message, fix, fingerprint: fingerprint as string });
  const { worse, other } = changes.summary as { worse: number; other: number };
  seen.worse += worse;
  seen.other += other;
}

function tellAway(seen: Watch, error: DbctlError, context: Context): void {
  const { code, message } = error;
  seen.away = { since: context.clock(), error };
  seen.timesAway += 1;
  tell(context, { change: 'server-away', code, message: `the server is away: ${message}` });
}

function tellBack(seen: Watch, since: Date, context: Context): void {
  const seconds = Math.round((context.clock().getTime() - since.getTime()) / 1000);
  tell(context, { change: 'server-back', awaySeconds: seconds, message: `the server is back after ${seconds} s` });
  seen.away = null;
}

/** A look as a report that was read back, to be compared. */
function saved({ items }: Answer): SavedReport {
  return { file: '', startedAt: '', target: null, project: null, items: items.map(savedItem) };
}

function savedItem({ id, object, status, severity, message, fix, fingerprint, group }: Item): SavedItem {
  return { id, object, status, severity, message, fix, fingerprint: fingerprint as string, group: group as string };
}

/** As if verify had been run now: the last look, or the error of a server that is away, with what it said before. */
function ending({ last, looks, worse, other, timesAway, away }: Watch, began: Date, context: Context): Answer {
  const counted = { looks, worse, other, timesAway, away: away !== null };
  const period = `Watched from ${began.toISOString()} to ${context.clock().toISOString()}`;
  const notes = [
    ...(last.view?.notes ?? []),
    `${period}: ${plural(looks, 'look')}, ${worse} for the worse, ${other} other changes; the server was away ${plural(timesAway, 'time')}.`,
  ];
  const summary = { ...last.summary, watch: counted };
  const view = { ...last.view, notes };
  if (away === null) return { ...last, summary, view };
  const missing = awayItem(away.since, last);
  return { ...last, ok: false, items: [missing, ...last.items], summary, view, incomplete: away.error };
}

function awayItem(since: Date, { target }: Answer): Item {
  return item({
    id: 'server',
    object: target?.database ?? '',
    status: 'unknown',
    severity: 'high',
    message: `could not look since ${since.toISOString()}: the server is away; the rest is what it said before`,
  });
}
