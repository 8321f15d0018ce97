import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { atLeast, countByStatus, item, SEVERITIES, type Answer, type Severity } from '../core/report.ts';
import type { Context } from './context.ts';
import { compareOnce, comparer } from './roles-context.ts';

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
  ],
  examples: [
    ['dbctl roles audit --env prod', 'every night'],
    ['dbctl roles audit --env ci --out sarif=roles.sarif', 'in a pull request'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ differences }, { differenceFindings }, { whoReaches }] = await Promise.all([
    import('../ops/roles/difference/differences.ts'),
    import('../ops/roles/audit/difference-findings.ts'),
    import('../ops/roles/audit/reached-by.ts'),
  ]);
  const threshold = options['failOn'] as Severity;
  const { comparison, session } = await compareOnce(context, await comparer(context));
  const { catalog } = comparison;
  const findings = differenceFindings(differences(comparison), comparison, whoReaches(catalog));
  const items = findings.map(({ role, detail, ...finding }) => item({ ...finding, status: 'fail', detail: { role, ...detail } }));
  return {
    ok: !items.some(({ severity }) => atLeast(severity, threshold)),
    items,
    summary: { ...countByStatus(items), roles: catalog.roles.length, objects: catalog.objects.length },
    target: context.target(session),
    view: {
      notes: [
        items.length === 0
          ? 'Roles and rights are as roles.yaml says.'
          : `${items.length} findings. Put right what can be: dbctl roles plan`,
      ],
    },
  };
}
