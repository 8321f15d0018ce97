import { resolve } from 'node:path';
import { fail } from '../core/errors.ts';
import { item, type Answer } from '../core/report.ts';
import type { Manifest, PhysicalManifest } from '../ops/backup/manifest.ts';
import type { NewestWish } from '../ops/restore/newest.ts';
import type { Replay } from '../ops/restore/replay.ts';
import { ancestorsOf, chooseBackup, knownBackups, requireIdentity, type Backups } from './backup-context.ts';
import type { Context } from './context.ts';
import { chooseNewest } from './newest-backup.ts';
import { toolsContext } from './tools-context.ts';

/** Of which environment a backup is that nobody named. */
export type BackupSource = Pick<NewestWish, 'of' | 'environment'>;

export interface FolderRequest {
  /** Undefined: the newest physical one, from which the point can be reached. */
  readonly id: string | undefined;
  readonly data: string;
  /** The point of a recovery; undefined: the moment of the backup. */
  readonly to: string | undefined;
  /** A number; undefined: the latest. */
  readonly timeline: string | undefined;
  readonly source: BackupSource;
}

export interface ChosenPhysical {
  readonly manifest: PhysicalManifest;
  readonly replay: Replay | null;
}

/** Restores a physical backup into a new data folder, with the log it needs to get to a point. */
export async function restoreIntoFolder(request: FolderRequest, backups: Backups, context: Context): Promise<Answer> {
  const [{ restoreDataFolder }, { serverAccount }, { places }, { manifest, replay }] = await Promise.all([
    import('../ops/restore/data-folder.ts'),
    import('../ops/process/account.ts'),
    toolsContext(context),
    choosePhysical(request, backups),
  ]);
  const data = resolve(context.cwd, request.data);
  const ancestors = await ancestorsOf(backups, manifest);
  await requireIdentity(backups, ...ancestors, manifest);
  if (context.globals.dryRun) return answer(manifest, { data, replay, request }, 'would be unpacked here', null, null);
  await context.confirm(`Restore ${manifest.id} (data of ${manifest.snapshotAt}) into ${data}?`);
  const account = await serverAccount(process.getuid?.());
  const { progress, signal } = context;
  const { repository } = backups;
  const made = await restoreDataFolder({
    repository,
    manifest,
    ancestors,
    data,
    account,
    replay,
    tools: places,
    progress,
    signal,
  });
  const message =
    made.verified === null ? 'unpacked; pg_verifybackup is not there to compare the files' : 'every file as the server sent it';
  return answer(manifest, { data, replay, request }, message, made.tablespaces, made.verified);
}

/** The physical backup to begin with, and what is replayed after it. Fails with refused where the archive does not lead to the point. */
export async function choosePhysical(
  { id, to, timeline, source }: Omit<FolderRequest, 'data'>,
  backups: Backups,
): Promise<ChosenPhysical> {
  const following = timelineOf(timeline);
  if (to === undefined) {
    return {
      manifest: id === undefined ? await newestPhysical(backups, source) : await physicalBackup(backups, id),
      replay: null,
    };
  }
  const [{ parseRecoveryTarget }, { planReplay }, { planFromNewest }] = await Promise.all([
    import('../ops/restore/recovery-target.ts'),
    import('../ops/restore/replay.ts'),
    import('../ops/restore/choose.ts'),
  ]);
  const target = parseRecoveryTarget(to);
  const { repository } = backups;
  if (id === undefined) return planFromNewest(repository, await knownBackups(backups), target, { timeline: following, source });
  const manifest = await physicalBackup(backups, id);
  return { manifest, replay: await planReplay(repository, manifest, target, following) };
}

/** The physical backup of that id. Fails with refused where it is a dump. */
export const physicalBackup = async (backups: Backups, id: string): Promise<PhysicalManifest> =>
  requirePhysical(await chooseBackup(backups, id));

const newestPhysical = async (backups: Backups, source: BackupSource): Promise<PhysicalManifest> =>
  requirePhysical(await chooseNewest(backups, { type: 'physical', database: null, ...source }));

function requirePhysical(manifest: Manifest): PhysicalManifest {
  if (manifest.type === 'physical') return manifest;
  return fail('refused', `${manifest.id} is a dump, and a data folder is made of a physical backup`, {
    hint: 'Name a physical one of dbctl backup list, or leave --data out and restore into a database.',
  });
}

/** `--timeline`. Fails with usage on what is no number. */
export function timelineOf(text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,9}$/.test(text)) return text === undefined ? undefined : Number(text);
  return fail('usage', `--timeline takes a number such as 2, not ${text}`, { hint: 'Run dbctl restore --help.' });
}

function answer(
  { id, snapshotAt, endLsn }: PhysicalManifest,
  { data, replay, request: { to } }: { readonly data: string; readonly replay: Replay | null; readonly request: FolderRequest },
  message: string,
  tablespaces: string | null,
  verified: boolean | null,
): Answer {
  return {
    ok: true,
    items: [item({ id: 'data', object: data, message, verified })],
    summary: {
      id,
      data,
      tablespaces,
      endLsn,
      to: to ?? null,
      timeline: replay?.timeline ?? null,
      segments: replay?.segments.length ?? 0,
    },
    view: {
      title: `${id}, data of ${snapshotAt.replace(/\.\d+/, '')}`,
      columns: [
        { field: 'object', title: 'data folder' },
        { field: 'message', title: '' },
      ],
      notes: [
        ...(tablespaces === null ? [] : [`Tablespaces are in ${tablespaces}.`]),
        ...(replay === null ? [] : [replayNote(replay, to ?? '')]),
        'Before you start it: look at archive_command, primary_conninfo and listen_addresses in its configuration. Two servers must not archive to one place, or follow one subscription: max_logical_replication_workers = 0 keeps its subscriptions from starting.',
      ],
    },
  };
}

/** Before somebody starts the server, what it will do. */
const replayNote = ({ segments, timeline }: Replay, to: string): string =>
  `Started, it replays ${segments.length} ${segments.length === 1 ? 'segment' : 'segments'} of timeline ${timeline} up to ${to}, and opens there; until then it answers read-only (pg_is_in_recovery). Where that point does not come it stops with an error.`;
