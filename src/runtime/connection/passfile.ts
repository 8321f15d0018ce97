import { open } from 'node:fs/promises';
import { platform } from 'node:os';
import type { HostAddress } from './target.ts';

/** Folders that some build of libpq has as its default; for those a `localhost` line counts too. */
export const SOCKET_FOLDERS = ['/var/run/postgresql', '/run/postgresql', '/tmp'] as const;

export interface Login {
  readonly address: HostAddress;
  readonly database: string;
  readonly user: string;
}

export type PassfileAnswer =
  | { readonly kind: 'found'; readonly password: string }
  | { readonly kind: 'none'; readonly why: 'does not exist' | 'cannot be read' | 'has no line for this login' }
  /** Somebody else could have read or changed it, so nothing in it is used. */
  | { readonly kind: 'refused'; readonly why: string };

/**
 * Looks a password up in a .pgpass file as libpq does (https://www.postgresql.org/docs/18/libpq-pgpass.html): lines of
 * `host:port:database:user:password`, the first that fits wins, a field `*` fits everything, `\` takes `:` and `\` literally,
 * lines that begin with `#` are comments. A file that group or others may read or write is refused, on Windows excepted.
 */
export async function readPassfile(file: string, login: Login): Promise<PassfileAnswer> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => error);
  if (handle instanceof Error) return { kind: 'none', why: handle.code === 'ENOENT' ? 'does not exist' : 'cannot be read' };
  try {
    const { mode } = await handle.stat();
    if (!(await handle.stat()).isFile()) return { kind: 'refused', why: 'is not a plain file' };
    if (platform() !== 'win32' && (mode & 0o077) !== 0) {
      return {
        kind: 'refused',
        why: `can be read or written by others (mode 0${(mode & 0o777).toString(8)}); its mode must be 0600 or less`,
      };
    }
    const password = findPassword(await handle.readFile('utf8'), login);
    return password === undefined ? { kind: 'none', why: 'has no line for this login' } : { kind: 'found', password };
  } finally {
    await handle.close();
  }
}

/** The password of the first line that fits; it ends at the next `:` that has no `\` before it. */
export function findPassword(text: string, { address, database, user }: Login): string | undefined {
  const hosts = [address.host];
  if (SOCKET_FOLDERS.some((folder) => folder === address.host)) hosts.push('localhost');
  for (const raw of text.split('\n')) {
    const line = raw.replace(/\r+$/, '');
    if (line === '' || line.startsWith('#')) continue;
    const rest = hosts
      .map((host) => [host, String(address.port), database, user].reduce<string | undefined>(afterField, line))
      .find((one) => one !== undefined);
    if (rest !== undefined) return (/^(?:\\.|[^:\\]|\\$)*/s.exec(rest)?.[0] ?? '').replaceAll(/\\(.)/gs, '$1');
  }
  return undefined;
}

/** What follows the field, when it is `*` or spells `value`; undefined when it is another one. */
function afterField(line: string | undefined, value: string): string | undefined {
  if (line === undefined) return undefined;
  if (line.startsWith('*:')) return line.slice(2);
  const field = /^((?:\\.|[^:\\])*):/s.exec(line);
  return field?.[1]?.replaceAll(/\\(.)/gs, '$1') === value ? line.slice(field[0].length) : undefined;
}
