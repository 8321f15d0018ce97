import type { RolesFile } from '../config/roles/load.ts';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import type { Answer, Item, Target } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { Applied, ApplyOptions } from '../ops/roles/apply/apply.ts';
import type { LastApplied } from '../ops/roles/apply/last-applied.ts';
import type { RolePlan } from '../ops/roles/plan/plan.ts';
import type { Context } from './context.ts';
import { comparer } from './roles-context.ts';
import { recordChanges } from './run-record-context.ts';
import { endOverdueLoans } from './roles-loan-context.ts';
import { FULL, MOST_LISTED, summedSteps } from './roles-overview.ts';
import { otherFileText, withLastApplied } from './roles-last-applied.ts';
import { leftItems, planAnswer } from './roles-plan.ts';

export const spec: CommandSpec = {
  name: 'roles apply',
  summary: 'make roles and rights as roles.yaml wants them',
  description:
    'Shows the plan of dbctl roles plan, asks, and does it in one transaction: all of it or nothing. What takes something away is shown ' +
    'apart. Before the first statement the database is read again, and a plan that would now be another one is refused; after the last one ' +
    'it is read once more, and commits only when nothing is left to do. Roles that were lent and whose time is over are taken back. No role is dropped, and passwords are not touched. Which file was applied is kept in dbctl.run, and whoever applies another one is told before. Needs a superuser, ' +
    'or a role with CREATEROLE, ADMIN on the roles of the file, and membership in the owner with INHERIT.',
  effect: 'changes',
  options: [FULL],
  examples: [
    ['dbctl roles apply --env prod', 'show the plan, ask, do it'],
    ['dbctl roles apply --env ci --yes', 'in a pipeline'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ planOf }, { readLastApplied }] = await Promise.all([
    import('../ops/roles/audit/accepted.ts'),
    import('../ops/roles/apply/last-applied.ts'),
  ]);
  const compare = await comparer(context);
  const { dryRun } = context.globals;
  const full = options['full'] === true;
  return context.withDatabase({ access: dryRun ? 'read' : 'write', applicationName: 'dbctl roles' }, async (session) => {
    const { file, ...comparison } = await compare(session);
    const agreed = planOf({ file, ...comparison });
    const last = await readLastApplied(session);
    const answer = (plan: RolePlan, state: 'planned' | 'done'): Answer =>
      withLastApplied(planAnswer(plan, state, leftItems(agreed), context.target(session), full), last, file);
    if (dryRun) return answer(agreed, 'planned');
    const isNothing = agreed.gives.length + agreed.takes.length === 0;
    const warning = otherFileText(last, file);
    if (!isNothing) await context.confirm(question(agreed, context.target(session), full, warning));
    const applied = await applyAndRecord(
      session,
      { agreed, file, last, planAgain: async (s) => planOf(await compare(s)) },
      context,
    );
    const loans = await endOverdueLoans(session, context);
    return withLoans(answer(applied === 'already' ? { ...agreed, gives: [], takes: [] } : agreed, 'done'), loans);
  });
}

interface Work extends Pick<ApplyOptions, 'agreed' | 'planAgain'> {
  readonly file: RolesFile;
  readonly last: LastApplied | null;
}

/** Also where there is nothing to do it is recorded that this file is the one that holds now, unless it was before. */
async function applyAndRecord(session: Session, { agreed, planAgain, file, last }: Work, context: Context): Promise<Applied> {
  const { applyRoles, stepsOf } = await import('../ops/roles/apply/apply.ts');
  const record = (on: Session): Promise<void> => recordRoles(on, file, agreed, context);
  if (stepsOf(agreed).length > 0)
    return applyRoles(session, { agreed, planAgain, record, progress: context.progress, signal: context.signal });
  if (last?.sha256 !== file.sha256) await record(session);
  return 'already';
}

/** Which file it was is for the next run, and every step, but for those of a first run, for the access review. */
const recordRoles = (session: Session, { sha256 }: RolesFile, { gives, takes }: RolePlan, context: Context): Promise<void> =>
  recordChanges(session, context, 'roles apply', {
    sha256,
    gives: gives.length,
    takes: takes.length,
    steps: [...takes, ...gives].slice(0, MOST_LISTED).map(({ summary }) => summary),
  });

/** Loans whose time was over, and what became of them. */
function withLoans(answer: Answer, loans: readonly Item[]): Answer {
  if (loans.length === 0) return answer;
  const notes = loans.flatMap(({ object, message, fix }) => [`${object}: ${message}.`, ...(fix === null ? [] : [fix])]);
  return {
    ...answer,
    ok: answer.ok && loans.every(({ status }) => status === 'pass'),
    items: [...answer.items, ...loans],
    view: { ...answer.view, notes: [...notes, ...(answer.view?.notes ?? [])] },
  };
}

/** Where, and what: what takes away is always listed, line by line, since it is what the person answers for. */
function question(
  { gives, takes }: RolePlan,
  { env, database, host, port }: Target,
  full: boolean,
  warning: string | null,
): string {
  const list = (steps: RolePlan['gives']): string[] => steps.map(({ summary }) => `  ${summary}`);
  const given =
    full || gives.length <= MOST_LISTED
      ? list(gives)
      : summedSteps(gives).map(({ id, count, objects }) => `  ${count} × ${id}: ${objects}`);
  return [
    `${env}: ${database} on ${host}:${port}`,
    ...(warning === null ? [] : [warning]),
    ...(gives.length === 0 ? [] : [`${counted(gives.length, 'gives', 'give')}:`, ...given]),
    ...(takes.length === 0 ? [] : [`${counted(takes.length, 'takes away', 'take away')}:`, ...list(takes)]),
    'Go on?',
  ].join('\n');
}

const counted = (count: number, one: string, many: string): string =>
  count === 1 ? `1 step that ${one}` : `${count} steps that ${many}`;
