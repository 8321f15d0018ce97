import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { parseRolesFile, type RolesFile } from '../../../src/config/roles/load.ts';
import { withSession, type Session } from '../../../src/db/session.ts';
import { inTransaction } from '../../../src/db/transaction.ts';
import { loadParser } from '../../../src/ops/migrate/statements.ts';
import { applyRoles } from '../../../src/ops/roles/apply/apply.ts';
import { readInTransaction } from '../../../src/ops/roles/catalog/read.ts';
import { desiredState } from '../../../src/ops/roles/desired/state.ts';
import { differences } from '../../../src/ops/roles/difference/differences.ts';
import type { Comparison } from '../../../src/ops/roles/difference/inputs.ts';
import { roleOf } from '../../../src/ops/roles/explain/find-role.ts';
import { planRoles } from '../../../src/ops/roles/plan/plan.ts';
import { checkProposal } from '../../../src/ops/roles/suggest/check.ts';
import { observe, type Observation } from '../../../src/ops/roles/suggest/observe.ts';
import { appendRecord, readRecords } from '../../../src/ops/roles/suggest/record.ts';
import { readShapes } from '../../../src/ops/roles/suggest/shapes.ts';
import { suggestRights, usersOf, type Suggestion } from '../../../src/ops/roles/suggest/suggest.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { APP_SCHEMA } from './support/app-schema.ts';
import { WORKLOAD, WORKLOAD_SCHEMA } from './support/observed-workload.ts';

const fileOf = (role: string, grants: string): RolesFile =>
  parseRolesFile(
    `version: 1
owner: app_owner
schemas: [app]
others: ignore
public:
  grants: [{ types: ['*.*'] }]
roles:
  app_owner: { purpose: owns the schema app }
${grants.replace(`  ${role}:`, `  ${role}:\n    purpose: the app of this test\n    login: true\n    settings: { search_path: app }`)}
`,
    'roles.yaml',
    'dev',
  );

const WIDE = `  app:
    grants:
      - { on: [app.*], privileges: [select, insert, update, delete] }
      - { on: [app.open_orders, app.invoker_orders], privileges: [select] }
      - { routines: ["app.*"] }
      - { on: [app.members], privileges: [truncate] }`;

let server: TestServer;
let folder: string;
let suggestion: Suggestion;
let observation: Observation;

beforeAll(async () => {
  server = await startServer({
    auth: 'trust',
    settings: { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'all' },
  });
  folder = await mkdtemp(join(tmpdir(), 'dbctl-suggest-'));
  await loadParser();
  await onServer(
    server.url(),
    APP_SCHEMA,
    WORKLOAD_SCHEMA,
    `create extension pg_stat_statements; revoke temporary on database postgres from public;
     create role app_owner; create role app login; alter role app set search_path = app;
     grant usage on schema app to app; grant all on all tables in schema app to app; grant all on all sequences in schema app to app;
     grant execute on all routines in schema app to app; grant temporary on database postgres to app;
     grant set on parameter session_replication_role to app;
     select pg_stat_statements_reset()`,
  );
  const refused = await ranAs('app', WORKLOAD);
  expect(refused).toEqual([]);
  ({ suggestion, observation } = await withSession(server.target(), { access: 'read' }, (session) =>
    inTransaction(session, 'isolation level repeatable read, read only', async () => {
      const comparison = await compared(session, fileOf('app', WIDE));
      const observed = await observe(session, 'app', usersOf('app', comparison), new Date());
      const shapes = await readShapes(session);
      const inputs = { comparison, shapes };
      return { observation: observed, suggestion: suggestRights(roleOf('app', comparison.catalog), [observed], inputs) };
    }),
  ));
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function compared(session: Session, file: RolesFile): Promise<Comparison> {
  const catalog = await readInTransaction(session);
  const inputs = { catalog, insertable: new Map(), guardedSchemas: [], today: '2026-11-21' };
  return { file, desired: desiredState(file, inputs), catalog, guarded: null, today: '2026-11-21' };
}

/** Runs transactions as a role and rolls each back; what the server refused, with its words. */
async function ranAs(
  role: string,
  transactions: readonly (readonly string[])[],
  isEnough: (refused: string[]) => boolean = () => false,
): Promise<string[]> {
  const url = new URL(server.url());
  url.username = role;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  const refused: string[] = [];
  for (const statements of transactions) {
    await client.query('begin');
    for (const statement of statements) {
      const error = await client.query(statement).then(
        () => null,
        (thrown: Error & { code?: string }) => thrown,
      );
      if (error !== null) refused.push(`${statement}: ${error.message}`);
      if (error !== null) break;
    }
    await client.query('rollback');
    if (isEnough(refused)) break;
  }
  await client.end();
  return refused;
}

describe('roles suggest', () => {
  test('resolves all but what is opaque', () => {
    expect(WORKLOAD.length).toBeGreaterThanOrEqual(40);
    expect(suggestion.learned.resolved.length).toBeGreaterThanOrEqual(40);
    expect(suggestion.learned.unresolved.map(({ statement, reason }) => `${statement.text}: ${reason}`)).toEqual([
      expect.stringMatching(/^do .*DO is opaque/s),
    ]);
  });

  test('proposes exactly what the workload needs: nothing is denied, and without any one right something is', async () => {
    await onServer(
      server.url(),
      'create role fresh login; alter role fresh set search_path = app; grant usage on schema app to fresh',
    );
    const admin = new pg.Client({ connectionString: server.url() });
    await admin.connect();
    for (const { sql } of suggestion.rights) await admin.query(`grant ${sql} to fresh`);
    expect(await ranAs('fresh', WORKLOAD)).toEqual([]);
    const needless: string[] = [];
    for (const { sql, text } of suggestion.rights) {
      await admin.query(`revoke ${sql} from fresh`);
      const refused = await ranAs('fresh', WORKLOAD, (some) => some.length > 0);
      if (refused.length === 0) needless.push(text);
      await admin.query(`grant ${sql} to fresh`);
    }
    await admin.end();
    expect(suggestion.rights.length).toBeGreaterThan(40);
    expect(needless).toEqual([]);
  });

  test('the part of roles.yaml is enough, once it is applied', async () => {
    const file = fileOf('app', suggestion.yaml);
    await onServer(server.url(), 'create database copied template postgres');
    await withSession(server.target('copied'), { access: 'write' }, async (session) => {
      const planAgain = async (again: Session) => {
        const comparison = await compared(again, file);
        return planRoles(differences(comparison), comparison);
      };
      const signal = new AbortController().signal;
      await applyRoles(session, { agreed: await planAgain(session), planAgain, progress: silentProgress, signal });
    });
    const url = new URL(server.url('copied'));
    url.username = 'app';
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    for (const statements of WORKLOAD) {
      await client.query('begin');
      for (const statement of statements) await client.query(statement);
      await client.query('rollback');
    }
    await expect(client.query('select * from scribbles')).rejects.toThrow('permission denied for table scribbles');
    await client.end();
  });

  test('says what the file grants and nobody used, and what was used and it does not say', () => {
    expect(suggestion.unused.every(({ because }) => /^roles\.yaml:\d+$/.test(because))).toBe(true);
    const unused = suggestion.unused.map(({ privileges, target }) => `${privileges} on ${target}`);
    expect(unused).toContain('delete on table app.orders');
    // Two lines of the file: each is named for what it gives.
    expect(unused).toContain('insert, update, delete on table app.members');
    expect(unused).toContain('truncate on table app.members');
    // What nobody names is unused too, and a function that was called is not.
    expect(unused).toContain('execute on routine app.twice(integer)');
    expect(unused.join()).not.toContain('app.book');
    const unsaid = suggestion.unsaid.map(({ right }) => `${right.kind} ${right.privilege}`);
    expect(unsaid.toSorted()).toEqual(['database TEMPORARY', 'parameter SET', 'relation MAINTAIN', 'relation TRUNCATE']);
  });

  test('doubts what was not watched for long', () => {
    expect(suggestion.doubts.map(({ id }) => id)).toEqual(['window-short']);
    expect(suggestion.days).toBe(0);
  });

  test('plans every statement under the proposed rights, and leaves nothing behind', async () => {
    const statements = [...suggestion.learned.resolved, ...suggestion.learned.unresolved.map(({ statement }) => statement)];
    const count = (checked: readonly { outcome: string }[], outcome: string) =>
      checked.filter((one) => one.outcome === outcome).length;
    await withSession(server.target(), { access: 'write' }, async (session) => {
      const { rights, pathOf } = suggestion;
      const all = await checkProposal(session, statements, { rights, pathOf });
      expect(all.filter(({ outcome }) => outcome === 'denied')).toEqual([]);
      expect(count(all, 'accepted')).toBeGreaterThan(25);
      expect(count(all, 'not checkable')).toBeGreaterThan(5);
      const fewer = rights.filter(({ text }) => text !== 'SELECT (product) on app.lines');
      expect(fewer.length).toBe(rights.length - 1);
      const denied = (await checkProposal(session, statements, { rights: fewer, pathOf })).filter(
        ({ outcome }) => outcome === 'denied',
      );
      expect(denied.map(({ why }) => why)).toContain('permission denied for table lines');
      const left = await session.rows(`select r.rolname from pg_catalog.pg_roles r where r.rolname like 'dbctl_suggest%'`);
      expect(left).toEqual([]);
    });
  });

  test('a statement of a record cannot bring another one with it', async () => {
    await withSession(server.target(), { access: 'write' }, async (session) => {
      const text = 'select 1; drop table app.scribbles; commit';
      const statement = { text, toplevel: true, user: 'app', calls: 1, lastSeen: '' };
      const [one] = await checkProposal(session, [statement], { rights: [], pathOf: () => 'app' });
      expect(one?.outcome).toBe('not checkable');
      expect(await session.rows(`select 1 from pg_catalog.pg_class where relname = 'scribbles'`)).toHaveLength(1);
    });
  });
});

describe('records', () => {
  test('are private, leave literals out, and add up', async () => {
    const path = join(folder, 'app.jsonl');
    const secret = { ...statementOf(`alter role app password 'hunter2'`), queryid: '1' };
    const first: Observation = {
      ...observation,
      at: '2026-01-10T00:00:00.000Z',
      since: '2026-01-01T00:00:00.000Z',
      statements: [secret, statementOf('select 1', 5)],
    };
    await appendRecord(path, first);
    await appendRecord(path, { ...first, at: '2026-02-10T00:00:00.000Z', statements: [statementOf('select 1', 9)] });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const text = await readFile(path, 'utf8');
    expect(text).not.toContain('hunter2');
    const [one, two] = await readRecords(path);
    expect(one?.statements.map((each) => each.text)).toEqual([null, 'select 1']);
    expect(two?.statements[0]?.calls).toBe(9);
  });

  test('are refused where others may read them', async () => {
    const path = join(folder, 'open.jsonl');
    await writeFile(path, '');
    await chmod(path, 0o644);
    await expect(appendRecord(path, observation)).rejects.toMatchObject({
      code: 'secret.exposed',
      message: `${path} can be read by others (mode 644)`,
    });
  });

  test.each([
    ['half a line', '{"format":"dbctl.statem'],
    ['another file', '{"hello":1}'],
  ])('%s is named by its line', async (name, line) => {
    const path = join(folder, `${name.replaceAll(' ', '-')}.jsonl`);
    await writeFile(path, `\n${line}\n`);
    await expect(readRecords(path)).rejects.toMatchObject({
      code: 'config.invalid',
      message: `${path}:2 is no record of dbctl roles suggest --record`,
    });
  });
});

const statementOf = (text: string, calls = 1) => ({
  queryid: '7',
  user: 'app',
  text,
  toplevel: true,
  calls,
  since: '2026-01-01T00:00:00.000Z',
});
