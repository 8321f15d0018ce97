import { chmod, chown, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress } from '../../core/progress.ts';
import { serverAccount } from '../process/account.ts';
import { findEmbedded } from '../dev/binaries.ts';
import { createCluster, startCluster, stopCluster } from '../dev/cluster.ts';
import type { Major } from '../dev/lines.ts';
import { endProcesses, removeDeadLocks } from '../dev/orphans.ts';
import { freePort } from '../dev/port.ts';
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
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'dbctl-throw-away-')));
  const data = join(folder, 'data');
  try {
    await chmod(folder, 0o711);
    const account = await serverAccount(request.uid);
    const { progress, signal } = request;
    const { binFolder } = await usableBinaries(findEmbedded(request.major), account, join(tmpdir(), 'dbctl-binaries'), {
      progress,
      signal,
    });
    const [socket, logs] = await Promise.all(['socket', 'logs'].map((name) => ownFolder(join(folder, name), account)));
    const [password, port] = [randomPassword(), await freePort()];
    await createCluster(
      { binFolder, account, signal },
      { data, making: join(folder, 'making-'), password, settings: request.settings },
    );
    const start = async () => {
      await removeDeadLocks(data, socket);
      const ended = await startCluster(
        { binFolder, account },
        data,
        { port, socket: socket ?? folder },
        join(logs ?? folder, 'server.log'),
      );
      if (ended.status !== 0)
        fail('server.failed', 'the throw-away server does not start', { detail: `${ended.stdout}${ended.stderr}` });
    };
    await start();
    try {
      return await use({
        port,
        password,
        target: (database = 'postgres') => localTarget({ host: '127.0.0.1', port, password }, database),
        crash: async () => {
          for (const pid of await serverProcesses(data)) process.kill(pid, 'SIGKILL');
          await endProcesses(data, 5_000);
          await start();
        },
      });
    } finally {
      await stopCluster({ binFolder, account }, data, 'immediate');
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

async function ownFolder(path: string, account: Awaited<ReturnType<typeof serverAccount>>): Promise<string> {
  await mkdir(path, { mode: 0o700 });
  if (account !== undefined) await chown(path, account.uid, account.gid);
  return path;
}
