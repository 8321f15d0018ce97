import { GetObjectCommand, HeadObjectCommand, type HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { fail } from '../../../core/errors.ts';
import { LOCK_HINT, lockProblem } from './client.ts';
import { digesting, reportedDigest } from './digest.ts';
import type { Target } from './target.ts';
import type { Uploaded } from './upload.ts';

/**
 * Asks the service for what it has now and compares: size, SHA-256 where it keeps one, else the ETag, and the lock. Where it reports nothing
 * that can be compared, or an ETag that is none of ours, the object is read back. Fails with storage.failed.
 */
export async function requireStored(target: Target, stored: Uploaded, partBytes: number | null): Promise<void> {
  const { bucket, key, lock } = target;
  const head = await headOf(target, stored.version);
  const name = `s3://${bucket}/${key}`;
  if (head.ContentLength !== stored.digest.bytes)
    differs(name, `has ${head.ContentLength} bytes there and ${stored.digest.bytes} here`);
  const reported = reportedDigest(head);
  if (reported === null || stored.digest[reported.kind] !== reported.value) {
    if (reported?.kind === 'sha256') differs(name, 'has another SHA-256 there than here');
    if ((await readBack(target, stored, partBytes)) !== stored.digest.sha256) differs(name, 'has other bytes there than here');
  }
  const problem = lockProblem(head, lock, stored.asked);
  if (problem !== null) fail('storage.failed', `${name} ${problem}`, { hint: LOCK_HINT });
}

function headOf(
  { client, bucket, key, checksums, signal }: Target,
  version: string | undefined,
): Promise<HeadObjectCommandOutput> {
  const mode = checksums === 'sha256' ? { ChecksumMode: 'ENABLED' as const } : {};
  return client.send(new HeadObjectCommand({ Bucket: bucket, Key: key, VersionId: version, ...mode }), { abortSignal: signal });
}

function differs(name: string, words: string): never {
  fail('storage.failed', `${name} ${words}`, {
    hint: 'It was damaged on the way or there, or another run wrote it. Store it again.',
  });
}

async function readBack(
  { client, bucket, key, signal }: Target,
  { version }: Uploaded,
  partBytes: number | null,
): Promise<string> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: version }), {
    abortSignal: signal,
  });
  const digest = digesting('sha256', partBytes);
  for await (const chunk of Body as Readable) digest.update(chunk as Buffer);
  return digest.end();
}
