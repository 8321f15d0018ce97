import { Worker } from 'node:worker_threads';
import { DbctlError } from '../../core/errors.ts';

/** Bytes are handed to the thread in blocks of this size: a message costs some 10 µs, and a block takes it a millisecond. */
const BLOCK = 1 << 20;

/** Blocks the thread may be behind; then whoever writes waits for it. More were no faster: what is hashed slower than it comes stays so. */
const BLOCKS = 8;

/** A block and how many bytes of it are to be hashed; null: the end. */
type Asked = readonly [block: number, bytes: number] | null;

/** A block that was hashed; the hash of them all. */
type Told = number | string;

/**
 * What the thread runs. Text instead of a file of its own, since the program is one file when it is bundled and many when it is not; what it asks and
 * tells are {@link Asked} and {@link Told}.
 */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const hash = require('node:crypto').createHash('sha256');
parentPort.on('message', (asked) => {
  if (asked === null) return parentPort.postMessage(hash.digest('hex'));
  hash.update(new Uint8Array(workerData[asked[0]], 0, asked[1]));
  parentPort.postMessage(asked[0]);
});
`;

/**
 * SHA-256 on a thread of its own, since Node.js hashes on the thread that asks. It is there until `stop`, and the process with it. Where the thread
 * ends by itself everything fails with backup.failed: no hash is given then.
 */
export class HashThread {
  #blocks: readonly Buffer[];
  readonly #free: number[];
  /** The one that is being filled. */
  #block: number | undefined;
  #filled = 0;
  #sum: string | undefined;
  #failure: Error | undefined;
  #onChange = () => {};
  readonly #worker: Worker;

  constructor() {
    const memory = Array.from({ length: BLOCKS }, () => new SharedArrayBuffer(BLOCK));
    this.#blocks = memory.map((one) => Buffer.from(one));
    this.#free = [...this.#blocks.keys()];
    // It needs nothing of ours: no secret of the environment, no loader of the command line.
    this.#worker = new Worker(PROGRAM, { eval: true, workerData: memory, env: {}, execArgv: [] });
    this.#worker.on('message', (told: Told) => this.#hear(told));
    this.#worker.on('error', (error) => this.#fail(error.message, error));
    this.#worker.on('exit', () => this.#fail('it ended'));
  }

  /** Resolves when the bytes are copied: one call at a time. */
  async update(bytes: Buffer): Promise<void> {
    for (let taken = 0; taken < bytes.length;) {
      this.#block ??= await this.#until(() => this.#free.pop());
      const copied = bytes.copy(this.#blocks[this.#block] as Buffer, this.#filled, taken);
      this.#filled += copied;
      taken += copied;
      if (this.#filled === BLOCK) this.#hand(this.#block);
    }
  }

  /** The hash of everything, in hexadecimal. Nothing can be added afterwards. */
  async digest(): Promise<string> {
    if (this.#block !== undefined) this.#hand(this.#block);
    this.#ask(null);
    return this.#until(() => this.#sum);
  }

  /** Resolves when the thread is gone, and its memory: a server may have an archive for each of fifty tablespaces. Who still waits is told that it failed. */
  async stop(): Promise<void> {
    await this.#worker.terminate();
    [this.#blocks, this.#block] = [[], undefined];
  }

  #hand(block: number): void {
    this.#ask([block, this.#filled]);
    [this.#block, this.#filled] = [undefined, 0];
  }

  #ask(asked: Asked): void {
    this.#worker.postMessage(asked);
  }

  #hear(told: Told): void {
    if (typeof told === 'number') this.#free.push(told);
    else this.#sum = told;
    this.#onChange();
  }

  #fail(why: string, cause?: Error): void {
    this.#failure ??= new DbctlError('backup.failed', `the thread that hashes what is written failed: ${why}`, {
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
