import type { JsonObject } from '../../core/json.ts';
import type { Session } from '../../db/session.ts';

/** What is kept of a run that changed something: who, from which commit, with what end. */
export interface RunRecord {
  readonly command: string;
  readonly operator: string;
  readonly commit: string | null;
  readonly ciJob: string | null;
  readonly toolVersion: string;
  /** `started`: another record of the same run says how it ended; where none does, the run was killed. */
  readonly outcome: 'started' | 'done' | 'failed' | 'stopped';
  readonly summary: JsonObject;
}

/** Appends to dbctl.run. The commit waits for the disk, and so does with it every commit before it that did not. */
export async function recordRun(session: Session, record: RunRecord): Promise<void> {
  const { command, operator, commit, ciJob, toolVersion, outcome, summary } = record;
  await session.rows(INSERT, [command, operator, commit, ciJob, toolVersion, outcome, JSON.stringify(summary)]);
}

const INSERT = /* sql */ `
insert into dbctl.run (command, operator, commit_sha, ci_job, dbctl_version, outcome, summary)
values ($1, $2, $3, $4, $5, $6, $7::jsonb)`;

/**
 * The same where this database keeps such records and the caller may write them. Asks the catalog first, so that a transaction goes on where it
 * may not. `absent`: there is no dbctl.run, which `dbctl migrate up` makes, or it is that of a standby.
 */
export async function recordRunIfAllowed(session: Session, record: RunRecord): Promise<'recorded' | 'absent' | 'closed'> {
  const [row] = await session.rows<{ may: boolean }>(MAY_RECORD);
  if (row === undefined) return 'absent';
  if (!row.may) return 'closed';
  await recordRun(session, record);
  return 'recorded';
}

/** By the catalog: names in a schema that the login may not use cannot be resolved. */
const MAY_RECORD = /* sql */ `
select pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_table_privilege(c.oid, 'INSERT') as may
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'dbctl' and c.relname = 'run' and not pg_catalog.pg_is_in_recovery()`;
