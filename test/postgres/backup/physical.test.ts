import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, createWriteStream, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { pack, type Header } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { backupIds, folderRepository } from '../../../src/ops/backup/repository.ts';
import { unpackArchive } from '../../../src/ops/restore/unpack.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { physicalBench, withRottenPage } from './physical-support.ts';
import { backupBench } from './support.ts';

const bench = backupBench({ settings: { max_wal_senders: '4', wal_level: 'replica' } });
const { repository, create, drill, ask, verifyBackup } = physicalBench(bench);

beforeAll(async () => {
  await onServer(bench.server.url(), 'create database bank');
  await onServer(
    bench.server.url('bank'),
    'create table account (id int primary key, balance bigint not null)',
    'insert into account select n, 1000 from generate_series(1, 200) n',
  );
  const folder = await bench.server.giveFolder('space');
  await onServer(
    bench.server.url('bank'),
    `create tablespace elsewhere location '${folder}'`,
    'create table far (id int, note text) tablespace elsewhere',
    `insert into far select n, repeat('x', 100) from generate_series(1, 5000) n`,
  );
}, 180_000);

describe('a physical backup without any client program', () => {
  it('is one that the program of PostgreSQL accepts, and that starts: tablespaces and all', async () => {
    const manifest = await create();
    expect(manifest).toMatchObject({
      type: 'physical',
      engine: 'native',
      timeline: 1,
      source: { bootstrapUser: 'postgres', databases: ['bank', 'postgres'] },
    });
    expect(manifest.tablespaces).toHaveLength(1);
    const names = readdirSync(join(repository().folder, manifest.id, 'cluster')).toSorted();
    expect(names).toEqual([`${manifest.tablespaces[0]?.oid}.tar`, 'backup_manifest', 'base.tar']);
    expect(await verifyBackup(manifest.id)).toMatchObject({ status: 0, stderr: '' });
    const { steps, rtoSeconds } = await drill(manifest);
    expect(steps.map(({ name, outcome, message }) => `${name} ${outcome} ${message}`)).toEqual([
      'fetch passed every file as it was sealed',
      'restore passed 2 archives',
      `replay passed recovered to ${manifest.endLsn}`,
      'open passed 2 databases: bank, postgres',
      'compare skipped a backup of files has no fingerprint: its moment is its end, and no transaction is there to read it',
      'immutability skipped dbctl.yaml has no append-only table',
      'ledger skipped nothing was sealed in the ledger',
      'self-test skipped no table is append-only',
      'amcheck passed heaps and indexes are whole',
    ]);
    expect(rtoSeconds).toBeGreaterThan(0);
  }, 120_000);

  it('is consistent, however much is written while it is taken', async () => {
    const stop = new AbortController();
    const writers = Array.from({ length: 4 }, async (_, place) => {
      const client = new pg.Client({ connectionString: bench.server.url('bank') });
      await client.connect();
      for (let n = 0; !stop.signal.aborted; n += 1) {
        const [from, to] = [1 + ((place * 50 + n) % 200), 1 + ((place * 50 + n + 7) % 200)].toSorted((a, b) => a - b);
        await client.query(
          `begin; update account set balance = balance - 1 where id = ${from}; update account set balance = balance + 1 where id = ${to}; commit`,
        );
      }
      await client.end();
    });
    const manifest = await create();
    stop.abort();
    await Promise.all(writers);
    const looked = await drill(manifest, {
      database: 'bank',
      tools: { ...bench.tools, setting: '/nowhere' },
    });
    expect(looked.steps.find(({ name }) => name === 'amcheck')).toMatchObject({ outcome: 'skipped' });
    expect(looked.steps.every(({ outcome }) => outcome !== 'failed')).toBe(true);
    // And once more with eyes of our own: what one account lost another has.
    const [{ sum } = { sum: '' }] = await ask<{ sum: string }>(
      [manifest],
      'bank',
      'select sum(balance)::text as sum from account',
    );
    expect(sum).toBe('200000');
  }, 180_000);
});

describe('a physical backup that fails keeps nothing', () => {
  const kept = () => backupIds(repository());

  it('where the role may not take one', async () => {
    await onServer(bench.server.url(), `create role t_no_replication login password 'x3'`);
    const as = new URL(bench.server.url());
    [as.username, as.password] = ['t_no_replication', 'x3'];
    const before = await kept();
    await expect(create({}, as.href)).rejects.toMatchObject({ code: 'db.denied' });
    expect(await kept()).toEqual(before);
  });

  it('where the connection is cut', async () => {
    const before = await kept();
    const cutting = (async () => {
      const client = new pg.Client({ connectionString: bench.server.url() });
      await client.connect();
      for (let n = 0; n < 2_000; n += 1) {
        const { rowCount } = await client.query(
          `select pg_terminate_backend(pid) from pg_stat_replication where state = 'backup'`,
        );
        if (rowCount !== null && rowCount > 0) break;
      }
      await client.end();
    })();
    const outcome = await create().then(
      () => 'made',
      (thrown: { code?: string }) => thrown.code ?? 'none',
    );
    await cutting;
    expect(outcome).toBe('db.unreachable');
    expect(await kept()).toEqual(before);
    expect(readdirSync(repository().folder).filter((name) => name.startsWith('.partial'))).toEqual([]);
  });

  it('where the thread that hashes ends', async () => {
    const before = await kept();
    process.once('worker', (thread) => void thread.terminate());
    await expect(create()).rejects.toMatchObject({
      code: 'backup.failed',
      message: 'the thread that writes and hashes failed: it ended',
    });
    expect(await kept()).toEqual(before);
    expect(readdirSync(repository().folder).filter((name) => name.startsWith('.partial'))).toEqual([]);
  });

  it('where the disk fills up in the middle, and says so', async ({ skip }) => {
    const disk = join(bench.folder, 'small-disk');
    mkdirSync(disk);
    // More than the quarter of the server that is asked for before anything is written, less than the whole.
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=14m,mode=0700', 'tmpfs', disk], { stdio: 'ignore' });
    if (mount.status !== 0) skip('needs the right to mount a tmpfs');
    try {
      await expect(create({ repository: folderRepository('small', disk) })).rejects.toMatchObject({
        code: 'storage.failed',
        message: expect.stringMatching(/base\.tar: no space left on the disk$/) as string,
      });
      expect(readdirSync(disk).filter((name) => name !== '.lock')).toEqual([]);
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  it('where a page of the server has a wrong checksum', async () => {
    const before = await kept();
    await withRottenPage(bench, 'bank', async () => {
      await expect(create()).rejects.toMatchObject({ sqlstate: 'XX001', message: expect.stringContaining('checksum') as string });
      expect(await kept()).toEqual(before);
    });
  });
});

describe('an archive from somebody else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-evil-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each<[string, Partial<Header> & { name: string }, string]>([
    ['leads out of its folder', { name: '../outside' }, 'the archive leads out of its folder'],
    ['leads out of it with many steps', { name: 'a/b/../../../outside' }, 'the archive leads out of its folder'],
    ['holds a hard link', { name: 'a', type: 'link', linkname: '/etc/passwd' }, 'holds a link called "a"'],
    ['holds a link to elsewhere', { name: 'a', type: 'symlink', linkname: '/etc' }, 'holds a symlink called "a"'],
    ['holds a device', { name: 'a', type: 'character-device' }, 'holds a character-device called "a"'],
    ['holds a pipe', { name: 'a', type: 'fifo' }, 'holds a fifo called "a"'],
  ])('that %s is not unpacked', async (_name, header, said) => {
    const archive = join(folder, 'evil.tar');
    const tar = pack();
    tar.entry(header, header.type === undefined ? 'evil' : (undefined as never));
    tar.finalize();
    await pipeline(tar, createWriteStream(archive));
    const into = mkdtempSync(join(folder, 'into-'));
    await expect(unpackArchive(archive, into, { tablespaces: folder, account: undefined, onBytes: () => {} })).rejects.toThrow(
      said,
    );
    expect(readdirSync(folder).filter((name) => name === 'outside')).toEqual([]);
  });
});

describe('a machine with npm and nothing else', () => {
  const project = mkdtempSync(join(tmpdir(), 'dbctl-fresh-'));
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  it('backs up and drills', async () => {
    writeFileSync(
      join(project, 'dbctl.yaml'),
      `version: 1
project: fresh
environments: { dev: { url: { variable: DATABASE_URL } } }
backup:
  # A folder without programs: nothing of this machine is used.
  programs: nothing
  repositories: [{ name: here, type: folder, path: backups }]
  signer: { name: fresh, key: { file: key.pem } }
`,
    );
    const dbctl = async (...args: readonly string[]) => {
      const { status, stdout, stderr } = await runCli([...args, '--format', 'json'], {
        cwd: project,
        env: { DATABASE_URL: bench.server.url('bank'), PATH: process.env['PATH'] },
        timeoutMs: 120_000,
      });
      if (!stdout.startsWith('{')) throw new Error(stderr);
      return { ...(JSON.parse(stdout) as Report), status };
    };
    expect((await dbctl('ledger', 'key', 'key.pem', '--name', 'fresh')).status).toBe(0);
    expect((await dbctl('backup', 'create')).error?.message).toBe('pg_dump for PostgreSQL 18 is not there');
    const made = await dbctl('backup', 'create', '--type', 'physical');
    expect(made).toMatchObject({ status: 0, summary: { type: 'physical', databases: ['bank', 'postgres'] } });
    const drilled = await dbctl('backup', 'drill');
    expect(drilled.status).toBe(0);
    expect(drilled.items.find(({ id }) => id === 'amcheck')).toMatchObject({
      status: 'skipped',
      message: 'pg_amcheck of PostgreSQL 18 is not there: dbctl tools install',
    });
    expect((await dbctl('backup', 'verify')).status).toBe(0);
    expect((await dbctl('restore', '--yes')).error?.message).toMatch(
      /is of a whole server, and cannot be restored into a database$/,
    );
    // A data folder outside of the project, which the account of a server may enter.
    const place = mkdtempSync(join(tmpdir(), 'dbctl-data-'));
    const data = join(place, 'data');
    if (process.getuid?.() === 0) {
      // mkdtemp lets nobody else in, and the server does not run as root.
      const closed = await dbctl('restore', '--data', data, '--yes');
      expect(closed).toMatchObject({
        status: 5,
        error: {
          message: expect.stringMatching(`^user \\w+, whom the server runs as, cannot enter ${place} \\(mode 0700\\)$`),
          hint: `Let it pass (chmod o+x ${place}), or name a folder it can get to, such as /var/lib/postgresql/restored.`,
        },
      });
      expect(readdirSync(place)).toEqual([]);
      chmodSync(place, 0o711);
    }
    expect((await dbctl('restore', '--data', data, '--yes')).items[0]).toMatchObject({
      message: 'unpacked; pg_verifybackup is not there to compare the files',
    });
    expect(readFileSync(join(data, 'PG_VERSION'), 'utf8')).toBe('18\n');
    expect(readdirSync(`${data}.tablespaces`)).toHaveLength(1);
    const again = await dbctl('restore', '--data', data, '--yes');
    expect(again).toMatchObject({ status: 5, error: { code: 'refused' } });
    expect(again.error?.message).toMatch(/is not empty: it has /);
    writeFileSync(
      join(project, 'dbctl.yaml'),
      readFileSync(join(project, 'dbctl.yaml'), 'utf8').replace('  programs: nothing\n', ''),
    );
    const other = join(place, 'other');
    expect((await dbctl('restore', '--data', other, '--yes')).items[0]).toMatchObject({
      message: 'every file as the server sent it',
    });
    expect((await dbctl('restore', '--data', join(place, 'no', 'where'), '--yes')).error?.message).toMatch(
      /^there is no folder /,
    );
    expect(readdirSync(place).toSorted()).toEqual(['data', 'data.tablespaces', 'other', 'other.tablespaces']);
    rmSync(place, { recursive: true, force: true });
    const manifest = readFileSync(join(project, 'backups', made.summary['id'] as string, 'manifest.json'), 'utf8');
    expect(manifest).not.toContain(bench.server.password);
  }, 180_000);
});
