import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { ROLES_YAML, startShop, type Shop } from './support/drift.ts';
import { rolesProject } from './support/project.ts';

/** What names in roles.yaml mean: those that are wrong, and those of partitions. */
let shop: Shop;
beforeAll(async () => {
  shop = await startShop();
  await shop.run([
    'set role shop_owner',
    'create table app."We ird" (id int)',
    `create table app.months (at date, kept int) partition by range (at);
     create table app.months_2026 partition of app.months for values from ('2026-01-01') to ('2027-01-01')`,
    'create function app.total(a text) returns text language sql return a',
  ]);
});
afterAll(() => shop.server.stop());

/** The shop's file with one grant more for shop_read, or something else changed. */
const withGrant = (grant: string): string =>
  ROLES_YAML.replace(/( +- \{ on: \[app\.orders\], use: read \}\n)/, `$1      - ${grant}\n`);
const project = (yaml: string) => rolesProject(shop.server.target('shop'), yaml);

describe('a name that fits nothing', () => {
  test.each([
    ['{ on: [app.ordrs], use: read }', 'app.ordrs fits no table or view, did you mean app.orders'],
    ['{ on: [apq.orders], use: read }', 'apq.orders fits no table or view, did you mean app.orders'],
    ['{ on: [\'app."We irt"\'], use: read }', `app."We irt" fits no table or view, did you mean 'app."We ird"'`],
    ['{ on: [app.counter], use: read }', 'app.counter fits no table or view: app.counter is a sequence'],
    ['{ on: [app.invoices], use: read }', 'app.invoices fits no table or view'],
    ['{ sequences: [app.countr] }', 'app.countr fits no sequence, did you mean app.counter'],
    ['{ routines: ["app.totl(int)"] }', 'app.totl(int) fits no routine, did you mean "app.total(integer)"'],
    [
      '{ routines: ["app.total(uuid)"] }',
      'app.total(uuid) fits no routine, did you mean "app.total(integer)" or "app.total(text)"',
    ],
    ['{ types: [app.moood] }', 'app.moood fits no type, did you mean app.mood'],
    ['{ schemas: [opss] }', 'opss fits no schema, did you mean ops'],
    ['{ foreign_servers: [fra] }', 'fra fits no foreign server, did you mean far'],
    ['{ on: [app.secrets], select: [id, nmae] }', 'app.secrets has no column nmae, did you mean name'],
    ['{ on: [ops.*], use: read, except: [ops.job] }', 'except ops.job fits no table or view, did you mean ops.jobs'],
  ])('%s', async (grant, problem) => {
    const { words } = await project(withGrant(grant)).plan();
    expect(words?.map(({ id, message }) => `${id}: ${message}`)).toEqual([`roles-file-unmatched: ${problem}`]);
  });

  test('a role, a schema and a table with policies', async () => {
    const member = ROLES_YAML.replace('shop_owner: { inherit', 'shop_ownr: { inherit').replace(
      'role: shop_owner',
      'role: shop_ownr',
    );
    expect((await project(member).plan()).words).toMatchObject([
      { message: 'shop_deploy is to be a member of shop_ownr, and that role is not there, did you mean shop_owner' },
    ]);
    const schema = ROLES_YAML.replace('schemas: [app, ops]', 'schemas: [app, ops, pubic]');
    expect((await project(schema).plan()).words).toMatchObject([
      { object: 'pubic', message: 'roles.yaml:3 names the schema, and it is not there, did you mean public' },
    ]);
    const policies = ROLES_YAML.replace('app.orders: { policies', 'app.order: { policies');
    expect((await project(policies).plan()).words?.map(({ message }) => message)).toContain(
      'app.order of row_security is not there, did you mean app.orders',
    );
  });

  test('keeps nothing else from being applied, also where it is a column', async () => {
    const file = withGrant('{ on: [app.secrets], select: [id, nmae] }');
    await project(file).apply();
    const { gives, left } = await project(file).plan();
    expect([gives, left.map(({ kind }) => kind)]).toEqual([[], ['unmatched']]);
    await shop.project.apply();
  });
});

describe('a partition', () => {
  const file = withGrant('{ on: [app.months_2026], privileges: [select] }');
  const reads = (sql: string) =>
    withSession(shop.server.target('shop'), { access: 'write' }, async (session) => {
      await session.script('set role shop_read');
      return session.rows(sql).then(
        () => 'yes',
        (error: unknown) => (error as { sqlstate?: string }).sqlstate,
      );
    });

  test('that is named is granted, and then nothing is to do', async () => {
    await project(file).apply();
    expect(await project(file).plan()).toEqual({ gives: [], takes: [], left: [] });
    expect(await project(file).audit()).toEqual([]);
    expect([await reads('select from app.months_2026'), await reads('select from app.months')]).toEqual(['yes', '42501']);
    await shop.project.apply();
    expect(await reads('select from app.months_2026')).toBe('42501');
  });

  test('is covered by the right on its table for who goes through that, and a pattern leaves it out', async () => {
    for (const name of ['app.months', 'app.month*']) {
      await project(withGrant(`{ on: [${name}], use: read }`)).apply();
      expect([await reads('select from app.months'), await reads('select from app.months_2026')]).toEqual(['yes', '42501']);
    }
    await shop.project.apply();
  });
});
