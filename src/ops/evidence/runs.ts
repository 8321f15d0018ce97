import type { Session } from '../../db/session.ts';
import { utcText } from '../../db/utc.ts';
import { readSection, type Section } from './section.ts';

/** A run of dbctl that changed roles, rights, guards or the schema. */
export interface Run {
  readonly at: string;
  readonly command: string;
  readonly operator: string;
  /** Whom it logged in as. */
  readonly login: string;
  readonly commit: string | null;
  readonly ciJob: string | null;
  readonly outcome: string;
  /** What it says it did, as JSON, cut where it is long. */
  readonly summary: string;
}

/** Runs since then, in their order, but for those that take back what they do. */
export const readRuns = (session: Session, since: string): Promise<Section<Run>> =>
  readSection(session, ['run'], () => session.rows<Run>(RUNS, [since]));

const RUNS = /* sql */ `
select ${utcText('r.started_at')} as at, r.command, r.operator, r.db_user as login, r.commit_sha as commit, r.ci_job as "ciJob", r.outcome,
       case when pg_catalog.length(r.summary::text) > 500 then pg_catalog.left(r.summary::text, 500) || '…' else r.summary::text end as summary
from dbctl.run r
where r.started_at >= $1::timestamptz and r.command <> 'immutability test'
order by r.started_at, r.id`;
