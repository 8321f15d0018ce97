import type { MigrationFile } from './file.ts';
import type { History, HistoryRow, Unfinished } from './history.ts';

/** What stands between the folder and the database, one entry a version. */
export type MigrationState =
  | { readonly kind: 'applied'; readonly file: MigrationFile; readonly row: HistoryRow; readonly onlyLineEnds: boolean }
  | { readonly kind: 'pending'; readonly file: MigrationFile }
  | { readonly kind: 'unfinished'; readonly file: MigrationFile; readonly journal: Unfinished }
  | { readonly kind: 'changed'; readonly file: MigrationFile; readonly row: HistoryRow }
  | { readonly kind: 'out-of-order'; readonly file: MigrationFile; readonly after: HistoryRow }
  | { readonly kind: 'missing'; readonly row: HistoryRow }
  | { readonly kind: 'beyond-target'; readonly file: MigrationFile };

export interface MigrationPlan {
  /** One per version, in order of versions. */
  readonly states: readonly MigrationState[];
  /** What `up` would run, in this order. */
  readonly runnable: readonly MigrationFile[];
  /** States that stop `up` before it starts. */
  readonly blocking: readonly MigrationState[];
}

/**
 * Compares the folder with the history as sets. Postgrator compares the highest numbers only, and so reports success when a lower
 * version was added later, an applied file was deleted, or the folder is the wrong one.
 *
 * @param target highest version to run; undefined runs all
 */
export function planMigrations(files: readonly MigrationFile[], history: History, target?: number): MigrationPlan {
  const applied = new Map(history.rows.map((row) => [row.version, row]));
  const unfinished = new Map(history.unfinished.map((journal) => [journal.version, journal]));
  const last = history.rows.at(-1);
  const known = new Set(files.map((file) => file.version));
  const states = [
    ...files.map((file) => stateOf(file, applied.get(file.version), unfinished.get(file.version), last, target)),
    ...history.rows.filter((row) => !known.has(row.version)).map((row): MigrationState => ({ kind: 'missing', row })),
  ].sort((a, b) => versionOf(a) - versionOf(b));
  return {
    states,
    runnable: states.flatMap((state) => (state.kind === 'pending' || state.kind === 'unfinished' ? [state.file] : [])),
    blocking: states.filter(({ kind }) => kind === 'changed' || kind === 'out-of-order' || kind === 'missing'),
  };
}

function stateOf(
  file: MigrationFile,
  row: HistoryRow | undefined,
  journal: Unfinished | undefined,
  last: HistoryRow | undefined,
  target: number | undefined,
): MigrationState {
  if (row !== undefined) return compareContent(file, row);
  if (last !== undefined && file.version < last.version) return { kind: 'out-of-order', file, after: last };
  if (target !== undefined && file.version > target) return { kind: 'beyond-target', file };
  return journal === undefined ? { kind: 'pending', file } : { kind: 'unfinished', file, journal };
}

/** Rows of another tool carry no sha256: what cannot be compared counts as applied. */
function compareContent(file: MigrationFile, row: HistoryRow): MigrationState {
  if (row.sha256 !== null && row.sha256 !== file.sha256) return { kind: 'changed', file, row };
  const onlyLineEnds = row.bytesSha256 !== null && row.bytesSha256 !== file.bytesSha256;
  return { kind: 'applied', file, row, onlyLineEnds };
}

export const versionOf = (state: MigrationState): number => (state.kind === 'missing' ? state.row.version : state.file.version);
