import { escapeField, NULL_FIELD } from './copy-text.ts';
import { ReusedBytes } from './reused-bytes.ts';

const LINE_FEED = 0x0a;
const ZERO = 0x30;

/** Lines as COPY … TO writes them, in memory that is used again and again. */
export class CopyText extends ReusedBytes {
  constructor() {
    super(1 << 16);
  }

  null(): void {
    this.latin1(NULL_FIELD);
  }

  /** One character that is never escaped. */
  char(one: string): void {
    this.room(1);
    this.memory[this.length] = one.charCodeAt(0);
    this.length += 1;
  }

  /** Text in which nothing is to be escaped, of one byte a character. */
  latin1(text: string): void {
    this.room(text.length);
    this.length += this.memory.write(text, this.length, 'latin1');
  }

  /**
   * A number without a sign and below 2^53, with zeros in front up to so many digits. Byte by byte: V8 keeps the strings it makes of numbers for the
   * next time, and they are old memory when they go.
   */
  digits(value: number, width = 1): void {
    let count = width;
    for (let least = 10 ** width; least <= value; least *= 10) count += 1;
    this.room(count);
    let rest = value;
    for (let at = this.length + count - 1; at >= this.length; at -= 1) {
      const tenth = Math.floor(rest / 10);
      this.memory[at] = ZERO + (rest - tenth * 10);
      rest = tenth;
    }
    this.length += count;
  }

  /** A whole number. */
  whole(value: number | bigint): void {
    if (typeof value === 'bigint') return this.latin1(String(value));
    if (value < 0) this.char('-');
    this.digits(Math.abs(value));
  }

  /** A value that may hold anything. */
  escaped(values: Buffer, from: number, to: number): void {
    this.room((to - from) * 2);
    this.length = escapeField(values, from, to, this.memory, this.length);
  }

  /** The tab before the next field, if there is one. */
  endField(): void {
    this.char('\t');
  }

  /** The tab behind the last field becomes the end of the line. */
  endRow(): void {
    this.memory[this.length - 1] = LINE_FEED;
  }
}
