import type { FileHandle } from 'node:fs/promises';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { FileStride } from './file-stride.ts';
import type { ArchivedColumn } from './manifest.ts';
import { parquetType, type ParquetType } from './parquet-column.ts';
import type { ChunkPlace } from './parquet-footer.ts';
import type { PageUnpacker } from './page-unpacker.ts';
import { nextPage, type Page } from './parquet-page.ts';
import type { CopyText } from './parquet-text.ts';
import { ReusedBytes } from './reused-bytes.ts';

/** Bytes of a value; 0: it says so itself, in the four before it. A boolean is a bit in the file and a byte here. */
const WIDTHS: Readonly<Record<string, number>> = { BOOLEAN: 1, INT32: 4, INT64: 8, DOUBLE: 8, BYTE_ARRAY: 0 };

/** Bytes for a page at first. */
const FIRST = 1 << 14;

/**
 * The values of one column in their order, a page of them in memory. A value becomes text where it lies: as objects those of a page live long enough
 * for the garbage collector to take them for old, and the process grows.
 */
export class ColumnReader {
  readonly #file: FileStride;
  readonly #type: ParquetType;
  readonly #width: number;
  readonly #unpacker: PageUnpacker;
  readonly #memory = { dictionary: new ReusedBytes(FIRST), data: new ReusedBytes(FIRST) };
  #place: ChunkPlace = { start: 0, bytes: 0, codec: undefined };
  /** By row of the page: 0 for null. */
  #levels = new Uint8Array(0);
  /** By value that is there: its number in the dictionary. */
  #numbers = new Uint32Array(0);
  #isNumbered = false;
  #values: Buffer = Buffer.alloc(0);
  #dictionary: Buffer = Buffer.alloc(0);
  /** Where each value of the dictionary begins. */
  #starts = new Uint32Array(0);
  #row = 0;
  #rows = 0;
  /** The next value: where it lies in the page, or which number it is. */
  #at = 0;

  /** Columns may share an unpacker: one page is asked for at a time. */
  constructor(handle: FileHandle, column: ArchivedColumn, unpacker: PageUnpacker) {
    this.#unpacker = unpacker;
    this.#file = new FileStride(handle);
    this.#type = parquetType(column);
    this.#width = WIDTHS[this.#type.element.type ?? ''] ?? 0;
  }

  /** Rows of the page that are still to come. */
  get ready(): number {
    return this.#rows - this.#row;
  }

  /** Its part of the next row group. */
  open(place: ChunkPlace): void {
    this.#file.open(place);
    [this.#place, this.#row, this.#rows] = [place, 0, 0];
  }

  /** The next page with rows. Fails with an Error where there is none, or one of another form. */
  async turn(): Promise<void> {
    const how = { codec: this.#place.codec, unpacker: this.#unpacker, memory: this.#memory };
    const page = (await nextPage(this.#file, how)) ?? missing();
    if (page.kind === 'dictionary') this.#takeDictionary(page);
    else this.#takeRows(page);
    if (this.ready === 0) await this.turn();
  }

  #takeDictionary({ values, content }: Page): void {
    this.#dictionary = content;
    if (this.#starts.length < values) this.#starts = new Uint32Array(values);
    for (let number = 0, at = 0; number < values; number += 1) {
      this.#starts[number] = at;
      at += this.#width === 0 ? 4 + content.readUInt32LE(at) : this.#width;
    }
  }

  #takeRows({ values, encoding, levels, content }: Page): void {
    if (this.#levels.length < values) this.#levels = new Uint8Array(values);
    const seen = this.#levels.subarray(0, values);
    readRleBitPackedHybrid({ view: viewOf(levels), offset: 0 }, 1, seen, levels.length);
    [this.#row, this.#rows, this.#at] = [0, values, 0];
    this.#isNumbered = encoding === 'RLE_DICTIONARY' || encoding === 'PLAIN_DICTIONARY';
    if (!this.#isNumbered && encoding !== 'PLAIN') throw new Error(`it has a page of encoding ${encoding}`);
    if (this.#isNumbered) this.#takeNumbers(content, countOf(seen));
    else this.#values = this.#type.element.type === 'BOOLEAN' ? bytesOf(content, countOf(seen)) : content;
  }

  #takeNumbers(content: Buffer, count: number): void {
    if (this.#numbers.length < count) this.#numbers = new Uint32Array(count);
    const width = count === 0 ? 0 : content.readUInt8(0);
    const numbers = this.#numbers.subarray(0, count);
    if (width === 0) numbers.fill(0);
    else readRleBitPackedHybrid({ view: viewOf(content), offset: 1 }, width, numbers, content.length - 1);
  }

  /** Adds the field of the next row. */
  field(text: CopyText): void {
    if (this.#levels[this.#row] === 0) text.null();
    else if (this.#isNumbered) this.#type.text(text, this.#dictionary, this.#starts[this.#numbers[this.#at] as number] as number);
    else this.#type.text(text, this.#values, this.#at);
    if (this.#levels[this.#row] !== 0) this.#at += this.#isNumbered ? 1 : this.#width || 4 + this.#values.readUInt32LE(this.#at);
    this.#row += 1;
    text.endField();
  }
}

function missing(): never {
  throw new Error('a column has fewer rows than its row group');
}

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const countOf = (levels: Uint8Array): number => levels.reduce((sum, level) => sum + level, 0);

/** A byte for each bit, the lowest first. */
function bytesOf(bits: Buffer, count: number): Buffer {
  const found = Buffer.allocUnsafe(count);
  for (let at = 0; at < count; at += 1) found[at] = ((bits[at >> 3] as number) >> (at & 7)) & 1;
  return found;
}
