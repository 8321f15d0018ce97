import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectFoundAndEnded, startShop, type Drift, type Shop } from './support/drift.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop.server.stop());

/** Whoever passes on has to see the schema: for as long as it takes. */
const opened = (...sql: string[]): string[] => [
  'grant usage on schema app to stranger, passer, shop_deploy',
  ...sql,
  'revoke usage on schema app from stranger, passer, shop_deploy',
];

const as = (role: string, sql: string): string => `set role ${role}; ${sql}; reset role`;

const DRIFTS: readonly Drift[] = [
  {
    name: 'a grant option nobody asked for',
    sql: ['grant select on app.orders to shop_read with grant option'],
    id: 'grant-option',
    object: 'shop_read: select on table app.orders',
    says: 'shop_owner let it grant this on, which nobody asked for; shop_read logs in with it',
    plan: 'revoke grant option for select on table app.orders from "shop_read"',
  },
  {
    name: 'a right too much, with its grant option',
    sql: ['grant update on app.orders to shop_read with grant option'],
    id: 'grant-excess',
    object: 'shop_read: update on table app.orders',
    says: 'shop_owner granted it to shop_read',
    plan: 'revoke update on table app.orders from "shop_read"',
  },
  {
    name: 'passed on to another role of the file: CASCADE takes it',
    sql: opened(
      'grant select on app.orders to shop_read with grant option',
      as('shop_read', 'grant select on app.orders to shop_deploy'),
    ),
    id: 'grant-excess',
    object: 'shop_deploy: select on table app.orders',
    says: 'shop_read granted it to shop_deploy, and roles.yaml does not say so; shop_deploy logs in with it',
    also: ['grant-option shop_read: select on table app.orders'],
    plan: 'revoke grant option for select on table app.orders from "shop_read" cascade',
  },
  {
    name: 'passed on to PUBLIC',
    sql: opened(
      'grant select on app.orders to shop_read with grant option',
      as('shop_read', 'grant select on app.orders to public'),
    ),
    id: 'grant-excess',
    object: 'PUBLIC: select on table app.orders',
    says: 'shop_read granted it to PUBLIC',
    also: ['grant-option shop_read: select on table app.orders'],
    plan: 'revoke grant option for select on table app.orders from "shop_read" cascade',
  },
  {
    name: 'granted a second time what the file grants, by somebody else',
    sql: opened(
      'grant select on app.orders to shop_read with grant option',
      as('shop_read', 'grant select on app.orders to shop_web'),
    ),
    id: 'grant-excess',
    object: 'shop_web: select on table app.orders',
    says: 'shop_read granted it to shop_web',
    also: ['grant-option shop_read: select on table app.orders'],
    plan: 'revoke grant option for select on table app.orders from "shop_read" cascade',
  },
  {
    name: 'passed on to the owner',
    sql: opened(
      'grant select on app.orders to shop_read with grant option',
      as('shop_read', 'grant select on app.orders to shop_owner'),
    ),
    id: 'grant-option',
    object: 'shop_read: select on table app.orders',
    says: 'shop_owner let it grant this on',
    plan: 'revoke grant option for select on table app.orders from "shop_read" cascade',
  },
  {
    name: 'three hands deep, through roles of the file and a stranger',
    sql: opened(
      'grant update on app.orders to shop_read with grant option',
      as('shop_read', 'grant update on app.orders to stranger with grant option'),
      as('stranger', 'grant update on app.orders to shop_deploy with grant option'),
      as('shop_deploy', 'grant update on app.orders to passer'),
    ),
    id: 'grant-excess',
    object: 'shop_deploy: update on table app.orders',
    says: 'stranger granted it to shop_deploy',
    also: [
      'grant-excess shop_read: update on table app.orders',
      'grant-excess stranger: update on table app.orders',
      'grant-excess passer: update on table app.orders',
    ],
    plan: 'revoke update on table app.orders from "shop_read" cascade',
  },
  {
    name: 'a diamond: two ways to the same role',
    sql: opened(
      'grant delete on app.orders to shop_read with grant option; grant delete on app.orders to shop_deploy with grant option',
      as('shop_read', 'grant delete on app.orders to stranger with grant option'),
      as('shop_deploy', 'grant delete on app.orders to stranger with grant option'),
      as('stranger', 'grant delete on app.orders to passer'),
    ),
    id: 'grant-excess',
    object: 'passer: delete on table app.orders',
    says: 'stranger granted it to passer',
    also: [
      'grant-excess shop_read: delete on table app.orders',
      'grant-excess shop_deploy: delete on table app.orders',
      'grant-excess stranger: delete on table app.orders',
      'grant-excess stranger: delete on table app.orders',
    ],
    plan: 'revoke delete on table app.orders from "shop_deploy" cascade',
  },
  {
    name: 'a circle: each passed another privilege to the other',
    sql: opened(
      'grant delete on app.orders to shop_read with grant option; grant truncate on app.orders to shop_deploy with grant option',
      as('shop_read', 'grant delete on app.orders to shop_deploy with grant option'),
      as('shop_deploy', 'grant truncate on app.orders to shop_read with grant option'),
    ),
    id: 'grant-excess',
    object: 'shop_deploy: delete on table app.orders',
    says: 'shop_read granted it to shop_deploy',
    also: [
      'grant-excess shop_read: delete on table app.orders',
      'grant-excess shop_deploy: truncate on table app.orders',
      'grant-excess shop_read: truncate on table app.orders',
    ],
    plan: 'revoke truncate on table app.orders from "shop_deploy" cascade',
  },
  {
    name: 'a column, by who may grant the table: it does not go with the table',
    sql: opened(
      'grant update on app.secrets to shop_read with grant option',
      as('shop_read', 'grant update (secret) on app.secrets to shop_deploy'),
    ),
    id: 'grant-excess',
    object: 'shop_deploy: update (secret) on table app.secrets',
    says: 'shop_read granted it to shop_deploy',
    also: ['grant-excess shop_read: update on table app.secrets'],
    plan: 'set local role "shop_read";\nrevoke update (secret) on table app.secrets from "shop_deploy";\nreset role',
  },
  {
    name: 'by a stranger who may grant, and whose right a plan leaves alone',
    sql: opened(
      'grant insert on app.orders to stranger with grant option',
      as('stranger', 'grant insert on app.orders to shop_read'),
    ),
    id: 'grant-excess',
    object: 'shop_read: insert on table app.orders',
    says: 'stranger granted it to shop_read',
    also: ['grant-excess stranger: insert on table app.orders'],
    plan: 'set local role "stranger";\nrevoke insert on table app.orders from "shop_read";\nreset role',
    undo: ['revoke insert on app.orders from stranger'],
  },
  {
    name: 'passed on by a grantee on a schema',
    sql: ['grant usage on schema app to shop_read with grant option', as('shop_read', 'grant usage on schema app to stranger')],
    id: 'grant-option',
    object: 'shop_read: usage on schema app',
    says: 'shop_owner let it grant this on',
    also: ['grant-excess stranger: usage on schema app'],
    plan: 'revoke grant option for usage on schema app from "shop_read" cascade',
  },
];

describe('rights that were passed on', () => {
  test.each(DRIFTS)('$name', (drift) => expectFoundAndEnded(shop, drift));

  test('the plan names everybody whom CASCADE takes something from, and by whom they have it', async () => {
    await shop.run(
      opened(
        'grant update on app.orders to shop_read with grant option',
        as('shop_read', 'grant update on app.orders to stranger with grant option'),
        as('stranger', 'grant update on app.orders to passer'),
      ),
    );
    const { takes, left } = await shop.project.plan();
    expect(takes.map(({ summary }) => summary)).toEqual([
      'take update on table app.orders from shop_read; with it goes update on table app.orders from stranger, which shop_read granted; ' +
        'update on table app.orders from passer, which stranger granted',
    ]);
    // What CASCADE ends is nothing a person has to do.
    expect(left).toEqual([]);
    await shop.project.apply();
  });
});
