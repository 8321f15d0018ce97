import { resolve } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Comparison } from '../ops/restore/compare.ts';
import type { Manifest } from '../ops/backup/manifest.ts';
import { REPOSITORY_OPTION, chooseBackup, openBackups, type Backups } from './backup-context.ts';
import type { Context } from './context.ts';
import { toolsContext } from './tools-context.ts';

export const spec: CommandSpec = {
  name: 'restore',
  summary: 'restore a backup into an empty database or a new data folder, and compare it',
  description:
    'The database is that of --env, and has to be there and empty: create it first. Before anything is touched, seal and hashes of the ' +
    'backup, version, locale, roles and extensions are looked at. Afterwards rows, sequences, definitions, owners, grants, policies and the ' +
    'state of triggers are compared with what was seen when the backup was made; a difference is exit 1. Refuses protected environments.',
  effect: 'destroys',
  args: [{ name: '[id]', description: 'the backup (default: latest)' }],
  options: [
    { flags: '--data <folder>', description: 'a physical backup into this new data folder; no server is started' },
    {
      flags: '--to <point>',
      description: 'with --data: replay the archived write-ahead log up to this time (with its zone) or LSN',
    },
    REPOSITORY_OPTION,
  ],
  examples: [
    ['dbctl restore --env staging', 'the newest backup'],
    ['dbctl restore --data /var/lib/postgresql/restored', 'the files of a physical backup'],
    ['dbctl restore --data /var/lib/postgresql/restored --to 2026-11-21T06:00Z', 'to a point in time'],
    ['dbctl restore learning_lab-20261121T091500123Z-1f0c --env staging', 'one of dbctl backup list'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ restoreLogical }, { requireRestorable }] = await Promise.all([
    import('../ops/restore/restore.ts'),
    import('../ops/restore/preflight.ts'),
  ]);
  const backups = await openBackups(context, options['repository'] as string | undefined);
  const manifest = await chooseBackup(backups, (options['id'] as string | undefined) ?? 'latest');
  const data = options['data'] as string | undefined;
  const to = options['to'] as string | undefined;
  if (data !== undefined) return intoFolder(manifest, { data, to }, backups, context);
  if (to !== undefined) fail('usage', '--to goes with --data: a dump is of one moment', { hint: 'Run dbctl restore --help.' });
  if (manifest.type === 'physical') {
    fail('refused', `${manifest.id} is of a whole server, and cannot be restored into a database`, {
      hint: 'Restore it into a new data folder: dbctl restore --data FOLDER.',
    });
  }
  const [target, { places }] = await Promise.all([context.connection(), toolsContext(context)]);
  const session = {
    access: 'write',
    applicationName: 'dbctl restore',
    statementTimeoutMs: 0,
    idleInTransactionTimeoutMs: 0,
  } as const;
  return context.withDatabase(session, async (opened) => {
    await requireRestorable(opened, manifest);
    if (context.globals.dryRun) {
      const message = `${manifest.id} could be restored here`;
      return {
        ok: true,
        items: [item({ id: 'restore', object: opened.database, message })],
        summary: {},
        target: context.target(opened),
      };
    }
    await context.confirm(
      `Restore ${manifest.id} (${manifest.source.database} of ${manifest.snapshotAt}) into ${opened.database} on ${opened.host}?`,
    );
    const { progress, signal } = context;
    const started = context.clock().getTime();
    const comparison = await restoreLogical(opened, {
      repository: backups.repository,
      manifest,
      target,
      tools: places,
      jobs: backups.config.backup.jobs,
      progress,
      signal,
    });
    const items = comparisonItems(comparison);
    const bad = items.filter(({ status }) => status === 'fail').length;
    return {
      ok: bad === 0,
      items,
      summary: { id: manifest.id, differences: bad, seconds: (context.clock().getTime() - started) / 1000 },
      target: context.target(opened),
      view: {
        columns: [
          { field: 'object', title: 'compared' },
          { field: 'message', title: '' },
        ],
      },
    };
  });
}

interface FolderRequest {
  readonly data: string;
  /** The point of a recovery; undefined: the moment of the backup. */
  readonly to: string | undefined;
}

async function intoFolder(
  manifest: Manifest,
  { data, to }: FolderRequest,
  { repository }: Backups,
  context: Context,
): Promise<Answer> {
  if (manifest.type !== 'physical') {
    fail('refused', `${manifest.id} is a dump, and a data folder is made of a physical backup`, {
      hint: 'Name a physical one of dbctl backup list, or leave --data out and restore into a database.',
    });
  }
  const [{ restoreDataFolder }, { parseRecoveryTarget, replayOf }, { serverAccount }, { places }] = await Promise.all([
    import('../ops/restore/data-folder.ts'),
    import('../ops/restore/replay.ts'),
    import('../ops/process/account.ts'),
    toolsContext(context),
  ]);
  const folder = resolve(context.cwd, data);
  const target = to === undefined ? null : parseRecoveryTarget(to);
  if (target !== null) await replayOf(repository, manifest, target);
  if (context.globals.dryRun) {
    return {
      ok: true,
      items: [item({ id: 'restore', object: folder, message: `${manifest.id} would be unpacked here` })],
      summary: {},
    };
  }
  await context.confirm(`Restore ${manifest.id} (data of ${manifest.snapshotAt}) into ${folder}?`);
  const account = await serverAccount(process.getuid?.());
  const { progress, signal } = context;
  const { tablespaces, segments, verified } = await restoreDataFolder({
    repository,
    manifest,
    data: folder,
    account,
    to: target,
    tools: places,
    progress,
    signal,
  });
  const message =
    verified === null ? 'unpacked; pg_verifybackup is not there to compare the files' : 'every file as the server sent it';
  return {
    ok: true,
    items: [item({ id: 'data', object: folder, message, verified })],
    summary: { id: manifest.id, data: folder, tablespaces, segments, to: to ?? null, endLsn: manifest.endLsn },
    view: {
      columns: [
        { field: 'object', title: 'data folder' },
        { field: 'message', title: '' },
      ],
      notes: [
        ...(tablespaces === null ? [] : [`Tablespaces are in ${tablespaces}.`]),
        ...(target === null
          ? []
          : [
              `Started, it replays ${segments} segments up to ${to}, and opens there; if that point is not in them it stops with an error.`,
            ]),
        'Before you start it: look at archive_command, primary_conninfo and listen_addresses in its configuration. Two servers must not archive to one place.',
      ],
    },
  };
}

/** What a restored database was compared in, one item each; and one for each difference. */
export function comparisonItems({ data, definitions }: Comparison): Item[] {
  const part = (object: string, differences: readonly string[] | null, equal: string): Item[] => {
    if (differences === null) {
      const message = 'not compared: the backup was made by another version of pg_dump';
      return [item({ id: 'unknown', object, status: 'unknown', severity: 'medium', message, fix: 'dbctl tools status' })];
    }
    if (differences.length === 0) return [item({ id: 'equal', object, message: equal })];
    return differences.map((message) => item({ id: 'difference', object, status: 'fail', severity: 'high', message }));
  };
  return [
    ...part('data', data, 'every row, sequence and large object as in the backup'),
    ...part('definitions', definitions, 'byte for byte as in the backup'),
  ];
}
