import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncPath } from '../storage/durable.ts';
import { PARTIAL, removePartial, withRepositoryLock, type Repository } from './repository.ts';

/**
 * Makes a backup in a repository of this machine: `fill` writes into a folder beside the others, which gets its name when `fill` is done and
 * every file is on the disk. What a killed run left is removed. Fails with lock.held after a minute, and with what `fill` throws.
 */
export async function addBackup<T>(
  repository: Repository,
  newId: () => string,
  signal: AbortSignal,
  fill: (making: string, id: string) => Promise<T>,
): Promise<T> {
  const folder = repository.storage.folder ?? repository.work;
  return withRepositoryLock(repository, signal, async () => {
    await removePartial(folder);
    // Under the lock, so that names are in the order in which backups were made.
    const id = newId();
    const making = join(folder, `${PARTIAL}${id}`);
    await mkdir(making, { mode: 0o700 });
    try {
      const made = await fill(making, id);
      await syncTree(making);
      await rename(making, join(folder, id));
      await syncPath(folder);
      return made;
    } catch (thrown) {
      await rm(making, { recursive: true, force: true });
      throw thrown;
    }
  });
}

async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    // Rows may be anybody's secret: pg_dump leaves its files to the umask.
    if (!entry.isDirectory()) await chmod(path, 0o600);
    await syncPath(path);
  }
  await syncPath(folder);
}
