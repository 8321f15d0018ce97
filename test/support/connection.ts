import pg from 'pg';
import { localTarget } from '../../src/ops/dev/target.ts';
import type { ConnectionTarget } from '../../src/runtime/connection/target.ts';

/** Runs statements one by one as superuser, in the server's own database. */
export async function onServer(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The same server and user, another database. */
export function databaseUrl(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
}

/** The same as a target of dbctl's own connections: without TLS, and with whatever password method the server asks for. */
export function targetOf(url: string, database: string): ConnectionTarget {
  const { hostname, port, username, password } = new URL(url);
  const address = { host: decodeURIComponent(hostname), port: Number(port || 5432), password: decodeURIComponent(password) };
  const { authentication: _any, ...target } = localTarget(address, database);
  return { ...target, user: decodeURIComponent(username) };
}
