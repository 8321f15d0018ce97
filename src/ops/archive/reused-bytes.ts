/** More than this is given back when it is cleared: one large value needs it, and the next million rows do not. */
const KEPT = 16 << 20;

/** Bytes one behind the other, in memory that is used again after {@link clear}: what is thrown away is what a process grows by. */
export class ReusedBytes {
  /** All of the memory; what is behind {@link length} is free. */
  memory: Buffer;
  length = 0;
  readonly #first: number;

  constructor(first: number) {
    this.#first = first;
    this.memory = Buffer.allocUnsafeSlow(first);
  }

  /** What was written; good until more is. */
  get written(): Buffer {
    return this.memory.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
    if (this.memory.length > KEPT) this.memory = Buffer.allocUnsafeSlow(this.#first);
  }

  /** Makes room for so many bytes more. */
  room(wanted: number): void {
    if (this.length + wanted <= this.memory.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.memory.length * 2, this.length + wanted));
    this.memory.copy(larger, 0, 0, this.length);
    this.memory = larger;
  }

  append(bytes: Uint8Array, from = 0, to = bytes.length): void {
    this.room(to - from);
    this.memory.set(bytes.subarray(from, to), this.length);
    this.length += to - from;
  }
}
