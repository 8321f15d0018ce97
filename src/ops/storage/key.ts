import { randomBytes } from 'node:crypto';
import { fail } from '../../core/errors.ts';

/** File systems take names of 255 bytes, object stores keys of 1,024 with their prefix. */
const LONGEST_NAME = 255;
const LONGEST_KEY = 900;

/**
 * True for a key every kind of storage can hold: names joined by `/`, none of them empty, `.` or `..`, so that a key never leads out of the
 * place; no control characters, which XML cannot carry and a terminal would obey.
 */
export function isKey(key: string): boolean {
  if (Buffer.byteLength(key) > LONGEST_KEY || /[\u0000-\u001f\u007f]|\p{Surrogate}/u.test(key)) return false;
  return key.split('/').every((name) => name !== '' && name !== '.' && name !== '..' && fits(name) && !isTemporary(name));
}

const fits = (name: string): boolean => Buffer.byteLength(name) <= LONGEST_NAME;

/** Fails with storage.failed when a storage could not hold a file under this key. */
export function checkKey(place: string, key: string): void {
  if (!isKey(key))
    fail('storage.failed', `${JSON.stringify(key)} is no key of a file in ${place}`, {
      hint: 'This is a defect in dbctl, or somebody made the name.',
    });
}

/** Fails with storage.failed for a prefix that is neither empty nor a key with `/` behind it. */
export function checkPrefix(place: string, prefix: string): void {
  if (prefix !== '' && !(prefix.endsWith('/') && isKey(prefix.slice(0, -1)))) checkKey(place, `${prefix}/`);
}

const TEMPORARY = /^\.dbctl-[0-9a-f]{12}\.tmp$/;

/** A name for a file that is being written. No listing shows it, and no key can be it. */
export const temporaryName = (): string => `.dbctl-${randomBytes(6).toString('hex')}.tmp`;

export const isTemporary = (name: string): boolean => TEMPORARY.test(name);

/** A temporary file this old was left by a run that was killed: none writes one file for longer. */
export const LEFT_AFTER_MS = 86_400_000;

/** Order of keys and names: by UTF-16 code units, the same for every kind of storage. */
export const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
