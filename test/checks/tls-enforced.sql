--! case: TLS is left to the client
--! server: tls
--! hba: host all all 127.0.0.1/32 scram-sha-256
--!   hostssl all all all scram-sha-256
--!   host all all 10.0.0.0/8 trust
--!   host all bob samenet scram-sha-256
--! expect: host all all 10.0.0.0/8 trust, host all bob samenet scram-sha-256
--! says: line 3 of pg_hba.conf lets other machines in without TLS, and without a password
--! fix: in line 3 of pg_hba.conf put hostssl at the beginning, with ssl on and clients at sslmode=verify-full; then select pg_reload_conf();

--! case: clear text is rejected first, in two halves
--! server: tls
--! hba: hostnossl all,replication all 0.0.0.0/0 reject
--!   hostnossl all,replication all ::/0 reject
--!   host all all 10.0.0.0/8 scram-sha-256
--!   host replication all fe80::/10 scram-sha-256
--!   host all all samehost scram-sha-256
--! expect: none

--! case: the reject leaves replication out, and one address of two
--! server: tls
--! hba: hostnossl all all 10.0.0.0/9 reject
--!   host replication all 10.0.0.0/9 scram-sha-256
--!   host all all 10.0.0.0/8 scram-sha-256
--! expect: host replication all 10.0.0.0/9 scram-sha-256, host all all 10.0.0.0/8 scram-sha-256

--! case: as initdb of dbctl makes it: this machine alone
--! expect: none

--! case: hidden from plain roles
--! as: plain
--! expect: unknown
--! fix: grant select on pg_catalog.pg_hba_file_rules to "verify_plain";
--!   grant execute on function pg_catalog.pg_hba_file_rules() to "verify_plain";

--! case: seen with these two rights
--! as: plain
--! hba: host all all 127.0.0.1/32 scram-sha-256
grant select on pg_catalog.pg_hba_file_rules to public;
grant execute on function pg_catalog.pg_hba_file_rules() to public;
--! expect: none

-- What a service's own library declares is a row of pg_settings, which no statement makes: the view shows what it would show there.
--! case: the service enforces it, and its pg_hba.conf is hidden
--! as: plain
--! hba: host all all all scram-sha-256
set local allow_system_table_mods = on;
create or replace view pg_catalog.pg_settings as
select a.name, a.setting, a.unit, a.category, a.short_desc, a.extra_desc, a.context, a.vartype, a.source, a.min_val, a.max_val, a.enumvals,
       a.boot_val, a.reset_val, a.sourcefile, a.sourceline, a.pending_restart
  from pg_catalog.pg_show_all_settings() as a
union all
select 'rds.force_ssl', '1', null, 'Customized Options', null, null, 'sighup', 'bool', 'configuration file', null, null, null, '0', '1', null, null, false;
--! expect: none

--! case: the service does not
--! as: plain
set local allow_system_table_mods = on;
create or replace view pg_catalog.pg_settings as
select a.name, a.setting, a.unit, a.category, a.short_desc, a.extra_desc, a.context, a.vartype, a.source, a.min_val, a.max_val, a.enumvals,
       a.boot_val, a.reset_val, a.sourcefile, a.sourceline, a.pending_restart
  from pg_catalog.pg_show_all_settings() as a
union all
select 'rds.force_ssl', 'off', null, 'Customized Options', null, null, 'sighup', 'bool', 'configuration file', null, null, null, '0', '1', null, null, false;
--! expect: rds.force_ssl
--! says: rds.force_ssl is off: the service lets other machines in without TLS
--! fix: alter system set rds.force_ssl = 1; -- then restart the server

--! case: another service does not
--! as: plain
set local allow_system_table_mods = on;
create or replace view pg_catalog.pg_settings as
select a.name, a.setting, a.unit, a.category, a.short_desc, a.extra_desc, a.context, a.vartype, a.source, a.min_val, a.max_val, a.enumvals,
       a.boot_val, a.reset_val, a.sourcefile, a.sourceline, a.pending_restart
  from pg_catalog.pg_show_all_settings() as a
union all
select 'require_secure_transport', 'off', null, 'Customized Options', null, null, 'sighup', 'bool', 'default', null, null, null, '0', '1', null, null, false;
--! expect: require_secure_transport
--! fix: alter system set require_secure_transport = on; select pg_reload_conf();

--! case: another service enforces it
--! as: plain
set local allow_system_table_mods = on;
create or replace view pg_catalog.pg_settings as
select a.name, a.setting, a.unit, a.category, a.short_desc, a.extra_desc, a.context, a.vartype, a.source, a.min_val, a.max_val, a.enumvals,
       a.boot_val, a.reset_val, a.sourcefile, a.sourceline, a.pending_restart
  from pg_catalog.pg_show_all_settings() as a
union all
select 'require_secure_transport', 'on', null, 'Customized Options', null, null, 'sighup', 'bool', 'default', null, null, null, '0', '1', null, null, false;
--! expect: none

--! case: a word nobody knows
--! as: plain
set local allow_system_table_mods = on;
create or replace view pg_catalog.pg_settings as
select a.name, a.setting, a.unit, a.category, a.short_desc, a.extra_desc, a.context, a.vartype, a.source, a.min_val, a.max_val, a.enumvals,
       a.boot_val, a.reset_val, a.sourcefile, a.sourceline, a.pending_restart
  from pg_catalog.pg_show_all_settings() as a
union all
select 'require_secure_transport', 'some', null, 'Customized Options', null, null, 'sighup', 'bool', 'default', null, null, null, '0', '1', null, null, false;
--! expect: require_secure_transport (unknown)
--! says: require_secure_transport is 'some', which says neither yes nor no
--! fix: alter system set require_secure_transport = on; select pg_reload_conf();

--! case: a value that is the session's own says nothing of the service
--! as: plain
set local allow_system_table_mods = on;
create or replace view pg_catalog.pg_settings as
select a.name, a.setting, a.unit, a.category, a.short_desc, a.extra_desc, a.context, a.vartype, a.source, a.min_val, a.max_val, a.enumvals,
       a.boot_val, a.reset_val, a.sourcefile, a.sourceline, a.pending_restart
  from pg_catalog.pg_show_all_settings() as a
union all
select 'rds.force_ssl', 'on', null, 'Customized Options', null, null, 'sighup', 'bool', 'user', null, null, null, '0', '1', null, null, false;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_hba_file_rules to "verify_plain";
--!   grant execute on function pg_catalog.pg_hba_file_rules() to "verify_plain";

--! case: anybody may set a name with a dot, and it says nothing
--! as: plain
set local rds.force_ssl = '1';
--! expect: unknown
--! fix: grant select on pg_catalog.pg_hba_file_rules to "verify_plain";
--!   grant execute on function pg_catalog.pg_hba_file_rules() to "verify_plain";

--! case: nor does it excuse a line that is seen
--! hba: host all "<&> ""q" 10.0.0.0/8 scram-sha-256
set local rds.force_ssl = 'on';
--! expect: host all <&> "q 10.0.0.0/8 scram-sha-256
