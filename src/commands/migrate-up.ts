import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { Context } from './context.ts';
import { run as planRun } from './migrate-plan.ts';
import { migrateSession, migrateSettings, parseVersion } from './migrate-settings.ts';

export const spec: CommandSpec = {
  name: 'migrate up',
  summary: 'apply the pending migrations',
  description:
    'Each migration and its history row are one transaction, sent as one message: after a crash all of it is there or nothing. ' +
    'One runner works at a time, others wait for it. A statement waits at most migrations.lock_timeout for a lock; then the ' +
    'migration is rolled back and tried again. Files that begin with `--! transaction: none` run statement by statement with a ' +
    'journal, and go on where they stopped. At the end append-only tables of dbctl.yaml that are not guarded yet are guarded.',
  effect: 'changes',
  options: [
    { flags: '--to <version>', description: 'stop after this version', parse: parseVersion },
    { flags: '--out-of-order', description: 'also run migrations numbered below the last applied one' },
  ],
  examples: [
    ['dbctl migrate up --env dev', 'apply everything that is pending'],
    ['dbctl migrate up --env prod --dry-run', 'show what would run, and stop'],
    ['dbctl migrate up --to 012', 'stop after version 012'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  if (context.globals.dryRun) return planRun({ to: options['to'] }, context);
  const [{ migrateUp, MIGRATE_SESSION_SETTINGS }, { ensureGuards }, { immutabilitySettings }] = await Promise.all([
    import('../ops/migrate/up.ts'),
    import('../ops/immutability/ensure.ts'),
    import('../ops/immutability/settings.ts'),
  ]);
  const { config } = await context.config();
  const settings = await migrateSettings(context);
  return context.withDatabase(migrateSession(settings, MIGRATE_SESSION_SETTINGS), async (session) => {
    await refuseOtherMajor(context, session);
    const target = options['to'] as number | undefined;
    const { applied, before } = await migrateUp(session, settings, {
      ...(target === undefined ? {} : { target }),
      outOfOrder: options['outOfOrder'] === true,
      progress: context.progress,
      signal: context.signal,
    });
    const items = applied.map(({ migration, durationMs }): Item =>
      item({
        id: migration.id,
        object: migration.file,
        message: `applied in ${durationMs} ms`,
        state: 'applied',
        version: migration.version,
        durationMs,
      }),
    );
    // A run that stops half way has not made all of the tables yet.
    const guards =
      target === undefined
        ? await ensureGuards(session, immutabilitySettings(config), { table: settings.table, progress: context.progress })
        : [];
    return {
      ok: guards.every(({ status }) => status !== 'fail'),
      items: [...items, ...guards],
      summary: { applied: applied.length, before },
      target: context.target(session),
      view: {
        columns: [
          { field: 'id', title: 'version' },
          { field: 'object', title: 'file' },
          { field: 'durationMs', title: 'ms', align: 'right' },
        ],
        notes: [
          applied.length === 0
            ? `Nothing to do: all ${before} migrations are applied.`
            : `${applied.length} applied, ${before + applied.length} in all.`,
          ...guards.map(({ object, message }) => `${object}: ${message}`),
        ],
      },
    };
  });
}

/** Migrations are written for one major version: uuidv7(), virtual columns and the like do not exist on the one before. */
async function refuseOtherMajor(context: Context, session: Session): Promise<void> {
  const pin = (await context.config()).config.postgres.version;
  const major = Math.floor(session.serverVersion / 10_000);
  if (String(major) === pin.split('.')[0]) return;
  fail('db.version', `the server is PostgreSQL ${session.serverVersionText}, and this project is pinned to ${pin}`, {
    hint: 'Connect to a server of the pinned major version, or change postgres.version in dbctl.yaml in a reviewed change.',
  });
}
