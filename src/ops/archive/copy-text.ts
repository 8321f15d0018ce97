import { ReusedBytes } from './reused-bytes.ts';

const LINE_FEED = 0x0a;
const BACKSLASH = 0x5c;
const LETTER_N = 0x4e;

/** Looks at one line, whose bytes are its own only until then; what it returns is waited for. */
type EachLine = (bytes: Buffer, from: number, to: number) => Promise<void> | undefined;

/** Cuts the text format of COPY into lines, as bytes: no value holds a line feed of its own. */
export class CopyLines {
  /** The beginning of a line whose end has not come. */
  readonly #rest = new ReusedBytes(1 << 12);

  /** Each line that is whole now; what is behind the last one is kept. */
  async take(piece: Buffer, each: EachLine): Promise<void> {
    let from = 0;
    if (this.#rest.length > 0) {
      const end = piece.indexOf(LINE_FEED);
      this.#rest.append(piece, 0, end === -1 ? piece.length : end);
      if (end === -1) return;
      await each(this.#rest.memory, 0, this.#rest.length);
      this.#rest.clear();
      from = end + 1;
    }
    for (let end = piece.indexOf(LINE_FEED, from); end !== -1; end = piece.indexOf(LINE_FEED, from)) {
      const waiting = each(piece, from, end);
      if (waiting !== undefined) await waiting;
      from = end + 1;
    }
    this.#rest.append(piece, from);
  }
}

/** `\N`: the field is null. */
export const isNull = (bytes: Buffer, from: number, to: number): boolean =>
  to - from === 2 && bytes[from] === BACKSLASH && bytes[from + 1] === LETTER_N;

const MEANT = lookup({ b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' });
const WRITTEN = lookup({ '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't', '\v': 'v', '\\': '\\' });

/** By byte: another byte; 0: there is none. */
function lookup(pairs: Readonly<Record<string, string>>): Uint8Array {
  const found = new Uint8Array(256);
  for (const [from, to] of Object.entries(pairs)) found[from.charCodeAt(0)] = to.charCodeAt(0);
  return found;
}

/** Writes the value a field stands for, which is never longer; where it ends. */
export function unescapeField(field: Buffer, from: number, to: number, into: Buffer, at: number): number {
  let end = at;
  for (let n = from; n < to; n += 1) {
    let byte = field[n] as number;
    if (byte === BACKSLASH) {
      n += 1;
      byte = field[n] as number;
      byte = MEANT[byte] || byte;
    }
    into[end] = byte;
    end += 1;
  }
  return end;
}

/** Writes a value as COPY … TO does, which is at most twice as long; where it ends. */
export function escapeField(value: Uint8Array, from: number, to: number, into: Buffer, at: number): number {
  let end = at;
  for (let n = from; n < to; n += 1) {
    const byte = value[n] as number;
    const written = WRITTEN[byte] as number;
    if (written !== 0) {
      into[end] = BACKSLASH;
      end += 1;
    }
    into[end] = written || byte;
    end += 1;
  }
  return end;
}

export const NULL_FIELD = '\\N';
