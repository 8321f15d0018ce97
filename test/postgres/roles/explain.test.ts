import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { parseRolesFile, type RolesFile } from '../../../src/config/roles/load.ts';
import { ident } from '../../../src/db/ident.ts';
import { withSession, type Session } from '../../../src/db/session.ts';
import { inTransaction } from '../../../src/db/transaction.ts';
import { applyRoles } from '../../../src/ops/roles/apply/apply.ts';
import { readInTransaction } from '../../../src/ops/roles/catalog/read.ts';
import { desiredState } from '../../../src/ops/roles/desired/state.ts';
import { differences } from '../../../src/ops/roles/difference/differences.ts';
import type { Comparison } from '../../../src/ops/roles/difference/inputs.ts';
import { explainObject, privilegeNamed, type Explained } from '../../../src/ops/roles/explain/explain-object.ts';
import { explainRole } from '../../../src/ops/roles/explain/explain-role.ts';
import { readExplainFacts } from '../../../src/ops/roles/explain/facts.ts';
import { findObject } from '../../../src/ops/roles/explain/find-object.ts';
import { roleOf } from '../../../src/ops/roles/explain/find-role.ts';
import { readObjectName } from '../../../src/ops/roles/explain/object-name.ts';
import { answerWords, explainedText } from '../../../src/ops/roles/explain/words.ts';
import { planRoles } from '../../../src/ops/roles/plan/plan.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { prepareTemplate } from '../../support/template.ts';

const NOW = new Date('2026-11-21T12:00:00Z');

let server: TestServer;
let file: RolesFile;
beforeAll(async () => {
  // Without passwords: each role connects by itself, so that the settings of its sessions hold.
  server = await startServer({ auth: 'trust' });
  const template = await prepareTemplate(server.url());
  if (!('name' in template)) throw new Error(template.problem);
  await onServer(server.url(), `create database lab template ${ident(template.name)}`);
  const path = fileURLToPath(new URL('../../../roles.yaml', import.meta.url));
  file = parseRolesFile(await readFile(path, 'utf8'), 'roles.yaml', 'dev');
  await withSession(server.target('lab'), { access: 'write' }, async (session) => {
    const planAgain = async (again: Session) => {
      const comparison = await compared(again);
      return planRoles(differences(comparison), comparison);
    };
    const signal = new AbortController().signal;
    await applyRoles(session, { agreed: await planAgain(session), planAgain, progress: silentProgress, signal });
    await session.script(`
      create role expired login valid until '2020-01-01' in role web_app;
      create role shut login connection limit 0 in role web_app;
      create role person login; grant connect on database lab to expired, shut; grant web_app to person with inherit false, set true;
      create role keeper login; grant task_runner to keeper with inherit false, set false, admin true;
      create role boss login superuser; create role outsider login;
      create role far login; grant usage on schema identity to far; grant connect on database lab to far;
      grant select on content.lessons, identity.auth_sessions to far`);
  });
});
afterAll(() => server.stop());

async function compared(session: Session): Promise<Comparison> {
  const catalog = await readInTransaction(session);
  const inputs = { catalog, insertable: new Map(), guardedSchemas: [], today: '2026-11-21' };
  return { file, desired: desiredState(file, inputs), catalog, guarded: null, today: '2026-11-21' };
}

async function explained(role: string, object: string, privilege?: string, more: Partial<Comparison> = {}): Promise<Explained[]> {
  return withSession(server.target('lab'), { access: 'read' }, (session) =>
    inTransaction(session, 'isolation level repeatable read, read only', async () => {
      const comparison = { ...(await compared(session)), ...more };
      const name = readObjectName(object);
      const facts = await readExplainFacts(session, name);
      const found = findObject(object, name, comparison.catalog, facts.withColumn);
      const only = privilege === undefined ? {} : { only: [privilegeNamed(privilege, found, comparison.catalog)] };
      return explainObject(roleOf(role, comparison.catalog), found, comparison, { facts, now: NOW, ...only });
    }),
  );
}

/** null: done; else the SQLSTATE the server refuses it with, whether at login or later. Nothing is kept. */
async function tried(role: string, statement: string): Promise<string | null> {
  const url = new URL(server.url('lab'));
  url.username = role;
  const client = new pg.Client({ connectionString: url.href });
  try {
    await client.connect();
    await client.query('begin');
    await client.query(statement);
    return null;
  } catch (thrown) {
    return (thrown as { code?: string }).code ?? String(thrown);
  } finally {
    await client.end();
  }
}

/** 42501 a right is missing; 25006 the session is read-only; 53300 no connection is left. */
const DENIED = ['42501', '25006', '53300'];

const PAIRS: readonly (readonly [role: string, object: string, privilege: string, statement: string])[] = [
  ['web_app_1', 'identity.users', 'select', 'select count(*) from identity.users'],
  ['web_app_1', 'identity.users', 'delete', 'delete from identity.users where false'],
  ['web_app_1', 'identity.users', 'truncate', 'truncate identity.users cascade'],
  ['web_app_1', 'audit.audit_log', 'select', 'select count(*) from audit.audit_log'],
  ['web_app_1', 'audit.audit_log', 'insert', 'insert into audit.audit_log default values'],
  ['web_app_1', 'content.lessons', 'update', 'update content.lessons set updated_at = updated_at where false'],
  ['web_app_1', 'content.lessons', 'delete', 'delete from content.lessons where false'],
  [
    'web_app_2',
    'execution.enqueue_verification(uuid, text, jsonb)',
    'execute',
    `select execution.enqueue_verification(null, 'x')`,
  ],
  [
    'task_runner_1',
    'execution.enqueue_verification(uuid, text, jsonb)',
    'execute',
    `select execution.enqueue_verification(null, 'x')`,
  ],
  ['task_runner_1', 'execution.lab_sessions.status', 'update', 'update execution.lab_sessions set status = status where false'],
  [
    'task_runner_1',
    'execution.lab_sessions.user_id',
    'update',
    'update execution.lab_sessions set user_id = user_id where false',
  ],
  ['daemon_1', 'jobs.jobs', 'select', 'select * from jobs.jobs'],
  ['daemon_1', 'jobs.jobs.state', 'select', 'select state from jobs.jobs'],
  ['daemon_1', 'schema jobs', 'usage', `select 'jobs.jobs'::regclass`],
  ['daemon_1', 'schema jobs', 'create', 'create table jobs.x ()'],
  ['daemon_1', 'schema identity', 'usage', `select 'identity.users'::regclass`],
  ['daemon_1', 'database', 'temporary', 'create temporary table x ()'],
  ['lab_migrator', 'schema jobs', 'create', 'set role none; create table jobs.x ()'],
  ['readonly', 'content.lessons', 'select', 'select * from content.lessons'],
  ['readonly', 'content.lessons', 'insert', 'insert into content.lessons default values'],
  ['readonly', 'identity.users.email', 'select', 'select email from identity.users'],
  ['readonly', 'identity.users.role', 'select', 'select role from identity.users'],
  ['backup', 'identity.users', 'select', 'select * from identity.users'],
  ['backup', 'identity.users', 'update', 'update identity.users set role = role'],
  ['archiver', 'audit.audit_log', 'select', 'select * from audit.audit_log'],
  ['archiver', 'audit.audit_log', 'delete', 'delete from audit.audit_log'],
  ['auditor', 'audit.audit_log', 'select', 'select * from audit.audit_log'],
  ['shut', 'identity.users', 'select', 'select count(*) from identity.users'],
  ['outsider', 'database', 'connect', 'select 1'],
  ['person', 'content.lessons', 'select', 'select * from content.lessons'],
  ['far', 'content.lessons', 'select', 'select * from content.lessons'],
  ['far', 'identity.auth_sessions', 'select', 'select * from identity.auth_sessions'],
  ['boss', 'identity.users', 'truncate', 'truncate identity.users cascade'],
  ['verify', 'parameter work_mem', 'set', `set work_mem = '8MB'`],
  ['verify', 'parameter log_min_duration_statement', 'set', 'set log_min_duration_statement = 1'],
  ['verify', 'parameter session_replication_role', 'set', 'set session_replication_role = replica'],
];

describe('roles explain', () => {
  const yes: boolean[] = [];
  test.each(PAIRS)('%s on %s %s is what the server does with: %s', async (role, object, privilege, statement) => {
    const [answer] = await explained(role, object, privilege);
    const error = await tried(role, statement);
    // Whatever else goes wrong comes after the rights were asked.
    expect(answer?.can, `${error}`).toBe(!DENIED.includes(error ?? ''));
    yes.push(answer?.can === true);
  });

  test('both answers were among them, often', () => {
    expect(yes.filter(Boolean).length).toBeGreaterThan(9);
    expect(yes.filter((can) => !can).length).toBeGreaterThan(9);
  });

  test('no grant opens what the guards of an append-only table refuse', async () => {
    const guarded = { owner: 'lab_owner', schemas: ['audit'] };
    const [one] = await explained('archiver', 'audit.audit_log', 'delete', { guarded });
    expect(one?.opens).toBe(null);
    expect(explainedText(one as Explained, 'archiver', 'roles.yaml')).toBe(
      'nobody granted it to the role, to one it reaches, or to PUBLIC; the table is append-only: its guards refuse it, whoever asks',
    );
  });

  test('says the chain, the line of the file, and what would open it', async () => {
    const text = async (role: string, object: string, privilege: string): Promise<string> => {
      const [one] = await explained(role, object, privilege);
      return one === undefined
        ? ''
        : `${answerWords(one)}: ${explainedText(one, role, 'roles.yaml')}`.replaceAll(/yaml:\d+/g, 'yaml:N');
    };
    expect(await text('web_app_1', 'content.lessons', 'update')).toMatchInlineSnapshot(
      `"yes: web_app_1 inherits web_app: lab_owner granted it to web_app; roles.yaml:N says so for web_app"`,
    );
    expect(await text('web_app_1', 'content.lessons', 'delete')).toMatchInlineSnapshot(
      `"no: nobody granted it to the role, to one it reaches, or to PUBLIC; to open it, roles.yaml would have to say under web_app: - { on: [content.lessons], privileges: [delete] }"`,
    );
    expect(await text('person', 'content.lessons', 'select')).toMatchInlineSnapshot(
      `"after SET ROLE: person can become web_app: lab_owner granted it to web_app; roles.yaml does not name the role"`,
    );
    expect(await text('keeper', 'jobs.tasks', 'update')).toMatchInlineSnapshot(
      `"after granting itself: keeper can grant itself task_runner: lab_owner granted it to task_runner; roles.yaml does not name the role"`,
    );
    expect(await text('readonly', 'identity.users', 'select')).toMatch(
      /^on columns: not on all of it: on the columns .*\bid\b.* alone; row-level security: only rows that users_select let; to open it, roles\.yaml would have to say under readonly: - \{ on: \[identity\.users\], privileges: \[select\] \}$/,
    );
    expect(await text('daemon_1', 'identity.users', 'select')).toMatchInlineSnapshot(
      `"no: nobody granted it to the role, to one it reaches, or to PUBLIC; to open it, roles.yaml would have to say under daemon: - { on: [identity.users], privileges: [select] }"`,
    );
    expect(await text('backup', 'identity.users', 'select')).toMatchInlineSnapshot(
      `"yes: backup inherits pg_read_all_data: pg_read_all_data has it in the server's own code, and no entry says so; row-level security is on, and BYPASSRLS of the role leaves it out; roles.yaml:N says so for pg_read_all_data"`,
    );
    expect(await text('boss', 'identity.users', 'truncate')).toMatchInlineSnapshot(
      `"yes: boss is superuser; row-level security is on, and a superuser is not held to it; roles.yaml does not name the role"`,
    );
    expect(await text('far', 'identity.auth_sessions', 'select')).toMatchInlineSnapshot(
      `"yes: lab_owner granted it to far; row-level security: only rows that auth_sessions_select let; roles.yaml does not name the role"`,
    );
    expect(await text('web_app_1', 'identity.users', 'select')).toMatchInlineSnapshot(
      `"yes: web_app_1 inherits web_app: lab_owner granted it to web_app; row-level security: only rows that users_select let; roles.yaml:N says so for web_app"`,
    );
  });

  test('says what keeps a role out', async () => {
    const about = async (role: string) => {
      const [one] = await explained(role, 'identity.users', 'select');
      return one?.obstacles.filter(({ kind }) => kind !== 'policies').map(({ message }) => message);
    };
    expect(await about('expired')).toEqual([expect.stringMatching(/^its password ended 2020-01-01.*no login by password/)]);
    expect(await about('shut')).toEqual(['its connection limit is 0: no session is let in']);
    expect(await about('outsider')).toEqual([
      'USAGE of the schema identity is missing, which it cannot come to have',
      'CONNECT on the database lab is missing',
    ]);
    expect(await about('web_app')).toEqual([
      'it does not log in by itself (NOLOGIN): it is reached by expired, person, shut, web_app_1, web_app_2',
    ]);
  });

  test('says what a role is', async () => {
    const facts = await withSession(server.target('lab'), { access: 'read' }, (session) =>
      inTransaction(session, 'isolation level repeatable read, read only', async () => {
        const comparison = await compared(session);
        return explainRole(roleOf('web_app_1', comparison.catalog), comparison, NOW);
      }),
    );
    const text = facts.map(({ about, text: words }) => `${about}: ${words}`).join('\n');
    expect(text).toContain('attributes: LOGIN');
    expect(text).toContain('member of: web_app (inherit true, set false, admin false; granted by postgres)');
    expect(text).toContain('setting: statement_timeout = 10s');
    expect(text).toMatch(/may: identity, tables: .*SELECT on all 4/);
  });

  test.each([
    ['no such thing', 'identity.user', 'there is no identity.user in this database', 'Did you mean identity.users?'],
    [
      'no such column',
      'identity.users.nothing',
      'there is no identity.users.nothing in this database',
      'Write it with its schema; of a function with its argument types, and of a column with its table.',
    ],
    [
      'not a name',
      'a..b',
      'not the name of an object: a..b',
      "Write it as SQL does, such as identity.users, identity.users.email, 'schema audit' or 'execution.claim(text)'.",
    ],
  ])('refuses %s', async (_name, object, message, hint) => {
    await expect(explained('web_app', object)).rejects.toMatchObject({ code: 'usage', message, hint });
  });

  test('refuses a role and a privilege that are not there', async () => {
    await expect(explained('web_ap', 'database')).rejects.toMatchObject({
      message: 'there is no role web_ap on this server',
      hint: 'Did you mean web_app?',
    });
    await expect(explained('web_app', 'schema audit', 'delete')).rejects.toMatchObject({
      message: 'a schema has no privilege delete',
      hint: 'It has usage, create.',
    });
  });

  test.each([
    ['schema audit', 2],
    ['database', 3],
    ['identity.users.email', 4],
    ['table identity.users', 8],
    ['language plpgsql', 1],
    ['parameter work_mem', 2],
    ['function execution.enqueue_verification(uuid,text,jsonb)', 1],
    ['execution.enqueue_verification', 1],
    ['"identity"."users"', 8],
    ['Identity.Users', 8],
  ])('finds %s', async (object, privileges) => {
    expect(await explained('web_app', object)).toHaveLength(privileges);
  });
});
