import type { Metric } from '../../core/report.ts';
import type { Backlog } from './backlog.ts';
import type { BlobFigures } from './outcome.ts';

/** What is told of one rule to whoever collects metrics. */
export interface RuleSample {
  readonly rule: string;
  readonly table: string;
  /** undefined: nothing was removed on this run, or it was no run. */
  readonly deleted?: number;
  /** Of a run of a rule that moves blobs. */
  readonly blobs?: BlobFigures | undefined;
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
    ...blobMetrics(samples),
  ];
}

/** None where no rule moves blobs. */
function blobMetrics(samples: readonly RuleSample[]): Metric[] {
  const moving = samples.flatMap(({ rule, table, blobs }) => (blobs === undefined ? [] : [{ labels: { rule, table }, blobs }]));
  if (moving.length === 0) return [];
  const gauge = (name: string, help: string, value: (blobs: BlobFigures) => number): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: moving.map(({ labels, blobs }) => ({ labels, value: value(blobs) })),
  });
  return [
    gauge('dbctl_retention_moved_blobs', 'Blobs the last run took to cold storage.', ({ moved }) => moved),
    gauge('dbctl_retention_moved_bytes', 'Bytes of the blobs the last run took to cold storage.', ({ movedBytes }) => movedBytes),
    gauge('dbctl_retention_blob_alarms', 'Blobs that are not what their rows say.', ({ alarms }) => alarms),
    gauge('dbctl_retention_blobs_waiting', 'Blobs that a second login has to read back.', ({ waiting }) => waiting),
  ];
}
