import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { folderRepository } from '../../../src/ops/backup/repository.ts';
import { startCluster, stopCluster } from '../../../src/ops/dev/cluster.ts';
import { freePort } from '../../../src/ops/dev/port.ts';
import { readArchive, readWal } from '../../../src/ops/wal/archive.ts';
import { findGaps } from '../../../src/ops/wal/segment.ts';
import { onServer, targetOf } from '../../support/connection.ts';
import type { TestServer } from '../../support/server.ts';
import { ask, expectSame, receive, startWalServer, storedSegments, until, writeSegments } from './support.ts';

/** A primary and its standby; the standby archives, too, once it is promoted, into a folder of its own. */
let primary: TestServer;
let standby: TestServer;
const folder = mkdtempSync(join(tmpdir(), 'dbctl-receive-'));

beforeAll(async () => {
  primary = await startWalServer();
  await writeSegments(primary.url(), 1);
  standby = await standbyOf(primary);
}, 60_000);
afterAll(async () => {
  await standby.stop();
  await primary.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A copy of the stopped primary that follows it. */
async function standbyOf(of: TestServer): Promise<TestServer> {
  const port = await freePort();
  const [data, socket, home] = [
    join(of.folder, 'standby', 'data'),
    join(of.folder, 'standby', 'socket'),
    join(of.folder, 'standby'),
  ];
  await of.giveFolder('standby');
  await of.giveFolder('standby/socket');
  await of.giveFolder('standby/spool');
  await of.halt();
  spawnSync('cp', ['-a', of.data, data]);
  const url = (database = 'postgres') => `postgresql://postgres:${of.password}@127.0.0.1:${port}/${database}`;
  const programs = { binFolder: of.binFolder, account: of.account };
  appendFileSync(
    join(data, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=127.0.0.1 port=${of.port} user=postgres password=${of.password}'\n`,
  );
  writeFileSync(join(data, 'standby.signal'), '');
  rmSync(join(data, 'postmaster.pid'), { force: true });
  await of.start();
  const ended = await startCluster(programs, data, { port, socket }, join(of.folder, 'logs', 'standby.log'));
  if (ended.status !== 0) throw new Error(`the standby did not start: ${ended.stderr}`);
  return {
    ...of,
    folder: home,
    data,
    port,
    url,
    target: (database = 'postgres') => targetOf(url(), database),
    halt: (mode) => stopCluster(programs, data, mode ?? 'fast'),
    stop: () => stopCluster(programs, data, 'immediate'),
  };
}

it('follows a failover: over the connection to a standby that is promoted, and to the new primary from the old one', async () => {
  const [streamed, moved] = [folderRepository('streamed', join(folder, 'a')), folderRepository('moved', join(folder, 'b'))];
  // One receives from the standby, over its own slot; the other from the primary.
  const cascade = receive(standby, streamed, { slot: 'cascade', createSlot: true, spool: join(folder, 'spool-a') });
  await until('it receives', () => cascade.said.some((line) => line.includes('receiving timeline 1')));
  await writeSegments(primary.url(), 2);
  await receive(primary, moved, { until: 'now', spool: join(folder, 'spool-b') }).ended;
  await writeSegments(primary.url(), 1);
  // A segment begun on one timeline and ended on the next.
  await onServer(primary.url(), 'create table before_failover as select 1');
  // Without a slot the spool alone knows where the next run goes on. The server flushes when it likes.
  await until('a part of it has come', async () => {
    await receive(primary, moved, { until: 'now', spool: join(folder, 'spool-b') }).ended;
    return readdirSync(join(folder, 'spool-b')).length > 0;
  });
  const end = await ask(primary, 'select pg_current_wal_flush_lsn()');
  await until('the standby has all', async () => (await ask(standby, `select pg_last_wal_replay_lsn() >= '${end}'`)) === 'true');
  await primary.halt();
  await onServer(standby.url(), 'select pg_promote()');
  await writeSegments(standby.url(), 3);
  await until('the next timeline has come', async () => (await storedSegments(streamed)).filter(ofTwo).length >= 3);
  await cascade.stop();
  expect(cascade.said.filter((line) => line.includes('the log goes on on 2'))).toHaveLength(1);
  const after = await receive(standby, moved, { until: 'now', spool: join(folder, 'spool-b') }).ended;
  expect(after).toMatchObject({ timeline: 2 });
  for (const repository of [streamed, moved]) {
    expect((await readArchive(repository)).names).toContain('00000002.history');
    expect(findGaps(await storedSegments(repository), 16 << 20)).toEqual([]);
    expect((await storedSegments(repository)).filter(ofTwo).length).toBeGreaterThanOrEqual(3);
  }
  // What the promoted server archives is the same as what came as a stream.
  for (const repository of [streamed, moved]) {
    const second = { ...repository, storage: { ...repository.storage, list: onlySecond(repository) } };
    expect(await expectSame(second, standby)).toBeGreaterThanOrEqual(3);
  }
  const [one, two] = await Promise.all([streamed, moved].map((repository) => readWal(repository, '00000002.history')));
  expect(one?.equals(two ?? Buffer.alloc(0))).toBe(true);
}, 90_000);

const ofTwo = (name: string): boolean => name.startsWith('00000002');

const onlySecond = (of: ReturnType<typeof folderRepository>) => async (prefix: string) =>
  (await of.storage.list(prefix)).filter(({ key }) => !key.includes('/00000001'));

it('does not go on from the old primary', async () => {
  await primary.start();
  const refused = receive(primary, folderRepository('streamed', join(folder, 'a')), { until: 'now' });
  await expect(refused.ended).rejects.toThrow('the archive follows timeline 2, and this server is on 1');
});
