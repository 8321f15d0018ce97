import { randomBytes } from 'node:crypto';
import { Transform } from 'node:stream';
import { deriveFileKeys, FRAME, headerBytes, sealFrame } from './frames.ts';

/**
 * Encrypts the file that will be called `name` in its backup, in the format of docs/backup-format.md. The name belongs to the key: under
 * another one the file does not open.
 */
export function encryptStream(dataKey: Buffer, name: string): Transform {
  const salt = randomBytes(32);
  const keys = deriveFileKeys(dataKey, salt, name);
  let counter = 0;
  // Never more than one frame: whether it is the last is known only when more comes, or the end.
  let held: Buffer[] = [];
  let heldBytes = 0;
  const take = (bytes: Buffer) => {
    held.push(bytes);
    heldBytes += bytes.length;
  };
  const seal = (last: boolean): readonly Buffer[] => {
    const plain = held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held, heldBytes);
    [held, heldBytes] = [[], 0];
    return sealFrame(keys.key, counter++, last, plain);
  };
  const stream = new Transform({
    readableHighWaterMark: 1 << 20,
    writableHighWaterMark: 1 << 20,
    transform(chunk: Buffer, _encoding, done) {
      const sealed: Buffer[] = [];
      let at = 0;
      while (at < chunk.length) {
        if (heldBytes === FRAME) sealed.push(...seal(false));
        const piece = chunk.subarray(at, at + FRAME - heldBytes);
        at += piece.length;
        // What is kept for the next chunk is a copy: whoever wrote this one may use its memory again.
        take(at < chunk.length ? piece : Buffer.from(piece));
      }
      done(null, sealed.length === 0 ? undefined : Buffer.concat(sealed));
    },
    flush(done) {
      done(null, Buffer.concat(seal(true)));
    },
  });
  stream.push(headerBytes(salt, keys));
  return stream;
}
