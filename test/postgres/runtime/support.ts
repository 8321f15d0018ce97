import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentProgress } from '../../../src/core/progress.ts';
import { serverAccount } from '../../../src/ops/process/account.ts';
import { findEmbedded } from '../../../src/ops/dev/binaries.ts';
import { usableBinaries } from '../../../src/ops/dev/usable-binaries.ts';
import { resolveConnection, type ConnectionInput } from '../../../src/runtime/connection/resolve.ts';
import { guardServers } from '../../support/watchdog.ts';

/** PostgreSQL refuses to run as root: there it runs as a system user. */
const account = await serverAccount(process.getuid?.());
const control = { progress: silentProgress, signal: new AbortController().signal };
const { binFolder, nativeFolder } = await usableBinaries(
  findEmbedded(18),
  account,
  join(tmpdir(), 'dbctl-test-binaries'),
  control,
);
const owner = account === undefined ? {} : { uid: account.uid, gid: account.gid };

export const PASSWORD = 'Pass: w/ürd@%?#&=\\\'"';

export interface ServerOptions {
  readonly settings?: Readonly<Record<string, string>>;
  /** Lines of pg_hba.conf; default: everybody by scram-sha-256 over TCP, trust on the socket. */
  readonly hba?: readonly string[];
  /** A stopped server's data folder to start from. */
  readonly from?: string;
  /** Makes it a standby of nobody: it replays what it has and stays read-only. */
  readonly standby?: boolean;
  /** What its log says when the test may go on; default: it accepts connections. */
  readonly readyWhen?: RegExp;
  readonly certificate?: Certificate;
  /** Who signs client certificates; the setting is `ssl_ca_file: 'clients.crt'`. */
  readonly clientAuthority?: string;
}

export interface Server {
  readonly port: number;
  readonly folder: string;
  readonly data: string;
  log(): string;
  stop(): Promise<void>;
}

/** Everything a test file makes, removed by one call. */
export class Laboratory {
  readonly folder = mkdtempSync('/tmp/dbctl-runtime-');
  readonly #unguard = guardServers(this.folder);
  readonly #servers: Server[] = [];
  #template: string | undefined;

  constructor() {
    own(this.folder);
  }

  /** A throw-away PostgreSQL 18.2 on its own port, its socket in its own folder. */
  async start(options: ServerOptions = {}): Promise<Server> {
    const port = await freePort();
    const folder = join(this.folder, String(port));
    mkdirSync(folder);
    own(folder);
    const data = join(folder, 'data');
    cpSync(options.from ?? (this.#template ??= initdb(join(this.folder, 'template'))), data, { recursive: true });
    // Node.js 22 and later make the copied folder with the umask's mode; the server wants it closed.
    chmodSync(data, 0o700);
    configure(data, folder, port, options);
    execFileSync('chown', ['-R', account === undefined ? String(process.getuid?.()) : `${account.uid}:${account.gid}`, folder]);
    const child = spawn(join(binFolder, 'postgres'), ['-D', data], { ...owner, stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const server = { port, folder, data, log: () => log, stop: () => stop(child) };
    this.#servers.push(server);
    const deadline = Date.now() + 30_000;
    while (!(options.readyWhen ?? /ready to accept/).test(log)) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`the test server did not start:\n${log}`);
      await sleep(25);
    }
    return server;
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    await this.#unguard();
  }

  /** An empty home folder of its own. */
  home(name: string): string {
    const folder = join(this.folder, name);
    mkdirSync(join(folder, '.postgresql'), { recursive: true });
    return folder;
  }
}

function initdb(data: string): string {
  const secret = `${data}.password`;
  writeFileSync(secret, PASSWORD, { mode: 0o600 });
  own(secret);
  const args = [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'scram-sha-256',
    `--pwfile=${secret}`,
    '--locale-provider=builtin',
    '--locale=C.UTF-8',
    '-E',
    'UTF8',
    '-N',
  ];
  const made = spawnSync(join(binFolder, 'initdb'), args, { ...owner, encoding: 'utf8', cwd: '/tmp' });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  return data;
}

function configure(
  data: string,
  folder: string,
  port: number,
  { settings = {}, hba, standby, certificate, clientAuthority }: ServerOptions,
): void {
  const lines = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    fsync: 'off',
    shared_buffers: '16MB',
    max_connections: '20',
    ...(certificate === undefined ? {} : { ssl: 'on', ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' }),
    ...settings,
  };
  writeFileSync(
    join(data, 'postgresql.auto.conf'),
    Object.entries(lines)
      .map(([name, value]) => `${name} = '${value}'\n`)
      .join(''),
  );
  writeFileSync(join(data, 'pg_hba.conf'), (hba ?? ['local all all trust', 'host all all all scram-sha-256']).join('\n') + '\n');
  rmSync(join(data, 'postmaster.pid'), { force: true });
  if (standby === true) writeFileSync(join(data, 'standby.signal'), '');
  if (clientAuthority !== undefined) cpSync(clientAuthority, join(data, 'clients.crt'));
  if (certificate === undefined) return;
  cpSync(certificate.cert, join(data, 'server.crt'));
  cpSync(certificate.key, join(data, 'server.key'));
  chmodSync(join(data, 'server.key'), 0o600);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  // Fast shutdown: sessions are ended, a checkpoint is written, so that the data folder may be copied.
  child.kill('SIGINT');
  await gone;
}

function own(path: string): void {
  if (account !== undefined) chownSync(path, account.uid, account.gid);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** Certificates of a throw-away authority, or signed by themselves. */
export class Authority {
  readonly #folder: string;
  readonly cert: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.cert = this.selfSigned('ca', ['-addext', 'basicConstraints=critical,CA:TRUE']).cert;
  }

  selfSigned(name: string, more: readonly string[] = []): Certificate {
    const files = this.#files(name);
    const subject = ['-subj', `/CN=${name}`, '-days', '2'];
    openssl([
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      files.key,
      '-out',
      files.cert,
      ...subject,
      ...more,
    ]);
    return files;
  }

  /** A certificate for `names` (subjectAltName entries), or with a common name alone. */
  issue(name: string, names: readonly string[], commonName = name, days = 2): Certificate {
    const files = this.#files(name);
    const request = join(this.#folder, `${name}.csr`);
    const extensions = join(this.#folder, `${name}.ext`);
    writeFileSync(extensions, names.length === 0 ? 'basicConstraints=CA:FALSE\n' : `subjectAltName=${names.join(',')}\n`);
    openssl([
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      files.key,
      '-out',
      request,
      '-subj',
      `/CN=${commonName}`,
    ]);
    openssl([
      'x509',
      '-req',
      '-in',
      request,
      '-CA',
      this.cert,
      '-CAkey',
      join(this.#folder, 'ca.key'),
      '-days',
      String(days),
      '-out',
      files.cert,
      '-extfile',
      extensions,
    ]);
    return files;
  }

  /** A revocation list that names one certificate. */
  revoke(name: string): string {
    const [config, list] = [join(this.#folder, 'ca.cnf'), join(this.#folder, 'ca.crl')];
    writeFileSync(join(this.#folder, 'index.txt'), '');
    writeFileSync(
      config,
      `[ca]\ndefault_ca=own\n[own]\ndatabase=${join(this.#folder, 'index.txt')}\ndefault_md=sha256\ndefault_crl_days=2\n`,
    );
    const authority = ['-config', config, '-cert', this.cert, '-keyfile', join(this.#folder, 'ca.key')];
    openssl(['ca', ...authority, '-revoke', this.#files(name).cert]);
    openssl(['ca', ...authority, '-gencrl', '-out', list]);
    return list;
  }

  #files(name: string): Certificate {
    return { cert: join(this.#folder, `${name}.crt`), key: join(this.#folder, `${name}.key`) };
  }
}

export function openssl(args: readonly string[]): void {
  const done = spawnSync('openssl', args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`openssl ${args[0]} failed: ${done.stderr}`);
}

/** psql with libpq 18.2 of the embedded package under it, where both are there: the judge of what libpq does. */
export const hasPsql = process.platform === 'linux' && spawnSync('psql', ['--version']).status === 0;

export function psql(connection: string, variables: Record<string, string>, sql: string): { ok: boolean; text: string } {
  const { PATH = '' } = process.env;
  const env = { PATH, LD_LIBRARY_PATH: join(nativeFolder, 'lib'), LC_ALL: 'C', PGCONNECT_TIMEOUT: '5', ...variables };
  const done = spawnSync('psql', ['-XAtqwc', sql, connection], { env, encoding: 'utf8' });
  return { ok: done.status === 0, text: (done.status === 0 ? done.stdout : done.stderr).trim() };
}

/** resolveConnection with nothing from this machine's environment. */
export async function targetOf(text: string, input: Partial<ConnectionInput> = {}): ReturnType<typeof resolveConnection> {
  return resolveConnection({ text, variables: {}, home: '/nonexistent', osUser: 'nobody', source: 'TEST_URL', ...input });
}
