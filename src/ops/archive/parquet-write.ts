import type { RowGroup } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writeIndexes } from 'hyparquet-writer/src/indexes.js';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { CopyLines } from './copy-text.ts';
import type { ArchivedColumn } from './manifest.ts';
import { ChunkWriter, PAGE_ROWS, type WrittenChunk } from './parquet-chunk.ts';
import { parquetSchema } from './parquet-column.ts';
import type { ByteSink } from './rows-writer.ts';

/** Text of a page of all columns together, in bytes; a longer row has one of its own. */
const PAGE_TEXT = 1 << 20;

/** A row group ends with the first of these: so many rows, or bytes of its packed pages, which wait in memory. */
const GROUP_ROWS = 100_000;
const GROUP_PACKED = 2 << 20;

const MAGIC = Buffer.from('PAR1');
const TAB = 0x09;

/** Rows in the text format of COPY become a Parquet file, page by page and group by group. */
export function parquetSink(columns: readonly ArchivedColumn[], into: ByteSink): ByteSink {
  const lines = new CopyLines();
  const writers = columns.map((column) => new ChunkWriter(column));
  const file = new GroupFile(columns, into);
  const page = { rows: 0, text: 0 };
  let groupRows = 0;

  function add(line: Buffer, from: number, to: number): Promise<void> | undefined {
    let start = from;
    for (const writer of writers) {
      let end = start;
      while (end < to && line[end] !== TAB) end += 1;
      writer.add(line, start, end);
      start = end + 1;
    }
    page.rows += 1;
    page.text += to - from;
    return page.rows === PAGE_ROWS || page.text >= PAGE_TEXT ? endPage() : undefined;
  }

  async function endPage(): Promise<void> {
    for (const writer of writers) writer.endPage();
    groupRows += page.rows;
    [page.rows, page.text] = [0, 0];
    const waiting = writers.reduce((sum, { packed }) => sum + packed, 0);
    if (groupRows >= GROUP_ROWS || waiting >= GROUP_PACKED) await endGroup();
  }

  async function endGroup(): Promise<void> {
    if (groupRows === 0) return;
    await file.write(writers, groupRows);
    groupRows = 0;
  }

  return {
    write: (piece) => lines.take(piece, add),
    end: async () => {
      await endPage();
      await endGroup();
      await file.end();
    },
  };
}

/** The row groups one behind the other, and what a reader needs to find them at the end. */
class GroupFile {
  readonly #columns: readonly ArchivedColumn[];
  readonly #into: ByteSink;
  readonly #groups: RowGroup[] = [];
  readonly #chunks: WrittenChunk[] = [];
  #offset = 0;
  #rows = 0;

  constructor(columns: readonly ArchivedColumn[], into: ByteSink) {
    [this.#columns, this.#into] = [columns, into];
  }

  async write(writers: readonly ChunkWriter[], rows: number): Promise<void> {
    if (this.#offset === 0) await this.#write(MAGIC);
    const start = this.#offset;
    const chunks: WrittenChunk[] = [];
    for (const writer of writers) {
      const { pieces, ...chunk } = writer.endGroup(this.#offset);
      for (const piece of pieces) await this.#write(piece);
      chunks.push({ ...chunk, pieces: [] });
    }
    this.#chunks.push(...chunks);
    this.#rows += rows;
    this.#groups.push({
      columns: chunks.map(({ chunk }) => chunk),
      num_rows: BigInt(rows),
      total_byte_size: BigInt(chunks.reduce((sum, { unpacked }) => sum + unpacked, 0)),
      total_compressed_size: BigInt(this.#offset - start),
    });
  }

  async end(): Promise<void> {
    if (this.#offset === 0) await this.#write(MAGIC);
    const foot = new ByteWriter();
    foot.offset = this.#offset;
    writeIndexes(foot, this.#chunks);
    writeMetadata(foot, {
      version: 2,
      created_by: 'dbctl',
      schema: parquetSchema(this.#columns),
      num_rows: BigInt(this.#rows),
      row_groups: this.#groups,
      metadata_length: 0,
    });
    foot.appendBytes(MAGIC);
    await this.#write(Buffer.from(foot.getBytes()));
    await this.#into.end();
  }

  async #write(bytes: Buffer): Promise<void> {
    this.#offset += bytes.length;
    await this.#into.write(bytes);
  }
}
