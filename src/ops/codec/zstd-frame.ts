import { Transform } from 'node:stream';
import { ByteQueue } from './byte-queue.ts';

const MAGIC = 0xfd2fb528;

/**
 * Follows the structure of a Zstandard frame (RFC 8878, 3.1.1) without decompressing it, and knows whether what came is one whole frame with
 * a checksum and nothing else. The decompressor of Node.js knows it not: it ends without an error on a file that is cut short, and passes
 * over what lies behind the frame.
 */
export function wholeZstdFrame(): Transform {
  const header = new ByteQueue();
  let place: 'header' | 'block' | 'checksum' | 'end' = 'header';
  /** Bytes of content until the next thing to read. */
  let skip = 0;
  let lastBlock = false;

  const advance = (): boolean => {
    if (skip > 0) return false;
    switch (place) {
      case 'header': {
        const bytes = headerBytes(header);
        if (bytes === null) return false;
        header.take(bytes);
        place = 'block';
        return true;
      }
      case 'block': {
        if (lastBlock) {
          place = 'checksum';
          return true;
        }
        if (header.length < 3) return false;
        const word = header.take(3).readUIntLE(0, 3);
        lastBlock = (word & 1) === 1;
        // A block of type 1 is one byte, to be repeated.
        skip = ((word >> 1) & 3) === 1 ? 1 : word >> 3;
        return true;
      }
      case 'checksum':
        if (header.length < 4) return false;
        header.take(4);
        place = 'end';
        return true;
      case 'end':
        if (header.length > 0) throw new Error('it goes on behind its end');
        return false;
    }
  };

  const follow = (chunk: Buffer) => {
    let at = 0;
    while (at < chunk.length) {
      const passed = Math.min(skip, chunk.length - at);
      skip -= passed;
      at += passed;
      if (at === chunk.length) break;
      // The longest thing to read is a header of 18 bytes.
      const piece = chunk.subarray(at, at + Math.max(1, needed(place) - header.length));
      header.add(piece);
      at += piece.length;
      for (let rest = 1; rest > 0 && skip === 0;) {
        while (advance());
        // Content that was taken along with what stood before it.
        rest = Math.min(skip, header.length);
        header.take(rest);
        skip -= rest;
      }
    }
  };

  return new Transform({
    readableHighWaterMark: 1 << 20,
    writableHighWaterMark: 1 << 20,
    transform(chunk: Buffer, _encoding, done) {
      try {
        follow(chunk);
      } catch (thrown) {
        return done(thrown as Error);
      }
      done(null, chunk);
    },
    flush(done) {
      done(place === 'end' ? null : new Error('unexpected end of file'));
    },
  });
}

/** Bytes of the frame header in front of the queue; null: more are needed. Throws on another format, and on a frame without checksum. */
function headerBytes(queue: ByteQueue): number | null {
  if (queue.length < 5) return null;
  const begin = queue.peek(5);
  if (begin.readUInt32LE(0) !== MAGIC) throw new Error('it is no Zstandard frame');
  const descriptor = begin[4] as number;
  if ((descriptor & 4) === 0) throw new Error('it has no checksum');
  const single = (descriptor & 32) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] as number;
  const contentSize = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  const bytes = 5 + (single ? 0 : 1) + dictionary + contentSize;
  return queue.length < bytes ? null : bytes;
}

/** The most bytes that can be needed to read what comes next. */
const needed = (place: 'header' | 'block' | 'checksum' | 'end'): number => ({ header: 18, block: 3, checksum: 4, end: 1 })[place];
