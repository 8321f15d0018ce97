import { createHash } from 'node:crypto';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import { callbackify } from 'node:util';
import { storageError } from '../storage/folder.ts';
import { EarlySync } from './early-sync.ts';
import { WriteThread } from './write-thread.ts';

/** Where bytes are hashed, and with another thread also written: it takes 30 ms to start, and pays for itself within some 30 MB. */
export type HashedOn = 'this thread' | 'its own thread';

/** A new file of mode 0600, hashed while it is written. Fails with storage.failed where the system refuses, with backup.failed where the thread ends. */
export class HashedFile extends Writable {
  readonly #path: string;
  readonly #hashedOn: HashedOn;
  #bytes = 0;
  #sha256 = '';
  #opened: Opened | undefined;
  /** What is being written. Never rejects. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(path: string, hashedOn: HashedOn) {
    super({ highWaterMark: 4 << 20 });
    [this.#path, this.#hashedOn] = [path, hashedOn];
  }

  /** Memory to be filled from its start and written to the stream, which it is gone with: nothing is copied then. Undefined: bring your own. */
  claim(): Buffer | undefined {
    return this.#opened?.writer.claim();
  }

  /** Of all that was written; there when the stream has finished. */
  sum(): { bytes: number; sha256: string } {
    if (!this.writableFinished) throw new Error(`${this.#path} is not written yet`);
    return { bytes: this.#bytes, sha256: this.#sha256 };
  }

  override _construct(done: Done): void {
    this.#run(() => this.#create(), done);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#run(() => this.#take([chunk]), done);
  }

  /** What came while the system wrote goes in one call: an answer comes only between two turns of a loop that is busy with reading. */
  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    this.#run(() => this.#take(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Done): void {
    this.#run(() => this.#finish(), done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#run(
      () => this.#release(),
      (failed) => done(error ?? failed),
    );
  }

  /** What the system refuses is told with the path. */
  #run(act: () => Promise<void>, done: Done): void {
    const acting = () =>
      act().catch((thrown: unknown) => {
        throw storageError(this.#path, thrown);
      });
    callbackify(acting)(done);
  }

  async #create(): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const handle = await open(this.#path, 'wx', 0o600);
    const writer = this.#hashedOn === 'this thread' ? writeHere(handle) : new WriteThread(handle.fd);
    this.#opened = { handle, writer, sync: new EarlySync(handle) };
  }

  async #take(chunks: readonly Buffer[]): Promise<void> {
    const { writer, sync } = this.#open();
    // What was claimed is gone from them afterwards.
    const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
    const work = writer.write(chunks);
    this.#work = work.catch(() => {});
    await work;
    this.#bytes += bytes;
    sync.written(bytes);
  }

  async #finish(): Promise<void> {
    const { writer, sync } = this.#open();
    this.#sha256 = await writer.end();
    await sync.end();
  }

  /** Nothing runs and nothing is open afterwards: what is half written can be removed. */
  async #release(): Promise<void> {
    if (this.#opened === undefined) return;
    const { handle, writer, sync } = this.#opened;
    await writer.stop();
    await this.#work;
    // Who asked for the end was told.
    await sync.end().catch(() => {});
    await handle.close();
  }

  #open(): Opened {
    if (this.#opened === undefined) throw new Error(`${this.#path} is not open`);
    return this.#opened;
  }
}

interface Opened {
  readonly handle: FileHandle;
  readonly writer: Writer;
  readonly sync: EarlySync;
}

type Done = (error?: Error | null) => void;

type Writer = Pick<WriteThread, 'claim' | 'write' | 'end' | 'stop'>;

/** On the thread that asks: the disk works while the bytes are hashed. Both are waited for also where one fails: the chunks are theirs until then. */
function writeHere(handle: FileHandle): Writer {
  const hash = createHash('sha256');
  return {
    claim: () => undefined,
    async write(chunks) {
      const written = writeAll(handle, chunks);
      for (const chunk of chunks) hash.update(chunk);
      await written;
    },
    end: async () => hash.digest('hex'),
    stop: async () => {},
  };
}

/** The system may take less than it was given. */
async function writeAll(handle: FileHandle, chunks: readonly Buffer[]): Promise<void> {
  for (let left = chunks; left.length > 0;) left = behind(left, (await handle.writev(left)).bytesWritten);
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
