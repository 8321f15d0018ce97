import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { requireChain } from '../../../src/ops/backup/chain.ts';
import type { PhysicalManifest } from '../../../src/ops/backup/manifest.ts';
import { planPrune } from '../../../src/ops/backup/prune.ts';
import { removeBackups } from '../../../src/ops/backup/remove.ts';
import { distribute } from '../../../src/ops/backup/distribute.ts';
import { backupIds, folderRepository, type Repository } from '../../../src/ops/backup/repository.ts';
import { PLAIN } from '../../../src/ops/codec/codec.ts';
import { folderStorage } from '../../../src/ops/storage/folder.ts';
import { backupProblems, knowBackups } from '../../../src/ops/backup/verify.ts';
import { restoreDataFolder } from '../../../src/ops/restore/data-folder.ts';
import type { Report } from '../../../src/core/report.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { startServer } from '../../support/server.ts';
import { physicalBench } from './physical-support.ts';
import { QUIET, backupBench } from './support.ts';
import { faultsOf } from '../../support/faults.ts';

const bench = backupBench({
  settings: { max_wal_senders: '4', wal_level: 'replica', summarize_wal: 'on', allow_in_place_tablespaces: 'on' },
});
const { repository, create, drill, ask, verifyBackup } = physicalBench(bench);
const publicKeys = () => [bench.signer.verifierKey];
const known = (from: Repository = repository()) => knowBackups(from, publicKeys());
const since = (id: string | null = null) => ({ incremental: { id, publicKeys: publicKeys() } });
const bytesOf = ({ files }: PhysicalManifest) => files.reduce((sum, { bytes }) => sum + bytes, 0);
const WHOLE = `select (select count(*)::int from entry) as entries, (select sum(amount)::text from entry) as amount, (select count(*)::int from far) as far, (select count(*)::int from near) as near`;

let chain: PhysicalManifest[];

beforeAll(async () => {
  await onServer(bench.server.url(), 'create database bank');
  const folder = await bench.server.giveFolder('space');
  await onServer(
    bench.server.url('bank'),
    `create tablespace elsewhere location '${folder}'`,
    `create tablespace inside location ''`,
    'create table near (id int) tablespace inside',
    'insert into near select generate_series(1, 3000)',
    'create table entry (id int primary key, amount bigint not null, note text)',
    `insert into entry select n, n, repeat('x', 500) from generate_series(1, 20000) n`,
    'create table far (id int, note text) tablespace elsewhere',
    `insert into far select n, repeat('x', 100) from generate_series(1, 5000) n`,
  );
  const full = await create({ engine: 'native' });
  await onServer(
    bench.server.url('bank'),
    'update entry set amount = amount + 1 where id <= 100',
    'delete from far where id > 4000',
    'delete from near where id > 2900',
  );
  const second = await create({ engine: 'tools', ...since() });
  await onServer(bench.server.url('bank'), `insert into far select 1, 'late'`, 'create table fresh as select 1 as one');
  const third = await create({ engine: 'native', ...since() });
  chain = [full, second, third];
}, 180_000);

describe('backups of what changed', () => {
  it('name the one they were made on, and are small', () => {
    const [full, second, third] = chain as [PhysicalManifest, PhysicalManifest, PhysicalManifest];
    expect(chain.map(({ engine, parent }) => [engine, parent?.id ?? null])).toEqual([
      ['native', null],
      ['tools', full.id],
      ['native', second.id],
    ]);
    expect(second.programs).toEqual({ pg_basebackup: expect.stringMatching(/^18\.\d+$/) as string });
    for (const one of [second, third]) expect(bytesOf(one)).toBeLessThan(bytesOf(full) / 2);
    expect(readdirSync(join(repository().folder, third.id)).toSorted()).toEqual(['cluster', 'manifest.json', 'manifest.note']);
  });

  it('are accepted by the program of PostgreSQL, of either engine', async () => {
    for (const { id } of chain) expect(await verifyBackup(id)).toEqual({ status: 0, stderr: '' });
  });

  it('hold, put together, every row there was: whichever of them is the last', async () => {
    const [full, second, third] = chain as [PhysicalManifest, PhysicalManifest, PhysicalManifest];
    const sum = (20_000 * 20_001) / 2;
    expect(await ask([full], 'bank', WHOLE)).toEqual([{ entries: 20_000, amount: String(sum), far: 5_000, near: 3_000 }]);
    expect(await ask([full, second], 'bank', WHOLE)).toEqual([
      { entries: 20_000, amount: String(sum + 100), far: 4_000, near: 2_900 },
    ]);
    expect(await ask([full, second, third], 'bank', `${WHOLE}, (select one from fresh) as fresh`)).toEqual([
      { entries: 20_000, amount: String(sum + 100), far: 4_001, near: 2_900, fresh: 1 },
    ]);
  }, 60_000);

  it('are drilled with those they were made on', async () => {
    const last = chain[2] as PhysicalManifest;
    const { steps } = await drill(last, { ancestors: requireChain(last, await known()) });
    expect(steps.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(steps.find(({ name }) => name === 'restore')?.message).toBe('9 archives of 3 backups, combined');
  }, 60_000);

  it('are not drilled without them', async () => {
    const { steps } = await drill(chain[2] as PhysicalManifest);
    expect(steps.at(-1)).toMatchObject({ name: 'restore', outcome: 'failed' });
    expect(steps.at(-1)?.message).toBe(`${chain[2]?.id} holds only what changed since ${chain[1]?.id}`);
  });

  it('become one data folder, which pg_verifybackup compares with the manifest of the whole', async () => {
    const data = join(bench.folder, 'restored', 'data');
    const place = join(bench.folder, 'restored');
    mkdirSync(place);
    const last = chain[2] as PhysicalManifest;
    const made = await restoreDataFolder({
      ...QUIET,
      repository: repository(),
      manifest: last,
      ancestors: requireChain(last, await known()),
      data,
      account: undefined,
      replay: null,
      tools: bench.tools,
    });
    expect(made).toEqual({ tablespaces: `${data}.tablespaces`, verified: true });
    expect(readdirSync(place).toSorted()).toEqual(['data', 'data.tablespaces']);
    expect(readdirSync(data)).not.toContain('backup_manifest');
    expect(readFileSync(join(data, 'backup_label'), 'utf8')).toContain(`LABEL: dbctl ${last.id}`);
  }, 60_000);
});

describe('a broken chain', () => {
  faultsOf('chain');
  const [FULL, SECOND, THIRD] = [0, 1, 2] as const;
  const idOf = (place: number) => chain[place]?.id ?? '';
  const manifestOf = (folder: string, place: number) => join(folder, idOf(place), 'manifest.json');

  it.each<[string, (folder: string) => void, () => string]>([
    [
      'the full one is gone',
      (folder) => rmSync(join(folder, idOf(FULL)), { recursive: true }),
      () => `${idOf(THIRD)} cannot be restored: ${idOf(SECOND)} needs ${idOf(FULL)}, which is not there`,
    ],
    [
      'the one between is gone',
      (folder) => rmSync(join(folder, idOf(SECOND)), { recursive: true }),
      () => `${idOf(THIRD)} cannot be restored: ${idOf(THIRD)} needs ${idOf(SECOND)}, which is not there`,
    ],
    [
      'the manifest of the full one was edited',
      (folder) =>
        writeFileSync(manifestOf(folder, FULL), readFileSync(manifestOf(folder, FULL), 'utf8').replace('test@here', 'me@here')),
      () =>
        `${idOf(THIRD)} cannot be restored: ${idOf(SECOND)} needs ${idOf(FULL)}, which is not to be trusted: the manifest of ${idOf(FULL)} is not the one that was signed`,
    ],
  ])('%s: nothing is touched, and verify says so', async (name, act, said) => {
    const copied = folderRepository('broken', join(bench.folder, `broken-${name.replaceAll(' ', '-')}`));
    cpSync(repository().folder, copied.folder, { recursive: true });
    act(copied.folder);
    const all = await known(copied);
    const last = chain[2] as PhysicalManifest;
    expect(() => requireChain(last, all)).toThrow(said());
    const here = all.find(({ id }) => id === last.id);
    if (here === undefined) throw new Error('the last one stays');
    const problems = await backupProblems(copied, here, { all, publicKeys: publicKeys(), onBytes: () => {} });
    expect(problems.some((problem) => said().endsWith(problem))).toBe(true);
    rmSync(copied.folder, { recursive: true });
  });

  it('a flipped byte in the full one: nothing is unpacked', async () => {
    const copied = folderRepository('flipped', join(bench.folder, 'flipped'));
    cpSync(repository().folder, copied.folder, { recursive: true });
    const archive = join(copied.folder, idOf(FULL), 'cluster', 'base.tar');
    const bytes = readFileSync(archive);
    bytes[5_000_000] = (bytes[5_000_000] ?? 0) ^ 1;
    writeFileSync(archive, bytes);
    const last = chain[2] as PhysicalManifest;
    const data = join(bench.folder, 'never');
    const restoring = restoreDataFolder({
      ...QUIET,
      repository: copied,
      manifest: last,
      ancestors: requireChain(last, await known(copied)),
      data,
      account: undefined,
      replay: null,
      tools: bench.tools,
    });
    await expect(restoring).rejects.toMatchObject({
      code: 'backup.failed',
      message: `${idOf(FULL)} is not what was sealed: cluster/base.tar has other bytes than were written`,
    });
    expect(readdirSync(bench.folder).filter((name) => name.startsWith('never'))).toEqual([]);
    rmSync(copied.folder, { recursive: true });
  });
});

describe('a repository that is no folder', () => {
  it('gives the parent, and the chain to a restore', async () => {
    const root = join(bench.folder, 'bucket');
    const bucket: Repository = {
      ...repository(),
      name: 'bucket',
      storage: { ...folderStorage(root), folder: null },
      work: join(bench.folder, 'bucket-work'),
      codec: PLAIN,
    };
    const add = async (changes: Parameters<typeof create>[0] = {}) => {
      const manifest = await create({ ...changes, repository: bucket });
      await distribute(manifest, bucket, [bucket], QUIET);
      return manifest;
    };
    const full = await add();
    const last = await add(since());
    expect(last.parent?.id).toBe(full.id);
    expect(readdirSync(bucket.work).filter((name) => !name.startsWith('.'))).toEqual([]);
    const data = join(bench.folder, 'from-bucket');
    const ancestors = requireChain(last, await known(bucket));
    const made = await restoreDataFolder({
      ...QUIET,
      repository: bucket,
      manifest: last,
      ancestors,
      data,
      account: undefined,
      replay: null,
      tools: bench.tools,
    });
    expect(made.verified).toBe(true);
    expect(readdirSync(bucket.work).filter((name) => name.startsWith('.brought'))).toEqual([]);
  }, 60_000);
});

describe('prune', () => {
  it('keeps what one that stays was made on, and says for whom', async () => {
    const rule = { last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
    const [full, second, third] = chain as [PhysicalManifest, PhysicalManifest, PhysicalManifest];
    expect(planPrune(await known(), rule, new Map())).toEqual([
      { id: full.id, act: 'keep', why: `${second.id} needs it` },
      { id: second.id, act: 'keep', why: `${third.id} needs it` },
      { id: third.id, act: 'keep', why: 'last' },
    ]);
  });

  it('keeps it in whatever order they are told', async () => {
    const rule = { last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
    const kept = planPrune((await known()).toReversed(), rule, new Map());
    expect(kept.map(({ act }) => act)).toEqual(['keep', 'keep', 'keep']);
  });

  it('takes none away that another needs, whatever was planned', async () => {
    const [full] = chain as [PhysicalManifest];
    const removal = removeBackups(repository(), [full], bench.signer, { signal: QUIET.signal, onRemoved: () => undefined });
    await expect(removal).rejects.toMatchObject({
      code: 'refused',
      message: `${full.id} is needed by ${chain[1]?.id}, which was made on it`,
    });
    expect(await backupIds(repository())).toContain(full.id);
  });
});

describe('what a backup of changes cannot be made on is refused, and nothing is kept', () => {
  const other = physicalBench(bench, 'other');

  it('an empty repository', async () => {
    await expect(other.create(since())).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/^there is no physical backup of server \d+ to be incremental to$/) as string,
      hint: 'Take a full one: dbctl backup create --type physical.',
    });
    expect(await backupIds(other.repository())).toEqual([]);
  });

  it('one that is not there', async () => {
    await expect(create(since('cluster-0'))).rejects.toMatchObject({
      message: 'no incremental backup can follow cluster-0: there is no backup cluster-0',
    });
  });

  it('a backup of another server', async () => {
    const stranger = await startServer({ settings: { max_wal_senders: '4', wal_level: 'replica', summarize_wal: 'on' } });
    try {
      const before = await backupIds(repository());
      await expect(create(since(chain[0]?.id ?? ''), stranger.url())).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringMatching(
          /^no incremental backup can follow cluster-\S+: it is of server \d+, and this one is \d+$/,
        ) as string,
      });
      expect(await backupIds(repository())).toEqual(before);
    } finally {
      await stranger.stop();
    }
  }, 60_000);

  it('a backup whose server manifest was changed', async () => {
    const copied = folderRepository('changed', join(bench.folder, 'changed'));
    cpSync(repository().folder, copied.folder, { recursive: true });
    const path = join(copied.folder, chain[2]?.id ?? '', 'cluster', 'backup_manifest');
    writeFileSync(path, readFileSync(path, 'utf8').replace('PG_VERSION', 'PG_VERSIOM'));
    await expect(create({ ...since(), repository: copied })).rejects.toMatchObject({
      code: 'backup.failed',
      message: `${chain[2]?.id} is not what was sealed: cluster/backup_manifest has other bytes than were written`,
    });
    rmSync(copied.folder, { recursive: true });
  });

  it.each(['native', 'tools'] as const)(
    'a time of which the server has no summaries: %s',
    async (engine) => {
      const bare = await startServer({ settings: { max_wal_senders: '4', wal_level: 'replica', summarize_wal: 'off' } });
      const summaries = physicalBench(bench, `summaries-${engine}`);
      try {
        const full = await summaries.create({ engine }, bare.url());
        await expect(summaries.create({ engine, ...since() }, bare.url())).rejects.toMatchObject({
          code: 'refused',
          message: 'no base backup can be taken: summarize_wal is off',
        });
        // Written while nobody summarized, and recycled before somebody did.
        await onServer(bare.url(), 'select pg_switch_wal()', 'checkpoint', 'select pg_switch_wal()', 'checkpoint');
        await onServer(bare.url(), 'alter system set summarize_wal = on', 'select pg_reload_conf()');
        await onServer(bare.url(), 'create table later as select 1', 'checkpoint', 'select pg_switch_wal()', 'checkpoint');
        const refusal = expect.stringMatching(
          new RegExp(`^(the server has no WAL summaries from |no incremental backup can follow ${full.id}: )`),
        ) as string;
        await expect(summaries.create({ engine, ...since() }, bare.url())).rejects.toMatchObject({
          code: 'refused',
          message: refusal,
        });
        expect(await backupIds(summaries.repository())).toEqual([full.id]);
      } finally {
        await bare.stop();
      }
    },
    60_000,
  );
});

describe('at a terminal', () => {
  it('is made, shown, verified, drilled, restored and pruned as one', async () => {
    const project = join(bench.folder, 'project');
    mkdirSync(project);
    writeFileSync(
      join(project, 'dbctl.yaml'),
      `version: 1
project: chain
environments: { dev: { url: { variable: DATABASE_URL } } }
backup:
  repositories: [{ name: here, type: folder, path: backups }]
  # Files as they come: pg_basebackup takes them where it is found.
  compression: none
  signer: { name: chain, key: { file: key.pem } }
  keep: { last: 1 }
`,
    );
    const dbctl = async (...args: readonly string[]) => {
      const { status, stdout, stderr } = await runCli([...args, '--format', 'json'], {
        cwd: project,
        env: { DATABASE_URL: bench.server.url('bank') },
        timeoutMs: 120_000,
      });
      if (!stdout.startsWith('{')) throw new Error(stderr);
      return { ...(JSON.parse(stdout) as Report), status };
    };
    await dbctl('ledger', 'key', 'key.pem', '--name', 'chain');
    const create = ['backup', 'create', '--type', 'physical'] as const;
    const refusals: readonly (readonly [readonly string[], string])[] = [
      [['backup', 'create', '--incremental'], '--incremental goes with --type physical'],
      [['backup', 'create', '--engine', 'native'], '--engine goes with --type physical'],
      [[...create, '--base', 'x'], '--base goes with --incremental'],
    ];
    for (const [args, message] of refusals) expect(await dbctl(...args)).toMatchObject({ status: 2, error: { message } });
    const full = await dbctl(...create);
    expect(full.summary).toMatchObject({ engine: 'tools', parent: null });
    const id = full.summary['id'] as string;
    const first = await dbctl(...create, '--incremental', '--engine', 'native');
    const second = await dbctl(...create, '--incremental', '--base', id);
    for (const made of [first, second]) expect(made).toMatchObject({ status: 0, summary: { parent: id } });
    expect(second.items[0]?.message).toMatch(
      new RegExp(`^what changed since ${id}, 2 databases, up to \\S+, taken by pg_basebackup 18`),
    );
    const listed = await dbctl('backup', 'list');
    expect(listed.items.map(({ message }) => message)).toEqual([
      'cluster of dev',
      `cluster of dev, what changed since ${id}`,
      `cluster of dev, what changed since ${id}`,
    ]);
    const shown = await dbctl('backup', 'show');
    expect(shown.items.find((one) => one.id === 'changes since')?.message).toBe(`${id}, without which it cannot be restored`);
    // One that holds changes is hashed with what it was made on, and with nothing else.
    expect((await dbctl('backup', 'verify', 'latest')).items.map((one) => one.id)).toEqual([id, second.summary['id']]);
    expect((await dbctl('backup', 'drill')).status).toBe(0);
    const data = join(project, 'data');
    for (const folder of [bench.folder, project]) chmodSync(folder, 0o711);
    expect((await dbctl('restore', '--data', data, '--yes')).items[0]).toMatchObject({
      message: 'every file as the server sent it',
    });
    expect(await dbctl('backup', 'prune', '--yes')).toMatchObject({ status: 0, summary: { kept: 2, removed: 1 } });
    expect((await dbctl('backup', 'verify')).status).toBe(0);
    // Once nobody needs them they go, the last of the chain first.
    const newest = await dbctl(...create);
    expect(await dbctl('backup', 'prune', '--yes')).toMatchObject({ status: 0, summary: { kept: 1, removed: 2 } });
    expect((await dbctl('backup', 'list')).items.map((one) => one.id)).toEqual([newest.summary['id']]);
    // What changed since a backup that is gone is no backup, whatever its own seal says.
    const orphan = await dbctl(...create, '--incremental');
    expect((await dbctl('backup', 'status')).items[0]).toMatchObject({ id: 'backup-age', status: 'pass' });
    rmSync(join(project, 'backups', newest.summary['id'] as string), { recursive: true });
    const problem = `${orphan.summary['id'] as string} needs ${newest.summary['id'] as string}, which is not there`;
    expect(await dbctl('backup', 'list')).toMatchObject({ status: 1, items: [{ status: 'fail', message: problem }] });
    const status = await dbctl('backup', 'status');
    expect(status).toMatchObject({ status: 1, summary: { newest: null, broken: 1 } });
    expect(status.items.find((one) => one.id === 'backup-age')?.message).toBe('there is none');
    for (const command of [
      ['backup', 'drill'],
      ['restore', '--data', join(project, 'never'), '--yes'],
    ])
      expect((await dbctl(...command)).error?.message).toBe(`${orphan.summary['id'] as string} cannot be restored: ${problem}`);
    expect(existsSync(join(project, 'never'))).toBe(false);
  }, 180_000);
});
