import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  paginateListParts,
  type MultipartUpload,
  type Part as StoredPart,
} from '@aws-sdk/client-s3';
import { statusOf } from './client.ts';
import type { Target } from './target.ts';

/** Where uploads are looked for. */
type Place = Pick<Target, 'client' | 'bucket' | 'key' | 'signal'>;

/** Uploads whose key begins so that nobody finished; none without the right to list them. */
export async function uploadsBelow(target: Place): Promise<MultipartUpload[]> {
  const found: MultipartUpload[] = [];
  let page: ListMultipartUploadsCommandOutput | undefined;
  do {
    page = await uploadsAfter(target, page);
    found.push(...(page?.Uploads ?? []));
  } while (page?.IsTruncated === true);
  return found;
}

/** Uploads of exactly this key that nobody finished, newest first. */
export async function openUploads(target: Target): Promise<MultipartUpload[]> {
  const found = (await uploadsBelow(target)).filter(({ Key }) => Key === target.key);
  const age = ({ Initiated }: MultipartUpload): number => Initiated?.getTime() ?? 0;
  return found.toSorted((a, b) => age(b) - age(a));
}

/** Undefined without the right to list them, and at a service that cannot: every upload begins anew there. */
function uploadsAfter({ client, bucket, key, signal }: Place, last: ListMultipartUploadsCommandOutput | undefined) {
  const from = { KeyMarker: last?.NextKeyMarker, UploadIdMarker: last?.NextUploadIdMarker };
  const request = new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key, ...from });
  return client.send(request, { abortSignal: signal }).catch((thrown: unknown) => {
    if (statusOf(thrown) === 403 || statusOf(thrown) === 501) return undefined;
    throw thrown;
  });
}

/** The parts of an upload that are there. */
export async function storedParts({ client, bucket, key, signal }: Target, id: string): Promise<StoredPart[]> {
  const found: StoredPart[] = [];
  for await (const page of paginateListParts({ client }, { Bucket: bucket, Key: key, UploadId: id }, { abortSignal: signal })) {
    found.push(...(page.Parts ?? []));
  }
  return found;
}

/** Gives up an upload. One that is gone is no error, and neither is a missing right: a lifecycle rule of the bucket clears up as well. */
export async function abortUpload({ client, bucket, key, signal }: Place, id: string): Promise<void> {
  const request = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: id });
  await client.send(request, { abortSignal: signal }).catch((thrown: unknown) => {
    if (statusOf(thrown) !== 404 && statusOf(thrown) !== 403) throw thrown;
  });
}
