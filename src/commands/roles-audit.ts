import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { atLeast, countByStatus, item, SEVERITIES, type Answer, type Item, type Severity, type View } from '../core/report.ts';
import type { Context } from './context.ts';
import type { JudgedFinding } from '../ops/roles/audit/exceptions.ts';
import { compareOnce, comparer } from './roles-context.ts';
import { findingsView, FULL } from './roles-overview.ts';

export const spec: CommandSpec = {
  name: 'roles audit',
  summary: 'who can do what that roles.yaml does not say, and by which way',
  description:
    'Works out from ACLs and memberships what every role may do now, after SET ROLE, and after granting itself what it may grant, and ' +
    'compares it with roles.yaml: roles, attributes, settings, memberships, owners, privileges, default privileges, PUBLIC, row-level ' +
    'security. Besides, it looks for the ways by which rights lead to more than their names say: docs/roles.md lists them. Each finding ' +
    'says who granted it, who reaches it by which way, and the statement that puts it right; one that an exception of the file accepts ' +
    'is waived until its day. Reads in one snapshot, changes nothing, needs no more than a login: what a login may not see is unknown, ' +
    'never passed. Exit 1 when there is a finding at or above --fail-on.',
  effect: 'reads',
  targets: true,
  options: [
    {
      flags: '--fail-on <severity>',
      description: 'the least severity that makes the answer no',
      choices: SEVERITIES,
      default: 'medium',
    },
    { flags: '--strict', description: 'what could not be seen makes the answer no, too' },
    FULL,
  ],
  examples: [
    ['dbctl roles audit --env prod', 'every night'],
    ['dbctl roles audit --env ci --out sarif=roles.sarif', 'in a pull request'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ auditRoles }, { readEscalationDetails }, { loanItems }] = await Promise.all([
    import('../ops/roles/audit/audit.ts'),
    import('../ops/roles/escalation/read.ts'),
    import('../ops/roles/loan/items.ts'),
  ]);
  const threshold = options['failOn'] as Severity;
  const compare = await comparer(context);
  const { comparison: read, session } = await compareOnce(context, async (session) => {
    const comparison = await compare(session);
    return { comparison, details: await readEscalationDetails(session, comparison.catalog.roles) };
  });
  const items = [
    ...auditRoles(read.comparison, read.details).map(auditItem),
    ...loanItems(read.comparison.loans === undefined ? [] : read.comparison.loans),
  ];
  const { catalog } = read.comparison;
  const counts = options['strict'] === true ? ['fail', 'unknown'] : ['fail'];
  return {
    ok: !items.some(({ status, severity }) => counts.includes(status) && atLeast(severity, threshold)),
    items,
    summary: { ...countByStatus(items), roles: catalog.roles.length, objects: catalog.objects.length },
    target: context.target(session),
    view: auditView(items, options['full'] === true, context.globals.env),
  };
}

function auditView(items: readonly Item[], full: boolean, env: string): View {
  const view = findingsView(items, full);
  const each =
    view.overview === undefined ? '' : ` Each, with who reaches it and its fix: dbctl roles audit --full --env ${env}.`;
  return { ...view, notes: [`${note(countByStatus(items), env)}${each}`] };
}

function auditItem({ role, detail, ...finding }: JudgedFinding): Item {
  return item({ ...finding, detail: { role, ...detail } });
}

function note({ fail, unknown, waived }: ReturnType<typeof countByStatus>, env: string): string {
  const others = [
    ...(waived === 0 ? [] : [`${waived} accepted by exceptions of the file.`]),
    ...(unknown === 0 ? [] : [`${unknown} could not be seen.`]),
  ];
  const first =
    fail === 0
      ? 'Roles and rights are as roles.yaml says.'
      : `${fail === 1 ? '1 finding' : `${fail} findings`}. What dbctl roles apply would put right: dbctl roles plan --env ${env}.`;
  return [first, ...others].join(' ');
}
