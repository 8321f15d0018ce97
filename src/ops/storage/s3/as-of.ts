import { ListObjectVersionsCommand, type ListObjectVersionsCommandOutput } from '@aws-sdk/client-s3';
import { inOrder, isKey } from '../key.ts';
import type { StoredFile } from '../storage.ts';
import type { Listing } from './list.ts';

/** The version of an object that was the newest at a time. */
interface VersionThen {
  readonly name: string;
  readonly version: string | undefined;
  readonly bytes: number;
}

/** Every object below the prefix as it was then: what was written, overwritten or removed later does not count. */
export async function listAsOf(listing: Listing, at: Date): Promise<StoredFile[]> {
  const found: StoredFile[] = [];
  for await (const { name, bytes } of versionsAsOf(listing, at)) {
    const key = name.slice(listing.root.length);
    if (isKey(key)) found.push({ key, bytes });
  }
  return found.toSorted((a, b) => inOrder(a.key, b.key));
}

/** Names directly below the prefix; a service cannot group what was there at a time, so that everything below is listed. */
export async function listNamesAsOf(listing: Listing, at: Date): Promise<string[]> {
  const below = (await listAsOf(listing, at)).map(({ key }) => key.slice(listing.prefix.length));
  return [...new Set(below.map((name) => name.replace(/(?<=\/).*$/s, '')))].toSorted(inOrder);
}

/** The version of one object; undefined: it was not there. */
export async function versionAsOf(listing: Listing, at: Date): Promise<string | undefined> {
  for await (const { name, version } of versionsAsOf(listing, at)) {
    if (name === listing.root + listing.prefix) return version;
  }
  return undefined;
}

async function* versionsAsOf(listing: Listing, at: Date): AsyncGenerator<VersionThen> {
  const decided = new Set<string>();
  for await (const { Versions = [], DeleteMarkers = [], EncodingType } of pages(listing)) {
    const removed = DeleteMarkers.map((one) => ({ ...one, removed: true, Size: 0 }));
    const all = [...Versions.map((one) => ({ ...one, removed: false })), ...removed]
      .filter(({ LastModified }) => LastModified !== undefined && LastModified <= at)
      // Newest first, as in a page; of one moment the service's own order is not known here, and a removal counts.
      .toSorted((a, b) => Number(b.LastModified) - Number(a.LastModified) || Number(b.removed) - Number(a.removed));
    for (const { Key = '', VersionId, Size = 0, removed: gone } of all) {
      const name = EncodingType === 'url' ? decodeURIComponent(Key.replaceAll('+', ' ')) : Key;
      if (decided.has(name)) continue;
      decided.add(name);
      if (!gone) yield { name, version: VersionId, bytes: Size };
    }
  }
}

async function* pages({ client, bucket, root, prefix, signal }: Listing): AsyncGenerator<ListObjectVersionsCommandOutput> {
  let page: ListObjectVersionsCommandOutput | undefined;
  do {
    const from = { KeyMarker: page?.NextKeyMarker, VersionIdMarker: page?.NextVersionIdMarker };
    const request = new ListObjectVersionsCommand({ Bucket: bucket, Prefix: root + prefix, EncodingType: 'url', ...from });
    page = await client.send(request, { abortSignal: signal });
    // The marker comes back encoded as the keys do, and is sent decoded.
    if (page.EncodingType === 'url' && page.NextKeyMarker !== undefined)
      page = { ...page, NextKeyMarker: decodeURIComponent(page.NextKeyMarker.replaceAll('+', ' ')) };
    yield page;
  } while (page.IsTruncated === true);
}
