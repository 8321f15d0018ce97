import { paginateListObjectsV2, type ListObjectsV2CommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { inOrder, isKey } from '../key.ts';
import type { StoredFile } from '../storage.ts';

export interface Listing {
  readonly client: S3Client;
  readonly bucket: string;
  /** Of the storage; keys are named without it. */
  readonly root: string;
  readonly prefix: string;
  readonly signal: AbortSignal;
}

/** Every object below the prefix. Objects with names no storage makes, such as the empty ones consoles show as folders, are left out. */
export async function listObjects(listing: Listing): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  for await (const { page, key } of pages(listing, undefined)) {
    for (const { Key, Size } of page.Contents ?? []) {
      const name = key(Key).slice(listing.root.length);
      if (isKey(name)) files.push({ key: name, bytes: Size ?? 0 });
    }
  }
  return files.toSorted((a, b) => inOrder(a.key, b.key));
}

/** Names directly below the prefix; folders end with `/`. */
export async function listNames(listing: Listing): Promise<string[]> {
  const start = listing.root.length + listing.prefix.length;
  const names: string[] = [];
  for await (const { page, key } of pages(listing, '/')) {
    const keys = [...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix), ...(page.Contents ?? []).map(({ Key }) => Key)];
    names.push(...keys.map((name) => key(name).slice(start)).filter((name) => isKey(name.replace(/\/$/, ''))));
  }
  return names.toSorted(inOrder);
}

async function* pages({ client, bucket, root, prefix, signal }: Listing, delimiter: string | undefined) {
  // Without the encoding XML would lose spaces at the ends of a name; not every service knows it.
  const request = { Bucket: bucket, Prefix: root + prefix, Delimiter: delimiter, EncodingType: 'url' as const };
  for await (const page of paginateListObjectsV2({ client }, request, { abortSignal: signal })) {
    yield { page, key: (name: string | undefined) => decoded(page, name ?? '') };
  }
}

function decoded({ EncodingType }: ListObjectsV2CommandOutput, name: string): string {
  return EncodingType === 'url' ? decodeURIComponent(name.replaceAll('+', ' ')) : name;
}
