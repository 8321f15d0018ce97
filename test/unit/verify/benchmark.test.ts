import { describe, expect, it } from 'vitest';
import type { Item } from '../../../src/core/report.ts';
import type { Attestation } from '../../../src/ops/verify/benchmark/attestation.ts';
import {
  benchmarkRefs,
  BENCHMARK_VERSIONS,
  byNumber,
  itemsOfVersion,
  numbersOf,
} from '../../../src/ops/verify/benchmark/benchmark.ts';
import { itemsByHand, type BenchmarkRun } from '../../../src/ops/verify/benchmark/by-hand.ts';
import { benchmarkReport } from '../../../src/ops/verify/benchmark/report.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';
import { checkNamed, NOW } from './support.ts';

const builtIn = await loadChecks([builtInFolder()]);
const check = (id: string, refs: string) => checkNamed(id, { refs: [refs] });
const attestation = (item: string, changes: Partial<Attestation> = {}): Attestation => ({
  benchmark: 'cis-18',
  item,
  by: 'j.doe',
  on: '2026-11-02',
  evidence: 'looked at both machines',
  expires: '2027-11-02',
  environment: null,
  file: 'dbctl.attestations.yaml',
  line: 1,
  ...changes,
});
const run = (changes: Partial<BenchmarkRun> = {}): BenchmarkRun => ({
  name: 'cis-18',
  version: '18',
  checks: [check('log-connections', 'CIS PostgreSQL 18: 3.1.20')],
  attestations: [],
  environment: 'prod',
  now: NOW,
  ...changes,
});
const byHand = (number: string, ...attestations: Attestation[]): Item | undefined =>
  itemsByHand(run({ attestations })).find(({ id }) => id === `cis-18-${number}`);

describe('the items of the benchmark', () => {
  it('are numbered once in each version, in order', () => {
    for (const version of BENCHMARK_VERSIONS) {
      const numbers = itemsOfVersion(version).map(({ number }) => number);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(numbers).toEqual(numbers.toSorted(byNumber));
      expect(numbers.length).toBeGreaterThan(70);
    }
    expect(['3.1.10', '3.1', '3.1.9', '10.1', '3.2'].toSorted(byNumber)).toEqual(['3.1', '3.1.9', '3.1.10', '3.2', '10.1']);
  });

  it('that are about the machine need a person', () => {
    const manual = itemsOfVersion('18').filter((item) => item.manual !== undefined);
    expect(manual.map(({ number }) => number)).toEqual([
      '1.1',
      '1.2',
      '1.3',
      '1.4',
      '1.6',
      '1.7',
      '2.1',
      '2.2',
      '2.3',
      '2.4',
      '4.1',
      '4.2',
      '5.1',
      '6.7',
      '8.1',
    ]);
  });

  it('are what every check that names one means: a number that is none answers nothing', () => {
    for (const one of builtIn) {
      for (const { version, number } of benchmarkRefs(one))
        expect(
          itemsOfVersion(version).map((item) => item.number),
          `${one.id}: CIS PostgreSQL ${version}: ${number}`,
        ).toContain(number);
    }
  });

  it('are told by the numbers of another version', () => {
    expect(numbersOf(check('a', 'CIS PostgreSQL 18: 6.11, 3.1.20'), '17')).toEqual(['3.1.20', '6.9']);
    expect(numbersOf(check('a', 'CIS PostgreSQL 18: 6.9'), '17')).toEqual([]);
    expect(numbersOf(check('a', 'CIS PostgreSQL 17: 4.10'), '18')).toEqual([]);
    expect(numbersOf(check('a', 'https://www.postgresql.org/'), '18')).toEqual([]);
  });
});

describe('an item for a person', () => {
  it('is unknown until somebody attests to it', () => {
    expect(byHand('1.3')).toMatchObject({
      status: 'unknown',
      object: 'host',
      message: 'the service starts with the machine: no session sees this, a person has to look',
      fix: '# look at systemctl is-enabled of the unit; then write into dbctl.attestations.yaml:\n- { benchmark: cis-18, item: "1.3", by: NAME, on: DAY, evidence: WHAT WAS SEEN, expires: DAY }',
    });
    expect(byHand('8.2')).toMatchObject({
      status: 'unknown',
      message: expect.stringContaining('no check of dbctl looks at this'),
    });
  });

  it('passes by an attestation, with who looked, when and at what', () => {
    expect(byHand('1.3', attestation('1.3'))).toMatchObject({
      status: 'pass',
      message: 'the service starts with the machine: attested by j.doe on 2026-11-02, until 2027-11-02: looked at both machines',
      attestation: { by: 'j.doe', on: '2026-11-02', expires: '2027-11-02', evidence: 'looked at both machines' },
    });
  });

  it.each<[string, Partial<Attestation>, string]>([
    ['on its last day', { expires: '2026-11-21' }, 'pass'],
    ['that is over', { expires: '2026-11-20' }, 'unknown'],
    ['of another environment', { environment: 'dev' }, 'unknown'],
    ['of this environment', { environment: 'prod' }, 'pass'],
    ['of another benchmark', { benchmark: 'cis-19' }, 'unknown'],
  ])('is judged by an attestation %s', (_, changes, status) => {
    expect(byHand('1.3', attestation('1.3', changes))?.status).toBe(status);
  });

  it('says whose attestation is over, and takes the one that runs longest', () => {
    const over = attestation('1.3', { expires: '2026-11-20' });
    expect(byHand('1.3', over)?.message).toContain('a person has to look; the attestation of j.doe ended on 2026-11-20');
    expect(byHand('1.3', over, attestation('1.3', { by: 'a.roe' }))?.message).toContain('attested by a.roe');
  });

  it('stays in the report where a check looks at a part of it', () => {
    const checks = [check('dur-checksums', 'CIS PostgreSQL 18: 1.4')];
    expect(itemsByHand(run({ checks })).find(({ id }) => id === 'cis-18-1.4')?.status).toBe('unknown');
  });

  it('is none where checks look, and an attestation for it counts for nothing', () => {
    expect(byHand('3.1.20')).toBeUndefined();
    const items = itemsByHand(run({ attestations: [attestation('3.1.20'), attestation('6.1')] }));
    expect(items.filter(({ id }) => id === 'attestation-unused').map(({ object, message }) => [object, message])).toEqual([
      ['cis-18:3.1.20', 'the attestation of j.doe for item 3.1.20 counts for nothing: log-connections looks by itself'],
      ['cis-18:6.1', 'the attestation of j.doe for item 6.1 counts for nothing: there is nothing to check'],
    ]);
  });

  it('says when its attestation is about to end', () => {
    const items = itemsByHand(run({ attestations: [attestation('1.3', { expires: '2026-11-30' })] }));
    expect(items.find(({ id }) => id === 'attestation-expiring')).toMatchObject({
      severity: 'info',
      message: 'the attestation of j.doe for item 1.3 ends in 9 days: from the day after the item is unknown',
    });
  });
});

describe('a report by the benchmark', () => {
  const checks = [
    check('log-connections', 'CIS PostgreSQL 18: 3.1.20'),
    check('log-destination', 'CIS PostgreSQL 18: 3.1.2, 3.1.3'),
    check('dur-checksums', 'CIS PostgreSQL 18: 1.4'),
  ];
  const outcome = (id: string, status: Item['status']): Item => ({
    id,
    object: 'o',
    status,
    severity: 'high',
    message: id,
    fix: null,
    detail: null,
  });
  const here = run({ checks });
  const judged = [
    outcome('waiver-unused', 'fail'),
    outcome('log-connections', 'fail'),
    ...itemsByHand(here),
    outcome('log-destination', 'pass'),
    outcome('dur-checksums', 'pass'),
  ];
  const report = benchmarkReport(judged, here);

  it('has the order of the benchmark, and last what is none of it', () => {
    const order = report.items.map(({ id, benchmark }) => `${id} ${(benchmark as string[]).join()}`);
    expect(order.slice(0, 5)).toEqual([
      'cis-18-1.1 1.1',
      'cis-18-1.2 1.2',
      'cis-18-1.3 1.3',
      'cis-18-1.4 1.4',
      'dur-checksums 1.4',
    ]);
    expect(order).toContain('log-destination 3.1.2,3.1.3');
    expect(order.at(-1)).toBe('waiver-unused ');
    expect(report.items).toHaveLength(judged.length);
  });

  it('has every item of the list, with what answers it', () => {
    const items = (report.summary as { items: { item: string; how: string; status: string | null }[] }).items;
    expect(items.map(({ item }) => item)).toEqual(itemsOfVersion('18').map(({ number }) => number));
    const line = (number: string) => items.find(({ item }) => item === number);
    expect(line('3.1.3')).toMatchObject({ how: 'checks', checks: ['log-destination'], status: 'pass' });
    expect(line('3.1.20')).toMatchObject({ how: 'checks', status: 'fail' });
    // Half of it is proved, and nobody has looked at the other half.
    expect(line('1.4')).toMatchObject({ how: 'checks and a person', checks: ['dur-checksums'], status: 'unknown' });
    expect(line('8.2')).toMatchObject({ how: 'nothing', checks: [], status: 'unknown' });
    expect(line('6.1')).toMatchObject({ how: 'text', status: 'skipped' });
    expect(items.filter(({ status }) => status === 'pass')).toHaveLength(2);
  });

  it('says what was not run', () => {
    const { overview } = benchmarkReport([], here);
    expect(overview.rows.find(({ id }) => id === '3.1.20')).toMatchObject({ how: 'log-connections', answer: 'not run' });
    expect(report.overview.rows.find(({ id }) => id === '8.2')).toMatchObject({ how: 'nothing: not covered', answer: 'unknown' });
  });
});
