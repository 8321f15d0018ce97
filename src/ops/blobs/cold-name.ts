import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type { Storage } from '../storage/storage.ts';

/** Everything about blobs is below it; no id of an archive begins so, and no archive is looked for in it. */
const ROOT = 'blobs';

/** So much of a key's commitment tells one data key from another. */
const COMMITMENT = 16;

/**
 * Where the copy of a blob lies in cold storage: under its own hash, so that blobs with one content have one copy. Under encryption the name says
 * with which data key as well: two runs at once, or of two databases, never write over what the other can open and they cannot.
 */
export function coldKey(sha256: string, commitment: string | null): string {
  const plain = `${ROOT}/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
  return commitment === null ? plain : `${plain}.${commitment.slice(0, COMMITMENT)}.enc`;
}

/** The name within its folder: what the key of an encrypted file is bound to. */
export const coldName = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

/** The wrapped data key of one run, for all its blobs. */
export const coldKeyFile = (commitment: string): string => `${ROOT}/keys/${commitment.slice(0, COMMITMENT)}.age`;

/** For people and for programs that know nothing of dbctl. */
export function coldUri({ place, folder }: Pick<Storage, 'place' | 'folder'>, key: string): string {
  if (folder !== null) return pathToFileURL(join(folder, key)).href;
  return place.endsWith('/') ? `${place}${key}` : `${place}/${key}`;
}
