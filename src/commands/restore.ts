import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { CheckedPart } from '../ops/restore/catalogue-difference.ts';
import type { Manifest } from '../ops/backup/manifest.ts';
import type { PartsWish } from '../ops/restore/selection.ts';
import {
  IDENTITY_OPTION,
  REPOSITORY_OPTION,
  chooseBackup,
  openBackups,
  requireIdentity,
  type Backups,
} from './backup-context.ts';
import type { Context } from './context.ts';
import type { BackupSource } from './restore-data.ts';
import { OF_OPTION, chooseNewest } from './newest-backup.ts';
import { toolsContext } from './tools-context.ts';

export const spec: CommandSpec = {
  name: 'restore',
  summary: 'restore a backup into an empty database or a new data folder, and compare it',
  description:
    'The database is that of --env, and has to be there and empty: create it first. Before anything is touched, seal and hashes of the ' +
    'backup, version, locale, roles and extensions are looked at. Afterwards rows, sequences, definitions, owners, grants, policies and the ' +
    'state of triggers are compared with what was seen when the backup was made; a difference is exit 1. Single tables or schemas go into a ' +
    'database that does not have them, in one transaction. Refuses protected environments.',
  effect: 'destroys',
  args: [{ name: '[id]', description: 'the backup (default: the newest of one database of one environment)' }],
  options: [
    { flags: '--data <folder>', description: 'a physical backup into this new data folder; no server is started' },
    {
      flags: '--to <point>',
      description: 'with --data or --into: replay the archived log up to a time with its zone, an LSN, name:POINT, or latest',
    },
    {
      flags: '--timeline <number>',
      description: 'with --to: the timeline to follow (default: the latest of the archive)',
    },
    {
      flags: '--table <schema.table>',
      description: 'only this table of a dump, with what it needs; nothing that is there is overwritten',
      repeatable: true,
    },
    { flags: '--schema <name>', description: 'only this schema of a dump, in the same way', repeatable: true },
    {
      flags: '--into <place>',
      description: 'embedded: a server of its own on this machine, in the background, to look into; with --to, a physical backup',
      choices: ['embedded'],
    },
    OF_OPTION,
    IDENTITY_OPTION,
    REPOSITORY_OPTION,
  ],
  examples: [
    ['dbctl restore --env staging', 'the newest backup'],
    ['dbctl restore --env staging --of prod', 'the newest of prod, where staging is backed up to the same repository'],
    ['dbctl restore --env staging --table app.orders --dry-run', 'what one table would bring along, and what would be missing'],
    ['dbctl restore --data /var/lib/postgresql/restored', 'the files of a physical backup'],
    ['dbctl restore --data /var/lib/postgresql/restored --to 2026-11-21T06:00Z', 'to a point in time'],
    ['dbctl restore --data /var/lib/postgresql/restored --to latest', 'all that was archived: the server is lost'],
    ['dbctl restore --into embedded', 'the newest backup on a server of its own, to look into'],
    ['dbctl restore --into embedded --to 2026-11-21T06:00Z', 'as it was before the mistake, to look into'],
    ['dbctl restore learning_lab-20261121T091500123Z-1f0c --env staging', 'one of dbctl backup list'],
  ],
};

const SESSION = {
  access: 'write',
  applicationName: 'dbctl restore',
  statementTimeoutMs: 0,
  idleInTransactionTimeoutMs: 0,
} as const;

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ restoreLogical }, { requireRestorable }] = await Promise.all([
    import('../ops/restore/restore.ts'),
    import('../ops/restore/preflight.ts'),
  ]);
  const backups = await openBackups(
    context,
    options['repository'] as string | undefined,
    options['identity'] as string | undefined,
  );
  const { id, data, to, timeline, into, of } = options as Partial<Record<string, string>>;
  const source = { of, environment: context.globals.env };
  requireTogether(options);
  if (into !== undefined) {
    const { restoreIntoEmbedded } = await import('./restore-into.ts');
    return restoreIntoEmbedded({ id, to, timeline, source }, backups, context);
  }
  if (data !== undefined) {
    const { restoreIntoFolder } = await import('./restore-data.ts');
    return restoreIntoFolder({ id, data, to, timeline, source }, backups, context);
  }
  const wish = partsWish(options);
  const manifest = await (id === undefined ? newestDump(backups, context, source) : chooseBackup(backups, id));
  if (manifest.type === 'physical') {
    fail('refused', `${manifest.id} is of a whole server, and cannot be restored into a database`, {
      hint: 'Restore it into a new data folder: dbctl restore --data FOLDER.',
    });
  }
  await requireIdentity(backups, manifest);
  const [target, { places }] = await Promise.all([context.connection(), toolsContext(context)]);
  if (wish !== null) {
    const { restoreSomeParts } = await import('./restore-parts.ts');
    return restoreSomeParts({ manifest, wish, target, places, session: SESSION }, backups, context);
  }
  return context.withDatabase(SESSION, async (opened) => {
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
    const { parts, refused } = await restoreLogical(opened, {
      repository: backups.repository,
      manifest,
      target,
      tools: places,
      jobs: backups.config.backup.jobs,
      progress,
      signal,
    });
    const items = comparisonItems(parts);
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
        ...(refused.length === 0 ? {} : { notes: [`The server refused: ${refused.join('; ')}.`] }),
      },
    };
  });
}

/** In a repository with backups of several databases: of the one with the name of the target. Fails with refused where it is not clear which. */
async function newestDump(backups: Backups, context: Context, source: BackupSource): Promise<Manifest> {
  const { database } = await context.connection();
  return chooseNewest(backups, { type: 'logical', database, ...source });
}

/** Options that mean different things to do. Fails with usage. */
function requireTogether(options: ParsedOptions): void {
  const { id, data, to, timeline, into, of } = options as Partial<Record<string, string>>;
  const hint = 'Run dbctl restore --help.';
  if (data !== undefined && into !== undefined) fail('usage', '--data and --into are two places: name one', { hint });
  if (data === undefined && into === undefined && to !== undefined) {
    fail('usage', '--to goes with --data or --into: a dump is of one moment', { hint });
  }
  if (of !== undefined && id !== undefined) fail('usage', `--of chooses a backup, and ${id} is named`, { hint });
  if (timeline !== undefined && to === undefined) fail('usage', '--timeline goes with --to', { hint });
  if (partsWish(options) !== null && (data !== undefined || into !== undefined)) {
    fail('usage', '--table and --schema go into a database, not with --data or --into', {
      hint: 'Restore all of it there, and copy the table from it: runbooks/restore-one-table.md.',
    });
  }
}

/** Null: all of it is wanted. Fails with usage for patterns. */
function partsWish(options: ParsedOptions): PartsWish | null {
  const [tables = [], schemas = []] = [options['table'], options['schema']] as (readonly string[] | undefined)[];
  const pattern = [...tables, ...schemas].find((name) => /[*?]/.test(name));
  if (pattern !== undefined) {
    fail('usage', `${pattern} is a pattern, and what is restored has to be named`, {
      hint: 'Give --table or --schema once for each: --table app.orders --table app.lines.',
    });
  }
  if (tables.length === 0 && schemas.length === 0) return null;
  return { tables: tables.map((name) => (name.includes('.') ? name : `public.${name}`)), schemas };
}

/** What a restored database was compared in, one item each; and one for each difference. */
export function comparisonItems(parts: readonly CheckedPart[]): Item[] {
  return parts.flatMap(({ name: object, differences, said }) => {
    if (differences === null) {
      return [item({ id: 'unknown', object, status: 'unknown', severity: 'medium', message: said, fix: 'dbctl tools status' })];
    }
    if (differences.length === 0) return [item({ id: 'equal', object, message: said })];
    return differences.map((message) => item({ id: 'difference', object, status: 'fail', severity: 'high', message }));
  });
}
