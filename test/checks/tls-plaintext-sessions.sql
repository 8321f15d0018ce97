--! case: two from one machine, one from another, and those that are encrypted or near
set local allow_system_table_mods = on;
alter view pg_catalog.pg_stat_activity rename to real_activity;
alter view pg_catalog.pg_stat_ssl rename to real_ssl;
alter view pg_catalog.pg_stat_gssapi rename to real_gssapi;
create view pg_catalog.pg_stat_activity as
select v.pid, v.usename::name, v.client_addr::inet, 'client backend' as backend_type
  from (values (1, 'app', '10.0.0.5'), (2, 'app', '10.0.0.5'), (3, 'Night "Shift"', 'fd00::7'), (4, 'app', '10.0.0.6'), (5, 'app', '127.0.0.1'),
               (6, 'app', '::1'), (7, 'app', null), (8, 'app', '10.0.0.8'), (9, null, null)) as v(pid, usename, client_addr);
create view pg_catalog.pg_stat_ssl as select v.pid, v.pid = 4 as ssl from pg_catalog.generate_series(1, 8) as v(pid);
create view pg_catalog.pg_stat_gssapi as select v.pid, v.pid = 8 as encrypted from pg_catalog.generate_series(1, 8) as v(pid);
--! expect: app from 10.0.0.5, "Night ""Shift""" from fd00::7
--! says: role "Night ""Shift""" has a session in clear from fd00::7
--! fix: set sslmode=verify-full in the client at fd00::7; then leave it no choice: hostssl in pg_hba.conf (tls-enforced)

--! case: all are near
--! expect: none

--! case: a plain role sees no other's
--! as: plain
--! expect: unknown
--! fix: grant pg_read_all_stats to "verify_plain";
