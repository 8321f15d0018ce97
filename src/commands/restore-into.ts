import { join, relative } from 'node:path';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Manifest } from '../ops/backup/manifest.ts';
import type { Look } from '../ops/restore/look.ts';
import type { Replay } from '../ops/restore/replay.ts';
import { ancestorsOf, chooseBackup, requireIdentity, type Backups } from './backup-context.ts';
import type { Context } from './context.ts';
import { chooseNewest } from './newest-backup.ts';
import { choosePhysical, type FolderRequest } from './restore-data.ts';
import { comparisonItems } from './restore.ts';
import { toolsContext } from './tools-context.ts';

/** Starts a server of its own with a backup in it, to look into. */
export async function restoreIntoEmbedded(
  request: Omit<FolderRequest, 'data'>,
  backups: Backups,
  context: Context,
): Promise<Answer> {
  const { lookInto, planLook } = await import('../ops/restore/look.ts');
  const [{ manifest, replay }, { places }, { folder }] = await Promise.all([
    choose(request, backups),
    toolsContext(context),
    context.config(),
  ]);
  const ancestors = manifest.type === 'physical' ? await ancestorsOf(backups, manifest) : [];
  await requireIdentity(backups, ...ancestors, manifest);
  const environment = { variables: context.variables, home: context.home };
  const place = { folder: join(folder, '.dbctl', 'look', shortOf(manifest.id)), environment };
  const major = await planLook(manifest, place);
  if (context.globals.dryRun) {
    const message = `would be restored on a server of PostgreSQL ${major} of its own`;
    return { ok: true, items: [item({ id: 'server', object: manifest.id, message })], summary: { id: manifest.id } };
  }
  const { progress, signal } = context;
  const started = context.clock().getTime();
  const { repository, config } = backups;
  const look = await lookInto(manifest, replay, {
    repository,
    ancestors,
    ...place,
    tools: places,
    jobs: config.backup.jobs,
    progress,
    signal,
  });
  return answer(manifest, look, (context.clock().getTime() - started) / 1000, relative(context.cwd, look.configFile));
}

/** `lab-20261121T104641514Z-edad` as `lab-20261121-edad`: lines to be copied must not be broken. */
const shortOf = (id: string): string => id.replace(/T\d+Z-/, '-');

/** A point in time needs a physical backup; without one the newest of either type will do. */
async function choose(
  request: Omit<FolderRequest, 'data'>,
  backups: Backups,
): Promise<{ readonly manifest: Manifest; readonly replay: Replay | null }> {
  if (request.to !== undefined) return choosePhysical(request, backups);
  const { id, source } = request;
  const newest = () => chooseNewest(backups, { type: null, database: null, ...source });
  return { manifest: await (id === undefined ? newest() : chooseBackup(backups, id)), replay: null };
}

function answer(manifest: Manifest, { server, database, restored }: Look, seconds: number, config: string): Answer {
  const compared: Item[] =
    restored === null
      ? [item({ id: 'equal', object: 'files', message: 'every file as it was sealed, and recovered' })]
      : comparisonItems(restored.parts);
  const bad = compared.filter(({ status }) => status === 'fail').length;
  return {
    ok: bad === 0,
    items: compared,
    summary: { id: manifest.id, port: server.port, database, config, differences: bad, seconds },
    view: {
      title: `${manifest.id}, data of ${manifest.snapshotAt.replace(/\.\d+/, '')}`,
      columns: [
        { field: 'object', title: 'compared' },
        { field: 'message', title: '' },
      ],
      notes: [
        `PostgreSQL ${server.version} runs on port ${server.port} of this machine with the database ${database}, until you stop it.`,
        'To look into it, and to stop and delete it:',
        `psql "$(dbctl dev url --config ${config})"`,
        `dbctl dev down --purge --config ${config}`,
      ],
    },
  };
}
