import { open } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import {
  parquetMetadataAsync,
  parquetRead,
  type AsyncBuffer,
  type ColumnData,
  type FileMetaData,
  type RowGroup,
} from 'hyparquet';
import { readOffsetIndex } from 'hyparquet/src/indexes.js';
import { fail } from '../../core/errors.ts';
import type { ArchivedColumn } from './manifest.ts';
import { parquetType, type ParquetValue } from './parquet-column.ts';
import { CopyText } from './parquet-text.ts';

/** Values as they stand in the file: no Date, which knows milliseconds only, and the bytes of a text. */
const PARSERS = {
  timestampFromMicroseconds: (micros: bigint) => micros as never,
  dateFromDays: (days: number) => days as never,
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes as never,
};

/**
 * The rows of a Parquet file of ours in the text format of COPY, page by page. The memory of a piece is used again when the next one is asked for.
 * Fails with archive.failed on a file that is none, or has other columns.
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
  const text = new CopyText();
  let from = 0;
  for (const group of metadata.row_groups) {
    for (const [start, end] of await pagesOf(file, group)) {
      const read = await readColumns(file, metadata, from + start, from + end);
      text.clear();
      for (let row = from + start; row < from + end; row += 1) {
        for (const [at, { name }] of columns.entries()) text.field(valueAt(read.get(name), row), types[at]);
        text.endRow();
      }
      yield text.written;
    }
    from += Number(group.num_rows);
  }
}

/** First and last row of each page of the first column; pages of the others begin at the same rows where dbctl wrote them. */
async function pagesOf(file: AsyncBuffer, { columns, num_rows: count }: RowGroup): Promise<[number, number][]> {
  const rows = Number(count);
  const { offset_index_offset: at, offset_index_length: length } = columns[0] ?? {};
  if (at === undefined || length === undefined) return [[0, rows]];
  const index = await file.slice(Number(at), Number(at) + length);
  const starts = readOffsetIndex({ view: new DataView(index), offset: 0 }).page_locations.map(({ first_row_index: row }) =>
    Number(row),
  );
  return starts.map((start, page) => [start, starts[page + 1] ?? rows]);
}

/** By column, the pieces in which the rows came. */
async function readColumns(
  file: AsyncBuffer,
  metadata: FileMetaData,
  rowStart: number,
  rowEnd: number,
): Promise<ReadonlyMap<string, readonly ColumnData[]>> {
  const read = new Map<string, ColumnData[]>();
  await parquetRead({
    file,
    metadata,
    rowStart,
    rowEnd,
    useOffsetIndex: true,
    utf8: false,
    parsers: PARSERS,
    compressors: { GZIP: (input, bytes) => gunzipSync(input, { chunkSize: Math.max(bytes, 64) }) },
    onChunk: (chunk) => {
      read.set(chunk.columnName, [...(read.get(chunk.columnName) ?? []), chunk]);
    },
  });
  return read;
}

function valueAt(pieces: readonly ColumnData[] | undefined, row: number): ParquetValue | null {
  const piece = pieces?.length === 1 ? pieces[0] : pieces?.find(({ rowStart, rowEnd }) => row >= rowStart && row < rowEnd);
  if (piece === undefined) throw new Error(`row ${row} is missing in it`);
  return (piece.columnData[row - piece.rowStart] as ParquetValue | null | undefined) ?? null;
}
