import { fail } from '../../core/errors.ts';
import type { Manifest } from '../backup/manifest.ts';
import { readText, type Repository } from '../backup/repository.ts';
import { KEY_FILE } from './data-key.ts';
import { unwrapKey } from './recipients.ts';

/**
 * The data key of a backup; null: it is not encrypted. Fails with refused where no identity is at hand or it does not open this one, with
 * backup.failed where `key.age` is missing, damaged or of another backup.
 */
export async function unlockBackup(repository: Repository, { id, encryption }: Manifest): Promise<Buffer | null> {
  if (encryption === null) return null;
  const { text } = await readKeyFile(repository, id);
  return unwrapKey(text, await repository.codec.identity(), encryption.keyCommitment);
}

/** Fails with backup.failed where it is missing. */
export async function readKeyFile(repository: Repository, id: string): Promise<{ readonly key: string; readonly text: string }> {
  const key = `${id}/${KEY_FILE}`;
  const text = await readText(repository, key);
  if (text !== null) return { key, text };
  return fail('backup.failed', `${id} in ${repository.name} has no ${KEY_FILE}`, {
    hint: 'Bring it from another copy of the repository: without it nothing of the backup opens.',
  });
}
