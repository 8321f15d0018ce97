import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withSession } from '../../../../src/db/session.ts';
import { ensureDbctlSchema } from '../../../../src/ops/schema/dbctl-schema.ts';
import { auditRoles } from '../../../../src/ops/roles/audit/audit.ts';
import type { JudgedFinding } from '../../../../src/ops/roles/audit/exceptions.ts';
import { targetOf } from '../../../support/connection.ts';
import { startServer, type TestServer } from '../../../support/server.ts';
import { FIXTURE, ROLES_FILE } from './planted.ts';
import { readAudit } from './support.ts';

let server: TestServer;
let superuser: pg.Client;
beforeAll(async () => {
  server = await startServer();
  superuser = new pg.Client({ connectionString: server.url() });
  await superuser.connect();
  for (const statement of ['revoke all on database postgres from public', ...FIXTURE]) await superuser.query(statement);
});
afterAll(async () => {
  await superuser.end();
  await server.stop();
});

const definer = (rest: string): string =>
  `create function app.safe() returns bigint language sql security definer ${rest}; alter function app.safe() owner to app_owner`;
const view = (options: string): string =>
  `create view app.seen with (${options}) as select tenant from app.orders where tenant <> 2;
   alter view app.seen owner to app_owner; grant select on app.seen to mallory`;
const rowSecurity = `alter table app.orders enable row level security; alter table app.orders force row level security;
  create policy own on app.orders using (tenant = 1)`;

/** What looks like a finding and is none: `never` must not be found, with this planted. */
const CLEAN: readonly (readonly [why: string, never: string, sql: string])[] = [
  ['pg_temp is last', 'definer-temp-schema-first', definer(`set search_path = app, pg_temp as 'select count(*) from users'`)],
  ['an empty search_path', 'definer-temp-schema-first', definer(`set search_path = '' as 'select count(*) from app.users'`)],
  ['BEGIN ATOMIC', 'definer-without-search-path', definer('begin atomic select count(*) from app.users; end')],
  [
    'nobody may call it',
    'definer-without-search-path',
    `${definer(`as 'select count(*) from app.users'`)}; revoke execute on function app.safe() from public`,
  ],
  ['a view with security_invoker', 'view-over-row-security', `${rowSecurity}; ${view('security_invoker = true')}`],
  ['a view whose owner is held to the policies', 'view-over-row-security', `${rowSecurity}; ${view('security_barrier = true')}`],
  ['a view with security_barrier', 'view-as-filter', view('security_barrier = on')],
  ['a reader of the table itself', 'view-as-filter', `${view('check_option = local')}; grant select on app.orders to mallory`],
  ['forced row-level security', 'row-security-not-forced', `${rowSecurity}; grant app_owner to mallory`],
  [
    'a restrictive policy for PUBLIC',
    'restrictive-policy-not-inherited',
    `${rowSecurity}; create policy narrow on app.orders as restrictive using (tenant = 1); grant select on app.orders to mallory; grant grp to mallory with inherit false`,
  ],
  [
    'a member that inherits',
    'restrictive-policy-not-inherited',
    `${rowSecurity}; create policy narrow on app.orders as restrictive to grp using (tenant = 1); grant select on app.orders to mallory; grant grp to mallory`,
  ],
  ['TRUNCATE without policies', 'truncate-with-row-security', 'grant truncate on app.orders to mallory'],
  ['a role that nobody logs in as', 'create-on-schema', 'grant create on schema app to grp'],
  [
    'a role that superusers alone reach',
    'pg-execute-server-program',
    'create role root login superuser; grant pg_execute_server_program to grp; grant grp to root',
  ],
  ['a superuser’s own attribute', 'superuser-after-set-role', 'create role root login superuser'],
  [
    'the owner of the file',
    'create-on-database',
    'grant create on database postgres to app_owner; grant app_owner to mallory with inherit false',
  ],
  ['what initdb granted', 'system-object-granted', 'select 1'],
  ['parameters without secrets', 'secret-in-catalog', `alter role mallory set password_encryption = 'scram-sha-256'`],
  [
    'a mapping with a password that nobody shares',
    'user-mapping-shared',
    `create extension postgres_fdw; create server far foreign data wrapper postgres_fdw; grant usage on foreign server far to mallory; create user mapping for mallory server far options (user 'x', password 'y')`,
  ],
  [
    'a trigger function of the owner',
    'routine-owner-reached',
    `create function app.fire() returns trigger language plpgsql as 'begin return new; end'; alter function app.fire() owner to app_owner; create trigger fire before insert on app.users for each row execute function app.fire(); grant app_owner to mallory with inherit false`,
  ],
];

async function planted<T>(sql: string, use: () => Promise<T>): Promise<T> {
  await superuser.query(sql);
  try {
    return await use();
  } finally {
    await superuser.query('drop owned by app_owner, grp, mallory cascade; drop extension if exists postgres_fdw cascade');
    await superuser.query(`do $$ declare one name; begin
      for one in select rolname from pg_roles where oid >= 16384 loop execute format('drop owned by %I cascade; drop role %I', one, one); end loop; end $$`);
    for (const statement of FIXTURE) await superuser.query(statement);
  }
}

const audit = (user?: { name: string; password: string }): Promise<JudgedFinding[]> => {
  const url = new URL(server.url());
  if (user !== undefined) [url.username, url.password] = [user.name, user.password];
  return withSession(targetOf(url.href, 'postgres'), { access: 'read' }, async (session) => {
    const { comparison, details } = await readAudit(session, ROLES_FILE);
    return auditRoles(comparison, details);
  });
};

describe('no finding', () => {
  test.each(CLEAN)('%s: %s', async (_why, never, sql) => {
    const findings = await planted(sql, () => audit());
    expect(findings.filter(({ id }) => id === never)).toEqual([]);
  });
});

describe('kinds of passwords', () => {
  test('are unknown to a login, and known to a member of dbctl_auditor, who still reads no password', async () => {
    await superuser.query('grant connect on database postgres to mallory');
    const login = { name: 'mallory', password: 'm' };
    const before = (await audit(login)).filter(({ id }) => id === 'password-kind');
    expect(before.map(({ status, fix }) => ({ status, fix }))).toEqual([
      {
        status: 'unknown',
        fix: 'dbctl migrate up brings schema dbctl; then, as superuser: grant dbctl_auditor to the role that runs the audit;',
      },
    ]);
    await withSession(server.target(), { access: 'write' }, (session) =>
      ensureDbctlSchema(session, 'dbctl.schema_migrations', 0),
    );
    await superuser.query(`grant dbctl_auditor to mallory; create role plain login connection limit 1`);
    const after = (await audit(login)).filter(({ id }) => id === 'password-kind');
    expect(after.map(({ status, object, severity }) => [status, object, severity])).toEqual([['fail', 'plain', 'info']]);
    // The rights that the function needs reach nobody who logs in.
    expect((await audit()).filter(({ id }) => id === 'system-object-granted')).toEqual([]);
    const mallory = new pg.Client({ connectionString: server.url().replace(/postgres:[^@]*@/, 'mallory:m@') });
    await mallory.connect();
    await expect(mallory.query('select rolpassword from pg_authid')).rejects.toThrow('permission denied');
    await mallory.end();
    const { rows } = await superuser.query<{ text: string }>(
      `select string_agg(k::text, ' ') as text from dbctl.password_kinds() k`,
    );
    expect(rows[0]?.text).toContain('(mallory,scram-sha-256)');
    expect(rows[0]?.text).not.toContain('SCRAM');
  });
});
