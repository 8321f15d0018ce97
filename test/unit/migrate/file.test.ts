import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonical, readMigrations } from '../../../src/ops/migrate/file.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'dbctl-files-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (files: Record<string, string | Buffer>) => {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
};
const problems = async () =>
  (await readMigrations(folder)).problems.map(({ file, message }) => `${file.replace(folder, '<folder>')}: ${message}`);

describe('a folder that cannot be planned', () => {
  const cases: readonly [name: string, files: Record<string, string | Buffer>, expected: readonly string[]][] = [
    ['empty', {}, ['<folder>: the migrations folder holds no migration']],
    ['only notes', { 'README.md': '# notes' }, ['<folder>: the migrations folder holds no migration']],
    ['another action', { '001.up.a.sql': 'select 1' }, ['001.up.a.sql: the file name is not <version>.do.<slug>.sql']],
    ['an action in capitals', { '001.DO.a.sql': 'select 1' }, ['001.DO.a.sql: the file name is not <version>.do.<slug>.sql']],
    ['Flyway names', { 'V1__a.sql': 'select 1' }, ['V1__a.sql: the file name is not <version>.do.<slug>.sql']],
    ['no slug', { '001.do.sql': 'select 1' }, ['001.do.sql: the file name is not <version>.do.<slug>.sql']],
    ['a quote in the name', { "001.do.it's.sql": 'select 1' }, ["001.do.it's.sql: the file name is not <version>.do.<slug>.sql"]],
    ['JavaScript', { '001.do.a.js': 'export {}' }, ['001.do.a.js: the file name is not <version>.do.<slug>.sql']],
    [
      'undo',
      { '001.do.a.sql': 'select 1', '001.undo.a.sql': 'select 1' },
      ['001.undo.a.sql: undo files are not run: migrations go forward only'],
    ],
    ['version zero', { '000.do.a.sql': 'select 1' }, ['000.do.a.sql: version 000 is outside 1 … 2^53-1']],
    [
      'a version that loses digits',
      { '90071992547409931.do.a.sql': 'select 1' },
      ['90071992547409931.do.a.sql: version 90071992547409931 is outside 1 … 2^53-1'],
    ],
    [
      'duplicate numbers',
      { '001.do.a.sql': 'select 1', '001.do.b.sql': 'select 1' },
      ['001.do.b.sql: version 001 is taken by 001.do.a.sql'],
    ],
    [
      'duplicates of different width',
      { '01.do.a.sql': 'select 1', '001.do.b.sql': 'select 1' },
      ['01.do.a.sql: version 01 is taken by 001.do.b.sql'],
    ],
    [
      'a gap',
      { '001.do.a.sql': 'select 1', '003.do.c.sql': 'select 1' },
      ['003.do.c.sql: version 002 is missing between 001.do.a.sql and 003.do.c.sql'],
    ],
    ['an empty file', { '001.do.a.sql': ' \n' }, ['001.do.a.sql: the file is empty']],
    ['Latin-1', { '001.do.a.sql': Buffer.from([0x2d, 0x2d, 0xe9, 0x0a]) }, ['001.do.a.sql: the file is not UTF-8']],
    [
      'UTF-16',
      { '001.do.a.sql': Buffer.from('select 1', 'utf16le') },
      ['001.do.a.sql: the file holds a NUL byte (UTF-16, or not text)'],
    ],
    [
      'a misspelt directive',
      { '001.do.a.sql': '--! transacton: none\nselect 1' },
      ['001.do.a.sql: unknown directive: transacton: none'],
    ],
    [
      'several things at once',
      { '001.up.a.sql': 'select 1', '002.do.b.sql': '', '003.do.c.sql': 'select 1', '005.do.e.sql': 'select 1' },
      [
        '001.up.a.sql: the file name is not <version>.do.<slug>.sql',
        '002.do.b.sql: the file is empty',
        '005.do.e.sql: version 004 is missing between 003.do.c.sql and 005.do.e.sql',
      ],
    ],
  ];
  it.each(cases)('%s', async (_name, files, expected) => {
    write(files);
    expect(await problems()).toEqual(expected);
  });

  it('is missing', async () => {
    folder = join(folder, 'nowhere');
    expect(await problems()).toEqual(['<folder>: the migrations folder does not exist']);
  });

  it('is a file', async () => {
    write({ a: '' });
    folder = join(folder, 'a');
    expect(await problems()).toEqual(['<folder>: the migrations folder is a file']);
  });

  it('holds a file nobody may read', async () => {
    write({ '001.do.a.sql': 'select 1' });
    chmodSync(join(folder, '001.do.a.sql'), 0o000);
    // The superuser reads everything: there the file is fine, and the case is tried where tests run as somebody else.
    if (process.getuid?.() === 0) {
      mkdirSync(join(folder, '002.do.folder.sql'));
      expect(await problems()).toEqual([]);
    } else expect(await problems()).toEqual(['001.do.a.sql: the file cannot be read: permission denied']);
  });

  it('suggests a name that would do', async () => {
    write({ 'V7__Add Labs.SQL': 'select 1' });
    const [problem] = (await readMigrations(folder)).problems;
    expect(problem?.hint).toBe(
      'Rename it, for example to 7.do.add-labs.sql; a slug is lower case letters and digits with - or _ between.',
    );
  });
});

describe('a folder that can', () => {
  it('is sorted by number, not by text', async () => {
    write({ '9.do.a.sql': 'select 9', '10.do.b.sql': 'select 10', '11.do.c.sql': 'select 11' });
    const { files } = await readMigrations(folder);
    expect(files.map(({ id }) => id)).toEqual(['9', '10', '11']);
  });

  it('has no gaps when versions are dates', async () => {
    write({ '20261101120000.do.a.sql': 'select 1', '20261121093000.do.b.sql': 'select 1' });
    expect(await problems()).toEqual([]);
  });

  it('hashes the same text the same, whatever the line ends', async () => {
    write({ '001.do.a.sql': '-- a\nselect 1;\n', '002.do.b.sql': '\uFEFF-- a\r\nselect 1;\r\n' });
    const [unix, windows] = (await readMigrations(folder)).files;
    expect(windows?.sha256).toBe(unix?.sha256);
    expect(windows?.bytesSha256).not.toBe(unix?.bytesSha256);
    expect(windows?.sql).toBe('-- a\nselect 1;\n');
  });

  it('reads the directive among its first comments only', async () => {
    write({ '001.do.a.sql': '-- why\n--! transaction: none\nvacuum x;', '002.do.b.sql': 'select 1;\n--! transaction: none\n' });
    const { files } = await readMigrations(folder);
    expect(files.map(({ transactional }) => transactional)).toEqual([false, true]);
  });
});

it('canonical text keeps everything but line ends and the byte order mark', () => {
  expect(canonical('\uFEFFa\r\nb\rc\n\ud83d\ude00')).toBe('a\nb\nc\n\ud83d\ude00');
});
