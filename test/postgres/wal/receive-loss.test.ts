import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderRepository } from '../../../src/ops/backup/repository.ts';
import { startCluster, stopCluster } from '../../../src/ops/dev/cluster.ts';
import { freePort } from '../../../src/ops/dev/port.ts';
import { fetchWal, pushWal, requireWal } from '../../../src/ops/wal/archive.ts';
import { readRecords } from '../../../src/ops/wal/records.ts';
import { onServer } from '../../support/connection.ts';
import { ask, receive, startWalServer, storedSegments, until, writeSegments } from './support.ts';

it('a server is lost, and what was committed in its last segment comes back from the spool, as the documentation says', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-receive-'));
  const server = await startWalServer({ archive_mode: 'off' });
  try {
    await onServer(server.url(), 'create table event (n int)');
    await server.halt();
    const copy = join(server.folder, 'copy');
    spawnSync('cp', ['-a', server.data, copy]);
    await server.start();
    const repository = folderRepository('here', join(folder, 'backups'));
    const receiver = receive(server, repository, { slot: 'loss', createSlot: true });
    await until('it receives', () => receiver.said.some((line) => line.includes('receiving timeline 1')));
    await writeSegments(server.url(), 2);
    await onServer(server.url(), 'insert into event values (1)', 'insert into event values (2)');
    const last = await ask(server, 'select pg_current_wal_flush_lsn()');
    await until(
      'it has come',
      async () => (await ask(server, `select flush_lsn >= '${last}' from pg_stat_replication`)) === 'true',
    );
    await server.kill();
    await receiver.stop();

    const wal = join(copy, 'pg_wal');
    for (const name of await storedSegments(repository)) expect(await fetchWal(repository, name, join(wal, name))).toBe(true);
    const spool = join(folder, 'spool-of-here');
    const partial = readdirSync(spool);
    expect(partial).toEqual([expect.stringMatching(/^[0-9A-F]{24}\.partial$/)]);
    for (const name of partial) copyFileSync(join(spool, name), join(wal, name.replace('.partial', '')));
    // Or into the archive, for a restore --to latest: it is of full size, and what it says of itself is right.
    const [tail = ''] = partial.map((name) => name.replace('.partial', ''));
    expect(await pushWal(repository, join(wal, tail))).toBe('stored');
    expect(readRecords(await requireWal(repository, tail))?.marks.at(-1)?.kind).toBe('commit');
    spawnSync('chown', ['-R', `--reference=${copy}`, wal]);
    writeFileSync(join(copy, 'recovery.signal'), '');
    writeFileSync(join(copy, 'postgresql.auto.conf'), `restore_command = 'false'\n`, { flag: 'a' });
    rmSync(join(copy, 'postmaster.pid'), { force: true });
    const programs = { binFolder: server.binFolder, account: server.account };
    const [port, socket] = [await freePort(), await server.giveFolder('copy-socket')];
    const ended = await startCluster(programs, copy, { port, socket }, join(server.folder, 'logs', 'copy.log'));
    expect(ended.status, ended.stderr).toBe(0);
    const recovered = { ...server, url: () => `postgresql://postgres:${server.password}@127.0.0.1:${port}/postgres` };
    try {
      await until('it has left recovery', async () => (await ask(recovered, 'select pg_is_in_recovery()')) === 'false');
      expect(await ask(recovered, 'select array_agg(n order by n)::text from event')).toBe('{1,2}');
    } finally {
      await stopCluster(programs, copy, 'immediate');
    }
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}, 90_000);
