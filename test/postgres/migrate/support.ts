import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { DbctlError } from '../../../src/core/errors.ts';
import { withSession, type Session } from '../../../src/db/session.ts';
import type { MigrateSettings } from '../../../src/ops/migrate/settings.ts';
import { MIGRATE_SESSION_SETTINGS, migrateUp, type UpOptions, type UpResult } from '../../../src/ops/migrate/up.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

/** A database and a folder of migrations of their own for each test of a file. */
export function migrationBench(): {
  readonly database: () => TestDatabase;
  readonly folder: () => string;
  write(files: Readonly<Record<string, string>>): void;
  settings(more?: Partial<MigrateSettings>): MigrateSettings;
  up(options?: Partial<UpOptions> & { settings?: Partial<MigrateSettings> }): Promise<UpResult>;
  session<T>(use: (session: Session) => Promise<T>): Promise<T>;
  rows<Row>(sql: string): Promise<Row[]>;
} {
  let database: TestDatabase;
  let folder: string;
  beforeEach(async () => {
    database = await createTestDatabase();
    folder = join(mkdtempSync(join(tmpdir(), 'dbctl-migrate-')), 'migrations');
    mkdirSync(folder);
  });
  afterEach(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });
  const settings = (more: Partial<MigrateSettings> = {}): MigrateSettings => ({
    folder,
    table: 'dbctl.schema_migrations',
    lockTimeoutMs: 2_000,
    lockRetries: 3,
    lockWaitMs: 30_000,
    statementTimeoutMs: 0,
    operator: { name: 'test@here', commit: 'abc123', ciJob: null, toolVersion: '0.0.0' },
    ...more,
  });
  const session = <T>(use: (session: Session) => Promise<T>): Promise<T> =>
    withSession(database.target, { access: 'write', settings: MIGRATE_SESSION_SETTINGS }, use);
  return {
    database: () => database,
    folder: () => folder,
    write: (files) => {
      for (const [name, sql] of Object.entries(files)) writeFileSync(join(folder, name), sql);
    },
    settings,
    up: ({ settings: more, ...options } = {}) =>
      session((open) =>
        migrateUp(open, settings(more), { progress: silentProgress, signal: new AbortController().signal, ...options }),
      ),
    session,
    rows: (sql) => session((open) => open.rows(sql)),
  };
}

/** The DbctlError a promise fails with; fails itself when it does not. */
export async function failure(promise: Promise<unknown>): Promise<DbctlError> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof DbctlError) return thrown;
    throw thrown;
  }
  throw new Error('it was expected to fail, and did not');
}
