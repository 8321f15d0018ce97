import { unescapeField } from './copy-text.ts';
import { ReusedBytes } from './reused-bytes.ts';

/**
 * Values of one page of a column as Parquet writes them (PLAIN, little-endian), one behind the other in the same memory: a row becomes no object,
 * so there is nothing for the garbage collector to let lie.
 */
export class PlainValues extends ReusedBytes {
  /** Of the numbers since {@link resetBounds}; undefined: there was none. */
  least: number | bigint | undefined;
  greatest: number | bigint | undefined;

  constructor() {
    super(1 << 14);
  }

  resetBounds(): void {
    [this.least, this.greatest] = [undefined, undefined];
  }

  boolean(value: boolean): void {
    this.room(1);
    this.memory[this.length] = value ? 1 : 0;
    this.length += 1;
  }

  int32(value: number): void {
    this.room(4);
    this.length = this.memory.writeInt32LE(value, this.length);
    this.#bound(value);
  }

  int64(value: bigint): void {
    this.room(8);
    this.length = this.memory.writeBigInt64LE(value, this.length);
    this.#bound(value);
  }

  double(value: number): void {
    this.room(8);
    this.length = this.memory.writeDoubleLE(value, this.length);
    if (!Number.isNaN(value)) this.#bound(value);
  }

  /** A field of COPY's text, with its length in front. */
  text(field: Buffer, from: number, to: number): void {
    this.room(4 + to - from);
    const end = unescapeField(field, from, to, this.memory, this.length + 4);
    this.memory.writeUInt32LE(end - this.length - 4, this.length);
    this.length = end;
  }

  /** Bytes from their hexadecimal form. */
  hex(digits: string): void {
    const count = digits.length / 2;
    this.room(4 + count);
    this.memory.writeUInt32LE(count, this.length);
    this.memory.write(digits, this.length + 4, 'hex');
    this.length += 4 + count;
  }

  #bound(value: number | bigint): void {
    if (this.least === undefined || value < this.least) this.least = value;
    if (this.greatest === undefined || value > this.greatest) this.greatest = value;
  }
}
