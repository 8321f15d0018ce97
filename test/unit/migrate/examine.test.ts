import { describe, expect, it } from 'vitest';
import { examine } from '../../../src/ops/migrate/examine.ts';
import type { MigrationFile } from '../../../src/ops/migrate/file.ts';

const migration = (sql: string, transactional = true): MigrationFile => ({
  version: 1,
  id: '001',
  slug: 'a',
  file: '001.do.a.sql',
  path: '/m/001.do.a.sql',
  sql,
  sha256: 'x',
  bytesSha256: 'x',
  transactional,
});
const object = async (sql: string, transactional = true) =>
  (await examine([migration(sql, transactional)])).objections.map(
    ({ position, message }) => `${position?.line}:${position?.column} ${message}`,
  );

describe('what is refused before it runs', () => {
  const cases: readonly [sql: string, expected: string][] = [
    [
      'create table a();\nbegin;',
      '2:1 begin inside a migration: dbctl opens and commits its transaction, together with the history row',
    ],
    [
      'select 1; commit',
      '1:11 commit inside a migration: dbctl opens and commits its transaction, together with the history row',
    ],
    ['rollback', '1:1 rollback inside a migration: dbctl opens and commits its transaction, together with the history row'],
    ['start transaction', '1:1 start inside a migration: dbctl opens and commits its transaction, together with the history row'],
    [
      "prepare transaction 'x'",
      '1:1 prepare inside a migration: dbctl opens and commits its transaction, together with the history row',
    ],
    ['select 1;\n\\d users', '2:1 \\d is a psql command, not SQL: only psql understands it'],
    ['\\i other.sql', '1:1 \\i is a psql command, not SQL: only psql understands it'],
    ['copy a from stdin;', '1:1 copy from stdin reads rows that a migration file cannot carry'],
    ['-- é\ncreate index concurrently i on a (b)', '2:1 PostgreSQL runs create index concurrently only outside a transaction'],
    ['drop index concurrently i', '1:1 PostgreSQL runs drop index concurrently only outside a transaction'],
    ['reindex table concurrently a', '1:1 PostgreSQL runs reindex concurrently only outside a transaction'],
    ['vacuum a', '1:1 PostgreSQL runs vacuum only outside a transaction'],
    ['create database a', '1:1 PostgreSQL runs create database only outside a transaction'],
    ["alter system set work_mem = '1GB'", '1:1 PostgreSQL runs alter system only outside a transaction'],
    [
      'alter table a detach partition b concurrently',
      '1:1 PostgreSQL runs detach partition concurrently only outside a transaction',
    ],
    ['set search_path = app', '1:1 set search_path would stay on the session and change how later migrations run'],
    ['set role app', '1:1 set role would stay on the session and change how later migrations run'],
    [
      'set session_replication_role = replica',
      '1:1 set session_replication_role would stay on the session and change how later migrations run',
    ],
    ['creat table a()', '1:1 syntax error at or near "creat"'],
    ["select 'é', 1 frm x y", '1:19 syntax error at or near "x"'],
    ['-- nothing yet', '1:1 the file holds no statement, only comments'],
  ];
  it.each(cases)('%s', async (sql, expected) => {
    expect(await object(sql)).toEqual([expected]);
  });

  it.each(cases)('and so in a run on an empty database: %s', async (sql, expected) => {
    // Syntax errors are left to the server there, unless a word of the file makes it worth parsing.
    const found = (await examine([migration(sql)], false)).objections.map(
      ({ position, message }) => `${position?.line}:${position?.column} ${message}`,
    );
    expect(found).toEqual(expected.includes('syntax error') ? [] : [expected]);
  });

  it('reports everything at once', async () => {
    expect(await object('begin;\nset a.b = 1;\ncommit;')).toHaveLength(3);
  });

  it('wants a name for an index that is built concurrently', async () => {
    expect(await object('create index concurrently on a (b)', false)).toEqual([
      '1:1 create index concurrently without a name: a run that is interrupted could not find what it left',
    ]);
  });
});

describe('what is fine', () => {
  const cases: readonly [sql: string, transactional: boolean][] = [
    ["set local search_path = ''; create table a.b ();", true],
    ['savepoint a; release a; rollback to a', true],
    ["do $$ begin raise notice '\n\\d inside a literal'; end $$", true],
    ['refresh materialized view concurrently a', true],
    ["alter type t add value 'x'", true],
    ['analyze a', true],
    ['reindex index i', true],
    ['cluster a using i', true],
    ['create index concurrently i on a (b); vacuum a', false],
    ['alter table a add constraint n not null b not valid', true],
    ['create table a (b int generated always as (1) virtual)', true],
  ];
  it.each(cases)('%s', async (sql, transactional) => {
    expect(await object(sql, transactional)).toEqual([]);
  });

  it('cuts statements at the right place behind letters of several bytes', async () => {
    const { examined } = await examine([migration("select 'é😀';\n  create table b ();")]);
    expect(examined[0]?.statements.map(({ sql, offset }) => [offset, sql.trim()])).toEqual([
      [0, "select 'é😀'"],
      [15, 'create table b ()'],
    ]);
  });
});
