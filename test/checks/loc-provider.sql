--! case: a database sorted by the C library
--! database: locale_provider libc locale 'C'
--! expect: checks_own
--! says: database checks_own sorts text by libc C instead of builtin C.UTF-8
--! fix: create database "checks_own_new" template template0 locale_provider builtin builtin_locale 'C.UTF-8' locale 'C.UTF-8'; -- then dump "checks_own", restore it there and swap the names

--! case: the right provider with another locale
--! database: locale_provider builtin builtin_locale 'C' locale 'C'
--! expect: checks_own
--! says: builtin C instead of builtin C.UTF-8

--! case: ICU with rules of its own
--! database: locale_provider icu icu_locale 'en-US' icu_rules '&z < a' locale 'C'
--! policy: {"localeProvider": "icu", "locale": "en-US"}
update pg_catalog.pg_database set datistemplate = true where datname <> 'checks_own';
--! expect: checks_own
--! says: icu en-US with rules of its own instead of icu en-US
--! fix: create database "checks_own_new" template template0 locale_provider icu icu_locale 'en-US'; -- then dump "checks_own", restore it there and swap the names

--! case: as the project wants it
--! expect: none

--! case: the same locale in another spelling
--! policy: {"locale": "c.utf8"}
--! expect: none

--! case: the role may not see the databases
--! as: plain
revoke select on pg_catalog.pg_database from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_database to "verify_plain";
