import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rolesProject } from './support/project.ts';
import { expectFoundAndEnded, ROLES_YAML, startShop, type Drift, type Shop } from './support/drift.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop.server.stop());

/** Kind to people, target behind ON, and a privilege of it. */
const OBJECTS: readonly (readonly [what: string, target: string, privilege: string, grantor: string])[] = [
  ['table', 'table app.secrets', 'truncate', 'shop_owner'],
  ['view', 'table app.shown', 'select', 'shop_owner'],
  ['materialized view', 'table app.sums', 'update', 'shop_owner'],
  ['foreign table', 'table app.remote', 'select', 'shop_owner'],
  ['partitioned table', 'table app.parted', 'delete', 'shop_owner'],
  ['partition', 'table app.parted_1', 'select', 'shop_owner'],
  ['sequence', 'sequence app.counter', 'update', 'shop_owner'],
  ['procedure', 'routine app.tidy()', 'execute', 'shop_owner'],
  ['aggregate', 'routine app.product(integer)', 'execute', 'shop_owner'],
  ['schema', 'schema app', 'create', 'shop_owner'],
  ['database', 'database shop', 'temporary', 'shop_owner'],
  ['foreign data wrapper', 'foreign data wrapper wires', 'usage', 'postgres'],
  ['foreign server', 'foreign server far', 'usage', 'postgres'],
  ['large object', 'large object 4711', 'select', 'postgres'],
];

/** What PUBLIC has of these by default is in the file, or stays as it came: a role can have it besides. */
const OPEN_TO_ALL: typeof OBJECTS = [
  ['type', 'type app.mood', 'usage', 'shop_owner'],
  ['domain', 'type app.email', 'usage', 'shop_owner'],
  ['range', 'type app.span', 'usage', 'shop_owner'],
  ['language', 'language plpgsql', 'usage', 'postgres'],
];

const OF_THE_CLUSTER: typeof OBJECTS = [
  ['tablespace', 'tablespace pg_default', 'create', 'postgres'],
  ['parameter', 'parameter session_replication_role', 'set', 'postgres'],
];

const grantWord = (target: string): string => target.replace(/^routine app.tidy/, 'procedure app.tidy');

const toRole = [...OBJECTS, ...OPEN_TO_ALL, ...OF_THE_CLUSTER].map(([what, target, privilege, grantor]): Drift => ({
  name: `a login is granted ${privilege} on a ${what}`,
  sql: [`grant ${privilege} on ${grantWord(target)} to shop_read`],
  id: 'grant-excess',
  object: `shop_read: ${privilege} on ${target}`,
  says: `${grantor} granted it to shop_read, and roles.yaml does not say so; shop_read logs in with it`,
  plan: `revoke ${privilege} on ${target} from "shop_read"`,
}));

const toPublic = OBJECTS.map(([what, target, privilege, grantor]): Drift => ({
  name: `everybody is granted ${privilege} on a ${what}`,
  sql: [`grant ${privilege} on ${grantWord(target)} to public`],
  id: 'grant-excess',
  object: `PUBLIC: ${privilege} on ${target}`,
  says: `${grantor} granted it to PUBLIC, and roles.yaml does not say so; everybody has it`,
  plan: `revoke ${privilege} on ${target} from public`,
}));

const toPublicOfTheCluster = OF_THE_CLUSTER.map(([what, target, privilege, grantor]): Drift => ({
  name: `everybody is granted ${privilege} on a ${what}, which other databases share`,
  sql: [`grant ${privilege} on ${target} to public`],
  id: 'grant-excess',
  object: `PUBLIC: ${privilege} on ${target}`,
  says: `${grantor} granted it to PUBLIC, and roles.yaml does not say so: every database of the cluster shares it, and so a plan leaves it`,
  plan: null,
  undo: [`revoke ${privilege} on ${target} from public`],
}));

const OTHERS: readonly Drift[] = [
  {
    name: 'everybody may connect again, and make temporary tables',
    sql: ['grant all on database shop to public'],
    id: 'grant-excess',
    object: 'PUBLIC: all on database shop',
    says: 'shop_owner granted it to PUBLIC',
    plan: 'revoke all on database shop from public',
  },
  {
    name: 'everybody may call a function again',
    sql: ['grant execute on function app.total to public'],
    id: 'grant-excess',
    object: 'PUBLIC: execute on routine app.total(integer)',
    says: 'shop_owner granted it to PUBLIC',
    plan: 'revoke execute on routine app.total(integer) from public',
  },
  {
    name: 'everybody reads a column',
    sql: ['grant select (secret) on app.secrets to public'],
    id: 'grant-excess',
    object: 'PUBLIC: select (secret) on table app.secrets',
    says: 'shop_owner granted it to PUBLIC',
    plan: 'revoke select (secret) on table app.secrets from public',
  },
  {
    name: 'a group is granted a column',
    sql: ['grant update (secret) on app.secrets to shop_web'],
    id: 'grant-excess',
    object: 'shop_web: update (secret) on table app.secrets',
    says: 'shop_web_1 inherits shop_web: now; shop_web_2 inherits shop_web: now',
    plan: 'revoke update (secret) on table app.secrets from "shop_web"',
  },
  {
    name: 'the whole table where the file grants columns: REVOKE takes the columns too, and they are granted again',
    sql: ['grant select on app.secrets to shop_web'],
    id: 'grant-excess',
    object: 'shop_web: select on table app.secrets',
    says: 'shop_owner granted it to shop_web, and roles.yaml does not say so',
    plan: 'grant select ("id", "name") on table app.secrets to "shop_web"',
  },
  {
    name: 'a table right is missing',
    sql: ['revoke delete on app.orders from shop_web'],
    id: 'grant-missing',
    object: 'shop_web: delete on table app.orders',
    says: 'it is not granted by the owner, and should be (roles.yaml:17)',
    plan: 'grant delete on table app.orders to "shop_web"',
  },
  {
    name: 'a column right is missing',
    sql: ['revoke select (name) on app.secrets from shop_web'],
    id: 'grant-missing',
    object: 'shop_web: select (name) on table app.secrets',
    says: 'roles.yaml:19',
    plan: 'grant select ("name") on table app.secrets to "shop_web"',
  },
  {
    name: 'a right on a materialized view is missing',
    sql: ['revoke select on app.sums from shop_web'],
    id: 'grant-missing',
    object: 'shop_web: select on table app.sums',
    says: 'roles.yaml:18',
    plan: 'grant select on table app.sums to "shop_web"',
  },
  {
    name: 'a sequence is missing',
    sql: ['revoke usage on sequence app.counter from shop_web'],
    id: 'grant-missing',
    object: 'shop_web: usage on sequence app.counter',
    says: 'roles.yaml:21',
    plan: 'grant usage on sequence app.counter to "shop_web"',
  },
  {
    name: 'a function is missing',
    sql: ['revoke execute on function app.total from shop_web'],
    id: 'grant-missing',
    object: 'shop_web: execute on routine app.total(integer)',
    says: 'roles.yaml:22',
    plan: 'grant execute on routine app.total(integer) to "shop_web"',
  },
  {
    name: 'a schema is closed',
    sql: ['revoke usage on schema app from shop_read'],
    id: 'grant-missing',
    object: 'shop_read: usage on schema app',
    says: 'what is granted in it',
    plan: 'grant usage on schema app to "shop_read"',
  },
  {
    name: 'the database is closed to a login',
    sql: ['revoke connect on database shop from shop_web_2'],
    id: 'grant-missing',
    object: 'shop_web_2: connect on database shop',
    says: 'it logs in',
    plan: 'grant connect on database shop to "shop_web_2"',
  },
  {
    name: 'what PUBLIC should have of a type is missing',
    sql: ['revoke usage on type app.mood from public'],
    id: 'grant-missing',
    object: 'PUBLIC: usage on type app.mood',
    says: 'it is not granted by the owner',
    plan: 'grant usage on type app.mood to public',
  },
  {
    name: 'a stranger is granted a table: reported, and left',
    sql: ['grant select on app.orders to stranger'],
    id: 'grant-excess',
    object: 'stranger: select on table app.orders',
    says: 'shop_owner granted it to stranger, a role that roles.yaml does not name, and roles.yaml does not say so; stranger logs in with it',
    plan: null,
    undo: ['revoke select on app.orders from stranger'],
  },
  {
    name: 'a stranger is granted CREATE on the database: reported, and left',
    sql: ['grant create on database shop to stranger'],
    id: 'grant-excess',
    object: 'stranger: create on database shop',
    says: 'a role that roles.yaml does not name',
    plan: null,
    undo: ['revoke create on database shop from stranger'],
  },
];

describe.each([
  ['one role', toRole],
  ['PUBLIC', toPublic],
  ['PUBLIC of what databases share', toPublicOfTheCluster],
  ['what is missing, and columns', OTHERS],
])('drift of the rights of %s', (_, drifts) => {
  test.each(drifts)('$name', (drift) => expectFoundAndEnded(shop, drift));
});

test('a role that was dropped and made again has lost everything, and gets it again', async () => {
  await shop.run(['drop owned by shop_read', 'drop role shop_read', 'create role shop_read']);
  const found = (await shop.project.audit()).map(({ id, object }) => `${id} ${object}`);
  expect(found.toSorted()).toEqual([
    'grant-missing shop_read: connect on database shop',
    'grant-missing shop_read: select on table app.orders',
    'grant-missing shop_read: usage on schema app',
    'role-attribute shop_read LOGIN',
    'role-connection-limit shop_read',
    'role-setting shop_read default_transaction_read_only',
    'role-valid-until shop_read',
  ]);
  await shop.project.apply();
  expect(await shop.project.plan()).toEqual({ gives: [], takes: [], left: [] });
});

test('what PostgreSQL does not let anybody do is no drift', async () => {
  const refused = async (...sql: string[]): Promise<string> =>
    shop.run(sql).then(
      () => 'done',
      (thrown: Error) => thrown.message,
    );
  expect(await refused('drop role shop_read')).toBe('role "shop_read" cannot be dropped because some objects depend on it');
  expect(await refused('grant select on app.orders to public with grant option')).toBe(
    'grant options can only be granted to roles',
  );
  expect(await refused('grant usage on type app.span_multirange to shop_read')).toBe('cannot set privileges of multirange types');
  expect(await refused('grant shop_web to shop_owner', 'grant shop_owner to shop_web')).toBe(
    'role "shop_owner" is a member of role "shop_web"',
  );
  await shop.run(['revoke shop_web from shop_owner']);
  expect(await shop.project.audit()).toEqual([]);
});

test('a role is retired: with its purpose alone it keeps nothing, and then it can be dropped', async () => {
  const retired = ROLES_YAML.replace(/(people who look at the shop\n)[^]*?(?=row_security)/, '$1');
  await rolesProject(shop.server.target('shop'), retired).apply();
  await shop.run(['drop role shop_read']);
  const gone = retired.replace(/ {2}shop_read:\n.*\n/, '');
  expect(await rolesProject(shop.server.target('shop'), gone).plan()).toEqual({ gives: [], takes: [], left: [] });
  await shop.project.apply();
  expect(await shop.project.plan()).toEqual({ gives: [], takes: [], left: [] });
});
