import { PassThrough, Readable, type Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

/** What comes out of the streams when the chunks go in; rejects with the first failure. */
export async function through(chunks: readonly Buffer[], ...streams: readonly Duplex[]): Promise<Buffer> {
  const end = new PassThrough();
  const [all] = await Promise.all([buffer(end), pipeline([Readable.from(chunks, { objectMode: false }), ...streams, end])]);
  return all;
}

/** The bytes in pieces of these sizes, again and again. */
export function inPieces(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let [at, next] = [0, 0]; at < bytes.length; next += 1) {
    const size = sizes[next % sizes.length] ?? bytes.length;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
