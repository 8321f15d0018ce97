import type { Metric } from '../../core/report.ts';
import type { Backlog } from './backlog.ts';

/** What is told of one rule to whoever collects metrics. */
export interface RuleSample {
  readonly rule: string;
  readonly table: string;
  /** undefined: nothing was removed on this run, or it was no run. */
  readonly deleted?: number;
  /** null: it could not be looked at. */
  readonly backlog: Backlog | null;
}

/** Metrics by rule and table; a rule that could not be looked at has no sample, which is what an alarm on absence is for. */
export function retentionMetrics(samples: readonly RuleSample[]): Metric[] {
  const seen = samples.flatMap(({ rule, table, backlog }) => (backlog === null ? [] : [{ labels: { rule, table }, backlog }]));
  const gauge = (name: string, help: string, value: (backlog: Backlog) => number): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: seen.map(({ labels, backlog }) => ({ labels, value: value(backlog) })),
  });
  return [
    {
      name: 'dbctl_retention_deleted_rows',
      help: 'Rows the last run removed.',
      type: 'gauge',
      samples: samples.flatMap(({ rule, table, deleted }) =>
        deleted === undefined ? [] : [{ labels: { rule, table }, value: deleted }],
      ),
    },
    gauge('dbctl_retention_backlog_rows', 'Rows that are old enough and still there, counted up to 100001.', ({ rows }) => rows),
    gauge('dbctl_retention_held_rows', 'Rows that are old enough and held, counted up to 100001.', ({ held }) => held),
    gauge(
      'dbctl_retention_behind_seconds',
      'How much older the oldest row is than its rule keeps it.',
      ({ lateSeconds }) => lateSeconds,
    ),
  ];
}
