import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { TableStatus } from '../ops/immutability/status.ts';
import type { Context } from './context.ts';
import { run as verify } from './verify.ts';

export const spec: CommandSpec = {
  name: 'immutability status',
  summary: 'how each append-only table is guarded now, and what drifted',
  description:
    'One line a table: guards, owner, partitions, refused attempts; then what differs from how it was left, with the statement that ' +
    'repairs it, and the findings of the checks of group immutability, which look at the catalogs and trust nothing of dbctl in the ' +
    'database. Exit 1 on drift or findings. Needs no more than a login; membership in dbctl_auditor shows the registry as well.',
  effect: 'reads',
  targets: true,
  examples: [
    ['dbctl immutability status --env prod', 'are the tables guarded as they were left?'],
    ['dbctl immutability status --env prod --format json', 'the same for a machine'],
  ],
};

export async function run(_options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ tableStatuses }, { immutabilitySettings }] = await Promise.all([
    import('../ops/immutability/status.ts'),
    import('../ops/immutability/settings.ts'),
  ]);
  const settings = immutabilitySettings((await context.config()).config);
  const checked = await verify({ group: ['immutability'] }, context);
  return context.withDatabase({ access: 'read', applicationName: 'dbctl immutability' }, async (session: Session) => {
    const { tables, lastTest, notes } = await tableStatuses(session, settings);
    const findings = checked.items.filter(({ status }) => status !== 'pass');
    return {
      ok: checked.ok && tables.every(({ problems }) => problems.length === 0),
      items: [...tables.map(tableItem), ...findings],
      summary: {
        ...checked.summary,
        tables: tables.length,
        drifted: tables.filter(({ problems }) => problems.length > 0).length,
      },
      target: context.target(session),
      view: { notes: [...notes, lastTestNote(lastTest)] },
    };
  });
}

function tableItem({ table, guards, owner, partitions, attempts, problems }: TableStatus): Item {
  const drifted = problems.length > 0;
  return item({
    id: 'guarded',
    object: table,
    status: drifted ? 'fail' : 'pass',
    severity: drifted ? 'high' : 'info',
    message: drifted
      ? problems.map(({ problem }) => problem).join('; ')
      : `guarded with ${partitions} partitions; owner ${owner}; ${attempts} refused attempts`,
    fix: problems[0]?.fix ?? null,
    guards,
    owner,
    partitions,
    attempts,
    problems: problems.map(({ problem, fix }) => ({ problem, fix })),
  });
}

const lastTestNote = (at: string | null): string =>
  at === null
    ? 'The guards were never tested here: dbctl immutability test'
    : `Last tested at ${at}. Again: dbctl immutability test`;
