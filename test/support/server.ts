import { chmod, chown, mkdir, mkdtemp, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverAccount, type ServerAccount } from '../../src/ops/process/account.ts';
import { findEmbedded } from '../../src/ops/dev/binaries.ts';
import { createCluster, startCluster, stopCluster, type ServerPrograms } from '../../src/ops/dev/cluster.ts';
import type { Major } from '../../src/ops/dev/lines.ts';
import { removeDeadLocks } from '../../src/ops/dev/orphans.ts';
import { freePort } from '../../src/ops/dev/port.ts';
import { serverProcesses } from '../../src/ops/process/process.ts';
import { randomPassword } from '../../src/ops/dev/secret-file.ts';
import { THROW_AWAY_SETTINGS, type ServerSettings } from '../../src/ops/dev/settings.ts';
import { usableBinaries } from '../../src/ops/dev/usable-binaries.ts';
import { silentProgress } from '../../src/core/progress.ts';
import type { ConnectionTarget } from '../../src/runtime/connection/target.ts';
import { copyClusterTemplate, makeClusterTemplate } from './cluster-template.ts';
import { targetOf } from './connection.ts';
import { guardServers } from './watchdog.ts';

export interface ServerOptions {
  /** Default 18, the pin. */
  readonly major?: Major;
  /** Where initdb, pg_ctl and postgres of the major are; default: those from npm. */
  readonly programs?: string;
  /** postgresql.conf settings on top of those for throw-away servers. */
  readonly settings?: ServerSettings;
  /** True makes it by initdb, where others begin as copies with one password: for tests of what two clusters share. */
  readonly ownPassword?: boolean;
  /** Method in pg_hba.conf, default scram-sha-256. */
  readonly auth?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** True keeps fsync and its like on: for tests that kill the server and look at its data. */
  readonly durable?: boolean;
  /** Called between initdb and the first start: certificates, pg_hba.conf. Files must then belong to `account` (see `give`). */
  readonly prepare?: (server: TestServerFiles) => Promise<void>;
}

export interface TestServerFiles {
  /** Removed with everything in it when the server is stopped. Every user may pass through it. */
  readonly folder: string;
  readonly data: string;
  readonly socket: string;
  readonly log: string;
  readonly binFolder: string;
  /** Whom the server runs as; undefined: the user of the tests. */
  readonly account: ServerAccount | undefined;
  /** Writes a file the server can read, mode 0600, owned by its account; returns its path. */
  give(path: string, content: string | Buffer): Promise<string>;
  /** Makes a folder the server can write to (a tablespace, an archive); returns its path. */
  giveFolder(name: string): Promise<string>;
}

export interface TestServer extends TestServerFiles {
  readonly port: number;
  readonly password: string;
  /** With password; the database is postgres unless named. */
  url(database?: string): string;
  target(database?: string): ConnectionTarget;
  /** Stops it without removing it. */
  halt(mode?: 'fast' | 'immediate'): Promise<void>;
  /** Starts it again, on the same port. */
  start(): Promise<void>;
  /** SIGKILL to every process of it: a crash. */
  kill(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/**
 * A throw-away server of its own, for tests that break, restart or configure one. It ends with `stop`, and never outlives the
 * process that started it, however that ends. Takes about a second.
 */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const folder = await makeServerFolder();
  const unguard = guardServers(folder);
  try {
    const files = {
      ...(await serverFiles(folder, options.major ?? 18)),
      ...(options.programs === undefined ? {} : { binFolder: options.programs }),
    };
    const server = await makeServer(files, options, unguard);
    await options.prepare?.(files);
    await server.start();
    return server;
  } catch (thrown) {
    await unguard();
    throw thrown;
  }
}

/** A server for the length of `use`. */
export async function withServer<T>(options: ServerOptions, use: (server: TestServer) => Promise<T>): Promise<T> {
  const server = await startServer(options);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

/** A folder for servers that every user may pass through: the tests may run as root, the servers never do. */
export async function makeServerFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'dbctl-test-')));
  await chmod(folder, 0o711);
  return folder;
}

/** What servers of this run begin as; returns what removes it. */
export async function prepareClusterTemplate(): Promise<() => Promise<void>> {
  const folder = await makeServerFolder();
  const unguard = guardServers(folder);
  const { binFolder, account } = await serverFiles(folder, 18);
  await makeClusterTemplate(folder, { binFolder, account });
  return unguard;
}

async function serverFiles(folder: string, major: Major): Promise<TestServerFiles> {
  const account = await serverAccount(process.getuid?.());
  const control = { progress: silentProgress, signal: new AbortController().signal };
  // Copies, where one is needed, stay for the next run.
  const { binFolder } = await usableBinaries(findEmbedded(major), account, join(tmpdir(), 'dbctl-test-binaries'), control);
  const own = async (path: string): Promise<string> => {
    if (account !== undefined) await chown(path, account.uid, account.gid);
    return path;
  };
  const giveFolder = async (name: string): Promise<string> => {
    await mkdir(join(folder, name), { mode: 0o700 });
    return own(join(folder, name));
  };
  const give = async (path: string, content: string | Buffer): Promise<string> => {
    await writeFile(path, content, { mode: 0o600 });
    return own(path);
  };
  const [socket, logs] = [await giveFolder('socket'), await giveFolder('logs')];
  return { folder, data: join(folder, 'data'), socket, log: join(logs, 'server.log'), binFolder, account, give, giveFolder };
}

/** Makes the data folder, as a copy where nothing speaks against it; returns the superuser's password. */
async function makeData({ data, folder, binFolder, account }: TestServerFiles, options: ServerOptions): Promise<string> {
  const programs: ServerPrograms = { binFolder, account };
  const settings = { ...(options.durable === true ? {} : THROW_AWAY_SETTINGS), ...options.settings };
  const { auth, programs: other, major = 18, ownPassword = false } = options;
  const asTemplate = auth === undefined && other === undefined && major === 18 && !ownPassword;
  const copied = asTemplate ? await copyClusterTemplate(data, programs, settings) : undefined;
  if (copied !== undefined) return copied;
  const password = randomPassword();
  await createCluster(programs, {
    data,
    making: join(folder, 'making-'),
    password,
    settings: { timezone: 'UTC', log_timezone: 'UTC', ...settings },
    auth: options.auth ?? 'scram-sha-256',
  });
  return password;
}

async function makeServer(files: TestServerFiles, options: ServerOptions, unguard: () => Promise<void>): Promise<TestServer> {
  const { data, socket, log, binFolder, account } = files;
  const programs: ServerPrograms = { binFolder, account };
  const password = await makeData(files, options);
  const port = options.port ?? (await freePort());
  const halt = async (mode: 'fast' | 'immediate' = 'fast'): Promise<void> => {
    if ((await serverProcesses(data)).length > 0) await stopCluster(programs, data, mode);
  };
  const url = (database = 'postgres'): string =>
    `postgresql://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  return {
    ...files,
    port,
    password,
    url,
    target: (database = 'postgres') => targetOf(url('postgres'), database),
    halt,
    async start() {
      await removeDeadLocks(data, socket);
      const ended = await startCluster(programs, data, { port, socket }, log);
      if (ended.status !== 0) throw new Error(`the test server did not start: ${ended.stdout}${ended.stderr}; see ${log}`);
    },
    async kill() {
      for (const pid of await serverProcesses(data)) process.kill(pid, 'SIGKILL');
      while ((await serverProcesses(data)).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    async stop() {
      await halt('immediate');
      await unguard();
    },
  };
}
