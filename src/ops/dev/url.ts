import type { RecordedServer } from './recorded.ts';
import { SUPERUSER } from './passfile.ts';

/**
 * The URL of a database on the server. Without the password it names the password file instead, which libpq reads (libpq
 * parameter `passfile`): `psql "$(dbctl dev url)"` then has no secret on its command line.
 */
export function devUrl(server: RecordedServer, database: string, withPassword: boolean): string {
  const secret = withPassword ? `:${server.password}` : '';
  const passfile = withPassword ? '' : `?passfile=${encodePath(server.state.passfile)}`;
  return `postgresql://${SUPERUSER}${secret}@127.0.0.1:${server.port}/${encodeURIComponent(database)}${passfile}`;
}

/** Slashes may stay as they are in the query of a URL, and the line is for people too. */
const encodePath = (path: string): string => encodeURIComponent(path).replaceAll('%2F', '/');
