const LINE_FEED = 0x0a;

/** Cuts the text format of COPY into blocks of whole lines: no value holds a line feed of its own. */
export class LineBlocks {
  #rest: Buffer = Buffer.alloc(0);

  /** The whole lines there are now, which are copied; null: none. */
  take(bytes: Buffer): string | null {
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    const lines = end === 0 ? null : Buffer.concat([this.#rest, bytes.subarray(0, end)]).toString('utf8');
    this.#rest = end === 0 ? Buffer.concat([this.#rest, bytes]) : Buffer.from(bytes.subarray(end));
    return lines;
  }
}

const NAMED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

/** A field as COPY … TO writes it; null: it is null. */
export function fieldValue(field: string): string | null {
  if (!field.includes('\\')) return field;
  if (field === '\\N') return null;
  return field.replaceAll(/\\(.)/gs, (_, letter: string) => NAMED[letter] ?? letter);
}

/** What COPY … TO writes for the text. */
export const fieldText = (value: string): string =>
  /[\b\f\n\r\t\v\\]/.test(value) ? value.replaceAll(/[\b\f\n\r\t\v\\]/g, (letter) => ESCAPES[letter] as string) : value;

export const NULL_FIELD = '\\N';
