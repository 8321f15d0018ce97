import type pg from 'pg';
import { can, value, type Plant } from './planted.ts';

const file = `create temporary table lines (line text)`;
const temporary = 'grant temporary on database planted to mallory';

const inRole = (role: string): Pick<Plant, 'plant' | 'object' | 'way'> => ({
  plant: [`grant ${role} to grp`, 'grant grp to mallory', temporary],
  object: `grp in ${role}`,
  way: 'mallory inherits grp: now',
});

/** Predefined roles, functions and tables of the server, large objects, foreign servers, passwords. */
export const SERVER: readonly Plant[] = [
  {
    id: 'pg-maintain',
    ...inRole('pg_maintain'),
    attack: ({ mallory }) => can(mallory, 'lock table pg_catalog.pg_authid in access exclusive mode nowait'),
  },
  {
    id: 'pg-read-all-data',
    ...inRole('pg_read_all_data'),
    attack: async ({ mallory }) =>
      String(await value(mallory, `select rolpassword from pg_authid where rolname = 'postgres'`)).startsWith('SCRAM-SHA-256$'),
  },
  {
    id: 'pg-write-all-data',
    ...inRole('pg_write_all_data'),
    attack: ({ mallory }) => can(mallory, 'update app.orders set amount = 0'),
  },
  {
    id: 'pg-read-all-stats',
    ...inRole('pg_monitor'),
    attack: async ({ mallory, superuser }) => {
      await superuser.query(`select 'a secret in a statement'`);
      const seen = await value(mallory, `select string_agg(query, ' ') from pg_stat_activity where usename = 'postgres'`);
      return String(seen).includes('a secret in a statement');
    },
  },
  {
    id: 'pg-execute-server-program',
    ...inRole('pg_execute_server_program'),
    attack: ({ mallory }) => can(mallory, file, `copy lines from program 'id'`, 'select 1 / count(*) from lines'),
  },
  {
    id: 'pg-server-files',
    ...inRole('pg_read_server_files'),
    attack: ({ mallory }) => can(mallory, file, `copy lines from 'pg_hba.conf'`, 'select 1 / count(*) from lines'),
  },
  {
    id: 'pg-server-files',
    how: 'to write',
    ...inRole('pg_write_server_files'),
    attack: async ({ mallory, superuser }) => {
      await superuser.query(`copy (select '') to program 'rm -f written_by_mallory'`);
      const directory = String(await value(superuser, 'show data_directory'));
      await can(mallory, `copy (select 'x') to '${directory}/written_by_mallory'`);
      const wrote = await value(superuser, `select (pg_stat_file('written_by_mallory', true)).size is not null`);
      await superuser.query(`copy (select '') to program 'rm -f written_by_mallory'`);
      return wrote === true;
    },
  },
  {
    id: 'pg-read-all-settings',
    ...inRole('pg_read_all_settings'),
    attack: async ({ mallory }) => (await value(mallory, 'show data_directory')) !== undefined,
  },
  {
    id: 'system-object-granted',
    plant: ['grant execute on function pg_catalog.pg_read_file(text) to mallory'],
    object: 'mallory: execute on routine pg_catalog.pg_read_file(text)',
    attack: async ({ mallory }) => String(await value(mallory, `select pg_read_file('pg_hba.conf')`)).includes('scram'),
  },
  {
    id: 'system-object-granted',
    how: 'a column of a catalog',
    plant: ['grant select (rolpassword) on pg_catalog.pg_authid to mallory'],
    object: 'mallory: select (rolpassword) on table pg_catalog.pg_authid',
    attack: ({ mallory }) => can(mallory, 'select rolpassword from pg_authid'),
  },
  {
    id: 'large-object-checks-off',
    plant: [`select lo_from_bytea(4711, 'secret')`, 'grant set on parameter lo_compat_privileges to mallory'],
    object: 'mallory: set on parameter lo_compat_privileges',
    attack: ({ mallory }) => can(mallory, 'set lo_compat_privileges = on', 'select lo_get(4711)', 'select lo_unlink(4711)'),
  },
  {
    id: 'large-object-checks-off',
    how: 'by a setting of the role',
    plant: [`select lo_from_bytea(4711, 'secret')`, 'alter role mallory set lo_compat_privileges = on'],
    object: 'mallory',
    attack: async ({ reconnect }) => can(await reconnect(), 'select lo_get(4711)'),
  },
  {
    id: 'large-object-public',
    plant: [`select lo_from_bytea(4711, 'secret')`, 'grant select on large object 4711 to public'],
    object: 'PUBLIC: select on large object 4711',
    attack: ({ mallory }) => can(mallory, 'select lo_get(4711)'),
  },
  {
    id: 'dblink-unchecked',
    plant: ['create extension dblink with schema app', 'grant execute on function app.dblink_connect_u(text) to mallory'],
    object: 'mallory: execute on routine app.dblink_connect_u(text)',
    // The server of the tests trusts this one name over its socket.
    attack: async ({ reconnect, superuser }) => {
      const socket = String(await value(superuser, 'show unix_socket_directories'));
      const port = String(await value(superuser, 'show port'));
      const text = `host=${socket} port=${port} user=trusted dbname=postgres`;
      const mallory = await reconnect();
      const open = await value(mallory, `select app.dblink_connect_u('${text}')`);
      const name = await value(mallory, `select name from app.dblink('select current_user::text') as d (name text)`);
      return open === 'OK' && name === 'trusted';
    },
  },
  {
    id: 'dblink-open',
    plant: ['create extension dblink with schema app'],
    object: 'PUBLIC: execute on routine app.dblink_connect(text)',
    attack: async ({ mallory }) => {
      const tried = mallory.query(`select app.dblink_connect('host=127.0.0.1 port=1 user=x password=x connect_timeout=2')`);
      const refused = await tried.then(
        () => '',
        (thrown: pg.DatabaseError) => thrown.detail ?? thrown.message,
      );
      return /refused/i.test(refused);
    },
  },
  {
    id: 'user-mapping-shared',
    plant: [
      'create extension postgres_fdw',
      `do $$ begin execute format('create server back foreign data wrapper postgres_fdw options (host %L, port %L, dbname %L)',
        current_setting('unix_socket_directories'), current_setting('port'), current_database()); end $$`,
      `create user mapping for public server back options (user 'trusted', password_required 'false')`,
      'create schema own authorization mallory',
      'grant usage on foreign server back to mallory',
    ],
    object: 'PUBLIC at back',
    attack: ({ mallory }) =>
      can(
        mallory,
        `create foreign table own.them (rolname text, rolpassword text) server back options (schema_name 'pg_catalog', table_name 'pg_authid')`,
        `select 1 / count(*) from own.them where rolpassword like 'SCRAM%'`,
      ),
  },
  {
    id: 'password-kind',
    plant: [
      `set password_encryption = 'md5'`,
      `create role legacy login connection limit 1 password 'x'`,
      'reset password_encryption',
    ],
    object: 'legacy',
    fixable: false,
  },
  {
    id: 'login-without-connection-limit',
    plant: ['alter role mallory connection limit -1'],
    object: 'mallory',
    attack: async ({ superuser }) =>
      (await value(superuser, `select rolconnlimit from pg_roles where rolname = 'mallory'`)) === -1,
  },
  {
    id: 'login-without-application-name',
    plant: ['alter role mallory reset application_name'],
    object: 'mallory',
    attack: async ({ reconnect }) => (await value(await reconnect(), 'show application_name')) === '',
  },
];
