import type { FileHandle } from 'node:fs/promises';

/** Read at once, where so much is left: a read costs some 30 µs. */
const STRIDE = 1 << 18;

/** A part of a file from its beginning on, in memory that is used again for the next one. */
export class FileStride {
  readonly #handle: FileHandle;
  #memory = Buffer.alloc(0);
  /** What is there and not taken yet, in {@link #memory}. */
  #from = 0;
  #to = 0;
  /** Where in the file the bytes behind it begin, and how many there are of the part. */
  #place = 0;
  #behind = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** From now on it is this part. */
  open({ start, bytes }: { readonly start: number; readonly bytes: number }): void {
    [this.#from, this.#to, this.#place, this.#behind] = [0, 0, start, bytes];
  }

  /** Bytes that nobody took yet. */
  get left(): number {
    return this.#to - this.#from + this.#behind;
  }

  /** The next bytes, so many or more, or all that are left; good until the next call. */
  async look(count: number): Promise<Buffer> {
    const wanted = Math.min(count, this.left);
    if (this.#to - this.#from < wanted) await this.#read(wanted);
    return this.#memory.subarray(this.#from, this.#to);
  }

  /** Takes bytes that were looked at. */
  skip(count: number): void {
    this.#from += count;
  }

  async #read(wanted: number): Promise<void> {
    const size = Math.max(wanted, Math.min(STRIDE, this.left));
    const memory = size > this.#memory.length ? Buffer.allocUnsafeSlow(size) : this.#memory;
    this.#memory.copy(memory, 0, this.#from, this.#to);
    [this.#memory, this.#from, this.#to] = [memory, 0, this.#to - this.#from];
    while (this.#to < size) {
      const { bytesRead } = await this.#handle.read(memory, this.#to, size - this.#to, this.#place);
      if (bytesRead === 0) throw new Error('it became shorter while it was read');
      this.#to += bytesRead;
      this.#place += bytesRead;
      this.#behind -= bytesRead;
    }
  }
}
