import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, it } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { writeMaskedDump } from '../../../src/ops/masking/dump.ts';
import { onServer } from '../../support/connection.ts';
import { until } from '../wal/support.ts';
import { QUIET, backupBench } from './support.ts';

const bench = backupBench({ settings: { max_prepared_transactions: '2' } });

/** A database with two tables, and connections into it that end with the test. */
async function withLocks(database: string, use: (open: (name: string) => Promise<pg.Client>) => Promise<void>): Promise<void> {
  await onServer(bench.server.url(), `create database ${database}`);
  await onServer(
    bench.server.url(database),
    'create schema app',
    'create table app."Orders" (n int)',
    'create table app.lines (n int)',
  );
  const opened: pg.Client[] = [];
  try {
    await use(async (name) => {
      const client = new pg.Client({ connectionString: bench.server.url(database), application_name: name });
      opened.push(client);
      await client.connect();
      return client;
    });
  } finally {
    await Promise.all(opened.map((client) => client.end()));
  }
}
const told = (failing: Promise<unknown>) =>
  failing.then(
    () => 'nothing failed',
    ({ code, message, hint }: { code: string; message: string; hint: string }) => ({ code, message, hint }),
  );
const pidOf = async (client: pg.Client) =>
  (await client.query<{ pid: number }>('select pg_catalog.pg_backend_pid() as pid')).rows[0]?.pid;
/** Waits until a statement of the connection waits for a lock. */
const waits = (pid: number | undefined) =>
  until('it waits', () =>
    withSession(bench.server.target(), { access: 'read' }, async (session) => {
      const [row] = await session.rows<{ waits: boolean }>(
        'select pg_catalog.cardinality(pg_catalog.pg_blocking_pids($1)) > 0 as waits',
        [pid],
      );
      return row?.waits === true;
    }),
  );

it.each([
  ['pg_dump gives up first', 700],
  // The query of the fingerprint waits just as long.
  ['whoever gives up first', 2_500],
])('a locked table is named, with who has locked it: %s', async (_name, lockWaitMs) => {
  await withLocks(`held_${lockWaitMs}`, async (open) => {
    const holder = await open('migration');
    await holder.query('begin; lock table app."Orders" in access exclusive mode');
    const began = performance.now();
    const failure = await told(bench.create(`held_${lockWaitMs}`, undefined, { lockWaitMs }));
    expect(performance.now() - began).toBeGreaterThan(lockWaitMs);
    const pid = await pidOf(holder);
    expect(failure).toEqual({
      code: 'lock.held',
      message: expect.stringMatching(
        new RegExp(
          `^app\\."Orders" is locked by process ${pid} \\(postgres, migration, idle in transaction for \\d+ s\\), and was waited for ${lockWaitMs} ms$`,
        ),
      ),
      hint: `Wait until it has ended, or end it: select pg_terminate_backend(${pid}); backup.lock_wait in dbctl.yaml says how long a backup waits.`,
    });
  });
});

it('one that waits for the lock itself keeps readers out, and is told with whom it waits for', async () => {
  await withLocks('queued', async (open) => {
    const [reader, alter] = [await open('report'), await open('deploy')];
    await reader.query('begin; select from app.lines');
    const pid = await pidOf(alter);
    const altered = alter.query('alter table app.lines add m int');
    await waits(pid);
    const failure = (await bench.create('queued').catch((thrown: unknown) => thrown)) as Error & { hint: string };
    const first = await pidOf(reader);
    expect(failure.message).toMatch(
      new RegExp(
        `^app\\.lines is wanted by process ${pid} \\(postgres, deploy, active for \\d+ s\\), which waits for process ${first}, and was waited for 1000 ms$`,
      ),
    );
    expect(failure.hint).toContain(`pg_terminate_backend(${first})`);
    await reader.query('rollback');
    await altered;
  });
});

it('a prepared transaction is nobody, and is named all the same', async () => {
  await withLocks('prepared', async (open) => {
    const client = await open('app');
    await client.query('begin; lock table app.lines in access exclusive mode');
    await client.query(`prepare transaction 'it''s lost'`);
    expect(await told(bench.create('prepared'))).toEqual({
      code: 'lock.held',
      message: 'app.lines is locked by the prepared transaction "it\'s lost", and was waited for 1000 ms',
      hint: `Ask whose it is, then: rollback prepared 'it''s lost'; backup.lock_wait in dbctl.yaml says how long a backup waits.`,
    });
    await client.query(`rollback prepared 'it''s lost'`);
  });
});

it('a lock that goes in time is waited for, by the fingerprint too', async () => {
  await withLocks('short', async (open) => {
    const holder = await open('migration');
    await holder.query('begin; lock table app.lines in access exclusive mode');
    const [manifest] = await Promise.all([
      bench.create('short', undefined, { lockWaitMs: 20_000 }),
      sleep(4_000).then(() => holder.query('rollback')),
    ]);
    expect(manifest.fingerprint.tables).toHaveLength(2);
  });
}, 30_000);

it('a dump for developers says the same', async () => {
  await withLocks('masked', async (open) => {
    const holder = await open('migration');
    await holder.query('begin; lock table app.lines in access exclusive mode');
    const target = bench.server.target('masked');
    const settings = { columns: [], withoutRows: [] };
    const inputs = { ...QUIET, folder: `${bench.folder}/masked`, target, tools: bench.tools, settings, lockWaitMs: 500 };
    await expect(
      withSession(target, { access: 'read', statementTimeoutMs: 0, idleInTransactionTimeoutMs: 0 }, (session) =>
        writeMaskedDump(session, inputs),
      ),
    ).rejects.toThrow(/^app\.lines is locked by process \d+ \(postgres, migration, /);
  });
});
