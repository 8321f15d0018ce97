import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail } from '../core/errors.ts';
import { failureReason } from './read-file.ts';

export const CONFIG_FILE = 'dbctl.yaml';

export interface Found {
  readonly file: string | undefined;
  /** A file of the wrong name met on the way. */
  readonly misnamed: string | undefined;
}

/**
 * Looks for dbctl.yaml in the folder and those above it, up to and including the first that holds `.git`: a project's commands
 * work from anywhere inside it and never pick up a stranger's file outside. Fails with config.invalid where it may not look.
 */
export async function findConfigFile(cwd: string): Promise<Found> {
  let misnamed: string | undefined;
  for (let folder = cwd; ; folder = dirname(folder)) {
    const file = join(folder, CONFIG_FILE);
    if (await fileExists(file)) return { file, misnamed: undefined };
    misnamed ??= (await fileExists(join(folder, 'dbctl.yml'))) ? join(folder, 'dbctl.yml') : undefined;
    if (dirname(folder) === folder || (await fileExists(join(folder, '.git')))) return { file: undefined, misnamed };
  }
}

export async function fileExists(path: string): Promise<boolean> {
  try {
    // Not stat: a symbolic link that leads nowhere is a mistake to report, not an absent file.
    await lstat(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    return fail('config.invalid', `cannot look for ${path}: ${failureReason(error)}`, {
      cause: error,
      hint: 'Name the project file with --config or DBCTL_CONFIG.',
    });
  }
}
