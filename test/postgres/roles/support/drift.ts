import pg from 'pg';
import { expect } from 'vitest';
import { onServer } from '../../../support/connection.ts';
import { startServer, type TestServer } from '../../../support/server.ts';
import { rolesProject, type RolesProject } from './project.ts';

/** One way in which a database stops being as roles.yaml says. */
export interface Drift {
  readonly name: string;
  /** What somebody did, as superuser. */
  readonly sql: readonly string[];
  /** The finding of the audit: its id and object, and parts of what it says: the grantor, and who reaches it by which way. */
  readonly id: string;
  readonly object: string;
  readonly says: string;
  /** Further findings of the same deed. */
  readonly also?: readonly string[];
  /** A step of the plan; null: only a person can end it. */
  readonly plan: string | null;
  /** What a person does to end what a plan does not. */
  readonly undo?: readonly string[];
}

export const ROLES_YAML = `version: 1
owner: shop_owner
schemas: [app, ops]
roles:
  shop_owner: { purpose: owns the schemas of the shop }
  shop_deploy:
    purpose: migrations of the shop
    login: true
    member_of: { shop_owner: { inherit: false, set: true, admin: false } }
    settings: { role: shop_owner }
  shop_web:
    purpose: the web application of the shop
    logins: [shop_web_1, shop_web_2]
    connection_limit: 20
    settings: { search_path: "pg_catalog, pg_temp", statement_timeout: 10s, lock_timeout: 2s }
    grants:
      - { on: [app.orders], use: write, future: false }
      - { on: [app.parted, app.sums], use: read }
      - { on: [app.secrets], select: [id, name] }
      - { on: [ops.*], use: read, future: true }
      - { sequences: [app.counter] }
      - { routines: ["app.total(int)"] }
  shop_read:
    purpose: people who look at the shop
    login: true
    connection_limit: 3
    valid_until: "2027-03-31"
    settings: { default_transaction_read_only: true }
    grants:
      - { on: [app.orders], use: read }
row_security:
  app.orders: { policies: [everything] }
`;

const SHOP: readonly string[] = [
  'create role stranger login',
  'create role passer login',
  'create role shop_owner',
  'create schema app authorization shop_owner',
  'create schema ops authorization shop_owner',
  'set role shop_owner',
  `create table app.orders (id int generated always as identity, note text);
   create policy everything on app.orders using (true)`,
  'alter table app.orders enable row level security; alter table app.orders force row level security',
  'create table app.secrets (id int, name text, secret text)',
  'create table app.parted (id int) partition by list (id); create table app.parted_1 partition of app.parted for values in (1)',
  'create table ops.jobs (id int)',
  'create view app.shown as select 1 as a',
  'create materialized view app.sums as select 1 as a',
  'create sequence app.counter',
  `create function app.total(a int) returns int language sql return a;
   create procedure app.tidy() language sql as 'select 1';
   create aggregate app.product(int) (sfunc = int4mul, stype = int)`,
  `create type app.mood as enum ('good'); create domain app.email as text; create type app.span as range (subtype = int4)`,
  'reset role',
  'create foreign data wrapper wires; create server far foreign data wrapper wires',
  'create foreign table app.remote (a int) server far; alter table app.remote owner to shop_owner',
  'select pg_catalog.lo_create(4711)',
  'create extension hstore',
];

export interface Shop {
  readonly server: TestServer;
  readonly project: RolesProject;
  /** As superuser, in the database of the shop. */
  readonly run: (statements: readonly string[]) => Promise<void>;
}

/** A server with a shop on which roles.yaml was applied: nothing is to do. */
export async function startShop(): Promise<Shop> {
  const server = await startServer();
  await onServer(server.url(), 'create database shop');
  const client = async (): Promise<pg.Client> => {
    const made = new pg.Client({ connectionString: server.url('shop') });
    await made.connect();
    return made;
  };
  const run = async (statements: readonly string[]): Promise<void> => {
    const session = await client();
    try {
      for (const statement of statements) await session.query(statement);
    } finally {
      await session.end();
    }
  };
  await run(SHOP);
  const project = rolesProject(server.target('shop'), ROLES_YAML);
  await project.apply();
  return { server, project, run };
}

/** Injects the drift, finds it, plans and ends it, and then there is nothing to do. What failed leaves nothing to the next. */
export async function expectFoundAndEnded(shop: Shop, drift: Drift): Promise<void> {
  try {
    await foundAndEnded(shop, drift);
  } catch (thrown) {
    await shop.run(drift.undo ?? []).catch(() => {});
    await shop.project.apply().catch(() => {});
    throw thrown;
  }
}

async function foundAndEnded({ project, run }: Shop, drift: Drift): Promise<void> {
  expect(await project.audit(), 'before').toEqual([]);
  await run(drift.sql);
  const findings = await project.audit();
  const found = findings.map(({ id, object }) => `${id} ${object}`);
  expect(found.toSorted()).toEqual([`${drift.id} ${drift.object}`, ...(drift.also ?? [])].toSorted());
  const finding = findings.find(({ id, object }) => id === drift.id && object === drift.object);
  expect(finding?.message).toContain(drift.says);
  expect(finding?.fix, 'fix').not.toBeNull();
  const { gives, takes, left } = await project.plan();
  const steps = [...gives, ...takes].map(({ sql }) => sql).join('\n');
  if (drift.plan === null) {
    expect({ steps, left: left.length }).toEqual({ steps: '', left: found.length });
  } else {
    expect(steps).toContain(drift.plan);
    await project.apply();
  }
  if (drift.undo !== undefined) {
    await run(drift.undo);
    // What waited for it.
    await project.apply();
  }
  expect(await project.plan(), 'after').toEqual({ gives: [], takes: [], left: [] });
  expect(await project.audit(), 'after').toEqual([]);
}
