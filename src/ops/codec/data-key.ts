import { createHash, randomBytes } from 'node:crypto';
import { KEY_BYTES } from './frames.ts';

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
