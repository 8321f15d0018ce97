import { Worker } from 'node:worker_threads';
import { DbctlError } from '../../core/errors.ts';
import { BLOCK, PROGRAM, type Asked, type Told } from './write-thread-program.ts';

/**
 * Writes an open file and hashes it (SHA-256) on a thread of its own, since Node.js hashes on the thread that asks, and a thread that is busy with
 * reading asks the system to write late. Memory goes there and back: copies into memory that threads share go through V8's relaxed_memmove, a fifth
 * of the time of the hash in a profile. It is there until `stop`, and the process with it. Fails with what the system says; with backup.failed where the thread ends by itself.
 */
export class WriteThread {
  readonly #free: Buffer[] = [];
  readonly #claimed = new Set<ArrayBufferLike>();
  /** The one that is being filled. */
  #block: Buffer | undefined;
  #filled = 0;
  #sum: string | undefined;
  #failure: Error | undefined;
  #onChange = () => {};
  readonly #worker: Worker;

  /** `file` is the descriptor of an empty file, which threads share; it stays open. */
  constructor(file: number) {
    // It needs nothing of ours: no secret of the environment, no loader of the command line.
    this.#worker = new Worker(PROGRAM, { eval: true, workerData: file, env: {}, execArgv: [] });
    this.#worker.on('message', (told: Told) => this.#hear(told));
    this.#worker.on('error', (error) => this.#end(error.message, error));
    this.#worker.on('exit', () => this.#end('it ended'));
  }

  /** Memory of the thread to be filled and given to `write`, which copies nothing then and leaves nothing of it to who claimed it. Undefined: none is free. */
  claim(): Buffer | undefined {
    const block = this.#free.pop();
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
      this.#block ??= await this.#until(() => this.#free.pop());
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

  /** Behind what was copied before. */
  #handClaimed(chunk: Buffer): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#handFilled();
    this.#hand(chunk);
  }

  #handFilled(): void {
    if (this.#block === undefined) return;
    this.#hand(this.#block.subarray(0, this.#filled));
    [this.#block, this.#filled] = [undefined, 0];
  }

  #hand({ buffer, byteOffset, length }: Buffer): void {
    const memory = buffer as ArrayBuffer;
    this.#worker.postMessage({ memory, at: byteOffset, bytes: length } satisfies Asked, [memory]);
  }

  #hear(told: Told): void {
    if (typeof told === 'string') this.#sum = told;
    else if ('memory' in told) this.#free.push(Buffer.from(told.memory, told.at, BLOCK));
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
