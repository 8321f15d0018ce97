--! case: an untrusted language
create language handmade handler plpgsql_call_handler;
--! expect: handmade
--! says: language handmade lets functions run any program as the account of the server
--! fix: drop language handmade;
--! then: fixed

--! case: an untrusted language that came as an extension
create extension hstore;
create language shady handler plpgsql_call_handler;
update pg_catalog.pg_extension set extname = 'shady' where extname = 'hstore';
--! expect: shady
--! fix: drop extension shady;

--! case: plpgsql, c and internal
--! expect: none

--! case: an untrusted language the project lists
--! policy: {"allowedExtensions": ["plpython3u"]}
create language plpython3u handler plpgsql_call_handler;
--! expect: none

--! case: the role may not see the languages
--! as: plain
revoke select on pg_catalog.pg_language from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_language to "verify_plain";
