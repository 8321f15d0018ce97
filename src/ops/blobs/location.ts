import { relative, resolve, sep } from 'node:path';
import { isKey } from '../storage/key.ts';

/** Where blobs may be before they go to cold storage. */
export type Address =
  | { readonly kind: 'folder'; /** Absolute. */ readonly root: string }
  | { readonly kind: 's3'; readonly bucket: string; /** Empty or ending with `/`. */ readonly prefix: string };

export interface Place {
  readonly name: string;
  readonly address: Address;
}

/** The place a location is in, and the key there; or why nothing is done with it. */
export type Resolved<P extends Place> = { readonly place: P; readonly key: string } | { readonly problem: string };

export const isResolved = <P extends Place>(one: Resolved<P>): one is { readonly place: P; readonly key: string } =>
  'place' in one;

/**
 * Reads a location as it stands in a proof row: `file:///…`, an absolute path, a path below the one folder there is, `s3://bucket/key`. Whoever
 * writes rows must not be able to have any other file read or removed: what leads outside of the places is refused. Whether a link stands in
 * the way is seen when the file is opened. Pure.
 */
export function resolveLocation<P extends Place>(location: string, places: readonly P[]): Resolved<P> {
  if (location.trim() === '') return { problem: 'the location is empty' };
  if (/[\u0000-\u001f\u007f]/.test(location)) return { problem: 'the location has a control character in it' };
  const [, scheme] = /^([a-z][a-z0-9+.-]*):/i.exec(location) ?? [];
  switch (scheme?.toLowerCase()) {
    case undefined:
      return location.startsWith('/') ? ofPath(location, places) : ofRelative(location, places);
    case 'file':
      return ofFileUrl(location, places);
    case 's3':
      return ofBucket(location, places);
    default:
      return { problem: `the location is of scheme ${scheme}, and blobs are moved from file and s3` };
  }
}

function ofFileUrl<P extends Place>(location: string, places: readonly P[]): Resolved<P> {
  const [, host, path] = /^file:\/\/([^/]*)(\/.*)$/i.exec(location) ?? [];
  if (host === undefined || path === undefined) return { problem: 'the location is no file URL: file:///… has three slashes' };
  if (host !== '' && host !== 'localhost')
    return { problem: `the location names the machine ${host}, and files of this one are moved` };
  if (/[?#]/.test(path))
    return { problem: 'the location has a query or a fragment: write %3F for a question mark, %23 for a number sign' };
  if (/%2f/i.test(path)) return { problem: 'the location hides a slash as %2F' };
  const decoded = decode(path);
  if (decoded === null) return { problem: 'the location is no file URL: a percent sign is written %25' };
  if (/[\u0000-\u001f\u007f]/.test(decoded)) return { problem: 'the location has a control character in it' };
  return ofPath(decoded, places);
}

function decode(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

function ofPath<P extends Place>(path: string, places: readonly P[]): Resolved<P> {
  const problem = upwards(path.slice(1));
  if (problem !== null) return { problem };
  for (const place of places) {
    if (place.address.kind !== 'folder') continue;
    const key = relative(place.address.root, resolve(path)).split(sep).join('/');
    if (key !== '' && !key.startsWith('../') && key !== '..') return keyed(place, key);
  }
  return outside(places, 'folder');
}

function ofRelative<P extends Place>(path: string, places: readonly P[]): Resolved<P> {
  const problem = upwards(path);
  if (problem !== null) return { problem };
  const folders = places.filter(({ address }) => address.kind === 'folder');
  if (folders.length > 1)
    return {
      problem: `the location could be below any of ${folders.map(({ name }) => name).join(', ')}: a path alone needs one folder`,
    };
  const [folder] = folders;
  return folder === undefined ? { problem: 'the location is a path, and no place of from is a folder' } : keyed(folder, path);
}

function ofBucket<P extends Place>(location: string, places: readonly P[]): Resolved<P> {
  const [, bucket, key = ''] = /^s3:\/\/([^/]*)(?:\/(.*))?$/is.exec(location) ?? [];
  if (bucket === undefined || bucket === '') return { problem: 'the location names no bucket: write s3://bucket/key' };
  if (key === '') return { problem: 'the location names no object: write s3://bucket/key' };
  const problem = upwards(key);
  if (problem !== null) return { problem };
  const place = places.find(
    ({ address }) =>
      address.kind === 's3' && address.bucket === bucket && key.startsWith(address.prefix) && key !== address.prefix,
  );
  if (place?.address.kind !== 's3') return outside(places, 's3');
  return keyed(place, key.slice(place.address.prefix.length));
}

/** Before anything is normalised: `/srv/a/../../etc` is inside of nothing once it is. */
function upwards(path: string): string | null {
  const names = path.split('/');
  if (names.includes('..')) return 'the location leads upwards (..)';
  if (names.includes('.') || names.includes(''))
    return 'the location has an empty name, or one that is a dot, between its slashes';
  return null;
}

function keyed<P extends Place>(place: P, key: string): Resolved<P> {
  return isKey(key) ? { place, key } : { problem: 'the location has a name in it that is too long, or no name of a file' };
}

function outside(places: readonly Place[], kind: Address['kind']): { readonly problem: string } {
  const known = places.filter(({ address }) => address.kind === kind).map(addressText);
  const what = kind === 'folder' ? 'folder' : 'bucket';
  if (known.length === 0) return { problem: `the location is in a ${what}, and no place of from is one` };
  return { problem: `the location is outside of ${known.join(' and ')}` };
}

/** `/srv/artifacts` or `s3://bucket/prefix/`. */
export const addressText = ({ address }: Place): string =>
  address.kind === 'folder' ? address.root : `s3://${address.bucket}/${address.prefix}`;
