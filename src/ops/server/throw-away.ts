import { chmod, chown, mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../../core/progress.ts';
import { serverAccount, type ServerAccount } from '../process/account.ts';
import { findEmbedded } from '../dev/binaries.ts';
import { createCluster, startCluster, stopCluster } from '../dev/cluster.ts';
import type { Major } from '../dev/lines.ts';
import { endProcesses, removeDeadLocks } from '../dev/orphans.ts';
import { freePort } from '../dev/port.ts';
import { removeLeftFolders } from '../process/left-folders.ts';
import { serverProcesses } from '../process/process.ts';
import { randomPassword } from '../dev/secret-file.ts';
import type { ServerSettings } from '../dev/settings.ts';
import { localTarget } from '../dev/target.ts';
import { usableBinaries } from '../dev/usable-binaries.ts';
import { fail } from '../../core/errors.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';

export interface ThrowAwayServer {
  readonly port: number;
  readonly password: string;
  target(database?: string): ConnectionTarget;
  /** SIGKILL to every process of it, and a start after that: recovery from a crash. */
  crash(): Promise<void>;
}

export interface ThrowAwayRequest {
  readonly major: Major;
  readonly settings: ServerSettings;
  /** `process.getuid?.()`: the server refuses root. */
  readonly uid: number | undefined;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * A real PostgreSQL from npm in a temporary folder for the length of `use`; stopped and removed whatever happens.
 * Fails with server.failed where it cannot be made.
 */
export async function withThrowAwayServer<T>(
  request: ThrowAwayRequest,
  use: (server: ThrowAwayServer) => Promise<T>,
): Promise<T> {
  const password = randomPassword();
  const { settings, signal } = request;
  const make: MakeData = ({ data, making, binFolder, account }) =>
    createCluster({ binFolder, account, signal }, { data, making, password, settings });
  return withServerOn(request, make, (server) =>
    use({
      port: server.port,
      password,
      crash: () => server.crash(),
      target: (database = 'postgres') => localTarget({ host: '127.0.0.1', port: server.port, password }, database),
    }),
  );
}

/** What makes a data folder: it is not there yet when this is called. */
export type MakeData = (place: {
  readonly data: string;
  /** Start of the name of a work folder in the same file system. */
  readonly making: string;
  readonly binFolder: string;
  readonly account: ServerAccount | undefined;
}) => Promise<void>;

export interface ServerOnData {
  readonly port: number;
  /** Folder of its socket, which only its account and root may enter. */
  readonly socket: string;
  crash(): Promise<void>;
  /** The last FATAL or PANIC line of its log; undefined: there is none. */
  lastWords(): Promise<string | undefined>;
  /** True when no process of it is left, which happens by itself only when a recovery cannot reach its target. */
  ended(): Promise<boolean>;
}

const PREFIX = 'dbctl-throw-away-';

/** The same on a data folder that `make` makes, such as one of a backup. Fails with server.failed, and with what `make` throws. */
export async function withServerOn<T>(
  request: Omit<ThrowAwayRequest, 'settings'>,
  make: MakeData,
  use: (server: ServerOnData) => Promise<T>,
): Promise<T> {
  // What a run that was killed left behind has somebody's rows in it, and a server that serves them.
  await removeLeftFolders(tmpdir(), PREFIX, (left) => endProcesses(join(left, 'data'), 0, request.signal));
  const folder = await realpath(await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`)));
  const data = join(folder, 'data');
  try {
    await chmod(folder, 0o711);
    const account = await serverAccount(request.uid);
    const { progress, signal } = request;
    const { binFolder } = await usableBinaries(findEmbedded(request.major), account, join(tmpdir(), 'dbctl-binaries'), {
      progress,
      signal,
    });
    const [socket = folder, logs = folder] = await Promise.all(
      ['socket', 'logs'].map((name) => ownFolder(join(folder, name), account)),
    );
    const port = await freePort();
    await make({ data, making: join(folder, 'making-'), binFolder, account });
    const log = join(logs, 'server.log');
    const lastWords = async () => {
      const said = await readFile(log, 'utf8').catch(() => '');
      const line = said.split('\n').findLast((one) => /FATAL|PANIC/.test(one));
      return line?.replace(/^.*?(?=FATAL|PANIC)/, '');
    };
    const start = async () => {
      await removeDeadLocks(data, socket);
      const ended = await startCluster({ binFolder, account }, data, { port, socket }, log);
      if (ended.status === 0 || (await comesUp(data, signal))) return;
      const [said, why] = [await readFile(log, 'utf8').catch(() => ''), await lastWords()];
      fail('server.failed', `the throw-away server does not start${why === undefined ? '' : `: ${why}`}`, {
        detail: `${ended.stdout}${ended.stderr}${said}`,
      });
    };
    try {
      await start();
      return await use({
        port,
        socket,
        lastWords,
        ended: async () => (await serverProcesses(data)).length === 0,
        crash: async () => {
          for (const pid of await serverProcesses(data)) process.kill(pid, 'SIGKILL');
          await endProcesses(data, 5_000);
          await start();
        },
      });
    } finally {
      if ((await serverProcesses(data)).length > 0) await stopCluster({ binFolder, account }, data, 'immediate');
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** pg_ctl gives up after some minutes; a server that still replays its log needs as long as it needs. False: no process of it is left. */
export async function comesUp(data: string, signal: AbortSignal): Promise<boolean> {
  while ((await serverProcesses(data)).length > 0) {
    signal.throwIfAborted();
    // The eighth line of its lock file is its state.
    const state = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[7]?.trim();
    if (state === 'ready' || state === 'standby') return true;
    await sleep(500);
  }
  return false;
}

async function ownFolder(path: string, account: Awaited<ReturnType<typeof serverAccount>>): Promise<string> {
  await mkdir(path, { mode: 0o700 });
  if (account !== undefined) await chown(path, account.uid, account.gid);
  return path;
}
