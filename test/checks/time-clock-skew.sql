--! case: the client's clock is years behind
--! now: 2020-01-01T00:00:00Z
--! expect: cluster
--! says: ahead of this machine's

--! case: the client's clock is years ahead
--! now: 2090-01-01T00:00:00Z
--! expect: cluster
--! says: behind this machine's

--! case: both clocks are the same machine's
--! expect: none

--! case: the role may not ask for the server's time
--! as: plain
revoke execute on function pg_catalog.statement_timestamp() from public;
--! expect: unknown
--! fix: grant execute on function pg_catalog.statement_timestamp() to "verify_plain";
