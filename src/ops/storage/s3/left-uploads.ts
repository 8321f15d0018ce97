import { paginateListParts, type MultipartUpload, type S3Client } from '@aws-sdk/client-s3';
import { inOrder, isKey, LEFT_AFTER_MS } from '../key.ts';
import type { StoredFile } from '../storage.ts';
import { statusOf } from './client.ts';
import { abortUpload, uploadsBelow } from './uploads.ts';

interface Place {
  readonly client: S3Client;
  readonly bucket: string;
  /** Of the storage; keys are named without it. */
  readonly root: string;
  readonly signal: AbortSignal;
}

/** What goes in parts are files of backups, in the folder of one: a bucket without a prefix may have uploads of others. */
const OURS = /^[^/]+-\d{8}T\d{9}Z-\w+\//;

/**
 * Uploads in parts that killed runs left, below the storage's own prefix, each with the bytes the bucket keeps of it. One that was begun less than a day ago
 * is gone on with by the next run; one of which a part came less than a day ago is at work, however old it is. None without the right to list
 * uploads or their parts: what cannot be looked at is not ended.
 */
export async function leftUploads(place: Place, now: Date, act: 'list' | 'remove'): Promise<StoredFile[]> {
  const { root } = place;
  const left: StoredFile[] = [];
  for (const upload of await uploadsBelow({ ...place, key: root })) {
    const { Key: full = '', UploadId: id } = upload;
    const key = full.slice(root.length);
    if (id === undefined || !isKey(key) || !OURS.test(key)) continue;
    const bytes = await bytesWhereLeft(place, upload, now);
    if (bytes === null) continue;
    left.push({ key, bytes });
    if (act === 'remove') await abortUpload({ ...place, key: full }, id);
  }
  return left.toSorted((a, b) => inOrder(a.key, b.key));
}

/** Null: it may be at work, or it is gone, or nobody may look. */
async function bytesWhereLeft(
  { client, bucket, signal }: Place,
  { Key, UploadId, Initiated }: MultipartUpload,
  now: Date,
): Promise<number | null> {
  const old = (at: Date | undefined): boolean => at !== undefined && now.getTime() - at.getTime() > LEFT_AFTER_MS;
  if (!old(Initiated)) return null;
  let bytes = 0;
  try {
    for await (const { Parts = [] } of paginateListParts(
      { client },
      { Bucket: bucket, Key, UploadId },
      { abortSignal: signal },
    )) {
      if (!Parts.every(({ LastModified }) => old(LastModified))) return null;
      bytes += Parts.reduce((sum, { Size = 0 }) => sum + Size, 0);
    }
    return bytes;
  } catch (thrown) {
    if (statusOf(thrown) === 403 || statusOf(thrown) === 404) return null;
    throw thrown;
  }
}
