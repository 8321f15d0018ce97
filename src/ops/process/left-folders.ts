import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { processStart } from './process.ts';

/**
 * Removes what killed runs left in a folder: folders whose names are `prefix`, the id of the process they were for, and `-` with more behind it.
 * One of a process that lives stays, and so does what does not belong to this account: in a shared folder anybody may make something of that name.
 * `before` is called with the path of each that goes.
 */
export async function removeLeftFolders(
  folder: string,
  prefix: string,
  before: (path: string) => Promise<void> = async () => undefined,
): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, pid] = (name.startsWith(prefix) ? /^(\d+)-/.exec(name.slice(prefix.length)) : null) ?? [];
    if (pid === undefined || (await processStart(Number(pid))) !== undefined) continue;
    const path = join(folder, name);
    const left = await lstat(path).catch(() => null);
    if (left?.isDirectory() !== true || left.uid !== process.getuid?.()) continue;
    await before(path);
    await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
