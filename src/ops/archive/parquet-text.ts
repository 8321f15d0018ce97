import { escapeField, NULL_FIELD } from './copy-text.ts';
import type { ParquetType, ParquetValue } from './parquet-column.ts';
import { ReusedBytes } from './reused-bytes.ts';

const TAB = 0x09;
const LINE_FEED = 0x0a;

/** Lines as COPY … TO writes them, in memory that is used again and again. */
export class CopyText extends ReusedBytes {
  constructor() {
    super(1 << 16);
  }

  field(value: ParquetValue | null, type: ParquetType | undefined): void {
    const text = value === null ? NULL_FIELD : (type?.text(value) ?? '');
    this.room(typeof text === 'string' ? text.length + 1 : text.length * 2 + 1);
    this.length =
      typeof text === 'string'
        ? this.length + this.memory.write(text, this.length, 'latin1')
        : escapeField(text, this.memory, this.length);
    this.memory[this.length] = TAB;
    this.length += 1;
  }

  /** The tab behind the last field becomes the end of the line. */
  endRow(): void {
    this.memory[this.length - 1] = LINE_FEED;
  }
}
