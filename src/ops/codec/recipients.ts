import { armor, Encrypter } from 'age-encryption';
import { fail } from '../../core/errors.ts';
import { dataKeyText, KEY_FILE, keyCommitment, WRAPPED_DATA_KEY } from './data-key.ts';
import type { Identity } from './identity.ts';

/**
 * The data key as an armored age file that each of the recipients (`age1…`) can open, and nobody else, the caller neither.
 * Fails with config.invalid on a recipient that is none.
 */
export const wrapKey = (dataKey: Buffer, recipients: readonly string[]): Promise<string> =>
  wrapText(dataKeyText(dataKey), recipients);

/** The same of another small text. */
export async function wrapText(text: string, recipients: readonly string[]): Promise<string> {
  if (recipients.length === 0) throw new RangeError('a key nobody can open is lost');
  const encrypter = new Encrypter();
  for (const recipient of recipients) addRecipient(encrypter, recipient);
  return armor.encode(await encrypter.encrypt(text));
}

/** A small text for one recipient, as age writes it, without armor. */
export async function wrapBytes(text: string, recipient: string): Promise<Buffer> {
  const encrypter = new Encrypter();
  addRecipient(encrypter, recipient);
  return Buffer.from(await encrypter.encrypt(text));
}

/** Only X25519: what every release of age opens. */
function addRecipient(encrypter: Encrypter, recipient: string): void {
  try {
    if (!/^age1[02-9ac-hj-np-z]{58}$/.test(recipient)) throw new RangeError('not an X25519 recipient');
    encrypter.addRecipient(recipient);
  } catch {
    // A private key pasted by mistake begins otherwise and is not shown.
    const shown = recipient.startsWith('age1') ? recipient : 'what stands there';
    fail('config.invalid', `not a recipient of age: ${shown}`, {
      hint: 'A recipient reads age1 and 58 more characters, as dbctl backup key and age-keygen print it. Copy it again.',
    });
  }
}

/**
 * The data key of a backup whose manifest has that commitment. Fails with refused where the identity does not open it, with backup.failed
 * where the wrapped key is damaged or of another backup.
 */
export async function unwrapKey(wrapped: string, identity: Identity, commitment: string): Promise<Buffer> {
  const dataKey = await identity.unwrap(wrapped, WRAPPED_DATA_KEY);
  if (keyCommitment(dataKey) === commitment) return dataKey;
  return fail('backup.failed', `${KEY_FILE} holds the key of another backup`, {
    hint: 'Bring the one of this backup from another copy of the repository: without it nothing opens.',
  });
}

/** The same key for other recipients: nothing else of the backup changes. Fails as {@link unwrapKey} and {@link wrapKey} do. */
export async function rewrapKey(
  wrapped: string,
  identity: Identity,
  commitment: string,
  recipients: readonly string[],
): Promise<string> {
  return wrapKey(await unwrapKey(wrapped, identity, commitment), recipients);
}
