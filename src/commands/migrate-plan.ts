import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import type { Answer, Item } from '../core/report.ts';
import type { Context } from './context.ts';
import { migrateSettings, parseVersion } from './migrate-settings.ts';

export const spec: CommandSpec = {
  name: 'migrate plan',
  summary: 'show what migrate up would run, and whether it could',
  description:
    'Reads files and history, parses every pending file with the grammar of PostgreSQL 18, and changes nothing. Exit 1 when drift stands in the way.',
  effect: 'reads',
  targets: true,
  options: [{ flags: '--to <version>', description: 'plan up to this version', parse: parseVersion }],
  examples: [
    ['dbctl migrate plan --env prod', 'what the next deployment will do to the database'],
    ['dbctl migrate plan --format json', 'the same for a pipeline'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ planUp }, { describeState }] = await Promise.all([
    import('../ops/migrate/up.ts'),
    import('../ops/migrate/describe.ts'),
  ]);
  const settings = await migrateSettings(context);
  return context.withDatabase({ access: 'read', applicationName: 'dbctl migrate' }, async (session) => {
    const { plan, examined } = await planUp(session, settings, options['to'] as number | undefined);
    const statements = new Map(examined.map((entry) => [entry.migration.version, entry.statements.length]));
    const runnable = plan.states
      .filter(({ kind }) => kind === 'pending' || kind === 'unfinished')
      .map((state): Item => {
        const described = describeState(state);
        const file = 'file' in state ? state.file : undefined;
        const count = statements.get(file?.version ?? 0) ?? 0;
        const transaction = file?.transactional === true ? 'one transaction' : 'statement by statement';
        return {
          ...described,
          status: 'pass',
          severity: 'info',
          fix: null,
          statements: count,
          transaction,
          message: `would run: ${count} statements, ${transaction}`,
        };
      });
    const blocking = plan.blocking.map(describeState);
    return {
      ok: blocking.length === 0,
      items: [...blocking, ...runnable],
      summary: { runnable: runnable.length, blocking: blocking.length },
      target: context.target(session),
      view: {
        columns: [
          { field: 'id', title: 'version' },
          { field: 'object', title: 'file' },
          { field: 'message', title: 'what happens' },
        ],
        notes: [
          blocking.length > 0
            ? `${blocking.length} in the way: migrate up would refuse.`
            : runnable.length === 0
              ? 'Nothing to do.'
              : `${runnable.length} would run. Nothing was changed.`,
        ],
      },
    };
  });
}
