import { describe, expect, it } from 'vitest';
import type { PartitionedTable } from '../../../src/ops/partitions/inspect.ts';
import { planPartitions, type Upkeep } from '../../../src/ops/partitions/plan.ts';

const NOW = Date.parse('2026-11-21T13:00:00Z');
const UPKEEP: Upkeep = { schema: 'audit', name: 'log', every: 'month', ahead: 2 };

const month = (year: number, number: number) => ({
  name: `audit.log_y${year}m${number}`,
  from: Date.UTC(year, number - 1, 1),
  to: Date.UTC(year, number, 1),
});

const table = (changes: Partial<PartitionedTable> = {}): PartitionedTable => ({
  schema: 'audit',
  name: 'log',
  kind: 'p',
  keyType: 'timestamptz',
  partitions: [],
  defaultPartition: null,
  pending: [],
  owner: 'app',
  isProtected: false,
  ...changes,
});

const plan = (changes: Partial<PartitionedTable> = {}, upkeep: Partial<Upkeep> = {}) =>
  planPartitions({ ...UPKEEP, ...upkeep }, table(changes), NOW);
const names = (changes: Partial<PartitionedTable> = {}, upkeep: Partial<Upkeep> = {}) =>
  plan(changes, upkeep).make.map(({ name }) => name);
const said = (changes: Partial<PartitionedTable> = {}, upkeep: Partial<Upkeep> = {}) =>
  plan(changes, upkeep).troubles.map(({ problem, message }) => `${problem}: ${message}`);

describe('partitions to be made', () => {
  it('are that of now and so many after it', () => {
    expect(plan().make).toEqual(
      [
        ['log_y2026m11', '2026-11-01 00:00:00+00', '2026-12-01 00:00:00+00'],
        ['log_y2026m12', '2026-12-01 00:00:00+00', '2027-01-01 00:00:00+00'],
        ['log_y2027m01', '2027-01-01 00:00:00+00', '2027-02-01 00:00:00+00'],
      ].map(([name, from, to]) => ({ schema: 'audit', parent: 'log', name, from, to, owner: 'app', isProtected: false })),
    );
    expect(names({ partitions: [month(2026, 11), month(2026, 12)] })).toEqual(['log_y2027m01']);
    expect(names({ partitions: [month(2026, 11), month(2026, 12), month(2027, 1)] })).toEqual([]);
  });

  it('are not made where a longer one is there already', () => {
    const year = { name: 'audit.log_2026', from: Date.UTC(2026, 0, 1), to: Date.UTC(2027, 0, 1) };
    expect(names({ partitions: [year] })).toEqual(['log_y2027m01']);
    expect(names({ partitions: [{ name: 'audit.log_all', from: -Infinity, to: Infinity }] })).toEqual([]);
    expect(said({ partitions: [year] })).toEqual([]);
  });

  it('are left out where one that is there has a part of their time', () => {
    const half = { name: 'audit.log_half', from: Date.UTC(2026, 10, 1), to: Date.UTC(2026, 10, 16) };
    expect(names({ partitions: [half] })).toEqual(['log_y2026m12', 'log_y2027m01']);
    expect(said({ partitions: [half] })).toEqual([
      'overlap: audit.log_half has part of 2026-11-01 to 2026-12-01, so no partition of that time can be made',
    ]);
  });

  it('are left out where PostgreSQL would cut their name off', () => {
    const name = 'ä'.repeat(28);
    expect(names({ name }, { name, ahead: 1 })).toEqual([]);
    expect(said({ name }, { name, ahead: 1 })).toHaveLength(2);
    expect(names({ name: 'ä'.repeat(27) }, { name: 'ä'.repeat(27), ahead: 1 })).toHaveLength(2);
  });

  it.each<[string, Partial<PartitionedTable>, string]>([
    ['nothing of that name', { kind: null, keyType: null }, 'missing: there is no such table'],
    ['a plain table', { kind: 'r', keyType: null }, 'not partitioned: it is not partitioned'],
    [
      'by list, hash or several columns',
      { keyType: null },
      'not partitioned: it is not partitioned by range of one column of time',
    ],
  ])('are none for %s', (_what, changes, message) => {
    expect(said(changes)).toEqual([message]);
    expect(names(changes)).toEqual([]);
  });
});

describe('what a person has to look at', () => {
  it('is a default partition with rows, and none without', () => {
    expect(said({ defaultPartition: { name: 'audit.log_default', hasRows: true } })).toEqual([
      'default has rows: rows of audit.log are in its default partition: they had no other to go to, and keep that of their time from being made',
    ]);
    expect(said({ defaultPartition: { name: 'audit.log_default', hasRows: false } })).toEqual([]);
  });

  it('is a detach that did not end, with the statement that ends it', () => {
    expect(plan({ pending: ['audit.log_y2020m01'] }).troubles).toMatchObject([
      {
        object: 'audit.log_y2020m01',
        severity: 'high',
        fix: 'alter table audit.log detach partition audit.log_y2020m01 finalize;',
      },
    ]);
  });

  it('is a hole of the past, told by where its rows go', () => {
    const partitions = [month(2026, 8), month(2026, 10), month(2026, 11)];
    expect(said({ partitions })).toEqual([
      'gap: there is no partition from 2026-09-01 to 2026-10-01: rows of that time are refused',
    ]);
    expect(said({ partitions, defaultPartition: { name: 'audit.log_default', hasRows: false } })).toEqual([
      'gap: there is no partition from 2026-09-01 to 2026-10-01: rows of that time go to audit.log_default',
    ]);
    expect(said({ partitions: [month(2026, 11), month(2027, 6)] })).toEqual([]);
  });

  it('is how far ahead rows have a partition of their own', () => {
    expect(plan().coveredTo).toBeNull();
    expect(plan({ partitions: [month(2026, 10)] }).coveredTo).toBeNull();
    expect(plan({ partitions: [month(2026, 12), month(2026, 11), month(2027, 3)] }).coveredTo).toBe(Date.UTC(2027, 0, 1));
    expect(plan({ partitions: [{ name: 'a', from: -Infinity, to: Infinity }] }).coveredTo).toBe(Infinity);
  });
});
