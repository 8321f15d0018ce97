import { lstat, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { DbctlError, fail } from '../../core/errors.ts';
import { syncPath } from '../storage/durable.ts';
import { storageError } from '../storage/folder.ts';
import type { Storage } from '../storage/storage.ts';
import { addressText, type Place } from './location.ts';
import { Measured, type Proof } from './proof.ts';

/** A place blobs are moved from. */
export interface HotPlace extends Place {
  readonly storage: Storage;
}

/** One blob where it is before it is moved. */
export interface HotBlob {
  readonly place: HotPlace;
  readonly key: string;
}

/** What makes it one blob, whichever rows refer to it and however they write its location. */
export const identityOf = ({ place, key }: HotBlob): string => `${place.name}\n${key}`;

/** A blob as it was found; `state` is other where it was changed or replaced since. */
export interface Found {
  readonly proof: Proof;
  readonly state: string;
}

/** What is wrong with one blob where it is: a link in its place, a right that is missing, a disk or a service that fails. Others go on. */
export class HotTrouble extends Error {
  override readonly name = 'HotTrouble';
  override readonly cause: DbctlError;

  constructor(cause: DbctlError) {
    super(cause.message);
    this.cause = cause;
  }
}

function troubled(blob: HotBlob, thrown: unknown): unknown {
  const error = storageError(nameOf(blob), thrown);
  return error instanceof DbctlError && ['storage.failed', 'backup.failed'].includes(error.code) ? new HotTrouble(error) : error;
}

async function attempt<T>(blob: HotBlob, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (thrown) {
    throw troubled(blob, thrown);
  }
}

/** The bytes; null: there is no such file. Fails with HotTrouble, also while it is read. */
export async function openHot(blob: HotBlob): Promise<AsyncIterable<Buffer> | null> {
  const { place, key } = blob;
  const stream = await attempt(blob, async () => {
    await requireNoLink(place, key);
    return place.storage.read(key);
  });
  return stream === null ? null : pieces(blob, stream);
}

async function* pieces(blob: HotBlob, stream: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const piece of stream) yield piece as Buffer;
  } catch (thrown) {
    throw troubled(blob, thrown);
  }
}

/** Reads all of it; null: it is not there. Fails with HotTrouble, also where it changes while it is read. */
export async function measureHot(blob: HotBlob, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<Found | null> {
  const state = await stateOf(blob);
  const found = state === null ? null : await openHot(blob);
  if (state === null || found === null) return null;
  const measured = new Measured();
  for await (const piece of measured.through(found)) {
    signal.throwIfAborted();
    onBytes(piece.length);
  }
  if ((await stateOf(blob)) === state) return { proof: measured.result(), state };
  throw new HotTrouble(
    new DbctlError('storage.failed', `${nameOf(blob)} changed while it was read`, { hint: 'Find out who writes to it.' }),
  );
}

/** What tells this state of it from another; null: it is not there. Fails with HotTrouble. */
export async function stateOf(blob: HotBlob): Promise<string | null> {
  const { storage } = blob.place;
  if (storage.stateOf === undefined) return fail('internal', `${storage.place} cannot tell states of files apart`);
  return attempt(blob, async () => storage.stateOf?.(blob.key) ?? null);
}

/** Takes it away. Fails with HotTrouble. */
export async function removeHot(blob: HotBlob): Promise<void> {
  const { place, key } = blob;
  await attempt(blob, async () => {
    await requireNoLink(place, key);
    await place.storage.remove([key]);
    // The record says that it is gone: after a loss of power it must not be there again.
    if (place.storage.folder !== null) await syncPath(dirname(join(place.storage.folder, key)));
  });
}

/** For people. */
export function nameOf({ place, key }: HotBlob): string {
  const at = addressText(place);
  return at.endsWith('/') ? `${at}${key}` : `${at}/${key}`;
}

export const missingText = (blob: HotBlob): string => `${nameOf(blob)} is not there, and nobody recorded that it was moved`;

/** A folder on the way that is a link leads to where the place does not reach. */
async function requireNoLink({ address }: HotPlace, key: string): Promise<void> {
  if (address.kind !== 'folder') return;
  const names = key.split('/').slice(0, -1);
  for (let depth = 1; depth <= names.length; depth += 1) {
    const path = join(address.root, ...names.slice(0, depth));
    const found = await lstat(path).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR') return null;
      throw storageError(path, thrown);
    });
    if (found === null) return;
    if (found.isSymbolicLink())
      fail('backup.failed', `${path}: it is a link, and none is followed here`, { hint: 'Find out who put it there.' });
  }
}

/**
 * Fails with config.invalid where two places are one, or one is within another, or a place and the destination are: what is removed from the one
 * would be gone from the other.
 */
export async function requireApart(places: readonly HotPlace[], destination: Place): Promise<void> {
  const all = [...places, destination];
  const real = await Promise.all(all.map(async (place) => ({ place, at: await realAddress(place) })));
  for (const [index, one] of real.entries()) {
    for (const other of real.slice(index + 1)) {
      if (!within(one.at, other.at) && !within(other.at, one.at)) continue;
      const hint = 'What is taken away from the one would be gone from the other: take two that have nothing in common.';
      fail(
        'config.invalid',
        `${one.place.name} (${addressText(one.place)}) and ${other.place.name} (${addressText(other.place)}) overlap`,
        { hint },
      );
    }
  }
}

/** As a beginning: `/real/path/` or `s3://bucket/prefix`, whatever the service is called. */
async function realAddress({ address }: Place): Promise<string> {
  if (address.kind === 's3') return `s3://${address.bucket}/${address.prefix}`;
  return `${await realFolder(address.root)}${sep}`;
}

/** A folder that is not there yet is where its nearest one is. */
async function realFolder(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (thrown) {
    const above = dirname(path);
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT' || above === path) throw storageError(path, thrown);
    return join(await realFolder(above), path.slice(above.length));
  }
}

const within = (inner: string, outer: string): boolean => inner.startsWith(outer);
