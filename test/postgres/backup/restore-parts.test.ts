import { readFileSync } from 'node:fs';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import type { LogicalManifest } from '../../../src/ops/backup/manifest.ts';
import type { CheckedPart } from '../../../src/ops/restore/catalogue-difference.ts';
import { prepareParts, restoreParts, type PreparedParts } from '../../../src/ops/restore/parts.ts';
import { createDatabase } from '../../../src/ops/restore/preflight.ts';
import { onServer } from '../../support/connection.ts';
import { QUIET, backupBench } from './support.ts';

const bench = backupBench();
const url = (database: string) => bench.server.url(database);
let manifest: LogicalManifest;

/** What kinds.sql leaves out: things that come only with what they hang on. */
const MORE = `
set search_path = kinds;
create table typed (id serial primary key, kind mood default 'ok', first pair, whole short, at date default current_date);
insert into typed (kind, first) values ('sad', row(1, 'x'));
create function base_note(int) returns text language sql as 'select note from kinds.base where id = $1';
create table by_function (id int primary key default nextval('counter'), note text check (upper_it(note) = note));
insert into by_function (note) values ('A'), ('B');
create table "Other things"."order" (id int primary key references kinds.refs, "user" text);
insert into "Other things"."order" values (1, 'ann');
create view "Other things".orders as select o.id, r.self from "Other things"."order" o join kinds.refs r on r.id = o.id`;

beforeAll(async () => {
  await onServer(url('postgres'), 'create role t_backup_reader', 'create role t_backup_owner', 'create role "odd owner"');
  await onServer(url('postgres'), 'create database kinds');
  const kinds = readFileSync(new URL('kinds.sql', import.meta.url), 'utf8');
  await onServer(url('kinds'), kinds, 'create schema "Other things"', MORE, 'alter table kinds.by_function owner to "odd owner"');
  manifest = await bench.create('kinds');
}, 180_000);

const WITHOUT_DEFAULTS = 'alter default privileges in schema kinds revoke select on tables from t_backup_reader';

let number = 0;
async function emptyDatabase(...statements: readonly string[]): Promise<string> {
  number += 1;
  const name = `parts_${number}`;
  await onServer(url('postgres'), createDatabase(name, manifest.source));
  if (statements.length > 0) await onServer(url(name), ...statements);
  return name;
}

interface Restored {
  readonly parts: PreparedParts;
  readonly compared: readonly CheckedPart[];
}

async function restore(database: string, ...wanted: readonly string[]): Promise<Restored> {
  const target = bench.server.target(database);
  const inputs = { ...QUIET, repository: bench.repository, manifest, target, tools: bench.tools, jobs: 1 };
  const folder = `${bench.repository.folder}/${manifest.id}`;
  const schemas = wanted.filter((one) => one.startsWith('schema ')).map((one) => one.slice(7));
  const tables = wanted.filter((one) => !one.startsWith('schema '));
  return withSession(target, { access: 'write', statementTimeoutMs: 0 }, async (session) => {
    const parts = await prepareParts(session, folder, { tables, schemas }, inputs);
    return { parts, compared: await restoreParts(session, folder, parts, inputs) };
  });
}
const refusal = (database: string, ...wanted: readonly string[]): Promise<string> =>
  restore(database, ...wanted).then(
    () => 'restored',
    (thrown: Error) => thrown.message,
  );

const differences = ({ compared }: Restored) => compared.flatMap((part) => part.differences ?? ['not compared']);
const needs = ({ parts }: Restored) =>
  parts.needs.map(({ object, isThere }) => `${object}${isThere ? ' (there)' : ''}`).toSorted();
const leftOut = ({ parts }: Restored) => parts.leftOut.map(({ kind, object, reason }) => `${kind} ${object}: ${reason}`);

async function valueOf(database: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url(database) });
  await client.connect();
  try {
    const { rows } = await client.query<{ value: unknown }>(sql);
    return rows[0]?.value;
  } finally {
    await client.end();
  }
}
const relations = (database: string) =>
  valueOf(
    database,
    `select array_agg(c.oid::regclass::text order by 1) as value from pg_class c
     where c.relkind in ('r', 'p', 'v', 'm', 'S') and c.relnamespace::regnamespace::text in ('kinds', '"Other things"')`,
  );

describe('one table', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    [
      'kinds.refs',
      ['schema kinds'],
      [
        'fk constraint kinds.refs.refs_scalar_fkey: it needs kinds.scalars, which was not chosen',
        'publication table kinds.everything refs: it needs everything, which was not chosen',
      ],
    ],
    [
      'kinds.scalars',
      [
        'collation kinds.ordered',
        'domain kinds.short',
        'schema kinds (there)',
        'type kinds.mood',
        'type kinds.pair',
        'type kinds.span',
      ],
      [],
    ],
    ['kinds.typed', ['domain kinds.short', 'schema kinds', 'type kinds.mood', 'type kinds.pair'], []],
    ['kinds.by_function', ['function kinds.upper_it(text)', 'schema kinds', 'sequence kinds.counter'], []],
    ['kinds.base', ['function kinds.touch()', 'schema kinds'], []],
    ['kinds.derived', ['function kinds.touch()', 'schema kinds', 'table kinds.base'], []],
    ['kinds.Odd name "quoted"', ['schema kinds'], []],
    ['kinds.policed', ['schema kinds'], []],
    ['kinds.measures', ['schema kinds'], []],
    [
      'kinds.measures_2026',
      ['schema kinds'],
      ['table attach kinds.measures_2026: it needs kinds.measures, which was not chosen'],
    ],
    [
      'Other things.order',
      ['schema Other things'],
      ['fk constraint Other things.order.order_id_fkey: it needs kinds.refs, which was not chosen'],
    ],
  ])('%s comes with what it needs, equal; what cannot come is told', async (table, needed, missing) => {
    // A value of type regclass in kinds.scalars names that sequence.
    const before = table === 'kinds.scalars' ? ['create schema kinds', 'create sequence kinds.counter'] : [];
    const restored = await restore(await emptyDatabase(...before), table);
    expect(differences(restored)).toEqual([]);
    expect({ needs: needs(restored), leftOut: leftOut(restored) }).toEqual({ needs: needed, leftOut: missing });
  });

  it('keeps triggers ALWAYS, disabled and for replicas as they were', async () => {
    const database = await emptyDatabase();
    await restore(database, 'kinds.base');
    expect(
      await valueOf(
        database,
        `select string_agg(tgname || tgenabled::text, ' ' order by tgname) as value from pg_trigger where not tgisinternal`,
      ),
    ).toBe('alwaysA offD replicaR touchesO');
  });

  it('says which statement adds the foreign key that was left out, and it does', async () => {
    const database = await emptyDatabase();
    const { parts } = await restore(database, 'kinds.refs');
    await onServer(url(database), 'create sequence kinds.counter');
    await restore(database, 'kinds.scalars');
    const fix = parts.leftOut[0]?.fix ?? '';
    expect(fix).toBe(
      'alter table "kinds"."refs" add constraint "refs_scalar_fkey" FOREIGN KEY (scalar) REFERENCES kinds.scalars(id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;',
    );
    await onServer(url(database), fix);
  });

  it('goes back into the database it was dropped from, and says what went with it', async () => {
    await onServer(url('postgres'), 'create database damaged template kinds');
    await onServer(url('damaged'), 'drop table kinds.refs cascade', WITHOUT_DEFAULTS, `update kinds.base set note = 'newer'`);
    const restored = await restore('damaged', 'kinds.refs');
    expect(differences(restored)).toEqual([]);
    expect(needs(restored)).toEqual(['schema kinds (there)']);
    expect(restored.parts.dependents).toEqual([
      { object: 'Other things.orders', reason: 'it is a view on kinds.refs' },
      { object: 'Other things.order.order_id_fkey', reason: 'it is a foreign key to kinds.refs' },
    ]);
    expect(await valueOf('damaged', 'select count(*)::int as value from kinds.refs')).toBe(2);
    expect(await valueOf('damaged', 'select note as value from kinds.base where id = 1')).toBe('newer');
  });
});

describe('the comparison', () => {
  it('finds grants that default privileges of the database added', async () => {
    await onServer(url('postgres'), 'create database generous template kinds');
    await onServer(url('generous'), 'drop table kinds.refs cascade');
    expect(differences(await restore('generous', 'kinds.refs'))).toEqual([
      expect.stringMatching(/^who may use kinds\.refs is .*; t_backup_reader: select instead of postgres: .*$/),
    ]);
  });

  it('finds what a trigger of the database did to the restored tables', async () => {
    const database = await emptyDatabase(
      `create function public.meddle() returns event_trigger language plpgsql as $$begin
         delete from kinds.policed where owner = 'ann' and exists (select from pg_class where oid = 'kinds.policed'::regclass and relrowsecurity); end$$`,
      `create event trigger meddle on ddl_command_end when tag in ('ALTER TABLE') execute function public.meddle()`,
    );
    expect(differences(await restore(database, 'kinds.policed'))).toEqual(['kinds.policed has 1 rows instead of 2']);
  });
});

describe('a schema', () => {
  it('comes whole beside what is there', async () => {
    const database = await emptyDatabase('create table public.mine (id int)');
    const restored = await restore(database, 'schema kinds');
    expect(differences(restored)).toEqual([]);
    expect(leftOut(restored)).toEqual(['publication table kinds.everything refs: it needs everything, which was not chosen']);
    expect(restored.parts.tables).toHaveLength(13);
    const other = await restore(await emptyDatabase(), 'schema Other things');
    expect(differences(other)).toEqual([]);
    expect(leftOut(other)).toEqual([
      'view Other things.orders: it needs kinds.refs, which was not chosen',
      'fk constraint Other things.order.order_id_fkey: it needs kinds.refs, which was not chosen',
    ]);
    const both = await restore(await emptyDatabase(), 'schema Other things', 'schema kinds');
    expect([differences(both), leftOut(both).length]).toEqual([[], 1]);
  });
});

describe('nothing is restored', () => {
  it.each<[string, readonly string[], readonly string[], RegExp]>([
    [
      'over a table that is there',
      ['create schema kinds', 'create table kinds.refs (id int)'],
      ['kinds.refs'],
      /: table kinds\.refs is there, and nothing that is there is overwritten$/,
    ],
    [
      'over a view that is there',
      ['create schema kinds', 'create view kinds.seen as select 1 as a'],
      ['schema kinds'],
      /view kinds\.seen is there/,
    ],
    [
      'over its sequence',
      ['create schema kinds', 'create sequence kinds.typed_id_seq'],
      ['kinds.typed'],
      /sequence kinds\.typed_id_seq is there/,
    ],
    [
      'beside a type that is another one',
      ['create schema kinds', `create type kinds.mood as enum ('sad')`],
      ['kinds.typed'],
      /: type kinds\.mood is there, and is another one than in the backup$/,
    ],
    [
      'beside a composite type with another column',
      ['create schema kinds', `create type kinds.pair as (a int, b int)`],
      ['kinds.typed'],
      /type kinds\.pair is there, and is another one/,
    ],
    [
      'beside a domain with another check',
      ['create schema kinds', `create domain kinds.short as varchar(10)`],
      ['kinds.typed'],
      /domain kinds\.short is there, and is another one/,
    ],
    [
      'beside a function that is another one',
      ['create schema kinds', `create function kinds.upper_it(text) returns text language sql immutable as 'select $1'`],
      ['kinds.by_function'],
      /function kinds\.upper_it\(text\) is there, and is another one/,
    ],
    [
      'of a table the backup does not have',
      [],
      ['kinds.nothing', 'refs'],
      /^kinds-\S+ has no table kinds\.nothing, no table refs$/,
    ],
    ['of a schema the backup does not have', [], ['schema nothing'], /^kinds-\S+ has no schema nothing$/],
    [
      'where the database refuses half-way',
      [
        `create function public.no() returns event_trigger language plpgsql as $$begin raise 'no triggers here'; end$$`,
        `create event trigger no on ddl_command_start when tag in ('CREATE TRIGGER') execute function public.no()`,
      ],
      ['kinds.base'],
      /no triggers here/,
    ],
  ])('%s', async (_name, before, wanted, said) => {
    const database = await emptyDatabase(...before);
    const was = await relations(database);
    expect(await refusal(database, ...wanted)).toMatch(said);
    expect(await relations(database)).toEqual(was);
  });

  it('into another encoding', async () => {
    const target = { ...manifest, source: { ...manifest.source, encoding: 'SQL_ASCII' } };
    const right = manifest;
    manifest = target;
    try {
      expect(await refusal(await emptyDatabaseOf(right), 'kinds.refs')).toContain(
        'its encoding is UTF8, and that of the backup SQL_ASCII',
      );
    } finally {
      manifest = right;
    }
  });

  it('is there already where it is the same: types and functions are left as they are', async () => {
    const database = await emptyDatabase();
    await onServer(url(database), 'create schema kinds', 'create sequence kinds.counter');
    await restore(database, 'kinds.scalars');
    const second = await restore(database, 'kinds.typed');
    expect(differences(second)).toEqual([]);
    expect(needs(second)).toEqual([
      'domain kinds.short (there)',
      'schema kinds (there)',
      'type kinds.mood (there)',
      'type kinds.pair (there)',
    ]);
  });
});

async function emptyDatabaseOf({ source }: LogicalManifest): Promise<string> {
  number += 1;
  const name = `parts_${number}`;
  await onServer(url('postgres'), createDatabase(name, source));
  return name;
}
