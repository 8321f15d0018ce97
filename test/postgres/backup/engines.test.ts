import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backupIds } from '../../../src/ops/backup/repository.ts';
import { requireProgram } from '../../../src/ops/tools/find.ts';
import { runCli, runProgram } from '../../support/cli.ts';
import { faultsOf } from '../../support/faults.ts';
import { onServer } from '../../support/connection.ts';
import { standbyOf, type ServerCopy } from '../ledger/copies.ts';
import { physicalBench, withRottenPage } from './physical-support.ts';
import { killProject, sizeOf } from './killed-run.ts';
import { QUIET, backupBench } from './support.ts';

// A standby gives no backup of what was written without full pages.
const bench = backupBench({ settings: { max_wal_senders: '6', wal_level: 'replica', full_page_writes: 'on' } });
const { repository, create, drill, ask, verifyBackup } = physicalBench(bench);
const ENGINES = ['native', 'tools'] as const;
const LOGIN = 'login_hunter2';

beforeAll(async () => {
  await onServer(bench.server.url(), 'create database bank', `create role backer login replication password '${LOGIN}'`);
  await onServer(
    bench.server.url('bank'),
    'create table entry (id int primary key, note text not null)',
    `insert into entry select n, repeat(md5(n::text), 20) from generate_series(1, 60000) n`,
  );
}, 180_000);

const partial = () => readdirSync(repository().folder).filter((name) => name.startsWith('.partial'));

describe.each(ENGINES)('a backup by %s that fails keeps nothing', (engine) => {
  it('where a page has a wrong checksum', async () => {
    await withRottenPage(bench, 'bank', async () => {
      const before = await backupIds(repository());
      await expect(create({ engine })).rejects.toThrow(/checksum/);
      expect(await backupIds(repository())).toEqual(before);
      expect(partial()).toEqual([]);
    });
  }, 60_000);

  it('where the connection is cut', async () => {
    const client = new pg.Client({ connectionString: bench.server.url() });
    await client.connect();
    const cutting = (async () => {
      for (let n = 0; n < 4_000; n += 1) {
        const { rowCount } = await client.query(
          `select pg_terminate_backend(pid) from pg_stat_replication where state = 'backup'`,
        );
        if (rowCount !== null && rowCount > 0) return;
      }
    })();
    const outcome = await create({ engine }).then(
      () => 'made',
      (thrown: { code?: string }) => thrown.code,
    );
    await cutting;
    await client.end();
    expect(outcome).toBe(engine === 'native' ? 'db.unreachable' : 'backup.failed');
    expect(partial()).toEqual([]);
    expect(await backupIds(repository())).toEqual([]);
  }, 60_000);

  it('where somebody stops it', async () => {
    const stop = new AbortController();
    const progress = { step: () => ({ tick: () => stop.abort(), done: () => {}, failed: () => {} }) };
    await expect(create({ engine, signal: stop.signal, progress })).rejects.toThrow();
    expect(partial()).toEqual([]);
    expect(await backupIds(repository())).toEqual([]);
  });
});

describe('at a terminal', () => {
  faultsOf('SIGKILL');
  const url = () => bench.server.url('bank').replace(/\/\/[^@]*@/, `//backer:${LOGIN}@`);
  const { backups, dbctl, prepare, killWhen, made, left } = killProject(
    join(bench.folder, 'project'),
    url,
    '  compression: none\n',
  );
  const createBy = (engine: string) => ['backup', 'create', '--type', 'physical', '--engine', engine];

  beforeAll(prepare);

  /** What is there of a backup that is being made; the run is killed as soon as it is. */
  const STEPS: readonly (readonly [string, (making: string) => boolean])[] = [
    ['the folder is there', () => true],
    ['the archive has begun', (making) => sizeOf(join(making, 'cluster', 'base.tar')) > 1 << 20],
    [
      'the manifest of the server comes',
      (making) => readdirSync(join(making, 'cluster')).some((name) => name.startsWith('backup_manifest')),
    ],
    ['the manifest is there', (making) => existsSync(join(making, 'manifest.json'))],
  ];
  const CASES = ENGINES.flatMap((engine) => STEPS.map(([step, reached]) => [engine, step, reached] as const));

  it.each(CASES)(
    '%s, killed when %s: nothing that looks like a backup is left',
    async (engine, _step, reached) => {
      const before = made();
      expect(await killWhen(reached, ...createBy(engine))).toBe('SIGKILL');
      expect(made()).toEqual(before);
      expect(left()).toHaveLength(1);
      expect((await dbctl('backup', 'list')).items.map(({ id }) => id)).toEqual(before);
    },
    60_000,
  );

  it.each(ENGINES)(
    '%s, interrupted while the archive comes: it ends at once, and nothing is left',
    async (engine) => {
      const before = left();
      const interrupt = new AbortController();
      const looking = setInterval(() => {
        const making = left().find((name) => !before.includes(name));
        if (making !== undefined && sizeOf(join(backups, making, 'cluster', 'base.tar')) > 1 << 20) interrupt.abort();
      }, 1);
      const { status, stderr } = await runCli(createBy(engine), {
        cwd: join(bench.folder, 'project'),
        env: { DATABASE_URL: url() },
        signal: interrupt.signal,
      }).finally(() => clearInterval(looking));
      expect(status, stderr).toBe(130);
      expect(left()).toEqual([]);
      expect(made()).toEqual([]);
    },
    30_000,
  );

  it('the next one clears away what was left, and is whole; nobody sees the password', async () => {
    const seen: string[] = [];
    const watched = { programs: 0 };
    const watch = setInterval(() => {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        try {
          const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
          if (command.includes(LOGIN)) seen.push(command);
          if (!command.includes('pg_basebackup') || command.includes('--version')) continue;
          watched.programs += 1;
          if (readFileSync(`/proc/${pid}/environ`, 'utf8').includes(LOGIN)) seen.push(`environment of ${command}`);
        } catch {
          // It has ended.
        }
      }
    }, 5);
    const all = [];
    for (const engine of ENGINES)
      all.push(
        await runProgram([...createBy(engine), '--log-level', 'debug'], {
          cwd: join(bench.folder, 'project'),
          env: { DATABASE_URL: url() },
        }),
      );
    clearInterval(watch);
    expect(all.map(({ status }) => status)).toEqual([0, 0]);
    expect(watched.programs).toBeGreaterThan(0);
    expect(seen).toEqual([]);
    expect(JSON.stringify(all)).not.toContain(LOGIN);
    expect(left()).toEqual([]);
    expect(await dbctl('backup', 'verify')).toMatchObject({ status: 0, summary: { backups: 2, bad: 0 } });
    for (const id of made()) expect(readFileSync(join(backups, id, 'manifest.json'), 'utf8')).not.toContain(LOGIN);
  }, 60_000);
});

describe('a standby as the source', () => {
  let standby: ServerCopy;
  const query = async (url: string, sql: string) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<Record<string, string>>(sql);
    await client.end();
    return Object.values(rows[0] ?? {})[0];
  };

  beforeAll(async () => {
    standby = await standbyOf(bench.server);
  }, 60_000);
  afterAll(() => standby.server.stop());

  it.each(ENGINES)(
    'is backed up by %s, and its backup is of the last transaction it had',
    async (engine) => {
      const at = Date.now();
      await onServer(bench.server.url('bank'), `create table from_primary_${engine} as select 1 as one`, 'checkpoint');
      const arrived = await query(bench.server.url(), 'select pg_current_wal_lsn()::text');
      await expect
        .poll(() => query(standby.url, `select pg_last_wal_replay_lsn() >= '${arrived}'`), { timeout: 20_000 })
        .toBe(true);
      const manifest = await create({ engine }, standby.url);
      expect(await verifyBackup(manifest.id)).toEqual({ status: 0, stderr: '' });
      const age = Date.parse(manifest.snapshotAt) - at;
      expect(age).toBeGreaterThanOrEqual(0);
      expect(Date.parse(manifest.snapshotAt)).toBeLessThan(Date.parse(manifest.finishedAt));
      expect(
        await ask([manifest], 'bank', `select one, (select count(*)::int from entry) as entries from from_primary_${engine}`),
      ).toEqual([{ one: 1, entries: 60_000 }]);
      const { steps } = await drill(manifest);
      expect(steps.filter(({ outcome }) => outcome !== 'passed' && outcome !== 'skipped')).toEqual([]);
    },
    60_000,
  );

  it('that is promoted meanwhile fails the backup', async () => {
    const { path } = await requireProgram('psql', bench.tools, 18);
    const promoted = { yes: false };
    // A tick is told while bytes come: the stream stands still until the server is promoted.
    const tick = () => {
      if (promoted.yes) return;
      promoted.yes = true;
      const { status, stderr } = spawnSync(path, ['-X', '-d', standby.url, '-c', 'select pg_promote(true, 30)'], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(stderr);
    };
    const before = await backupIds(repository());
    const progress = { step: () => ({ tick, done: () => {}, failed: () => {} }) };
    await expect(create({ ...QUIET, engine: 'native', progress }, standby.url)).rejects.toMatchObject({
      code: 'sql.failed',
      message: expect.stringContaining('the standby was promoted during online backup') as string,
    });
    expect(await backupIds(repository())).toEqual(before);
  }, 60_000);
});
