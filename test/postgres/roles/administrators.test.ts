import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { ROLES_YAML, startShop, type Shop } from './support/drift.ts';
import { rolesProject } from './support/project.ts';

/** Roles that the file does not name under roles, and what they may do with the database. */
let shop: Shop;
beforeAll(async () => {
  shop = await startShop();
  await shop.run([
    'create role keeper login createrole',
    'create role chief superuser login',
    'create role guest login',
    'create role keepers',
    'create role deputy login in role keepers',
  ]);
});
afterAll(() => shop.server.stop());

const naming = (administrators: string) =>
  rolesProject(
    shop.server.target('shop'),
    ROLES_YAML.replace('schemas: [app, ops]', `schemas: [app, ops]\nadministrators: [${administrators}]`),
  );
const seen = async (administrators: string) => {
  const project = naming(administrators);
  const [findings, plan] = [await project.audit(), await project.plan()];
  return {
    audit: findings.map(({ id, object }) => `${id} ${object}`),
    plan: [...plan.gives, ...plan.takes].map(({ summary }) => summary),
    left: plan.left.map((one) => ('grantee' in one ? `${one.kind} ${one.grantee}` : one.kind)),
  };
};
const CLEAN = { audit: [], plan: [], left: [] };

describe('rights on the database', () => {
  test('CONNECT follows for administrators of another hand, who would be locked out with PUBLIC; then nothing is to do', async () => {
    expect(await seen('keeper, keepers')).toEqual({
      audit: ['grant-missing keeper: connect on database shop', 'grant-missing keepers: connect on database shop'],
      plan: [
        'keeper gets connect on database shop (it is one of the administrators)',
        'keepers gets connect on database shop (it is one of the administrators)',
      ],
      left: [],
    });
    await naming('keeper, keepers').apply();
    expect(await seen('keeper, keepers')).toEqual(CLEAN);
    const [row] = await connects('keeper', 'deputy', 'guest');
    expect(row).toEqual({ keeper: true, deputy: true, guest: false });
    await shop.run(['revoke connect on database shop from keeper, keepers']);
  });

  test('nothing follows for administrators who are not there, superusers, and the owner of the database', async () => {
    await shop.run(['alter database shop owner to shop_owner']);
    expect(await seen('nobody, chief, shop_owner')).toEqual(CLEAN);
  });

  test('what a superuser of another hand was granted gives it nothing, and is neither found nor planned', async () => {
    await shop.run(['grant connect, create on database shop to chief', 'grant select on app.orders to chief']);
    expect(await seen('keeper_to_be')).toEqual(CLEAN);
    await shop.run(['alter role chief nosuperuser']);
    expect((await seen('keeper_to_be')).left).toEqual(['grant-excess chief', 'grant-excess chief']);
    await shop.run([
      'revoke all on database shop from chief',
      'revoke all on app.orders from chief',
      'alter role chief superuser',
    ]);
  });

  test.each([
    ['keeper', 'create, temporary', ['grant-excess keeper']],
    ['guest', 'connect', ['grant-excess guest']],
  ])('what else %s was granted is found, and the plan leaves it to a person', async (role, rights, left) => {
    await shop.run([`grant ${rights} on database shop to ${role}`]);
    const found = await seen('keepers');
    expect(found.left).toEqual(left);
    expect(found.audit).toContain(`grant-excess ${role}: ${rights} on database shop`);
    await shop.run([`revoke all on database shop from ${role}`]);
  });
});

/** CREATE ROLE of who is no superuser ends with a membership that nobody wrote: ADMIN for the creator, granted by the bootstrap superuser. */
describe('memberships in roles of the file', () => {
  test('of a superuser of another hand give it nothing, and are neither found nor planned, until it is superuser no more', async () => {
    await shop.run(['grant shop_web, shop_owner to chief with admin true', 'grant shop_read to postgres with admin true']);
    expect(await seen('keeper_to_be')).toEqual(CLEAN);
    // What it passed on hangs on its ADMIN, which it keeps.
    await shop.run(['set role chief', 'grant shop_web to guest granted by chief']);
    expect((await seen('keeper_to_be')).audit).toEqual(['membership-excess guest in shop_web']);
    await shop.run(['revoke shop_web from guest granted by chief', 'alter role chief nosuperuser']);
    expect((await seen('keeper_to_be')).audit).toEqual([
      'membership-excess chief in shop_owner',
      'membership-excess chief in shop_web',
    ]);
    await shop.run(['revoke shop_web, shop_owner from chief', 'revoke shop_read from postgres', 'alter role chief superuser']);
  });

  test('that follow from CREATE ROLE are no finding with administrators, nor with a login that has their rights', async () => {
    await shop.run(['drop owned by shop_read; drop role shop_read', 'alter role deputy createrole']);
    await shop.run(['set session authorization deputy', 'create role shop_read login']);
    expect((await seen('keeper')).audit).toContain('membership-excess deputy in shop_read');
    await naming('deputy').apply();
    expect(await seen('deputy')).toEqual({ ...CLEAN, audit: [] });
    await shop.run(['revoke connect on database shop from deputy', 'grant connect on database shop to keepers']);
    expect(await seen('keepers')).toEqual(CLEAN);
    // A role that the file names is held to the file, whatever else it is in.
    await shop.run(['grant keepers to shop_web_1', 'grant shop_read to shop_web_1 with admin true']);
    expect((await seen('keepers')).audit).toEqual([
      'membership-excess shop_web_1 in keepers',
      'membership-excess shop_web_1 in shop_read',
    ]);
    await shop.run(['revoke keepers, shop_read from shop_web_1', 'revoke connect on database shop from keepers']);
  });

  test('with ADMIN alone on a superuser let nobody do anything, and the finding says so until it is none', async () => {
    const boss = ROLES_YAML.replace(
      'row_security:',
      '  shop_boss: { purpose: people in an emergency, attributes: [superuser] }\nrow_security:',
    );
    const project = rolesProject(
      shop.server.target('shop'),
      boss.replace('schemas: [app, ops]', 'schemas: [app, ops]\nadministrators: [deputy]'),
    );
    const about = async () => (await project.audit()).filter(({ object }) => object === 'guest in shop_boss');
    await shop.run(['create role shop_boss superuser', 'grant shop_boss to guest with admin true, inherit false, set false']);
    const tries = [
      'grant shop_boss to guest with set true',
      'grant shop_boss to stranger',
      'alter role shop_boss nologin',
      'drop role shop_boss',
    ];
    for (const sql of tries)
      await expect(shop.run(['set session authorization guest', sql]), sql).rejects.toMatchObject({ code: '42501' });
    expect(await about()).toMatchObject([
      {
        id: 'membership-excess',
        severity: 'low',
        message: expect.stringContaining('lets it do nothing while shop_boss is superuser') as string,
      },
    ]);
    await shop.run(['alter role shop_boss nosuperuser']);
    expect(await about()).toMatchObject([{ id: 'membership-excess', severity: 'high' }]);
    await shop.run(['set session authorization guest', 'grant shop_boss to guest with set true']);
    await shop.run(['drop role shop_boss']);
  });
});

function connects(...roles: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const columns = roles.map((role) => `has_database_privilege('${role}', 'shop', 'connect') as ${role}`).join(', ');
  return withSession(shop.server.target('shop'), { access: 'read' }, (session) => session.rows(`select ${columns}`));
}
