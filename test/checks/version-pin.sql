--! case: below the pin, with holes the pin closes
--! policy: {"pin": 180099}
--! advisories: {"releases": [], "cves": [
--!   {"id": "CVE-1", "score": 5, "component": "core", "extensions": [], "subject": "a", "fixed": [180098]},
--!   {"id": "CVE-2", "score": 9, "component": "core", "extensions": [], "subject": "b", "fixed": [180099, 170099]},
--!   {"id": "CVE-3", "score": 9, "component": "client", "extensions": [], "subject": "not of the server", "fixed": [180099]},
--!   {"id": "CVE-4", "score": 9, "component": "core", "extensions": [], "subject": "closed by nobody yet", "fixed": [180100]},
--!   {"id": "CVE-5", "score": 9, "component": "core", "extensions": [], "subject": "closed long ago", "fixed": [180000]}]}
--! expect: cluster
--! says: below the pin 18.99, and has 2 holes the pin closes: CVE-2, CVE-1
--! fix: install PostgreSQL 18.99 or a later minor on the server and restart it

--! case: below the pin by a major version
--! policy: {"pin": 990001}
--! expect: cluster
--! says: below the pin 99.1: it runs code the project was not tested on
--! fix: upgrade to PostgreSQL 99.1 or a later minor with pg_upgrade or dump and restore; rehearse it on a restored backup first

--! case: a release that was withdrawn
alter function pg_catalog.current_setting(text) rename to the_real_current_setting;
create function pg_catalog.current_setting(text) returns text language sql stable strict as $$
  select case $1 when 'server_version_num' then '180005' else pg_catalog.the_real_current_setting($1) end
$$;
--! expect: cluster
--! says: release 18.5 was withdrawn before it was published
--! fix: install the next published release on the server and restart it

--! case: above the pin
--! policy: {"pin": 180000}
--! expect: none

--! case: 18.10 is above the pin 18.6, though it is less as a decimal number
--! policy: {"pin": 180006}
alter function pg_catalog.current_setting(text) rename to the_real_current_setting;
create function pg_catalog.current_setting(text) returns text language sql stable strict as $$
  select case $1 when 'server_version_num' then '180010' else pg_catalog.the_real_current_setting($1) end
$$;
--! expect: none

--! case: the role may not ask for the version
--! as: plain
revoke execute on function pg_catalog.current_setting(text) from public;
--! expect: unknown
--! fix: grant execute on function pg_catalog.current_setting(text) to "verify_plain";
