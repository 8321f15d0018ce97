import { createHash } from 'node:crypto';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import type { WrappedSecret } from './identity.ts';
import { wrapText } from './recipients.ts';

/**
 * Key pairs of the archive of the log. A server archives without anybody's private key, and a recovery opens thousands of files with one
 * question to the identity: the key of each file is encrypted to the public half, and the private half, wrapped with age for the recipients,
 * lies in the archive.
 */
export interface LogKey {
  /** Names its file; 16 hexadecimal digits of the hash of its public half. */
  readonly id: string;
  /** Its public half. */
  readonly recipient: string;
}

/** Makes a pair. The private half leaves only wrapped. */
export async function newLogKey(recipients: readonly string[]): Promise<LogKey & { readonly wrapped: string }> {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  return { id: logKeyId(recipient), recipient, wrapped: await wrapText(`${identity}\n`, recipients) };
}

export const logKeyId = (recipient: string): string => createHash('sha256').update(recipient).digest('hex').slice(0, 16);

/** What the file of a pair wraps: its private half, in the form of age. */
export const wrappedLogKey = (file: string): WrappedSecret<string> => ({
  file,
  what: 'key of the log',
  loss: 'nothing of the log that was archived with it opens',
  parse: (text) => /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}(?=\n?$)/.exec(text)?.[0] ?? null,
});

/** Whether a text is such a file, as far as it can be seen without an identity. */
export const looksWrapped = (text: string): boolean =>
  text.startsWith('-----BEGIN AGE ENCRYPTED FILE-----\n') && /\n-----END AGE ENCRYPTED FILE-----\n?$/.test(text);
