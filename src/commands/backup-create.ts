import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import type { Config } from '../config/config.ts';
import type { JsonObject } from '../core/json.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { Manifest } from '../ops/backup/manifest.ts';
import type { Distributed } from '../ops/backup/distribute.ts';
import type { EngineChoice } from '../ops/backup/engine.ts';
import type { BackupInputs } from '../ops/backup/inputs.ts';
import { BACKUP_SESSION, REPOSITORIES_OPTION, bytesOf, openBackups, sizeText } from './backup-context.ts';
import { MADE_COLUMNS, manyAnswer, wantedDatabases } from './backup-databases.ts';
import { withNotices } from './notices.ts';
import { rehearse } from './backup-rehearsal.ts';
import type { Context } from './context.ts';
import { migrateSettings } from './migrate-settings.ts';
import { toolsContext } from './tools-context.ts';

export const spec: CommandSpec = {
  name: 'backup create',
  summary: 'back up the database, or the whole server, with what a restore will be compared with',
  description:
    'One snapshot carries the dump (pg_dump, directory format, zstd), the definitions, and a fingerprint of every table: rows and a hash. ' +
    'Roles and settings of the cluster stand beside it, without passwords. With backup.encryption.recipients every file is encrypted, and no ' +
    'private key is needed here. Every file is hashed into a signed manifest, and the backup ' +
    'appears in each repository of dbctl.yaml whole or not at all: one that does not answer is exit 1, and dbctl backup sync catches up. Takes ' +
    'no lock that writers notice; needs select on every table. A physical backup needs ' +
    'the attribute REPLICATION and no client program; an incremental one holds what changed since another, needs summarize_wal on, and is ' +
    'restored together with those it was made on, by pg_combinebackup.',
  effect: 'reads',
  options: [
    {
      flags: '--type <type>',
      description: 'logical: a dump of this database; physical: the files of the whole server, over the replication protocol',
      choices: ['logical', 'physical'],
      default: 'logical',
    },
    { flags: '--incremental', description: 'with --type physical: only the blocks that changed since another physical backup' },
    { flags: '--base <id>', description: 'with --incremental: since this one (default: the newest of this server)' },
    {
      flags: '--engine <engine>',
      description:
        'with --type physical: tools: pg_basebackup; native: dbctl itself; auto: pg_basebackup where it is found and nothing is compressed or encrypted',
      choices: ['auto', 'tools', 'native'],
      default: 'auto',
    },
    {
      flags: '--database <name>',
      description: 'of this server, instead of the one of --env; a backup of each',
      repeatable: true,
    },
    { flags: '--all-databases', description: 'one backup of each database of the server that takes connections' },
    REPOSITORIES_OPTION,
  ],
  examples: [
    ['dbctl backup create --env prod', 'into every repository of dbctl.yaml'],
    ['dbctl backup create --env prod --repository offsite', 'into one'],
    ['dbctl backup create --env prod --all-databases --dry-run', 'are the programs there, and may the role read everything?'],
    ['dbctl backup create --env prod --all-databases', 'each database of the server by itself; exit 1 when one fails'],
    ['dbctl backup create --env prod --type physical', 'every database of the server, with nothing installed but npm'],
    ['dbctl backup create --env prod --type physical --incremental', 'what changed since the newest one'],
  ],
};

export const run = (options: ParsedOptions, context: Context): Promise<Answer> =>
  withNotices(spec.name, context, () => act(options, context));

async function act(options: ParsedOptions, context: Context): Promise<Answer> {
  await requirePhysical(options);
  const backups = await openBackups(context, options['repository'] as string | undefined);
  const [signer, target, { operator }] = await Promise.all([backups.signer(), context.connection(), migrateSettings(context)]);
  const { distribute, homeOf } = await import('../ops/backup/distribute.ts');
  const { config, repositories } = backups;
  const home = await homeOf(repositories);
  if (home.codec.recipients.length === 1) {
    context.log.warn(
      'one recipient alone can open the backups: make a second identity with dbctl backup key, and keep it elsewhere',
    );
  }
  const physical = options['type'] === 'physical';
  return context.withDatabase(BACKUP_SESSION, async (opened) => {
    const databases = await wantedDatabases(options, opened);
    if (context.globals.dryRun) return rehearse(opened, { target, databases, home, repositories }, options, context);
    const started = context.clock().getTime();
    const inputs = {
      repository: home,
      target,
      signer,
      project: config.project,
      environment: context.globals.env,
      operator: operator.name,
      dbctl: operator.toolVersion,
      clock: context.clock,
      progress: context.progress,
      signal: context.signal,
    };
    const seconds = (since: number) => (context.clock().getTime() - since) / 1000;
    if (databases !== null) {
      const { eachDatabase } = await import('../ops/backup/many.ts');
      const outcomes = await eachDatabase(
        databases,
        target,
        { ...BACKUP_SESSION, signal: context.signal },
        async (one, there) => {
          const began = context.clock().getTime();
          const made = await logicalBackup(one, { ...inputs, target: there }, config, context);
          return answer(made, await distribute(made, home, repositories, context), seconds(began), context.target(one));
        },
      );
      return manyAnswer(outcomes, seconds(started), context.target(opened));
    }
    const manifest = physical
      ? await physicalBackup(opened, inputs, options, { publicKeys: backups.publicKeys, context })
      : await logicalBackup(opened, inputs, config, context);
    const distributed = await distribute(manifest, home, repositories, context);
    return answer(manifest, distributed, seconds(started), context.target(opened));
  });
}

/** What speaks of files of the server says nothing to a dump. Fails with usage. */
async function requirePhysical(options: ParsedOptions): Promise<void> {
  const { fail } = await import('../core/errors.ts');
  const given = (['incremental', 'base'] as const).find((name) => options[name] !== undefined && options[name] !== false);
  const flag = given ?? (options['engine'] === 'auto' ? undefined : 'engine');
  if (flag !== undefined && options['type'] !== 'physical')
    fail('usage', `--${flag} goes with --type physical`, { hint: 'Run dbctl backup create --help.' });
  if (given === 'base') fail('usage', '--base goes with --incremental', { hint: 'Run dbctl backup create --help.' });
}

async function physicalBackup(
  session: Session,
  inputs: BackupInputs,
  options: ParsedOptions,
  { publicKeys, context }: { readonly publicKeys: readonly string[]; readonly context: Context },
): Promise<Manifest> {
  const [{ createPhysicalBackup }, { places }] = await Promise.all([import('../ops/backup/physical.ts'), toolsContext(context)]);
  const { base, incremental, engine } = options;
  return createPhysicalBackup(session, {
    ...inputs,
    tools: places,
    engine: engine as EngineChoice,
    incremental: incremental === true ? { id: (base as string | undefined) ?? null, publicKeys } : null,
  });
}

async function logicalBackup(session: Session, inputs: BackupInputs, { backup }: Config, context: Context): Promise<Manifest> {
  const [{ createLogicalBackup }, { places }] = await Promise.all([import('../ops/backup/create.ts'), toolsContext(context)]);
  return createLogicalBackup(session, { ...inputs, tools: places, jobs: backup.jobs, lockWaitMs: backup.lock_wait });
}

function answer(manifest: Manifest, distributed: readonly Distributed[], seconds: number, target: Answer['target']): Answer {
  const { id, type, files, source } = manifest;
  const bytes = bytesOf(manifest);
  const what = whatOf(manifest);
  const failed = distributed.filter(({ outcome }) => outcome === null);
  return {
    ok: failed.length === 0,
    items: distributed.map((one) => repositoryItem(id, one, what.text, bytes)),
    summary: {
      id,
      type,
      repository: distributed.find(({ outcome }) => outcome !== null)?.repository ?? null,
      repositories: distributed.length,
      failed: failed.length,
      ...what.summary,
      files: files.length,
      bytes,
      seconds,
    },
    target: target ?? null,
    view: {
      columns: MADE_COLUMNS,
      notes: [
        `${sizeText(bytes)} of ${sizeText(source.sizeBytes)} in the server, in ${seconds.toFixed(1)} s. It counts when it was restored and compared: dbctl backup drill`,
      ],
    },
  };
}

function repositoryItem(id: string, { repository, problem }: Distributed, what: string, bytes: number): Item {
  if (problem === null) return item({ id, object: repository, message: what, bytes });
  return item({
    id,
    object: repository,
    status: 'fail',
    severity: 'high',
    message: `not there: ${problem}`,
    fix: 'dbctl backup sync',
    bytes,
  });
}

function whatOf(manifest: Manifest): { readonly text: string; readonly summary: JsonObject } {
  if (manifest.type === 'physical') {
    const { parent, engine, endLsn, programs } = manifest;
    const { databases } = manifest.source;
    const by = engine === 'native' ? 'dbctl itself' : `pg_basebackup ${programs['pg_basebackup']}`;
    const what = parent === null ? 'the whole server' : `what changed since ${parent.id}`;
    return {
      text: `${what}, ${databases.length} ${databases.length === 1 ? 'database' : 'databases'}, up to ${endLsn}, taken by ${by}`,
      summary: { databases, endLsn, engine, parent: parent?.id ?? null },
    };
  }
  const { tables } = manifest.fingerprint;
  const rows = tables.reduce((sum, table) => sum + Number(table.rows), 0);
  return { text: `${rows} rows of ${tables.length} tables`, summary: { rows, tables: tables.length } };
}
