import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { DbctlError, fail } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import {
  highestNote,
  noteFolders,
  noteName,
  refuseOther,
  sequenceOf,
  type OutgoingNote,
  type PublishedNote,
  type Receipt,
  type Sink,
} from './sink.ts';

export interface S3Place {
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string;
  /** Of a compatible service, addressed by path; null: Amazon's own. */
  readonly endpoint: string | null;
  /** Object lock for each note; null: the bucket's default. Compliance mode binds even the account's root. */
  readonly lock: { readonly mode: 'governance' | 'compliance'; readonly days: number } | null;
  readonly clock: () => Date;
}

const DAY_MS = 86_400_000;

/** The SDK waits for ever by itself, and a checkpoint holds its lock meanwhile. */
const TIMES = { connectionTimeout: 5_000, requestTimeout: 20_000, throwOnRequestTimeout: true };

/** 409 says that another writer is taking the key right now; the service asks to try again. */
const TRIES = 5;

/** One object a note, never overwritten (If-None-Match) and, with a lock, not deletable before its time. Credentials as the SDK finds them. */
export function s3Sink(name: string, place: S3Place): Sink {
  return {
    name,
    type: 's3',
    publish: (note) => withClient(place, (client) => publish(client, name, place, note)),
    latest: () => withClient(place, (client) => latest(client, place)),
    read: (sequences) =>
      withClient(place, async (client) => {
        const found: PublishedNote[] = [];
        for (const sequence of sequences) {
          found.push(...[await read(client, place, noteName(sequence))].filter((note) => note !== null));
        }
        return found;
      }),
  };
}

async function publish(client: S3Client, sink: string, place: S3Place, { sequence, text }: OutgoingNote): Promise<Receipt> {
  const key = place.prefix + noteName(sequence);
  const reference = `s3://${place.bucket}/${key}`;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await put(client, place, key, text);
    if (outcome === 'busy' && attempt < TRIES) {
      await sleep(100 * attempt);
      continue;
    }
    if (outcome === 'stored') return { sink, reference, detail: await proven(client, place, key) };
    const found = await read(client, place, noteName(sequence));
    if (found === null) fail('refused', `${reference} is neither free nor taken`, { hint: 'The next run tries again.' });
    if (found.text !== text) refuseOther(sink, sequence, reference);
    return { sink, reference, detail: await proven(client, place, key) };
  }
}

async function put(client: S3Client, place: S3Place, key: string, text: string): Promise<'stored' | 'taken' | 'busy'> {
  const { PutObjectCommand } = await import('@aws-sdk/client-s3');
  const request = new PutObjectCommand({
    Bucket: place.bucket,
    Key: key,
    Body: text,
    ContentType: 'text/plain; charset=utf-8',
    ChecksumAlgorithm: 'SHA256',
    IfNoneMatch: '*',
    ...lockFields(place),
  });
  return client.send(request).then(
    () => 'stored',
    (thrown: unknown) => {
      const status = statusOf(thrown);
      if (status === 412) return 'taken';
      if (status === 409) return 'busy';
      throw thrown;
    },
  );
}

function lockFields({ lock, clock }: S3Place) {
  if (lock === null) return {};
  return {
    ObjectLockMode: lockMode(lock),
    ObjectLockRetainUntilDate: new Date(clock().getTime() + lock.days * DAY_MS),
  };
}

const lockMode = ({ mode }: NonNullable<S3Place['lock']>) =>
  mode === 'compliance' ? ('COMPLIANCE' as const) : ('GOVERNANCE' as const);

/**
 * What the service says about the object it has now. A lock is not believed because it was asked for: services that do not know the
 * headers take the object and leave it deletable.
 */
async function proven(client: S3Client, { bucket, lock }: S3Place, key: string): Promise<JsonObject> {
  const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
  const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
  if (lock !== null && head.ObjectLockMode !== lockMode(lock)) {
    fail('refused', `s3://${bucket}/${key} is stored without the lock of mode ${lock.mode} that was asked for`, {
      hint: 'The bucket needs object lock, and the credentials the right s3:GetObjectRetention, without which the lock is not shown.',
    });
  }
  return {
    version: head.VersionId ?? null,
    etag: head.ETag ?? null,
    lock:
      head.ObjectLockMode === undefined
        ? null
        : { mode: head.ObjectLockMode, until: head.ObjectLockRetainUntilDate?.toISOString() ?? null },
  };
}

/** Two short listings, however many notes there are: the folders, then the highest of them. */
async function latest(client: S3Client, place: S3Place): Promise<PublishedNote | null> {
  for (const folder of noteFolders(await namesUnder(client, place, ''))) {
    const last = highestNote(await namesUnder(client, place, `${folder}/`));
    if (last !== undefined) return read(client, place, `${folder}/${last}`);
  }
  return null;
}

/** Names of the objects and folders directly under a folder, without it and without slashes. */
async function namesUnder(client: S3Client, { bucket, prefix }: S3Place, folder: string): Promise<string[]> {
  const { paginateListObjectsV2 } = await import('@aws-sdk/client-s3');
  const start = prefix + folder;
  const names: string[] = [];
  for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: start, Delimiter: '/' })) {
    const keys = [...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix), ...(page.Contents ?? []).map(({ Key }) => Key)];
    names.push(...keys.flatMap((key) => (key === undefined ? [] : [key.slice(start.length).replace(/\/$/, '')])));
  }
  return names;
}

async function read(client: S3Client, { bucket, prefix }: S3Place, name: string): Promise<PublishedNote | null> {
  const { GetObjectCommand } = await import('@aws-sdk/client-s3');
  const found = await client.send(new GetObjectCommand({ Bucket: bucket, Key: prefix + name })).catch((thrown: unknown) => {
    if (statusOf(thrown) === 404 && (thrown as Error).name === 'NoSuchKey') return null;
    throw thrown;
  });
  if (found === null) return null;
  const text = (await found.Body?.transformToString()) ?? '';
  return { sequence: sequenceOf(name) ?? 0, text, reference: `s3://${bucket}/${prefix}${name}` };
}

async function withClient<T>({ bucket, region, endpoint }: S3Place, use: (client: S3Client) => Promise<T>): Promise<T> {
  const { S3Client: Client } = await import('@aws-sdk/client-s3');
  const address = endpoint === null ? {} : { endpoint, forcePathStyle: true };
  const client = new Client({ region, ...address, maxAttempts: 3, requestHandler: TIMES });
  try {
    return await use(client);
  } catch (thrown) {
    if (thrown instanceof DbctlError) throw thrown;
    const { name, message } = thrown as Error;
    return fail('refused', `the bucket ${bucket} does not answer as it should: ${name}: ${message}`, {
      hint: 'Look at region, endpoint, credentials and the rights to put, get and list. Other sinks were not held up.',
    });
  } finally {
    client.destroy();
  }
}

const statusOf = (thrown: unknown): number | undefined =>
  (thrown as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;
