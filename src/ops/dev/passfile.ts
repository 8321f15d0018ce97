import { readFile } from 'node:fs/promises';
import { writeSecretly } from './secret-file.ts';

/** PostgreSQL's own first user; the development server is the caller's alone, so there is no other. */
export const SUPERUSER = 'postgres';

/** Addresses under which a local program may know the server. Not `*`: the password must not go to a foreign host on the same port. */
const HOSTS = ['127.0.0.1', 'localhost'];

/**
 * Writes the password file in .pgpass format (host:port:database:user:password), mode 0600, for psql and for dbctl itself.
 * `password` holds neither a colon nor a backslash, so nothing is escaped.
 */
export async function writePassfile(path: string, port: number, password: string): Promise<void> {
  await writeSecretly(path, HOSTS.map((host) => `${host}:${port}:*:${SUPERUSER}:${password}\n`).join(''));
}

/** The password in the file; undefined when there is none (deleted, cut off, not ours). */
export async function readPassfile(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return /^127\.0\.0\.1:\d+:\*:postgres:([\w-]{16,})$/m.exec(text)?.[1];
}
