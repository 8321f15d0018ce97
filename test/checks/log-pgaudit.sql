-- The embedded server has no pgaudit: the view shows what it would show with it. test/postgres/verify/pgaudit.test.ts asks one that has.
--! case: not preloaded
--! expect: shared_preload_libraries
--! says: pgaudit is not preloaded
--! fix: alter system set shared_preload_libraries = 'pgaudit'; -- with its package installed; then restart, create extension pgaudit, and alter system set pgaudit.log = 'ddl, role, write';

--! case: not among those that are, and the others stay
--! server: odd
--! expect: shared_preload_libraries
--! fix: alter system set shared_preload_libraries = 'pg_stat_statements', '$libdir/unaccent', 'pgaudit'; -- with its package installed; then restart, create extension pgaudit, and alter system set pgaudit.log = 'ddl, role, write';

--! case: preloaded, and a value of this session hides the server's
set local allow_system_table_mods = on;
create or replace view pg_catalog.pg_settings as
select a.name, case a.name when 'shared_preload_libraries' then '$libdir/pgaudit.so' else a.setting end as setting, a.unit, a.category, a.short_desc,
       a.extra_desc, a.context, a.vartype, a.source, a.min_val, a.max_val, a.enumvals, a.boot_val, a.reset_val, a.sourcefile, a.sourceline, a.pending_restart
  from pg_catalog.pg_show_all_settings() as a
union all
select 'pgaudit.log', 'ddl', null, 'Customized Options', null, null, 'superuser', 'string', 'user', null, null, null, 'none', 'ddl', null, null, false;
--! expect: pgaudit.log (unknown)
--! fix: run dbctl verify in a session that does not set pgaudit.log

--! case: preloaded, with roles that have it empty
set local allow_system_table_mods = on;
create or replace view pg_catalog.pg_settings as
select a.name, case a.name when 'shared_preload_libraries' then 'pg_stat_statements, pgaudit' else a.setting end as setting, a.unit, a.category, a.short_desc,
       a.extra_desc, a.context, a.vartype, a.source, a.min_val, a.max_val, a.enumvals, a.boot_val, a.reset_val, a.sourcefile, a.sourceline, a.pending_restart
  from pg_catalog.pg_show_all_settings() as a
union all
select 'pgaudit.log', 'ddl, role', null, 'Customized Options', null, null, 'superuser', 'string', 'configuration file', null, null, null, 'none', 'ddl, role', null, null, false;
create role "Shop App" login;
create role quiet login;
create role staff nologin;
create role fine login;
alter role "Shop App" set pgaudit.log = 'none';
alter role quiet set pgaudit.log = 'read,-all';
alter role staff set pgaudit.log = '';
alter role fine set pgaudit.log = 'write,-read';
alter database checks set pgaudit.log = '';
--! expect: role "Shop App", role quiet, database checks
--! says: database checks has pgaudit.log empty of its own: what it does is not recorded
--! fix: alter database checks reset pgaudit.log;
--! then: fixed

--! case: preloaded, and it records no class
set local allow_system_table_mods = on;
create or replace view pg_catalog.pg_settings as
select a.name, case a.name when 'shared_preload_libraries' then 'pgaudit' else a.setting end as setting, a.unit, a.category, a.short_desc,
       a.extra_desc, a.context, a.vartype, a.source, a.min_val, a.max_val, a.enumvals, a.boot_val, a.reset_val, a.sourcefile, a.sourceline, a.pending_restart
  from pg_catalog.pg_show_all_settings() as a
union all
select 'pgaudit.log', 'none', null, 'Customized Options', null, null, 'superuser', 'string', 'default', null, null, null, 'none', 'none', null, null, false;
--! expect: pgaudit.log
--! says: pgaudit is preloaded and records no class
--! fix: alter system set pgaudit.log = 'ddl, role, write'; select pg_reload_conf();

--! case: preloaded, and its classes are all taken away again
set local allow_system_table_mods = on;
create or replace view pg_catalog.pg_settings as
select a.name, case a.name when 'shared_preload_libraries' then 'pgaudit' else a.setting end as setting, a.unit, a.category, a.short_desc,
       a.extra_desc, a.context, a.vartype, a.source, a.min_val, a.max_val, a.enumvals, a.boot_val, a.reset_val, a.sourcefile, a.sourceline, a.pending_restart
  from pg_catalog.pg_show_all_settings() as a
union all
select 'pgaudit.log', 'read, -all', null, 'Customized Options', null, null, 'superuser', 'string', 'command line', null, null, null, 'none', 'read, -all', null, null, false;
--! expect: pgaudit.log

--! case: preloaded and recording
set local allow_system_table_mods = on;
create or replace view pg_catalog.pg_settings as
select a.name, case a.name when 'shared_preload_libraries' then 'pgaudit' else a.setting end as setting, a.unit, a.category, a.short_desc,
       a.extra_desc, a.context, a.vartype, a.source, a.min_val, a.max_val, a.enumvals, a.boot_val, a.reset_val, a.sourcefile, a.sourceline, a.pending_restart
  from pg_catalog.pg_show_all_settings() as a
union all
select 'pgaudit.log', 'ALL, -misc', null, 'Customized Options', null, null, 'superuser', 'string', 'configuration file', null, null, null, 'none', 'ALL, -misc', null, null, false;
--! expect: none

--! case: a plain role does not see what is preloaded
--! as: plain
--! expect: unknown
--! fix: grant pg_read_all_settings to "verify_plain";

--! case: preloaded, and its classes are taken away one by one, of the server and of a role
set local allow_system_table_mods = on;
create or replace view pg_catalog.pg_settings as
select a.name, case a.name when 'shared_preload_libraries' then 'pgaudit' else a.setting end as setting, a.unit, a.category, a.short_desc,
       a.extra_desc, a.context, a.vartype, a.source, a.min_val, a.max_val, a.enumvals, a.boot_val, a.reset_val, a.sourcefile, a.sourceline, a.pending_restart
  from pg_catalog.pg_show_all_settings() as a
union all
select 'pgaudit.log', 'misc, Write, -write,-misc', null, 'Customized Options', null, null, 'superuser', 'string', 'configuration file', null, null, null, 'none', 'none', null, null, false;
create role app login;
create role fine login;
alter role app set pgaudit.log = 'ddl, -ddl';
alter role fine set pgaudit.log = 'all, -misc_set';
--! expect: pgaudit.log, role app
