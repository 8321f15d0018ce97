import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of rows between two collections: one takes some 15 ms, and to read so many a quarter of a second. */
const STEP = 32 << 20;

/**
 * Has V8 collect what millions of rows leave behind as they pass. By itself it waits until its heap grew by a half, and buffers beside the heap gathered
 * to 32 MB: 3 million rows read back took 170 MB at the most, and 120 so. Where there is no such function, memory is what it would be.
 */
export class SmallHeap {
  #passed = 0;

  /** So many bytes more have passed. */
  pass(bytes: number): void {
    this.#passed += bytes;
    if (this.#passed < STEP) return;
    this.#passed = 0;
    collect()?.();
  }
}

/** The function of `node --expose-gc`; a context made after the flag was set has it. */
function collect(): (() => void) | undefined {
  collector ??= found();
  return collector ?? undefined;
}

let collector: (() => void) | null | undefined;

function found(): (() => void) | null {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('globalThis.gc');
  return typeof gc === 'function' ? (gc as () => void) : null;
}
