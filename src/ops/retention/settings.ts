import type { Config } from '../../config/config.ts';
import { splitName } from '../../db/ident.ts';
import type { ArchiveFormat } from '../archive/format.ts';

type Entry = Config['retention']['rules'][number];
type EntryOf<Then extends Entry['then']> = Extract<Entry, { then: Then }>;

/** What rules of every kind have, with their names. Times are milliseconds, sizes bytes. */
interface CommonRule {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  /** As the server reads an interval: `13 months`. */
  readonly keep: string;
  /** 0: no limit. */
  readonly maxTimeMs: number;
  readonly maxLagBytes: number;
  readonly basis: string;
}

/** Rows are removed, batch by batch. */
export interface DeleteRule extends CommonRule {
  readonly then: 'delete';
  readonly by: string;
  /** SQL; null: every row of that age. */
  readonly where: string | null;
  readonly batch: number;
  readonly pauseMs: number;
}

/** Partitions leave once somebody else has read their copy back. */
export interface ArchiveRule extends CommonRule {
  readonly then: 'archive';
  /** Null: the column the table is partitioned by. */
  readonly by: string | null;
  /** Name of a destination; null: the first. */
  readonly destination: string | null;
  /** Null: the one of all archives. */
  readonly format: ArchiveFormat | null;
  /** As the server reads an interval; null: as all archives. */
  readonly retain: string | null;
}

/** Names of the columns of a proof row. */
export interface BlobColumns {
  readonly location: string;
  readonly sha256: string;
  readonly bytes: string;
}

/** Blobs go to cold storage when their proof rows are old enough; the rows stay. */
export interface BlobRule extends CommonRule {
  readonly then: 'move-blobs';
  readonly by: string;
  /** SQL; null: every row of that age. */
  readonly where: string | null;
  readonly columns: BlobColumns;
  readonly from: EntryOf<'move-blobs'>['from'];
  /** Name of a destination; null: the first. */
  readonly destination: string | null;
  /** As the server reads an interval; null: nothing was said. */
  readonly retain: string | null;
  readonly batch: number;
  readonly pauseMs: number;
}

/** One rule of dbctl.yaml. */
export type RetentionRule = DeleteRule | ArchiveRule | BlobRule;

/** `name` is {@link file://../../config/retention-text.ts ruleName}: ops take no values from the configuration. */
export function retentionRules(config: Pick<Config, 'retention'>, name: (rule: Entry) => string): readonly RetentionRule[] {
  return config.retention.rules.map((rule) => {
    switch (rule.then) {
      case 'delete':
        return deleteRule(rule, name(rule));
      case 'archive':
        return archiveRule(rule, name(rule));
      case 'move-blobs':
        return blobRule(rule, name(rule));
    }
  });
}

const deleteRule = (rule: EntryOf<'delete'>, name: string): DeleteRule => ({
  ...commonRule(rule, name),
  then: 'delete',
  by: rule.by,
  where: rule.where ?? null,
  batch: rule.batch,
  pauseMs: rule.pause,
});

const archiveRule = (rule: EntryOf<'archive'>, name: string): ArchiveRule => ({
  ...commonRule(rule, name),
  then: 'archive',
  by: rule.by ?? null,
  destination: rule.destination ?? null,
  format: rule.as ?? null,
  retain: rule.retain ?? null,
});

const blobRule = (rule: EntryOf<'move-blobs'>, name: string): BlobRule => ({
  ...commonRule(rule, name),
  then: 'move-blobs',
  by: rule.by,
  where: rule.where ?? null,
  columns: rule.columns,
  from: rule.from,
  destination: rule.destination ?? null,
  retain: rule.retain ?? null,
  batch: rule.batch,
  pauseMs: rule.pause,
});

function commonRule(rule: Entry, name: string): CommonRule {
  const { schema, name: table } = splitName(rule.table);
  return {
    name,
    schema,
    table,
    keep: rule.keep,
    maxTimeMs: rule.max_time,
    maxLagBytes: rule.max_lag,
    basis: rule.basis,
  };
}

/** `jobs.task_runs`, for people. */
export const tableText = ({ schema, table }: Pick<RetentionRule, 'schema' | 'table'>): string => `${schema}.${table}`;
