import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ServerAccount } from './account.ts';
import { runProgram } from './program.ts';

export interface ClosedFolder {
  readonly path: string;
  /** As chmod takes it: `0700`. */
  readonly mode: string;
}

/**
 * The first folder on the way to `folder`, itself included, into which a user cannot go; null: there is none. The user tries it, since access lists
 * and mounts have a say as well as modes. Fails where there is no such folder.
 */
export async function closedTo(account: ServerAccount, folder: string): Promise<ClosedFolder | null> {
  for (const path of wayTo(await realpath(folder))) {
    const { status } = await runProgram({ file: '/bin/sh', args: ['-c', 'test -x "$1"', 'sh', path], account });
    if (status !== 0) return { path, mode: ((await stat(path)).mode & 0o7777).toString(8).padStart(4, '0') };
  }
  return null;
}

/** From the root down. Pure. */
function wayTo(path: string): string[] {
  const above = dirname(path);
  return above === path ? [path] : [...wayTo(above), path];
}
