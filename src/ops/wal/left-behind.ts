import type { Repository } from '../backup/repository.ts';
import type { StoredFile } from '../storage/storage.ts';
import { WAL_FOLDER } from './archive.ts';

/**
 * What a push that was killed had half-written into the archive: the server asked again, and the file came whole under its own name. Only what
 * nobody has touched for a day, since one that is younger may be of a push at work, which takes no lock.
 */
export const leftWal = async ({ storage }: Repository, now: Date): Promise<StoredFile[]> =>
  (await storage.leftBehind?.(WAL_FOLDER, now, 'list')) ?? [];

/** Takes it away. Fails with storage.failed; what is left then goes the next time. */
export async function removeLeftWal({ storage }: Repository, now: Date): Promise<void> {
  await storage.leftBehind?.(WAL_FOLDER, now, 'remove');
}
