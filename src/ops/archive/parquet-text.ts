import { escapeField, NULL_FIELD } from './copy-text.ts';
import { ReusedBytes } from './reused-bytes.ts';

const TAB = 0x09;
const LINE_FEED = 0x0a;

/** Lines as COPY … TO writes them, in memory that is used again and again. */
export class CopyText extends ReusedBytes {
  constructor() {
    super(1 << 16);
  }

  null(): void {
    this.latin1(NULL_FIELD);
  }

  /** Text in which nothing is to be escaped, of one byte a character. */
  latin1(text: string): void {
    this.room(text.length);
    this.length += this.memory.write(text, this.length, 'latin1');
  }

  /** A value that may hold anything. */
  escaped(values: Buffer, from: number, to: number): void {
    this.room((to - from) * 2);
    this.length = escapeField(values, from, to, this.memory, this.length);
  }

  /** The tab before the next field, if there is one. */
  endField(): void {
    this.room(1);
    this.memory[this.length] = TAB;
    this.length += 1;
  }

  /** The tab behind the last field becomes the end of the line. */
  endRow(): void {
    this.memory[this.length - 1] = LINE_FEED;
  }
}
