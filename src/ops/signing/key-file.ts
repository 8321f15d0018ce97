import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail } from '../../core/errors.ts';

/** What a file that should hold a private key turned out to be. */
export type KeyFile =
  | { readonly kind: 'read'; readonly text: string }
  | { readonly kind: 'exposed'; readonly mode: string }
  | { readonly kind: 'none'; readonly problem: string };

/** The mode is that of the file which is then read: one handle for both, or the name could be given to another file in between. */
export async function readKeyFile(path: string, shown: string): Promise<KeyFile> {
  const none = (problem: string): KeyFile => ({ kind: 'none', problem: `${shown} ${problem}` });
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((thrown: NodeJS.ErrnoException) =>
    none(thrown.code === 'ENOENT' ? 'is not there' : `cannot be read: ${thrown.code ?? thrown.message}`),
  );
  if ('kind' in file) return file;
  try {
    const found = await file.stat();
    if (!found.isFile()) return none('is not a file');
    if ((found.mode & 0o077) !== 0) return { kind: 'exposed', mode: (found.mode & 0o777).toString(8) };
    return { kind: 'read', text: await file.readFile('utf8') };
  } finally {
    await file.close();
  }
}

/** Writes a private key, mode 0600, in a folder that is made if need be. Fails with refused, and never overwrites. */
export async function createKeyFile(path: string, text: string | Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'wx', 0o600).catch((thrown: NodeJS.ErrnoException) =>
    thrown.code === 'EEXIST'
      ? fail('refused', `${path} is there already`, { hint: 'A key is never overwritten: name another file.' })
      : fail('refused', `${path} cannot be written: ${thrown.code ?? thrown.message}`, {
          hint: 'Name a new file in a folder you may write to.',
        }),
  );
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
