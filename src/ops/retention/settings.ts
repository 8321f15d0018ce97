import type { Config } from '../../config/config.ts';
import { splitName } from '../../db/ident.ts';

/** One rule of dbctl.yaml, with its name. Times are milliseconds, sizes bytes. */
export interface RetentionRule {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  /** As the server reads an interval: `13 months`. */
  readonly keep: string;
  readonly by: string;
  /** SQL; null: every row of that age. */
  readonly where: string | null;
  readonly batch: number;
  readonly pauseMs: number;
  /** 0: no limit. */
  readonly maxTimeMs: number;
  readonly maxLagBytes: number;
  readonly basis: string;
}

/** `name` is {@link file://../../config/retention-text.ts ruleName}: ops take no values from the configuration. */
export function retentionRules(
  config: Pick<Config, 'retention'>,
  name: (rule: Config['retention']['rules'][number]) => string,
): readonly RetentionRule[] {
  return config.retention.rules.map((rule) => {
    const { schema, name: table } = splitName(rule.table);
    return {
      name: name(rule),
      schema,
      table,
      keep: rule.keep,
      by: rule.by,
      where: rule.where ?? null,
      batch: rule.batch,
      pauseMs: rule.pause,
      maxTimeMs: rule.max_time,
      maxLagBytes: rule.max_lag,
      basis: rule.basis,
    };
  });
}

/** `jobs.task_runs`, for people. */
export const tableText = ({ schema, table }: Pick<RetentionRule, 'schema' | 'table'>): string => `${schema}.${table}`;
