// Files of many pages and row groups, read by our own reader and by DuckDB, which knows nothing of it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { parquetMetadataAsync, asyncBufferFromFile } from 'hyparquet';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ArchivedColumn } from '../../../src/ops/archive/manifest.ts';
import { parquetRows } from '../../../src/ops/archive/parquet-read.ts';
import { parquetSink } from '../../../src/ops/archive/parquet-write.ts';

const folder = mkdtempSync(join(tmpdir(), 'dbctl-parquet-'));
let duck: DuckDBConnection;
beforeAll(async () => {
  duck = await (await DuckDBInstance.create(':memory:')).connect();
  await duck.run("set timezone = 'UTC'");
});
afterAll(() => {
  duck.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

const column = (name: string, builtIn: string | null): ArchivedColumn => ({
  name,
  type: builtIn ?? 's.own',
  builtIn,
  notNull: false,
  collation: null,
});

/** Writes lines of COPY's text in pieces of a few kilobytes, and gives them back as they are read. */
async function there(name: string, columns: readonly ArchivedColumn[], lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  const written: Buffer[] = [];
  const sink = parquetSink(columns, {
    write: (bytes) => Promise.resolve(void written.push(Buffer.from(bytes))),
    end: () => Promise.resolve(),
  });
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  for (let at = 0; at < text.length; at += 7_919) await sink.write(text.subarray(at, at + 7_919));
  await sink.end();
  writeFileSync(path, Buffer.concat(written));
  let back = '';
  for await (const piece of parquetRows(path, columns)) back += piece.toString('utf8');
  expect(back === text.toString('utf8')).toBe(true);
  return path;
}

const asked = async (sql: string) => (await duck.runAndReadAll(sql)).getRows().map((row) => row.map((value) => String(value)));

it('several row groups of many pages are one table', async () => {
  const columns = [column('n', 'int8'), column('word', 'text'), column('at', 'timestamptz'), column('ok', 'bool')];
  const lines = Array.from({ length: 230_000 }, (_, n) => {
    const word = n % 7 === 0 ? '\\N' : `word ${n % 40}`;
    return [n, word, `2026-01-01 00:${String(n % 60).padStart(2, '0')}:00+00`, n % 3 === 0 ? 't' : 'f'].join('\t');
  });
  const path = await there('groups.parquet', columns, lines);
  const { row_groups: groups } = await parquetMetadataAsync(await asyncBufferFromFile(path));
  expect(groups.map(({ num_rows: rows }) => Number(rows))).toEqual([100_000, 100_000, 30_000]);
  expect(
    await asked(
      `select count(*), sum(n), count(word), count(distinct word), count(*) filter (where ok) from read_parquet('${path}')`,
    ),
  ).toEqual([['230000', '26449885000', '197142', '40', '76667']]);
  // By the bounds of a row group DuckDB leaves others out.
  expect(
    await asked(`select n, word, epoch_us("at") from read_parquet('${path}') where n in (99999, 100000, 229999) order by n`),
  ).toEqual(
    [99_999, 100_000, 229_999].map((n) => [
      String(n),
      n % 7 === 0 ? 'null' : `word ${n % 40}`,
      String(Date.UTC(2026, 0, 1, 0, n % 60) * 1_000),
    ]),
  );
});

it('words that stop to repeat, in the middle of a row group', async () => {
  const columns = [column('word', 'text')];
  const lines = Array.from({ length: 30_000 }, (_, n) => (n < 9_000 ? `again ${n % 5}` : `ever new ${n}`));
  const path = await there('dictionary.parquet', columns, lines);
  const [group] = (await parquetMetadataAsync(await asyncBufferFromFile(path))).row_groups;
  expect(group?.columns[0]?.meta_data?.encodings).toEqual(['PLAIN', 'RLE_DICTIONARY']);
  expect(await asked(`select count(*), count(distinct word), min(word), max(word) from read_parquet('${path}')`)).toEqual([
    ['30000', '21005', 'again 0', 'ever new 9999'],
  ]);
});

it('nothing but nulls, then something, and a value larger than a page', async () => {
  const columns = [
    column('a', 'int4'),
    column('b', null),
    column('c', 'bytea'),
    column('ratio', 'float8'),
    column('never', 'text'),
  ];
  const large = 'x'.repeat(3_000_000);
  const lines = [
    ...Array.from({ length: 5_000 }, () => '\\N\t\\N\t\\N\t\\N\t\\N'),
    `-5\t${large}\t\\\\x${'00ff'.repeat(1_000)}\tNaN\t\\N`,
    '7\t\t\\\\x\t-0\t\\N',
  ];
  const path = await there('nulls.parquet', columns, lines);
  expect(
    await asked(
      `select count(*), sum(a), max(length(b)), min(length(b)), max(octet_length(c)), min(ratio)::varchar, count(never) from read_parquet('${path}')`,
    ),
  ).toEqual([['5002', '2', '3000000', '0', '2000', '-0.0', '0']]);
  expect(await asked(`select a from read_parquet('${path}') where ratio = 0`)).toEqual([['7']]);
});

it('no rows', async () => {
  const path = await there('none.parquet', [column('a', 'date')], []);
  expect(await asked(`select count(*) from read_parquet('${path}')`)).toEqual([['0']]);
});
