import type { Runner } from './runner.ts';
import type { Sample } from './measure.ts';

export interface Line {
  readonly runner: Runner;
  /** Median, least and greatest wall time in milliseconds; undefined when no run of it counts. */
  readonly apply: Spread | undefined;
  readonly again: Spread | undefined;
  readonly roundTrips: number | undefined;
  readonly againRoundTrips: number | undefined;
  readonly failures: readonly string[];
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly greatest: number;
}

/** One line a tool, for one count and latency. Round trips do not depend on latency: any run through the proxy tells them. */
export function linesOf(
  runners: readonly Runner[],
  samples: readonly Sample[],
  count: number,
  latencyMs: number,
): readonly Line[] {
  return runners.map((runner) => {
    const own = samples.filter((sample) => sample.runner === runner.name && sample.count === count);
    const cell = own.filter((sample) => sample.latencyMs === latencyMs && sample.round > 0);
    return {
      runner,
      apply: spread(cell.flatMap(({ apply }) => apply?.ms ?? [])),
      again: spread(cell.flatMap(({ again }) => again?.ms ?? [])),
      roundTrips: own.find(({ apply }) => apply?.roundTrips !== undefined)?.apply?.roundTrips,
      againRoundTrips: own.find(({ again }) => again?.roundTrips !== undefined)?.again?.roundTrips,
      failures: cell.flatMap(({ failure }) => failure ?? []),
    };
  });
}

function spread(values: readonly number[]): Spread | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const [least, greatest] = [sorted[0], sorted.at(-1)];
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (least === undefined || greatest === undefined || upper === undefined || lower === undefined) return undefined;
  return { median: (lower + upper) / 2, least, greatest };
}

const HEADINGS = [
  'tool',
  'median',
  'least … greatest',
  '÷ dbctl',
  'round trips',
  'again',
  'round trips',
  'one transaction',
] as const;

/** The lines of one cell as a table, fastest first, and below it why runs do not count. */
export function tableOf(lines: readonly Line[]): string {
  const base = lines.find(({ runner }) => runner.name === 'dbctl')?.apply?.median;
  const sorted = [...lines].sort((a, b) => (a.apply?.median ?? Infinity) - (b.apply?.median ?? Infinity));
  const rows = sorted.map(({ runner, apply, again, roundTrips, againRoundTrips }) => [
    runner.name,
    apply === undefined ? 'failed' : seconds(apply.median),
    apply === undefined ? '' : `${seconds(apply.least)} … ${seconds(apply.greatest)}`,
    ratio(apply?.median, base),
    String(roundTrips ?? ''),
    again === undefined ? '' : seconds(again.median),
    String(againRoundTrips ?? ''),
    runner.transactions,
  ]);
  const failures = lines.flatMap(({ runner, failures }) => failures.map((failure) => `${runner.name} failed: ${failure}`));
  return [...aligned([HEADINGS, ...rows]), ...failures].join('\n');
}

/** Every cell in one table: how many times longer than dbctl each tool took. */
export function ratioTable(cells: readonly { readonly title: string; readonly lines: readonly Line[] }[]): string {
  const names = cells[0]?.lines.map(({ runner }) => runner.name) ?? [];
  const rows = names.map((name) => [
    name,
    ...cells.map(({ lines }) => {
      const median = (wanted: string): number | undefined => lines.find(({ runner }) => runner.name === wanted)?.apply?.median;
      return ratio(median(name), median('dbctl'));
    }),
  ]);
  return aligned([['÷ dbctl', ...cells.map(({ title }) => title)], ...rows]).join('\n');
}

/** Tools with a history that were faster than dbctl: what this bench exists to notice. */
export function fasterThanDbctl(lines: readonly Line[]): readonly string[] {
  const base = lines.find(({ runner }) => runner.name === 'dbctl')?.apply?.median ?? Infinity;
  return lines.flatMap(({ runner, apply }) => (runner.keepsHistory && (apply?.median ?? Infinity) < base ? runner.name : []));
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
const ratio = (ms: number | undefined, base: number | undefined): string =>
  ms === undefined || base === undefined ? 'n/a' : (ms / base).toFixed(2);

/** First column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
