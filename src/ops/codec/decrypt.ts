import { timingSafeEqual } from 'node:crypto';
import { Transform } from 'node:stream';
import { fail } from '../../core/errors.ts';
import { ByteQueue } from './byte-queue.ts';
import { beginsAsHeader, deriveFileKeys, HEADER, openFrame, parseHeader, parseWord, requireKey, TAG, WORD } from './frames.ts';

/**
 * Decrypts what {@link file://./encrypt.ts} wrote under that name. Nothing of a frame comes out before its tag was found good, and the stream
 * ends only behind the frame that was written as the last. Fails with refused on a wrong key, with backup.failed on a file that is not of
 * this format, is of a newer one, of another name, changed, cut short, or goes on behind its end.
 */
export function decryptStream(dataKey: Buffer, name: string): Transform {
  const file = new FrameReader(dataKey, name);
  return new Transform({
    readableHighWaterMark: 1 << 20,
    writableHighWaterMark: 1 << 20,
    transform(chunk: Buffer, _encoding, done) {
      attempt(done, () => file.read(chunk));
    },
    flush(done) {
      attempt(done, () => file.end());
    },
  });
}

function attempt(done: (error: Error | null, bytes?: Buffer) => void, act: () => Buffer | undefined): void {
  let bytes: Buffer | undefined;
  try {
    bytes = act();
  } catch (thrown) {
    return done(thrown as Error);
  }
  done(null, bytes);
}

class FrameReader {
  readonly #dataKey: Buffer;
  readonly #name: string;
  readonly #input = new ByteQueue();
  #key: Buffer | undefined;
  #counter = 0;
  #ended = false;

  constructor(dataKey: Buffer, name: string) {
    requireKey(dataKey);
    [this.#dataKey, this.#name] = [dataKey, name];
  }

  /** Plain bytes of every frame that is whole by now. */
  read(chunk: Buffer): Buffer | undefined {
    this.#input.add(chunk);
    if (this.#key === undefined && this.#input.length >= HEADER) this.#key = this.#open(this.#input.take(HEADER));
    const opened: Buffer[] = [];
    while (this.#key !== undefined) {
      const frame = this.#frame(this.#key);
      if (frame === null) break;
      opened.push(frame);
    }
    return opened.length === 0 ? undefined : Buffer.concat(opened);
  }

  end(): undefined {
    if (this.#ended) return;
    const header = this.#input.peek(Math.min(this.#input.length, HEADER));
    if (this.#key === undefined && !beginsAsHeader(header)) this.#notOurs();
    this.#broken(this.#key === undefined ? 'is cut short within its header' : `is cut short in frame ${this.#counter}`);
  }

  #open(bytes: Buffer): Buffer {
    const header = parseHeader(bytes);
    if (header === 'foreign') return this.#notOurs();
    if (typeof header === 'number')
      return fail('backup.failed', `${this.#name} is of version ${header} of the format, and this dbctl reads version 1`, {
        hint: 'Update dbctl.',
      });
    const keys = deriveFileKeys(this.#dataKey, header.salt, this.#name);
    if (!timingSafeEqual(keys.keyCheck, header.keyCheck))
      return fail('refused', `the key does not open ${this.#name}: it is the key of another backup, or the header was changed`, {
        hint: 'Each backup has a key of its own, in key.age beside its manifest. Take that one.',
      });
    if (!timingSafeEqual(keys.nameCheck, header.nameCheck))
      return this.#broken('was encrypted under another name, or its header was changed');
    return keys.key;
  }

  /** The next frame; null: more bytes are needed, or there must not be any. */
  #frame(key: Buffer): Buffer | null {
    if (this.#ended && this.#input.length > 0) this.#broken('goes on behind its last frame');
    if (this.#input.length < WORD) return null;
    const frame = parseWord(this.#input.peek(WORD).readUInt32BE(), this.#counter) ?? this.#changed();
    if (this.#input.length < WORD + frame.bytes + TAG) return null;
    this.#input.take(WORD);
    const [sealed, tag] = [this.#input.take(frame.bytes), this.#input.take(TAG)];
    const plain = openFrame(key, this.#counter, frame.last, sealed, tag) ?? this.#changed();
    this.#ended = frame.last;
    this.#counter += 1;
    return plain;
  }

  #notOurs(): never {
    return this.#broken('is not encrypted by dbctl');
  }

  #changed(): never {
    return this.#broken(`was changed in frame ${this.#counter}, or frames of it are missing or not in their order`);
  }

  #broken(what: string): never {
    return fail('backup.failed', `${this.#name} ${what}`, {
      hint: 'Take another backup or another copy of this one, and find out what happened to it.',
    });
  }
}
