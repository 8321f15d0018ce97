import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseVersion } from '../../../src/commands/migrate-settings.ts';
import { failure, migrationBench } from './support.ts';

// Situations in which postgrator 8.0.0 reports success although nothing, or not all, was done (measured on 18.2). Each is an error here.
const bench = migrationBench();
const THREE = {
  '001.do.a.sql': 'create table a ();',
  '002.do.b.sql': 'create table b ();',
  '003.do.c.sql': 'create table c ();',
};

describe('what postgrator calls a success', () => {
  it('1: a folder that is the wrong one', async () => {
    expect(await failure(bench.up())).toMatchObject({
      code: 'migration.invalid',
      exit: 2,
      message: `${bench.folder()}: the migrations folder holds no migration`,
    });
    expect(await failure(bench.up({ settings: { folder: join(bench.folder(), 'elsewhere') } }))).toMatchObject({
      code: 'migration.invalid',
      message: `${join(bench.folder(), 'elsewhere')}: the migrations folder does not exist`,
    });
  });

  it('2: a target that is not a number', () => {
    expect(() => parseVersion('abc')).toThrow('a version is a whole number above 0, not abc');
    expect(() => parseVersion('')).toThrow('a version is a whole number above 0, not ');
    expect(() => parseVersion('1e3')).toThrow('a version is a whole number above 0, not 1e3');
  });

  it('3: a target beyond the last version', async () => {
    bench.write(THREE);
    expect(await failure(bench.up({ target: 99 }))).toMatchObject({
      code: 'usage',
      message: '--to 99: no migration has this version',
    });
  });

  it('4: a lower version that was added later', async () => {
    bench.write(THREE);
    rmSync(join(bench.folder(), '002.do.b.sql'));
    // A gap is found before; dates have no gaps, so the same with dates.
    expect(await failure(bench.up())).toMatchObject({
      message: '003.do.c.sql: version 002 is missing between 001.do.a.sql and 003.do.c.sql',
    });
    rmSync(bench.folder(), { recursive: true });
    (await import('node:fs')).mkdirSync(bench.folder());
    bench.write({ '20260101.do.a.sql': 'create table a ();', '20260103.do.c.sql': 'create table c ();' });
    await bench.up();
    bench.write({ '20260102.do.b.sql': 'create table b ();' });
    expect(await failure(bench.up())).toMatchObject({
      code: 'refused',
      exit: 5,
      message: '20260102.do.b.sql: not applied, and its version lies below 20260103.do.c.sql, which is',
    });
    const late = await bench.up({ outOfOrder: true });
    expect(late.applied.map(({ migration }) => migration.file)).toEqual(['20260102.do.b.sql']);
  });

  it('5: an applied file that was deleted', async () => {
    bench.write(THREE);
    await bench.up();
    rmSync(join(bench.folder(), '003.do.c.sql'));
    const error = await failure(bench.up());
    expect(error).toMatchObject({ code: 'refused', exit: 5 });
    expect(error.message).toMatch(/^003\.do\.c\.sql: applied \(2\d{3}-.*Z\), but its file is not in the folder$/);
  });

  it('6: begin without commit', async () => {
    bench.write({ '001.do.a.sql': 'begin;\ncreate table a ();\n' });
    expect(await failure(bench.up())).toMatchObject({
      code: 'migration.invalid',
      exit: 2,
      message: '001.do.a.sql: begin inside a migration: dbctl opens and commits its transaction, together with the history row',
      position: { line: 1, column: 1 },
    });
  });

  it('7: files whose action is not `do`', async () => {
    bench.write({ ...THREE, '004.up.d.sql': 'select 1', '005.DO.e.sql': 'select 1' });
    expect(await failure(bench.up())).toMatchObject({
      code: 'migration.invalid',
      message: '004.up.d.sql: the file name is not <version>.do.<slug>.sql (and 1 more)',
    });
  });

  it.each([
    ['a commit in the middle', 'create table a (); commit; select 1/0;'],
    ['a changed file', undefined],
  ])('and also: %s', async (_name, sql) => {
    if (sql !== undefined) {
      bench.write({ '001.do.a.sql': sql });
      expect(await failure(bench.up())).toMatchObject({ code: 'migration.invalid' });
    } else {
      bench.write(THREE);
      await bench.up();
      bench.write({ '002.do.b.sql': 'create table b (id int);' });
      const error = await failure(bench.up());
      expect(error).toMatchObject({ code: 'refused', exit: 5 });
      expect(error.message).toMatch(/^002\.do\.b\.sql: the file was changed after it was applied/);
    }
  });

  it('but line ends that changed on a checkout are not a change', async () => {
    bench.write({ '001.do.a.sql': 'create table a ();\n-- b\n' });
    await bench.up();
    bench.write({ '001.do.a.sql': '\uFEFFcreate table a ();\r\n-- b\r\n' });
    expect(await bench.up()).toEqual({ applied: [], before: 1 });
  });

  it('an aborted transaction whose COMMIT answers ROLLBACK cannot be reached from SQL, but a procedure that commits is an error', async () => {
    bench.write({ '001.do.a.sql': 'create procedure p() language plpgsql as $$ begin commit; end $$;\ncall p();' });
    expect(await failure(bench.up())).toMatchObject({ code: 'migration.failed', sqlstate: '2D000' });
    expect(await bench.rows(`select to_regprocedure('public.p()') as p`)).toEqual([{ p: null }]);
  });
});
