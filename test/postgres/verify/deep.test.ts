import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ident } from '../../../src/db/ident.ts';
import { withSession } from '../../../src/db/session.ts';
import { verifyDeep } from '../../../src/ops/verify/deep.ts';
import type { Outcome } from '../../../src/ops/verify/outcome.ts';
import type { ConnectionTarget } from '../../../src/runtime/connection/target.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { withClient } from './support.ts';

const deep = (target: ConnectionTarget, budgetMs = 60_000) =>
  withSession(target, { access: 'read', applicationName: 'deep' }, (session) =>
    verifyDeep(session, { budgetMs, clock: () => new Date() }),
  );
/** Check, and its rows as object, status and text. */
const inWords = (outcomes: readonly Outcome[]) =>
  outcomes.flatMap((outcome) => {
    if (outcome.kind !== 'found') return [`${outcome.check.id} ${outcome.kind}`];
    return outcome.findings.map(
      ({ object, detail, data }) =>
        `${outcome.check.id} ${(data['status'] as string | undefined) ?? 'fail'} ${object}: ${detail}`,
    );
  });
const fixesOf = (outcomes: readonly Outcome[]) =>
  outcomes.flatMap((outcome) =>
    outcome.kind === 'found' ? outcome.findings.map(({ data }) => data['statement'] as string) : [],
  );

const SHOP = [
  'create schema shop',
  'create table shop."Order" (id bigint generated always as identity primary key, note text, tags int[])',
  `insert into shop."Order" (note, tags) select 'note ' || n, array[n] from generate_series(1, 2000) n`,
  'create index "By Note" on shop."Order" (lower(note)) where id > 7',
  'create index tags on shop."Order" using gin (tags)',
  'create table shop.event (id bigint, at date) partition by list (at)',
  `create table shop.event_1 partition of shop.event for values in ('2025-01-01')`,
  'create materialized view shop.total as select count(*) from shop."Order"',
  'create unlogged table shop.cart (id bigint primary key)',
];

describe('a database', () => {
  const role = `deep_${process.pid}`;
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    await onServer(database.url, ...SHOP, `create role ${ident(role)} login password 'x'`);
  });
  afterAll(async () => {
    await onServer(database.url, `drop owned by ${ident(role)}`, `drop role ${ident(role)}`);
    await database.drop();
  });

  it('without the extensions is unknown, with the statement that brings them, and then the rights', async () => {
    const plain = { ...database.target, user: role, password: () => Promise.resolve('x') };
    const before = await deep(plain);
    expect(inWords(before)).toEqual([
      'deep-index unknown bt_index_check: extension amcheck is not installed',
      'deep-table unknown verify_heapam: extension amcheck is not installed',
      'deep-bloat unknown pgstattuple_approx: extension pgstattuple is not installed',
    ]);
    await onServer(
      database.url,
      'create schema "Ext"',
      'create extension amcheck schema "Ext"',
      'create extension pgstattuple schema "Ext"',
    );
    const denied = await deep(plain);
    expect(inWords(denied)).toContain(
      `deep-index unknown bt_index_check: role "${role}" may not execute "Ext".bt_index_check(index regclass, heapallindexed boolean, checkunique boolean)`,
    );
    await onServer(database.url, ...new Set(fixesOf(denied)));
    expect(inWords(await deep(plain))).toEqual(['deep-index pass', 'deep-table pass', 'deep-bloat pass']);
  });

  it('says what it did not reach, and never that it passed', async () => {
    const outcomes = await deep(database.target, 1);
    expect(inWords(outcomes).filter((words) => words.endsWith('pass'))).not.toContain('deep-index pass');
    const [index] = outcomes;
    expect(inWords([index as Outcome]).join()).toMatch(
      /^deep-index unknown \w+: not reached: 1ms were over before \d relations? of \d MB; the next was shop\./,
    );
    expect(fixesOf(outcomes)[0]).toBe('dbctl verify --deep 10ms');
  });

  it('names the index whose order changed under it', async () => {
    await onServer(
      database.url,
      'create function shop.ordered(int, int) returns int language sql immutable as $$ select btint4cmp($1, $2) $$',
      `create operator class shop.ordered for type int using btree as operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >,
         function 1 shop.ordered(int, int)`,
      'create table shop.sorted (n int)',
      'insert into shop.sorted select generate_series(1, 100)',
      'create index "Sorted By N" on shop.sorted (n shop.ordered)',
      'create or replace function shop.ordered(int, int) returns int language sql immutable as $$ select btint4cmp($2, $1) $$',
    );
    const [index, table] = await deep(database.target);
    expect(inWords([index as Outcome])).toEqual([
      expect.stringMatching(/^deep-index fail shop\."Sorted By N": index shop\."Sorted By N" is damaged: .*"Sorted By N"/),
    ]);
    expect(fixesOf([index as Outcome])[0]).toMatch(/^reindex index concurrently shop\."Sorted By N"; --/);
    expect(table?.kind).toBe('pass');
    await onServer(database.url, 'drop table shop.sorted');
  });

  it('measures what is free in a large table', async () => {
    await onServer(
      database.url,
      'create unlogged table shop.airy (n int, t text) with (fillfactor = 10, autovacuum_enabled = off)',
      `alter table shop.airy alter t set storage plain`,
      `insert into shop.airy select n, repeat('x', 700) from generate_series(1, 16000) n`,
      'vacuum analyze shop.airy',
    );
    const [, , bloat] = await deep(database.target);
    expect(inWords([bloat as Outcome])).toEqual([
      expect.stringMatching(/^deep-bloat fail shop\.airy: table shop\.airy: (8|9)\d % of 1\d\d MB is free space$/),
    ]);
    await onServer(database.url, 'drop table shop.airy');
  });

  it('is part of dbctl verify, which refuses what is no time', async () => {
    const run = (...args: string[]) => runCli(['verify', ...args], { env: { DATABASE_URL: database.url } });
    const { stdout } = await run('--only', 'sch-unlogged', '--deep', '30s', '--format', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      summary: { checks: 4, fail: 1, pass: 3 },
      items: expect.arrayContaining([expect.objectContaining({ id: 'deep-index', status: 'pass', severity: 'critical' })]),
    });
    const refused = await run('--deep', '60', '--format', 'json');
    expect(JSON.parse(refused.stdout)).toMatchObject({
      exitCode: 2,
      error: { code: 'usage', message: expect.stringContaining('--deep: expected a duration such as') },
    });
  });
});

describe('a server whose disk changed what it was given', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
    await onServer(server.url(), ...SHOP, 'create extension amcheck', 'checkpoint');
  });
  afterAll(() => server.stop());

  it('has the index and the table named', async () => {
    const pathOf = (name: string) =>
      withClient(server.url(), async (client) => {
        const { rows } = await client.query<{ path: string }>('select pg_relation_filepath($1) as path', [name]);
        return join(server.data, rows[0]?.path ?? '');
      });
    const [index, table] = [await pathOf('shop."By Note"'), await pathOf('shop."Order"')];
    await server.halt();
    await spoil(index, 8192 + 8192 - 300);
    await spoil(table, 3 * 8192 + 4000);
    await server.start();
    const [ofIndex, ofTable] = await deep(server.target());
    expect(inWords([ofIndex as Outcome]).join('\n')).toMatch(
      /deep-index fail shop\."By Note": index shop\."By Note" is damaged: .*block 1/,
    );
    expect(inWords([ofTable as Outcome])).toEqual([
      expect.stringMatching(/^deep-table fail shop\."Order": table shop\."Order" is damaged: .*block 3/),
    ]);
  });
});

async function spoil(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(Buffer.alloc(64, 0xa5), 0, 64, at);
  } finally {
    await file.close();
  }
}
