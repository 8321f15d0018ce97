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

function connects(...roles: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const columns = roles.map((role) => `has_database_privilege('${role}', 'shop', 'connect') as ${role}`).join(', ');
  return withSession(shop.server.target('shop'), { access: 'read' }, (session) => session.rows(`select ${columns}`));
}
