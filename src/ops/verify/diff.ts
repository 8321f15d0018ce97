import { fingerprint } from '../../core/fingerprint.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Item, Status } from '../../core/report.ts';
import { plural } from './plural.ts';
import { byCheck, isFinding, isWorse, lookedAt, type Looked, type SavedItem, type SavedReport } from './saved-report.ts';

/** What became of a finding or of a check between two reports; the words of the items' `change`. */
const WORSE = ['new', 'risen', 'counts-again', 'lost-sight', 'left-out'] as const;
const OTHER = ['gone', 'fallen', 'now-waived', 'new-waived', 'sight-regained', 'check-added', 'check-removed'] as const;
type Change = (typeof WORSE)[number] | (typeof OTHER)[number];

export interface Difference {
  /** Nothing got worse. */
  readonly ok: boolean;
  readonly items: readonly Item[];
  readonly summary: JsonObject;
  readonly notes: readonly string[];
}

/** What changed from one report to a later one: findings by fingerprint, and whether checks could look at all. Pure. */
export function difference(before: SavedReport, after: SavedReport): Difference {
  const [was, is] = [byCheck(before.items), byCheck(after.items)];
  const ids = [...new Set([...was.keys(), ...is.keys()])].toSorted();
  const items = ids.flatMap((id) => checkChanges(id, was.get(id) ?? [], is.get(id) ?? []));
  const count = (change: Change) => items.filter((item) => item['change'] === change).length;
  const changes = Object.fromEntries([...WORSE, ...OTHER].map((change) => [change, count(change)]));
  const worse = items.filter((item) => isIn(WORSE, item['change'])).length;
  const unchanged = after.items.filter(
    (item) => isFinding(item) && !items.some((other) => other['fingerprint'] === item.fingerprint),
  );
  return {
    ok: worse === 0,
    items,
    summary: {
      worse,
      other: items.length - worse,
      unchanged: unchanged.length,
      changes,
      before: about(before),
      after: about(after),
    },
    notes: otherSubject(before, after),
  };
}

function isIn(words: readonly string[], word: unknown): boolean {
  return typeof word === 'string' && words.includes(word);
}

function about({ file, startedAt, project, target }: SavedReport): JsonObject {
  return { file, startedAt, project, env: target?.env ?? null, database: target?.database ?? null };
}

/** Two environments are compared on purpose; that they differ must not be overlooked. */
function otherSubject(before: SavedReport, after: SavedReport): string[] {
  const pairs = [
    ['project', before.project, after.project],
    ['environment', before.target?.env, after.target?.env],
    ['database', before.target?.database, after.target?.database],
  ] as const;
  const differing = pairs
    .filter(([, from, to]) => from !== to)
    .map(([what, from, to]) => `${what} ${from ?? '?'} with ${what} ${to ?? '?'}`);
  return differing.length === 0 ? [] : [`This compares ${differing.join(', ')}.`];
}

function checkChanges(id: string, was: readonly SavedItem[], is: readonly SavedItem[]): Item[] {
  // What is said of a waiver comes and goes with the waivers file: no check stands behind it.
  const isNotice = [...was, ...is].some(({ group }) => group === 'waivers');
  const [from, to] = isNotice ? (['looked', 'looked'] as const) : [lookedAt(was), lookedAt(is)];
  const [old, current] = [findings(was), findings(is)];
  const gone = [...old.values()].filter((item) => !current.has(item.fingerprint));
  return [
    ...sightChange(id, { from, to, was, is, findings: gone.length }),
    ...[...current.values()].flatMap((item) => findingChange(old.get(item.fingerprint), item, from)),
    ...(to === 'looked' ? gone.map((item) => changed('gone', 'pass', item, `gone: ${item.message}`)) : []),
  ];
}

function findings(items: readonly SavedItem[]): ReadonlyMap<string, SavedItem> {
  return new Map(items.filter(isFinding).map((item) => [item.fingerprint, item]));
}

interface Sight {
  readonly from: Looked;
  readonly to: Looked;
  readonly was: readonly SavedItem[];
  readonly is: readonly SavedItem[];
  /** Findings of the check that nobody can tell of now. */
  readonly findings: number;
}

function sightChange(id: string, { from, to, was, is, findings: hidden }: Sight): Item[] {
  const [item] = is.length > 0 ? is : was;
  if (from === to || item === undefined) return [];
  const words = `${SAID[from]} before, ${SAID[to]} now`;
  const forgotten = hidden === 0 ? '' : `, and its ${plural(hidden, 'finding')} cannot be told gone`;
  // The check itself, not one of the objects it found.
  const object = [...is, ...was].find((other) => !isFinding(other))?.object ?? '';
  const of = { ...item, object, fingerprint: fingerprint(id, ''), fix: to === 'unknown' ? item.fix : null };
  if (from === 'looked') {
    const reason = is[0] === undefined ? '' : `: ${is[0].message}`;
    if (to === 'unknown') return [changed('lost-sight', 'unknown', of, `lost sight: ${words}${forgotten}${reason}`)];
    return [changed('left-out', 'fail', of, `left out: ${words}${forgotten}${reason}`)];
  }
  if (to === 'looked') return [changed(from === 'absent' ? 'check-added' : 'sight-regained', 'pass', of, words)];
  if (from === 'absent')
    return [changed('check-added', to === 'unknown' ? 'unknown' : 'skipped', of, `${words}: ${item.message}`)];
  return [changed('check-removed', 'skipped', of, words)];
}

const SAID: Readonly<Record<Looked, string>> = {
  looked: 'looked',
  unknown: 'could not look',
  skipped: 'skipped',
  absent: 'not in the report',
};

function findingChange(old: SavedItem | undefined, item: SavedItem, from: Looked): Item[] {
  if (old === undefined) {
    const first = from === 'looked' ? '' : ` (${SAID[from]} before)`;
    if (item.status === 'waived') return [changed('new-waived', 'waived', item, `new${first}, waived: ${item.message}`)];
    return [changed('new', 'fail', item, `new${first}: ${item.message}`)];
  }
  if (old.status === 'waived' && item.status === 'fail')
    return [changed('counts-again', 'fail', item, `counts again: ${item.message}`)];
  if (old.status === 'fail' && item.status === 'waived')
    return [changed('now-waived', 'waived', item, `waived now: ${item.message}`)];
  if (old.severity === item.severity) return [];
  const words = `${old.severity} before, ${item.severity} now: ${item.message}`;
  if (isWorse(item.severity, old.severity)) return [changed('risen', item.status, item, words)];
  return [changed('fallen', 'pass', item, words)];
}

function changed(change: Change, status: Status, of: SavedItem, message: string): Item {
  const { id, object, severity, fix } = of;
  const shown = status === 'fail' || status === 'unknown' ? fix : null;
  return { id, object, status, severity, message, fix: shown, detail: null, change, fingerprint: of.fingerprint };
}
