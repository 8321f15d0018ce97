import { expect, it } from 'vitest';
import { restoreArchive } from '../../../src/ops/archive/restore.ts';
import { findDuckdb, type ParquetWriter } from '../../../src/ops/archive/duckdb-module.ts';
import type { ArchiveFormat } from '../../../src/ops/archive/format.ts';
import { archiveBench, READING } from './support.ts';

/** Values whose text, null or order is likely to be lost on the way, by type. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  bool: ['true', 'false', 'null'],
  int2: ['-32768', '32767', 'null'],
  int4: ['-2147483648', '2147483647', '0'],
  int8: ['-9223372036854775808', '9223372036854775807', '9007199254740993'],
  oid: ['0', '4294967295'],
  xid8: ["'0'", "'9223372036854775807'"],
  float4: ["'-0'", "'NaN'", "'Infinity'", '1.1', '3.4028235e38', '1e-45', '16777216', '1e6', '999999', '0.0001', '0.00001'],
  float8: [
    "'-0'",
    "'NaN'",
    "'-Infinity'",
    '0.1',
    '1e23',
    '9007199254740993',
    '5e-324',
    '1.7976931348623157e308',
    '1e15',
    '1e14',
    '123456789012345',
    '0.0001',
    '0.00001',
    '2e22',
    '4.8726570057e288',
    '9007199254740992',
    '1.8446744073709552e19',
    'null',
  ],
  numeric: ["'NaN'", "'Infinity'", '1.0', '1.00', "repeat('9', 1000)::numeric", "('0.' || repeat('3', 1000))::numeric", '-0'],
  text: [
    "''",
    'null',
    "'NULL'",
    "'\\N'",
    "'\\.'",
    "E'\\\\.\\n'",
    "'\"'",
    '\'""\'',
    "','",
    "E'a\\r\\nb'",
    "E'tab\\there'",
    "E'\\x08\\x0b\\x0c'",
    "'naïve — 日本語 😀'",
    "U&'\\FEFFbom'",
    "' lead and trail '",
    "E'\\n'",
    "'\\'",
    "'\\\\N'",
    "repeat('x', 100000)",
  ],
  'varchar(10)': ["''", "'ten'", 'null'],
  'char(5)': ["'ab'", "''", 'null'],
  '"char"': ["'a'", "''"],
  name: ["'n'"],
  bytea: ["''", "'\\x00'", "'\\xdeadbeef0a0d22'", 'null', "decode(repeat('00ff', 50000), 'hex')"],
  date: [
    "'0044-03-15 BC'",
    "'0001-01-01'",
    "'4713-01-01 BC'",
    "'5874897-12-31'",
    "'1969-12-31'",
    "'2024-02-29'",
    "'0001-12-31 BC'",
  ],
  timestamp: [
    "'2026-01-01 00:00:00.000001'",
    "'0044-03-15 12:00:00.5 BC'",
    "'294246-12-31 23:59:59.999999'",
    "'1969-12-31 23:59:59.999999'",
  ],
  timestamptz: [
    "'2026-06-01 12:00:00+05:30'",
    "'1883-11-18 12:03:58-05'",
    "'2255-06-05 23:47:34.740993+00'",
    "'4713-01-01 00:00:00+00 BC'",
    "'1970-01-01 00:00:00+00'",
    "'10000-01-01 00:00:00.1+00'",
    "'2026-01-01 00:00:00.12345+00'",
    'null',
  ],
  time: ["'24:00:00'", "'23:59:59.999999'"],
  timetz: ["'12:00:00.5+05:30'"],
  interval: ["'1 mon -2 days 03:04:05.678'", "'-1 year'", "'0'", "'-00:00:00.000001'"],
  uuid: ["'00000000-0000-0000-0000-000000000001'", 'null'],
  json: [`'{"b": 1.0,  "a": [1, 2]}'`, '\'"\\\\n"\'', "'null'", 'null'],
  jsonb: [`'{"b": 1.00, "a": null}'`, "'12345678901234567890.5'", "to_jsonb(repeat('j', 1000000))", 'null'],
  jsonpath: [`'$.a[*] ? (@ > 1)'`],
  xml: ["'<a>&lt;</a>'", "'text only'"],
  'int4[]': ["'{1,NULL,3}'", "'{}'", "'[2:3]={1,2}'", 'null'],
  'text[]': [`array['a,b', '"', E'\\\\', null, '', 'NULL', E'\\n']`],
  int4range: ["'[1,5)'", "'empty'", "'(,)'"],
  tstzrange: ["'[2026-01-01 00:00:00+00,infinity)'"],
  int4multirange: ["'{[1,2),[5,6)}'"],
  inet: ["'10.0.0.1/8'", "'::1'"],
  cidr: ["'10.0.0.0/8'"],
  macaddr: ["'08:00:2b:01:02:03'"],
  macaddr8: ["'08:00:2b:01:02:03:04:05'"],
  'bit(3)': ["'101'"],
  varbit: ["''", "'1'"],
  money: ["'-12.34'"],
  point: ["'(1.5,-2)'"],
  path: ["'[(0,0),(1,1)]'"],
  polygon: ["'((0,0),(1,1),(1,0))'"],
  circle: ["'<(0,0),1.1>'"],
  tsvector: ["'fat:1A cat:2'", "''"],
  tsquery: ["'fat & !cat'"],
  regclass: ["'pg_class'", "'s.values'"],
  pg_lsn: ["'16/B374D848'"],
  's.mood': ["'sad'", "'happy'", 'null'],
  's.pair': ["row(1, 'a\"b')", 'row(null, null)', 'null'],
  's.short': ["'x'", 'null'],
};

const columns = Object.keys(VALUES).map((type, at) => `c${at} ${type}`);
const most = Math.max(...Object.values(VALUES).map((values) => values.length));
const rows = Array.from({ length: most }, (_, row) => {
  const values = Object.entries(VALUES).map(([type, of]) => `(${of[row % of.length]})::${type}`);
  return `insert into s.values values (${row}, ${values.join(', ')});`;
});

const bench = archiveBench(`
create schema s;
create type s.mood as enum ('sad', 'ok', 'happy');
create type s.pair as (a int, b text);
create domain s.short as varchar(10) check (value <> '');
create table s.values (id int primary key, ${columns.join(', ')}, "odd ""name"", 1" text collate "C" not null default 'x');
create table s.without_key (a text, b int, c int generated always as (b + 1) stored);
create table s.nothing (a text);
create table s.never (id int, until timestamptz);
create table s.one_column (a text);
set lc_monetary = 'C';
${rows.join('\n')}
insert into s.without_key values ('b', 1), ('a', 2), (null, null), ('', 3), ('b', 1);
insert into s.one_column values (null), (''), ('\\.'), (E'\\n');
insert into s.never values (1, 'infinity');
create table s.large (x xid8);
insert into s.large values ('1'), ('9223372036854775808');
`);

/** Each format, and Parquet by both of its writers. */
const WAYS: readonly { readonly way: string; readonly format: ArchiveFormat; readonly parquetWriter: ParquetWriter }[] = [
  { way: 'csv.gz', format: 'csv.gz', parquetWriter: 'built-in' },
  { way: 'parquet', format: 'parquet', parquetWriter: 'built-in' },
  { way: 'parquet of duckdb', format: 'parquet', parquetWriter: findDuckdb('/') },
];

it.each(WAYS)('every type comes back from $way as it went', async ({ way, format, parquetWriter }) => {
  const destination = bench.folderFor(way.replaceAll(' ', '-'));
  const { manifest, outcome } = await bench.export('s.values', { format, parquetWriter, destination });
  expect(outcome).toBe('exported');
  expect(manifest.rows).toBe(most);
  expect(manifest.order).toEqual(['id']);
  expect(await bench.verify(manifest.id, destination)).toEqual({ problems: [], depth: 'rows' });
  const into = `s.back_${way.replaceAll(/\W/g, '_')}`;
  await bench.session((session) => restoreArchive(session, destination, manifest, into, READING));
  const [difference] = await bench.session((session) =>
    session.rows<{ count: string }>(
      `select count(*)::text as count from (select row(t.*)::text from s.values t except all select row(t.*)::text from ${into} t) d`,
    ),
  );
  expect(difference?.count).toBe('0');
});

it.each(WAYS)(
  'a table without a key, one without rows, and one of a single column come back from $way',
  async ({ way, format, parquetWriter }) => {
    const destination = bench.folderFor(`tables-${way.replaceAll(' ', '-')}`);
    for (const [table, count] of [
      ['s.without_key', 5],
      ['s.nothing', 0],
      ['s.one_column', 4],
    ] as const) {
      const { manifest } = await bench.export(table, { format, parquetWriter, destination });
      expect([table, manifest.rows, manifest.order]).toEqual([table, count, []]);
      expect(await bench.verify(manifest.id, destination)).toEqual({ problems: [], depth: 'rows' });
      const into = `${table}_${way.replaceAll(/\W/g, '_')}`;
      await bench.session((session) => restoreArchive(session, destination, manifest, into, READING));
    }
  },
);

it.each(WAYS.slice(1))('$way has no infinite time, nor more than 63 bits, and says so', async ({ format, parquetWriter }) => {
  for (const [table, column, value, type] of [
    ['s.never', 'until', 'infinity', 'timestamp with time zone'],
    ['s.large', 'x', '9223372036854775808', 'xid8'],
  ])
    await expect(bench.export(table ?? '', { format, parquetWriter })).rejects.toMatchObject({
      code: 'refused',
      message: `column ${column} holds ${value}, for which Parquet has no value in a column of type ${type}`,
      hint: 'Take --as csv.gz, which holds every value PostgreSQL has.',
    });
  expect((await bench.export('s.never')).manifest.rows).toBe(1);
});

it('the same rows are the same archive, and other rows another one', async () => {
  await bench.export('s.without_key');
  const first = await bench.export('s.without_key');
  expect(first.outcome).toBe('there already');
  await bench.sql(`insert into s.without_key values ('new', 9)`);
  const second = await bench.export('s.without_key');
  expect(second.outcome).toBe('exported');
  expect(second.manifest.id).not.toBe(first.manifest.id);
});
