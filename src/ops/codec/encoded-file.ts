import { createHash } from 'node:crypto';
import { close, createReadStream, mkdir, open, write } from 'node:fs';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { BackupFile } from '../backup/manifest.ts';
import { encoders, storedPath, type Coding } from './coding.ts';

/** A file on its way into a backup: what is written to the stream is compressed, encrypted, hashed and stored. */
export interface EncodedFile {
  /** The memory of a chunk may be used again when its callback was called. */
  readonly stream: Writable;
  /** Every byte is with the system. Rejects with what failed; the stream is destroyed then. */
  readonly written: Promise<BackupFile>;
}

/** Creates the file that is called `path` before it is coded, below the folder. */
export function createEncodedFile(folder: string, path: string, coding: Coding): EncodedFile {
  const stored = storedPath(path, coding);
  const file = new HashedFile(join(folder, stored));
  const stages = encoders(path, coding);
  const done = stages.length === 0 ? finished(file) : pipeline([...stages, file]);
  const written = done.then(() => ({ path: stored, ...file.sum() }));
  // Whoever waits for it hears of it.
  written.catch(() => {});
  return { stream: stages[0] ?? file, written };
}

/** The same of a file that is there. */
export async function encodeFile(
  from: string,
  folder: string,
  path: string,
  coding: Coding,
  { signal, onBytes }: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
): Promise<BackupFile> {
  const { stream, written } = createEncodedFile(folder, path, coding);
  const source = createReadStream(from, { highWaterMark: 1 << 20 });
  source.on('data', (chunk) => onBytes(chunk.length));
  await Promise.all([pipeline(source, stream, { signal }), written]);
  return written;
}

/** A new file of mode 0600, hashed while it is written. */
class HashedFile extends Writable {
  readonly #path: string;
  readonly #hash = createHash('sha256');
  #bytes = 0;
  #handle: number | undefined;

  constructor(path: string) {
    super({ highWaterMark: 4 << 20 });
    this.#path = path;
  }

  sum(): { bytes: number; sha256: string } {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  override _construct(done: (error?: Error | null) => void): void {
    mkdir(dirname(this.#path), { recursive: true, mode: 0o700 }, (failed) => {
      if (failed !== null) return done(failed);
      open(this.#path, 'wx', 0o600, (error, handle) => {
        if (error === null) this.#handle = handle;
        done(error);
      });
    });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // The disk works while this thread hashes.
    this.#writeAll(chunk, done);
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#handle === undefined) return done(error);
    close(this.#handle, (failed) => done(error ?? failed));
  }

  /** The system may take less than it was given. */
  #writeAll(chunk: Buffer, done: (error?: Error | null) => void): void {
    write(this.#handle ?? -1, chunk, 0, chunk.length, null, (error, taken) => {
      if (error !== null || taken === chunk.length) done(error);
      else this.#writeAll(chunk.subarray(taken), done);
    });
  }
}
