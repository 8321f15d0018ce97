--! case: the server is in a zone with summer time
--! server: odd
--! expect: TimeZone
--! says: the server runs in time zone Europe/Berlin instead of UTC
--! fix: alter system set timezone = 'UTC'; select pg_reload_conf();

--! case: the project wants another zone
--! policy: {"timezone": "Europe/Berlin", "timezones": ["europe/berlin"]}
--! expect: TimeZone
--! fix: alter system set timezone = 'Europe/Berlin'; select pg_reload_conf();

--! case: the server is in UTC
--! expect: none

--! case: the project wants the zone the server is in
--! server: odd
--! policy: {"timezone": "europe/BERLIN", "timezones": ["europe/berlin"]}
--! expect: none

--! case: the session has a zone of its own, and the server's is not to be seen
set local timezone = 'Asia/Tokyo';
--! expect: unknown
--! fix: run dbctl verify in a session that does not set TimeZone

--! case: the role may not see the settings
--! as: plain
revoke select on pg_catalog.pg_settings from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_settings to "verify_plain";
