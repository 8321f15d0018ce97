--! case: schemas where everybody may create
create schema "Shop ""Tools""";
grant create on schema "Shop ""Tools""", public to public;
grant usage on schema public to public;
--! expect: Shop "Tools", public
--! says: every role may create in schema "Shop ""Tools""": what others call in it may be theirs
--! fix: revoke create on schema "Shop ""Tools""" from public;
--! then: fixed

--! case: one that everybody may use, one a role may create in, one that is listed
--! policy: {"publicGrants": [{"kind": "schema", "schemas": null, "name": "^scratch$", "args": null, "privileges": ["CREATE"], "columns": {}, "except": []}]}
create role partner;
create schema open;
grant usage on schema open to public;
grant create on schema open to partner;
create schema scratch;
grant create on schema scratch to public;
create temp table passing (id int);
--! expect: none

--! case: the role may not see the schemas
--! as: plain
revoke select on pg_catalog.pg_namespace from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_namespace to "verify_plain";
