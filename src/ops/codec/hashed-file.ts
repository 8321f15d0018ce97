import { createHash } from 'node:crypto';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import { callbackify } from 'node:util';
import { storageError } from '../storage/folder.ts';
import { HashThread } from './hash-thread.ts';

/** Where bytes are hashed: a thread of its own takes 30 ms to start, and pays for itself within some 30 MB. */
export type HashedOn = 'this thread' | 'its own thread';

/** A new file of mode 0600, hashed while it is written. Fails with storage.failed where the system refuses, with backup.failed where the thread ends. */
export class HashedFile extends Writable {
  readonly #path: string;
  readonly #hash: Hashing;
  #bytes = 0;
  #sha256 = '';
  #handle: FileHandle | undefined;
  /** What is being written and hashed. Never rejects. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(path: string, hashedOn: HashedOn) {
    super({ highWaterMark: 4 << 20 });
    this.#path = path;
    this.#hash = hashedOn === 'this thread' ? hashHere() : new HashThread();
  }

  /** Of all that was written; there when the stream has finished. */
  sum(): { bytes: number; sha256: string } {
    if (!this.writableFinished) throw new Error(`${this.#path} is not written yet`);
    return { bytes: this.#bytes, sha256: this.#sha256 };
  }

  override _construct(done: Done): void {
    callbackify(() => this.#create())(done);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    callbackify(() => this.#take([chunk]))(done);
  }

  /** What came while the system wrote goes in one call: an answer comes only between two turns of a loop that is busy with reading. */
  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    callbackify(() => this.#take(chunks.map(({ chunk }) => chunk)))(done);
  }

  override _final(done: Done): void {
    callbackify(() => this.#finish())(done);
  }

  override _destroy(error: Error | null, done: Done): void {
    callbackify(() => this.#release())((failed) => done(error ?? failed));
  }

  async #create(): Promise<void> {
    await this.#system(mkdir(dirname(this.#path), { recursive: true, mode: 0o700 }));
    this.#handle = await this.#system(open(this.#path, 'wx', 0o600));
  }

  /** The disk works while the bytes are hashed. Both are waited for also where one fails: the chunks are theirs until then. */
  async #take(chunks: readonly Buffer[]): Promise<void> {
    const work = Promise.allSettled([this.#writeAll(chunks), this.#hashAll(chunks)]);
    this.#work = work;
    const failed = (await work).find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    for (const { length } of chunks) this.#bytes += length;
  }

  async #hashAll(chunks: readonly Buffer[]): Promise<void> {
    for (const chunk of chunks) await this.#hash.update(chunk);
  }

  /** The system may take less than it was given. */
  async #writeAll(chunks: readonly Buffer[]): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) throw new Error(`${this.#path} is not open`);
    for (let left = chunks; left.length > 0;) left = behind(left, (await this.#system(handle.writev(left))).bytesWritten);
  }

  async #finish(): Promise<void> {
    this.#sha256 = await this.#hash.digest();
  }

  /** Nothing runs and nothing is open afterwards: what is half written can be removed. */
  async #release(): Promise<void> {
    await this.#hash.stop();
    await this.#work;
    if (this.#handle !== undefined) await this.#system(this.#handle.close());
  }

  #system<T>(answer: Promise<T>): Promise<T> {
    return answer.catch((thrown: unknown) => {
      throw storageError(this.#path, thrown);
    });
  }
}

/** What is left of the chunks when so many bytes of them are gone. */
function behind(chunks: readonly Buffer[], bytes: number): readonly Buffer[] {
  let gone = bytes;
  return chunks.flatMap((chunk) => {
    const skipped = Math.min(gone, chunk.length);
    gone -= skipped;
    return skipped === chunk.length ? [] : [chunk.subarray(skipped)];
  });
}

type Done = (error?: Error | null) => void;

type Hashing = Pick<HashThread, 'update' | 'digest' | 'stop'>;

/** On the thread that asks, as Node.js does it. */
function hashHere(): Hashing {
  const hash = createHash('sha256');
  return {
    async update(bytes) {
      hash.update(bytes);
    },
    digest: async () => hash.digest('hex'),
    stop: async () => {},
  };
}
