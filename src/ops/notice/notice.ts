import { SEVERITIES, type Answer, type ReportError } from '../../core/report.ts';

/** What people and machines are told of a run: no row, no name of a role, no secret. */
export interface Notice {
  readonly schema: 'dbctl.notice/1';
  /** One line for people. */
  readonly text: string;
  readonly outcome: 'passed' | 'failed';
  /** Such as `backup create`. */
  readonly command: string;
  readonly project: string;
  readonly environment: string;
  readonly host: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly seconds: number;
  /** What was found to be wrong, or could not be seen and made the answer no; the worst first. */
  readonly failures: readonly { readonly id: string; readonly object: string; readonly message: string }[];
  readonly error: Pick<ReportError, 'code' | 'message'> | null;
}

export type NoticeFacts = Pick<Notice, 'command' | 'project' | 'environment' | 'host' | 'at' | 'seconds'>;

/** At most this many failures are in a notice: the report has them all. */
const MOST = 20;

/** The notice of a run that answered. Pure. */
export function noticeOf(facts: NoticeFacts, { ok, items }: Pick<Answer, 'ok' | 'items'>): Notice {
  const failures = items
    .filter(({ status }) => status === 'fail' || (status === 'unknown' && !ok))
    .toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity))
    .map(({ id, object, message }) => ({ id, object, message }))
    .slice(0, MOST);
  const [first] = failures;
  const why = first === undefined ? '' : `: ${first.object}: ${first.message}`;
  return { ...base(facts, ok ? 'passed' : 'failed', ok ? '' : why), failures, error: null };
}

/** The notice of a run that ended in an error. Pure. */
export const noticeOfError = (facts: NoticeFacts, error: Pick<ReportError, 'code' | 'message'>): Notice => ({
  ...base(facts, 'failed', `: ${error.message}`),
  failures: [],
  error: { code: error.code, message: error.message },
});

function base(facts: NoticeFacts, outcome: Notice['outcome'], why: string): Omit<Notice, 'failures' | 'error'> {
  const { command, project, environment, host } = facts;
  return {
    schema: 'dbctl.notice/1',
    text: `dbctl ${command} of ${project} (${environment}) on ${host} ${outcome}${why}`,
    outcome,
    ...facts,
  };
}
