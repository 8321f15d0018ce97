import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import type { Config } from '../config/config.ts';
import type { JsonObject } from '../core/json.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { Manifest } from '../ops/backup/manifest.ts';
import type { Distributed } from '../ops/backup/distribute.ts';
import type { BackupInputs } from '../ops/backup/inputs.ts';
import { REPOSITORY_OPTION, bytesOf, openBackups, sizeText } from './backup-context.ts';
import type { Context } from './context.ts';
import { migrateSettings } from './migrate-settings.ts';
import { toolsContext } from './tools-context.ts';

export const spec: CommandSpec = {
  name: 'backup create',
  summary: 'back up the database, or the whole server, with what a restore will be compared with',
  description:
    'One snapshot carries the dump (pg_dump, directory format, zstd), the definitions, and a fingerprint of every table: rows and a hash. ' +
    'Roles and settings of the cluster stand beside it, without passwords. Every file is hashed into a signed manifest, and the backup ' +
    'appears in each repository of dbctl.yaml whole or not at all: one that does not answer is exit 1, and dbctl backup sync catches up. Takes no lock that writers notice; needs select on every table. A physical backup needs ' +
    'the attribute REPLICATION and no client program.',
  effect: 'reads',
  options: [
    {
      flags: '--type <type>',
      description: 'logical: a dump of this database; physical: the files of the whole server, over the replication protocol',
      choices: ['logical', 'physical'],
      default: 'logical',
    },
    REPOSITORY_OPTION,
  ],
  examples: [
    ['dbctl backup create --env prod', 'into every repository of dbctl.yaml'],
    ['dbctl backup create --env prod --repository offsite', 'into one'],
    ['dbctl backup create --env prod --type physical', 'every database of the server, with nothing installed but npm'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const backups = await openBackups(context, options['repository'] as string | undefined);
  const [signer, target, { operator }] = await Promise.all([backups.signer(), context.connection(), migrateSettings(context)]);
  const { distribute, homeOf } = await import('../ops/backup/distribute.ts');
  const { config, repositories } = backups;
  const home = await homeOf(repositories);
  const physical = options['type'] === 'physical';
  const session = {
    access: 'read',
    applicationName: 'dbctl backup',
    statementTimeoutMs: 0,
    idleInTransactionTimeoutMs: 0,
  } as const;
  return context.withDatabase(session, async (opened) => {
    if (context.globals.dryRun) {
      const message = `a backup of ${physical ? 'the whole server' : opened.database} would be made in ${repositories.map(({ storage }) => storage.place).join(', ')}`;
      const items = [item({ id: 'backup', object: home.name, message })];
      return { ok: true, items, summary: {}, target: context.target(opened) };
    }
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
    const manifest = physical ? await physicalBackup(opened, inputs) : await logicalBackup(opened, inputs, config, context);
    const distributed = await distribute(manifest, home, repositories, context);
    return answer(manifest, distributed, (context.clock().getTime() - started) / 1000, context.target(opened));
  });
}

async function physicalBackup(session: Session, inputs: BackupInputs): Promise<Manifest> {
  const { createPhysicalBackup } = await import('../ops/backup/physical.ts');
  return createPhysicalBackup(session, inputs);
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
      columns: [
        { field: 'id', title: 'backup' },
        { field: 'object', title: 'in' },
        { field: 'message', title: '' },
      ],
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
    const { databases } = manifest.source;
    return {
      text: `the whole server, ${databases.length} databases, up to ${manifest.endLsn}`,
      summary: { databases, endLsn: manifest.endLsn },
    };
  }
  const { tables } = manifest.fingerprint;
  const rows = tables.reduce((sum, table) => sum + Number(table.rows), 0);
  return { text: `${rows} rows of ${tables.length} tables`, summary: { rows, tables: tables.length } };
}
