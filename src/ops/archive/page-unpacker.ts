import { createGunzip, type Gunzip, type ZlibReset } from 'node:zlib';
import type { ReusedBytes } from './reused-bytes.ts';

/** Bytes that come out at a time. */
const CHUNK = 1 << 16;

/**
 * Unpacks one gzip member after the other by one object. `gunzipSync` makes one for each, which has memory beside the heap, and such an object is
 * alive for V8 until it collects old memory too, with what it unpacked.
 */
export class PageUnpacker {
  readonly #gunzip = createGunzip({ chunkSize: CHUNK }) as Gunzip & ZlibReset;
  #into: ReusedBytes | undefined;
  #failed: (error: Error) => void = () => {};

  constructor() {
    this.#gunzip.on('data', (piece: Buffer) => this.#into?.append(piece));
    this.#gunzip.on('error', (error) => this.#failed(error));
    // More behind the member than a member.
    this.#gunzip.on('end', () => this.#failed(new Error(OTHER_LENGTH)));
  }

  /** Into memory of the caller; fails with an Error where other than so many bytes come out, and is of no use any more then. */
  unpack(body: Buffer, bytes: number, into: ReusedBytes): Promise<void> {
    this.#gunzip.reset();
    this.#into = into;
    into.clear();
    into.room(bytes);
    return new Promise((done, failed) => {
      this.#failed = failed;
      this.#gunzip.write(body, () => (into.length === bytes ? done() : failed(new Error(OTHER_LENGTH))));
    });
  }

  close(): void {
    this.#gunzip.destroy();
  }
}

const OTHER_LENGTH = 'a page of it has another length than its head says';
