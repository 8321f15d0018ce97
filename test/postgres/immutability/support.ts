import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { withSession, type Session } from '../../../src/db/session.ts';
import { installGuards, type InstallMode, type InstallResult } from '../../../src/ops/immutability/install.ts';
import { immutabilitySettings, type ImmutabilitySettings, type ProtectedTable } from '../../../src/ops/immutability/settings.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const project = fileURLToPath(new URL('../../../dbctl.yaml', import.meta.url));

/** What the reference project's dbctl.yaml says. */
export async function referenceSettings(): Promise<ImmutabilitySettings> {
  const loaded = await loadConfig({ file: project, cwd: dirname(project), env: 'dev', variables: {} });
  return immutabilitySettings(loaded.config);
}

/** Settings for tables of a test, with everything else as the defaults have it. */
export function settingsFor(...tables: readonly (Partial<ProtectedTable> & { readonly name: string })[]): ImmutabilitySettings {
  return {
    owner: 'dbctl_protected',
    runbook: 'runbooks/immutability-violation.md',
    partitionCreators: [],
    unlockers: [],
    archivers: [],
    archiveVerifiers: [],
    tables: tables.map((table) => ({ schema: 'public', generated: [], accept: [], probe: null, ...table })),
  };
}

/** A database for the tests of one file, and one superuser's connection to it. */
export interface GuardBench {
  readonly database: TestDatabase;
  readonly client: pg.Client;
  /** Rows of one statement, as superuser. */
  rows<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** SQLSTATE and message of a statement that fails; the word `done` when it does not. */
  refusal(sql: string): Promise<string>;
  session<T>(use: (session: Session) => Promise<T>): Promise<T>;
  install(settings: ImmutabilitySettings, mode?: InstallMode): Promise<InstallResult>;
  /** A connection as another role. Closed at the end of the file. */
  connectAs(role: string, password: string): Promise<pg.Client>;
}

export function guardBench(template: 'empty' | 'migrated' = 'migrated'): GuardBench {
  let database: TestDatabase;
  let client: pg.Client;
  const others: pg.Client[] = [];
  beforeAll(async () => {
    database = await createTestDatabase({ template });
    client = new pg.Client({ connectionString: database.url, statement_timeout: 20_000 });
    await client.connect();
  });
  afterAll(async () => {
    await Promise.all([client, ...others].map((one) => one.end()));
    await database.drop();
  });
  const session = <T>(use: (one: Session) => Promise<T>) => withSession(database.target, { access: 'write' }, use);
  return {
    get database() {
      return database;
    },
    get client() {
      return client;
    },
    rows: async <Row extends object>(sql: string, values: readonly unknown[] = []) =>
      (await client.query<Row>(sql, [...values])).rows,
    refusal: (sql) => refusalOf(client, sql),
    session,
    install: (settings, mode) => session((one) => installGuards(one, settings, mode)),
    connectAs: async (role, password) => {
      const url = new URL(database.url);
      Object.assign(url, { username: role, password });
      const other = new pg.Client({ connectionString: url.href, statement_timeout: 20_000 });
      await other.connect();
      others.push(other);
      return other;
    },
  };
}

/** SQLSTATE and message of a statement that fails, outside any transaction the test has open; `done` when it does not fail. */
export async function refusalOf(client: pg.Client, sql: string): Promise<string> {
  try {
    await client.query(sql);
    return 'done';
  } catch (thrown) {
    if (!(thrown instanceof pg.DatabaseError)) throw thrown;
    await client.query('rollback').catch(() => {});
    return `${thrown.code} ${thrown.message}`;
  }
}
