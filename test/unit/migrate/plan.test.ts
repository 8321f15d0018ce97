import { describe, expect, it } from 'vitest';
import type { MigrationFile } from '../../../src/ops/migrate/file.ts';
import type { History, HistoryRow } from '../../../src/ops/migrate/history.ts';
import { planMigrations } from '../../../src/ops/migrate/plan.ts';

const file = (version: number, sha256 = `sha-${version}`, bytesSha256 = sha256): MigrationFile => ({
  version,
  id: String(version).padStart(3, '0'),
  slug: 's',
  file: `${version}.do.s.sql`,
  path: `/m/${version}.do.s.sql`,
  sql: 'select 1',
  sha256,
  bytesSha256,
  transactional: true,
});
const row = (version: number, sha256: string | null = `sha-${version}`, bytesSha256 = sha256): HistoryRow => ({
  version,
  name: 's',
  appliedAt: '2026-11-21T00:00:00.000Z',
  file: `${version}.do.s.sql`,
  sha256,
  bytesSha256,
  durationMs: 1,
  operator: 'me',
});
const history = (...rows: HistoryRow[]): History => ({ schemaVersion: 1, rows, unfinished: [] });
const kinds = (files: readonly MigrationFile[], known: History, target?: number) =>
  planMigrations(files, known, target).states.map(({ kind }) => kind);

describe('planMigrations', () => {
  it('runs what is new, in order', () => {
    const plan = planMigrations([file(1), file(2), file(3)], history(row(1)));
    expect(plan.runnable.map(({ version }) => version)).toEqual([2, 3]);
    expect(plan.blocking).toEqual([]);
  });

  it('sees a lower version that came later', () => {
    expect(kinds([file(1), file(2), file(3)], history(row(1), row(3)))).toEqual(['applied', 'out-of-order', 'applied']);
  });

  it('sees an applied file that is gone', () => {
    const plan = planMigrations([file(1)], history(row(1), row(2)));
    expect(plan.states.map(({ kind }) => kind)).toEqual(['applied', 'missing']);
    expect(plan.blocking).toHaveLength(1);
  });

  it('sees a changed file, and tells it from one whose line ends changed', () => {
    expect(kinds([file(1, 'other')], history(row(1)))).toEqual(['changed']);
    const [state] = planMigrations([file(1, 'sha-1', 'bytes-2')], history(row(1, 'sha-1', 'bytes-1'))).states;
    expect(state).toMatchObject({ kind: 'applied', onlyLineEnds: true });
  });

  it('believes rows that carry no hash', () => {
    expect(kinds([file(1)], history(row(1, null)))).toEqual(['applied']);
  });

  it('stops at the target', () => {
    expect(kinds([file(1), file(2), file(3)], history(row(1)), 2)).toEqual(['applied', 'pending', 'beyond-target']);
  });

  it('goes on with what was begun', () => {
    const begun = {
      version: 2,
      file: '2.do.s.sql',
      sha256: 'sha-2',
      state: 'running' as const,
      statementsDone: 1,
      statementsTotal: 3,
    };
    const plan = planMigrations([file(1), file(2)], { schemaVersion: 1, rows: [row(1)], unfinished: [begun] });
    expect(plan.states.map(({ kind }) => kind)).toEqual(['applied', 'unfinished']);
    expect(plan.runnable.map(({ version }) => version)).toEqual([2]);
  });
});
