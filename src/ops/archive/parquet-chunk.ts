import { gzipSync } from 'node:zlib';
import type { Encoding } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js';
import { isNull } from './copy-text.ts';
import type { ArchivedColumn } from './manifest.ts';
import { parquetType, requireValue, type ParquetType } from './parquet-column.ts';
import { ByteDictionary } from './parquet-dictionary.ts';
import type { ChunkFacts } from './parquet-foot.ts';
import { PlainValues } from './parquet-values.ts';
import { ReusedBytes } from './reused-bytes.ts';

/** Rows of a page, at most: what comes out of a page of each column is in memory at once when a file is read. */
export const PAGE_ROWS = 2_000;

/** A page that waits for its row group. */
interface Page {
  readonly bytes: number;
  /** With its head, before it was packed. */
  readonly unpacked: number;
  readonly rows: number;
  readonly encoding: Encoding;
}

/** A column of a row group that is done. */
export interface WrittenChunk {
  /** What is to be written; good until the next page. */
  readonly pieces: readonly Buffer[];
  readonly facts: ChunkFacts;
}

/** Makes the pages of one column, packed as soon as they are full. Its memory is used again from page to page and group to group. */
export class ChunkWriter {
  readonly #column: ArchivedColumn;
  readonly #type: ParquetType;
  readonly #values = new PlainValues();
  readonly #dictionary = new ByteDictionary();
  /** By row: 0 for null. */
  readonly #levels = new Uint8Array(PAGE_ROWS);
  /** By value that is there: its number in the dictionary. */
  readonly #numbers = new Uint32Array(PAGE_ROWS);
  readonly #scratch = new ByteWriter(1 << 12) as ByteWriter & { index: number };
  #repeats = true;
  #rows = 0;
  #present = 0;
  #nulls = 0;
  #groupRows = 0;
  /** The pages as they will stand in the file, one behind the other. */
  readonly #packed = new ReusedBytes(1 << 16);
  #pages: Page[] = [];

  constructor(column: ArchivedColumn) {
    this.#column = column;
    this.#type = parquetType(column);
    this.#repeats = this.#type.element.type !== 'BOOLEAN';
  }

  /** Bytes of the pages that wait for their row group. */
  get packed(): number {
    return this.#packed.length;
  }

  /** A field of COPY's text. Fails with refused where Parquet has no value for it. */
  add(bytes: Buffer, from: number, to: number): void {
    const there = !isNull(bytes, from, to);
    this.#levels[this.#rows] = there ? 1 : 0;
    this.#rows += 1;
    if (!there) return;
    const start = this.#values.length;
    requireValue(this.#column, this.#type.write(this.#values, bytes, from, to), bytes, from, to);
    if (this.#repeats) this.#number(start);
    this.#present += 1;
  }

  #number(start: number): void {
    const number = this.#dictionary.numberOf(this.#values.memory, start, this.#values.length);
    if (number === -1) this.#repeats = false;
    else this.#numbers[this.#present] = number;
  }

  endPage(): void {
    if (this.#rows === 0) return;
    // The first page shows whether values come again; the others keep to it as long as there is room for new ones.
    if (this.#pages.length === 0 && this.#repeats) this.#repeats = this.#dictionary.bytes.length * 2 <= this.#values.length;
    const isNumbered = this.#repeats && this.#present > 0;
    const page = isNumbered ? this.#page('RLE_DICTIONARY', this.#numbersOfPage()) : this.#page('PLAIN', this.#plainOfPage());
    this.#pages.push(page);
    this.#groupRows += this.#rows;
    this.#nulls += this.#rows - this.#present;
    [this.#rows, this.#present] = [0, 0];
    this.#values.clear();
  }

  #plainOfPage(): Uint8Array {
    const { written } = this.#values;
    return this.#type.element.type === 'BOOLEAN' ? bits(written) : written;
  }

  #numbersOfPage(): Uint8Array {
    const numbers = this.#numbers.subarray(0, this.#present);
    const width = Math.ceil(Math.log2(numbers.reduce((most, one) => Math.max(most, one), 0) + 1));
    return this.#written((to) => {
      to.appendUint8(width);
      writeRleBitPackedHybrid(to, numbers, width);
    });
  }

  #page(encoding: Encoding, values: Uint8Array): Page {
    const body = packed(values);
    const levels = this.#written((to) => void writeRleBitPackedHybrid(to, this.#levels.subarray(0, this.#rows), 1));
    const head = this.#written((to) =>
      writePageHeader(to, {
        type: 'DATA_PAGE_V2',
        uncompressed_page_size: levels.length + values.length,
        compressed_page_size: levels.length + body.length,
        data_page_header_v2: {
          num_values: this.#rows,
          num_nulls: this.#rows - this.#present,
          num_rows: this.#rows,
          encoding,
          definition_levels_byte_length: levels.length,
          repetition_levels_byte_length: 0,
          is_compressed: true,
        },
      }),
    );
    for (const bytes of [head, levels, body]) this.#packed.append(bytes);
    const sizes = head.length + levels.length;
    return { bytes: sizes + body.length, unpacked: sizes + values.length, rows: this.#rows, encoding };
  }

  /** A copy of what is written. */
  #written(write: (to: ByteWriter) => void): Buffer {
    [this.#scratch.index, this.#scratch.offset] = [0, 0];
    write(this.#scratch);
    return Buffer.from(this.#scratch.getBytes());
  }

  /** The pages since the last group, as they stand in a file from this byte on. */
  endGroup(offset: number): WrittenChunk {
    const pages = this.#pages;
    const dictionary = pages.some(({ encoding }) => encoding === 'RLE_DICTIONARY') ? this.#dictionaryPage() : null;
    const written: WrittenChunk = {
      pieces: [...(dictionary === null ? [] : [dictionary.bytes]), this.#packed.written],
      facts: {
        offset,
        dictionary: dictionary?.bytes.length ?? 0,
        bytes: (dictionary?.bytes.length ?? 0) + this.#packed.length,
        unpacked: pages.reduce((sum, page) => sum + page.unpacked, dictionary?.unpacked ?? 0),
        encodings: pages.some(({ encoding }) => encoding === 'RLE_DICTIONARY') ? NUMBERED : PLAIN,
        values: this.#groupRows,
        nulls: this.#nulls,
        least: this.#values.least,
        greatest: this.#values.greatest,
        pages: Uint32Array.from(pages.flatMap(({ bytes, rows }) => [bytes, rows])),
      },
    };
    this.#reset();
    return written;
  }

  #dictionaryPage(): { readonly bytes: Buffer; readonly unpacked: number } {
    const values = this.#dictionary.bytes;
    const body = packed(values);
    const head = this.#written((to) =>
      writePageHeader(to, {
        type: 'DICTIONARY_PAGE',
        uncompressed_page_size: values.length,
        compressed_page_size: body.length,
        dictionary_page_header: { num_values: this.#dictionary.count, encoding: 'PLAIN' },
      }),
    );
    return { bytes: Buffer.concat([head, body]), unpacked: head.length + values.length };
  }

  #reset(): void {
    [this.#pages, this.#groupRows, this.#nulls] = [[], 0, 0];
    this.#packed.clear();
    this.#repeats = this.#type.element.type !== 'BOOLEAN';
    this.#dictionary.clear();
    this.#values.resetBounds();
  }
}

/** In every chunk, and in one with a dictionary. */
const PLAIN: readonly Encoding[] = ['PLAIN'];
const NUMBERED: readonly Encoding[] = ['PLAIN', 'RLE_DICTIONARY'];

/** Level 1, as for csv.gz. */
const packed = (values: Uint8Array): Buffer => gzipSync(values, { level: 1, chunkSize: 1 << 17 });

/** Eight booleans a byte, the first in the lowest bit. */
function bits(values: Uint8Array): Uint8Array {
  const found = new Uint8Array(Math.ceil(values.length / 8));
  for (let at = 0; at < values.length; at += 1)
    found[at >> 3] = (found[at >> 3] as number) | ((values[at] as number) << (at & 7));
  return found;
}
