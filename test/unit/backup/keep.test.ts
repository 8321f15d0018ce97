import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keptBackups, type Dated, type KeepRule } from '../../../src/ops/backup/keep.ts';
import { lineDifferences } from '../../../src/ops/restore/compare.ts';

const rule = (changes: Partial<KeepRule> = {}): KeepRule => ({ last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0, ...changes });
const at = (snapshotAt: string, database = 'lab', environment = 'prod'): Dated => ({
  id: `${database} ${snapshotAt} ${environment}`,
  environment,
  database,
  snapshotAt,
});
const days = (first: string, count: number, database = 'lab'): Dated[] =>
  Array.from({ length: count }, (_, n) => at(new Date(Date.parse(first) + n * 86_400_000).toISOString(), database));
const kept = (backups: readonly Dated[], one: KeepRule) =>
  [...keptBackups(backups, one).keys()].map((id) => (id.split(' ')[1] ?? '').slice(0, 10)).toSorted();

describe('what is kept', () => {
  it('by default is the newest of each of the last seven days', () => {
    const twice = days('2026-11-01T03:00:00Z', 20).flatMap((one) => [one, at(one.snapshotAt.replace('03:', '15:'))]);
    const left = keptBackups(twice, rule({ daily: 7 }));
    expect([...left.keys()].every((id) => id.includes('T15:'))).toBe(true);
    expect(kept(twice, rule({ daily: 7 }))).toEqual([
      '2026-11-14',
      '2026-11-15',
      '2026-11-16',
      '2026-11-17',
      '2026-11-18',
      '2026-11-19',
      '2026-11-20',
    ]);
  });

  it('counts days that have a backup, so that a pause does not shorten it', () => {
    const backups = [...days('2026-01-01T00:00:00Z', 5), ...days('2026-06-01T00:00:00Z', 3)];
    expect(kept(backups, rule({ daily: 7 }))).toHaveLength(7);
  });

  it('grandfather, father and son together', () => {
    const backups = days('2024-01-01T00:00:00Z', 800);
    const left = kept(backups, rule({ daily: 7, weekly: 4, monthly: 12, yearly: 3 }));
    expect(left).toContain('2024-12-31');
    expect(left).toContain('2025-12-31');
    expect(left).toContain('2025-04-30');
    expect(left).not.toContain('2025-01-31');
    expect(left.length).toBeLessThanOrEqual(7 + 4 + 12 + 3);
  });

  it('a week is that of ISO 8601, which may belong to another year', () => {
    const backups = [
      at('2026-12-27T00:00:00Z'),
      at('2026-12-28T00:00:00Z'),
      at('2027-01-03T00:00:00Z'),
      at('2027-01-04T00:00:00Z'),
    ];
    expect(kept(backups, rule({ weekly: 3 }))).toEqual(['2026-12-27', '2027-01-03', '2027-01-04']);
  });

  it('is counted for each database by itself', () => {
    const backups = [...days('2026-11-01T00:00:00Z', 10, 'a'), ...days('2026-11-01T01:00:00Z', 2, 'b')];
    const left = [...keptBackups(backups, rule({ daily: 3 })).keys()];
    expect(left.filter((id) => id.startsWith('a'))).toHaveLength(3);
    expect(left.filter((id) => id.startsWith('b'))).toHaveLength(2);
  });

  it('is counted for each environment by itself: a dump of staging is no reason to let one of production go', () => {
    const nightly = days('2026-11-01T03:00:00Z', 10);
    const later = nightly.map((one) => at(one.snapshotAt.replace('T03', 'T23'), 'lab', 'staging'));
    const left = [...keptBackups([...nightly, ...later], rule({ daily: 7 })).keys()];
    expect(left.filter((id) => id.endsWith('prod'))).toHaveLength(7);
    expect(left.filter((id) => id.endsWith('staging'))).toHaveLength(7);
  });

  it('is never nothing, whatever the rule, and a wider rule keeps no less', () => {
    const backup = fc.record({
      day: fc.integer({ min: 0, max: 1500 }),
      hour: fc.integer({ min: 0, max: 23 }),
      database: fc.constantFrom('a', 'b'),
    });
    const counts = fc.record({ daily: fc.nat(9), weekly: fc.nat(9), monthly: fc.nat(9), yearly: fc.nat(4) });
    fc.assert(
      fc.property(fc.array(backup, { minLength: 1, maxLength: 40 }), counts, (list, given) => {
        const backups = list.map(({ day, hour, database }, n) => ({
          id: `${n}`,
          environment: 'prod',
          database,
          snapshotAt: new Date(Date.UTC(2024, 0, 1 + day, hour, 0, 0, n)).toISOString(),
        }));
        const left = keptBackups(backups, rule(given));
        for (const database of new Set(backups.map((one) => one.database))) {
          const newest = backups
            .filter((one) => one.database === database)
            .toSorted((a, b) => (a.snapshotAt < b.snapshotAt ? 1 : -1))[0];
          expect(left.has(newest?.id ?? '')).toBe(true);
        }
        const wider = keptBackups(backups, rule({ ...given, daily: given.daily + 1 }));
        for (const id of left.keys()) expect(wider.has(id)).toBe(true);
      }),
    );
  });
});

describe('definitions', () => {
  it('that are the same but for the programs are equal', () => {
    expect(
      lineDifferences('-- Dumped from database version 18.2\na;\n\nb;\n', '-- Dumped from database version 18.6\na;\nb;\n'),
    ).toEqual([]);
  });

  it.each<[string, string, string, readonly string[]]>([
    ['a line less', 'a;\nb;', 'a;', ['missing: b;']],
    ['a line more', 'a;', 'a;\nb;', ['instead: b;']],
    ['a line twice', 'a;\na;', 'a;', ['missing: a;']],
    ['another order', 'a;\nb;', 'b;\na;', ['the same definitions are in another order']],
    [
      'many',
      Array.from({ length: 9 }, (_, n) => `l${n}`).join('\n'),
      '',
      ['missing: l0', 'missing: l1', 'missing: l2', 'missing: l3', 'missing: l4'],
    ],
  ])('with %s differ', (_name, was, is, told) => {
    expect(lineDifferences(was, is)).toEqual(told);
  });
});
