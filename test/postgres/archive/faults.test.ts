// What may happen to files that lie somewhere for years, one by one: each is found, and said.
import { appendFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ArchiveFormat } from '../../../src/ops/archive/format.ts';
import { sealArchive, type ArchiveManifest } from '../../../src/ops/archive/manifest.ts';
import { restoreArchive } from '../../../src/ops/archive/restore.ts';
import { knowArchive } from '../../../src/ops/archive/store.ts';
import { compareWithTable, verifyArchive } from '../../../src/ops/archive/verify.ts';
import type { FolderRepository } from '../../../src/ops/backup/repository.ts';
import { PLAIN, type Codec } from '../../../src/ops/codec/codec.ts';
import { createIdentity, openIdentity } from '../../../src/ops/codec/identity.ts';
import { createSignerKey, openSigner } from '../../../src/ops/signing/signer.ts';
import { archiveBench, READING } from './support.ts';

const bench = archiveBench(`
create schema s;
create table s.log (id int primary key, note text);
insert into s.log select n, md5(n::text) from generate_series(1, 20000) n;
create table s.other (id int primary key, note text);
insert into s.other select n, md5((n + 1)::text) from generate_series(1, 20000) n;
`);

interface Archive {
  readonly manifest: ArchiveManifest;
  readonly destination: FolderRepository;
  /** Path of a file of it. */
  readonly at: (name: string) => string;
}

async function archived(name: string, format: ArchiveFormat, codec: Codec = PLAIN): Promise<Archive> {
  const destination = bench.folderFor(name, { codec });
  const { manifest } = await bench.export('s.log', { destination, format });
  return { manifest, destination, at: (file) => join(destination.folder, manifest.id, file) };
}

async function problems({ manifest: { id }, destination }: Archive): Promise<readonly string[]> {
  const found = (await bench.verify(id, destination)).problems;
  return found.map((text) => text.replaceAll(id, 'ID'));
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(path, bytes);
}

async function codecWithIdentity(name: string): Promise<Codec> {
  const file = join(bench.folder, `${name}.txt`);
  const recipient = await createIdentity(file, new Date());
  return {
    ...PLAIN,
    recipients: [recipient],
    identity: () => openIdentity({ kind: 'file', file }, { variables: {}, folder: bench.folder }),
  };
}

describe.each(['csv.gz', 'parquet'] as const)('a %s', (format) => {
  const rows = `rows.${format}`;
  const size = (archive: Archive) => archive.manifest.files[0]?.bytes ?? 0;

  it.each([
    ['one bit at the beginning', (a: Archive) => flip(a.at(rows), 12), `ID: ${rows} has other bytes than were written`],
    [
      'one bit in the middle',
      (a: Archive) => flip(a.at(rows), Math.floor(size(a) / 2)),
      `ID: ${rows} has other bytes than were written`,
    ],
    ['one bit at the end', (a: Archive) => flip(a.at(rows), size(a) - 2), `ID: ${rows} has other bytes than were written`],
    ['cut short', (a: Archive) => truncateSync(a.at(rows), 1_000), `ID: ${rows} has 1000 bytes instead of SIZE`],
    ['emptied', (a: Archive) => truncateSync(a.at(rows), 0), `ID: ${rows} has 0 bytes instead of SIZE`],
    ['longer', (a: Archive) => appendFileSync(a.at(rows), 'x'), `ID: ${rows} has LONGER bytes instead of SIZE`],
    ['gone', (a: Archive) => rmSync(a.at(rows)), `ID: ${rows} is missing`],
    ['something beside it', (a: Archive) => writeFileSync(a.at('more.csv'), 'x'), 'ID: more.csv is no part of the archive'],
    ['no manifest', (a: Archive) => rmSync(a.at('manifest.json')), 'manifest.json is missing'],
    ['no seal', (a: Archive) => rmSync(a.at('manifest.note')), 'manifest.note is missing'],
    [
      'a changed manifest',
      (a: Archive) =>
        writeFileSync(
          a.at('manifest.json'),
          readFileSync(a.at('manifest.json'), 'utf8').replace('"rows": 20000', '"rows": 19999'),
        ),
      'the manifest of ID is not the one that was signed',
    ],
    [
      'a changed seal',
      (a: Archive) => flip(a.at('manifest.note'), 20),
      'the note is not to be trusted: the signature of test-archive does not fit its text',
    ],
  ])('with %s', async (what, fault, problem) => {
    const archive = await archived(`${format}-${what.replaceAll(' ', '-')}`, format);
    expect(await problems(archive)).toEqual([]);
    const before = size(archive);
    fault(archive);
    expect(await problems(archive)).toEqual([problem.replace('SIZE', String(before)).replace('LONGER', String(before + 1))]);
  });

  it('in the place of another one', async () => {
    const destination = bench.folderFor(`${format}-swapped`);
    const [one, other] = [
      (await bench.export('s.log', { destination, format })).manifest,
      (await bench.export('s.other', { destination, format })).manifest,
    ];
    const at = (id: string, name: string) => join(destination.folder, id, name);
    renameSync(at(one.id, rows), at(one.id, 'kept'));
    renameSync(at(other.id, rows), at(one.id, rows));
    renameSync(at(one.id, 'kept'), at(other.id, rows));
    const archive = { manifest: one, destination, at: (name: string) => at(one.id, name) };
    const [problem] = await problems(archive);
    expect(problem).toMatch(/^ID: rows\..* has (?:\d+ bytes instead of \d+|other bytes than were written)$/);
    // With manifest and seal too: they name the other one.
    for (const name of ['manifest.json', 'manifest.note']) writeFileSync(at(one.id, name), readFileSync(at(other.id, name)));
    expect(await problems(archive)).toEqual(['the manifest of ID is not the one that was signed']);
  });
});

it('nobody known signed it', async () => {
  const { manifest, destination } = await archived('foreign', 'csv.gz');
  await createSignerKey(join(bench.folder, 'foreign.pem'), 'foreign');
  const key = { kind: 'file', file: 'foreign.pem' } as const;
  const foreign = await openSigner({ name: 'foreign', key, publicKeys: [] }, { variables: {}, folder: bench.folder });
  expect(await knowArchive(destination, manifest.id, [foreign.verifierKey])).toEqual({
    id: manifest.id,
    state: 'broken',
    problem: 'the note is not to be trusted: none of its signatures is of a known key',
  });
});

it.each<[string, Readonly<Record<string, unknown>>, string]>([
  ['a key nobody knows yet', { shards: 2 }, 'ID has shards, which this dbctl does not read'],
  ['a newer format', { format: 'dbctl-archive/2' }, 'ID is of format "dbctl-archive/2", which this dbctl does not read'],
])('with %s is not read, however well it is signed', async (_, more, message) => {
  const archive = await archived(`newer-${Object.keys(more).join()}`, 'csv.gz');
  const text = `${JSON.stringify({ ...archive.manifest, ...more })}\n`;
  writeFileSync(archive.at('manifest.json'), text);
  writeFileSync(archive.at('manifest.note'), await sealArchive(archive.manifest.id, text, bench.signer));
  expect(await problems(archive)).toEqual([message]);
});

describe('an encrypted archive', () => {
  it.each(['csv.gz', 'parquet'] as const)('of %s opens with the identity, and holds nothing in clear', async (format) => {
    const codec = await codecWithIdentity(`identity-${format}`);
    const archive = await archived(`sealed-${format}`, format, codec);
    expect(archive.manifest.files.map(({ path }) => path)).toEqual([`rows.${format}.enc`]);
    expect(await bench.verify(archive.manifest.id, archive.destination)).toEqual({ problems: [], depth: 'rows' });
    expect(readFileSync(archive.at(`rows.${format}.enc`)).includes('c4ca4238a0b923820dcc509a6f75849b')).toBe(false);
    await bench.session((session) =>
      restoreArchive(session, archive.destination, archive.manifest, `s.sealed_${format.slice(0, 3)}`, READING),
    );
    // Who has no identity can still see that the bytes are those that were sealed, and archive again without a second copy.
    const without = { ...archive.destination, codec: { ...codec, identity: PLAIN.identity } };
    expect(await bench.verify(archive.manifest.id, without)).toEqual({ problems: [], depth: 'stored' });
    expect((await bench.export('s.log', { destination: without, format })).outcome).toBe('there already');
    flip(archive.at(`rows.${format}.enc`), 5_000);
    expect(await problems(archive)).toEqual([`ID: rows.${format}.enc has other bytes than were written`]);
    expect(await problems({ ...archive, destination: without })).toEqual([
      `ID: rows.${format}.enc has other bytes than were written`,
    ]);
    await expect(bench.export('s.log', { destination: without, format })).rejects.toMatchObject({
      code: 'archive.failed',
      message: `these rows were archived before, and the archive is damaged: ${archive.manifest.id}: rows.${format}.enc has other bytes than were written`,
      hint: `The rows are still in s.log: take ${archive.manifest.id} out of ${archive.destination.folder}, and export again.`,
    });
  });

  it('with the key of another one, or none', async () => {
    const codec = await codecWithIdentity('identity-swap');
    const one = await archived('keys-one', 'csv.gz', codec);
    const other = await archived('keys-other', 'csv.gz', codec);
    const read = () => bench.session((session) => restoreArchive(session, one.destination, one.manifest, 's.never', READING));
    writeFileSync(one.at('key.age'), readFileSync(other.at('key.age')));
    await expect(read()).rejects.toMatchObject({ code: 'backup.failed', message: 'key.age holds the key of another backup' });
    rmSync(one.at('key.age'));
    expect(await problems(one)).toEqual(['ID: key.age is missing']);
    await expect(read()).rejects.toMatchObject({
      code: 'archive.failed',
      message: expect.stringContaining('has no key.age') as string,
    });
  });
});

describe('what is in the database', () => {
  it('is told row by row where it is not what was archived', async () => {
    const { manifest, destination } = await archived('compared', 'csv.gz');
    const compare = () => bench.session((session) => compareWithTable(session, destination, manifest, READING));
    await compare();
    await bench.sql(
      `update s.log set note = '1.0' where id = 7; delete from s.log where id = 9; insert into s.log values (20001, null), (0, '')`,
    );
    await expect(compare()).rejects.toMatchObject({
      code: 'archive.failed',
      message:
        'what was read back has 20000 rows, and s.log has 20001: row (0) is missing; row (20001) is missing; row (7) has another content; row (9) is too many',
    });
    await bench.sql(
      `update s.log set note = md5('7') where id = 7; delete from s.log where id in (0, 20001); insert into s.log values (9, md5('9'))`,
    );
    await compare();
  });

  it('is not looked at where it is another table', async () => {
    const destination = bench.folderFor('replaced');
    await bench.sql('create table s.short_lived (id int)');
    const { manifest } = await bench.export('s.short_lived', { destination });
    const compare = () => bench.session((session) => compareWithTable(session, destination, manifest, READING));
    await bench.sql('drop table s.short_lived');
    await expect(compare()).rejects.toMatchObject({ code: 'refused', message: 'there is no table s.short_lived' });
    await bench.sql('create table s.short_lived (id int)');
    await expect(compare()).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/^s\.short_lived is not the table .* was made of: its oid is \d+, and was \d+$/) as string,
    });
  });

  it.each([
    ['s.nowhere', 'there is no table s.nowhere'],
    ['nowhere', 'there is no table public.nowhere'],
    ['pg_catalog.pg_tables', 'pg_catalog.pg_tables is no table with rows of its own'],
    ['s.parted', 's.parted is partitioned: its rows are in its partitions'],
    ['s.empty_shape', 's.empty_shape has no columns'],
  ])('%s is not archived', async (relation, message) => {
    await bench.sql(
      'create table if not exists s.parted (id int) partition by list (id); create table if not exists s.empty_shape ()',
    );
    await expect(bench.export(relation)).rejects.toMatchObject({ code: 'refused', message });
  });

  it('comes back into a new table only', async () => {
    const { manifest, destination } = await archived('into', 'csv.gz');
    const into = (table: string) => bench.session((session) => restoreArchive(session, destination, manifest, table, READING));
    await expect(into('s.log')).rejects.toMatchObject({ code: 'refused', message: 's.log is there already' });
    await expect(into('nowhere.log')).rejects.toMatchObject({ code: 'refused', message: 'there is no schema nowhere' });
    const changed = { ...manifest, rowHash: '1' };
    await expect(
      bench.session((session) => restoreArchive(session, destination, changed, 's.not_kept', READING)),
    ).rejects.toMatchObject({
      code: 'archive.failed',
      message: expect.stringMatching(/^s\.not_kept would have 20000 rows that are not the 20000 of /) as string,
    });
    expect(await bench.session((session) => session.rows(`select to_regclass('s.not_kept')::text as there`))).toEqual([
      { there: null },
    ]);
  });
});

it('verifyArchive passes on what is wrong with the place, not with the archive', async () => {
  const { manifest, destination } = await archived('unreadable', 'csv.gz');
  const broken = { ...destination, storage: { ...destination.storage, read: () => Promise.reject(new Error('the disk fails')) } };
  await expect(
    verifyArchive(broken, { id: manifest.id, state: 'sealed', manifest, manifestSha256: '' }, READING),
  ).rejects.toThrow('the disk fails');
});
