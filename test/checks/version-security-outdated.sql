--! case: two releases with holes of other severities
--! advisories: {"releases": [
--!   {"version": 180090, "date": "2099-02-01", "status": "released"},
--!   {"version": 180091, "date": "2099-05-01", "status": "released"},
--!   {"version": 180092, "date": "2099-08-01", "status": "withdrawn"},
--!   {"version": 170099, "date": "2099-08-01", "status": "released"}], "cves": [
--!   {"id": "CVE-1", "score": 8.8, "component": "core", "extensions": [], "subject": "a", "fixed": [180090, 170099]},
--!   {"id": "CVE-2", "score": 5.4, "component": "client", "extensions": [], "subject": "b", "fixed": [180090]},
--!   {"id": "CVE-3", "score": 9.8, "component": "extension", "extensions": ["pgcrypto"], "subject": "c", "fixed": [180091]},
--!   {"id": "CVE-4", "score": 9.9, "component": "core", "extensions": [], "subject": "never published", "fixed": [180092]}]}
--! expect: 18.90, 18.91
--! says: release 18.90 of 2099-02-01 closes 2 holes, 1 of them open on this server and 1 in client programs; worst here: CVE-1 (8.8, a)
--! severity: high
--! fix: install PostgreSQL 18.91 on the server, update psql, pg_dump and libpq with it, and restart the server

--! case: the hole is in an extension that is installed
--! advisories: {"releases": [{"version": 180091, "date": "2099-05-01", "status": "released"}], "cves": [
--!   {"id": "CVE-3", "score": 9.8, "component": "extension", "extensions": ["pgcrypto"], "subject": "c", "fixed": [180091]}]}
create extension pgcrypto;
--! expect: 18.91
--! says: 1 of them open on this server and 0 in client programs; worst here: CVE-3 (9.8, c)
--! severity: critical

--! case: the hole is in an extension that is not installed
--! advisories: {"releases": [{"version": 180091, "date": "2099-05-01", "status": "released"}], "cves": [
--!   {"id": "CVE-3", "score": 9.8, "component": "extension", "extensions": ["pgcrypto"], "subject": "c", "fixed": [180091]}]}
--! expect: 18.91
--! says: none open here
--! severity: low

--! case: what it takes to reach a hole is looked for on the server
--! advisories: {"releases": [{"version": 180091, "date": "2099-05-01", "status": "released"}], "cves": [
--!   {"id": "CVE-1", "score": 5.3, "component": "core", "extensions": [], "subject": "a", "condition": "…", "when": [["md5 password"]], "fixed": [180091]},
--!   {"id": "CVE-2", "score": 9.8, "component": "core", "extensions": [], "subject": "b", "condition": "…", "when": [["replication role"]], "fixed": [180091]},
--!   {"id": "CVE-3", "score": 9.1, "component": "core", "extensions": [], "subject": "c", "condition": "…", "when": [["scram iterations"], ["row policies", "create objects"]], "fixed": [180091]},
--!   {"id": "CVE-4", "score": 9.2, "component": "core", "extensions": [], "subject": "d", "condition": "…", "when": [["32-bit build"], ["subscription with origin none"]], "fixed": [180091]},
--!   {"id": "CVE-5", "score": 9.3, "component": "core", "extensions": [], "subject": "e", "condition": "…", "when": [["amcheck granted"], ["statistics of another owner"]], "fixed": [180091]},
--!   {"id": "CVE-6", "score": 9.4, "component": "core", "extensions": [], "subject": "f", "condition": "…", "when": [["tls on", "gss rule"], ["loaded pg_stat_statements"]], "fixed": [180091]}]}
set local password_encryption = md5;
create role "old's app" login password 'secret';
--! expect: 18.91
--! says: closes 6 holes, 1 of them open on this server and 0 in client programs; worst here: CVE-1 (5.3, a)
--! severity: medium

--! case: everything it takes is there
--! server: odd
--! advisories: {"releases": [{"version": 180091, "date": "2099-05-01", "status": "released"}], "cves": [
--!   {"id": "CVE-2", "score": 3.1, "component": "core", "extensions": [], "subject": "b", "condition": "…", "when": [["replication role"]], "fixed": [180091]},
--!   {"id": "CVE-3", "score": 3.2, "component": "core", "extensions": [], "subject": "c", "condition": "…", "when": [["scram iterations", "row policies", "create permanent objects"]], "fixed": [180091]},
--!   {"id": "CVE-4", "score": 3.3, "component": "core", "extensions": [], "subject": "d", "condition": "…", "when": [["unix socket", "tls off", "loaded pg_stat_statements"]], "fixed": [180091]},
--!   {"id": "CVE-5", "score": 3.4, "component": "core", "extensions": [], "subject": "e", "condition": "…", "when": [["amcheck granted", "statistics of another owner", "execute pg_restore_attribute_stats"]], "fixed": [180091]}]}
set local password_encryption = 'scram-sha-256';
set local scram_iterations = 8192;
create role "the app" login replication password 'secret';
create extension amcheck;
grant execute on function bt_index_check(regclass) to "the app";
create table public.kept (id int4, other int4);
create statistics public.of_another on id, other from public.kept;
alter statistics public.of_another owner to "the app";
create policy mine on public.kept using (true);
create schema shop authorization "the app";
--! expect: 18.91
--! says: closes 4 holes, 4 of them open on this server and 0 in client programs; worst here: CVE-5 (3.4, e)
--! severity: low

--! case: the extension is not installed, and a role may install it
--! advisories: {"releases": [{"version": 180091, "date": "2099-05-01", "status": "released"}], "cves": [
--!   {"id": "CVE-3", "score": 9.8, "component": "extension", "extensions": ["pgcrypto"], "subject": "c", "condition": "…", "when": [["extension pgcrypto"]], "fixed": [180091]}]}
create role developer;
create role "Anna" login in role developer;
grant create on database checks to developer;
--! expect: 18.91
--! says: closes 1 holes, 1 of them open on this server
--! severity: critical

--! case: an extension that is not trusted takes a superuser
--! advisories: {"releases": [{"version": 180091, "date": "2099-05-01", "status": "released"}], "cves": [
--!   {"id": "CVE-3", "score": 9.8, "component": "extension", "extensions": ["refint"], "subject": "c", "condition": "…", "when": [["extension refint"]], "fixed": [180091]}]}
create role "Anna" login;
grant create on database checks to "Anna";
--! expect: 18.91
--! says: none open here
--! severity: low

--! case: what the role may not see counts as open, and so does what dbctl does not know
--! as: plain
--! advisories: {"releases": [{"version": 180091, "date": "2099-05-01", "status": "released"}], "cves": [
--!   {"id": "CVE-1", "score": 6.5, "component": "core", "extensions": [], "subject": "a", "condition": "…", "when": [["md5 password"]], "fixed": [180091]},
--!   {"id": "CVE-2", "score": 4.2, "component": "core", "extensions": [], "subject": "b", "condition": "…", "when": [["full moon"]], "fixed": [180091]},
--!   {"id": "CVE-3", "score": 9.8, "component": "core", "extensions": [], "subject": "c", "condition": "…", "when": [["gss rule", "32-bit build"]], "fixed": [180091]},
--!   {"id": "CVE-4", "score": 9.9, "component": "extension", "extensions": ["refint"], "subject": "d", "fixed": [180091]}]}
--! expect: 18.91
--! says: closes 4 holes, 2 of them open on this server (2 because the role could not look) and 0 in client programs; worst here: CVE-1 (6.5, a)
--! severity: medium

--! case: the newest release closes nothing this server has
--! advisories: {"releases": [{"version": 180000, "date": "2025-09-25", "status": "released"}], "cves": [
--!   {"id": "CVE-1", "score": 8.8, "component": "core", "extensions": [], "subject": "a", "fixed": [180000]}]}
--! expect: none

--! case: the major version is not in the advisory data
--! advisories: {"releases": [{"version": 170000, "date": "2024-09-26", "status": "released"}]}
--! expect: unknown
--! fix: update dbctl: npm install dbctl@latest

--! case: the role may not see the extensions
--! as: plain
revoke select on pg_catalog.pg_extension from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_extension to "verify_plain";
