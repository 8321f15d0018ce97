import type { ChainedReport, ReportKind } from '../report-chain/report.ts';
import type { Loan } from '../roles/loan/loan.ts';
import type { Declaration } from './declaration.ts';
import type { ReviewedException } from './exceptions.ts';
import type { ReviewedFindings } from './findings.ts';
import type { Permits, Refused, Unlock } from './guards.ts';
import type { ReviewedLogin } from './logins.ts';
import { reviewMarkdown } from './markdown.ts';
import type { Period } from './period.ts';
import type { ReviewedRole, RoleChange } from './roles.ts';
import type { Run } from './runs.ts';
import type { Section, Unseen } from './section.ts';

/** What a review says of the database: `differs` from roles.yaml, or from what is safe, at or above the bar. */
export type ReviewAnswer = 'as declared' | 'as declared, as far as was seen' | 'differs';

/** What was seen in the database, at one moment. */
export interface SeenAccess {
  readonly answer: ReviewAnswer;
  readonly server: ReviewedServer;
  readonly period: Period;
  readonly nextReview: string;
  readonly unseen: readonly Unseen[];
  readonly findings: ReviewedFindings;
  /** What `dbctl roles plan` would do: nothing, where the database is as the file says. */
  readonly plan: { readonly gives: Section<string>; readonly takes: Section<string>; readonly left: number };
  readonly roles: readonly ReviewedRole[];
  readonly exceptions: readonly ReviewedException[];
  readonly loans: Section<Loan>;
  readonly unlocks: Section<Unlock>;
  readonly permits: Section<Permits>;
  readonly refused: Section<Refused>;
  readonly runs: Section<Run>;
  readonly logins: { readonly countedSince: string | null; readonly rows: readonly ReviewedLogin[] };
}

export interface ReviewedServer {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly version: string;
  readonly systemIdentifier: string | null;
  /** Whom the review logged in as: what this login may not see is not in it. */
  readonly user: string;
}

/** Who looked at it, and what they decided. */
export interface Reviewers {
  /** Empty: it was collected, and nobody has reviewed it. */
  readonly reviewers: readonly string[];
  readonly minutes: { readonly sha256: string; readonly text: string } | null;
}

/** What an auditor wants to see of who may do what, and what keeps it from being changed or left out. */
export interface AccessReview extends ChainedReport, SeenAccess, Reviewers {
  readonly format: 'dbctl-access-review/1';
  readonly environment: string;
  readonly protected: boolean;
  readonly operator: string;
  readonly dbctl: string;
  readonly declaration: Declaration;
  /** What changed since the review before; null: there is none. */
  readonly changes: {
    /** Id of the review before. */
    readonly since: string;
    /** System identifier of the server then; null: it was not seen. */
    readonly server: string | null;
    readonly roles: readonly RoleChange[];
  } | null;
}

/** Each environment has a chain of its own: two that are reviewed at the same moment, on two machines, do not meet. */
export const accessReviews = (environment: string): ReportKind<AccessReview> => ({
  format: 'dbctl-access-review/1',
  folder: `access-reviews/${environment}/`,
  markdown: reviewMarkdown,
  sealsMarkdown: true,
  misplaced: (report) =>
    report.environment === environment ? null : `it is of environment ${report.environment}, and not of ${environment}`,
});

/** `differs` where a finding counts; what could not be seen is never a plain yes. Pure. */
export function answerOf(findings: Pick<ReviewedFindings, 'counting'>, unseen: readonly Unseen[]): ReviewAnswer {
  if (findings.counting > 0) return 'differs';
  return unseen.length > 0 ? 'as declared, as far as was seen' : 'as declared';
}
