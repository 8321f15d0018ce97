import { createHash } from 'node:crypto';

/** What a proof row says of its blob, or what was found in one. */
export interface Proof {
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
}

export const isSame = (one: Proof, other: Proof): boolean => one.sha256 === other.sha256 && one.bytes === other.bytes;

/** Counts and hashes what passes. */
export class Measured {
  readonly #hash = createHash('sha256');
  #bytes = 0;

  async *through(pieces: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      const bytes = piece as Buffer;
      this.#hash.update(bytes);
      this.#bytes += bytes.length;
      yield bytes;
    }
  }

  /** Once; of what passed until now. */
  result(): Proof {
    return { sha256: this.#hash.digest('hex'), bytes: this.#bytes };
  }
}

/** In what way something else was found than what was proved, in words. */
export function difference(proved: Proof, found: Proof): string {
  if (found.bytes !== proved.bytes) return `has ${found.bytes} bytes, and its proof says ${proved.bytes}`;
  return `has the SHA-256 ${found.sha256}, and its proof says ${proved.sha256}`;
}
