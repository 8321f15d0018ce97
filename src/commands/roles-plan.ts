import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { RolePlan } from '../ops/roles/plan/plan.ts';
import type { Context } from './context.ts';
import { compareOnce, comparer } from './roles-context.ts';
import { FULL, planView } from './roles-overview.ts';

export const spec: CommandSpec = {
  name: 'roles plan',
  summary: 'what it takes to make roles and rights as roles.yaml wants them',
  description:
    'Compares the catalogs with roles.yaml in one snapshot and lists every statement, in order: what gives first, what takes away after it ' +
    'and shown apart. A right that another role passed on is taken back from that role. Nothing is changed. Exit 1 when there is something ' +
    'to do, or something that only a person can put right. Needs no more than a login.',
  effect: 'reads',
  options: [{ flags: '--sql', description: 'print the statements alone, to be read, kept or run by somebody else' }, FULL],
  examples: [
    ['dbctl roles plan --env prod', 'before dbctl roles apply'],
    ['dbctl roles plan --env prod --sql > roles.sql', 'for a person who runs it as superuser'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ planOf }, { scriptOf }] = await Promise.all([
    import('../ops/roles/audit/accepted.ts'),
    import('../ops/roles/apply/apply.ts'),
  ]);
  const { comparison, session } = await compareOnce(context, await comparer(context));
  const plan = planOf(comparison);
  const answer = planAnswer(plan, 'planned', leftItems(plan), context.target(session), options['full'] === true);
  return options['sql'] === true ? { ...answer, view: { text: scriptOf(plan) } } : answer;
}

/** What the plan leaves: to a person, and what an exception accepts. */
export function leftItems({ left, accepted = [] }: RolePlan): Item[] {
  return [...personItems(left), ...accepted.map(acceptedItem)];
}

function acceptedItem({ id, object, exception, expires }: NonNullable<RolePlan['accepted']>[number]): Item {
  const message = `left as it is: exception ${exception} accepts it until ${expires}`;
  return item({ id, object, status: 'waived', severity: 'info', message, fix: null });
}

function personItems(left: RolePlan['left']): Item[] {
  return left.map((one) => {
    const object =
      'because' in one && one.because !== null ? one.because : 'role' in one ? one.role : 'grantee' in one ? one.grantee : '';
    return item({
      id: one.kind,
      object,
      status: 'fail',
      severity: 'medium',
      message: leftMessage(one),
      fix: 'dbctl roles audit says more',
    });
  });
}

function leftMessage(one: RolePlan['left'][number]): string {
  if ('problem' in one) return one.problem;
  if (one.kind === 'schema-missing') return `schema ${one.schema} is not there: dbctl migrate up, then dbctl roles apply again`;
  if (one.kind === 'exception-expired') return `exception ${one.id} ended on ${one.expired}`;
  if (one.kind === 'perhaps-lent')
    return `${one.member} is a member of ${one.role}, a loan or too much: whoever runs this may not see loans, and needs dbctl_auditor`;
  if (one.kind === 'default-excess')
    return `${one.grantee}, which is not in the file, will be granted what ${one.creator} makes, and roles.yaml does not say so`;
  if (one.kind !== 'grant-excess' && one.kind !== 'grant-option') return one.kind;
  const right = `a right on ${one.object.what} ${one.object.name} that roles.yaml does not say`;
  return one.grantee === 'PUBLIC'
    ? `everybody has ${right}, and all databases of the cluster share it`
    : `${one.grantee}, which is not in the file, has ${right}`;
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
