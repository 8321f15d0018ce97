import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Progress } from '../../../src/core/progress.ts';
import type { Catalogue } from '../../../src/ops/backup/catalogue.ts';
import type { DumpInputs } from '../../../src/ops/backup/create.ts';
import { readFingerprint } from '../../../src/ops/backup/fingerprint.ts';
import { databasesOf } from '../../../src/ops/backup/many.ts';
import { withSession } from '../../../src/db/session.ts';
import { inTransaction } from '../../../src/db/transaction.ts';
import { createDatabase } from '../../../src/ops/restore/preflight.ts';
import { restoreLogical } from '../../../src/ops/restore/restore.ts';
import { onServer, targetOf } from '../../support/connection.ts';
import { standbyOf, type ServerCopy } from '../ledger/copies.ts';
import { QUIET, backupBench } from './support.ts';

/** Sources that are not as a fresh server is: set otherwise, busy, large in number, closed in parts, upgraded, a standby. A backup of each has to be made. */
// Few connections make a small table of locks, so that few tables are many.
const bench = backupBench({ settings: { max_connections: '20' } });
const url = (database?: string) => bench.server.url(database);
const create = (database: string, changes: Partial<DumpInputs> = {}) =>
  bench.create(database, undefined, { lockWaitMs: 20_000, ...changes });

/** A role, and the target it connects to a database with. */
function as(role: string, database: string) {
  const there = new URL(url(database));
  [there.username, there.password] = [role, 'secret'];
  return targetOf(there.href, database);
}

/** Alters a table for so long. */
async function whileAltered<T>(database: string, table: string, ms: number, act: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url(database) });
  await client.connect();
  await client.query(`begin; lock table ${table} in access exclusive mode`);
  const timer = setTimeout(() => void client.query('rollback'), ms);
  try {
    return await act();
  } finally {
    clearTimeout(timer);
    await client.end();
  }
}

beforeAll(async () => {
  await onServer(url(), 'create database lab', `create role reader login password 'secret' in role pg_read_all_data`);
  await onServer(
    url('lab'),
    'create table busy as select 1 as id',
    'create table quiet (id int primary key)',
    `create function said() returns text language sql as $$select 'before'$$`,
  );
}, 180_000);

describe('a table that is altered', () => {
  it('is waited for as long as lock_wait says', async () => {
    await expect(whileAltered('lab', 'busy', 3_000, () => create('lab'))).resolves.toMatchObject({ type: 'logical' });
  });

  it('for longer is named, with who alters it', async () => {
    const altering = whileAltered('lab', 'busy', 10_000, () => create('lab', { lockWaitMs: 500 }));
    await expect(altering).rejects.toMatchObject({
      code: 'lock.held',
      message: expect.stringMatching(/^public\.busy is locked by process \d+ /) as string,
    });
  });

  it('while the backup runs waits, and does not end it', async () => {
    const client = new pg.Client({ connectionString: url('lab') });
    await client.connect();
    let altered: Promise<unknown> | undefined;
    const progress: Progress = {
      step: () => ({
        tick: () => void (altered ??= client.query('alter table quiet add if not exists note text')),
        done() {},
        failed() {},
      }),
    };
    await create('lab', { progress, jobs: 1 });
    await altered;
    await client.end();
  });

  it.each([1, 2])('between the lock of dbctl and that of pg_dump lets it begin again, %i sessions', async (jobs) => {
    const client = new pg.Client({ connectionString: url('lab') });
    await client.connect();
    const column = `between_${jobs}`;
    let begun = 0;
    let altered: Promise<unknown> | undefined;
    // dbctl has its locks when the step begins, and pg_dump is not there yet.
    const progress: Progress = {
      step(name) {
        begun += name === 'dump and fingerprint' ? 1 : 0;
        altered ??= client.query(`alter table quiet add ${column} text`);
        return { tick() {}, done() {}, failed() {} };
      },
    };
    const { id, fingerprint } = await create('lab', { progress, jobs, lockWaitMs: 1_000 });
    await altered;
    await client.end();
    expect(begun).toBe(2);
    expect(readFileSync(join(bench.repository.folder, id, 'schema.sql'), 'utf8')).toContain(column);
    expect(fingerprint.tables.map(({ name }) => name)).toEqual(['public.busy', 'public.quiet']);
  });

  it('and is dropped before it can be locked is no part of the backup', async () => {
    await onServer(url('lab'), 'create table going (id int)');
    const client = new pg.Client({ connectionString: url('lab') });
    await client.connect();
    await client.query('begin; drop table going');
    const timer = setTimeout(() => void client.query('commit'), 1_500);
    const { fingerprint } = await create('lab');
    clearTimeout(timer);
    await client.end();
    expect(fingerprint.tables.map(({ name }) => name)).toEqual(['public.busy', 'public.quiet']);
  });
});

it('is told as it was in the snapshot, however its functions change meanwhile', async () => {
  const client = new pg.Client({ connectionString: url('lab') });
  await client.connect();
  let replaced: Promise<unknown> | undefined;
  const replace = () => client.query(`create or replace function said() returns text language sql as $$select 'after'$$`);
  const progress: Progress = { step: () => ({ tick: () => void (replaced ??= replace()), done() {}, failed() {} }) };
  const saidOf = ({ id }: { readonly id: string }) => {
    const text = readFileSync(join(bench.repository.folder, id, 'catalogue.json'), 'utf8');
    return (JSON.parse(text) as Catalogue).facts.find(({ kind, object }) => kind === 'functions' && object === 'public.said()')
      ?.said;
  };
  const before = await create('lab');
  const during = await create('lab', { progress });
  await replaced;
  await client.end();
  expect(readFileSync(join(bench.repository.folder, during.id, 'schema.sql'), 'utf8')).toContain(`select 'before'`);
  expect(saidOf(during)).toBe(saidOf(before));
  expect(saidOf(await create('lab'))).not.toBe(saidOf(before));
});

it('settings of a role, meant for applications, do not end it', async () => {
  const settings = ['transaction_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', 'lock_timeout'];
  await onServer(url(), ...settings.map((setting) => `alter role reader set ${setting} = '700ms'`));
  const target = as('reader', 'lab');
  await expect(whileAltered('lab', 'busy', 1_500, () => create('lab', { target }))).resolves.toBeDefined();
  await onServer(url(), 'alter role reader reset all');
});

it('a collation of another version than when the database was made is no reason to have no backup, nor to restore none', async () => {
  await onServer(url(), `update pg_catalog.pg_database set datcollversion = '0.1' where datname = 'lab'`);
  const manifest = await create('lab');
  await onServer(url(), 'alter database lab refresh collation version', createDatabase('lab_again', manifest.source));
  await onServer(url(), `update pg_catalog.pg_database set datcollversion = '0.1' where datname = 'lab_again'`);
  const target = bench.server.target('lab_again');
  const restored = await withSession(target, { access: 'write', statementTimeoutMs: 0 }, (session) =>
    restoreLogical(session, { ...QUIET, repository: bench.repository, manifest, target, tools: bench.tools, jobs: 1 }),
  );
  expect(restored).toMatchObject({ data: [], definitions: [] });
});

describe('rights', () => {
  it('in this database alone are enough', async () => {
    const name = `o'd =d`;
    await onServer(
      url(),
      `create database "${name}"`,
      `create role "lo-cal" login password 'secret' in role pg_read_all_data`,
      'revoke connect on database postgres, template1 from public',
      `grant connect on database "${name}" to "lo-cal"`,
    );
    const target = as('lo-cal', name);
    await expect(create(name, { target })).resolves.toMatchObject({ source: { database: name } });
    const wanting = withSession(target, { access: 'read' }, () => create('lab', { target: as('lo-cal', 'lab') }));
    await expect(wanting).resolves.toBeDefined();
  });

  it.each<[string, readonly string[], string, RegExp]>([
    [
      'a large object',
      [`select lo_from_bytea(42, 'x')`],
      'nosy may not read a large object',
      /grant select on large object …, each by its number, to nosy/,
    ],
    [
      'a schema',
      ['create schema shut', 'create table shut.t (id int)', 'grant select on shut.t to "no-body"'],
      '"no-body" may not use the schema shut',
      /^grant pg_read_all_data to "no-body"/,
    ],
  ])('that lack %s are told before anything is written', async (_name, statements, message, hint) => {
    const role = message.startsWith('"') ? 'no-body' : 'nosy';
    await onServer(
      url(),
      `drop database if exists wanting`,
      'create database wanting',
      `create role "${role}" login password 'secret'`,
    );
    if (role === 'nosy') await onServer(url(), 'grant pg_read_all_data to nosy');
    await onServer(url('wanting'), ...statements);
    const before = readdirSync(bench.repository.folder);
    await expect(create('wanting', { target: as(role, 'wanting') })).rejects.toMatchObject({
      code: 'db.denied',
      message,
      hint: expect.stringMatching(hint) as string,
    });
    expect(readdirSync(bench.repository.folder)).toEqual(before);
  });
});

describe('large objects', () => {
  const hashOf = (database: string) =>
    withSession(bench.server.target(database), { access: 'read' }, (session) =>
      inTransaction(session, 'isolation level repeatable read, read only', () => readFingerprint(session, () => {})),
    ).then(({ largeObjects }) => largeObjects);

  it('of more than a value can hold are hashed, to the last byte', async () => {
    await onServer(url(), 'create database blobs');
    await onServer(url('blobs'), `select lo_put(lo_create(42), 1100000000, 'x')`);
    const { fingerprint } = await create('blobs');
    expect(fingerprint.largeObjects?.count).toBe('1');
    await onServer(url('blobs'), `select lo_put(42, 1100000000, 'y')`);
    expect((await hashOf('blobs'))?.hash).not.toBe(fingerprint.largeObjects?.hash);
  }, 60_000);

  it('tell what is in which, and of what length', async () => {
    await onServer(url(), 'create database smaller');
    const seen = new Set<string | undefined>();
    for (const made of [
      `select lo_from_bytea(1, 'a'), lo_from_bytea(2, 'b')`,
      `select lo_put(1, 0, 'b'), lo_put(2, 0, 'a')`,
      `select lo_put(2, 1, '\\x00')`,
      `select lo_put(2, 1048576, '\\x00')`,
      `select lo_put(2, 1048577, '\\x00')`,
    ]) {
      await onServer(url('smaller'), made);
      seen.add((await hashOf('smaller'))?.hash);
    }
    expect(seen.size).toBe(5);
  });
});

it('of more tables than there are locks for tables and indexes is backed up', async () => {
  await onServer(url(), 'create database many');
  const made = (from: number) =>
    `do $$begin for n in ${from}..${from + 249} loop execute pg_catalog.format('create table t%s (id int primary key, note text unique)', n); end loop; end$$`;
  for (let from = 0; from < 2_500; from += 250) await onServer(url('many'), made(from));
  const { fingerprint } = await create('many');
  expect(fingerprint.tables.length).toBe(2_500);
}, 120_000);

it('a database whose dropping was cut short is none', async () => {
  await onServer(url(), 'create database half', `update pg_catalog.pg_database set datconnlimit = -2 where datname = 'half'`);
  const names = await withSession(bench.server.target(), { access: 'read' }, databasesOf);
  expect(names).toContain('lab');
  expect(names).not.toContain('half');
});

it('two rows that exchange a value have another sum', async () => {
  await onServer(url(), 'create database mixed');
  const rows = (first: number, second: number) => `select ${first} as id, 'a' as name union all select ${second}, 'b'`;
  for (let n = 0; n < 20; n += 1) {
    await onServer(
      url('mixed'),
      `create table as_was_${n} as ${rows(n, n + 100)}`,
      `create table exchanged_${n} as ${rows(n + 100, n)}`,
    );
  }
  const { fingerprint } = await create('mixed');
  const hashes = new Map(fingerprint.tables.map(({ name, hash }) => [name, hash]));
  for (let n = 0; n < 20; n += 1) expect(hashes.get(`public.as_was_${n}`)).not.toBe(hashes.get(`public.exchanged_${n}`));
});

describe('values whose hash is not PostgreSQL’s own', () => {
  it('are hashed as text: what a collation or a type takes for equal may be other text', async () => {
    await onServer(url(), 'create database folded');
    await onServer(
      url('folded'),
      'create extension citext',
      `create collation no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
      `create table by_collation as select 'Ann'::text collate no_case as name`,
      `create table by_type as select 'Ann'::citext as name`,
      `create table by_role as select relacl as acl from pg_class where oid = 'pg_class'::regclass`,
      `create table plain as select 'Ann'::text as name`,
    );
    const read = () =>
      withSession(bench.server.target('folded'), { access: 'read' }, (session) =>
        inTransaction(session, 'isolation level repeatable read, read only', () => readFingerprint(session, () => {})),
      );
    const before = await read();
    expect(before.tables.map(({ name, by }) => `${name} ${by}`)).toEqual([
      'public.by_collation text',
      'public.by_role text',
      'public.by_type text',
      'public.plain record',
    ]);
    await onServer(url('folded'), `update by_collation set name = 'ann'`, `update by_type set name = 'ann'`);
    const after = await read();
    const changed = before.tables.filter(({ name, hash }) => after.tables.find((one) => one.name === name)?.hash !== hash);
    expect(changed.map(({ name }) => name)).toEqual(['public.by_collation', 'public.by_type']);
  });
});

describe('a standby', () => {
  let standby: ServerCopy;
  beforeAll(async () => {
    await onServer(url(), 'create database copied');
    await onServer(
      url('copied'),
      'create table kept as select generate_series(1, 10) as id',
      'create unlogged table scratch as select 1 as id',
    );
    standby = await standbyOf(bench.server);
  }, 60_000);
  afterAll(() => standby.server.stop());

  it('can be the source; what is unlogged is empty there, in the dump and in the fingerprint', async () => {
    const target = { ...standby.target, database: 'copied' };
    const manifest = await create('copied', { target });
    expect(manifest.fingerprint.tables.map(({ name, rows }) => `${name} ${rows}`)).toEqual([
      'public.kept 10',
      'public.scratch 0',
    ]);
    await onServer(url(), createDatabase('copied_again', manifest.source));
    const into = bench.server.target('copied_again');
    const restored = await withSession(into, { access: 'write', statementTimeoutMs: 0 }, (session) =>
      restoreLogical(session, { ...QUIET, repository: bench.repository, manifest, target: into, tools: bench.tools, jobs: 1 }),
    );
    expect(restored).toMatchObject({ data: [], definitions: [] });
  });

  it('that cancels a backup says what to set', async () => {
    await onServer(standby.url, 'alter system set max_standby_streaming_delay = 0', 'select pg_reload_conf()');
    const target = { ...standby.target, database: 'copied' };
    let altered: Promise<unknown> | undefined;
    const alter = () => onServer(url('copied'), 'alter table kept add note text', 'drop table kept');
    const progress: Progress = {
      step() {
        altered ??= alter();
        return { tick() {}, done() {}, failed() {} };
      },
    };
    const before = readdirSync(bench.repository.folder);
    await expect(create('copied', { target, progress })).rejects.toMatchObject({
      code: 'backup.failed',
      message: expect.stringMatching(/^the standby cancelled the backup: .*conflict with recovery/) as string,
      hint: expect.stringContaining('hot_standby_feedback = on') as string,
    });
    await altered;
    expect(readdirSync(bench.repository.folder)).toEqual(before);
  });
});
