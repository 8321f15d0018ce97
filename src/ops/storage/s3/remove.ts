import { DeleteObjectCommand, DeleteObjectsCommand, type S3Client } from '@aws-sdk/client-s3';
import { fail } from '../../../core/errors.ts';
import { atOnce } from '../at-once.ts';
import { isNoSuchKey, type Checksums } from './client.ts';

interface Removal {
  readonly client: S3Client;
  readonly bucket: string;
  readonly place: string;
  readonly checksums: Checksums;
  readonly signal: AbortSignal;
}

/** The service takes no more in one request. */
const IN_A_BATCH = 1_000;

/**
 * Removes objects; in a bucket with versions it puts a delete marker over each, also over one that is locked, which stays under it. A batch succeeds as a request although single objects could
 * not be removed: each answer is read. Services that need `when_required` also disagree on how a batch is to be checked, or know none: there
 * it is one request an object.
 */
export async function removeObjects(removal: Removal, keys: readonly string[]): Promise<void> {
  if (removal.checksums === 'when_required') return removeSingly(removal, keys);
  for (let at = 0; at < keys.length; at += IN_A_BATCH) await removeBatch(removal, keys.slice(at, at + IN_A_BATCH));
}

async function removeBatch({ client, bucket, place, signal }: Removal, keys: readonly string[]): Promise<void> {
  const request = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true } });
  const { Errors: errors = [] } = await client.send(request, { abortSignal: signal });
  const first = errors.find(({ Code }) => Code !== 'NoSuchKey');
  if (first === undefined) return;
  const more = errors.length === 1 ? '' : ` (and ${errors.length - 1} more)`;
  fail('storage.failed', `${place} did not remove ${first.Key}${more}: ${first.Code}: ${first.Message}`, {
    hint: 'The credentials need s3:DeleteObject. The other files of the batch are removed.',
  });
}

async function removeSingly({ client, bucket, signal }: Removal, keys: readonly string[]): Promise<void> {
  await atOnce(keys, 8, signal, async (Key, stop) => {
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }), { abortSignal: stop }).catch((thrown: unknown) => {
      if (!isNoSuchKey(thrown)) throw thrown;
    });
  });
}
