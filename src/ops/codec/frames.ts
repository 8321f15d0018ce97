import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';

/** Bytes a frame carries; only the last of a file may carry fewer. */
export const FRAME = 64 * 1024;

/** Bytes of the word before each frame: its length, and in the highest bit whether it is the last. */
export const WORD = 4;

/** Bytes of the GCM tag behind each frame. */
export const TAG = 16;

/** Data keys are for AES-256. */
export const KEY_BYTES = 32;

const MAGIC = Buffer.from('dbctl frames v1\n');
const VERSION = /^dbctl frames v(\d)\n$/;
const SALT = 32;
const CHECK = 16;
const LAST = 0x8000_0000;

export const HEADER = MAGIC.length + SALT + CHECK + CHECK;

/** What is derived from the data key for one file. */
export interface FileKeys {
  readonly key: Buffer;
  /** Tells a wrong data key from a changed file. GCM alone cannot, and takes ciphertexts that open under two keys. */
  readonly keyCheck: Buffer;
  /** Tells a renamed file from a changed one. */
  readonly nameCheck: Buffer;
}

export interface Header extends Pick<FileKeys, 'keyCheck' | 'nameCheck'> {
  readonly salt: Buffer;
}

/** The keys of the file that is called `name` in its backup. The salt makes them other ones when the same name is written again. */
export function deriveFileKeys(dataKey: Buffer, salt: Buffer, name: string): FileKeys {
  requireKey(dataKey);
  const derive = (info: string, bytes: number) => Buffer.from(hkdfSync('sha256', dataKey, salt, info, bytes));
  const file = derive(`dbctl frames v1 file ${name}`, KEY_BYTES + CHECK);
  return {
    key: file.subarray(0, KEY_BYTES),
    nameCheck: file.subarray(KEY_BYTES),
    keyCheck: derive('dbctl frames v1 key', CHECK),
  };
}

export function requireKey(dataKey: Buffer): void {
  if (dataKey.length !== KEY_BYTES) throw new RangeError(`a data key has ${KEY_BYTES} bytes`);
}

export const headerBytes = (salt: Buffer, { keyCheck, nameCheck }: FileKeys): Buffer =>
  Buffer.concat([MAGIC, salt, keyCheck, nameCheck]);

/** Reads the first {@link HEADER} bytes of a file; `foreign` is none of this format, a number its version where it is not this one. */
export function parseHeader(bytes: Buffer): Header | 'foreign' | number {
  const magic = bytes.subarray(0, MAGIC.length);
  if (!magic.equals(MAGIC)) return Number(VERSION.exec(magic.toString('latin1'))?.[1] ?? Number.NaN) || 'foreign';
  const [salt, key, name] = [MAGIC.length, MAGIC.length + SALT, MAGIC.length + SALT + CHECK];
  return { salt: bytes.subarray(salt, key), keyCheck: bytes.subarray(key, name), nameCheck: bytes.subarray(name, HEADER) };
}

/** Whether a file that ended within its header can have been of this format. */
export const beginsAsHeader = (bytes: Buffer): boolean => MAGIC.subarray(0, bytes.length).equals(bytes.subarray(0, MAGIC.length));

/** One frame: word, ciphertext, tag. */
export function sealFrame(key: Buffer, counter: number, last: boolean, plain: Buffer): readonly [Buffer, Buffer, Buffer] {
  const word = Buffer.allocUnsafe(WORD);
  word.writeUInt32BE((last ? LAST : 0) + plain.length);
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(counter, last), { authTagLength: TAG });
  // GCM is a stream: final() adds no bytes.
  const sealed = cipher.update(plain);
  cipher.final();
  return [word, sealed, cipher.getAuthTag()];
}

/** The content of a frame; null: its tag says that this key did not seal these bytes at this place. */
export function openFrame(key: Buffer, counter: number, last: boolean, sealed: Buffer, tag: Buffer): Buffer | null {
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(counter, last), { authTagLength: TAG });
  decipher.setAuthTag(tag);
  const plain = decipher.update(sealed);
  try {
    decipher.final();
    return plain;
  } catch {
    return null;
  }
}

/** Reads the word of a frame; null where no writer writes such a one. */
export function parseWord(word: number, counter: number): { readonly last: boolean; readonly bytes: number } | null {
  const last = word >= LAST;
  const bytes = last ? word - LAST : word;
  if (bytes > FRAME || (!last && bytes !== FRAME)) return null;
  return last && bytes === 0 && counter > 0 ? null : { last, bytes };
}

/**
 * STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015): the number of the frame and whether it is the last. A frame at another place, a missing
 * one and a file that ends early have no valid tag. The key is of one file, so no nonce comes twice.
 */
function nonceOf(counter: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(counter, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}
