/** Bytes as they came, taken in other pieces. What lies within one chunk is not copied. */
export class ByteQueue {
  #chunks: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The first bytes, which stay; there have to be as many. */
  peek(bytes: number): Buffer {
    if (bytes > this.#length) throw new RangeError(`${this.#length} bytes are there, not ${bytes}`);
    const [first] = this.#chunks;
    if (first === undefined) return Buffer.alloc(0);
    if (first.length < bytes) this.#gather(bytes);
    return (this.#chunks[0] as Buffer).subarray(0, bytes);
  }

  /** The first bytes, which go; there have to be as many. */
  take(bytes: number): Buffer {
    const taken = this.peek(bytes);
    const first = this.#chunks[0];
    if (first !== undefined) {
      if (first.length === bytes) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(bytes);
    }
    this.#length -= bytes;
    return taken;
  }

  /** Joins as many chunks as hold these bytes: chunks of one byte each are joined once a frame, not once a byte. */
  #gather(bytes: number): void {
    let [count, length] = [0, 0];
    while (length < bytes) length += (this.#chunks[count++] as Buffer).length;
    this.#chunks.splice(0, count, Buffer.concat(this.#chunks.slice(0, count), length));
  }
}
