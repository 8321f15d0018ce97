import { withRepositoryLock, type Repository } from '../backup/repository.ts';
import type { KnownBackup } from '../backup/verify.ts';
import { rewrapLogKeys } from '../wal/log-keys.ts';
import { wrappedLogKey } from './log-key.ts';
import { rewrapKey, wrapText } from './recipients.ts';
import { noteFailure, type Rewrapped } from './rewrapped.ts';
import { readKeyFile } from './unlock.ts';

/**
 * Wraps the keys of backups for the recipients of now; their files are not touched. Each key is replaced whole or not at all, so that a run
 * that was killed can be run again. One that fails does not keep the others from it.
 * Fails with refused where there is no identity, with lock.held after a minute.
 */
export async function rewrapBackups(
  repository: Repository,
  backups: readonly KnownBackup[],
  signal: AbortSignal,
): Promise<readonly Rewrapped[]> {
  const identity = await repository.codec.identity();
  const rewrap = async (known: KnownBackup): Promise<Rewrapped> => {
    const { id } = known;
    if (known.state !== 'sealed') return { id, outcome: 'failed', problem: known.problem };
    const { encryption } = known.manifest;
    if (encryption === null) return { id, outcome: 'not encrypted', problem: null };
    const { key, text } = await readKeyFile(repository, id);
    const wrapped = await rewrapKey(text, identity, encryption.keyCommitment, repository.codec.recipients);
    await repository.storage.write(key, Buffer.from(wrapped));
    return { id, outcome: 'rewrapped', problem: null };
  };
  // Under the lock, so that nobody prunes a backup whose key is being written.
  return withRepositoryLock(repository, signal, async () => {
    const done: Rewrapped[] = [];
    for (const known of backups) {
      if (signal.aborted) break;
      done.push(await noteFailure(known.id, () => rewrap(known)));
    }
    return done;
  });
}

/** The same for the pairs the archive of the log is encrypted to. Fails with refused where there is no identity. */
export async function rewrapLog(repository: Repository): Promise<readonly Rewrapped[]> {
  const { codec } = repository;
  const identity = await codec.identity();
  return rewrapLogKeys(repository, async (wrapped, file) =>
    wrapText(`${await identity.unwrap(wrapped, wrappedLogKey(file))}\n`, codec.recipients),
  );
}
