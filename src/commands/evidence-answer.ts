import { item, type Answer, type Item, type Status, type Target, type View } from '../core/report.ts';
import type { AccessReview } from '../ops/evidence/review.ts';
import type { Section } from '../ops/evidence/section.ts';
import type { StoredReport } from '../ops/report-chain/store.ts';
import { MOST_LISTED } from './roles-overview.ts';

interface Reviewed {
  readonly facts: Omit<AccessReview, 'format' | 'id' | 'number' | 'at' | 'previous'>;
  /** The findings, and what could not be seen. */
  readonly items: readonly Item[];
  /** null: nothing was stored. */
  readonly stored: StoredReport<AccessReview> | null;
  readonly strict: boolean;
  readonly target: Target;
}

/** What the review says, the findings one by one, and where it is kept. */
export function reviewAnswer({ facts, items, stored, strict, target }: Reviewed): Answer {
  const { answer, unseen, findings } = facts;
  return {
    ok: answer === 'as declared' || (answer !== 'differs' && !strict),
    items,
    summary: {
      answer,
      reviewers: [...facts.reviewers],
      counting: findings.counting,
      unseen: unseen.length,
      state: stored === null ? 'planned' : 'done',
      record: stored === null ? null : { number: stored.report.number, path: stored.path, head: stored.head },
    },
    target,
    view: viewOf(facts, stored, items),
  };
}

function viewOf(facts: Reviewed['facts'], stored: Reviewed['stored'], items: readonly Item[]): View {
  const { counting, failOn } = facts.findings;
  const hidden: readonly Status[] = counting > MOST_LISTED ? ['fail', 'waived'] : ['waived'];
  return {
    title: `Access review of ${facts.environment}: ${facts.answer}`,
    overview: {
      columns: [
        { field: 'object', title: 'what' },
        { field: 'message', title: 'seen' },
      ],
      rows: overviewRows(facts).map(([object, message]) => item({ id: 'section', object, message })),
    },
    hidden,
    least: failOn,
    // Nothing is listed: then the notes have said what the summary would repeat.
    ...(counting === 0 && facts.unseen.length === 0 ? { columns: [{ field: 'message', title: '' }] } : {}),
    notes: [...findingsNote(facts, items), ...reviewNotes(facts), ...recordNotes(stored)],
  };
}

/** People see what counts, where it is no list of hundreds; what is accepted, and what is below the bar, they read in the record. */
function findingsNote({ findings }: Reviewed['facts'], items: readonly Item[]): string[] {
  const found = items.filter(({ status }) => status === 'fail' || status === 'waived').length;
  const isAll = found === findings.counting && found <= MOST_LISTED;
  return found === 0 || isAll ? [] : [`All ${found} findings are in the record, one by one, and here: dbctl roles audit --full`];
}

const reviewNotes = ({ reviewers }: Reviewed['facts']): string[] => [
  reviewers.length === 0 ? 'Nobody has reviewed it: say who did with --reviewer.' : `Reviewed by ${reviewers.join(', ')}.`,
];

function recordNotes(stored: Reviewed['stored']): string[] {
  if (stored === null) return ['Nothing was stored.'];
  return [
    `Record ${stored.report.number}: ${stored.path}, and for people ${stored.report.id}.md beside it.`,
    `Write its hash down elsewhere; dbctl evidence verify --head asks for it: ${stored.head}`,
  ];
}

function overviewRows(facts: Reviewed['facts']): [what: string, seen: string][] {
  const { roles, findings, plan, changes, exceptions, logins, unseen } = facts;
  const strangers = roles.filter(({ purpose }) => purpose === null).length;
  const countOf = (wanted: Status): number =>
    findings.counts.reduce((sum, { status, count }) => sum + (status === wanted ? count : 0), 0);
  const below = countOf('fail') - findings.counting;
  const ending = exceptions.filter(({ state }) => state !== 'holds').length;
  const steps = total(plan.gives) + total(plan.takes) + plan.left;
  const connected = logins.rows.filter(({ sessions }) => sessions > 0).length;
  return [
    ['roles', `${roles.length}, ${strangers} of them not in roles.yaml`],
    ['findings', `${findings.counting} at or above ${findings.failOn}, ${below} below, ${countOf('waived')} accepted`],
    [
      'roles plan',
      steps === 0 ? 'nothing to do' : `${total(plan.gives)} give, ${total(plan.takes)} take, ${plan.left} for a person`,
    ],
    ['changed', changes === null ? 'no review before it' : `${rolesText(changes.roles.length)} since ${changes.since}`],
    ['exceptions', `${exceptions.length}, ${ending} ended or ending before ${facts.nextReview}`],
    ['lent roles', countText(facts.loans)],
    ['unlocks', countText(facts.unlocks)],
    ['let through guards', permitsText(facts.permits)],
    ['refused by guards', countText(facts.refused)],
    ['runs of dbctl', countText(facts.runs)],
    ['logins', `${logins.rows.length}, ${connected} connected now`],
    ['not seen', String(unseen.length)],
  ];
}

const rolesText = (count: number): string => (count === 1 ? '1 role' : `${count} roles`);

const total = ({ rows, more }: Section<unknown>): number => rows.length + more;

/** Those of one purpose, person and reason are one row. */
const permitsText = (permits: AccessReview['permits']): string =>
  permits.state === 'seen' ? `${permits.rows.reduce((sum, one) => sum + one.permits, 0)} permits` : countText(permits);

const countText = (section: Section<unknown>): string =>
  section.state === 'seen' ? String(total(section)) : section.state === 'not seen' ? 'not seen' : 'not kept in this database';
