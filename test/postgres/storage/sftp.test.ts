import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import { rateLimited } from '../../../src/ops/storage/pace.ts';
import { sshArguments, sshEnvironment } from '../../../src/ops/storage/sftp/ssh.ts';
import { sftpStorage, type SftpSettings } from '../../../src/ops/storage/sftp.ts';
import { startSshServer, type SshServer } from '../../support/sshd.ts';
import { behavesAsStorage, bytesUnder } from '../../support/storage-contract.ts';
import { faultsOf } from '../../support/faults.ts';

let server: SshServer;
beforeAll(async () => {
  server = await startSshServer();
}, 120_000);
afterAll(() => server.stop());

function remote(path: string, more: Partial<SftpSettings> = {}) {
  return sftpStorage({
    host: '127.0.0.1',
    port: server.port,
    user: server.user,
    path: join(server.folder, path),
    keyFile: server.keyFile,
    knownHosts: server.knownHosts,
    variables: process.env,
    clock: () => new Date(),
    signal: new AbortController().signal,
    ...more,
  });
}

describe('a folder of another machine', () => {
  let count = 0;
  behavesAsStorage(() => {
    const path = `contract/${(count += 1)}`;
    return Promise.resolve({ storage: remote(path), again: () => Promise.resolve(remote(path)) });
  });
});

/** Of an act that has to fail with storage.failed. */
async function failure(act: Promise<unknown>): Promise<DbctlError> {
  const thrown: unknown = await act.then(
    () => expect.unreachable('it did not fail'),
    (error: unknown) => error,
  );
  if (!(thrown instanceof DbctlError)) throw thrown;
  expect(thrown.code).toBe('storage.failed');
  return thrown;
}

const content = randomBytes(20 * 1_048_576 + 5);
const local = mkdtempSync(join(tmpdir(), 'dbctl-sftp-'));
const path = join(local, 'content');
writeFileSync(path, content);
afterAll(() => rmSync(local, { recursive: true, force: true }));

describe('who the other machine is, and who we are', () => {
  it.each<[string, () => Partial<SftpSettings>, RegExp, RegExp]>([
    [
      'a host nobody knows',
      () => ({ knownHosts: join(local, 'nobody') }),
      /Host key verification failed|No .* host key is known/,
      /add it to known_hosts/,
    ],
    [
      'another host key than before',
      () => ({ knownHosts: changedHost() }),
      /host key .*changed|IDENTIFICATION HAS CHANGED|Host key verification failed/i,
      /is another machine|has another key/,
    ],
    ['a key nobody let in', () => ({ keyFile: server.newKey('stranger') }), /Permission denied \(publickey/, /authorized_keys/],
    ['a key others can read', () => ({ keyFile: exposedKey() }), /UNPROTECTED|bad permissions/i, /chmod 600/],
    ['nobody at the port', () => ({ port: 9 }), /Connection refused/, /Look at host, port and network/],
    ['a host without a name', () => ({ host: 'nowhere.invalid' }), /Could not resolve|Name or service not known/, /host name/],
  ])('%s', async (_name, more, words, hint) => {
    const failed = await failure(remote('who', more()).names(''));
    expect(failed.message).toMatch(/^sftp:\/\//);
    expect(failed.message).toMatch(words);
    expect(failed.hint).toMatch(hint);
  });

  function changedHost(): string {
    const key = readFileSync(`${server.newKey('other-host')}.pub`, 'utf8');
    const known = join(local, 'changed');
    writeFileSync(known, `[127.0.0.1]:${server.port} ${key}`);
    return known;
  }

  function exposedKey(): string {
    const key = join(local, 'exposed');
    copyFileSync(server.keyFile, key);
    chmodSync(key, 0o644);
    return key;
  }

  it('is told by arguments that hold no secret and ask nobody', () => {
    const args = sshArguments({ host: 'h', port: 22, user: 'u', keyFile: '/k', knownHosts: '/path with/100%' });
    expect(args.slice(-4)).toEqual(['-s', '--', 'h', 'sftp']);
    expect(args).toContain('StrictHostKeyChecking=yes');
    expect(args).toContain('BatchMode=yes');
    expect(args).toContain('UserKnownHostsFile="/path with/100%%"');
    expect(sshEnvironment({ PATH: '/bin', PGPASSWORD: 'x', SSH_AUTH_SOCK: '/a' })).toEqual({
      PATH: '/bin',
      SSH_AUTH_SOCK: '/a',
      LC_ALL: 'C',
    });
  });
});

describe('a connection that is cut', () => {
  faultsOf('other machine');
  it('while a file is written: it is written all the same, and nothing else is left', async () => {
    const storage = rateLimited(remote('cut'), 30_000_000);
    let cut = false;
    await storage.write(
      'big',
      { path },
      {
        signal: new AbortController().signal,
        onBytes: () => {
          if (!cut) server.cut();
          cut = true;
        },
      },
    );
    expect(cut).toBe(true);
    expect((await bytesUnder(storage, 'big'))?.equals(content)).toBe(true);
    // What the dead connection left is no file of the storage, and goes when it is a day old.
    expect((await storage.list('')).map(({ key }) => key)).toEqual(['big']);
    const left = () => readdirSync(join(server.folder, 'cut')).length;
    expect(left()).toBe(2);
    const tomorrow = new Date(Date.now() + 25 * 3_600_000);
    expect(await storage.leftBehind?.('', new Date(), 'remove')).toEqual([]);
    expect(await storage.leftBehind?.('', tomorrow, 'list')).toEqual([
      { key: expect.stringMatching(/^\.dbctl-\w+\.tmp$/), bytes: expect.any(Number) },
    ]);
    expect(left()).toBe(2);
    await remote('cut', { clock: () => new Date(Date.now() + 25 * 3_600_000) }).remove(['big']);
    expect(existsSync(join(server.folder, 'cut')) ? left() : 0).toBe(0);
  });

  it('often: what lies in folders whose files stay is taken away, when it is a day old', async () => {
    const storage = remote('stays');
    await storage.write('.wal/a/1.raw', Buffer.from('one'));
    const here = (name: string) => join(server.folder, 'stays', '.wal', 'a', name);
    const [old, young] = ['.dbctl-0123456789ab.tmp', '.dbctl-ba9876543210.tmp'];
    for (const name of [old, young]) writeFileSync(here(name), 'half');
    utimesSync(here(old), new Date(0), new Date(0));
    const half = [{ key: `.wal/a/${old}`, bytes: 4 }];
    for (const act of ['list', 'remove'] as const) expect(await storage.leftBehind?.('.wal/', new Date(), act)).toEqual(half);
    expect(await storage.leftBehind?.('.wal/', new Date(), 'list')).toEqual([]);
    expect(readdirSync(here('..')).length).toBe(1);
    expect(readdirSync(here('.')).toSorted()).toEqual([young, '1.raw']);
    expect(await storage.leftBehind?.('.nothing/', new Date(), 'remove')).toEqual([]);
  });

  it('while a file is read: the reading goes on where it was', async () => {
    const storage = remote('cut-read');
    await storage.write('big', { path });
    const parts: Buffer[] = [];
    for await (const chunk of (await storage.read('big')) ?? []) {
      parts.push(chunk as Buffer);
      if (parts.length === 3 || parts.length === 200) server.cut();
    }
    expect(Buffer.concat(parts).equals(content)).toBe(true);
  });

  it('for ever: it fails, and names place and file', async () => {
    const storage = remote('cut-always');
    const cutting = setInterval(() => server.cut(), 20);
    try {
      const failed = await failure(storage.write('big', { path }));
      expect(failed.message).toMatch(/^sftp:\/\/.*cut-always\/big: /);
    } finally {
      clearInterval(cutting);
    }
    expect(await remote('cut-always').read('big')).toBeNull();
  });
});

describe('a server that is not as it should be', () => {
  faultsOf('other machine');
  /** The server of OpenSSH on a pipe, with something between it and us or around it. */
  const behind = (script: string, silenceMs = 1_000): Partial<SftpSettings> => ({
    program: {
      file: '/bin/sh',
      args: ['-c', script, server.sftpServer.file],
      environment: server.sftpServer.environment,
      silenceMs,
    },
    path: join(local, 'piped'),
  });

  it.each<[string, string, RegExp]>([
    ['says nothing', 'sleep 5', /no answer came for 1 s/],
    ['ends at once', 'exit 3', /the connection ended/],
    [
      'greets on its standard output, as a login script does',
      'echo "Welcome to this machine, have a nice day"; exec "$0"',
      /does not speak the protocol/,
    ],
    ['falls silent in the middle', 'head -c 200000 | "$0"; sleep 5', /no answer came for 1 s|the connection ended/],
    ['has no room for large files', 'ulimit -f 2000; exec "$0"', /the connection ended|could not do it/],
    ['may not write there', 'exec "$0" -R', /permission denied/],
  ])('%s', async (_name, script, words) => {
    const storage = remote('', behind(script));
    expect((await failure(storage.write('a/b', { path }))).message).toMatch(words);
    await storage.close();
    expect(existsSync(join(local, 'piped', 'a', 'b'))).toBe(false);
  });

  it('without the extensions of OpenSSH: files are still created once, and replaced', async () => {
    const storage = remote('', { ...behind('exec "$0" -P posix-rename,hardlink,fsync'), path: join(local, 'plain') });
    expect(await storage.create('one', Buffer.from('mine'))).toBe(true);
    expect(await storage.create('one', Buffer.from('yours'))).toBe(false);
    await storage.write('one', Buffer.from('newer'));
    expect(String(await bytesUnder(storage, 'one'))).toBe('newer');
    expect(readdirSync(join(local, 'plain'))).toEqual(['one']);
    await storage.close();
  });

  it('that does not rename leaves what was there, as it was', async () => {
    const place = { path: join(local, 'no-rename') };
    const storage = remote('', { ...behind('exec "$0"'), ...place });
    await storage.write('key.age', Buffer.from('the only one'));
    await storage.close();
    const without = remote('', { ...behind('exec "$0" -P posix-rename,hardlink,fsync,rename'), ...place });
    await failure(without.write('key.age', Buffer.from('newer')));
    expect(String(await bytesUnder(without, 'key.age'))).toBe('the only one');
    expect(readdirSync(place.path)).toEqual(['key.age']);
    await without.close();
  });

  it('gives less than was asked for: what is missing is asked for again', async () => {
    const proxy = fileURLToPath(new URL('../../support/short-reads.mjs', import.meta.url));
    const storage = remote('', { ...behind(`exec ${process.execPath} ${proxy} "$0"`), path: join(local, 'short') });
    const part = content.subarray(0, 300_007);
    await storage.write('part', part);
    expect((await bytesUnder(storage, 'part'))?.equals(part)).toBe(true);
    await storage.close();
  });

  it('holds links and pipes: they are shown as no files, and not read', async () => {
    const storage = remote('', behind('exec "$0"'));
    mkdirSync(join(local, 'piped', 'odd'), { recursive: true });
    symlinkSync('/etc/passwd', join(local, 'piped', 'odd', 'link'));
    execFileSync('mkfifo', [join(local, 'piped', 'odd', 'pipe')]);
    expect(await storage.list('odd/')).toEqual([
      { key: 'odd/link', bytes: -1 },
      { key: 'odd/pipe', bytes: -1 },
    ]);
    await storage.close();
  });

  it('files are for their owner alone, whatever the umask there', async () => {
    const storage = remote('', behind('umask 000; exec "$0"'));
    await storage.write('deep/er/file', Buffer.from('x'));
    expect(statSync(join(local, 'piped', 'deep/er/file')).mode & 0o777).toBe(0o600);
    expect(statSync(join(local, 'piped', 'deep')).mode & 0o777).toBe(0o700);
    await storage.close();
  });
});
