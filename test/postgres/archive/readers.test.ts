// Programs that know nothing of dbctl read what it wrote, by the lines of docs/archive-format.md.
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, it } from 'vitest';
import { findDuckdb, type ParquetWriter } from '../../../src/ops/archive/duckdb-module.ts';
import { PLAIN } from '../../../src/ops/codec/codec.ts';
import { WRAPPED_DATA_KEY } from '../../../src/ops/codec/data-key.ts';
import { createIdentity, openIdentity } from '../../../src/ops/codec/identity.ts';
import { requireProgram } from '../../../src/ops/tools/find.ts';
import { clientTools } from '../../support/tools.ts';
import { archiveBench } from './support.ts';

const run = promisify(execFile);

const bench = archiveBench(`
create schema s;
create table s.log (
  id uuid primary key, at timestamptz not null, local timestamp, day date, n int8, small int2, ok boolean, ratio float8, single real, amount numeric,
  context jsonb, tags text[], bytes bytea, note text);
insert into s.log values
  ('0190a000-0000-7000-8000-000000000001', '2026-01-01 00:00:00.123456+00', '2026-01-01 00:00:00.000001', '2026-02-28', 9007199254740993, -1, true, 0.1, 1.1,
   123456789012345678901234567890.5, '{"a": 1.00, "ü": null}', '{a,"b c",NULL}', '\\xdeadbeef', E'two\\nlines, "quoted"'),
  ('0190a000-0000-7000-8000-000000000002', '1883-11-18 12:03:58.000001-05', null, '0044-03-15 BC', null, null, false, '-0', null, 'NaN', null, '{}', '', ''),
  ('0190a000-0000-7000-8000-000000000003', '9999-12-31 23:59:59.999999+00', null, null, -9223372036854775808, null, null, 'NaN', null, null, '"x"', null, null, null);
`);

it('gunzip and psql bring a csv.gz back, without dbctl', async () => {
  const { manifest } = await bench.export('s.log');
  const { path } = await requireProgram('psql', await clientTools(), 18);
  const file = join(bench.destination.folder, manifest.id, manifest.data.path);
  await bench.sql('create table s.again (like s.log)');
  const url = new URL(bench.server.url());
  const env = { ...process.env, PGPASSWORD: url.password };
  url.password = '';
  const line = `\\copy s.again from program 'gunzip --stdout "${file}"' (format csv, header match)`;
  await run(path, ['--no-psqlrc', '--set', 'ON_ERROR_STOP=1', '--dbname', url.href, '--command', line], { env });
  expect(await differences('s.again')).toBe('0');
});

it('age and the script of docs/backup-format.md open an encrypted one', async () => {
  const file = join(bench.folder, 'identity.txt');
  const recipient = await createIdentity(file, new Date());
  const destination = bench.folderFor('sealed', { codec: { ...PLAIN, recipients: [recipient] } });
  const { manifest } = await bench.export('s.log', { destination });
  const at = (name: string) => join(destination.folder, manifest.id, name);
  const identity = await openIdentity({ kind: 'file', file }, { variables: {}, folder: bench.folder });
  // As age --decrypt would write it.
  const key = await identity.unwrap(readFileSync(at('key.age'), 'utf8'), { ...WRAPPED_DATA_KEY, parse: (text) => text });
  const script = fileURLToPath(new URL('../../../bin/decrypt-backup.mjs', import.meta.url));
  const plain = execFileSync(process.execPath, [script, at('rows.csv.gz.enc'), 'rows.csv.gz.enc'], { input: key });
  expect(createHash('sha256').update(gunzipSync(plain)).digest('hex')).toBe(manifest.data.text.sha256);
});

it('the page about the format has each key of a manifest, and no other', async () => {
  const { manifest } = await bench.export('s.log');
  const page = readFileSync(new URL('../../../docs/archive-format.md', import.meta.url), 'utf8');
  const [, table = ''] = /### manifest\.json\n([^]*?)\n## /.exec(page) ?? [];
  const described = table
    .split('\n')
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, key]) => key));
  expect(described).toEqual(Object.keys(manifest));
});

const differences = (table: string) =>
  bench.session(async (session) => {
    const [row] = await session.rows<{ count: string }>(
      `select count(*)::text as count from (
         (select row(t.*)::text from s.log t except all select row(t.*)::text from ${table} t)
         union all (select row(t.*)::text from ${table} t except all select row(t.*)::text from s.log t)) d`,
    );
    return row?.count;
  });

it.each<[string, ParquetWriter]>([
  ['dbctl', 'built-in'],
  ['DuckDB', findDuckdb('/')],
])('DuckDB reads Parquet %s wrote: types, microseconds, exact text', async (name, parquetWriter) => {
  const destination = bench.folderFor(`by-${name}`);
  const { manifest } = await bench.export('s.log', { format: 'parquet', parquetWriter, destination });
  const file = join(destination.folder, manifest.id, manifest.data.path);
  const duck = await (await DuckDBInstance.create(':memory:')).connect();
  try {
    await duck.run("set timezone = 'UTC'");
    const types = await duck.runAndReadAll(`describe select * from read_parquet('${file}')`);
    expect(types.getRows().map(([name, type]) => `${String(name)} ${String(type)}`)).toEqual([
      'id VARCHAR',
      'at TIMESTAMP WITH TIME ZONE',
      'local TIMESTAMP',
      'day DATE',
      'n BIGINT',
      'small INTEGER',
      'ok BOOLEAN',
      'ratio DOUBLE',
      'single DOUBLE',
      'amount VARCHAR',
      'context VARCHAR',
      'tags VARCHAR',
      'bytes BLOB',
      'note VARCHAR',
    ]);
    const rows = await duck.runAndReadAll(
      `select id::uuid::varchar, epoch_us("at")::varchar, epoch_us(local)::varchar, day::varchar, n::varchar, ratio::varchar, single::varchar,
              amount, json_extract_string(context, '$.a'), tags, hex(bytes), note
       from read_parquet('${file}') order by id`,
    );
    expect(rows.getRows()).toEqual([
      [
        '0190a000-0000-7000-8000-000000000001',
        '1767225600123456',
        '1767225600000001',
        '2026-02-28',
        '9007199254740993',
        '0.1',
        '1.1',
        '123456789012345678901234567890.5',
        '1.0',
        '{a,"b c",NULL}',
        'DEADBEEF',
        'two\nlines, "quoted"',
      ],
      [
        '0190a000-0000-7000-8000-000000000002',
        '-2717650561999999',
        null,
        '0044-03-15 (BC)',
        null,
        '-0.0',
        null,
        'NaN',
        null,
        '{}',
        '',
        '',
      ],
      [
        '0190a000-0000-7000-8000-000000000003',
        '253402300799999999',
        null,
        null,
        '-9223372036854775808',
        'nan',
        null,
        null,
        null,
        null,
        null,
        null,
      ],
    ]);
  } finally {
    duck.closeSync();
  }
});

it('DuckDB writes an encrypted archive, through pipes alone', async () => {
  const file = join(bench.folder, 'duck-identity.txt');
  const recipients = [await createIdentity(file, new Date())];
  const identity = () => openIdentity({ kind: 'file', file }, { variables: {}, folder: bench.folder });
  const destination = bench.folderFor('sealed-duck', { codec: { ...PLAIN, recipients, identity } });
  const { manifest } = await bench.export('s.log', { destination, format: 'parquet', parquetWriter: findDuckdb('/') });
  expect(manifest.files.map(({ path }) => path)).toEqual(['rows.parquet.enc']);
  expect(await bench.verify(manifest.id, destination)).toEqual({ problems: [], depth: 'rows' });
});

it('DuckDB refuses columns it takes for one, and a row that is larger than its memory; nothing is left', async () => {
  await bench.sql(`create table s.twice (a int, "A" int); create table s.wide (id int primary key, note text);
    insert into s.wide values (1, repeat('x', 64000000))`);
  const destination = bench.folderFor('refused');
  const by = { format: 'parquet', parquetWriter: findDuckdb('/'), destination } as const;
  await expect(bench.export('s.twice', by)).rejects.toMatchObject({
    code: 'refused',
    message: 'DuckDB takes the columns a and A for one',
  });
  await expect(bench.export('s.wide', by)).rejects.toMatchObject({
    code: 'archive.failed',
    message: expect.stringMatching(/^DuckDB could not write the rows: Out of Memory/) as string,
    hint: 'Nothing was stored. Take archive.parquet_writer: built-in, which needs less memory.',
  });
  expect(readdirSync(destination.folder).filter((name) => name !== '.lock')).toEqual([]);
});
