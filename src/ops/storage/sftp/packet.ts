/** Packets of the SSH File Transfer Protocol, version 3 (draft-ietf-secsh-filexfer-02): numbers big-endian, texts with their length before them. */
export const TYPE = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  rename: 18,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attributes: 105,
  extended: 200,
} as const;

/** Answers of kind `status`. */
export const STATUS = { ok: 0, end: 1, noSuchFile: 2, denied: 3, failure: 4 } as const;

export const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

export const long = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};

export const text = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([number(bytes.length), bytes]);
};

/** Attributes that say nothing but the rights of a new file or folder. */
export const mode = (rights: number): Buffer => Buffer.concat([number(PERMISSIONS), number(rights)]);

const [SIZE, OWNER, PERMISSIONS, TIMES, MORE] = [1, 2, 4, 8, 0x80000000];

export interface Attributes {
  readonly bytes: number;
  /** Undefined: the server does not say. */
  readonly kind: 'file' | 'folder' | 'other' | undefined;
  /** Seconds since 1970. */
  readonly modified: number;
}

/** Reads one packet from its beginning to its end; a packet that ends early is a RangeError. */
export class PacketReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    return this.#take(1).readUInt8();
  }

  number(): number {
    return this.#take(4).readUInt32BE();
  }

  long(): number {
    return Number(this.#take(8).readBigUInt64BE());
  }

  bytes(): Buffer {
    return this.#take(this.number());
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  attributes(): Attributes {
    const flags = this.number();
    const has = (flag: number): boolean => (flags & flag) !== 0;
    const bytes = has(SIZE) ? this.long() : 0;
    if (has(OWNER)) this.#take(8);
    const kind = has(PERMISSIONS) ? kindOf(this.number()) : undefined;
    const modified = has(TIMES) ? this.#take(8).readUInt32BE(4) : 0;
    // Each has a name and a value.
    if (has(MORE)) for (let left = 2 * this.number(); left > 0; left -= 1) this.bytes();
    return { bytes, kind, modified };
  }

  #take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new RangeError('a packet ends in the middle');
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }
}

function kindOf(permissions: number): Attributes['kind'] {
  switch (permissions & 0o170000) {
    case 0o100000:
      return 'file';
    case 0o040000:
      return 'folder';
    case 0:
      return undefined;
    default:
      return 'other';
  }
}
