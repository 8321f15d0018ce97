import type { S3Client } from '@aws-sdk/client-s3';
import { fail } from '../../core/errors.ts';
import { noteName, refuseOther, sequenceOf, type OutgoingNote, type PublishedNote, type Receipt, type Sink } from './sink.ts';

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

/** One object a note, never overwritten (If-None-Match) and, with a lock, not deletable before its time. Credentials as the SDK finds them. */
export function s3Sink(name: string, place: S3Place): Sink {
  return { name, type: 's3', publish: (note) => publish(name, place, note), latest: () => latest(place) };
}

async function publish(sink: string, place: S3Place, { sequence, text }: OutgoingNote): Promise<Receipt> {
  const { PutObjectCommand } = await import('@aws-sdk/client-s3');
  const key = place.prefix + noteName(sequence);
  const reference = `s3://${place.bucket}/${key}`;
  return withClient(place, async (client) => {
    try {
      const { VersionId: version, ETag: etag } = await client.send(
        new PutObjectCommand({
          Bucket: place.bucket,
          Key: key,
          Body: text,
          ContentType: 'text/plain; charset=utf-8',
          ChecksumAlgorithm: 'SHA256',
          IfNoneMatch: '*',
          ...lockFields(place),
        }),
      );
      return { sink, reference, detail: { version: version ?? null, etag: etag ?? null } };
    } catch (thrown) {
      // 412: the key is taken; 409: another writer is taking it right now.
      const status = (thrown as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
      if (status !== 412 && status !== 409) throw unreachable(place, thrown);
      const found = await read(client, place, key);
      if (found.text !== text) refuseOther(sink, sequence, reference);
      return { sink, reference, detail: { version: found.version } };
    }
  });
}

function lockFields({ lock, clock }: S3Place) {
  if (lock === null) return {};
  return {
    ObjectLockMode: lock.mode === 'compliance' ? ('COMPLIANCE' as const) : ('GOVERNANCE' as const),
    ObjectLockRetainUntilDate: new Date(clock().getTime() + lock.days * DAY_MS),
  };
}

async function latest(place: S3Place): Promise<PublishedNote | null> {
  const { paginateListObjectsV2 } = await import('@aws-sdk/client-s3');
  return withClient(place, async (client) => {
    try {
      let last: string | undefined;
      for await (const page of paginateListObjectsV2({ client }, { Bucket: place.bucket, Prefix: place.prefix })) {
        const keys = (page.Contents ?? []).flatMap(({ Key: key }) => (key !== undefined && sequenceOf(key) !== null ? [key] : []));
        last = [...keys, ...(last === undefined ? [] : [last])].toSorted().at(-1);
      }
      if (last === undefined) return null;
      const { text } = await read(client, place, last);
      return { sequence: sequenceOf(last) ?? 0, text, reference: `s3://${place.bucket}/${last}` };
    } catch (thrown) {
      throw unreachable(place, thrown);
    }
  });
}

async function read(client: S3Client, { bucket }: S3Place, key: string): Promise<{ text: string; version: string | null }> {
  const { GetObjectCommand } = await import('@aws-sdk/client-s3');
  const { Body: body, VersionId: version } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return { text: (await body?.transformToString()) ?? '', version: version ?? null };
}

async function withClient<T>({ region, endpoint }: S3Place, use: (client: S3Client) => Promise<T>): Promise<T> {
  const { S3Client: Client } = await import('@aws-sdk/client-s3');
  const client = new Client({ region, ...(endpoint !== null && { endpoint, forcePathStyle: true }), maxAttempts: 3 });
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}

function unreachable({ bucket }: S3Place, thrown: unknown): unknown {
  const { name = 'error', message = '' } = thrown as Error;
  if (name === 'DbctlError') return thrown;
  try {
    fail('refused', `the bucket ${bucket} does not answer as it should: ${name}: ${message}`, {
      hint: 'Look at region, endpoint, credentials and the rights to put, get and list. Other sinks were not held up.',
      cause: thrown,
    });
  } catch (wrapped) {
    return wrapped;
  }
}
