import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

/** A migrated database for the tests of one file, and one superuser's connection to it. */
export interface SchemaDatabase {
  readonly url: string;
  readonly target: TestDatabase['target'];
  readonly client: pg.Client;
}

/** Registers the hooks that make and drop it; its members may be read in tests and later hooks only. */
export function useSchemaDatabase(): SchemaDatabase {
  let database: TestDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    database = await createTestDatabase({ template: 'migrated' });
    client = await open(database.url);
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });
  return {
    get url() {
      return database.url;
    },
    get target() {
      return database.target;
    },
    get client() {
      return client;
    },
  };
}

/** Without a limit a lost race would hang until vitest's own, and say nothing. */
async function open(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, statement_timeout: 20_000 });
  await client.connect();
  return client;
}

/** `count` connections for the length of `use`. */
export async function withClients<T>(url: string, count: number, use: (clients: pg.Client[]) => Promise<T>): Promise<T> {
  const clients = await Promise.all(Array.from({ length: count }, () => open(url)));
  try {
    return await use(clients);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

/** The rows of one statement. */
export async function rowsOf<Row extends object>(
  client: pg.Client,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  return (await client.query<Row>(sql, [...values])).rows;
}

/** The first column of all rows. */
export async function columnOf<T>(client: pg.Client, sql: string, values: readonly unknown[] = []): Promise<T[]> {
  const { rows } = await client.query<[T]>({ text: sql, values: [...values], rowMode: 'array' });
  return rows.map(([value]) => value);
}

/** The first column of the first row. */
export async function valueOf<T>(client: pg.Client, sql: string, values: readonly unknown[] = []): Promise<T> {
  return (await columnOf<T>(client, sql, values))[0] as T;
}

/** A transaction that never stays. */
export async function rolledBack<T>(client: pg.Client, use: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    return await use();
  } finally {
    await client.query('rollback');
  }
}

/** How a statement that must be refused was refused: `23514 lab_sessions_status_check`; `done` when it was not. */
export async function refusal(client: pg.Client, sql: string, values: readonly unknown[] = []): Promise<string> {
  await client.query('savepoint attempt');
  try {
    await client.query(sql, [...values]);
    return 'done';
  } catch (thrown) {
    const { code = 'no SQLSTATE', constraint } = thrown as pg.DatabaseError;
    return [code, constraint].filter((part) => part !== undefined).join(' ');
  } finally {
    await client.query('rollback to savepoint attempt');
  }
}

/** Resolves as soon as the session waits for a lock; fails after five seconds. */
export async function untilBlocked(observer: pg.Client, pid: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    if (await valueOf<boolean>(observer, 'select pg_catalog.cardinality(pg_catalog.pg_blocking_pids($1)) > 0', [pid])) return;
    await observer.query('select pg_catalog.pg_sleep(0.01)');
  }
  throw new Error(`session ${pid} never waited for a lock`);
}

/** The backend behind a connection. */
export const pidOf = (client: pg.Client): Promise<number> => valueOf<number>(client, 'select pg_catalog.pg_backend_pid()');
