import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder } from '../../src/ops/tools/cache-folder.ts';
import { freePort } from '../../src/ops/dev/port.ts';
import { serverAccount } from '../../src/ops/process/account.ts';
import { withLockFile } from '../../src/ops/process/lock.ts';

interface OpenSsh {
  readonly sshd: string;
  readonly sftpServer: string;
  readonly libraries: string;
}

/** The server of OpenSSH: that of the machine, or its Debian packages unpacked into the cache folder, without root and beside the system. */
async function openSsh(): Promise<OpenSsh> {
  const own = { sshd: '/usr/sbin/sshd', sftpServer: '/usr/lib/openssh/sftp-server', libraries: '' };
  if (existsSync(own.sshd) && existsSync(own.sftpServer)) return own;
  const cache = cacheFolder({ variables: process.env, home: process.env['HOME'] ?? '/', uid: process.getuid?.() });
  const root = join(cache, 'openssh-server-for-tests');
  mkdirSync(cache, { recursive: true });
  await withLockFile(`${root}.lock`, { signal: new AbortController().signal }, () => {
    if (!existsSync(join(root, 'done'))) unpack(root);
    return Promise.resolve();
  });
  const libraries = readdirSync(join(root, 'usr/lib'))
    .filter((name) => name.includes('-linux-gnu'))
    .map((name) => join(root, 'usr/lib', name));
  return {
    sshd: join(root, 'usr/sbin/sshd'),
    sftpServer: join(root, 'usr/lib/openssh/sftp-server'),
    libraries: libraries.join(':'),
  };
}

function unpack(root: string): void {
  const packages = join(root, 'packages');
  mkdirSync(packages, { recursive: true });
  // libwrap0 is what sshd of Debian 12 needs besides; later ones do without it.
  for (const name of ['openssh-server', 'openssh-sftp-server', 'libwrap0']) {
    try {
      execFileSync('apt-get', ['download', name], { cwd: packages, stdio: 'pipe' });
    } catch (thrown) {
      if (name !== 'libwrap0')
        throw new Error(
          `${name} could not be brought from the Debian archive: ${String((thrown as { stderr?: Buffer }).stderr)}`,
          { cause: thrown },
        );
    }
  }
  for (const name of readdirSync(packages)) execFileSync('dpkg-deb', ['-x', join(packages, name), root]);
  writeFileSync(join(root, 'done'), '');
}

export interface SshServer {
  readonly port: number;
  readonly user: string;
  /** Of a key that may log in. */
  readonly keyFile: string;
  readonly knownHosts: string;
  /** Where the user may write. */
  readonly folder: string;
  /** The server of the subsystem, to be run without a network. */
  readonly sftpServer: { readonly file: string; readonly environment: Readonly<Record<string, string>> };
  /** A new pair of keys: the host's, or one nobody let in. */
  newKey(name: string): string;
  /** Cuts every connection. */
  cut(): void;
  stop(): Promise<void>;
}

/** An sshd on the loopback with a host key of its own, that lets one new key in. As root it runs as another user: it then needs no system user of its own. */
export async function startSshServer(): Promise<SshServer> {
  const programs = await openSsh();
  const account = await serverAccount(process.getuid?.());
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-sshd-'));
  const home = join(folder, 'home');
  mkdirSync(home);
  const newKey = (name: string): string => {
    const path = join(folder, name);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path]);
    return path;
  };
  const [host, client] = [newKey('host'), newKey('client')];
  const port = await freePort();
  writeFileSync(join(folder, 'known_hosts'), `[127.0.0.1]:${port} ${readFileSync(`${host}.pub`, 'utf8')}`);
  const parts = dirname(programs.sftpServer);
  const partLines = [
    ['SshdSessionPath', 'sshd-session'],
    ['SshdAuthPath', 'sshd-auth'],
  ].flatMap(([word = '', name = '']) => (existsSync(join(parts, name)) ? [`${word} ${join(parts, name)}`] : []));
  writeFileSync(
    join(folder, 'sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${host}`,
      `AuthorizedKeysFile ${client}.pub`,
      'PidFile none',
      'UsePAM no',
      'StrictModes no',
      'PasswordAuthentication no',
      'MaxStartups 50',
      'Subsystem sftp internal-sftp',
      ...partLines,
      '',
    ].join('\n'),
  );
  if (account !== undefined) {
    for (const path of [folder, home, host]) chownSync(path, account.uid, account.gid);
    chmodSync(folder, 0o755);
  }
  const environment = {
    PATH: process.env['PATH'] ?? '',
    ...(programs.libraries === '' ? {} : { LD_LIBRARY_PATH: programs.libraries }),
  };
  const child = spawn(programs.sshd, ['-D', '-e', '-f', join(folder, 'sshd_config')], {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  await answering(port, child, () => said);
  return {
    port,
    user: account?.name ?? userInfo().username,
    keyFile: client,
    knownHosts: join(folder, 'known_hosts'),
    folder: home,
    sftpServer: { file: programs.sftpServer, environment },
    newKey,
    cut: () => killSessions(child),
    stop: async () => {
      killSessions(child);
      child.kill('SIGKILL');
      await new Promise((done) =>
        child.exitCode === null && child.signalCode === null ? child.once('close', done) : done(null),
      );
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answering(port: number, child: ChildProcess, said: () => string): Promise<void> {
  for (const end = performance.now() + 10_000; performance.now() < end; await sleep(50)) {
    if (child.exitCode !== null) break;
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
  }
  throw new Error(`sshd does not answer: ${said()}`);
}

/** Its children are the connections; theirs end with them. */
function killSessions({ pid }: ChildProcess): void {
  for (const child of childrenOf(pid ?? 0)) {
    for (const grandchild of childrenOf(child)) kill(grandchild);
    kill(child);
  }
}

function childrenOf(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split(' ').filter(Boolean).map(Number) : [];
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone meanwhile.
  }
}
