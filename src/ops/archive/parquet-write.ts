import { CopyLines } from './copy-text.ts';
import type { ArchivedColumn } from './manifest.ts';
import { ChunkWriter, PAGE_ROWS } from './parquet-chunk.ts';
import { footPieces, type ChunkFacts, type GroupFacts } from './parquet-foot.ts';
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
  readonly #groups: GroupFacts[] = [];
  #offset = 0;

  constructor(columns: readonly ArchivedColumn[], into: ByteSink) {
    [this.#columns, this.#into] = [columns, into];
  }

  async write(writers: readonly ChunkWriter[], rows: number): Promise<void> {
    if (this.#offset === 0) await this.#write(MAGIC);
    const chunks: ChunkFacts[] = [];
    for (const writer of writers) {
      const { pieces, facts } = writer.endGroup(this.#offset);
      for (const piece of pieces) await this.#write(piece);
      chunks.push(facts);
    }
    this.#groups.push({ rows, chunks });
  }

  async end(): Promise<void> {
    if (this.#offset === 0) await this.#write(MAGIC);
    for (const piece of footPieces(this.#columns, this.#groups, this.#offset)) await this.#write(piece);
    await this.#into.end();
  }

  async #write(bytes: Buffer): Promise<void> {
    this.#offset += bytes.length;
    await this.#into.write(bytes);
  }
}
