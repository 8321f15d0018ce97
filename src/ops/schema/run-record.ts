import type { JsonObject } from '../../core/json.ts';
import type { Session } from '../../db/session.ts';

/** What is kept of a run that changed something: who, from which commit, with what end. */
export interface RunRecord {
  readonly command: string;
  readonly operator: string;
  readonly commit: string | null;
  readonly ciJob: string | null;
  readonly toolVersion: string;
  readonly outcome: 'done' | 'failed';
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
