import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { runCli } from '../../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let project: string;
beforeAll(async () => {
  database = await createTestDatabase();
  project = await mkdtemp(join(tmpdir(), 'dbctl-own-checks-'));
  await write('dbctl.yaml', 'version: 1\nproject: shop\nenvironments:\n  dev: { url: { variable: DATABASE_URL } }\n');
});
afterAll(async () => {
  await database.drop();
  await rm(project, { recursive: true, force: true });
});

const write = (name: string, text: string) => writeFile(join(project, name), text);
async function reportOf(...args: string[]): Promise<Report & { status: number | null }> {
  const { status, stdout } = await runCli([...args, '--format', 'json'], { cwd: project, env: { DATABASE_URL: database.url } });
  return { ...(JSON.parse(stdout) as Report), status };
}

const CHECK = `--! title: Every table of the shop has an owner of its own
--! severity: medium
--! group: own
--! scope: database
--! needs: select pg_catalog.pg_tables
--! why: What belongs to a superuser is changed by nobody else.
--! fix: alter table {schema}.{table} owner to pg_database_owner;
--! refs: the policy of the shop
select pg_catalog.format('%I.%I', t.schemaname, t.tablename) as object,
       pg_catalog.format('table %I belongs to %I', t.tablename, t.tableowner) as detail,
       pg_catalog.jsonb_build_object('schema', t.schemaname, 'table', t.tablename) as data
  from pg_catalog.pg_tables t
 where t.schemaname = 'shop' and t.tableowner <> 'pg_database_owner'
 order by 1;
`;
const CASES = `--! case: a table of the superuser
create schema shop;
create table shop.orders ();
--! expect: shop.orders
--! says: table orders belongs to postgres
--! then: fixed

--! case: a table of the owner
create schema shop;
create table shop.orders ();
alter table shop.orders owner to pg_database_owner;
--! expect: none

--! case: the role may not see the tables
--! as: plain
revoke select on pg_catalog.pg_tables from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_tables to "verify_plain";
`;

describe('dbctl checks new', () => {
  it.each([
    ['log-orders', `ids that begin with "log-" are dbctl's own: "log-orders" could meet one of a later version`],
    ['tls', `ids that begin with "tls-" are dbctl's own: "tls" could meet one of a later version`],
    ['Shop_Orders', '"Shop_Orders" is no check id: lower-case words joined by hyphens, did you mean "shop-orders"?'],
    ['../x', '"../x" is no check id: lower-case words joined by hyphens'],
    ['ünïque', '"ünïque" is no check id: lower-case words joined by hyphens'],
  ])('refuses %s', async (id, message) => {
    const { status, error } = await reportOf('checks', 'new', id);
    expect(status).toBe(2);
    expect(error?.message).toContain(message);
  });

  it('writes nothing with --dry-run, and nothing over what is there', async () => {
    expect(await reportOf('checks', 'new', 'shop-owner', '--dry-run')).toMatchObject({
      status: 0,
      items: [{ message: 'would be written' }, {}],
    });
    expect(await reportOf('checks', 'new', 'shop-owner')).toMatchObject({
      status: 0,
      summary: { check: 'checks/shop-owner.sql', cases: 'checks/cases/shop-owner.sql' },
    });
    expect((await reportOf('checks', 'new', 'shop-owner')).error?.message).toBe('there is a check "shop-owner" already');
    expect(await readFile(join(project, 'checks/shop-owner.sql'), 'utf8')).toContain('--! title: TITLE');
  });
});

describe('dbctl checks test', () => {
  it('fails every case of a scaffold, and verify shows it as a finding', async () => {
    const report = await reportOf('checks', 'test');
    expect(report).toMatchObject({ status: 1, ok: false, summary: { checks: 1, cases: 3, fail: 3, pass: 0 } });
    expect(report.items.map(({ message }) => message.replace(/^[^:]*: /, ''))).toEqual([
      'expected "OBJECT", and the check says "not written yet"',
      'expected none, and the check says "not written yet"',
      'expected the fix "THE STATEMENT THAT SHOWS IT", and it is "grant select on pg_catalog.pg_class to \\"verify_plain\\";"',
    ]);
    expect((await reportOf('verify', '--only', 'shop-owner')).items).toMatchObject([
      { status: 'fail', object: 'not written yet', message: 'check shop-owner is a scaffold, and nobody has written it yet' },
    ]);
  });

  it('passes the cases of a check that was written', async () => {
    await write('checks/shop-owner.sql', CHECK);
    await write('checks/cases/shop-owner.sql', CASES);
    expect(await reportOf('checks', 'test', 'shop-owner')).toMatchObject({
      status: 0,
      summary: { checks: 1, cases: 3, pass: 3, fail: 0 },
      items: [{ status: 'pass', id: 'shop-owner', object: 'checks/cases/shop-owner.sql:1' }, {}, {}],
    });
  });

  it('says what a check with a fault does, where a case fails, is missing, or is of no check', async () => {
    await write('checks/shop-owner.sql', CHECK.replace("<> 'pg_database_owner'", "= 'nobody'"));
    await write(
      'checks/cases/shop-owner.sql',
      `${CASES.split('--! case: the role')[0]}--! case: nonsense\nselect 1/0;\n--! expect: none\n`,
    );
    await write('checks/cases/shop-gone.sql', CASES);
    const { items, status } = await reportOf('checks', 'test');
    expect(status).toBe(1);
    expect(items.map(({ object, message }) => `${object}: ${message}`)).toEqual([
      'checks/cases/shop-gone.sql: there is no check of this name: its cases are never run',
      'checks/cases/shop-owner.sql: no case in which it cannot look (as: plain): what is hidden from a role must not pass',
      'checks/cases/shop-owner.sql:1: a table of the superuser: expected "shop.orders", and the check says none',
      'checks/cases/shop-owner.sql:8: a table of the owner',
      'checks/cases/shop-owner.sql:14: nonsense: its setup or a fix failed: division by zero',
    ]);
  });

  it.each<[string[], string]>([
    [['shop-ownr'], 'no check "shop-ownr" of the project, did you mean "shop-owner"?'],
    [['log-connections'], 'no check "log-connections" of the project'],
  ])('refuses %j', async (ids, message) => {
    expect(await reportOf('checks', 'test', ...ids)).toMatchObject({ status: 2, error: { code: 'usage', message } });
  });

  it('refuses a file that is no case before it starts a server', async () => {
    await write('checks/cases/shop-owner.sql', '--! case: one\n--! expects: none\n');
    expect(await reportOf('checks', 'test')).toMatchObject({
      status: 2,
      error: {
        message: 'checks/cases/shop-owner.sql:2: unknown key expects, did you mean "expect"?',
        position: { file: 'checks/cases/shop-owner.sql', line: 2 },
      },
    });
  });
});
