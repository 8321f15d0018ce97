import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { rolesProject, type RolesProject } from './support/project.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
  await onServer(server.url(), 'create role boss', 'create role web login', 'create schema app');
});
afterAll(() => server.stop());

const NOTHING = { gives: [], takes: [], left: [] };

function project(name: string, value: string): RolesProject {
  return rolesProject(
    server.target(),
    `version: 1
owner: boss
schemas: [app]
public: { grants: [{ database: [temporary] }] }
roles:
  boss: { purpose: owns the schemas }
  web:
    purpose: the web application
    login: true
    settings: { ${name}: ${value} }
`,
  );
}

const stored = (): Promise<string[]> =>
  withSession(server.target(), { access: 'read' }, async (session) => {
    const rows = await session.rows<{ entry: string }>(
      `select u.entry from pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) as u (entry)
       where s.setrole = 'web'::pg_catalog.regrole order by 1`,
    );
    return rows.map(({ entry }) => entry);
  });

/** What roles.yaml says, and what pg_db_role_setting has then. */
const VALUES: readonly (readonly [name: string, yaml: string, stored: string])[] = [
  ['statement_timeout', '60s', 'statement_timeout=60s'],
  ['statement_timeout', '5000', 'statement_timeout=5000'],
  ['statement_timeout', '0', 'statement_timeout=0'],
  ['lock_timeout', '"1min"', 'lock_timeout=1min'],
  ['work_mem', '4MB', 'work_mem=4MB'],
  ['jit', 'false', 'jit=off'],
  ['jit', '"on"', 'jit=on'],
  ['default_transaction_read_only', 'true', 'default_transaction_read_only=on'],
  ['random_page_cost', '1.1', 'random_page_cost=1.1'],
  ['seq_page_cost', '"1e0"', 'seq_page_cost=1e0'],
  ['timezone', 'Europe/Paris', 'TimeZone=Europe/Paris'],
  ['datestyle', '"ISO, DMY"', 'DateStyle=ISO, DMY'],
  ['intervalstyle', 'iso_8601', 'IntervalStyle=iso_8601'],
  ['search_path', '"pg_catalog, pg_temp"', 'search_path=pg_catalog, pg_temp'],
  ['search_path', '""', 'search_path=""'],
  ['search_path', `'"$user", public'`, 'search_path="$user", public'],
  ['search_path', `'"We ird", "quo""te", "a,b", Größe'`, 'search_path="We ird", "quo""te", "a,b", "größe"'],
  ['search_path', 'App', 'search_path=app'],
  ['temp_tablespaces', '"pg_default"', 'temp_tablespaces=pg_default'],
  ['app.tenant', String.raw`"it's = \"odd\" \\ value"`, String.raw`app.tenant=it's = "odd" \ value`],
  ['app.empty', '""', 'app.empty='],
  ['app.percent', '"100% %I %s"', 'app.percent=100% %I %s'],
  ['app.number', '007', 'app.number=7'],
  ['app.text', '"007"', 'app.text=007'],
  ['role', 'boss', 'role=boss'],
  ['application_name', `"a 'b'"`, `application_name=a 'b'`],
];

describe('a setting of a role', () => {
  test.each(VALUES)('%s: %s is kept as it is, and not set again', async (name, yaml, expected) => {
    await onServer(server.url(), 'alter role web reset all');
    await project(name, yaml).apply();
    expect(await stored()).toEqual([expected]);
    expect(await project(name, yaml).plan()).toEqual(NOTHING);
  });

  /** What somebody set by hand, which is what roles.yaml says in other words, or is not. */
  const WORDS: readonly (readonly [name: string, yaml: string, sql: string, same: boolean])[] = [
    ['statement_timeout', '60s', "'1min'", true],
    ['statement_timeout', '60s', '60000', true],
    ['statement_timeout', '60s', "'60001'", false],
    ['statement_timeout', '0', "'0'", true],
    ['statement_timeout', '1', "'0'", false],
    ['work_mem', '4MB', "'4096'", true],
    ['work_mem', '4MB', "'4096kB'", true],
    ['work_mem', '4MB', "'5MB'", false],
    ['jit', 'true', "'yes'", true],
    ['jit', 'true', "'1'", true],
    ['jit', 'true', "'0'", false],
    ['default_transaction_read_only', 'true', 'true', true],
    ['search_path', '"app, pg_temp"', 'app,pg_temp', true],
    ['search_path', '"app, pg_temp"', "'app, pg_temp'", false],
    ['search_path', '"app, pg_temp"', 'pg_temp, app', false],
    ['app.flag', '"on"', "'true'", false],
    ['app.size', '"10"', "'10kB'", false],
  ];
  test.each(WORDS)('%s: %s against %s', async (name, yaml, sql, same) => {
    await project(name, yaml).apply();
    await onServer(server.url(), `alter role web set ${name} to ${sql}`);
    const { gives } = await project(name, yaml).plan();
    expect(gives.map(({ object }) => object)).toEqual(same ? [] : ['web']);
    await project(name, yaml).apply();
    expect(await project(name, yaml).plan()).toEqual(NOTHING);
  });
});
