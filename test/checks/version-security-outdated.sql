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
