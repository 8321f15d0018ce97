import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { inTransaction } from '../../../src/db/transaction.ts';
import { loadParser } from '../../../src/ops/migrate/statements.ts';
import { settle } from '../../../src/ops/roles/suggest/need.ts';
import { namesOf, type Names } from '../../../src/ops/roles/suggest/resolve/names.ts';
import { resolveStatement, type Resolution } from '../../../src/ops/roles/suggest/resolve/statement.ts';
import { nameRight, type NamedRight } from '../../../src/ops/roles/suggest/right-sql.ts';
import { readShapes } from '../../../src/ops/roles/suggest/shapes.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { APP_SCHEMA } from './support/app-schema.ts';

let server: TestServer;
let names: Names;
let client: pg.Client;
beforeAll(async () => {
  server = await startServer();
  client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  await client.query(APP_SCHEMA);
  await client.query('create role fresh; grant usage on schema app to fresh; set search_path = app');
  await loadParser();
  await withSession(server.target(), { access: 'read' }, async (session) => {
    names = namesOf(await inTransaction(session, 'isolation level repeatable read, read only', () => readShapes(session)));
  });
});
afterAll(async () => {
  await client.end();
  await server.stop();
});

function resolved(text: string, toplevel = true): Resolution {
  const temporary = new Map<string, readonly string[] | null>([['scratch', ['a', 'b']]]);
  return resolveStatement({ text, toplevel }, { names, path: ['pg_catalog', 'app'], temporary }, [0]);
}

function rightsOf(text: string): NamedRight[] {
  const found = resolved(text);
  if (found.kind === 'unresolved') throw new Error(`${text}: ${found.reason}`);
  const first = (relation: number) => names.relationById(relation)?.columns.find(({ generated }) => !generated)?.name;
  const rights = found.kind === 'nothing' ? [] : settle(found.needs, first);
  return rights.map((right) => nameRight(right, names.shapes, 'postgres'));
}

/** Whether the server refuses the statement for want of a right. Whatever else it says comes after that. */
async function isDenied(text: string): Promise<boolean> {
  await client.query('savepoint tried');
  try {
    await client.query('set local role fresh');
    await client.query(text);
    return false;
  } catch (thrown) {
    const { code } = thrown as { code?: string };
    // What cannot even be parsed would prove nothing.
    if (code === '42601' || code === '42P01' || code === '42703' || code === '42883')
      throw new Error(`${text}: ${String(thrown)}`, { cause: thrown });
    return code === '42501';
  } finally {
    await client.query('rollback to tried; reset role; deallocate all');
  }
}

/** Statement, and the rights that the server turned out to ask for, in the order of their names. */
const TABLE: readonly (readonly [statement: string, rights: string])[] = [
  ['select 1', ''],
  ['select count(*) from orders', 'SELECT (id)'],
  ['select id, note from orders', 'SELECT (id) SELECT (note)'],
  ['select o.* from lines o', 'SELECT (order_id) SELECT (product) SELECT (quantity)'],
  ['select * from lines', 'SELECT (order_id) SELECT (product) SELECT (quantity)'],
  ['select row_to_json(l) from lines l', 'SELECT (order_id) SELECT (product) SELECT (quantity)'],
  ['select id from orders where note = $x$a$x$ order by created_at', 'SELECT (created_at) SELECT (id) SELECT (note)'],
  ['select note as n from orders order by n', 'SELECT (note)'],
  ['select max(id) from orders group by note having min(total) > 0', 'SELECT (id) SELECT (note) SELECT (total)'],
  ['select ctid from orders', 'SELECT (ctid)'],
  ['select id from orders for update', 'SELECT (id) UPDATE (id)'],
  [
    'select o.id from orders o join lines l on l.order_id = o.id for update of l',
    'SELECT (id) on app.orders SELECT (order_id) on app.lines UPDATE (order_id) on app.lines',
  ],
  ['select 1 from (select id from orders) s for share', 'SELECT (id) UPDATE (id)'],
  [
    'select o.note, l.product from orders o join lines l on l.order_id = o.id',
    'SELECT (id) on app.orders SELECT (note) on app.orders SELECT (order_id) on app.lines SELECT (product) on app.lines',
  ],
  [
    'select product from lines join notes using (order_id)',
    'SELECT (order_id) on app.lines SELECT (order_id) on app.notes SELECT (product) on app.lines',
  ],
  [
    'select product from lines natural join notes',
    'SELECT (order_id) on app.lines SELECT (order_id) on app.notes SELECT (product) on app.lines',
  ],
  [
    'select j.product from (lines join notes using (order_id)) as j',
    'SELECT (order_id) on app.lines SELECT (order_id) on app.notes SELECT (product) on app.lines',
  ],
  ['select x from lines as l (x, y, z)', 'SELECT (order_id)'],
  [
    'select 1 from orders where exists (select from lines where order_id = orders.id)',
    'SELECT (id) on app.orders SELECT (order_id) on app.lines',
  ],
  ['select s.n from orders o, lateral (select o.note as n) s', 'SELECT (note)'],
  ['with big as (select id from orders where total > 5) select count(*) from big', 'SELECT (id) SELECT (total)'],
  ['with recursive t (n) as (select 1 union all select n + 1 from t where n < 3) select n from t', ''],
  [
    'with gone as (delete from lines where order_id = 1 returning product) select product from gone',
    'DELETE SELECT (order_id) SELECT (product)',
  ],
  [
    'select id from orders union select order_id from lines order by id',
    'SELECT (id) on app.orders SELECT (order_id) on app.lines',
  ],
  ['select e.value from orders, jsonb_array_elements(data) e', 'SELECT (data)'],
  ['select g from generate_series(1, 3) g', ''],
  ['select * from find_orders(1)', 'EXECUTE SELECT (id) SELECT (note)'],
  ['select secret_count()', 'EXECUTE'],
  ['select total_of(id) from orders', 'EXECUTE SELECT (id) SELECT (total)'],
  ['select * from open_orders', 'SELECT (id) SELECT (note) on app.open_orders'],
  ['select id from invoker_orders', 'SELECT (id) on app.invoker_orders SELECT (id) on app.orders SELECT (note) on app.orders'],
  ['select at from events', 'SELECT (at)'],
  ['select at from events_2026', 'SELECT (at) on app.events_2026'],
  ['insert into notes (order_id) values (1)', 'EXECUTE INSERT (order_id)'],
  ['insert into notes (order_id, kind) values (1, $x$a$x$)', 'INSERT (kind) INSERT (order_id)'],
  ['insert into notes (order_id, kind) values (1, default)', 'EXECUTE INSERT (kind) INSERT (order_id)'],
  ['insert into tickets (title) values ($x$a$x$)', 'INSERT (title) USAGE'],
  ['insert into tickets (id, title) values (1, $x$a$x$)', 'INSERT (id) INSERT (title)'],
  ['insert into tickets default values', 'INSERT (id) USAGE'],
  ['insert into tickets values (1)', 'INSERT (id)'],
  ['insert into lines values (1, $x$a$x$, 2)', 'INSERT (order_id) INSERT (product) INSERT (quantity)'],
  [
    'insert into lines select id, note, 1 from orders',
    'INSERT (order_id) on app.lines INSERT (product) on app.lines INSERT (quantity) on app.lines SELECT (id) on app.orders SELECT (note) on app.orders',
  ],
  ['insert into orders (note) values ($x$a$x$) returning id', 'INSERT (note) SELECT (id)'],
  ['insert into lines (order_id, product) values (1, $x$a$x$) on conflict do nothing', 'INSERT (order_id) INSERT (product)'],
  [
    'insert into lines (order_id, product) values (1, $x$a$x$) on conflict (order_id, product) do nothing',
    'INSERT (order_id) INSERT (product) SELECT (order_id) SELECT (product)',
  ],
  [
    'insert into lines (order_id, product, quantity) values (1, $x$a$x$, 2) on conflict (order_id, product) do update set quantity = excluded.quantity',
    'INSERT (order_id) INSERT (product) INSERT (quantity) SELECT (order_id) SELECT (product) SELECT (quantity) UPDATE (quantity)',
  ],
  [
    'insert into lines (order_id, product) values (1, $x$a$x$) on conflict on constraint lines_pkey do update set quantity = 1 where lines.quantity > 3',
    'INSERT (order_id) INSERT (product) SELECT (order_id) SELECT (product) SELECT (quantity) UPDATE (quantity)',
  ],
  ['update orders set note = null', 'UPDATE (note)'],
  ['update orders set total = total + 1 where id = 1', 'SELECT (id) SELECT (total) UPDATE (total)'],
  ['update orders set note = null where id = 1 returning old.note', 'SELECT (id) SELECT (note) UPDATE (note)'],
  [
    'update orders o set note = l.product from lines l where l.order_id = o.id',
    'SELECT (id) on app.orders SELECT (order_id) on app.lines SELECT (product) on app.lines UPDATE (note) on app.orders',
  ],
  [
    'update orders set (note, total) = (select product, quantity from lines limit 1)',
    'SELECT (product) on app.lines SELECT (quantity) on app.lines UPDATE (note) on app.orders UPDATE (total) on app.orders',
  ],
  ['delete from orders', 'DELETE'],
  ['delete from orders where id = 1 returning note', 'DELETE SELECT (id) SELECT (note)'],
  [
    'delete from orders o using lines l where l.order_id = o.id',
    'DELETE on app.orders SELECT (id) on app.orders SELECT (order_id) on app.lines',
  ],
  [
    'merge into lines l using orders o on l.order_id = o.id when matched and o.total > 1 then update set quantity = 1 when not matched then insert (order_id, product) values (o.id, o.note)',
    'INSERT (order_id) on app.lines INSERT (product) on app.lines SELECT (id) on app.orders SELECT (note) on app.orders SELECT (order_id) on app.lines SELECT (total) on app.orders UPDATE (quantity) on app.lines',
  ],
  [
    'merge into lines l using orders o on l.order_id = o.id when matched then delete',
    'DELETE on app.lines SELECT (id) on app.orders SELECT (order_id) on app.lines',
  ],
  ['update open_orders set note = null where id = 1', 'SELECT (id) on app.open_orders UPDATE (note) on app.open_orders'],
  ['copy orders (id, note) to stdout', 'SELECT (id) SELECT (note)'],
  ['copy lines from stdin', 'INSERT (order_id) INSERT (product) INSERT (quantity)'],
  ['copy (select id from orders) to stdout', 'SELECT (id)'],
  ['truncate lines', 'TRUNCATE'],
  ['truncate orders cascade', 'TRUNCATE on app.lines TRUNCATE on app.notes TRUNCATE on app.orders'],
  ['lock table orders in access share mode', 'SELECT'],
  ['lock table orders in row exclusive mode', 'INSERT'],
  ['lock table orders', 'MAINTAIN'],
  ['declare c cursor for select id from orders', 'SELECT (id)'],
  ['prepare p as select note from orders where id = $1; execute p (1)', 'SELECT (id) SELECT (note)'],
  ['explain select note from orders', 'SELECT (note)'],
  ['create temporary table made as select id from orders', 'SELECT (id) TEMPORARY'],
  ['create temporary table made (a int)', 'TEMPORARY'],
  ['call tidy(1)', 'EXECUTE'],
  ['set session_replication_role = replica', 'SET'],
  ['set work_mem = $x$8MB$x$', ''],
  ['begin', ''],
  ['select secret from guarded', 'EXECUTE on app.me() SELECT (owner) on app.members SELECT (secret) on app.guarded'],
  ['insert into checked (amount) values (1)', 'EXECUTE INSERT (amount)'],
];

describe('what a statement needs', () => {
  test.each(TABLE)('%s', async (statement, expected) => {
    const rights = rightsOf(statement);
    const tables = new Set(rights.map(({ text }) => text.replace(/^.* on /, '')));
    const isShort = !/ on app\./.test(expected);
    const text = rights
      .map((one) => (isShort ? one.text.replace(/ on .*$/, '') : one.text))
      .toSorted()
      .join(' ');
    await client.query('begin; revoke temporary on database postgres from public');
    try {
      for (const { sql } of rights) await client.query(`grant ${sql} to fresh`);
      expect(await isDenied(statement), 'with all of them').toBe(false);
      for (const { sql, text: right } of rights) {
        await client.query(`savepoint without; revoke ${sql} from fresh`);
        expect(await isDenied(statement), `without ${right}`).toBe(true);
        await client.query('rollback to without');
      }
    } finally {
      await client.query('rollback');
    }
    if (isShort || tables.size > 1) expect(text).toBe(expected);
  });

  test.each([
    ['select nextval($1)', true, 'nextval of a sequence that the text does not say, since pg_stat_statements replaces constants'],
    ['select nothing from orders', true, 'the column nothing is not there'],
    ['select 1 from nowhere', true, 'the table nowhere is not there'],
    ['select twice(1)', true, '2 functions are called twice with 1 arguments'],
    [
      'do $$ begin end $$',
      true,
      'DO is opaque: what it ran is recorded statement by statement with pg_stat_statements.track = all',
    ],
    ['create table app.x ()', true, 'it makes the table x, which would belong to the role: it belongs to migrations'],
    ['alter table orders add x int', true, 'AlterTable needs ownership, or is no query: it belongs to migrations'],
    ['truncate tickets restart identity', true, 'TRUNCATE RESTART IDENTITY needs ownership of the sequences'],
    ['select pg_read_file($1)', true, 'pg_read_file is a function of the server that not everybody may call'],
    ['select from orders where', true, 'it does not parse: syntax error at end of input'],
    [`copy orders to '/tmp/x'`, true, 'COPY with a file of the server needs a predefined role'],
    [
      'update invoker_orders set id = 1',
      true,
      'invoker_orders is a view with the rights of whoever asks, and is written through',
    ],
  ])('is not guessed: %s', (statement, toplevel, reason) => {
    expect(resolved(statement, toplevel)).toEqual({ kind: 'unresolved', reason });
  });

  test.each([
    ['total := (select max(total) from orders)', 'SELECT (total)'],
    ['(select note from orders where id = wanted)', 'SELECT (id) SELECT (note)'],
    ['update orders set note = given where id = new.id', 'SELECT (id) UPDATE (note)'],
  ])('inside a function variables are let pass: %s', (statement, expected) => {
    const found = resolved(statement, false);
    if (found.kind !== 'needs') throw new Error(JSON.stringify(found));
    const rights = settle(found.needs, () => 'id').map((right) =>
      nameRight(right, names.shapes, 'postgres').text.replace(/ on .*$/, ''),
    );
    expect(rights.toSorted().join(' ')).toBe(expected);
  });

  test('ANALYZE without MAINTAIN is a warning, and does nothing', async () => {
    expect(rightsOf('analyze orders').map(({ text }) => text)).toEqual(['MAINTAIN on app.orders']);
    const notices: string[] = [];
    client.on('notice', ({ message }) => notices.push(message ?? ''));
    await client.query('begin');
    expect(await isDenied('analyze orders')).toBe(false);
    await client.query('rollback');
    expect(notices).toEqual(['permission denied to analyze "orders", skipping it']);
  });

  test.each([
    'select a from scratch',
    'insert into scratch values (1, 2)',
    'drop table scratch',
    'select * from pg_temp.scratch',
  ])('temporary tables are nobody’s grant: %s', (statement) => {
    expect(resolved(statement)).toEqual({ kind: 'nothing' });
  });
});
