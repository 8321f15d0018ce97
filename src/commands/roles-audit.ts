import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { atLeast, countByStatus, item, SEVERITIES, type Answer, type Item, type Severity, type View } from '../core/report.ts';
import type { Context } from './context.ts';
import { compareOnce, comparer } from './roles-context.ts';
import { findingsView, FULL } from './roles-overview.ts';

export const spec: CommandSpec = {
  name: 'roles audit',
  summary: 'who can do what that roles.yaml does not say, and by which way',
  description:
    'Works out from ACLs and memberships what every role may do now, after SET ROLE, and after granting itself what it may grant, and ' +
    'compares it with roles.yaml: roles, attributes, settings, memberships, owners, privileges, default privileges, PUBLIC, row-level ' +
    'security. Each finding says who granted it, who reaches it by which way, and the statement that puts it right. Reads in one snapshot, ' +
    'changes nothing, needs no more than a login. Exit 1 when there is a finding at or above --fail-on.',
  effect: 'reads',
  options: [
    {
      flags: '--fail-on <severity>',
      description: 'the least severity that makes the answer no',
      choices: SEVERITIES,
      default: 'medium',
    },
    FULL,
  ],
  examples: [
    ['dbctl roles audit --env prod', 'every night'],
    ['dbctl roles audit --env ci --out sarif=roles.sarif', 'in a pull request'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ differences }, { differenceFindings }, { foldMissingRoles }, { whoReaches }, { loanItems }] = await Promise.all([
    import('../ops/roles/difference/differences.ts'),
    import('../ops/roles/audit/difference-findings.ts'),
    import('../ops/roles/audit/missing-roles.ts'),
    import('../ops/roles/audit/reached-by.ts'),
    import('../ops/roles/loan/items.ts'),
  ]);
  const threshold = options['failOn'] as Severity;
  const { comparison, session } = await compareOnce(context, await comparer(context));
  const { catalog } = comparison;
  const findings = foldMissingRoles(differenceFindings(differences(comparison), comparison, whoReaches(catalog)));
  const items = [
    ...findings.map(({ role, detail, ...finding }) => item({ ...finding, status: 'fail', detail: { role, ...detail } })),
    ...loanItems(comparison.loans === undefined ? [] : comparison.loans),
  ];
  return {
    ok: !items.some(({ status, severity }) => status === 'fail' && atLeast(severity, threshold)),
    items,
    summary: { ...countByStatus(items), roles: catalog.roles.length, objects: catalog.objects.length },
    target: context.target(session),
    view: auditView(items, options['full'] === true),
  };
}

function auditView(items: readonly Item[], full: boolean): View {
  const view = findingsView(items, full);
  if (items.length === 0) return { notes: ['Roles and rights are as roles.yaml says.'] };
  const each = view.overview === undefined ? '' : ' Each, with who reaches it and its fix: dbctl roles audit --full.';
  return {
    ...view,
    notes: [`${items.length} ${items.length === 1 ? 'finding' : 'findings'}.${each} Put right what can be: dbctl roles plan`],
  };
}
