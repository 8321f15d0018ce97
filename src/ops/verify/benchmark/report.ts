import type { JsonObject } from '../../../core/json.ts';
import { item, STATUSES, type Item, type Status, type View } from '../../../core/report.ts';
import { plural } from '../plural.ts';
import { BENCHMARK_NAME, byNumber, itemsOfVersion, numbersOf, type NumberedItem } from './benchmark.ts';
import { checksOf, type BenchmarkRun } from './by-hand.ts';

export interface BenchmarkReport {
  /** In the order of the benchmark, each with the numbers it answers. */
  readonly items: readonly Item[];
  /** Every item of the benchmark, with what answers it and how. */
  readonly summary: JsonObject;
  readonly overview: NonNullable<View['overview']>;
  readonly notes: readonly string[];
}

interface Line {
  readonly one: NumberedItem;
  readonly checks: readonly string[];
  readonly how: 'checks' | 'checks and a person' | 'a person' | 'nothing' | 'text';
  /** The worst of what answers it; null: none of its checks was run. */
  readonly status: Status | null;
}

/** The judged items of a run as an answer to the benchmark. Pure. */
export function benchmarkReport(judged: readonly Item[], run: BenchmarkRun): BenchmarkReport {
  const numbered = judged.map((one) => ({ ...one, benchmark: numbersOfItem(one, run) }));
  const items = numbered.toSorted((a, b) => byNumber(a.benchmark[0] ?? LAST, b.benchmark[0] ?? LAST));
  const lines = itemsOfVersion(run.version).map((one) => lineOf(one, numbered, run));
  return { items, summary: summaryOf(lines, run), overview: overviewOf(lines), notes: notesOf(lines, run) };
}

/** After every number there is. */
const LAST = '999';

function numbersOfItem(one: Item, run: BenchmarkRun): string[] {
  if (Array.isArray(one['benchmark'])) return one['benchmark'] as string[];
  const check = run.checks.find(({ id }) => id === one.id);
  return check === undefined ? [] : numbersOf(check, run.version);
}

function lineOf(one: NumberedItem, items: readonly { status: Status; benchmark: string[] }[], run: BenchmarkRun): Line {
  const checks = checksOf(one, run).map(({ id }) => id);
  const answers = items.filter(({ benchmark }) => benchmark.includes(one.number)).map(({ status }) => status);
  return { one, checks, how: howOf(one, checks), status: STATUSES.find((status) => answers.includes(status)) ?? null };
}

function howOf({ text, manual }: NumberedItem, checks: readonly string[]): Line['how'] {
  if (text === true) return 'text';
  if (manual !== undefined) return checks.length > 0 ? 'checks and a person' : 'a person';
  return checks.length > 0 ? 'checks' : 'nothing';
}

function summaryOf(lines: readonly Line[], { version }: BenchmarkRun): JsonObject {
  const items = lines.map(({ one, checks, how, status }) => ({
    item: one.number,
    title: one.title,
    how,
    checks: [...checks],
    status,
  }));
  return { name: BENCHMARK_NAME, version, numbers: 'advisory', items };
}

const COLUMNS = [
  { field: 'id', title: 'item' },
  { field: 'message', title: 'asks that' },
  { field: 'how', title: 'answered by' },
  { field: 'answer', title: 'answer' },
];

function overviewOf(lines: readonly Line[]): BenchmarkReport['overview'] {
  const rows = lines.map(({ one, checks, how, status }) =>
    item({ id: one.number, object: one.title, message: one.title, how: answeredBy(how, checks), answer: status ?? 'not run' }),
  );
  return { columns: COLUMNS, rows };
}

function answeredBy(how: Line['how'], checks: readonly string[]): string {
  switch (how) {
    case 'checks':
      return checks.join(', ');
    case 'checks and a person':
      return `a person, and in part ${checks.join(', ')}`;
    case 'a person':
      return 'a person';
    case 'nothing':
      return 'nothing: not covered';
    case 'text':
      return 'a text';
  }
}

function notesOf(lines: readonly Line[], { version }: BenchmarkRun): string[] {
  const count = (...hows: readonly Line['how'][]) => lines.filter(({ how }) => hows.includes(how)).length;
  const uncovered = lines.filter(({ how }) => how === 'nothing').map(({ one }) => one.number);
  const covered = `${BENCHMARK_NAME} ${version}: of ${plural(lines.length, 'item')} checks answer ${count('checks')}, a person ${count('a person', 'checks and a person')}, and ${count('text')} are texts.`;
  return [
    `${covered} Numbers are advisory: they were not checked against the benchmark itself.`,
    ...(uncovered.length === 0
      ? []
      : [`Not covered by any check: ${uncovered.join(', ')}. Each is unknown until somebody attests to it.`]),
  ];
}
