import { DbctlError } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { countByStatus, item, type Answer, type Item } from '../../core/report.ts';
import { exitOf, namesText, type Asked, type Looked } from './looked.ts';
import { fleetView } from './view.ts';

/** One answer of all: items in the order of the inventory, each with its target; a target nobody could look at is unknown. Pure. */
export function fleetAnswer(looked: readonly Looked[], asked: Asked): { answer: Answer; error: DbctlError | null } {
  const items = looked.flatMap((one) => itemsOf(one, asked));
  const answer = {
    ok: looked.every((one) => exitOf(one) === 0),
    items,
    summary: { ...countByStatus(items), ...sums(looked), ...fleetSummary(looked, asked) },
    target: null,
    view: fleetView(looked, items, asked),
  };
  return { answer, error: fleetError(looked) };
}

function itemsOf({ target, end }: Looked, { file }: Asked): Item[] {
  if (end.kind === 'answered') return end.answer.items.map((one) => ({ ...one, target: target.name }));
  const { code, message, hint, exit } = end.error;
  return [
    item({
      id: 'target-seen',
      object: target.name,
      status: 'unknown',
      severity: 'high',
      message,
      fix: hint ?? null,
      detail: { code, exit, file, ...target.at },
      title: 'the target was looked at',
      target: target.name,
    }),
  ];
}

/**
 * The whole report's error where a target was not looked at: never 0, and never 1 alone, then. Of several exit statuses the greatest is the
 * run's: a script that knows only one number learns of the worst. null: every target answered.
 */
function fleetError(looked: readonly Looked[]): DbctlError | null {
  const unseen = looked.flatMap(({ target, end }) => (end.kind === 'unseen' ? [{ name: target.name, error: end.error }] : []));
  const [worst] = unseen.toSorted((a, b) => b.error.exit - a.error.exit);
  if (worst === undefined) return null;
  const names = namesText(unseen.map(({ name }) => name));
  return new DbctlError(worst.error.code, `${unseen.length} of ${looked.length} targets could not be looked at: ${names}`, {
    hint: 'Their items say why and what to do; all others were answered. Exit status: the greatest of any target.',
  });
}

/** Numbers every command counts in its own words, added up; what is no number belongs to one target. */
function sums(looked: readonly Looked[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const { end } of looked) {
    if (end.kind === 'unseen') continue;
    for (const [key, value] of Object.entries(end.answer.summary)) {
      if (typeof value === 'number' && !Object.hasOwn(STATUS_COUNTS, key)) total[key] = (total[key] ?? 0) + value;
    }
  }
  return total;
}

const STATUS_COUNTS = countByStatus([]);

function fleetSummary(looked: readonly Looked[], { file, labels, parallel }: Asked): JsonObject {
  const answered = looked.filter(({ end }) => end.kind === 'answered').length;
  return {
    targets: looked.length,
    answered,
    unseen: looked.length - answered,
    fleet: { file, labels: [...labels], parallel, targets: looked.map(targetSummary) },
  };
}

/** One target by itself, as its own report would begin. */
function targetSummary(one: Looked): Json {
  const { target, env, durationMs, end } = one;
  const common = { name: target.name, env, labels: { ...target.labels }, exitCode: exitOf(one), durationMs };
  if (end.kind === 'unseen') return { ...common, ok: false, code: end.error.code, target: null, summary: {} };
  const { answer } = end;
  return {
    ...common,
    ok: answer.ok,
    code: null,
    target: answer.target ? { ...answer.target } : null,
    summary: answer.summary,
  };
}
