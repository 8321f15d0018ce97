import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fail } from '../../core/errors.ts';

/** Where a secret is, as dbctl.yaml says it. */
export interface SecretPlace {
  readonly variable?: string | undefined;
  readonly file?: string | undefined;
}

export interface SecretSurroundings {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Files are relative to it. */
  readonly folder: string;
}

/** The secret, which is in no message. Fails with config.invalid where there is none, with secret.exposed on a file others may read. */
export async function readSecret(
  what: string,
  { variable, file }: SecretPlace,
  { variables, folder }: SecretSurroundings,
): Promise<string> {
  if (file !== undefined) return oneLine(what, file, await readOwnFile(what, resolve(folder, file), file));
  const found = variables[variable ?? ''] ?? '';
  if (found === '') absent(what, `the variable ${variable} is not set`);
  return oneLine(what, `the variable ${variable}`, found);
}

function oneLine(what: string, place: string, text: string): string {
  const line = text.trim();
  if (line === '' || /\s/.test(line)) absent(what, `${place} does not hold one word`);
  return line;
}

/** The mode is that of the file which is then read: one handle for both, or the name could be given to another file in between. */
async function readOwnFile(what: string, path: string, shown: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((thrown: NodeJS.ErrnoException) =>
    absent(
      what,
      thrown.code === 'ENOENT' ? `${shown} is not there` : `${shown} cannot be read: ${thrown.code ?? thrown.message}`,
    ),
  );
  try {
    const found = await file.stat();
    if (!found.isFile()) absent(what, `${shown} is not a file`);
    if ((found.mode & 0o077) !== 0) {
      fail('secret.exposed', `others may read ${what} in ${shown}: its mode is ${(found.mode & 0o777).toString(8)}`, {
        hint: `Take it back with chmod 600 ${shown}, and have a new key made: who could read this one can use it.`,
      });
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

const absent = (what: string, problem: string): never =>
  fail('config.invalid', `${what} is missing: ${problem}`, {
    hint: 'Name its place in backup.repositories of dbctl.yaml: {variable: NAME} or {file: PATH}.',
  });
