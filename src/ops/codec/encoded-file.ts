import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { BackupFile } from '../backup/manifest.ts';
import { encoders, storedPath, type Coding } from './coding.ts';
import { HashedFile, type HashedOn } from './hashed-file.ts';

/** A file of more bytes is hashed on a thread of its own. */
const LARGE = 32 << 20;

/** A file on its way into a backup: what is written to the stream is compressed, encrypted, hashed and stored. */
export interface EncodedFile {
  /** The memory of a chunk may be used again when its callback was called. */
  readonly stream: Writable;
  /** Memory that costs no copy when it is filled from its start and written to the stream, with which it is gone. Undefined: there is none now. */
  readonly claim: () => Buffer | undefined;
  /** Every byte is with the system. Rejects with what failed; the stream is destroyed then. */
  readonly written: Promise<BackupFile>;
}

/** Creates the file that is called `path` before it is coded, below the folder. */
export function createEncodedFile(folder: string, path: string, coding: Coding, hashedOn: HashedOn): EncodedFile {
  const stored = storedPath(path, coding);
  const file = new HashedFile(join(folder, stored), hashedOn);
  const stages = encoders(path, coding);
  const done = stages.length === 0 ? finished(file) : pipeline([...stages, file]);
  const written = done.then(() => ({ path: stored, ...file.sum() }));
  // Whoever waits for it hears of it.
  written.catch(() => {});
  return { stream: stages[0] ?? file, claim: () => (stages.length === 0 ? file.claim() : undefined), written };
}

/** The same of a file that is there. */
export async function encodeFile(
  from: string,
  folder: string,
  path: string,
  coding: Coding,
  { signal, onBytes }: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
): Promise<BackupFile> {
  const { size } = await stat(from);
  const { stream, written } = createEncodedFile(folder, path, coding, size > LARGE ? 'its own thread' : 'this thread');
  const source = createReadStream(from, { highWaterMark: 1 << 20 });
  source.on('data', (chunk) => onBytes(chunk.length));
  await Promise.all([pipeline(source, stream, { signal }), written]);
  return written;
}
