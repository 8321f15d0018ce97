import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connect } from '../../../src/runtime/connection/connect.ts';
import { classify, isDatabaseError, type Circumstances } from '../../../src/runtime/sqlstate/classify.ts';
import { Laboratory, targetOf, type Server } from './support.ts';

const lab = new Laboratory();
let server: Server;
let client: pg.Client;
let other: pg.Client;

const login = async (user = 'postgres'): Promise<pg.Client> =>
  connect(await targetOf(`host=${server.folder} port=${server.port} user=${user} dbname=postgres`));

beforeAll(async () => {
  server = await lab.start();
  [client, other] = [await login(), await login()];
  await client.query(`
    create table parent (id int primary key, name text not null unique check (name <> 'bad'));
    create table child (id int primary key, parent int not null references parent (id), held int references parent (id) on delete restrict);
    create table booking (room int, during int4range, exclude using gist (during with &&));
    create table made (id int generated always as identity, double int generated always as (1 + 1) stored);
    create table split (id int) partition by range (id);
    create view small as select id, parent from child where id < 10 with check option;
    create role stranger login;
    insert into parent values (1, 'one'), (2, 'two'), (5, 'five');
    insert into child values (1, 1, null), (2, 2, 5);`);
});
beforeEach(async () => {
  await client.query('rollback');
});
afterAll(async () => {
  await Promise.all([client.end(), other.end()]);
  await lab.close();
});

const caused = async (sql: string, circumstances: Circumstances = {}): Promise<string> => {
  const error = await client.query(sql).then(
    () => new Error('it worked'),
    (thrown: unknown) => thrown,
  );
  expect(isDatabaseError(error)).toBe(true);
  const { sqlstate, condition, apiCode } = classify(error, circumstances);
  return `${sqlstate} ${condition} ${apiCode}`;
};

describe('what PostgreSQL 18.2 answers', () => {
  it.each([
    ["insert into parent values (1, 'x')", '23505 unique_violation DB_UNIQUE_VIOLATION'],
    ['insert into child values (9, 99, null)', '23503 foreign_key_violation DB_REFERENCE_NOT_FOUND'],
    ["insert into parent values (3, 'bad')", '23514 check_violation DB_CHECK_VIOLATION'],
    ['insert into split values (1)', '23514 check_violation DB_NO_PARTITION'],
    ['insert into parent values (3, null)', '23502 not_null_violation DB_NOT_NULL'],
    ["insert into booking values (1, '[1,5)'), (1, '[2,3)')", '23P01 exclusion_violation DB_EXCLUSION_VIOLATION'],
    ['insert into small values (99, 1)', '44000 with_check_option_violation DB_CHECK_OPTION'],
    ['update made set double = 1', '428C9 generated_always DB_GENERATED_COLUMN'],
    ["select 'a'::varchar(1) || repeat('x', -1) || 'abc'::int", '22P02 invalid_text_representation DB_INVALID_VALUE'],
    [
      'create temp table t (c varchar(1)); insert into t values (repeat($$x$$, 9))',
      '22001 string_data_right_truncation DB_INVALID_VALUE',
    ],
    ['select 2147483647 + 1', '22003 numeric_value_out_of_range DB_INVALID_VALUE'],
    ["select 'yesterdayish'::date", '22007 invalid_datetime_format DB_INVALID_VALUE'],
    ["select '2026-02-30'::date", '22008 datetime_field_overflow DB_INVALID_VALUE'],
    ['select \'"\\u0000"\'::jsonb ->> 0', '22P05 untranslatable_character DB_INVALID_VALUE'],
    ['select 1 / 0', '22012 division_by_zero DB_DATA_EXCEPTION'],
    ['select (select 1 union select 2)', '21000 cardinality_violation DB_CARDINALITY'],
    ['select * from nowhere', '42P01 undefined_table DB_SCHEMA_MISMATCH'],
    ['select nothing from parent', '42703 undefined_column DB_SCHEMA_MISMATCH'],
    ['select no_function()', '42883 undefined_function DB_SCHEMA_MISMATCH'],
    ['selec 1', '42601 syntax_error DB_BAD_STATEMENT'],
    ['select id from parent, child', '42702 ambiguous_column DB_BAD_STATEMENT'],
    ['select $1', '42P02 undefined_parameter DB_BAD_STATEMENT'],
    ['create table parent ()', '42P07 duplicate_table DB_ALREADY_EXISTS'],
    ['execute nothing', '26000 invalid_sql_statement_name DB_PREPARED_STATEMENT'],
    ['begin; vacuum', '25001 active_sql_transaction DB_TX_STATE'],
    ['begin read only; delete from child', '25006 read_only_sql_transaction DB_READ_ONLY'],
    ['drop role postgres', '55006 object_in_use DB_OBJECT_STATE'],
    ['set max_connections = 5', '55P02 cant_change_runtime_param DB_OBJECT_STATE'],
    ["do $$begin raise 'x'; end$$", 'P0001 raise_exception DB_RAISED'],
    ["do $$begin raise 'x' using errcode = 'ZD001'; end$$", 'ZD001 null DB_RAISED'],
    ['do $$declare n int; begin select id into strict n from parent where false; end$$', 'P0002 no_data_found DB_NO_DATA'],
    ['do $$declare n int; begin select id into strict n from parent; end$$', 'P0003 too_many_rows DB_CARDINALITY'],
    ['do $$begin assert false; end$$', 'P0004 assert_failure DB_ASSERT'],
    ["set statement_timeout = '20ms'; select pg_sleep(5)", '57014 query_canceled DB_QUERY_CANCELED'],
    ['set role stranger; select * from parent', '42501 insufficient_privilege DB_FORBIDDEN'],
    ["select repeat('[', 200000)::jsonb", '54001 statement_too_complex DB_STATEMENT_TOO_COMPLEX'],
    ["listen x; prepare transaction 'a'", '55000 object_not_in_prerequisite_state DB_OBJECT_STATE'],
  ])('%s', async (sql, expected) => {
    expect(await caused(sql)).toBe(expected);
    await client
      .query('rollback')
      .then(() => client.query('reset role'))
      .then(() => client.query('reset statement_timeout'));
  });

  it.each([
    ['delete from parent where id = 1', '23503 foreign_key_violation DB_STILL_REFERENCED'],
    ['delete from parent where id = 5', '23001 restrict_violation DB_STILL_REFERENCED'],
  ])('%s, told that it is a delete', async (sql, expected) => expect(await caused(sql, { statement: 'delete' })).toBe(expected));

  it('a transaction after its error', async () => {
    await client.query('begin; select 1 / 0').catch(() => {});
    expect(await caused('select 1')).toBe('25P02 in_failed_sql_transaction DB_TX_ABORTED');
  });

  it('a lock that is not granted', async () => {
    await other.query('begin; lock table child');
    expect(await caused("set lock_timeout = '20ms'; select * from child")).toBe('55P03 lock_not_available DB_LOCK_TIMEOUT');
    expect(await caused('begin; lock table child nowait')).toBe('55P03 lock_not_available DB_LOCK_TIMEOUT');
    await other.query('rollback');
    await client.query('rollback; reset lock_timeout');
  });

  it('a deadlock and a lost serialization', async () => {
    for (const one of [client, other]) await one.query("set deadlock_timeout = '20ms'");
    await client.query('begin; update parent set name = name where id = 1');
    await other.query('begin; update parent set name = name where id = 2');
    const waiting = client.query('update parent set name = name where id = 2').catch((thrown: unknown) => thrown);
    const losing = other.query('update parent set name = name where id = 1').catch((thrown: unknown) => thrown);
    const codes = (await Promise.all([waiting, losing]))
      .filter((one) => one instanceof Error)
      .map((one) => classify(one).apiCode);
    expect(codes).toEqual(['DB_DEADLOCK']);
    await Promise.all([client.query('rollback'), other.query('rollback')]);

    await client.query('begin isolation level repeatable read; select 1 from parent');
    await other.query("update parent set name = 'again' where id = 1");
    expect(await caused("update parent set name = 'mine' where id = 1")).toBe(
      '40001 serialization_failure DB_SERIALIZATION_FAILURE',
    );
  });

  it('a plan that went stale fails for ever on its connection', async () => {
    await client.query('create table changing (a int)');
    const query = { name: 'changing', text: 'select * from changing' };
    await client.query(query);
    await client.query('alter table changing add b int');
    const error = await client.query(query).catch((thrown: unknown) => thrown);
    expect(classify(error)).toMatchObject({ sqlstate: '0A000', apiCode: 'DB_STALE_PLAN', retry: 'once', discardClient: true });
  });

  it.each([
    ['idle_session_timeout', 'select 1', '57P05', 'DB_SESSION_EXPIRED'],
    ['idle_in_transaction_session_timeout', 'begin', '25P03', 'DB_TX_IDLE_TIMEOUT'],
    ['transaction_timeout', 'begin', '25P04', 'DB_TX_TIMEOUT'],
  ])('%s', async (setting, sql, sqlstate, apiCode) => {
    const session = await login();
    const ended = new Promise((resolve) => session.once('error', resolve));
    await session.query(`set ${setting} = '30ms'`);
    await session.query(sql);
    expect(classify(await ended)).toMatchObject({ sqlstate, apiCode, discardClient: true });
  });
});
