/** A dictionary stands in memory as long as its row group, and is read with each page of it. */
const MOST_BYTES = 1 << 16;
const MOST_VALUES = 1 << 12;
const SLOTS = MOST_VALUES * 2;

/** Values of a column that come again, by their bytes: -0 is not 0, and equal bytes are one value. */
export class ByteDictionary {
  readonly #bytes = Buffer.allocUnsafeSlow(MOST_BYTES);
  /** Where each value ends. */
  readonly #ends = new Int32Array(MOST_VALUES);
  /** Numbers of values, one up; 0: the slot is free. */
  readonly #slots = new Uint16Array(SLOTS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The values one behind the other. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#end(this.#count - 1));
  }

  clear(): void {
    this.#count = 0;
    this.#slots.fill(0);
  }

  /** The number of a value, which is added where it is a new one; -1: there is no room for it. */
  numberOf(value: Buffer, from: number, to: number): number {
    let slot = hashOf(value, from, to) & (SLOTS - 1);
    for (let number = this.#slots[slot] as number; number !== 0; number = this.#slots[slot] as number) {
      if (this.#same(number - 1, value, from, to)) return number - 1;
      slot = (slot + 1) & (SLOTS - 1);
    }
    const start = this.#end(this.#count - 1);
    if (this.#count === MOST_VALUES || start + to - from > MOST_BYTES) return -1;
    value.copy(this.#bytes, start, from, to);
    this.#ends[this.#count] = start + to - from;
    this.#count += 1;
    this.#slots[slot] = this.#count;
    return this.#count - 1;
  }

  #end(number: number): number {
    return number < 0 ? 0 : (this.#ends[number] as number);
  }

  #same(number: number, value: Buffer, from: number, to: number): boolean {
    const start = this.#end(number - 1);
    if (this.#end(number) - start !== to - from) return false;
    for (let at = from; at < to; at += 1) if (this.#bytes[start + at - from] !== value[at]) return false;
    return true;
  }
}

/** FNV-1a. */
function hashOf(value: Buffer, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (value[at] as number), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
