import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { DbctlError, fail } from '../../core/errors.ts';
import type { Repository } from '../backup/repository.ts';
import { readText } from '../backup/repository.ts';
import { openedPath } from '../codec/coding.ts';
import { KEY_FILE } from '../codec/data-key.ts';
import { decryptStream } from '../codec/decrypt.ts';
import { withPlainFolder } from '../codec/plain-folder.ts';
import { unwrapKey } from '../codec/recipients.ts';
import { giveBack } from '../storage/recycled-read.ts';
import { HashedText } from './rows-writer.ts';
import type { ArchiveManifest } from './manifest.ts';

/** What is needed of an archive to read its rows: of a sealed one its manifest. */
export type ReadableArchive = Pick<ArchiveManifest, 'id' | 'columns' | 'data' | 'encryption' | 'files'>;

export interface ReadOptions {
  /** Called with the number of stored bytes read since the last call. */
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** The data key; null: nothing is encrypted. Fails with refused or backup.failed where it is not to be had. */
export async function unlockArchive(
  repository: Repository,
  { id, encryption }: Pick<ReadableArchive, 'id' | 'encryption'>,
): Promise<Buffer | null> {
  if (encryption === null) return null;
  const wrapped =
    (await readText(repository, `${id}/${KEY_FILE}`)) ??
    fail('archive.failed', `${id} in ${repository.name} has no ${KEY_FILE}`, {
      hint: 'Bring it from another copy of the archive: without it nothing of it opens.',
    });
  return unwrapKey(wrapped, await repository.codec.identity(), encryption.keyCommitment);
}

/**
 * Fetches the rows from where they lie, and gives `use` what COPY … FROM takes for them (COPY_OPTIONS of the format). What is stored is hashed on
 * the way, and so is the text, and both are what the manifest says when this returns; `use` may have seen other bytes before it fails.
 * Fails with archive.failed, saying what is wrong.
 */
export async function readRows<T>(
  repository: Repository,
  archive: ReadableArchive,
  dataKey: Buffer | null,
  options: ReadOptions,
  use: (text: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  const text = new HashedText();
  const hashed = async function* (pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      text.update(piece);
      yield piece;
    }
  };
  let result: T;
  try {
    result =
      archive.data.format === 'parquet'
        ? await throughFile(repository, archive, dataKey, options, (pieces) => use(hashed(pieces)))
        : await throughPipe(repository, archive, dataKey, options, (pieces) => use(hashed(pieces)));
  } catch (thrown) {
    throw await betterReason(repository, archive, thrown, options);
  }
  requireSame(archive, text.sum());
  return result;
}

async function throughPipe<T>(
  repository: Repository,
  archive: ReadableArchive,
  dataKey: Buffer | null,
  options: ReadOptions,
  use: (pieces: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  const stored = storedBytes(repository, archive.id, rowsFile(archive), options);
  return pipeline(
    [
      Readable.from(stored, { objectMode: false, highWaterMark: 1 << 20 }),
      ...decrypted(archive, dataKey),
      createGunzip({ chunkSize: 1 << 18 }),
      use,
    ] as never,
    {
      signal: options.signal,
    },
  ) as unknown as Promise<T>;
}

/** A Parquet file is read from its end, so it is fetched whole first: where backups are plain for a moment too. */
async function throughFile<T>(
  repository: Repository,
  archive: ReadableArchive,
  dataKey: Buffer | null,
  options: ReadOptions,
  use: (pieces: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  const file = rowsFile(archive);
  const { parquetRows } = await import('./parquet-read.ts');
  return withPlainFolder(repository.codec.plain, file.bytes, async (folder) => {
    const path = join(folder, openedPath(file.path));
    const stored = storedBytes(repository, archive.id, file, options);
    if (dataKey === null) await writeWhole(path, stored);
    else {
      const to = createWriteStream(path, { flags: 'wx', mode: 0o600 });
      await pipeline([Readable.from(stored, { objectMode: false }), ...decrypted(archive, dataKey), to], {
        signal: options.signal,
      });
    }
    return use(parquetRows(path, archive.columns));
  });
}

/** Piece by piece, so that each is given back before the next one is read. */
async function writeWhole(path: string, pieces: AsyncIterable<Buffer>): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    for await (const piece of pieces) {
      await handle.writeFile(piece);
      giveBack(piece);
    }
  } finally {
    await handle.close();
  }
}

const decrypted = (archive: ReadableArchive, dataKey: Buffer | null): Duplex[] =>
  dataKey === null ? [] : [decryptStream(dataKey, rowsFile(archive).path)];

/** The stored file with the rows, as the manifest has it. */
export function rowsFile({ id, files, data }: ReadableArchive): ReadableArchive['files'][number] {
  return (
    files.find(({ path }) => openedPath(path) === data.path) ??
    fail('archive.failed', `the manifest of ${id} names no file for ${data.path}`, { hint: 'Update dbctl.' })
  );
}

/** The bytes of a stored file. Fails with archive.failed at their end where they are not those of the manifest. */
export async function* storedBytes(
  { storage }: Repository,
  id: string,
  expected: ReadableArchive['files'][number],
  { onBytes, signal }: ReadOptions,
): AsyncGenerator<Buffer> {
  const damaged = (what: string) =>
    fail('archive.failed', `${id}: ${expected.path} ${what}`, {
      hint: 'Take another copy of the archive, and find out what happened to this one.',
    });
  const hash = createHash('sha256');
  let bytes = 0;
  const found = (await storage.read(`${id}/${expected.path}`)) ?? damaged('is missing');
  for await (const chunk of found) {
    signal.throwIfAborted();
    const piece = chunk as Buffer;
    hash.update(piece);
    bytes += piece.length;
    onBytes(piece.length);
    yield piece;
  }
  if (bytes !== expected.bytes) damaged(`has ${bytes} bytes instead of ${expected.bytes}`);
  if (hash.digest('hex') !== expected.sha256) damaged('has other bytes than were written');
}

/** Fails with archive.failed where one of these files is not stored as the manifest has it. */
export async function requireStored(
  repository: Repository,
  { id }: Pick<ReadableArchive, 'id'>,
  files: ReadableArchive['files'],
  options: ReadOptions,
): Promise<void> {
  for (const file of files) for await (const piece of storedBytes(repository, id, file, options)) giveBack(piece);
}

function requireSame({ id, data }: ReadableArchive, found: { readonly sha256: string; readonly bytes: number }): void {
  if (found.sha256 === data.text.sha256 && found.bytes === data.text.bytes) return;
  fail(
    'archive.failed',
    `${id}: its rows are not the text the server wrote (${found.bytes} bytes, ${data.text.bytes} were written)`,
    {
      hint: 'Take another copy of the archive, and find out what happened to this one.',
    },
  );
}

/** What cannot be unpacked, decrypted or loaded was mostly changed where it lies: then that is the answer. */
async function betterReason(
  repository: Repository,
  archive: ReadableArchive,
  thrown: unknown,
  options: ReadOptions,
): Promise<unknown> {
  options.signal.throwIfAborted();
  if (thrown instanceof DbctlError && thrown.code === 'storage.failed') return thrown;
  try {
    await requireStored(repository, archive, [rowsFile(archive)], { ...options, onBytes: () => {} });
  } catch (reason) {
    return reason;
  }
  if (thrown instanceof DbctlError) return thrown;
  return new DbctlError(
    'archive.failed',
    `${archive.id}: ${rowsFile(archive).path} cannot be unpacked: ${(thrown as Error).message}`,
    {
      hint: 'The bytes are those that were written: this is a defect in dbctl.',
      cause: thrown,
    },
  );
}
