import { item, type Item, type Severity } from '../../core/report.ts';
import { ident } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import { planOf } from '../roles/audit/accepted.ts';
import { auditRoles } from '../roles/audit/audit.ts';
import type { Comparison } from '../roles/difference/inputs.ts';
import { readEscalationDetails } from '../roles/escalation/read.ts';
import { loanItems } from '../roles/loan/items.ts';
import type { Loan } from '../roles/loan/loan.ts';
import { reviewedExceptions } from './exceptions.ts';
import { NOT_SEEN, reviewedFindings, unseenOf } from './findings.ts';
import { readPermits, readRefused, readUnlocks } from './guards.ts';
import { readReviewedLogins, readUsage, type Usage } from './logins.ts';
import { nextReviewDay, type Period } from './period.ts';
import { answerOf, type SeenAccess } from './review.ts';
import { reviewedRoles } from './roles.ts';
import { readRuns } from './runs.ts';
import { cut, type Section } from './section.ts';

export interface CollectOptions {
  /** Compares the database with roles.yaml within the caller's transaction. */
  readonly compare: (session: Session) => Promise<Comparison>;
  readonly failOn: Severity;
  readonly start: Omit<Period, 'until'>;
}

/**
 * Everything a review says of a database, read in one snapshot, but for what was counted of each login's use. Returns it as items, too:
 * the findings of the audit, and what could not be seen. Fails with what `compare` fails with; what the login may not see is marked so, and
 * nothing fails for it.
 */
export async function collectAccess(
  session: Session,
  options: CollectOptions,
): Promise<{ readonly seen: SeenAccess; readonly items: readonly Item[] }> {
  const usage = await readUsage(session);
  const read = await inTransaction(session, 'isolation level repeatable read, read only', () =>
    readAccess(session, options, usage),
  );
  return seenAccess(read, usage, options, session);
}

/** What the database has, and nothing concluded from it: large ones take longer to think about than a transaction may be idle. */
async function readAccess(session: Session, { compare, start: { since } }: CollectOptions, usage: Usage) {
  const [now] = await session.rows<{ at: Date }>('select pg_catalog.now() as at');
  if (now === undefined) throw new RangeError('the server has no time');
  const comparison = await compare(session);
  const details = await readEscalationDetails(session, comparison.catalog.roles);
  return {
    at: now.at,
    comparison,
    details,
    unlocks: await readUnlocks(session, since),
    permits: await readPermits(session, since),
    refused: await readRefused(session, since),
    runs: await readRuns(session, since),
    logins: await readReviewedLogins(session, usage, details.passwords),
  };
}

function seenAccess(
  { at, comparison, details, logins, ...sections }: Awaited<ReturnType<typeof readAccess>>,
  usage: Usage,
  { failOn, start }: CollectOptions,
  session: Session,
): { seen: SeenAccess; items: Item[] } {
  const period: Period = { since: start.since, until: at.toISOString(), why: start.why };
  const nextReview = nextReviewDay(period);
  const items = [
    ...auditRoles(comparison, details).map(({ role, detail, ...finding }) => item({ ...finding, detail: { role, ...detail } })),
    ...loanItems(comparison.loans ?? null),
    ...unseenSections(sections, usage, session.user),
  ];
  const findings = reviewedFindings(items, failOn);
  const unseen = unseenOf(items);
  const { gives, takes, left } = planOf(comparison);
  const seen: SeenAccess = {
    answer: answerOf(findings, unseen),
    server: serverOf(session),
    period,
    nextReview,
    unseen,
    findings,
    plan: { gives: cut(gives.map(({ summary }) => summary)), takes: cut(takes.map(({ summary }) => summary)), left: left.length },
    roles: reviewedRoles(comparison, at),
    exceptions: reviewedExceptions(comparison.file.exceptions, { today: comparison.today, nextReview }),
    loans: loansOf(comparison.loans ?? null, period.since),
    ...sections,
    logins: { countedSince: usage.state === 'counted' ? usage.since : null, rows: logins },
  };
  return { seen, items };
}

const serverOf = ({ host, port, database, serverVersionText, systemIdentifier, user }: Session): SeenAccess['server'] => ({
  host,
  port,
  database,
  version: serverVersionText,
  systemIdentifier,
  user,
});

/** Those that had not ended before the period began. */
function loansOf(loans: readonly Loan[] | null, since: string): Section<Loan> {
  if (loans === null) return { state: 'not seen', rows: [], more: 0 };
  return cut(loans.filter(({ endedAt }) => endedAt === null || Date.parse(endedAt) >= Date.parse(since)));
}

type Sections = Pick<SeenAccess, 'unlocks' | 'permits' | 'refused' | 'runs'>;

/** What the sections could not see; the loans are among the findings of the audit. */
function unseenSections(sections: Sections, usage: Usage, user: string): Item[] {
  const closed = (Object.keys(WHAT) as (keyof Sections)[]).flatMap((name) =>
    sections[name].state === 'not seen'
      ? [unseenItem(WHAT[name], `${user} may not read them`, `grant dbctl_auditor to ${ident(user)};`)]
      : [],
  );
  const absent =
    sections.runs.state === 'not there'
      ? [unseenItem(WHAT.runs, 'this database keeps no records of them', 'dbctl migrate up makes schema dbctl, which keeps them')]
      : [];
  return [...closed, ...absent, ...(usage.state === 'not seen' ? [uncounted(usage.schema, user)] : [])];
}

const uncounted = (schema: string, user: string): Item =>
  unseenItem(
    'which logins ran statements',
    `${user} may not read pg_stat_statements`,
    `grant usage on schema ${ident(schema)} to ${ident(user)};`,
  );

const unseenItem = (object: string, message: string, fix: string): Item =>
  item({ id: NOT_SEEN, object, status: 'unknown', severity: 'medium', message, fix });

const WHAT: Readonly<Record<keyof Sections, string>> = {
  unlocks: 'emergency unlocks of append-only tables',
  permits: 'who was let through the guards of append-only tables',
  refused: 'refused attempts on append-only tables',
  runs: 'runs of dbctl',
};
