/** What an app runs, each list in a transaction of its own that is rolled back: so it can run again, as another role. */
export const WORKLOAD: readonly (readonly string[])[] = [
  ['select count(*) from orders'],
  ['select id, note from orders where id = 7'],
  [`select o.id, l.product from orders o left join lines l on l.order_id = o.id where o.note = 'x' order by o.created_at`],
  ['select product from lines join notes using (order_id)'],
  ['select id from orders where total > 5 for update skip locked'],
  [
    'with next as (select id from orders order by id limit 1 for update skip locked) update orders o set total = 1 from next where o.id = next.id returning o.id',
  ],
  ['with recursive n (i) as (select 1 union all select i + 1 from n where i < 3) select i from n'],
  ['select s.found from (select * from find_orders(1)) s'],
  ['select total_of(1)'],
  ['select secret_count()'],
  ['select * from open_orders'],
  ['select id from invoker_orders'],
  ['select at from events where at > now()'],
  ['select e.key from orders, jsonb_each(data) e'],
  ['select exists (select from lines where lines.order_id = orders.id) from orders'],
  ['select id from orders union all select order_id from lines'],
  ['select note, count(*) from orders group by note having count(*) > 1'],
  ['select secret from guarded'],
  ['select id, (select count(*) from lines l where l.order_id = o.id) from orders o'],
  [`insert into orders (note) values ('a') returning id`],
  ['insert into notes (order_id) values (1)'],
  [`insert into tickets (title) values ('t')`],
  ['insert into checked (amount) values (3)'],
  [`insert into events (at, what) values ('2026-05-05', 'x')`],
  [
    `insert into lines (order_id, product, quantity) values (1, 'p', 1) on conflict (order_id, product) do update set quantity = excluded.quantity`,
  ],
  [`insert into lines (order_id, product) values (1, 'q') on conflict do nothing`],
  ['insert into lines select id, note, 2 from orders where note is not null'],
  ['update orders set total = total + 1 where id = 1'],
  [`update orders set note = 'b' where id = 1 returning old.note`],
  ['update lines l set quantity = 3 from orders o where o.id = l.order_id'],
  ['delete from notes where order_id = 9'],
  ['delete from lines l using orders o where o.id = l.order_id and o.total < 0'],
  [
    `merge into lines l using orders o on l.order_id = o.id when matched then update set quantity = 1 when not matched then insert (order_id, product) values (o.id, o.note)`,
  ],
  ['copy orders (id, note) to stdout'],
  ['copy (select product from lines) to stdout'],
  ['truncate scribbles'],
  ['lock table orders in access share mode'],
  ['lock table journal in row exclusive mode'],
  ['lock table ledger in share mode'],
  ['declare c cursor for select id from orders', 'fetch 1 from c', 'close c'],
  ['prepare p (int) as select note from orders where id = $1', 'execute p (1)', 'deallocate p'],
  ['explain select id from orders'],
  ['create temporary table scratch (a int) on commit drop', 'insert into scratch values (1)', 'select a from scratch'],
  ['call tidy(1)'],
  ['select book(1)'],
  [`do $$ begin execute 'select title from app.tickets'; end $$`],
  ['set local session_replication_role = replica'],
  ['select kind from notes tablesample system (10)'],
  ['select row_to_json(t) from tickets t'],
  ['set local statement_timeout = 1000', 'show statement_timeout'],
  ['select g from generate_series(1, 3) g'],
];

/** Besides the tables of app-schema.ts: what only this workload touches. */
export const WORKLOAD_SCHEMA = `
  create table app.scribbles (a int);
  create table app.journal (a int);
  create table app.ledger (a int);
  create table app.balance (id int primary key, amount numeric, changed int default 0);
  insert into app.balance values (1, 5);
  create function app.book(which int) returns numeric language plpgsql set search_path = app, pg_temp as $$
    declare total numeric;
    begin
      total := (select b.amount from balance b where b.id = which);
      update balance set changed = changed + 1 where id = which;
      if total is null then raise 'none'; end if;
      return total;
    end $$;
  revoke execute on all routines in schema app from public;
`;
