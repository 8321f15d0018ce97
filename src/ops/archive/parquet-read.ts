import { open } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { parquetMetadataAsync, parquetRead, type AsyncBuffer } from 'hyparquet';
import { fail } from '../../core/errors.ts';
import { fieldText, NULL_FIELD } from './copy-text.ts';
import type { ArchivedColumn } from './manifest.ts';
import { parquetType, type ParquetValue } from './parquet-column.ts';

/** The default one takes a mark at the beginning of a text away, and puts � for what is no UTF-8. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** Values as they stand in the file: no Date, which knows milliseconds only. */
const PARSERS = {
  timestampFromMicroseconds: (micros: bigint) => micros as never,
  dateFromDays: (days: number) => days as never,
  stringFromBytes: (bytes: Uint8Array | undefined) => (bytes === undefined ? bytes : utf8.decode(bytes)) as never,
};

/**
 * The rows of a Parquet file of ours, in the text format of COPY, row group by row group. Fails with archive.failed on a file that is none, or
 * has other columns.
 */
export async function* parquetRows(path: string, columns: readonly ArchivedColumn[]): AsyncGenerator<Buffer> {
  const handle = await open(path, 'r');
  try {
    const file: AsyncBuffer = {
      byteLength: (await handle.stat()).size,
      slice: async (start, end) => {
        const bytes = new ArrayBuffer((end ?? file.byteLength) - start);
        await handle.read(new Uint8Array(bytes), 0, bytes.byteLength, start);
        return bytes;
      },
    };
    yield* rowsOf(file, columns);
  } catch (thrown) {
    if (!(thrown instanceof Error) || 'code' in thrown) throw thrown;
    fail('archive.failed', `the Parquet file cannot be read: ${thrown.message}`, {
      hint: 'Take another copy of the archive, and find out what happened to this one.',
      cause: thrown,
    });
  } finally {
    await handle.close();
  }
}

async function* rowsOf(file: AsyncBuffer, columns: readonly ArchivedColumn[]): AsyncGenerator<Buffer> {
  const metadata = await parquetMetadataAsync(file);
  const names = metadata.schema.slice(1).map(({ name }) => name);
  if (names.join('\0') !== columns.map(({ name }) => name).join('\0')) throw new Error('it has other columns than the manifest');
  const types = columns.map(parquetType);
  let from = 0;
  for (const { num_rows: count } of metadata.row_groups) {
    const to = from + Number(count);
    let rows: readonly (readonly (ParquetValue | null | undefined)[])[] = [];
    await parquetRead({
      file,
      metadata,
      rowStart: from,
      rowEnd: to,
      rowFormat: 'array',
      utf8: false,
      parsers: PARSERS,
      compressors: { GZIP: (input: Uint8Array) => gunzipSync(input) },
      onComplete: (read: unknown) => {
        rows = read as typeof rows;
      },
    });
    yield Buffer.from(rows.map((row) => `${types.map((type, at) => fieldOf(row[at], type)).join('\t')}\n`).join(''));
    from = to;
  }
}

const fieldOf = (value: ParquetValue | null | undefined, { text }: ReturnType<typeof parquetType>): string =>
  value === null || value === undefined ? NULL_FIELD : fieldText(text(value));
