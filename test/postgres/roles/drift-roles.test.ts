import { afterAll, beforeAll, describe, test } from 'vitest';
import { expectFoundAndEnded, startShop, type Drift, type Shop } from './support/drift.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop.server.stop());

const WAY = 'shop_web_1 inherits shop_web: now';

const ATTRIBUTES: readonly Drift[] = [
  ...['superuser', 'createdb', 'createrole', 'replication', 'bypassrls'].map((word) => ({
    name: `a login becomes ${word}`,
    sql: [`alter role shop_read ${word}`],
    id: 'role-attribute',
    object: `shop_read ${word.toUpperCase()}`,
    says: `it is ${word}, which roles.yaml:23 does not say`,
    plan: `alter role "shop_read" no${word}`,
  })),
  {
    name: 'a login can no longer log in',
    sql: ['alter role shop_read nologin'],
    id: 'role-attribute',
    object: 'shop_read LOGIN',
    says: 'it is not login, as roles.yaml:23 wants',
    plan: 'alter role "shop_read" login',
  },
  {
    name: 'a group logs in',
    sql: ['alter role shop_web login'],
    id: 'role-attribute',
    object: 'shop_web LOGIN',
    says: `it is login, which roles.yaml:11 does not say; shop_web logs in with it; ${WAY}`,
    plan: 'alter role "shop_web" nologin',
  },
  {
    name: 'a connection limit is lifted',
    sql: ['alter role shop_web_2 connection limit -1'],
    id: 'role-connection-limit',
    object: 'shop_web_2',
    says: 'its connection limit is none, and roles.yaml:11 says 20',
    plan: 'alter role "shop_web_2" connection limit 20',
  },
  {
    name: 'a password is good for longer',
    sql: [`alter role shop_read valid until '2029-01-01 00:00+00'`],
    id: 'role-valid-until',
    object: 'shop_read',
    says: 'its password is good until 2028-12-31, and roles.yaml:23 says until 2027-03-31',
    plan: `alter role "shop_read" valid until '2027-04-01 00:00:00+00'`,
  },
  {
    name: 'a password ends at noon of its last day',
    sql: [`alter role shop_read valid until '2027-03-31 12:00+00'`],
    id: 'role-valid-until',
    object: 'shop_read',
    says: 'its password is good until 2027-03-31T12:00:00.000Z, and roles.yaml:23 says until 2027-03-31',
    plan: `alter role "shop_read" valid until '2027-04-01 00:00:00+00'`,
  },
  {
    name: 'a password without an end gets one',
    sql: [`alter role shop_web_1 valid until '2026-12-01 00:00+00'`],
    id: 'role-valid-until',
    object: 'shop_web_1',
    says: 'its password is good until 2026-11-30, and roles.yaml:11 says for ever',
    plan: `alter role "shop_web_1" valid until 'infinity'`,
  },
];

const SETTINGS: readonly Drift[] = [
  {
    name: 'a setting is missing',
    sql: ['alter role shop_web_1 reset lock_timeout'],
    id: 'role-setting',
    object: 'shop_web_1 lock_timeout',
    says: 'roles.yaml:11 wants lock_timeout = 2s, and it is not set',
    plan: `alter role "shop_web_1" set "lock_timeout" to '2s'`,
  },
  {
    name: 'a setting has another value',
    sql: [`alter role shop_web_1 set search_path to app, public`],
    id: 'role-setting',
    object: 'shop_web_1 search_path',
    says: 'roles.yaml:11 wants search_path = pg_catalog, pg_temp, and it is app, public',
    plan: `alter role "shop_web_1" set "search_path" to 'pg_catalog', 'pg_temp'`,
  },
  {
    name: 'a setting nobody asked for',
    sql: ['alter role shop_web_1 set session_replication_role to replica'],
    id: 'role-setting',
    object: 'shop_web_1 session_replication_role',
    says: 'its sessions begin with session_replication_role = replica, which roles.yaml does not say',
    plan: 'alter role "shop_web_1" reset "session_replication_role"',
  },
  {
    name: 'a setting in this database alone',
    sql: [`alter role shop_web_1 in database shop set statement_timeout to 0`],
    id: 'role-setting',
    object: 'shop_web_1 statement_timeout',
    says: 'its sessions begin with statement_timeout = 0 in this database, which roles.yaml does not say',
    plan: 'in database %I reset "statement_timeout"',
  },
  {
    name: 'a setting of a group, which its members do not get',
    sql: [`alter role shop_web set statement_timeout to '1h'`],
    id: 'role-setting',
    object: 'shop_web statement_timeout',
    says: 'its sessions begin with statement_timeout = 1h',
    plan: 'alter role "shop_web" reset "statement_timeout"',
  },
];

const MEMBERSHIPS: readonly Drift[] = [
  {
    name: 'a membership is missing',
    sql: ['revoke shop_web from shop_web_2'],
    id: 'membership-missing',
    object: 'shop_web_2 in shop_web',
    says: 'roles.yaml:11 makes it a member (inherit true, set false, admin false)',
    plan: 'grant "shop_web" to "shop_web_2" with inherit true, set false, admin false',
  },
  {
    name: 'a membership nobody asked for',
    sql: ['grant shop_owner to shop_read'],
    id: 'membership-excess',
    object: 'shop_read in shop_owner',
    says: 'postgres made it a member (inherit true, set true, admin false), and roles.yaml does not say so; shop_read inherits shop_owner: now',
    plan: 'revoke "shop_owner" from "shop_read" granted by "postgres"',
  },
  {
    name: 'a predefined role',
    sql: ['grant pg_read_all_data to shop_web with inherit false, set true'],
    id: 'membership-excess',
    object: 'shop_web in pg_read_all_data',
    says: 'postgres made it a member (inherit false, set true, admin false)',
    plan: 'revoke "pg_read_all_data" from "shop_web" granted by "postgres"',
  },
  {
    name: 'a membership with more than it should allow',
    sql: ['grant shop_owner to shop_deploy with inherit true, admin true'],
    id: 'membership-excess',
    object: 'shop_deploy in shop_owner',
    says:
      'postgres made it a member (inherit true, set true, admin true), and roles.yaml allows inherit false, set true, admin false; ' +
      'shop_deploy inherits shop_owner: now',
    plan: 'revoke admin option for "shop_owner" from "shop_deploy" granted by "postgres"',
  },
  {
    name: 'a membership with less than it should allow',
    sql: ['grant shop_web to shop_web_1 with inherit false'],
    id: 'membership-missing',
    object: 'shop_web_1 in shop_web',
    says: 'roles.yaml:11 makes it a member (inherit true, set false, admin false)',
    plan: 'grant "shop_web" to "shop_web_1" with inherit true, set false, admin false',
  },
  {
    name: 'a stranger in a managed role',
    sql: ['grant shop_web to stranger with inherit false, set true'],
    id: 'membership-excess',
    object: 'stranger in shop_web',
    says: 'roles.yaml does not say so; stranger can become shop_web: after SET ROLE',
    plan: 'revoke "shop_web" from "stranger" granted by "postgres"',
  },
  {
    name: 'a second row of the same membership, by another grantor',
    sql: [
      'grant shop_web to stranger with inherit false, set false, admin true',
      'set role stranger; grant shop_web to shop_web_1 with inherit true, set true',
    ],
    id: 'membership-excess',
    object: 'shop_web_1 in shop_web',
    says: 'stranger made it a member (inherit true, set true, admin false), and stranger is not to grant it',
    also: ['membership-excess stranger in shop_web'],
    plan: 'revoke "shop_web" from "stranger" granted by "postgres" cascade',
  },
  {
    name: 'the only row of a membership hangs on a stranger',
    sql: [
      'revoke shop_web from shop_web_1',
      'grant shop_web to stranger with inherit false, set false, admin true',
      'set role stranger; grant shop_web to shop_web_1 with inherit true, set false',
    ],
    id: 'membership-missing',
    object: 'shop_web_1 in shop_web',
    says: 'roles.yaml:11 makes it a member',
    also: ['membership-excess shop_web_1 in shop_web', 'membership-excess stranger in shop_web'],
    plan: 'revoke "shop_web" from "stranger" granted by "postgres" cascade',
  },
  {
    name: 'ADMIN is passed on, three hands deep',
    sql: [
      'grant shop_web to stranger with inherit false, set false, admin true',
      'set role stranger; grant shop_web to passer with inherit false, set false, admin true',
      'set role passer; grant shop_web to shop_read with inherit true, set false',
    ],
    id: 'membership-excess',
    object: 'shop_read in shop_web',
    says: 'passer made it a member (inherit true, set false, admin false)',
    also: ['membership-excess stranger in shop_web', 'membership-excess passer in shop_web'],
    plan: 'revoke "shop_web" from "stranger" granted by "postgres" cascade',
  },
];

describe.each([
  ['attributes and limits', ATTRIBUTES],
  ['settings', SETTINGS],
  ['memberships', MEMBERSHIPS],
])('drift of %s', (_, drifts) => {
  test.each(drifts)('$name', (drift) => expectFoundAndEnded(shop, drift));
});
