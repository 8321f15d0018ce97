import { join, resolve } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import type { ResetContent } from '../ops/dev/reset.ts';
import type { Seed } from '../ops/seed/seed.ts';
import { version } from '../package.ts';
import type { Context } from './context.ts';
import { devScope, namedMajor, VERSION_OPTION } from './dev-settings.ts';
import { migrateSession, migrateSettings } from './migrate-settings.ts';

export const spec: CommandSpec = {
  name: 'dev reset',
  summary: "put the project's development database back to a fresh one",
  description:
    'Drops the database on the development server, ends its sessions, and puts a migrated copy in its place, made from a template ' +
    'that is built again only when a migration or seed changes. It works on the development server and on nothing ' +
    'else, and asks no question, because that is all the command does. When a migration fails, the database stays as it was; ' +
    'so it does while rows of it are held (dbctl retention holds).',
  effect: 'destroys',
  options: [
    VERSION_OPTION,
    { flags: '--seed [name]', description: 'load a seed as well: dev (default) or demo, or another of migrations/seeds' },
  ],
  examples: [
    ['dbctl dev reset', 'an empty database with every migration applied'],
    ['dbctl dev reset --seed', 'the same with the rows of the dev seed'],
    ['dbctl dev reset --seed demo', 'with those of the demo seed'],
  ],
};

/** Fails with db.unreachable when the server does not run, with migration.failed when the template cannot be built. */
export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ devReset }, { chosenMajor }] = await Promise.all([import('../ops/dev/reset.ts'), import('../ops/dev/recorded.ts')]);
  const { environment, project } = await devScope(context);
  const { dryRun } = context.globals;
  const major = namedMajor(options) ?? (await chosenMajor(environment, project));
  const content = await contentOf(options['seed'], context);
  const started = context.clock().getTime();
  const { steps, names, server } = await devReset(environment, project, content, { major, dryRun }, context);
  const durationMs = context.clock().getTime() - started;
  const built = steps.some(({ id }) => id === 'build');
  return {
    ok: true,
    items: steps.map(({ id, object, summary, sql }) => item({ id, object, message: summary, detail: sql })),
    summary: { database: names.database, template: names.template, built, port: server.port, ...(dryRun ? {} : { durationMs }) },
    view: {
      columns: [
        { field: 'message', title: dryRun ? 'would be done' : 'done' },
        { field: 'object', title: 'on' },
      ],
      notes: dryRun
        ? []
        : [
            `${names.database} is fresh, with ${content.description}: ${durationMs} ms${built ? '; the next reset finds the template' : ''}.`,
          ],
    },
  };
}

/** A fresh database is what `migrate up` and `seed` make of an empty one. */
async function contentOf(seedOption: unknown, context: Context): Promise<ResetContent> {
  const seedName = seedOption === true ? 'dev' : (seedOption as string | undefined);
  const { config, folder } = await context.config();
  const migrations = resolve(folder, config.migrations.folder);
  const [{ readSeed }, { schemaSql }] = await Promise.all([
    import('../ops/seed/seed.ts'),
    import('../ops/schema/dbctl-schema.ts'),
  ]);
  // Read before anything is touched: a seed that is not there must not cost a database.
  const seed = seedName === undefined ? undefined : await readSeed(migrations, seedName);
  return {
    description: `the migrations${seedName === undefined ? '' : ` and the seed ${seedName}`}`,
    sources: [...(await migrationFiles(migrations)), ...(seed?.files.map(({ file }) => file) ?? [])],
    words: [
      version(),
      config.migrations.table,
      seedName ?? '',
      JSON.stringify(config.immutability),
      schemaSql(config.migrations.table),
    ],
    fill: (target) => fill(target, seed, context),
  };
}

async function fill(target: Parameters<ResetContent['fill']>[0], seed: Seed | undefined, context: Context): Promise<void> {
  const [{ withSession }, { migrateUp, MIGRATE_SESSION_SETTINGS }, { installGuards }, { immutabilitySettings }, { loadSeed }] =
    await Promise.all([
      import('../db/session.ts'),
      import('../ops/migrate/up.ts'),
      import('../ops/immutability/install.ts'),
      import('../ops/immutability/settings.ts'),
      import('../ops/seed/seed.ts'),
    ]);
  const guards = immutabilitySettings((await context.config()).config);
  const settings = await migrateSettings(context);
  const { progress, signal } = context;
  await withSession(target, { ...migrateSession(settings, MIGRATE_SESSION_SETTINGS), signal }, async (session) => {
    await migrateUp(session, settings, { progress, signal });
    if (guards.tables.length > 0) await installGuards(session, guards, { table: settings.table, progress });
    if (seed !== undefined) await loadSeed(session, seed);
  });
}

/** The folder's own files: what lies below it (seeds) counts only when it is loaded. */
async function migrationFiles(folder: string): Promise<readonly string[]> {
  const { readdir } = await import('node:fs/promises');
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => join(folder, name))
    .toSorted();
}
