import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../src/ops/backup/manifest.ts';
import { arrived, planSync, type RepositoryState } from '../../../src/ops/backup/sync.ts';
import type { KnownBackup } from '../../../src/ops/backup/verify.ts';

const RULE = { last: 1, daily: 7, weekly: 0, monthly: 0, yearly: 0 };
const backup = (day: number): KnownBackup => {
  const snapshotAt = `2026-11-${String(day).padStart(2, '0')}T03:00:00.000000Z`;
  return { id: `b${day}`, state: 'sealed', manifest: { id: `b${day}`, snapshotAt, source: { database: 'lab' } } as Manifest };
};
const state = (name: string, days: readonly number[], changes: Partial<RepositoryState> = {}): RepositoryState => ({
  name,
  receives: true,
  known: days.map(backup),
  pruned: new Set(),
  ...changes,
});
const plan = (...states: RepositoryState[]) =>
  planSync(states, RULE).map(({ manifest, from, to }) => `${manifest.id} ${from} > ${to}`);

describe('catching up', () => {
  it('is nothing where all have the same', () => {
    expect(plan(state('a', [1, 2]), state('b', [1, 2]))).toEqual([]);
    expect(plan(state('a', [1, 2]))).toEqual([]);
  });

  it('goes both ways, the oldest first, from the first that has it', () => {
    expect(plan(state('a', [1, 3]), state('b', [2]), state('c', [1, 2, 3]))).toEqual(['b2 b > a', 'b1 a > b', 'b3 a > b']);
  });

  it('brings nothing back that was removed by right, and nothing the rule would remove at once', () => {
    expect(plan(state('a', [1, 2]), state('b', [2], { pruned: new Set(['b1']) }))).toEqual([]);
    const days = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(plan(state('a', days), state('b', []))).toEqual([3, 4, 5, 6, 7, 8, 9].map((day) => `b${day} a > b`));
  });

  it('leaves what is broken there as it is, and takes nothing from what is broken', () => {
    const broken: KnownBackup = { id: 'b1', state: 'broken', problem: 'changed' };
    expect(plan(state('a', [1]), state('b', [], { known: [broken] }))).toEqual([]);
    expect(plan(state('a', [], { known: [broken] }), state('b', []))).toEqual([]);
  });

  it('brings what a backup was made on before it, whatever their clocks said', () => {
    const chain = (id: string, day: number, parent: string | null): KnownBackup => {
      const manifest = {
        id,
        type: 'physical',
        snapshotAt: `2026-11-0${day}T03:00:00.000000Z`,
        source: { database: 'c' },
        parent: parent === null ? null : { id: parent, manifest: '' },
      };
      return { id, state: 'sealed', manifest: manifest as unknown as Manifest };
    };
    const known = [chain('third', 1, 'second'), chain('second', 2, 'first'), chain('first', 3, null)];
    expect(plan(state('a', [], { known }), state('b', []))).toEqual(['first a > b', 'second a > b', 'third a > b']);
  });

  it('takes from a work folder, and brings nothing to it', () => {
    expect(plan(state('a', [1]), state('w', [2], { receives: false }))).toEqual(['b2 w > a']);
    expect(arrived([backup(1), backup(2), backup(3)], [backup(1)], ['b3'])).toEqual(['b1', 'b3']);
  });
});
