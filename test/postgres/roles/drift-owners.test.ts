import { afterAll, beforeAll, describe, test } from 'vitest';
import { expectFoundAndEnded, startShop, type Drift, type Shop } from './support/drift.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop.server.stop());

const owned = (what: string, alter: string, object: string, words = alter): Drift => ({
  name: `a ${what} belongs to somebody else`,
  sql: [`alter ${words} owner to stranger`],
  id: 'object-owner',
  object,
  says: `belongs to stranger, and not to shop_owner: its owner may change, drop and grant it; stranger logs in with it`,
  plan: `alter ${alter} owner to "shop_owner"`,
});

const OWNERS: readonly Drift[] = [
  owned('table', 'table app.orders', 'app.orders'),
  owned('partitioned table', 'table app.parted', 'app.parted'),
  owned('partition', 'table app.parted_1', 'app.parted_1'),
  owned('view', 'view app.shown', 'app.shown'),
  owned('materialized view', 'materialized view app.sums', 'app.sums'),
  owned('foreign table', 'foreign table app.remote', 'app.remote'),
  owned('sequence', 'sequence app.counter', 'app.counter'),
  owned('function', 'routine app.total(integer)', 'app.total(integer)'),
  owned('procedure', 'routine app.tidy()', 'app.tidy()'),
  owned('aggregate', 'routine app.product(integer)', 'app.product(integer)'),
  owned('type', 'type app.mood', 'app.mood'),
  owned('range', 'type app.span', 'app.span'),
  owned('domain', 'domain app.email', 'app.email'),
  owned('schema', 'schema ops', 'ops'),
  owned('database', 'database shop', 'shop'),
  {
    name: 'a table made by another role than a creator, with grants of its own',
    sql: [
      'create table app.mine (a int); alter table app.mine owner to stranger',
      'grant select on app.mine to shop_owner with grant option',
      'grant usage on schema app to shop_owner',
      'set role shop_owner; grant select on app.mine to shop_read; reset role',
    ],
    id: 'object-owner',
    object: 'app.mine',
    says: 'the table belongs to stranger, and not to shop_owner',
    also: ['grant-excess shop_read: select on table app.mine'],
    plan: 'revoke select on table app.mine from "shop_read"',
  },
  {
    name: 'an app owns a table it may read: the right it keeps is granted',
    sql: ['alter table app.orders owner to shop_read'],
    id: 'object-owner',
    object: 'app.orders',
    says: 'the table belongs to shop_read, and not to shop_owner',
    also: ['grant-missing shop_read: select on table app.orders'],
    plan: 'grant select on table app.orders to "shop_read"',
  },
];

const DEFAULTS: readonly Drift[] = [
  {
    name: 'a default privilege is missing',
    sql: ['alter default privileges for role shop_owner in schema ops revoke select on tables from shop_web'],
    id: 'default-missing',
    object: 'shop_web SELECT on new tables of shop_owner in schema ops',
    says: 'roles.yaml:20 wants it for what will be made',
    plan: 'alter default privileges for role "shop_owner" in schema "ops" grant select on tables to "shop_web"',
  },
  {
    name: 'a default privilege too much, in one schema',
    sql: ['alter default privileges for role shop_owner in schema app grant insert on tables to shop_read'],
    id: 'default-excess',
    object: 'shop_read INSERT on new tables of shop_owner in schema app',
    says: 'it will be granted on whatever is made, and roles.yaml does not say so; shop_read logs in with it',
    plan: 'alter default privileges for role "shop_owner" in schema "app" revoke insert on tables from "shop_read"',
  },
  {
    name: 'a default privilege too much, in every schema',
    sql: ['alter default privileges for role shop_owner grant usage on sequences to shop_read'],
    id: 'default-excess',
    object: 'shop_read USAGE on new sequences of shop_owner in every schema',
    says: 'roles.yaml does not say so',
    plan: 'alter default privileges for role "shop_owner" revoke usage on sequences from "shop_read"',
  },
  {
    name: 'a default privilege with the right to grant it on',
    sql: ['alter default privileges for role shop_owner in schema ops grant select on tables to shop_web with grant option'],
    id: 'default-excess',
    object: 'shop_web SELECT on new tables of shop_owner in schema ops',
    says: 'it will get the right to grant it on as well, which nobody asked for',
    plan: 'alter default privileges for role "shop_owner" in schema "ops" revoke grant option for select on tables from "shop_web"',
  },
  {
    name: 'everybody will call new functions again',
    sql: ['alter default privileges for role shop_owner grant execute on routines to public'],
    id: 'default-excess',
    object: 'PUBLIC EXECUTE on new routines of shop_owner in every schema',
    says: 'it will be granted on whatever is made, and roles.yaml does not say so; everybody has it',
    plan: 'alter default privileges for role "shop_owner" revoke execute on routines from public',
  },
  {
    name: 'nobody may use new types',
    sql: ['alter default privileges for role shop_owner revoke usage on types from public'],
    id: 'default-missing',
    object: 'PUBLIC USAGE on new types of shop_owner in every schema',
    says: 'wants it for what will be made',
    plan: 'alter default privileges for role "shop_owner" grant usage on types to public',
  },
  {
    name: 'new schemas are opened',
    sql: ['alter default privileges for role shop_owner grant usage on schemas to shop_read'],
    id: 'default-excess',
    object: 'shop_read USAGE on new schemas of shop_owner in every schema',
    says: 'roles.yaml does not say so',
    plan: 'alter default privileges for role "shop_owner" revoke usage on schemas from "shop_read"',
  },
  {
    name: 'new large objects are opened, since 18',
    sql: ['alter default privileges for role shop_owner grant select on large objects to shop_read'],
    id: 'default-excess',
    object: 'shop_read SELECT on new large objects of shop_owner in every schema',
    says: 'roles.yaml does not say so',
    plan: 'alter default privileges for role "shop_owner" revoke select on large objects from "shop_read"',
  },
  {
    name: 'what a stranger makes is granted to a role of the file',
    sql: ['alter default privileges for role stranger grant select on tables to shop_web'],
    id: 'default-excess',
    object: 'shop_web SELECT on new tables of stranger in every schema',
    says: 'shop_web_1 inherits shop_web: now',
    plan: 'alter default privileges for role "stranger" revoke select on tables from "shop_web"',
  },
  {
    name: 'what the owner makes is granted to a stranger',
    sql: ['alter default privileges for role shop_owner in schema app grant select on tables to stranger'],
    id: 'default-excess',
    object: 'stranger SELECT on new tables of shop_owner in schema app',
    says: 'a role it does not name, so that a plan leaves it; stranger logs in with it',
    plan: null,
    undo: ['alter default privileges for role shop_owner in schema app revoke select on tables from stranger'],
  },
  {
    name: 'what a stranger makes in a schema of the file is granted to another stranger',
    sql: ['alter default privileges for role passer in schema app grant select on tables to stranger'],
    id: 'default-excess',
    object: 'stranger SELECT on new tables of passer in schema app',
    says: 'a role it does not name, so that a plan leaves it; stranger logs in with it',
    plan: null,
    undo: ['alter default privileges for role passer in schema app revoke select on tables from stranger'],
  },
];

const ROWS: readonly Drift[] = [
  {
    name: 'row-level security is off',
    sql: ['alter table app.orders disable row level security'],
    id: 'row-security',
    object: 'app.orders',
    says: 'row level security is off (roles.yaml:32)',
    plan: 'alter table app.orders enable row level security',
  },
  {
    name: 'the owner goes around the policies',
    sql: ['alter table app.orders no force row level security'],
    id: 'row-security',
    object: 'app.orders',
    says: 'row level security is not forced on the owner (roles.yaml:32)',
    plan: 'alter table app.orders force row level security',
  },
  {
    name: 'a policy is missing',
    sql: ['drop policy everything on app.orders'],
    id: 'row-security',
    object: 'app.orders',
    says: 'the policy everything is missing (roles.yaml:32)',
    plan: null,
    undo: ['create policy everything on app.orders using (true)'],
  },
  {
    name: 'a policy nobody asked for',
    sql: ['create policy opened on app.orders using (true)'],
    id: 'row-security',
    object: 'app.orders',
    says: 'it has a policy that the file does not know: opened',
    plan: null,
    undo: ['drop policy opened on app.orders'],
  },
  {
    name: 'a table has row-level security and the file does not know',
    sql: ['alter table app.secrets enable row level security'],
    id: 'row-security',
    object: 'app.secrets',
    says: 'it has policies or row-level security, and row_security does not name it',
    plan: null,
    undo: ['alter table app.secrets disable row level security'],
  },
];

const GONE: readonly Drift[] = [
  {
    name: 'a schema is missing',
    sql: ['drop schema ops cascade'],
    id: 'schema-missing',
    object: 'ops',
    says: 'roles.yaml:3 names the schema, and it is not there',
    // A migration makes it; its default privileges, which went with it, wait for that.
    plan: null,
    undo: ['create schema ops authorization shop_owner'],
  },
  {
    name: 'a table the file names is missing',
    sql: ['alter table app.secrets rename to secret'],
    id: 'roles-file-unmatched',
    object: 'roles.yaml:19',
    says: 'app.secrets fits no table or view',
    also: ['grant-excess shop_web: select (id) on table app.secret', 'grant-excess shop_web: select (name) on table app.secret'],
    plan: 'revoke select (id) on table app.secret from "shop_web"',
    undo: ['alter table app.secret rename to secrets'],
  },
];

describe.each([
  ['owners', OWNERS],
  ['default privileges', DEFAULTS],
  ['row-level security', ROWS],
  ['what is gone', GONE],
])('drift of %s', (_, drifts) => {
  test.each(drifts)('$name', (drift) => expectFoundAndEnded(shop, drift));
});
