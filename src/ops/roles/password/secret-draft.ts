import { link, lstat, readFile, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail } from '../../../core/errors.ts';
import { syncPath, writeDurably } from '../../storage/durable.ts';

/**
 * A secret on its way into a file: on the disk under another name before the server knows it, and under its own after. Whenever the file is
 * there, what it holds works; when the run is killed in between, the draft holds it, and the next run finds that out.
 */
export interface SecretDraft {
  /** The file it will be. */
  readonly path: string;
  /** Where it waits. */
  readonly waiting: string;
}

export const draftOf = (path: string, role: string): SecretDraft => ({ path, waiting: `${path}.${role}.unpublished` });

/** Fails with refused where the file is there already: a secret that somebody may be using is not overwritten. */
export async function refuseTaken({ path }: SecretDraft): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there !== undefined) {
    fail('refused', `${path} is there already, and secrets are not overwritten`, {
      hint: 'Name a new file with --to-file, and remove the old one when nobody reads it any more.',
    });
  }
}

/** Writes it, mode 0600, and waits for the disk. Fails with config.invalid where the folder does not take it. */
export async function writeDraft({ path, waiting }: SecretDraft, secret: string): Promise<void> {
  try {
    await writeDurably(waiting, `${secret}\n`);
    await syncPath(dirname(path));
  } catch (thrown) {
    await rm(waiting, { force: true });
    fail('config.invalid', `${path} cannot be written: ${(thrown as NodeJS.ErrnoException).code ?? 'unknown reason'}`, {
      cause: thrown,
      hint: 'Name a file in a folder that is there and yours. The password was not changed.',
    });
  }
}

/** What an earlier run left; undefined: nothing. */
export async function readDraft({ waiting }: SecretDraft): Promise<string | undefined> {
  const text = await readFile(waiting, 'utf8').catch(() => undefined);
  return text?.trimEnd();
}

/**
 * Gives the draft its name, which must be free: a link fails where a rename would overwrite.
 * Fails with refused, naming the place where the secret waits.
 */
export async function publishDraft({ path, waiting }: SecretDraft): Promise<void> {
  try {
    await link(waiting, path);
  } catch (thrown) {
    fail('refused', `the password was changed, and ${path} could not be made: ${(thrown as NodeJS.ErrnoException).code}`, {
      cause: thrown,
      hint: `The secret is in ${waiting}: move it to where it belongs.`,
    });
  }
  await unlink(waiting);
  await syncPath(dirname(path));
}

export const removeDraft = ({ waiting }: SecretDraft): Promise<void> => rm(waiting, { force: true });
