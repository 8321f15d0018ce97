import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { Transfer } from '../storage.ts';
import { lockFields, versionOf } from './client.ts';
import { digestOf, type Digest } from './digest.ts';
import { pacedBody } from './paced-body.ts';
import { requireStored } from './prove.ts';
import type { Target } from './target.ts';
import { integrity } from './upload.ts';

/** Stores a small file in one request. */
export async function writeWhole(target: Target, bytes: Buffer, transfer: Transfer): Promise<void> {
  const digest = digestOf(bytes);
  const asked = target.clock();
  const request = putRequest(target, bytes, digest, asked);
  if (transfer.pace !== undefined) pacedBody(request, transfer.pace, target.signal);
  const answer = await target.client.send(request, { abortSignal: target.signal });
  await requireStored(target, { digest, version: versionOf(answer), asked }, null);
  transfer.onBytes(bytes.length);
}

/** A request to store these bytes, with what the service is to compare them with and to lock them by. */
export function putRequest({ bucket, key, checksums, lock }: Target, bytes: Buffer, digest: Digest, asked: Date, more = {}) {
  return new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: bytes,
    ...integrity(checksums, digest),
    // Demanded with a lock by some services, whatever other checksum there is.
    ...(lock === null ? {} : integrity('when_required', digest)),
    ...lockFields(lock, asked),
    ...more,
  });
}
