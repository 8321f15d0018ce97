import { copyFile, mkdtemp, readdir, rename, rm, rmdir, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import type { PhysicalManifest } from '../backup/manifest.ts';
import { SERVER_MANIFEST } from '../backup/server-manifest.ts';
import type { Repository } from '../backup/repository.ts';
import type { ServerAccount } from '../process/account.ts';
import { removeLeftFolders } from '../process/left-folders.ts';
import { closedTo } from '../process/passage.ts';
import { runProgram } from '../process/program.ts';
import { findSameMajor, type ToolPlaces } from '../tools/find.ts';
import { majorOf } from '../tools/program.ts';
import { withBackupFolders } from './bring.ts';
import { layOut, type BackupInFolder } from './combine.ts';
import { prepareReplay, type Replay } from './replay.ts';

export interface DataFolderInputs {
  readonly repository: Repository;
  readonly manifest: PhysicalManifest;
  /** What an incremental one is restored together with, the full one first. */
  readonly ancestors?: readonly PhysicalManifest[];
  /** Absolute; not there yet, or empty. */
  readonly data: string;
  /** Whom the files are given to; undefined: the caller keeps them. */
  readonly account: ServerAccount | undefined;
  /** The recovery with the archived write-ahead log that is to follow; null: none, the moment of the backup. */
  readonly replay: Replay | null;
  readonly tools: ToolPlaces;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface RestoredFolder {
  /** Where tablespaces are now; null: there are none. */
  readonly tablespaces: string | null;
  /** What pg_verifybackup said: every file against the manifest the server made; null: there is no such program. */
  readonly verified: boolean | null;
}

/**
 * Unpacks a physical backup into a new data folder. It gets its name when it is whole. No server is started.
 * Fails with refused where something is there, or too little space; with backup.failed where the backup is not what was sealed.
 */
export async function restoreDataFolder(inputs: DataFolderInputs): Promise<RestoredFolder> {
  const { data } = inputs;
  const [tablespaces, wal] = [`${data}.tablespaces`, `${data}.wal`];
  await requireRoom(inputs, [data, tablespaces, wal]);
  return withBackupFolders(inputs, [...(inputs.ancestors ?? []), inputs.manifest], (chain) =>
    unpackInto(inputs, chain, { tablespaces, wal }),
  );
}

async function unpackInto(
  inputs: DataFolderInputs,
  chain: readonly BackupInFolder[],
  { tablespaces, wal }: { readonly tablespaces: string; readonly wal: string },
): Promise<RestoredFolder> {
  const { manifest, data, account, progress, replay } = inputs;
  const prefix = `${data}.partial-`;
  await removeLeftFolders(dirname(data), basename(prefix));
  const making = await mkdtemp(`${prefix}${process.pid}-`);
  try {
    const step = progress.step('unpack', manifest.source.sizeBytes, 'bytes');
    const made = join(making, 'data');
    const { tools, signal } = inputs;
    const { serverManifest } = await layOut(chain, made, {
      tablespaces,
      account,
      tools,
      signal,
      onBytes: (bytes) => step.tick(bytes),
    });
    step.done();
    const verified = await verify(inputs, serverManifest, made, making);
    if (replay !== null) await bringLog(inputs, replay, { data: made, wal });
    await rmdir(data).catch(ignoreAbsent);
    await rename(made, data);
    return { tablespaces: manifest.tablespaces.length === 0 ? null : tablespaces, verified };
  } catch (thrown) {
    for (const folder of [tablespaces, wal]) await rm(folder, { recursive: true, force: true });
    throw thrown;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

async function bringLog(
  { repository, account, progress }: DataFolderInputs,
  replay: Replay,
  made: { readonly data: string; readonly wal: string },
): Promise<void> {
  const step = progress.step('bring the write-ahead log', replay.segments.length + replay.histories.length);
  await prepareReplay(repository, replay, { ...made, account, onSegment: (name) => step.tick(1, name) });
  step.done();
}

async function requireRoom(
  { manifest, ancestors = [], data, account }: DataFolderInputs,
  folders: readonly string[],
): Promise<void> {
  // The path goes into a shell command of the server's configuration.
  if (/['"$`\\%\n]/.test(data))
    fail('usage', `${data} has characters a server cannot be told`, { hint: 'Take letters, digits, dashes and dots.' });
  for (const folder of folders) {
    const there = await readdir(folder).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code === 'ENOENT') return [];
      return fail('refused', `${folder} is no empty folder: ${thrown.code}`, { hint: 'Name a folder that is not there yet.' });
    });
    if (there.length > 0)
      fail('refused', `${folder} is not empty: it has ${there.slice(0, 3).join(', ')}`, {
        hint: 'Name a folder that is not there yet.',
      });
  }
  const parent = dirname(data);
  const { bavail, bsize } = await statfs(parent).catch(() =>
    fail('refused', `there is no folder ${parent}`, { hint: 'Make it first.' }),
  );
  if (account !== undefined) await requireWay(account, parent);
  // The parts of a chain lie beside what is made of them.
  const parts = ancestors.length === 0 ? [] : [...ancestors, manifest].flatMap(({ files }) => files);
  const free = bavail * bsize;
  const needed = parts.reduce((sum, { bytes }) => sum + bytes, manifest.source.sizeBytes);
  if (free < needed) {
    fail(
      'refused',
      `${parent} has ${Math.round(free / 1_000_000)} MB free, and the backup has ${Math.round(needed / 1_000_000)} MB`,
      { hint: 'Name a folder on another disk.' },
    );
  }
}

/** Root unpacks anywhere; the server, which does not run as root, may then not find its files. */
async function requireWay(account: ServerAccount, parent: string): Promise<void> {
  const closed = await closedTo(account, parent);
  if (closed === null) return;
  fail('refused', `user ${account.name}, whom the server runs as, cannot enter ${closed.path} (mode ${closed.mode})`, {
    hint: `Let it pass (chmod o+x ${closed.path}), or name a folder it can get to, such as /var/lib/postgresql/restored.`,
  });
}

/** pg_verifybackup reads the manifest from beside the archives, and every file below the folder, tablespaces too. */
async function verify(
  { manifest, tools, progress, signal }: DataFolderInputs,
  serverManifest: string,
  data: string,
  making: string,
): Promise<boolean | null> {
  const program = await findSameMajor('pg_verifybackup', tools, majorOf(manifest.source.serverVersion));
  if (program === null) return null;
  const step = progress.step('compare every file with the manifest of the server');
  const copy = join(making, SERVER_MANIFEST);
  await copyFile(serverManifest, copy);
  const ended = await runProgram({
    file: program.path,
    // It says where tablespaces were on the other server, and was left out on purpose.
    args: ['--no-parse-wal', '--quiet', '--ignore=tablespace_map', `--manifest-path=${copy}`, data],
    signal,
  });
  step.done();
  if (ended.status === 0) return true;
  return fail('backup.failed', `pg_verifybackup: ${ended.stderr.trim().split('\n')[0] ?? `exit ${ended.status}`}`, {
    hint: 'Take another backup: dbctl backup list.',
    detail: ended.stderr.trim(),
  });
}

function ignoreAbsent(thrown: NodeJS.ErrnoException): void {
  if (thrown.code !== 'ENOENT') throw thrown;
}
