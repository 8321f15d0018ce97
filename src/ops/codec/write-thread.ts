import { Worker } from 'node:worker_threads';
import { DbctlError } from '../../core/errors.ts';

/** Bytes are handed to the thread in blocks of this size: a message costs some 10 µs, and a block takes it a millisecond. */
const BLOCK = 1 << 20;

/** Blocks the thread may be behind; then whoever writes waits for it. More were no faster, and their bytes would have left the processor's caches. */
const BLOCKS = 8;

/** Memory that is handed over and is nobody else's meanwhile, and how many bytes of it are to be written; null: the end. */
type Asked = readonly [memory: ArrayBuffer, bytes: number] | null;

/** Memory that may be used again; the hash of everything; what the system refused. */
type Told = ArrayBuffer | string | { readonly code: string; readonly message: string };

/**
 * What the thread runs. Text instead of a file of its own, since the program is one file when it is bundled and many when it is not; what it asks and
 * tells are {@link Asked} and {@link Told}. The system may take less than it was given.
 */
const PROGRAM = `
const { parentPort, workerData: file } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const hash = require('node:crypto').createHash('sha256');
let refused = false;
parentPort.on('message', (asked) => {
  if (asked === null) return parentPort.postMessage(hash.digest('hex'));
  if (refused) return;
  const [memory, length] = asked;
  const bytes = new Uint8Array(memory, 0, length);
  hash.update(bytes);
  try {
    for (let written = 0; written < length; ) written += writeSync(file, bytes, written, length - written);
  } catch ({ code, message }) {
    refused = true;
    return parentPort.postMessage({ code, message });
  }
  parentPort.postMessage(memory, [memory]);
});
`;

/**
 * Writes an open file and hashes it (SHA-256) on a thread of its own, since Node.js hashes on the thread that asks, and a thread that is busy with
 * reading asks the system to write late. Memory goes there and back: copies into memory that threads share go through V8's relaxed_memmove, a fifth
 * of the time of the hash in a profile. It is there until `stop`, and the process with it. Fails with what the system says; with backup.failed where the thread ends by itself.
 */
export class WriteThread {
  readonly #free: Buffer[] = [];
  readonly #claimed = new Set<ArrayBufferLike>();
  #made = 0;
  /** The one that is being filled. */
  #block: Buffer | undefined;
  #filled = 0;
  #sum: string | undefined;
  #failure: Error | undefined;
  #onChange = () => {};
  readonly #worker: Worker;

  /** `file` is a descriptor, which threads share; it stays open. */
  constructor(file: number) {
    // It needs nothing of ours: no secret of the environment, no loader of the command line.
    this.#worker = new Worker(PROGRAM, { eval: true, workerData: file, env: {}, execArgv: [] });
    this.#worker.on('message', (told: Told) => this.#hear(told));
    this.#worker.on('error', (error) => this.#end(error.message, error));
    this.#worker.on('exit', () => this.#end('it ended'));
  }

  /** Memory of the thread to be filled and given to `write`, which copies nothing then and leaves nothing of it to who claimed it. Undefined: none is free. */
  claim(): Buffer | undefined {
    const block = this.#freeBlock();
    if (block !== undefined) this.#claimed.add(block.buffer);
    return block;
  }

  /** Resolves when the bytes are copied or handed over: one call at a time. */
  async write(chunks: readonly Buffer[]): Promise<void> {
    for (const chunk of chunks) {
      if (this.#claimed.delete(chunk.buffer)) this.#handClaimed(chunk);
      else await this.#copy(chunk);
    }
  }

  async #copy(chunk: Buffer): Promise<void> {
    for (let taken = 0; taken < chunk.length;) {
      this.#block ??= await this.#until(() => this.#freeBlock());
      const copied = chunk.copy(this.#block, this.#filled, taken);
      this.#filled += copied;
      taken += copied;
      if (this.#filled === BLOCK) this.#handFilled();
    }
  }

  /** The hash of everything, in hexadecimal, when all of it is with the system. Nothing can be added afterwards. */
  async end(): Promise<string> {
    this.#handFilled();
    this.#worker.postMessage(null satisfies Asked);
    return this.#until(() => this.#sum);
  }

  /** Resolves when the thread is gone, and its memory: a server may have an archive for each of fifty tablespaces. Who still waits is told that it failed. */
  async stop(): Promise<void> {
    await this.#worker.terminate();
    this.#free.length = 0;
    this.#claimed.clear();
    this.#block = undefined;
  }

  #freeBlock(): Buffer | undefined {
    const free = this.#free.pop();
    if (free !== undefined || this.#made === BLOCKS) return free;
    this.#made += 1;
    // Alone in its memory, which could not be handed over otherwise.
    return Buffer.allocUnsafeSlow(BLOCK);
  }

  /** Behind what was copied before. */
  #handClaimed(chunk: Buffer): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#handFilled();
    this.#hand(chunk.buffer as ArrayBuffer, chunk.length);
  }

  #handFilled(): void {
    if (this.#block === undefined) return;
    this.#hand(this.#block.buffer as ArrayBuffer, this.#filled);
    [this.#block, this.#filled] = [undefined, 0];
  }

  #hand(memory: ArrayBuffer, bytes: number): void {
    this.#worker.postMessage([memory, bytes] satisfies Asked, [memory]);
  }

  #hear(told: Told): void {
    if (told instanceof ArrayBuffer) this.#free.push(Buffer.from(told));
    else if (typeof told === 'string') this.#sum = told;
    else this.#failure ??= Object.assign(new Error(told.message), { code: told.code });
    this.#onChange();
  }

  #end(why: string, cause?: Error): void {
    this.#failure ??= new DbctlError('backup.failed', `the thread that writes and hashes failed: ${why}`, {
      hint: 'Nothing was kept. Look at the memory of this machine, and run it again.',
      cause,
    });
    this.#onChange();
  }

  async #until<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const found = look();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (this.#onChange = resolve));
    }
  }
}
