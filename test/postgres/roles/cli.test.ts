import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli, type CliEnd } from '../../support/cli.ts';
import { databaseUrl } from '../../support/connection.ts';
import { startShop, ROLES_YAML, type Shop } from './support/drift.ts';

let shop: Shop;
let folder: string;

beforeAll(async () => {
  shop = await startShop();
  folder = await mkdtemp(join(tmpdir(), 'dbctl-roles-'));
  await writeFile(
    join(folder, 'dbctl.yaml'),
    'version: 1\nproject: shop\nenvironments:\n  dev: { url: { variable: SHOP_URL } }\n  prod: { url: { variable: SHOP_URL }, protected: true }\n',
  );
  await writeFile(join(folder, 'roles.yaml'), ROLES_YAML);
});
afterAll(async () => {
  await shop.server.stop();
  await rm(folder, { recursive: true, force: true });
});

const dbctl = (args: readonly string[], timeoutMs?: number): Promise<CliEnd> =>
  runCli(args, {
    cwd: folder,
    env: { SHOP_URL: databaseUrl(shop.server.url(), 'shop'), COLUMNS: '200' },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });

/** Without the breaks of lines. */
const said = (text: string): string => text.replaceAll(/\s+/g, ' ');

const drift = (): Promise<void> =>
  shop.run([
    'revoke delete on app.orders from shop_web',
    'grant update on app.orders to shop_read with grant option',
    'set role shop_read; grant update on app.orders to stranger; reset role',
    'alter role shop_read createrole',
  ]);

const TAKES = [
  'take update on table app.orders from shop_read; with it goes update on table app.orders from stranger, which shop_read granted',
  'shop_read becomes nocreaterole',
];

describe('dbctl roles, as a person or a pipeline runs it', () => {
  test('plan says what gives and what takes away, apart, and exits 1; --sql prints what would run', async () => {
    await drift();
    const { status, stdout } = await dbctl(['roles', 'plan', '--format', 'json']);
    expect(status).toBe(1);
    const report = JSON.parse(stdout) as { items: { effect: string; message: string; sql: string }[]; summary: object };
    expect(report.items.filter(({ effect }) => effect === 'takes').map(({ message }) => message)).toEqual(TAKES);
    expect(report.summary).toMatchObject({ gives: 1, takes: 2, left: 0, state: 'planned', lastApplied: null });
    const sql = await dbctl(['roles', 'plan', '--sql']);
    expect(sql.stdout).toBe(report.items.map((one) => `${one.sql};\n`).join(''));
  });

  test('what an exception accepts is left by plan and apply, and they say so', async () => {
    await shop.project.apply();
    await shop.run(['grant trigger on app.orders to shop_read', 'alter role shop_web createdb']);
    const exception = (id: string, role: string, accept: string, object: string, expires: string): string =>
      `  - { id: ${id}, role: ${role}, accept: ${accept}, object: "${object}", reason: until the move is over, owner: team, expires: "${expires}" }\n`;
    const file = (expires: string): string =>
      `${ROLES_YAML}exceptions:\n${exception('EX-1', 'shop_read', 'grant-excess', 'shop_read: trigger on table app.orders', expires)}` +
      exception('EX-2', 'shop_web', 'role-attribute', 'shop_web CREATEDB', expires);
    try {
      await writeFile(join(folder, 'roles.yaml'), file('2999-12-31'));
      const planned = await dbctl(['roles', 'plan', '--format', 'json']);
      expect(planned.status).toBe(0);
      const { items, summary } = JSON.parse(planned.stdout) as { items: { id: string; status: string }[]; summary: object };
      expect(items.map(({ id, status }) => `${id} ${status}`).toSorted()).toEqual([
        'grant-excess waived',
        'role-attribute waived',
      ]);
      expect(summary).toMatchObject({ gives: 0, takes: 0, left: 0, state: 'planned', lastApplied: null });
      const applied = await dbctl(['roles', 'apply', '--yes']);
      expect(applied.status).toBe(0);
      expect(said(applied.stdout)).toContain('Left as they are, by exceptions of the file: 2.');
      expect((await shop.project.plan()).takes.map(({ sql }) => sql)).toEqual([
        'revoke trigger on table app.orders from "shop_read"',
        'alter role "shop_web" nocreatedb',
      ]);
      // After its day it holds no more.
      await writeFile(join(folder, 'roles.yaml'), file('2020-12-31'));
      expect((await dbctl(['roles', 'apply', '--yes'])).status).toBe(1);
      expect((await shop.project.plan()).takes).toEqual([]);
    } finally {
      await writeFile(join(folder, 'roles.yaml'), ROLES_YAML);
      await shop.project.apply();
      await drift();
    }
  });

  test('apply asks, and where nobody is there to answer it does nothing', async () => {
    const { status, stderr } = await dbctl(['roles', 'apply']);
    expect(status).toBe(5);
    const asked = said(stderr);
    expect(asked).toContain('nobody is at the terminal to answer');
    expect(asked).toMatch(/dev: shop on [^ ]+:\d+ 1 step that gives/);
    expect(asked).toContain('1 step that gives: shop_web gets delete on table app.orders (roles.yaml:17)');
    expect(asked).toContain(`2 steps that take away: ${TAKES.join(' ')} Go on?`);
    expect(asked).toContain('Give --yes when this is what you want.');
    expect((await shop.project.plan()).takes).toHaveLength(2);
  });

  test('--dry-run says the same and does nothing, also with --yes', async () => {
    const { status, stdout } = await dbctl(['roles', 'apply', '--dry-run', '--yes']);
    expect(status).toBe(1);
    expect(said(stdout)).toContain(TAKES[0]);
    expect(said(stdout)).toContain('Nothing was changed; do it: dbctl roles apply --env dev.');
    expect((await shop.project.plan()).takes).toHaveLength(2);
  });

  test('a run that is killed has done nothing; the next does all of it', async () => {
    const blocker = new pg.Client({ connectionString: shop.server.url('shop') });
    await blocker.connect();
    await blocker.query('begin; lock table app.orders in access exclusive mode');
    const killed = await dbctl(['roles', 'apply', '--yes'], 6_000);
    expect(killed.status).toBe(null);
    await blocker.query('rollback');
    await blocker.end();
    await waitUntilGone();
    expect((await shop.project.plan()).takes).toHaveLength(2);
    expect((await dbctl(['roles', 'apply', '--yes'])).status).toBe(0);
    expect(await shop.project.plan()).toEqual({ gives: [], takes: [], left: [] });
  });

  test('eight runs at once all end well, and one of them did it', async () => {
    await drift();
    const ends = await Promise.all(Array.from({ length: 8 }, () => dbctl(['roles', 'apply', '--yes', '--format', 'json'])));
    expect(ends.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 0));
    const did = ends.map(({ stdout }) => (JSON.parse(stdout) as { summary: { takes: number } }).summary.takes);
    expect(did.filter((takes) => takes > 0)).toEqual([2]);
    expect(await shop.project.plan()).toEqual({ gives: [], takes: [], left: [] });
  });

  test('many findings are summed up for people, listed with --full, and always listed for programs', async () => {
    await shop.run([
      'create schema many authorization shop_owner',
      `do $do$ begin for i in 1..60 loop
         execute format('create table many.t%s (a int)', i); execute format('grant select on many.t%s to public', i);
       end loop; end $do$`,
    ]);
    await writeFile(join(folder, 'roles.yaml'), ROLES_YAML.replace('[app, ops]', '[app, ops, many]'));
    const [short, full, json] = await Promise.all([
      dbctl(['roles', 'audit']),
      dbctl(['roles', 'audit', '--full']),
      dbctl(['roles', 'audit', '--format', 'json']),
    ]);
    expect(short.stdout.split('\n').length).toBeLessThan(40);
    expect(short.stdout).toMatch(/high +object-owner +60 +many\.t1, many\.t2, many\.t3, …/);
    expect(short.stdout).toMatch(/high +grant-excess +PUBLIC +60 /);
    expect(said(short.stdout)).toMatch(
      /\d{3} findings\. .*Each, with who reaches it and its fix: dbctl roles audit --full --env dev\./,
    );
    expect(full.stdout).toContain('alter table many.t60 owner to "shop_owner";');
    const { items } = JSON.parse(json.stdout) as { items: { id: string }[] };
    expect(items.filter(({ id }) => id === 'object-owner' || id === 'grant-excess')).toHaveLength(120);
    const plan = await dbctl(['roles', 'plan']);
    expect(plan.stdout).toMatch(/gives +60 +owner: table many\.t1, /);
    expect(plan.stdout).toMatch(/takes +1 +take select on table many\.t60 from PUBLIC/);
    await writeFile(join(folder, 'roles.yaml'), ROLES_YAML);
    await shop.run(['drop schema many cascade']);
  });

  test('a right of a role that the file does not name is left to a person, who is told whose it is', async () => {
    await shop.run(['grant select on app.orders to stranger']);
    const { status, stdout } = await dbctl(['roles', 'plan', '--env', 'prod']);
    expect(status).toBe(1);
    expect(said(stdout)).toContain(
      'stranger: select on table app.orders: shop_owner granted it to stranger, a role that roles.yaml does not name, and roles.yaml does not say so',
    );
    expect(said(stdout)).toContain('Nothing that apply could do. 1 difference needs a person: dbctl roles audit --env prod');
    await shop.run(['revoke select on app.orders from stranger']);
  });

  test('a role that is missing is one finding', async () => {
    await shop.run(['drop owned by shop_read', 'drop role shop_read']);
    const { stdout } = await dbctl(['roles', 'audit', '--full']);
    expect(said(stdout)).toContain(
      'roles.yaml:23 declares the role, and it is not there; with it come 4 rights, memberships and settings',
    );
    expect(stdout.match(/role-missing/g)).toHaveLength(1);
    expect((await dbctl(['roles', 'apply', '--yes', '--env', 'prod'])).status).toBe(0);
  });

  test('a standby takes no roles', async () => {
    await drift();
    const { server } = shop;
    await server.halt();
    await server.give(join(server.data, 'standby.signal'), '');
    await server.start();
    const audit = await dbctl(['roles', 'audit']);
    expect(audit.status).toBe(1);
    const { status, stderr } = await dbctl(['roles', 'apply', '--yes']);
    expect(status).toBe(3);
    expect(said(stderr)).toContain('is a standby, and roles are made on the primary code: db.read-only (exit 3)');
  });
});

/** The server notices that a client was killed when it next has something to say to it. */
async function waitUntilGone(): Promise<void> {
  for (let left = 1; left > 0; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const client = new pg.Client({ connectionString: shop.server.url() });
    await client.connect();
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::int as count from pg_catalog.pg_stat_activity where application_name = 'dbctl roles'`,
    );
    await client.end();
    left = rows[0]?.count ?? 0;
  }
}
