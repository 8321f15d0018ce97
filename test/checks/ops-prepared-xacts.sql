--! case: one that was forgotten
--! server: odd
--! now: 2099-01-01T00:00:00Z
--! expect: order's 7
--! says: transaction 'order''s 7' of role postgres in database postgres is prepared and waits since
--! fix: rollback prepared 'order''s 7'; -- in database "postgres", once the coordinator does not know it either; else commit prepared

--! case: the same while it is young
--! server: odd
--! expect: none

--! case: the role may not see them
--! as: plain
revoke select on pg_catalog.pg_prepared_xacts from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_prepared_xacts to "verify_plain";
