import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import { REPOSITORY_OPTION, bytesOf, openBackups, sizeText } from './backup-context.ts';
import type { Context } from './context.ts';
import { migrateSettings } from './migrate-settings.ts';
import { toolsContext } from './tools-context.ts';

export const spec: CommandSpec = {
  name: 'backup create',
  summary: 'dump the database, with what a restore of it will be compared with',
  description:
    'One snapshot carries the dump (pg_dump, directory format, zstd), the definitions, and a fingerprint of every table: rows and a hash. ' +
    'Roles and settings of the cluster stand beside it, without passwords. Every file is hashed into a signed manifest, and the backup ' +
    'appears in the repository whole or not at all. Takes no lock that writers notice; needs select on every table.',
  effect: 'reads',
  options: [REPOSITORY_OPTION],
  examples: [
    ['dbctl backup create --env prod', 'into the first repository of dbctl.yaml'],
    ['dbctl backup create --env prod --repository offsite', 'into another one'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { createLogicalBackup } = await import('../ops/backup/create.ts');
  const backups = await openBackups(context, options['repository'] as string | undefined);
  const [signer, target, { places }, { operator }] = await Promise.all([
    backups.signer(),
    context.connection(),
    toolsContext(context),
    migrateSettings(context),
  ]);
  const { config, repository } = backups;
  const session = {
    access: 'read',
    applicationName: 'dbctl backup',
    statementTimeoutMs: 0,
    idleInTransactionTimeoutMs: 0,
  } as const;
  return context.withDatabase(session, async (opened) => {
    if (context.globals.dryRun) {
      const message = `a backup of ${opened.database} would be made in ${repository.folder}`;
      return {
        ok: true,
        items: [item({ id: 'backup', object: repository.name, message })],
        summary: {},
        target: context.target(opened),
      };
    }
    const started = context.clock().getTime();
    const manifest = await createLogicalBackup(opened, {
      repository,
      target,
      tools: places,
      signer,
      project: config.project,
      environment: context.globals.env,
      operator: operator.name,
      dbctl: operator.toolVersion,
      jobs: config.backup.jobs,
      lockWaitMs: config.backup.lock_wait,
      clock: context.clock,
      progress: context.progress,
      signal: context.signal,
    });
    const { id, fingerprint, files, source } = manifest;
    const rows = fingerprint.tables.reduce((sum, table) => sum + Number(table.rows), 0);
    const seconds = (context.clock().getTime() - started) / 1000;
    return {
      ok: true,
      items: [
        item({
          id,
          object: repository.name,
          message: `${rows} rows of ${fingerprint.tables.length} tables`,
          bytes: bytesOf(manifest),
        }),
      ],
      summary: {
        id,
        repository: repository.name,
        rows,
        tables: fingerprint.tables.length,
        files: files.length,
        bytes: bytesOf(manifest),
        seconds,
      },
      target: context.target(opened),
      view: {
        columns: [
          { field: 'id', title: 'backup' },
          { field: 'object', title: 'in' },
          { field: 'message', title: '' },
        ],
        notes: [
          `${sizeText(bytesOf(manifest))} of a database of ${sizeText(source.sizeBytes)}, in ${seconds.toFixed(1)} s. It counts when it was restored and compared: dbctl backup drill`,
        ],
      },
    };
  });
}
