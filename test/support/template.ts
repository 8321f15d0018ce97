import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { silentProgress } from '../../src/core/progress.ts';
import { ident } from '../../src/db/ident.ts';
import { withSession } from '../../src/db/session.ts';
import type { MigrateSettings } from '../../src/ops/migrate/settings.ts';
import { MIGRATE_SESSION_SETTINGS, migrateUp } from '../../src/ops/migrate/up.ts';
import type { ConnectionTarget } from '../../src/runtime/connection/target.ts';
import { onServer, targetOf } from './connection.ts';

export type MigratedTemplate = { readonly name: string } | { readonly problem: string };

/** The reference project's migrations, run as dbctl runs them. */
const settings: MigrateSettings = {
  folder: fileURLToPath(new URL('../../migrations', import.meta.url)),
  table: 'dbctl.schema_migrations',
  lockTimeoutMs: 2_000,
  lockRetries: 10,
  lockWaitMs: 60_000,
  statementTimeoutMs: 0,
  operator: { name: 'tests', commit: null, ciJob: null, toolVersion: 'test' },
};

/**
 * Makes the migrated template of this run. Its name is the run's own, so that two runs can share a server given by
 * DBCTL_TEST_DATABASE_URL.
 */
export async function prepareTemplate(url: string): Promise<MigratedTemplate> {
  const name = `dbctl_test_migrated_${randomBytes(4).toString('hex')}`;
  await onServer(url, `create database ${ident(name)} template template0`);
  try {
    await migrate(targetOf(url, name));
  } catch (thrown) {
    await onServer(url, `drop database ${ident(name)} with (force)`);
    throw thrown;
  }
  // Without connections allowed nobody can keep it from being copied.
  await onServer(url, `alter database ${ident(name)} is_template true allow_connections false`);
  return { name };
}

async function migrate(target: ConnectionTarget): Promise<void> {
  const options = { access: 'write', statementTimeoutMs: 0, settings: MIGRATE_SESSION_SETTINGS } as const;
  const control = { progress: silentProgress, signal: new AbortController().signal };
  await withSession(target, options, (session) => migrateUp(session, settings, control));
}

/** Drops the template at the end of the run. */
export async function dropTemplate(url: string, name: string): Promise<void> {
  await onServer(url, `alter database ${ident(name)} is_template false`, `drop database ${ident(name)} with (force)`);
}
