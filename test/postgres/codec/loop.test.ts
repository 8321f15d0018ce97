import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { WRAPPED_DATA_KEY } from '../../../src/ops/codec/data-key.ts';
import { openIdentity } from '../../../src/ops/codec/identity.ts';
import type { Manifest } from '../../../src/ops/backup/manifest.ts';
import { runCli, runProgram, type CliOptions } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';

/** The whole loop with encrypted backups, as a person runs it. The machine that backs up has no identity. */
let server: TestServer;
const project = mkdtempSync(join(tmpdir(), 'dbctl-encrypted-'));
const at = (...parts: readonly string[]) => join(project, ...parts);
/** In every row of the source, and so in every part of a backup that holds rows in clear. */
const CANARY = 'canary-9f2c-yellow';
const recipients: Record<string, string> = {};

const here = (): CliOptions => ({
  cwd: project,
  env: { SOURCE_URL: server.url('lab'), TARGET_URL: server.url('restored'), PATH: process.env['PATH'] },
  timeoutMs: 120_000,
});
const dbctl = (args: readonly string[], options: CliOptions = {}) => runCli(args, { ...here(), ...options });
async function report(args: readonly string[]): Promise<Report & { status: number | null; stderr: string }> {
  const { status, stdout, stderr } = await dbctl([...args, '--format', 'json']);
  if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status, stderr };
}
const configure = (names: readonly string[], more = '') =>
  writeFileSync(
    at('dbctl.yaml'),
    `version: 1
project: encrypted
environments:
  dev: { url: { variable: SOURCE_URL } }
  staging: { url: { variable: TARGET_URL } }
backup:
  repositories: [{ name: nightly, type: folder, path: backups }]
  signer: { name: test-backup, key: { file: key.pem } }
  encryption:
    work: plain
    recipients: [${names.map((name) => recipients[name]).join(', ')}]
${more}`,
  );
/** The dump, then the base backup. */
const ids = () =>
  readdirSync(at('backups'))
    .filter((name) => !name.startsWith('.'))
    .toSorted()
    .toReversed();
const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name));
const manifestOf = (id: string) => JSON.parse(readFileSync(at('backups', id, 'manifest.json'), 'utf8')) as Manifest;
const plain = () => readdirSync(at('plain'));

beforeAll(async () => {
  chmodSync(project, 0o711);
  server = await startServer({ settings: { max_wal_senders: '4', wal_level: 'replica' } });
  await clientTools();
  await onServer(server.url(), 'create database lab', 'create database restored');
  await onServer(
    server.url('lab'),
    'create table t (id int primary key, note text)',
    `insert into t select n, '${CANARY}' || n from generate_series(1, 20000) n`,
  );
  for (const name of ['ann', 'bob', 'eve']) {
    const { status, summary } = await report(['backup', 'key', at(`${name}.identity`)]);
    expect(status).toBe(0);
    recipients[name] = summary['recipient'] as string;
  }
  mkdirSync(at('plain'));
  configure(['ann', 'bob']);
  await dbctl(['ledger', 'key', 'key.pem', '--name', 'test-backup']);
}, 240_000);
afterAll(async () => {
  await server.stop();
  rmSync(project, { recursive: true, force: true });
});

describe('identities', () => {
  it('are made for their owner alone, and say what goes into dbctl.yaml', async () => {
    const { status, stdout } = await dbctl(['backup', 'key', at('shown.identity')]);
    expect(status).toBe(0);
    expect(statSync(at('shown.identity')).mode & 0o777).toBe(0o600);
    const recipient = /# public key: (\S+)/.exec(readFileSync(at('shown.identity'), 'utf8'))?.[1];
    expect(stdout)
      .toBe(`${at('shown.identity')} holds the identity: whoever has it can read the backups, and without it nobody can. In dbctl.yaml:

backup:
  encryption:
    recipients:
      - ${recipient}

Make a second one for the safe. Backups are encrypted from the next one on; older ones stay as they are.
`);
    expect((await dbctl(['backup', 'key', at('shown.identity')])).stderr).toContain('is there already');
  });

  it('are refused in dbctl.yaml, and not shown', async () => {
    const secret = readFileSync(at('ann.identity'), 'utf8').split('\n')[2] ?? '';
    configure(['ann'], `    identity: ${secret}\n`);
    const { status, stderr } = await dbctl(['backup', 'list']);
    configure(['ann', 'bob']);
    expect(status).toBe(2);
    expect(stderr).toContain('a private key stands in the file');
    expect(stderr).not.toContain(secret.slice(16, 40));
  });
});

describe('a machine without identity', () => {
  it('makes backups of both types; nothing in the repository is in clear, nothing is left in the work folder', async () => {
    for (const type of ['logical', 'physical']) {
      const made = await report(['backup', 'create', '--type', type]);
      expect([made.status, made.error]).toEqual([0, null]);
      expect(made.stderr).not.toContain('one recipient');
    }
    expect(plain()).toEqual([]);
    for (const id of ids()) {
      const { files, encryption } = manifestOf(id);
      expect(encryption).toEqual({
        format: 'dbctl frames v1',
        keyCommitment: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        recipients: [recipients['ann'], recipients['bob']],
      });
      expect(files.filter(({ path }) => !path.endsWith('.enc')).map(({ path }) => path)).toEqual(
        manifestOf(id).type === 'physical' ? ['cluster/backup_manifest'] : [],
      );
      for (const { path } of files.filter((one) => one.path.endsWith('.enc')))
        expect(readFileSync(at('backups', id, path)).toString('latin1', 0, 16), path).toBe('dbctl frames v1\n');
      expect(readFileSync(at('backups', id, 'key.age'), 'utf8')).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/);
    }
    for (const file of filesOf(at('backups'))) {
      expect(readFileSync(file).includes(CANARY), file).toBe(false);
      expect(statSync(file).mode & 0o077, file).toBe(0);
    }
  }, 120_000);

  it('verifies them by what is stored, and finds a key that is missing, foreign or no key', async () => {
    expect(await report(['backup', 'verify'])).toMatchObject({ status: 0, summary: { backups: 2, bad: 0 } });
    const id = ids()[0] ?? '';
    const key = readFileSync(at('backups', id, 'key.age'), 'utf8');
    const says = async (text: string | null) => {
      if (text === null) rmSync(at('backups', id, 'key.age'));
      else writeFileSync(at('backups', id, 'key.age'), text);
      const { items } = await report(['backup', 'verify', id]);
      writeFileSync(at('backups', id, 'key.age'), key);
      return items[0]?.['message'];
    };
    expect(await says(null)).toBe('key.age is missing');
    expect(await says('')).toBe('key.age is no armored age file');
    expect(await says(key.slice(0, -60))).toBe('key.age is no armored age file');
    const lines = key.split('\n');
    expect(await says([...lines.slice(0, -4), ...lines.slice(-3)].join('\n'))).toMatch(
      /^key\.age (?:holds no data key|is no armored age file)$/,
    );
    expect(await says(key)).toBe('every file as it was sealed');
  }, 60_000);

  it('cannot restore them, and says so before anything is asked or touched', async () => {
    for (const args of [
      ['restore', '--env', 'staging', '--yes', ids()[0] ?? ''],
      ['restore', '--data', at('data'), '--yes', ids()[1] ?? ''],
      ['backup', 'drill', ids()[0] ?? ''],
      ['backup', 'rewrap'],
    ]) {
      const { status, stderr } = await dbctl(args);
      expect(status, args.join(' ')).toBe(5);
      expect(stderr).toContain('no identity to open the backup with: none is named');
      expect(stderr).toContain('--identity FILE');
    }
    expect(readdirSync(project)).not.toContain('data');
    expect(readdirSync(at('backups')).filter((name) => name === '.drills')).toEqual([]);
    const { stderr } = await dbctl(['restore', '--env', 'staging', '--yes', '--identity', at('eve.identity'), ids()[0] ?? '']);
    expect(stderr).toContain('eve.identity does not open key.age: it was wrapped for others');
  }, 60_000);
});

describe('with an identity', () => {
  it('both drills pass, and nothing plain is left', async () => {
    for (const id of ids()) {
      const drill = await report(['backup', 'drill', id, '--identity', at('bob.identity')]);
      expect(
        drill.items.map((one) => [one['id'], one['status'], one['message']]).filter(([, status]) => status === 'fail'),
      ).toEqual([]);
      expect(drill.status).toBe(0);
    }
    expect(plain()).toEqual([]);
  }, 240_000);

  it('a dump is restored equal', async () => {
    const restored = await report(['restore', '--env', 'staging', '--yes', '--identity', at('ann.identity'), ids()[0] ?? '']);
    expect(restored).toMatchObject({ status: 0, summary: { differences: 0 } });
    expect(plain()).toEqual([]);
  }, 60_000);

  it('a data folder is restored, and pg_verifybackup accepts it', async () => {
    const restored = await report(['restore', '--data', at('data'), '--yes', '--identity', at('ann.identity'), ids()[1] ?? '']);
    expect(restored.items[0]).toMatchObject({ message: 'every file as the server sent it' });
    expect(readFileSync(at('data', 'PG_VERSION'), 'utf8')).toBe('18\n');
  }, 60_000);

  it('neither it nor a data key is to be seen: in ps, in environments, in what is said, in the repository', async () => {
    const keys = await Promise.all(ids().map(async (id) => (await openKey(id)).toString('hex')));
    const secret = readFileSync(at('ann.identity'), 'utf8').split('\n')[2] ?? '';
    const seen: string[] = [];
    const sampler = setInterval(() => {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
        for (const file of ['cmdline', 'environ'])
          try {
            seen.push(readFileSync(join('/proc', pid, file), 'latin1'));
          } catch {
            // It has ended meanwhile.
          }
    }, 50);
    const drill = ['backup', 'drill', ids()[0] ?? '', '--identity', at('ann.identity'), '--log-level', 'debug'];
    const said = await runProgram(drill, here());
    const restore = ['restore', '--data', at('watched'), '--yes', '--identity', at('ann.identity'), ids()[1] ?? ''];
    const made = await runProgram(restore, here());
    clearInterval(sampler);
    expect([said.status, made.status]).toEqual([0, 0]);
    expect(seen.some((text) => text.includes('ann.identity'))).toBe(true);
    const stored = filesOf(at('backups')).map((file) => readFileSync(file, 'latin1'));
    const all = [...seen, ...stored, said.stdout, said.stderr, made.stdout, made.stderr];
    for (const canary of [secret, ...keys]) expect(all.some((text) => text.includes(canary))).toBe(false);
  }, 120_000);

  it('named by a command, which is given key.age and answers with what is in it', async () => {
    const key = await openKey(ids()[0] ?? '');
    writeFileSync(
      at('opener.mjs'),
      `process.stdin.resume().on('end', () => console.log('DBCTL-DATA-KEY-1 ${key.toString('hex')}'))\n`,
    );
    configure(['ann', 'bob'], `    identity: { command: [${process.execPath}, opener.mjs] }\n`);
    const dry = await report(['restore', '--env', 'staging', '--yes', ids()[0] ?? '']);
    // It is not empty any more: that is said after the key was opened.
    expect(dry.error?.message).toContain('not empty');
    const other = await dbctl(['restore', '--data', at('other'), '--yes', ids()[1] ?? '']);
    expect(other.stderr).toContain('key.age holds the key of another backup');
    configure(['ann', 'bob']);
  }, 60_000);
});

const openKey = async (id: string, name = 'ann') => {
  const identity = await openIdentity({ kind: 'file', file: at(`${name}.identity`) }, { variables: {}, folder: project });
  return identity.unwrap(readFileSync(at('backups', id, 'key.age'), 'utf8'), WRAPPED_DATA_KEY);
};

describe('other recipients', () => {
  it('open what was there before, removed ones do not, and no file of the data is touched', async () => {
    const data = () => filesOf(at('backups')).filter((file) => !file.endsWith('key.age') && !file.includes('.lock'));
    const before = data().map((file) => [file, statSync(file).mtimeMs, statSync(file).ino]);
    configure(['bob', 'eve']);
    const wrapped = await report(['backup', 'rewrap', '--identity', at('ann.identity')]);
    expect(wrapped).toMatchObject({
      status: 0,
      summary: { rewrapped: 2, failed: 0, recipients: [recipients['bob'], recipients['eve']] },
    });
    expect(data().map((file) => [file, statSync(file).mtimeMs, statSync(file).ino])).toEqual(before);
    for (const id of ids()) {
      expect((await openKey(id, 'bob')).equals(await openKey(id, 'eve'))).toBe(true);
      await expect(openKey(id, 'ann')).rejects.toThrow('does not open key.age');
    }
    expect(await report(['backup', 'verify'])).toMatchObject({ status: 0 });
    const again = await report(['backup', 'rewrap', '--identity', at('ann.identity')]);
    expect(again).toMatchObject({ status: 1, summary: { rewrapped: 0, failed: 2 } });
    expect(again.items[0]?.['message']).toContain('it was wrapped for others');
  }, 60_000);

  it('are warned of when there is just one', async () => {
    configure(['eve']);
    const { status, stderr } = await dbctl(['backup', 'create']);
    expect([status, stderr]).toEqual([0, expect.stringContaining('one recipient alone can open the backups') as string]);
  }, 60_000);

  it.each([
    ['recipients: [age1abc]', 'age1 and 58 more characters, found the text'],
    [
      'recipients: [AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ]',
      'a private key stands in the file',
    ],
    ['identity: { file: a, variable: B }', 'names no identity, or more than one'],
  ])('that are none are refused: %s', async (line, message) => {
    const text = readFileSync(at('dbctl.yaml'), 'utf8');
    writeFileSync(at('dbctl.yaml'), text.replace(/ {4}recipients:.*\n/, `    ${line}\n`));
    const { status, stderr } = await dbctl(['backup', 'list']);
    writeFileSync(at('dbctl.yaml'), text);
    expect([status, stderr]).toEqual([2, expect.stringContaining(message) as string]);
  });
});
