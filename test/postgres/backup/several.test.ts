import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { DbctlError } from '../../../src/core/errors.ts';
import type { LogicalManifest } from '../../../src/ops/backup/manifest.ts';
import { linksOf, unnamedBackups } from '../../../src/ops/backup/previous.ts';
import { distribute, homeOf, localOf, sealedBackup } from '../../../src/ops/backup/distribute.ts';
import { sendBackup } from '../../../src/ops/backup/send.ts';
import { UNFINISHED, backupIds, folderRepository, type Repository } from '../../../src/ops/backup/repository.ts';
import { backupProblems, knowBackups } from '../../../src/ops/backup/verify.ts';
import { PLAIN } from '../../../src/ops/codec/codec.ts';
import { folderStorage } from '../../../src/ops/storage/folder.ts';
import { fetchWalFromAny, pushWal, pushWalToAll } from '../../../src/ops/wal/archive.ts';
import { syncWal } from '../../../src/ops/wal/sync.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { QUIET, backupBench } from './support.ts';

/** Several repositories, of which one does not answer. */
const bench = backupBench();
const transfer = { signal: QUIET.signal, onBytes: () => undefined };

/** As a bucket is: no folder of this machine, and nothing in it can be renamed. */
function bucket(name: string): Repository & { readonly root: string } {
  const root = join(bench.folder, `${name}-bucket`);
  const work = join(bench.folder, `${name}-work`);
  return { name, storage: { ...folderStorage(root), folder: null }, work, codec: PLAIN, root };
}
/** The same, which fails from the n-th write on. */
function failingBucket(name: string, from: number): Repository & { readonly root: string } {
  const whole = bucket(name);
  let writes = 0;
  const write: typeof whole.storage.write = (...given) => {
    writes += 1;
    return writes >= from
      ? Promise.reject(new DbctlError('storage.failed', `${name} does not answer`, {}))
      : whole.storage.write(...given);
  };
  return { ...whole, storage: { ...whole.storage, write } };
}
const problemsOf = async (repository: Repository) => {
  const keys = [bench.signer.verifierKey];
  const all = await knowBackups(repository, keys);
  const each = await Promise.all(
    all.map((one) => backupProblems(repository, one, { all, publicKeys: keys, onBytes: () => undefined })),
  );
  return each.flat();
};

beforeAll(async () => {
  await onServer(bench.server.url(), 'create database several');
  await onServer(
    bench.server.url('several'),
    'create table a (id int primary key)',
    'create table b (id int primary key)',
    'insert into a select generate_series(1, 1000)',
  );
}, 180_000);

describe('a backup that is sent', () => {
  it('is none before its last file is there, and a later run goes on where the first was stopped', async () => {
    const manifest = await bench.create('several');
    const sealed = await sealedBackup(bench.repository, manifest);
    const writes = manifest.files.length + 4;
    for (let stop = 1; stop < writes; stop += 1) {
      const failing = failingBucket(`stop-${stop}`, stop);
      await expect(sendBackup(sealed, failing, transfer)).rejects.toThrow('does not answer');
      expect(await backupIds(failing), `stopped at write ${stop}`).toEqual([]);
      const counted = { ...transfer, written: 0 };
      const { root, ...again } = bucket(`stop-${stop}`);
      expect(await sendBackup(sealed, again, counted)).toBe('sent');
      expect(await problemsOf(again)).toEqual([]);
      expect(existsSync(join(root, manifest.id, UNFINISHED))).toBe(false);
    }
    // Where every write is let through, the loop has tried each of them.
    expect(await sendBackup(sealed, failingBucket('all', writes), transfer)).toBe('sent');
  }, 60_000);

  it('to a folder has its name when it is whole', async () => {
    const manifest = await bench.create('several');
    const sealed = await sealedBackup(bench.repository, manifest);
    const folder = folderRepository('second', join(bench.folder, 'second'));
    let writes = 0;
    const storage = { ...folder.storage, folder: folder.folder };
    const failing = {
      ...folder,
      storage: {
        ...storage,
        write: (...given: Parameters<typeof storage.write>) => {
          writes += 1;
          return writes > 3 ? Promise.reject(new Error('killed')) : storage.write(...given);
        },
      },
    };
    await expect(sendBackup(sealed, failing, transfer)).rejects.toThrow('killed');
    expect(await backupIds(folder)).toEqual([]);
    expect(await sendBackup(sealed, folder, transfer)).toBe('sent');
    expect(await sendBackup(sealed, folder, transfer)).toBe('there already');
    expect(readdirSync(folder.folder).filter((name) => name.startsWith('.sending'))).toEqual([]);
    const other = { ...sealed, text: `${sealed.text} ` };
    await expect(sendBackup(other, folder, transfer)).rejects.toThrow(`second has another ${manifest.id}`);
  });

  it('is made in a work folder where no repository is a folder, and goes from there when one has it', async () => {
    const [down, up] = [failingBucket('down', 1), bucket('up')];
    const home = await homeOf([down, up]);
    const manifest = await bench.create('several', home);
    expect(await distribute(manifest, home, [down], QUIET)).toMatchObject([{ outcome: null, problem: 'down does not answer' }]);
    // Nobody has it: it stays for the next backup sync.
    expect(await backupIds(localOf(home))).toEqual([manifest.id]);
    expect(await distribute(manifest, home, [down, up], QUIET)).toMatchObject([
      { repository: 'down', outcome: null },
      { repository: 'up', outcome: 'sent' },
    ]);
    expect(await backupIds(localOf(home))).toEqual([]);
    expect(await backupIds(up)).toEqual([manifest.id]);
  });
});

describe('two machines and one bucket', () => {
  it('at the same time: both backups are whole, it is said, and the next one names both', async () => {
    const [one, two] = [bucket('shared'), { ...bucket('shared'), work: join(bench.folder, 'shared-work-2') }];
    const send = async (manifest: LogicalManifest, from: Repository) => {
      expect(await distribute(manifest, from, [from], QUIET)).toMatchObject([{ outcome: 'sent' }]);
      return manifest;
    };
    const base = await send(await bench.create('several', one), one);
    const both = await Promise.all([one, two].map(async (from) => ({ from, manifest: await bench.create('several', from) })));
    expect(both.map(({ manifest }) => manifest.previous?.id)).toEqual([base.id, base.id]);
    await Promise.all(both.map(({ manifest, from }) => send(manifest, from)));
    const ids = both.map(({ manifest }) => manifest.id).toSorted((a, b) => (a.slice(8) < b.slice(8) ? -1 : 1));
    const sealed = async () =>
      (await knowBackups(one, [bench.signer.verifierKey])).flatMap((known) => (known.state === 'sealed' ? [known.manifest] : []));
    expect(await problemsOf(one)).toEqual([]);
    expect(unnamedBackups(await sealed())).toEqual(ids.slice(0, 1));
    const next = await send(await bench.create('several', two), two);
    expect(linksOf(next).map(({ id }) => id)).toEqual(ids.toReversed());
    expect([await problemsOf(one), unnamedBackups(await sealed())]).toEqual([[], []]);
    // Whichever is taken away is missed.
    rmSync(join(one.root, ids[0] ?? ''), { recursive: true });
    expect(await problemsOf(one)).toEqual([`the backup before it, ${ids[0]}, is gone`]);
    expect(linksOf(await bench.create('several', one)).map(({ id }) => id)).toEqual([next.id]);
  });
});

describe('the log', () => {
  const history = (text: string) => {
    const path = join(bench.folder, '00000002.history');
    writeFileSync(path, text);
    return path;
  };

  it('is pushed to all, and fetched from any that has it whole', async () => {
    const [a, b] = [
      folderRepository('wal-a', join(bench.folder, 'wal-a')),
      folderRepository('wal-b', join(bench.folder, 'wal-b')),
    ];
    const blocked = folderRepository('blocked', join(bench.folder, 'blocked'));
    writeFileSync(join(bench.folder, 'blocked'), 'a file where the folder should be');
    const path = history('1\t0/3000000\tat restore point "x"\n');
    expect(await pushWalToAll([a, blocked], path)).toMatchObject([
      { repository: 'wal-a', pushed: 'stored' },
      { repository: 'blocked', pushed: null, problem: expect.stringContaining('blocked') as string },
    ]);
    await expect(pushWalToAll([blocked], path)).rejects.toThrow('blocked');
    // What one refuses is refused.
    await pushWal(b, path);
    await expect(pushWalToAll([a, b], history('1\t0/4000000\tanother\n'))).rejects.toThrow(
      'the archive has another 00000002.history',
    );
    const target = join(bench.folder, 'fetched');
    truncateSync(join(a.folder, '.wal/00000002/00000002.history.gz'), 5);
    expect(await fetchWalFromAny([a, b], '00000002.history', target)).toBe(true);
    // Broken here and absent there is no end of the log; absent in both is.
    const empty = folderRepository('empty', join(bench.folder, 'empty'));
    await expect(fetchWalFromAny([a, empty], '00000002.history', target)).rejects.toThrow('cannot be unpacked');
    expect(await fetchWalFromAny([a, empty], '00000003.history', target)).toBe(false);
    // What is broken is not multiplied.
    writeFileSync(join(a.folder, '.wal', 'system'), '1 16777216\n');
    expect(await syncWal(a, empty, { signal: QUIET.signal, onFile: () => undefined })).toMatchObject({
      sent: 0,
      problems: [expect.stringContaining('wal-a: 00000002.history in the archive cannot be unpacked') as string],
    });
    writeFileSync(join(empty.folder, '.wal', 'system'), '2 16777216\n');
    await expect(syncWal(a, empty, { signal: QUIET.signal, onFile: () => undefined })).rejects.toThrow(
      'the write-ahead log in wal-a and that in empty are of different servers',
    );
  });
});

describe('at the terminal', () => {
  const project = mkdtempSync(join(tmpdir(), 'dbctl-several-'));
  afterAll(() => rmSync(project, { recursive: true, force: true }));
  const dbctl = async (...args: readonly string[]) => {
    const { status, stdout, stderr } = await runCli([...args, '--format', 'json'], {
      cwd: project,
      env: { DATABASE_URL: bench.server.url('several'), PATH: process.env['PATH'] },
      timeoutMs: 60_000,
    });
    if (!stdout.startsWith('{')) throw new Error(stderr);
    return { ...(JSON.parse(stdout) as Report), status };
  };

  it('one repository fails, is said, and is caught up: backups, removals and the log', async () => {
    cpSync(join(bench.folder, 'key.pem'), join(project, 'key.pem'));
    writeFileSync(
      join(project, 'dbctl.yaml'),
      `version: 1
project: several
backup:
  repositories:
    - { name: here, type: folder, path: here }
    - { name: there, type: folder, path: there }
  signer: { name: test-backup, key: { file: key.pem } }
  keep: { daily: 1 }
`,
    );
    writeFileSync(join(project, 'there'), 'the mount point of a disk that is not mounted');
    const first = await dbctl('backup', 'create');
    expect(first).toMatchObject({ status: 1, ok: false, summary: { failed: 1, repositories: 2 } });
    expect(first.items[1]).toMatchObject({ object: 'there', status: 'fail', fix: 'dbctl backup sync' });
    const down = await dbctl('backup', 'sync');
    expect(down).toMatchObject({ status: 1, items: [{ object: 'there', status: 'fail' }] });
    rmSync(join(project, 'there'));
    const path = join(project, '00000002.history');
    writeFileSync(path, '1\t0/3000000\tx\n');
    expect((await dbctl('wal', 'push', path, '--repository', 'here')).status).toBe(0);
    mkdirSync(join(project, 'here', '.wal'), { recursive: true });
    writeFileSync(join(project, 'here', '.wal', 'system'), '1 16777216\n');
    const planned = await dbctl('backup', 'sync', '--dry-run');
    expect(planned).toMatchObject({ status: 0, items: [{ id: first.summary['id'], object: 'there', message: 'is in here' }] });
    const caught = await dbctl('backup', 'sync');
    expect(caught).toMatchObject({
      status: 0,
      items: [
        { id: first.summary['id'], object: 'there', message: 'brought from here' },
        { id: 'write-ahead log', object: 'there', message: '1 files brought from here' },
      ],
    });
    expect((await dbctl('backup', 'sync')).items).toEqual([]);
    const second = await dbctl('backup', 'create');
    expect(second).toMatchObject({ status: 0, items: [{ object: 'here' }, { object: 'there' }] });
    // Each by its own rule, and neither brings back what the other removed.
    const pruned = await dbctl('backup', 'prune', '--yes');
    expect(pruned).toMatchObject({ status: 0, summary: { removed: 2, kept: 2 } });
    expect((await dbctl('backup', 'sync')).items).toEqual([]);
    for (const name of ['here', 'there']) expect((await dbctl('backup', 'verify', '--repository', name)).status, name).toBe(0);
    expect(readFileSync(join(project, 'there', second.summary['id'] as string, 'manifest.json'), 'utf8')).toBe(
      readFileSync(join(project, 'here', second.summary['id'] as string, 'manifest.json'), 'utf8'),
    );
  }, 120_000);
});
