import { open, type FileHandle } from 'node:fs/promises';
import { fail } from '../../core/errors.ts';
import { ColumnReader } from './column-reader.ts';
import type { ArchivedColumn } from './manifest.ts';
import { PageUnpacker } from './page-unpacker.ts';
import { parquetType } from './parquet-column.ts';
import { readFooter, type Footer, type GroupPlace } from './parquet-footer.ts';
import { CopyText } from './parquet-text.ts';
import { SmallHeap } from './small-heap.ts';

/** A piece ends with the row that makes it so long. */
const PIECE = 1 << 18;

/**
 * The rows of a Parquet file of ours, or of DuckDB made for us, in the text format of COPY. A page of each column is in memory, and the footer as it
 * lies in the file; the memory of a piece is used again when the next one is asked for.
 * Fails with archive.failed on a file that is none, has other columns, or encodings we do not write.
 */
export async function* parquetRows(path: string, columns: readonly ArchivedColumn[]): AsyncGenerator<Buffer> {
  const handle = await open(path, 'r');
  try {
    yield* rowsOf(handle, columns);
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

async function* rowsOf(handle: FileHandle, columns: readonly ArchivedColumn[]): AsyncGenerator<Buffer> {
  const footer = await readFooter(handle);
  requireColumns(footer, columns);
  const unpacker = new PageUnpacker();
  try {
    const readers = columns.map((column) => new ColumnReader(handle, column, unpacker));
    const [text, heap] = [new CopyText(), new SmallHeap()];
    for (const group of footer.groups) yield* rowsOfGroup(group, readers, text, heap);
    if (text.length > 0) yield text.written;
  } finally {
    unpacker.close();
  }
}

function requireColumns(footer: Footer, columns: readonly ArchivedColumn[]): void {
  if (footer.columns.map(({ name }) => name).join('\0') !== columns.map(({ name }) => name).join('\0'))
    throw new Error('it has other columns than the manifest');
  for (const [at, { name, type, repetition }] of footer.columns.entries()) {
    const expected = parquetType(columns[at] as ArchivedColumn).element.type;
    if (type !== expected || repetition !== 'OPTIONAL')
      throw new Error(`its column ${name} is ${repetition} ${type} instead of OPTIONAL ${expected}`);
  }
}

/** As many rows at a time as every column has in memory. */
async function* rowsOfGroup(
  group: GroupPlace,
  readers: readonly ColumnReader[],
  text: CopyText,
  heap: SmallHeap,
): AsyncGenerator<Buffer> {
  for (const [at, place] of group.columns.entries()) readers[at]?.open(place);
  for (let left = group.rows; left > 0;) {
    let rows = left;
    for (const reader of readers) {
      if (reader.ready === 0) await reader.turn();
      rows = Math.min(rows, reader.ready);
    }
    left -= rows;
    for (let row = 0; row < rows; row += 1) {
      for (const reader of readers) reader.field(text);
      text.endRow();
      if (text.length < PIECE) continue;
      heap.pass(text.length);
      yield text.written;
      text.clear();
    }
  }
}
