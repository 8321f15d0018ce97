import { fail } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Item } from '../../core/report.ts';
import type { Session } from '../../db/session.ts';
import { plural } from './plural.ts';
import { byCheck, dayOf, isFinding, isWorse, loadReport, lookedAt, type SavedItem, type SavedReport } from './saved-report.ts';

/** What a baseline must be of, so that its findings are those of this run. */
export interface BaselineOf {
  readonly environment: string;
  readonly project: string;
}

/**
 * The report `--baseline` names. Fails with config.invalid for a file that is none, and for one of another project or environment:
 * what was let pass in development was never let pass in production.
 */
export async function loadBaseline(path: string, shownAs: string, { environment, project }: BaselineOf): Promise<SavedReport> {
  const baseline = await loadReport(path, shownAs);
  const [ofProject, ofEnvironment] = [baseline.project ?? 'unknown', baseline.target?.env ?? 'unknown'];
  const hint = `Make one of this environment: dbctl verify --env ${environment} --out json=FILE.`;
  if (ofProject !== project) fail('config.invalid', `${shownAs} is of project ${ofProject}, and this is ${project}`, { hint });
  if (ofEnvironment !== environment)
    fail('config.invalid', `${shownAs} is of environment ${ofEnvironment}, and this is ${environment}`, { hint });
  return baseline;
}

/**
 * A restore has another system identifier and often another name, and is the same database: that is what fingerprints are for. So it
 * is said, and compared. null when nothing differs.
 */
export function elsewhere({ target }: SavedReport, session: Pick<Session, 'database' | 'systemIdentifier'>): string | null {
  const { database, systemIdentifier } = session;
  if (target === null) return null;
  if (target.database !== database) return `The baseline is of database ${target.database}, and this is ${database}.`;
  const both = target.systemIdentifier !== null && systemIdentifier !== null;
  return both && target.systemIdentifier !== systemIdentifier
    ? `The baseline is of another server (system identifier ${target.systemIdentifier}, here ${systemIdentifier}).`
    : null;
}

export interface AgainstBaseline {
  readonly items: readonly Item[];
  readonly summary: JsonObject;
  readonly notes: readonly string[];
}

/**
 * Findings the baseline has are `waived`, with `baseline: known`; new ones, and those that grew worse, stay as they are. What is said of a
 * waiver is never known, and a waiver that ended counts whatever the baseline has: somebody promised a day. Pure.
 */
export function againstBaseline(items: readonly Item[], baseline: SavedReport): AgainstBaseline {
  const before = new Map(baseline.items.filter(isOwnFinding).map((item) => [item.fingerprint, item]));
  const states = new Map(baseline.items.filter(isSaid).map((item) => [item.fingerprint, item]));
  const judged = items.map((item): Item => ({
    ...(item.status === 'fail' && item['group'] !== 'waivers' ? withBaseline(item, before, baseline) : item),
    ...(isSaid(item) ? { baselineState: stateOf(item, states.get(item['fingerprint'] as string)) } : {}),
  }));
  const count = (word: string) => judged.filter((item) => item['baseline'] === word).length;
  const now = new Set(items.filter(isFinding).map((item) => item['fingerprint']));
  const checks = byCheck(items);
  const looked = (id: string) => lookedAt(checks.get(id) ?? []) === 'looked';
  const missing = [...before.values()].filter(({ fingerprint }) => !now.has(fingerprint));
  const absent = missing.filter(({ id }) => looked(id));
  const gone = absent.length;
  const summary = { takenAt: baseline.startedAt, known: count('known'), new: count('new'), risen: count('risen'), gone };
  const blind = missing.length - gone;
  const lost = [...byCheck(baseline.items)].filter(
    ([id, saved]) => lookedAt(saved) === 'looked' && lookedAt(checks.get(id) ?? []) === 'unknown',
  );
  return {
    items: judged,
    summary: { ...summary, notLookedAt: blind, lostSight: lost.length, absent: absent.map(named) },
    notes: [
      `Compared with the baseline of ${dayOf(baseline)}: ${summary.new} new, ${summary.risen} worse, ${summary.known} known, ${gone} gone.`,
      ...(blind > 0 ? [`${plural(blind, 'finding')} of the baseline could not be looked for: not seen is not gone.`] : []),
      ...(lost.length > 0
        ? [`Could look at the time of the baseline, and cannot now: ${lost.map(([id]) => id).join(', ')}.`]
        : []),
    ],
  };
}

function isOwnFinding({ status, group }: SavedItem): boolean {
  return status === 'fail' && group !== 'waivers';
}

/** What a report says something of, besides that all is well or that it was not asked. */
function isSaid({ status }: Pick<Item, 'status'>): boolean {
  return status === 'fail' || status === 'unknown' || status === 'waived';
}

/** In the words of SARIF (3.27.24), for every result: `updated` is another severity, or waived before and not now, or the other way round. */
function stateOf({ status, severity }: Item, saved: SavedItem | undefined): 'new' | 'unchanged' | 'updated' {
  if (saved === undefined) return 'new';
  return saved.status === status && saved.severity === severity ? 'unchanged' : 'updated';
}

function named({ id, object, severity, fingerprint }: SavedItem): JsonObject {
  return { id, object, severity, fingerprint };
}

function withBaseline(item: Item, before: ReadonlyMap<unknown, SavedItem>, baseline: SavedReport): Item {
  const saved = before.get(item['fingerprint']);
  if (saved === undefined) return { ...item, baseline: 'new' };
  if (isWorse(item.severity, saved.severity))
    return { ...item, baseline: 'risen', message: `${item.message} (${saved.severity} in the baseline of ${dayOf(baseline)})` };
  if (item['waiver'] !== undefined) return item;
  return {
    ...item,
    status: 'waived',
    baseline: 'known',
    message: `${item.message} (known since the baseline of ${dayOf(baseline)})`,
  };
}
