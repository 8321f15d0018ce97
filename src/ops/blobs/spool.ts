import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Repository } from '../backup/repository.ts';
import { withLockFile } from '../process/lock.ts';

/** Beside archives; no id of one begins with a dot. */
const SPOOL = '.blobs';

/**
 * A folder of this machine for what is on its way to a destination, for one run at a time. What killed runs left there is taken away first: it was
 * nowhere recorded. Fails with lock.held where another run of this machine has it.
 */
export async function withSpool<T>(
  { name, work }: Repository,
  signal: AbortSignal,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const parent = join(work, SPOOL);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  return withLockFile(join(parent, 'lock'), { signal, waitMs: 10_000, what: `the blobs on their way to ${name}` }, async () => {
    for (const left of await readdir(parent))
      if (left.startsWith('run-')) await rm(join(parent, left), { recursive: true, force: true });
    const folder = await mkdtemp(join(parent, 'run-'));
    try {
      return await use(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}
