import { resolve } from 'node:path';
import { readSecretFile } from '../read-file.ts';
import type { Variables } from '../variables.ts';
import type { CheckedRole } from './schema.ts';

export type PasswordPlace = NonNullable<CheckedRole['password']>;

/**
 * The password that roles.yaml names a place for; undefined: its variable is not set. Blanks count, but for the newline at the end of a file.
 * Fails with secret.exposed where others can read the file, with config.invalid where it cannot be read.
 *
 * @param folder that of roles.yaml
 */
export async function readRolePassword(
  { variable, file }: PasswordPlace,
  { folder, variables }: { readonly folder: string; readonly variables: Variables },
): Promise<string | undefined> {
  if (file !== undefined) return readSecretFile(resolve(folder, file), file, 'the password');
  const value = variables[variable ?? ''];
  return value === '' ? undefined : value;
}

/** `variable PROD_PASSWORD`, `file secrets/web`: for messages. */
export const passwordPlaceText = ({ variable, file }: PasswordPlace): string =>
  file === undefined ? `variable ${variable}` : `file ${file}`;
