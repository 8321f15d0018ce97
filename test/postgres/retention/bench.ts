import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { withSession, type Session } from '../../../src/db/session.ts';
import { withAdvisoryLock } from '../../../src/db/advisory-lock.ts';
import { placeHold, releaseHold, type HoldPlace } from '../../../src/ops/retention/holds/place.ts';
import type { Hold } from '../../../src/ops/retention/holds/hold.ts';
import type { RuleOutcome, RunControl } from '../../../src/ops/retention/outcome.ts';
import { runRule } from '../../../src/ops/retention/run.ts';
import type { DeleteRule } from '../../../src/ops/retention/settings.ts';
import { ensureDbctlSchema } from '../../../src/ops/schema/dbctl-schema.ts';
import { readSchemaVersion } from '../../../src/ops/schema/schema-version.ts';
import type { ConnectionTarget } from '../../../src/runtime/connection/target.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

/** A rule with the values a test does not care about. */
export const rule = (fields: Partial<DeleteRule> = {}): DeleteRule => ({
  then: 'delete',
  name: 'the-rule',
  schema: 'public',
  table: 't',
  keep: '30 days',
  by: 'at',
  where: null,
  batch: 100,
  pauseMs: 0,
  maxTimeMs: 0,
  maxLagBytes: 64 * 1024 ** 2,
  basis: 'a test',
  ...fields,
});

export const REASON = 'the court asked for them';

export interface RetentionBench {
  readonly client: pg.Client;
  readonly database: TestDatabase;
  rows<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Values of the first column. */
  column<Value>(sql: string): Promise<Value[]>;
  /** A session with the settings of the commands. */
  session<T>(use: (session: Session) => Promise<T>, target?: ConnectionTarget): Promise<T>;
  run(wanted: DeleteRule, control?: Partial<RunControl>, target?: ConnectionTarget): Promise<RuleOutcome>;
  hold(table: string, place?: HoldPlace): Promise<Hold>;
  release(hold: Hold): Promise<Hold>;
}

export const SETTINGS = { row_security: 'off', timezone: 'UTC', datestyle: 'ISO' };

/** A database for the tests of one file, with schema dbctl as this dbctl makes it. */
export function retentionBench(template: 'empty' | 'migrated' = 'empty'): RetentionBench {
  let database: TestDatabase;
  let client: pg.Client;
  const session = <T>(use: (one: Session) => Promise<T>, target = database.target) =>
    withSession(target, { access: 'write', settings: SETTINGS }, use);
  beforeAll(async () => {
    database = await createTestDatabase({ template });
    client = new pg.Client({ connectionString: database.url, statement_timeout: 30_000 });
    await client.connect();
    await session((one) =>
      withAdvisoryLock(one, 'migrate', { waitMs: 10_000 }, async () =>
        ensureDbctlSchema(one, 'dbctl.schema_migrations', await readSchemaVersion(one)),
      ),
    );
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });
  const rows = async <Row extends object>(sql: string, values: readonly unknown[] = []) =>
    (await client.query<Row>(sql, [...values])).rows;
  return {
    get client() {
      return client;
    },
    get database() {
      return database;
    },
    rows,
    column: async <Value>(sql: string) =>
      (await client.query<Value[]>({ text: sql, rowMode: 'array' })).rows.map((row) => row[0] as Value),
    session,
    run: (wanted, control = {}, target) =>
      session(
        (one) =>
          runRule(one, wanted, { progress: silentProgress, signal: new AbortController().signal, deadline: null, ...control }),
        target,
      ),
    hold: (table, place = { scope: 'table' }) => {
      const [schema = '', name = ''] = table.split('.');
      return session((one) => placeHold(one, { schema, table: name, place, reason: REASON, reference: null, operator: 'tests' }));
    },
    release: (hold) => session((one) => releaseHold(one, hold.id, 'the case is closed', 'tests')),
  };
}
