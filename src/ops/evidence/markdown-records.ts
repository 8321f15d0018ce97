import { codeText, inlineText } from '../../core/markdown.ts';
import type { Loan } from '../roles/loan/loan.ts';
import type { ReviewedException } from './exceptions.ts';
import type { Permits, Refused, Unlock } from './guards.ts';
import type { ReviewedLogin } from './logins.ts';
import { sectionPart, type Rows } from './markdown-parts.ts';
import type { AccessReview } from './review.ts';
import type { Run } from './runs.ts';

export const exceptionRows: Rows<ReviewedException> = {
  titles: ['exception', 'role', 'allows', 'why', 'answers for it', 'last day', ''],
  row: ({ id, role, allows, reason, owner, expires, state }) => [
    codeText(id),
    codeText(role),
    inlineText(allows),
    inlineText(reason),
    inlineText(owner),
    expires,
    state === 'holds' ? state : `**${state}**`,
  ],
};

export const loanRows: Rows<Loan> = {
  titles: ['loan', 'who', 'role', 'from', 'until', 'ended', 'by', 'why'],
  row: ({ id, login, role, givenAt, until, state, endedAt, how, operator, givenBy, reason }) => [
    String(id),
    codeText(login),
    codeText(role),
    givenAt,
    until,
    endedAt === null ? `**${state}**` : `${endedAt}, ${how}`,
    inlineText(`${operator} as ${givenBy}`),
    inlineText(reason),
  ],
};

const unlockRows: Rows<Unlock> = {
  titles: ['table', 'asked by', 'at', 'approved by', 'at', 'used', 'why'],
  row: ({ table, requestedBy, requestedAt, approvedBy, approvedAt, usedAt, reason }) => [
    codeText(table),
    codeText(requestedBy),
    requestedAt,
    approvedBy === null ? 'nobody' : codeText(approvedBy),
    approvedAt ?? '',
    usedAt ?? 'not used',
    inlineText(reason),
  ],
};

const permitRows: Rows<Permits> = {
  titles: ['what for', 'who', 'why', 'permits', 'first', 'last'],
  row: ({ purpose, givenBy, reason, permits, first, last }) => [
    inlineText(purpose),
    codeText(givenBy),
    inlineText(reason ?? ''),
    String(permits),
    first,
    last,
  ],
};

const refusedRows: Rows<Refused> = {
  titles: ['table', 'what', 'attempts since it was guarded', 'last'],
  row: ({ table, sqlstate, what, attempts, lastAt }) => [codeText(table), `${what} (${sqlstate})`, String(attempts), lastAt],
};

/** Who changed guards, who was let through, and who ran into them. */
export const guardParts = ({ unlocks, permits, refused }: AccessReview): string[] => [
  ...sectionPart('Emergency unlocks of append-only tables', unlocks, unlockRows),
  ...sectionPart('Who was let through the guards', permits, permitRows),
  ...sectionPart('Refused attempts on append-only tables', refused, refusedRows),
];

export const runRows: Rows<Run> = {
  titles: ['when', 'command', 'who', 'as', 'commit or job', 'end', 'what'],
  row: ({ at, command, operator, login, commit, ciJob, outcome, summary }) => [
    at,
    codeText(command),
    inlineText(operator),
    codeText(login),
    inlineText([commit, ciJob].filter((one) => one !== null).join(', ')),
    inlineText(outcome),
    codeText(summary),
  ],
};

/** Who has not been seen for a week may be unused; who has not been seen since the server was started a minute ago may not. */
const isLong = (since: string | null, until: string): boolean =>
  since !== null && Date.parse(until) - Date.parse(since) > 7 * 86_400_000;

/** What is known of them depends on whether statements are counted here, and whether runs of dbctl were seen. */
export const loginRows = ({ logins: { countedSince: since }, runs, period }: AccessReview): Rows<ReviewedLogin> => ({
  note:
    'The server keeps no time of a last login. ' +
    (since === null
      ? 'Nothing here counts statements: a login without a session now may be in use all the same.'
      : `Statements are counted since ${since}, as whom they ran: a login whose sessions act as another role has none of its own.`),
  titles: ['login', 'password', 'changed by dbctl', 'valid until', 'sessions now', 'of', 'statements'],
  row: ({ login, password, rotatedAt, validUntil, sessions, applications, statements }) => [
    codeText(login),
    password ?? 'not seen',
    rotatedAt ?? (runs.state === 'seen' ? 'not recorded' : 'not seen'),
    inlineText(validUntil ?? 'for ever'),
    String(sessions),
    inlineText(applications.join(', ')),
    statements === null
      ? 'not counted'
      : statements + sessions > 0 || !isLong(since, period.until)
        ? String(statements)
        : '**0: perhaps unused**',
  ],
});
