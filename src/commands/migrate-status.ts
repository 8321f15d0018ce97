import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import type { Answer } from '../core/report.ts';
import type { Context } from './context.ts';
import { migrateSettings } from './migrate-settings.ts';

export const spec: CommandSpec = {
  name: 'migrate status',
  summary: 'compare the migrations folder with the database',
  description:
    'Every version with its state: applied, pending, unfinished, changed, missing, out-of-order. Exit 1 unless all are applied.',
  effect: 'reads',
  targets: true,
  examples: [
    ['dbctl migrate status --env prod', 'is anything pending, changed or missing?'],
    [`dbctl migrate status --format json | jq '.summary'`, 'the counts, for a pipeline'],
  ],
};

export async function run(_options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ readMigrations }, { refuseProblems }, { readHistory }, { planMigrations }, { describeState }] = await Promise.all([
    import('../ops/migrate/file.ts'),
    import('../ops/migrate/refuse.ts'),
    import('../ops/migrate/history.ts'),
    import('../ops/migrate/plan.ts'),
    import('../ops/migrate/describe.ts'),
  ]);
  const settings = await migrateSettings(context);
  const folder = await readMigrations(settings.folder);
  refuseProblems(folder);
  return context.withDatabase({ access: 'read', applicationName: 'dbctl migrate' }, async (session) => {
    const { states } = planMigrations(folder.files, await readHistory(session, settings.table));
    const items = states.map(describeState);
    const counts: Record<string, number> = { applied: 0, pending: 0 };
    for (const { kind } of states) counts[kind] = (counts[kind] ?? 0) + 1;
    return {
      ok: items.every(({ status }) => status === 'pass'),
      items,
      summary: counts,
      target: context.target(session),
      view: {
        columns: [
          { field: 'id', title: 'version' },
          { field: 'object', title: 'file' },
          { field: 'state', title: 'state' },
          { field: 'appliedAt', title: 'applied at' },
          { field: 'durationMs', title: 'ms', align: 'right' },
        ],
        notes: items
          .filter(({ status, severity }) => status === 'fail' || severity === 'low')
          .filter(({ state }) => state !== 'pending')
          .map(({ object, message, fix }) => `${object}: ${message}${fix === null ? '' : `. ${fix}`}`),
      },
    };
  });
}
