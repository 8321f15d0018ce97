import { expect, it } from 'vitest';
import { lz4Columns } from '../../../src/ops/restore/compression.ts';
import { lackOf } from '../../../src/ops/restore/lack.ts';

it.each([
  [
    'compression method lz4 not supported',
    'the server npm brings was built without lz4, with which values of the backup are compressed',
  ],
  [
    'the server ended: FATAL: could not restore image at 0/2000028 compressed with LZ4 not supported by build, block 0',
    'the server npm brings was built without lz4, with which the log of the backup is compressed',
  ],
  [
    'the server ended: PANIC: could not restore image at 0/2000028 compressed with zstd not supported by build, block 0',
    'the server npm brings was built without zstd, with which the log of the backup is compressed',
  ],
  ['invalid LC_CTYPE locale name: "de_DE.utf8"', 'this machine does not have the locale de_DE.utf8 of the backup'],
  [
    'cannot connect to a@b/c: database locale is incompatible with operating system',
    'this machine does not have the locale of a database of the backup',
  ],
  ['relation "lz4" does not exist', undefined],
])('%s', (message, said) => expect(lackOf(new Error(message))?.message).toBe(said));

it('columns are found as pg_dump writes them', () => {
  const schema = `CREATE TABLE s.t (a text);
ALTER TABLE ONLY s.t ALTER COLUMN a SET COMPRESSION lz4;
ALTER TABLE ONLY "S".t ALTER COLUMN "b c" SET COMPRESSION lz4;
ALTER TABLE ONLY s.t ALTER COLUMN d SET COMPRESSION pglz;
`;
  expect(lz4Columns(schema)).toEqual(['s.t.a', '"S".t."b c"']);
});
