/** Tables, views, functions and policies of the kinds that rights depend on, in schema app; PUBLIC may call none of the functions. */
export const APP_SCHEMA = `
  create schema app;
  set search_path = app;
  create table orders (id bigint generated always as identity primary key, note text, total numeric, data jsonb, created_at timestamptz default now());
  create table lines (order_id bigint references orders, product text, quantity int, primary key (order_id, product));
  create function usual_kind() returns text language plpgsql as $$ begin return 'usual'; end $$;
  create table notes (order_id bigint references orders, kind text default usual_kind());
  create table tickets (id bigserial primary key, title text);
  create table events (at timestamptz not null, what text) partition by range (at);
  create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01');
  create function fits(amount int) returns boolean language plpgsql as $$ begin return amount > 0; end $$;
  create table checked (amount int check (fits(amount)), doubled int generated always as (amount * 2) stored);
  create view open_orders as select id, note from orders;
  create view invoker_orders with (security_invoker) as select id, note from orders where note is not null;
  create function find_orders(lowest bigint) returns table (found bigint, words text) language sql stable
    as $$ select id, note from app.orders where id >= lowest $$;
  create function total_of(wanted bigint) returns numeric language sql stable
    begin atomic select total from app.orders where id = wanted; end;
  create function secret_count() returns bigint language sql security definer set search_path = app, pg_temp
    as $$ select count(*) from orders $$;
  create function twice(int) returns int language sql as 'select 2 * $1';
  create function twice(text) returns text language sql as 'select $1 || $1';
  create procedure tidy(lowest bigint) language plpgsql as $$ begin perform 1; end $$;
  create table members (owner text, team int);
  create table guarded (secret text, owner text);
  create function me() returns text language plpgsql stable as $$ begin return current_user; end $$;
  alter table guarded enable row level security;
  create policy own on guarded using (owner in (select m.owner from members m) or owner = me());
  revoke execute on all routines in schema app from public;
  insert into orders (note, total, data) values ('first', 1, '{}');
  reset search_path;
`;
