import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { failure, migrationBench } from './support.ts';

// A sample database from elsewhere, written for psql by people who knew nothing of dbctl.
const file = fileURLToPath(new URL('../../../../shared/data/chinook/chinook.sql', import.meta.url));
const there = existsSync(file);

describe.skipIf(!there)('the Chinook sample database (skipped where ../shared/data/chinook is not there)', () => {
  const bench = migrationBench();

  it('as it is, is refused with the place and the way out, and nothing of it runs', async () => {
    const script = readFileSync(file, 'utf8');
    bench.write({ '001.do.chinook.sql': script });
    const error = await failure(bench.up());
    expect(error).toMatchObject({
      code: 'migration.invalid',
      exit: 2,
      message: '001.do.chinook.sql: \\c is a psql command, not SQL: only psql understands it',
    });
    expect(error.position?.text).toBe('\\c chinook;');
    expect(error.position?.line).toBe(script.split('\n').findIndex((line) => line.startsWith('\\c')) + 1);
    expect(await bench.rows(`select to_regnamespace('dbctl') as s`)).toEqual([{ s: null }]);
  });

  it('without its three psql lines is applied in one transaction, with every row', async () => {
    const script = readFileSync(file, 'utf8');
    const tables = script.slice(script.indexOf('CREATE TABLE'));
    bench.write({ '001.do.chinook.sql': tables });
    expect((await bench.up()).applied).toHaveLength(1);
    for (const table of [
      'album',
      'artist',
      'customer',
      'employee',
      'genre',
      'invoice',
      'invoice_line',
      'media_type',
      'playlist',
      'playlist_track',
      'track',
    ]) {
      const [counted] = await bench.rows<{ n: number }>(`select count(*)::int as n from public.${table}`);
      expect(counted?.n, table).toBe(rowsInserted(tables, table));
    }
  });
});

/** Rows the script inserts into a table, counted in its text: one parenthesised line a row. */
function rowsInserted(script: string, table: string): number {
  return [...script.matchAll(new RegExp(`INSERT INTO ${table} \\([^)]*\\) VALUES\\s*([\\s\\S]*?);\\s*$`, 'gm'))].reduce(
    (sum, [, values = '']) => sum + values.split('\n').filter((line) => line.trim().startsWith('(')).length,
    0,
  );
}
