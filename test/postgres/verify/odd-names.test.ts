import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ident, literal } from '../../../src/db/ident.ts';
import { loadParser, parseStatements } from '../../../src/ops/migrate/statements.ts';
import { cliReport } from '../../support/cli-report.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { withClient } from './support.ts';

/** What PostgreSQL takes as a name, and what a careless query or fix would take for something else. */
const NAMES = [
  `a"b'c`,
  'two\nlines',
  `x'; drop table canary; --`,
  'ümlaut 🐘',
  'n'.repeat(63),
  'select',
  'user',
  '$1',
  '$$ /* $$',
  '{statement:sql}',
  '%I %s %1$s',
  'back\\slash\ttab',
  ' ',
];

/** One of everything that checks find fault with, called by the name. */
const objectsCalled = (name: string, database: string): string[] => {
  const [n, db] = [ident(name), ident(database)];
  return [
    `create role ${n} login createrole createdb replication connection limit -1`,
    `alter role ${n} set timezone = 'Asia/Tokyo'`,
    `alter role ${n} in database ${db} set row_security = off`,
    `alter role ${n} set search_path = ${n}, public`,
    `alter role ${n} set synchronous_commit = off`,
    `grant pg_read_server_files, pg_execute_server_program to ${n}`,
    `grant create on database ${db} to ${n}`,
    `grant create on database ${db} to public`,
    `create schema ${n} authorization ${n}`,
    `grant create on schema ${n} to public`,
    `create collation ${n}.${n} (provider = icu, locale = 'de')`,
    `update pg_catalog.pg_collation set collversion = '0.1' where collname = ${literal(name)}`,
    `create unlogged table ${n}.${n} (${n} int, name text collate ${n}.${n}, at timestamp, price money, code char(3))`,
    `create index on ${n}.${n} (${n})`,
    `create index on ${n}.${n} (${n})`,
    `create index on ${n}.${n} (name)`,
    `alter table ${n}.${n} add constraint ${n} check (${n} > 0) not valid`,
    `alter table ${n}.${n} owner to ${n}`,
    `create table ${n}.key (id serial primary key)`,
    `create table ${n}.reference (${n} bigint references ${n}.key)`,
    `grant all on ${n}.${n} to public`,
    `create function ${n}.${n}(${n} int) returns int language sql security definer as 'select 1'`,
    `alter table ${n}.reference enable row level security`,
    `create policy ${n} on ${n}.reference using (true)`,
    `create view ${n}.seen as select * from ${n}.reference`,
    `alter table ${n}.reference set (autovacuum_enabled = off)`,
    `alter default privileges for role ${n} in schema ${n} grant all on tables to public`,
    `create publication ${n} for table ${n}.reference`,
    `create language ${n} handler plpgsql_call_handler`,
    `create server ${n} foreign data wrapper remote`,
    `create user mapping for public server ${n}`,
  ];
};

let server: TestServer;
let project: string;
const OWN = `x"' -- {db}`;

beforeAll(async () => {
  await loadParser();
  server = await startServer({ settings: { max_replication_slots: '20' } });
  await withClient(server.url(), (client) => client.query(`create database ${ident(OWN)} template template0`));
  await withClient(server.url(OWN), async (client) => {
    await client.query('create table canary (id int primary key); create foreign data wrapper remote');
    for (const name of NAMES) await makeAll(client, objectsCalled(name, OWN));
  });
  project = mkdtempSync(join(tmpdir(), 'dbctl-odd-names-'));
  writeFileSync(
    join(project, 'dbctl.yaml'),
    'version: 1\nproject: shop\nenvironments:\n  dev: { url: { variable: DATABASE_URL } }\n',
  );
});

afterAll(async () => {
  await server.stop();
  rmSync(project, { recursive: true, force: true });
});

async function makeAll(client: pg.Client, statements: readonly string[]): Promise<void> {
  for (const statement of statements)
    await client.query(statement).catch((thrown: unknown) => {
      throw new Error(`${statement}: ${String(thrown)}`);
    });
}

const SQL =
  /^(alter|analyze|comment|create|delete|do|drop|grant|insert|reassign|reindex|reset|revoke|select|set|update|vacuum|validate)\b/;

describe('names that look like something else', () => {
  it('are data to every check, and identifiers in every fix', async () => {
    const { items } = await cliReport(['verify'], { cwd: project, env: { DATABASE_URL: server.url(OWN) } });
    const failed = items.filter(({ message }) => /the query of .* failed/.test(message));
    expect(failed).toEqual([]);
    const fixes = items.flatMap(({ id, status, fix }) =>
      status === 'fail' && typeof fix === 'string' && SQL.test(fix) ? [{ id, fix }] : [],
    );
    // Most checks find each of the names: fewer fixes would mean that the objects above are not looked at.
    expect(fixes.length).toBeGreaterThan(10 * NAMES.length);
    const refused = fixes.flatMap(({ id, fix }) => {
      const parsed = parseStatements(fix);
      return 'message' in parsed ? [`${id}: ${parsed.message}: ${fix}`] : [];
    });
    expect(refused).toEqual([]);
    const drops = fixes.filter(({ fix }) => {
      const parsed = parseStatements(fix);
      return !('message' in parsed) && parsed.some(({ sql }) => /^\s*drop table canary/.test(sql));
    });
    expect(drops).toEqual([]);
  });
});
