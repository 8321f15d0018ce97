// A destination that does not keep what it was given: nothing it holds is ever sealed.
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { archiveIds, SEAL } from '../../../src/ops/archive/store.ts';
import type { Repository } from '../../../src/ops/backup/repository.ts';
import type { Storage } from '../../../src/ops/storage/storage.ts';
import { archiveBench, type ArchiveBench } from './support.ts';

const bench = archiveBench(`
create schema s;
create table s.log (id int primary key, note text);
insert into s.log select n, md5(n::text) from generate_series(1, 20000) n;
`);

/** A folder whose reads of a file of that ending give other bytes than were written. */
function lying(of: ArchiveBench, name: string, ending: string, change: (bytes: Buffer) => Buffer | null): Repository {
  const folder = of.folderFor(name);
  const storage: Storage = {
    ...folder.storage,
    read: async (key) => {
      const found = await folder.storage.read(key);
      if (found === null || !key.endsWith(ending)) return found;
      const changed = change(await buffer(found));
      return changed === null ? null : Readable.from([changed]);
    },
  };
  return { ...folder, storage };
}

const flipped = (bytes: Buffer): Buffer => {
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 4, bytes.length >> 1);
  return bytes;
};

describe.each(['csv.gz', 'parquet'] as const)('%s', (format) => {
  it.each([
    ['other bytes', flipped, /has other bytes than were written$/],
    ['half of it', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1), /has \d+ bytes instead of \d+$/],
    ['nothing', () => null, /is missing$/],
    ['more', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')]), /has \d+ bytes instead of \d+$/],
  ])('of which a destination gives back %s is not sealed', async (what, change, message) => {
    const destination = lying(bench, `${format}-${what.replaceAll(' ', '-')}`, `rows.${format}`, change);
    await expect(bench.export('s.log', { destination, format })).rejects.toMatchObject({
      code: 'archive.failed',
      message: expect.stringMatching(message) as string,
    });
    expect(await archiveIds(destination)).toEqual([]);
    // The next run takes away what this one left, and one that keeps what it is given gets an archive.
    const honest = { ...destination, storage: bench.folderFor(destination.name).storage };
    const { cleared, manifest } = await bench.export('s.log', { destination: honest, format });
    expect(cleared).toEqual([manifest.id]);
    expect(await archiveIds(honest)).toEqual([manifest.id]);
  });
});

it('rows that were changed on their way to the file are found by the comparison with the table', async () => {
  // The sink sees what COPY sends: here one that was tampered with before it was hashed, so that every hash is right.
  const destination = bench.folderFor('on-the-way');
  const tampered = bench.session(async (session) => {
    const { exportRelation } = await import('../../../src/ops/archive/export.ts');
    const changed = {
      ...session,
      copyOut: (sql: string, sink: { write(bytes: Buffer): Promise<void> }) =>
        session.copyOut(sql, {
          write: (bytes) =>
            sink.write(Buffer.from(bytes.toString('latin1').replace('\n7,8f14e45fceea167a', '\n7,8f14e45fceea167b'), 'latin1')),
        }),
    };
    return exportRelation(changed, bench.inputs('s.log', { destination }));
  });
  await expect(tampered).rejects.toMatchObject({
    code: 'archive.failed',
    message: 'what was read back has 20000 rows as s.log, and other ones: row (7) has another content',
  });
  expect(await archiveIds(destination)).toEqual([]);
});

it('a table that is written to meanwhile is archived as it was at one moment', async () => {
  const destination = bench.folderFor('meanwhile');
  await bench.sql(
    'create table s.busy (id int primary key, note text); insert into s.busy select n, repeat(md5(n::text), 20) from generate_series(1, 50000) n',
  );
  const stop = new AbortController();
  const writing = (async () => {
    for (let n = 1; !stop.signal.aborted; n += 1)
      await bench.sql(
        `insert into s.busy values (${100_000 + n}, 'late'); delete from s.busy where id = ${n}; update s.busy set note = 'new' where id = ${n + 5000}`,
      );
  })();
  try {
    const { manifest } = await bench.export('s.busy', { destination });
    expect(await bench.verify(manifest.id, destination)).toEqual({ problems: [], depth: 'rows' });
  } finally {
    stop.abort();
    await writing;
  }
});

it('a seal somebody else set meanwhile is not written over', async () => {
  const folder = bench.folderFor('raced');
  const storage: Storage = {
    ...folder.storage,
    create: async (key, content) => {
      if (key.endsWith(SEAL)) await folder.storage.write(key, Buffer.from('another run was faster\n'));
      return folder.storage.create(key, content);
    },
  };
  await expect(bench.export('s.log', { destination: { ...folder, storage } })).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringMatching(/^raced got another .* while this one was made$/) as string,
  });
  const [id = ''] = await archiveIds(folder);
  expect((await buffer((await folder.storage.read(`${id}/${SEAL}`)) ?? Readable.from([]))).toString()).toBe(
    'another run was faster\n',
  );
});

it('one run at a time writes an archive, and what another machine left is taken away after a day', async () => {
  const destination = bench.folderFor('shared');
  const { manifest } = await bench.export('s.log', { destination });
  const { id } = manifest;
  await destination.storage.remove([`${id}/${SEAL}`]);
  const begun = { machine: 'other', work: '/elsewhere', at: '2026-11-20T00:00:00.000Z' };
  await destination.storage.write(`${id}/.unfinished`, Buffer.from(JSON.stringify(begun)));
  const at = (time: string) => bench.export('s.log', { destination, clock: () => new Date(time) });
  await expect(at('2026-11-20T23:59:00Z')).rejects.toMatchObject({
    code: 'lock.held',
    message: `${id} is being written to shared by other, since 2026-11-20T00:00:00.000Z`,
  });
  expect(await at('2026-11-21T00:00:01Z')).toMatchObject({ outcome: 'exported', cleared: [id] });
});
