import { gzipSync } from 'node:zlib';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { fieldValue, LineBlocks } from './copy-text.ts';
import type { ArchivedColumn } from './manifest.ts';
import { parquetSchema, parquetType, parquetValue, type ParquetValue } from './parquet-column.ts';
import type { ByteSink } from './rows-writer.ts';

/**
 * A row group is in memory while it grows, many times as large as its text; a million rows of an audit log took 420 MB with 50,000 rows in each, and
 * 200 MB so. Readers would like larger ones.
 */
const ROWS = 10_000;
const CHARACTERS = 2 << 20;

/** Rows in the text format of COPY become a Parquet file, row group by row group. */
export function parquetSink(columns: readonly ArchivedColumn[], into: ByteSink): ByteSink {
  const types = columns.map(parquetType);
  const bytes = new ByteWriter() as ByteWriter & { index: number };
  const writer = new ParquetWriter({
    writer: Object.assign(bytes, { flush: () => emptied(bytes, into), finish: () => emptied(bytes, into) }),
    schema: parquetSchema(columns),
    codec: 'GZIP',
    compressors: { GZIP: (input: Uint8Array) => gzipSync(input, { level: 1 }) },
    createdBy: 'dbctl',
  });
  const lines = new LineBlocks();
  let group = newGroup();

  function newGroup(): { readonly values: (ParquetValue | null)[][]; rows: number; characters: number } {
    return { values: columns.map(() => []), rows: 0, characters: 0 };
  }

  function add(line: string): void {
    const fields = line.split('\t');
    for (let at = 0; at < columns.length; at += 1) {
      const text = fieldValue(fields[at] as string);
      const [column, type] = [columns[at], types[at]];
      if (column === undefined || type === undefined) continue;
      group.values[at]?.push(text === null ? null : parquetValue(column, type, text));
    }
    group.rows += 1;
    group.characters += line.length;
  }

  async function flush(): Promise<void> {
    const full = group;
    group = newGroup();
    if (full.rows === 0) return;
    await writer.write({
      rowGroupSize: full.rows,
      // A column of ever new values is given up early, instead of after all of them were looked up.
      dictionarySize: 1 << 16,
      columnData: columns.map(({ name }, at) => ({
        name,
        data: full.values[at] as unknown[],
        // Least and greatest text of each group would stay in memory until the end, each with the block it was cut from.
        statistics: types[at]?.element.type !== 'BYTE_ARRAY',
        ...(types[at]?.plain === true ? { encoding: 'PLAIN' as const } : {}),
      })),
    });
  }

  return {
    write: async (piece) => {
      const block = lines.take(piece);
      if (block === null) return;
      for (let from = 0; from < block.length;) {
        const end = block.indexOf('\n', from);
        add(block.slice(from, end));
        from = end + 1;
        if (group.rows === ROWS || group.characters >= CHARACTERS) await flush();
      }
    },
    end: async () => {
      await flush();
      await writer.finish();
      await into.end();
    },
  };
}

/** What the library has written so far goes on; its memory is used again. */
async function emptied(writer: ByteWriter & { index: number }, into: ByteSink): Promise<void> {
  const written = Buffer.from(writer.getBytes());
  writer.index = 0;
  if (written.length > 0) await into.write(written);
}
