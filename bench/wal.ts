import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { folderRepository, type FolderRepository } from '../src/ops/backup/repository.ts';
import { fetchWalFromAny, pushWal } from '../src/ops/wal/archive.ts';
import { bringAhead, fetchWalAhead } from '../src/ops/wal/prefetch.ts';
import { withServer } from '../test/support/server.ts';
import { onServer } from '../test/support/connection.ts';

const SEGMENTS = 16;

/** What bringing segments ahead is worth in a recovery, by how long the repository takes to answer. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-bench-wal-'));
  try {
    const repository = folderRepository('bench', join(folder, 'repository'));
    const names = await fill(repository);
    console.log(`${names.length} segments, fetched one after the other; seconds in all\n`);
    console.log('answer after   no prefetch   --prefetch 4   --prefetch 8');
    for (const ms of [0, 100, 300, 1_000]) {
      const seconds: string[] = [];
      for (const count of [0, 4, 8]) seconds.push((await recover(slow(repository, ms), names, count, folder)).toFixed(1));
      const [none = '', four = '', eight = ''] = seconds;
      console.log(`${String(ms).padStart(9)} ms ${none.padStart(13)} ${four.padStart(14)} ${eight.padStart(14)}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Segments of a real server, in the repository. */
function fill(repository: FolderRepository): Promise<string[]> {
  const settings = { wal_level: 'replica', archive_mode: 'on', archive_command: 'cp "%p" "$PWD/../spool/%f"' };
  const prepare = async (made: { giveFolder(name: string): Promise<string> }) => void (await made.giveFolder('spool'));
  return withServer({ settings, prepare }, async (server) => {
    const spool = join(server.folder, 'spool');
    await onServer(server.url(), 'create table filling (id int, note text)');
    for (let n = 0; n < SEGMENTS; n += 1) {
      await onServer(
        server.url(),
        `insert into filling select n, md5(n::text) from generate_series(1, 60000) n`,
        'select pg_switch_wal()',
      );
    }
    while (readdirSync(spool).length < SEGMENTS) await sleep(100);
    const names = readdirSync(spool).toSorted().slice(0, SEGMENTS);
    for (const name of names) await pushWal(repository, join(spool, name));
    return names;
  });
}

const slow = (of: FolderRepository, ms: number): FolderRepository => ({
  ...of,
  storage: { ...of.storage, read: async (key) => (await sleep(ms), of.storage.read(key)) },
});

async function recover(from: FolderRepository, names: readonly string[], count: number, folder: string): Promise<number> {
  const place = mkdtempSync(join(folder, 'pg_wal-'));
  mkdirSync(place, { recursive: true });
  const target = join(place, 'RECOVERYXLOG');
  const stop = new AbortController();
  const ahead: Promise<number>[] = [];
  const start = (of: string) =>
    void ahead.push(bringAhead({ repositories: [from], folder: of, count, idleMs: 60_000, signal: stop.signal }));
  const began = performance.now();
  for (const name of names) {
    await (count === 0 ? fetchWalFromAny([from], name, target) : fetchWalAhead([from], name, target, start));
    renameSync(target, join(place, name));
  }
  const seconds = (performance.now() - began) / 1000;
  stop.abort();
  await Promise.all(ahead);
  rmSync(place, { recursive: true, force: true });
  return seconds;
}
