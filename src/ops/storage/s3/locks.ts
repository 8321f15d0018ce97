import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { isNoSuchKey, keptBy } from './client.ts';

interface Bucket {
  readonly client: S3Client;
  readonly bucket: string;
  readonly signal: AbortSignal;
}

/** Why an object must not be removed yet, in words; null: nothing keeps it, or it is not there. */
export async function lockOn({ client, bucket, signal }: Bucket, key: string, now: Date): Promise<string | null> {
  const head = await client
    .send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal })
    .catch((thrown: unknown) => {
      if (isNoSuchKey(thrown)) return null;
      throw thrown;
    });
  return head === null ? null : keptBy(head, now);
}
