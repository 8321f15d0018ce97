import type { FileHandle } from 'node:fs/promises';

/** So much more is written before the next sync: a journal commit each time costs some milliseconds, and a disk takes this much in a tenth of a second. */
const STEP = 64 << 20;

/**
 * Sends what a growing file holds to the disk while more of it comes. The system keeps it in memory otherwise, tenths of all there is, and the sync
 * at the end takes as long as if nothing had been done before; half of a base backup's time here.
 */
export class EarlySync {
  readonly #handle: FileHandle;
  /** Since the sync before was begun. */
  #more = 0;
  #running: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** So many bytes more were written. Throws what a sync before failed with: the system tells of it once. */
  written(bytes: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#more += bytes;
    if (this.#more < STEP || this.#running !== undefined) return;
    this.#more = 0;
    this.#running = this.#handle.datasync().then(
      () => this.#ended(),
      (failure: Error) => this.#ended(failure),
    );
  }

  /** None runs afterwards. The last bytes are still to be synced. Fails as {@link written} does. */
  async end(): Promise<void> {
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #ended(failure?: Error): void {
    this.#failure ??= failure;
    this.#running = undefined;
  }
}
