import type { Metric } from '../../core/report.ts';
import type { Session } from '../../db/session.ts';

/** Refused attempts on one protected table under one SQLSTATE. */
export interface Violations {
  readonly table: string;
  readonly sqlstate: ViolationState;
  /** After a crash of the server up to 32 too many (sequences are logged 32 values ahead), never too few. */
  readonly attempts: number;
  /** ISO 8601, UTC, microseconds; null: none yet. */
  readonly lastAt: string | null;
}

export type ViolationState = keyof typeof VIOLATIONS;

/** The private class IM: what each SQLSTATE refuses. */
export const VIOLATIONS = {
  IM001: 'update or delete',
  IM002: 'truncate',
  IM003: 'change of definition, owner or grants',
  IM004: 'drop',
  IM005: 'rewrite of every row',
  IM006: 'detach or drop concurrently',
} as const;

/**
 * The counters of all protected tables, by table and SQLSTATE. Sequences keep their value when the refused transaction rolls back.
 * Fails with db.denied for a role that is not a member of dbctl_auditor, sql.failed where nothing was ever guarded.
 */
export async function readViolations(session: Session): Promise<Violations[]> {
  return session.rows<Violations>(QUERY);
}

const QUERY = /* sql */ `
select pg_catalog.format('%I.%I', v.schema_name, v.table_name) as table,
       v.sqlstate,
       v.attempts::pg_catalog.float8 as attempts,
       pg_catalog.to_char(v.last_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "lastAt"
from dbctl.violations v
order by 1, 2`;

/** Counters for an alarm on their increase: zero has a series too, so that the first attempt is an increase. */
export function violationMetrics(violations: readonly Violations[]): Metric[] {
  const labels = ({ table, sqlstate }: Violations) => ({ table, sqlstate });
  return [
    {
      name: 'dbctl_immutability_violations_total',
      help: 'Refused attempts to change protected tables.',
      type: 'counter',
      samples: violations.map((one) => ({ labels: labels(one), value: one.attempts })),
    },
    {
      name: 'dbctl_immutability_last_violation_timestamp_seconds',
      help: 'Time of the last refused attempt, in seconds since 1970.',
      type: 'gauge',
      samples: violations.flatMap((one) =>
        one.lastAt === null ? [] : [{ labels: labels(one), value: Date.parse(one.lastAt) / 1000 }],
      ),
    },
  ];
}
