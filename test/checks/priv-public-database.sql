--! case: a database as it was made, and others beside it
--! expect: checks, other databases
--! says: every role of the cluster has CONNECT and TEMPORARY on database checks
--! severity: medium
--! fix: revoke connect, temporary on database checks from public; -- once every role that logs in here has been granted connect by itself
--! then: fixed

--! case: closed, but for others that are as they were made
revoke connect, temporary on database checks from public;
--! expect: other databases
--! says: every role of the cluster may connect to postgres, template1
--! severity: low

--! case: closed, or listed for temporary tables
--! policy: {"publicGrants": [{"kind": "database", "schemas": null, "name": ".*", "args": null, "privileges": ["TEMPORARY"], "columns": {}, "except": []}]}
revoke connect on database checks, postgres, template1 from public;
create role app login;
grant connect on database checks to app;
--! expect: none

--! case: the role may not see the databases
--! as: plain
revoke select on pg_catalog.pg_database from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_database to "verify_plain";
