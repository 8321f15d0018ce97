import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { DbctlError, fail } from '../../core/errors.ts';
import { withSource } from './content.ts';
import { checkKey, checkPrefix } from './key.ts';
import { UNWATCHED } from './pace.ts';
import { listAsOf, listNamesAsOf, versionAsOf } from './s3/as-of.ts';
import { lockFields, makeClient, statusOf, type Checksums, type ObjectLock, type Patience, type S3Address } from './s3/client.ts';
import { digestOf, type Digest } from './s3/digest.ts';
import { listNames, listObjects } from './s3/list.ts';
import { lockOn } from './s3/locks.ts';
import { pacedBody } from './s3/paced-body.ts';
import { partBytes, USUAL_PART } from './s3/parts.ts';
import { requireStored } from './s3/prove.ts';
import { readObject } from './s3/read.ts';
import { removeObjects } from './s3/remove.ts';
import type { Target } from './s3/target.ts';
import { integrity, uploadInParts } from './s3/upload.ts';
import { s3Hint, s3Words } from './s3/words.ts';
import type { Storage, Transfer } from './storage.ts';

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

/** 409 says that another writer is taking the key right now; the service asks to try again. */
const TRIES = 5;

/** Metadata by which a file says who made it: a retried request cannot tell from the answer whether the first one got through. */
const CREATION = 'dbctl-creation';

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
  const place = `s3://${bucket}/${root}`;
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
    new DbctlError('storage.failed', `${place}${what}: ${words}`, { hint: s3Hint(cause), cause });

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
        const created = await create(to, content);
        if (created && !creationProven) await proveCreation(to, content, place);
        creationProven ||= created;
        return created;
      }),
    remove: (keys) =>
      asked('', never, () => {
        for (const key of keys) checkKey(place, key);
        const all = keys.map((key) => root + key);
        return removeObjects({ client, bucket, place, checksums, signal }, all);
      }),
    keptBy: (key) => asked(key, never, () => lockOn(target(key, never), root + key, clock())),
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
  return { ...storage, write: refuse, create: refuse, remove: refuse };
}

async function writeWhole(target: Target, bytes: Buffer, transfer: Transfer): Promise<void> {
  const digest = digestOf(bytes);
  const asked = target.clock();
  const request = putRequest(target, bytes, digest, asked);
  if (transfer.pace !== undefined) pacedBody(request, transfer.pace, target.signal);
  const { VersionId: version } = await target.client.send(request, { abortSignal: target.signal });
  await requireStored(target, { digest, version, asked }, null);
  transfer.onBytes(bytes.length);
}

function putRequest({ bucket, key, checksums, lock }: Target, bytes: Buffer, digest: Digest, asked: Date, more = {}) {
  return new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: bytes,
    ...integrity(checksums, digest),
    ...lockFields(lock, asked),
    ...more,
  });
}

/** Once more when the upload ended under our hands: the answer to its completion was lost, or another run cleared it away. */
async function again<T>(upload: () => Promise<T>): Promise<T> {
  return upload().catch((thrown: unknown) => {
    if ((thrown as Error).name === 'NoSuchUpload') return upload();
    throw thrown;
  });
}

async function create(target: Target, content: Buffer): Promise<boolean> {
  const digest = digestOf(content);
  const mine = randomBytes(16).toString('hex');
  for (let attempt = 1; ; attempt += 1) {
    const asked = target.clock();
    const outcome = await putNew(
      target,
      putRequest(target, content, digest, asked, { IfNoneMatch: '*', Metadata: { [CREATION]: mine } }),
    );
    if (outcome === 'busy' && attempt < TRIES) {
      await sleep(100 * attempt, undefined, { signal: target.signal });
      continue;
    }
    if (outcome === 'busy')
      fail('storage.failed', `s3://${target.bucket}/${target.key} is neither free nor taken`, { hint: 'Run it again.' });
    if (outcome === 'taken' && (await creationOf(target)) !== mine) return false;
    await requireStored(target, { digest, version: undefined, asked }, null);
    return true;
  }
}

function putNew({ client, signal }: Target, request: PutObjectCommand): Promise<'stored' | 'taken' | 'busy'> {
  return client.send(request, { abortSignal: signal }).then(
    () => 'stored',
    (thrown: unknown) => {
      if (statusOf(thrown) === 412) return 'taken';
      if (statusOf(thrown) === 409) return 'busy';
      throw thrown;
    },
  );
}

async function creationOf({ client, bucket, key, signal }: Target): Promise<string | undefined> {
  const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
  return head.Metadata?.[CREATION];
}

/** Tries to create the same file a second time, which a service that knows the condition refuses. Some take no notice of it. */
async function proveCreation(target: Target, content: Buffer, place: string): Promise<void> {
  if (!(await create(target, content))) return;
  fail('storage.failed', `${place} writes over files that were to be created only: the service does not know If-None-Match`, {
    hint: 'Two runs at once could not be told apart. Take another service, or another kind of repository.',
  });
}
