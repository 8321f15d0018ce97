--! case: half and more of both kinds
update pg_catalog.pg_database
   set datfrozenxid = ((pg_catalog.pg_current_xact_id()::text::int8 + 4294967296 - 1500000000) % 4294967296)::text::xid
 where datname = 'checks';
update pg_catalog.pg_database set datminmxid = '2894967297'::xid where datname in ('checks', 'template1');
--! expect: checks, template1
--! says: database checks has used 69 % of its transaction ids: the server refuses writes after 644,483,647 more, and 65 % of its multixact ids: the server refuses writes after 744,483,647 more

--! case: past the age at which autovacuum forces its way, and far from the end
update pg_catalog.pg_database
   set datfrozenxid = ((pg_catalog.pg_current_xact_id()::text::int8 + 4294967296 - 1072000000) % 4294967296)::text::xid;
--! expect: none

--! case: the role may not see the databases
--! as: plain
revoke select on pg_catalog.pg_database from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_database to "verify_plain";

--! case: earlier, where the profile asks for it
--! policy: {"thresholds": {"wraparoundPercent": 40, "tlsVersion": "TLSv1.3"}}
update pg_catalog.pg_database
   set datfrozenxid = ((pg_catalog.pg_current_xact_id()::text::int8 + 4294967296 - 900000000) % 4294967296)::text::xid
 where datname = 'checks';
--! expect: checks
--! says: database checks has used 41 % of its transaction ids: the server refuses writes after 1,244,483,647 more

--! case: past the end of both
update pg_catalog.pg_database
   set datfrozenxid = ((pg_catalog.pg_current_xact_id()::text::int8 + 4294967296 - 2144483647) % 4294967296)::text::xid,
       datminmxid = '2147483650'::xid
 where datname = 'checks';
--! expect: checks
--! says: 100 % of its transaction ids: the server refuses every write that needs one, and 100 % of its multixact ids: the server refuses every
