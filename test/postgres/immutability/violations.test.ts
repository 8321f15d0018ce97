import { beforeAll, describe, expect, it } from 'vitest';
import { readViolations, violationMetrics } from '../../../src/ops/immutability/violations.ts';
import { render } from '../../../src/render/prometheus.ts';
import { guardBench, settingsFor } from './support.ts';

const bench = guardBench('empty');
const seen = async () =>
  (await bench.session(readViolations))
    .filter(({ attempts }) => attempts > 0)
    .map(({ sqlstate, attempts }) => [sqlstate, attempts]);

beforeAll(async () => {
  await bench.rows('create table public.events (id int primary key, note text)');
  await bench.rows(`insert into public.events values (1, 'first')`);
  await bench.install(settingsFor({ name: 'events' }));
});

describe('violations', () => {
  it('count from zero, with a series for each table and SQLSTATE before anything was tried', async () => {
    const all = await bench.session(readViolations);
    expect(all.map(({ sqlstate, attempts, lastAt }) => [sqlstate, attempts, lastAt])).toEqual(
      ['IM001', 'IM002', 'IM003', 'IM004', 'IM005', 'IM006'].map((code) => [code, 0, null]),
    );
    expect(violationMetrics(all)[0]?.samples).toHaveLength(6);
  });

  it('are counted through the rollback, and when the error is swallowed', async () => {
    const before = new Date();
    await bench.client.query('begin');
    await bench.client.query('savepoint a');
    await expect(bench.client.query('delete from public.events')).rejects.toMatchObject({ code: 'IM001' });
    await bench.client.query('rollback');
    await bench.client.query(`do $$ begin update public.events set note = 'x'; exception when others then null; end $$`);
    await bench.refusal('truncate public.events');
    await bench.refusal('alter table public.events drop column note');
    await bench.refusal('alter table public.events rename to gone');
    expect(await seen()).toEqual([
      ['IM001', 2],
      ['IM002', 1],
      ['IM003', 1],
      ['IM004', 1],
    ]);
    const [first] = await bench.session(readViolations);
    expect(Date.parse(first?.lastAt ?? '')).toBeGreaterThan(before.getTime() - 5_000);
    expect(await bench.rows('select note from public.events')).toEqual([{ note: 'first' }]);
  });

  it('of a self-test are not counted, and only a superuser or a guard may say that it is one', async () => {
    const counted = await seen();
    await bench.client.query('begin');
    await bench.client.query(`insert into dbctl.permit (purpose) values ('self-test')`);
    await expect(bench.client.query('delete from public.events')).rejects.toMatchObject({ code: 'IM001' });
    await bench.client.query('rollback');
    expect(await seen()).toEqual(counted);
    await bench.rows(`create role t_violations_app login password 'x'`);
    try {
      await bench.client.query('set role t_violations_app');
      expect(await bench.refusal(`insert into dbctl.permit (purpose) values ('self-test')`)).toMatch(/^42501 /);
      expect(await bench.refusal(`select dbctl.note_violation('public.events'::regclass, 'IM001', 'x')`)).toMatch(/^42501 /);
    } finally {
      await bench.client.query('reset role');
      await bench.rows('drop role t_violations_app');
    }
  });

  it('do not keep a guard from refusing when a counter is gone', async () => {
    await bench.client.query('begin');
    await bench.client.query(`insert into dbctl.permit (purpose, reason) values ('upgrade', 'test')`);
    await bench.client.query(`update dbctl.violation_counter set attempts = '0'`);
    await expect(bench.client.query('delete from public.events')).rejects.toMatchObject({ code: 'IM001' });
    await bench.client.query('rollback');
  });

  it('become counters for Prometheus', async () => {
    const metrics = violationMetrics([{ table: 'a."b"', sqlstate: 'IM002', attempts: 3, lastAt: '2026-11-01T00:00:00.500000Z' }]);
    const report = {
      schema: 'dbctl.report/1',
      command: 'immutability violations',
      ok: false,
      exitCode: 1,
      startedAt: '2026-11-01T00:00:00.000Z',
      durationMs: 20,
      target: null,
      summary: {},
      items: [],
      error: null,
    } as const;
    expect(render(report, { color: false, width: 0, toolVersion: 'x', view: { metrics } }).split('\n').slice(0, 7)).toEqual([
      '# HELP dbctl_immutability_violations_total Refused attempts to change protected tables.',
      '# TYPE dbctl_immutability_violations_total counter',
      'dbctl_immutability_violations_total{table="a.\\"b\\"",sqlstate="IM002"} 3',
      '# HELP dbctl_immutability_last_violation_timestamp_seconds Time of the last refused attempt, in seconds since 1970.',
      '# TYPE dbctl_immutability_last_violation_timestamp_seconds gauge',
      'dbctl_immutability_last_violation_timestamp_seconds{table="a.\\"b\\"",sqlstate="IM002"} 1793491200.5',
      '# HELP dbctl_run_ok Whether the last run of the command ended with the answer yes.',
    ]);
  });
});
