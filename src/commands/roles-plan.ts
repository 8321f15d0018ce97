import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { RolePlan } from '../ops/roles/plan/plan.ts';
import type { Context } from './context.ts';
import { compareOnce, comparer } from './roles-context.ts';
import { withLastApplied } from './roles-last-applied.ts';
import { FULL, planView } from './roles-overview.ts';

export const spec: CommandSpec = {
  name: 'roles plan',
  summary: 'what it takes to make roles and rights as roles.yaml wants them',
  description:
    'Compares the catalogs with roles.yaml in one snapshot and lists every statement, in order: what gives first, what takes away after it ' +
    'and shown apart. A right that another role passed on is taken back from that role. Where dbctl.run can be read it says when the file applied last was another one. Nothing is changed. Exit 1 when there is something ' +
    'to do, or something that only a person can put right. Needs no more than a login.',
  effect: 'reads',
  targets: true,
  options: [{ flags: '--sql', description: 'print the statements alone, to be read, kept or run by somebody else' }, FULL],
  examples: [
    ['dbctl roles plan --env prod', 'before dbctl roles apply'],
    ['dbctl roles plan --env prod --sql > roles.sql', 'for a person who runs it as superuser'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ planOf }, { scriptOf }, { readLastApplied }] = await Promise.all([
    import('../ops/roles/audit/accepted.ts'),
    import('../ops/roles/apply/apply.ts'),
    import('../ops/roles/apply/last-applied.ts'),
  ]);
  const compare = await comparer(context);
  const { comparison: read, session } = await compareOnce(context, async (session) => ({
    comparison: await compare(session),
    last: await readLastApplied(session),
  }));
  const plan = planOf(read.comparison);
  const planned = planAnswer(plan, 'planned', leftItems(plan), context.target(session), options['full'] === true);
  const answer = withLastApplied(planned, read.last, read.comparison.file);
  return options['sql'] === true ? { ...answer, view: { text: scriptOf(plan) } } : answer;
}

/** What the plan leaves: to a person, in the words of the audit, and what an exception accepts. */
export function leftItems({ words = [], accepted = [] }: RolePlan): Item[] {
  return [...words.map(personItem), ...accepted.map(acceptedItem)];
}

function acceptedItem({ id, object, exception, expires }: NonNullable<RolePlan['accepted']>[number]): Item {
  const message = `left as it is: exception ${exception} accepts it until ${expires}`;
  return item({ id, object, effect: 'left', status: 'waived', severity: 'info', message, fix: null });
}

/** The table of a plan has no column for the object: what is said begins with it. */
function personItem({ id, object, severity = 'medium', message, fix }: NonNullable<RolePlan['words']>[number]): Item {
  const says = `${object}: ${message}`;
  return item({ id, object, effect: 'left', status: 'fail', severity, message: says, fix: fix ?? 'dbctl roles audit says more' });
}

/** The plan as an answer: planned, the answer is no while there is something to do; done, it is yes. */
export function planAnswer(
  plan: RolePlan,
  state: 'planned' | 'done',
  left: readonly Item[],
  target: Answer['target'],
  full: boolean,
): Answer {
  const { gives, takes } = plan;
  const toPerson = left.filter(({ status }) => status === 'fail').length;
  const view = planView(gives, takes, full);
  const more = view.overview === undefined || state === 'done' ? [] : ['Every step: dbctl roles plan --full, or --sql.'];
  const items = [...gives.map((step) => [step, false] as const), ...takes.map((step) => [step, true] as const)].map(
    ([step, takesAway]) =>
      item({
        id: step.id.replaceAll(' ', '-'),
        object: step.object,
        message: step.summary,
        effect: takesAway ? 'takes' : 'gives',
        state,
        sql: step.sql,
      }),
  );
  return {
    ok: toPerson === 0 && (state === 'done' || items.length === 0),
    items: [...left, ...items],
    summary: { gives: gives.length, takes: takes.length, left: toPerson, state },
    target: target ?? null,
    view: {
      ...view,
      columns: [
        { field: 'effect', title: '' },
        { field: 'message', title: state === 'planned' ? 'what would be done' : 'what was done' },
      ],
      notes: [...more, planNote(plan, state, toPerson, target?.env)],
    },
  };
}

/** What follows names the environment: typed as it stands, it must not go to another one. */
function planNote({ gives, takes, accepted = [] }: RolePlan, state: 'planned' | 'done', left: number, env = 'dev'): string {
  const kept = accepted.length === 0 ? '' : ` Left as they are, by exceptions of the file: ${accepted.length}.`;
  const needs = left === 1 ? 'difference needs' : 'differences need';
  const others = `${kept}${left === 0 ? '' : ` ${left} ${needs} a person: dbctl roles audit --env ${env}`}`;
  if (gives.length + takes.length === 0)
    return `${left === 0 ? 'Nothing to do: roles and rights are as roles.yaml wants them.' : 'Nothing that apply could do.'}${others}`;
  const counts = `${gives.length} give, ${takes.length} take away.`;
  return state === 'planned'
    ? `${counts} Nothing was changed; do it: dbctl roles apply --env ${env}.${others}`
    : `${counts} All in one transaction.${others}`;
}
