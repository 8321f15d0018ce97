import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { isNoSuchKey } from './client.ts';
import type { Target } from './target.ts';

/** What tells an object from the one that is stored under its key later: version, ETag, size and time; null: there is none. */
export async function stateOf({ client, bucket, key, signal }: Target): Promise<string | null> {
  try {
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
    return [head.VersionId ?? '', head.ETag, head.ContentLength, head.LastModified?.toISOString()].join(' ');
  } catch (thrown) {
    if (isNoSuchKey(thrown)) return null;
    throw thrown;
  }
}
