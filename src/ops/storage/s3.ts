import { DbctlError, fail } from '../../core/errors.ts';
import { withSource } from './content.ts';
import { checkKey, checkPrefix } from './key.ts';
import { UNWATCHED } from './pace.ts';
import { s3Place } from './s3/place.ts';
import { createObject, proveCreation } from './s3/create.ts';
import { listAsOf, listNamesAsOf, versionAsOf } from './s3/as-of.ts';
import { makeClient, type Checksums, type ObjectLock, type Patience, type S3Address } from './s3/client.ts';
import { leftUploads } from './s3/left-uploads.ts';
import { listNames, listObjects } from './s3/list.ts';
import { lockOn } from './s3/locks.ts';
import { partBytes, USUAL_PART } from './s3/parts.ts';
import { requireStored } from './s3/prove.ts';
import { writeWhole } from './s3/put.ts';
import { readObject } from './s3/read.ts';
import { removeObjects } from './s3/remove.ts';
import { stateOf } from './s3/state.ts';
import type { Target } from './s3/target.ts';
import { uploadInParts } from './s3/upload.ts';
import { s3Hint, s3Words } from './s3/words.ts';
import type { Storage } from './storage.ts';

export interface S3Settings extends S3Address {
  /** What object keys begin with; empty or ending with `/`. */
  readonly prefix: string;
  /** null: what the bucket does by default. */
  readonly lock: ObjectLock | null;
  /** Read the bucket as it was then, and write nothing; null: as it is. Needs a bucket with versions. */
  readonly asOf?: Date | null;
  readonly checksums: Checksums;
  /** Size of a part of a large file, which is also the size from which a file is large; default 16 MiB. */
  readonly partBytes?: number;
  readonly patience?: Patience;
  readonly clock: () => Date;
  readonly signal: AbortSignal;
}

/** A large part may take its time, silence may not. Retries and their pauses are the SDK's. */
const PATIENCE: Patience = { attempts: 5, connectMs: 10_000, silenceMs: 60_000, wholeMs: null };

/**
 * Files in a bucket of Amazon S3 or a compatible service. An object appears whole or not at all; each is compared with what the service says
 * it has before it counts as stored. In a bucket with versions, `remove` leaves a delete marker and `write` the version before: a lifecycle
 * rule ends them, and object lock keeps them from being ended too early.
 */
export function s3Storage(settings: S3Settings): Storage {
  const { asOf } = settings;
  return asOf === undefined || asOf === null ? liveStorage(settings, null) : readOnly(liveStorage(settings, asOf), asOf);
}

/** With `asOf`, of which only what reads is used. */
function liveStorage(settings: S3Settings, asOf: Date | null): Storage {
  const { bucket, prefix: root, checksums, lock, clock, signal } = settings;
  const place = s3Place(settings);
  const patience = settings.patience ?? PATIENCE;
  const client = makeClient(settings, patience, checksums);
  const wanted = settings.partBytes ?? USUAL_PART;
  const target = (key: string, stop: AbortSignal): Target => {
    checkKey(place, key);
    return {
      client,
      bucket,
      key: root + key,
      checksums,
      lock,
      partBytes: wanted,
      clock,
      signal: AbortSignal.any([signal, stop]),
    };
  };
  const listing = (prefix: string) => {
    checkPrefix(place, prefix);
    return { client, bucket, root, prefix, signal };
  };
  const failure = (what: string, words: string, cause: unknown) =>
    new DbctlError('storage.failed', `${place}${what}: ${words}`, {
      hint: s3Hint(cause),
      // Its words alone: what the SDK throws holds the request and the answer whole.
      cause: new Error(s3Words(cause)),
    });

  /** What the service throws, as a person reads it. */
  async function asked<T>(what: string, stop: AbortSignal, answer: () => Promise<T>): Promise<T> {
    try {
      return await answer();
    } catch (thrown) {
      stop.throwIfAborted();
      signal.throwIfAborted();
      throw thrown instanceof DbctlError ? thrown : failure(what, s3Words(thrown), thrown);
    }
  }
  const never = UNWATCHED.signal;
  let creationProven = false;

  return {
    place,
    folder: null,
    list: (prefix) =>
      asked(prefix, never, () => (asOf === null ? listObjects(listing(prefix)) : listAsOf(listing(prefix), asOf))),
    names: (prefix) =>
      asked(prefix, never, () => (asOf === null ? listNames(listing(prefix)) : listNamesAsOf(listing(prefix), asOf))),
    read: (key) =>
      asked(key, never, async () => {
        const wish = {
          ...target(key, never),
          silenceMs: patience.silenceMs,
          failure: (words: string, cause: unknown) => failure(key, words, cause),
        };
        if (asOf === null) return readObject(wish);
        const version = await versionAsOf({ ...listing(''), prefix: key }, asOf);
        return version === undefined ? null : readObject({ ...wish, version });
      }),
    write: (key, content, transfer = UNWATCHED) =>
      asked(key, transfer.signal, () =>
        withSource(content, async (source) => {
          const to = target(key, transfer.signal);
          if (source.bytes <= wanted) return writeWhole(to, await source.read(0, source.bytes), transfer);
          return requireStored(to, await again(() => uploadInParts(to, source, transfer)), partBytes(source.bytes, wanted));
        }),
      ),
    create: (key, content) =>
      asked(key, never, async () => {
        const to = target(key, never);
        if (!creationProven) await proveCreation(to, root, place);
        creationProven = true;
        return createObject(to, content);
      }),
    remove: (keys) =>
      asked('', never, () => {
        for (const key of keys) checkKey(place, key);
        const all = keys.map((key) => root + key);
        return removeObjects({ client, bucket, place, checksums, signal }, all);
      }),
    keptBy: (key) => asked(key, never, () => lockOn(target(key, never), root + key, clock())),
    stateOf: (key) => asked(key, never, () => stateOf(target(key, never))),
    leftUploads: (now, act) => asked('', never, () => leftUploads({ client, bucket, root, signal }, now, act)),
    close: () => Promise.resolve(client.destroy()),
  };
}

function readOnly(storage: Storage, asOf: Date): Storage {
  const refuse = () =>
    Promise.resolve().then(() =>
      fail('refused', `${storage.place} is read as it was at ${asOf.toISOString()}, and cannot be written`, {
        hint: 'Take as_of out of the repository in dbctl.yaml to write to it.',
      }),
    );
  return { ...storage, write: refuse, create: refuse, remove: refuse, leftUploads: () => Promise.resolve([]) };
}

/** Once more when the upload ended under our hands: the answer to its completion was lost, or another run cleared it away. */
async function again<T>(upload: () => Promise<T>): Promise<T> {
  return upload().catch((thrown: unknown) => {
    if ((thrown as Error).name === 'NoSuchUpload') return upload();
    throw thrown;
  });
}
