import { createHash, randomBytes } from 'node:crypto';
import { KEY_BYTES } from './frames.ts';
import type { WrappedSecret } from './identity.ts';

/** Where the wrapped data key is in a backup: beside the manifest, and not covered by it, so that it can be wrapped anew. */
export const KEY_FILE = 'key.age';

export const newDataKey = (): Buffer => randomBytes(KEY_BYTES);

/**
 * What a signed manifest says of the key without giving it away, in hexadecimal. Whoever may write `key.age` cannot put another key there:
 * its commitment is another one.
 */
export const keyCommitment = (dataKey: Buffer): string =>
  createHash('sha256').update('dbctl data key v1\n').update(dataKey).digest('hex');

/** What is wrapped: a line, so that a person can read what `age --decrypt` brought out of which file. */
export const dataKeyText = (dataKey: Buffer): string => `DBCTL-DATA-KEY-1 ${dataKey.toString('hex')}\n`;

/** Reads the line; null where it is none. */
export function parseDataKey(text: string): Buffer | null {
  const [, hex] = /^DBCTL-DATA-KEY-1 ([0-9a-f]{64})\n?$/.exec(text) ?? [];
  return hex === undefined ? null : Buffer.from(hex, 'hex');
}

/** What `key.age` wraps. */
export const WRAPPED_DATA_KEY: WrappedSecret<Buffer> = {
  file: KEY_FILE,
  what: 'data key',
  loss: 'nothing of the backup opens',
  parse: parseDataKey,
};

const ARMOR =
  /^-----BEGIN AGE ENCRYPTED FILE-----\n((?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{1,64}={0,2})\n-----END AGE ENCRYPTED FILE-----\n?$/;

/** Bytes of age around what it encrypts: a nonce before, a tag behind. */
const AROUND = 16 + 16;

/** What is wrong with a wrapped key, as far as it can be seen without an identity; null: nothing. */
export function wrappedKeyProblem(text: string): string | null {
  const [, base64 = ''] = ARMOR.exec(text) ?? [];
  const bytes = Buffer.from(base64, 'base64').toString('latin1');
  const header = /^age-encryption\.org\/v1\n[^]*?\n--- [A-Za-z0-9+/]{43}\n/.exec(bytes);
  if (header === null) return `${KEY_FILE} is no armored age file`;
  const expected = dataKeyText(Buffer.alloc(KEY_BYTES)).length + AROUND;
  return bytes.length - header[0].length === expected ? null : `${KEY_FILE} holds no data key`;
}
