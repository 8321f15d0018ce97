import { codeText, fencedText, inlineText } from '../../core/markdown.ts';
import type { Declaration } from './declaration.ts';
import { exceptionRows, guardParts, loanRows, loginRows, runRows } from './markdown-records.ts';
import { list, sectionPart, table } from './markdown-parts.ts';
import type { AccessReview } from './review.ts';
import type { ReviewedRole } from './roles.ts';

/** The review for people, the worst first. Whatever a name or a reason holds, it is a name or a reason in it. Pure. */
export function reviewMarkdown(review: AccessReview): string {
  const parts = [
    `# Access review ${review.id}`,
    `**${reviewedBy(review)}** ${ANSWERS[review.answer]}`,
    table(['', ''], aboutRows(review)),
    ...unseenPart(review),
    ...findingsPart(review),
    ...planPart(review),
    ...changesPart(review),
    '## Who may do what',
    WHO_MAY,
    ...review.roles.map((role) => rolePart(role, review.roles)),
    ...sectionPart('Exceptions', { state: 'seen', rows: review.exceptions, more: 0 }, exceptionRows),
    ...sectionPart('Roles that were lent', review.loans, loanRows),
    ...guardParts(review),
    ...sectionPart('What dbctl changed', review.runs, runRows),
    ...sectionPart('Logins', { state: 'seen', rows: review.logins.rows, more: 0 }, loginRows(review)),
    ...commitsPart(review.declaration),
    ...minutesPart(review),
    review.previous === null
      ? 'The first review of this place.'
      : `Follows \`${review.previous.id}\` (${review.previous.report}).`,
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Who reviewed it, as a sentence. */
export const reviewedBy = ({ reviewers }: Pick<AccessReview, 'reviewers'>): string =>
  reviewers.length === 0 ? 'Collected, and reviewed by nobody.' : `Reviewed by ${inlineText(reviewers.join(', '))}.`;

const ANSWERS: Readonly<Record<AccessReview['answer'], string>> = {
  'as declared': 'Roles and rights are as roles.yaml says.',
  'as declared, as far as was seen':
    'What was seen of roles and rights is as roles.yaml says, and not all of it could be seen: that is no yes.',
  differs: 'Roles and rights are not as roles.yaml says, or lead further than they should: see the findings.',
};

function aboutRows(review: AccessReview): string[][] {
  const { server, period, declaration } = review;
  const system = server.systemIdentifier === null ? 'system identifier not seen' : `system ${server.systemIdentifier}`;
  return [
    ['environment', `${inlineText(review.environment)}${review.protected ? ', protected' : ''}`],
    ['database', inlineText(`${server.database} on ${server.host}:${server.port}, PostgreSQL ${server.version}, ${system}`)],
    ['looked as', `${codeText(server.user)}: what this login may not see is not in here`],
    ['made', inlineText(`${review.at} by ${review.operator} with dbctl ${review.dbctl}`)],
    ['period', inlineText(`${period.since} to ${period.until}; ${period.why}`)],
    ['declared in', `${codeText(declaration.file)}, sha256 \`${declaration.sha256}\`; ${gitText(declaration)}`],
    ['next review', review.nextReview],
  ];
}

function gitText({ git, whyNot }: Declaration): string {
  if (git === null) return `its commit is not known: ${inlineText(whyNot ?? 'git did not answer')}`;
  const tree = git.dirty ? ', and other files are not either' : '';
  return git.changed
    ? `**not as commit** \`${git.commit}\` **has it**${tree}`
    : `as in commit \`${git.commit}\`${git.dirty ? ', where other files are not' : ''}`;
}

function unseenPart({ unseen }: AccessReview): string[] {
  if (unseen.length === 0) return ['## What could not be seen', 'Nothing that was looked for.'];
  const rows = unseen.map(({ what, why, fix }) => [inlineText(what), inlineText(why), codeText(fix ?? '')]);
  return ['## What could not be seen', table(['what', 'why', 'what would show it'], rows)];
}

function findingsPart({ findings }: AccessReview): string[] {
  const { counting, failOn, counts } = findings;
  const head = `${counting} at or above ${failOn} that no exception accepts.`;
  if (counts.length === 0) return ['## Findings', 'None.'];
  const summary = counts.map(({ id, severity, status, count }) => [
    id,
    severity,
    status === 'waived' ? 'accepted' : 'open',
    `${count}`,
  ]);
  return [
    '## Findings',
    head,
    ...(findings.more === 0 ? [] : [table(['finding', 'severity', '', 'count'], summary)]),
    ...sectionPart(null, findings, {
      titles: ['severity', 'finding', 'of', 'what'],
      row: ({ severity, status, id, object, message }) => [
        status === 'waived' ? `${severity}, accepted` : severity,
        codeText(id),
        codeText(object),
        inlineText(message),
      ],
    }),
  ];
}

function planPart({ plan: { gives, takes, left } }: AccessReview): string[] {
  const nothing = gives.rows.length + takes.rows.length === 0;
  return [
    '## What roles plan would do',
    nothing ? 'Nothing.' : `${gives.rows.length + gives.more} give, ${takes.rows.length + takes.more} take away.`,
    ...(left === 0 ? [] : [`${left} need a person; they are among the findings.`]),
    ...list('It would give:', gives),
    ...list('It would take away:', takes),
  ];
}

function changesPart({ changes, server }: AccessReview): string[] {
  if (changes === null) return [];
  const isOther = changes.server !== null && server.systemIdentifier !== null && changes.server !== server.systemIdentifier;
  const other = isOther ? ` **The server is another one: it was ${inlineText(changes.server)}.**` : '';
  const since = `Since the review \`${changes.since}\`${other}`;
  if (changes.roles.length === 0) return ['## What changed', `${since}: nothing that a role is or may do.`];
  const rows = changes.roles.flatMap(({ role, gained, lost }) => [
    ...gained.map((line) => [codeText(role), 'now', inlineText(line)]),
    ...lost.map((line) => [codeText(role), 'no longer', inlineText(line)]),
  ]);
  return ['## What changed', `${since}:`, table(['role', '', 'what'], rows)];
}

const WHO_MAY =
  'What the database lets each role do at this moment, worked out from grants, ownership, memberships and PUBLIC. `now` is without SET ROLE; `leads to` is what else it can come to have.';

function rolePart({ name, purpose, because, there, facts }: ReviewedRole, all: readonly ReviewedRole[]): string {
  const head = `### ${codeText(name)}`;
  const about = purpose === null ? '**roles.yaml does not name it.**' : `${inlineText(purpose)} (${inlineText(because ?? '')})`;
  if (!there) return `${head}\n\n${about}\n\n**It is declared, and not in the database.**`;
  const shared = sharedRights(name, facts, all);
  const lines = facts
    .filter((fact) => fact.about !== 'may' || shared?.lines.has(fact.text) !== true)
    .map((fact) => `- ${fact.about}: ${inlineText(fact.text)}`);
  const first = shared === null ? [] : [`- may: all that ${codeText(shared.role)} may`];
  return [head, about, [...lines, ...first].join('\n')].join('\n\n');
}

/** The role it inherits from and has all rights of, as a login of two has: they are said there. */
function sharedRights(
  name: string,
  facts: ReviewedRole['facts'],
  all: readonly ReviewedRole[],
): { readonly role: string; readonly lines: ReadonlySet<string> } | null {
  const own = rightsOf(facts);
  const groups = all.filter((other) => other.name !== name && inherits(facts, other.name));
  const found = groups
    .map((other) => ({ role: other.name, lines: rightsOf(other.facts) }))
    .filter(({ lines }) => lines.size > 0 && [...lines].every((line) => own.has(line)));
  return found.toSorted((a, b) => b.lines.size - a.lines.size)[0] ?? null;
}

const inherits = (facts: ReviewedRole['facts'], group: string): boolean =>
  facts.some(({ about, text }) => about === 'member of' && text.startsWith(`${group} (inherit true`));

const rightsOf = (facts: ReviewedRole['facts']): ReadonlySet<string> =>
  new Set(facts.flatMap(({ about, text }) => (about === 'may' ? [text] : [])));

function commitsPart({ file, git }: Declaration): string[] {
  if (git === null) return [];
  const title = `## Changes of ${inlineText(file)} in the period`;
  if (git.commits.length === 0) return [title, 'None.'];
  const rows = git.commits.map(({ commit, at, author, subject }) => [
    `\`${commit.slice(0, 12)}\``,
    inlineText(at),
    inlineText(author),
    inlineText(subject),
  ]);
  return [title, table(['commit', 'when', 'who', 'what'], rows)];
}

/** As they were written, and so in a fence: what a person wrote cannot look like a part of what was seen. */
function minutesPart({ minutes, reviewers }: AccessReview): string[] {
  if (minutes === null) return reviewers.length === 0 ? [] : ['## Minutes', 'None were given.'];
  return ['## Minutes', `sha256 \`${minutes.sha256}\``, fencedText(minutes.text)];
}
