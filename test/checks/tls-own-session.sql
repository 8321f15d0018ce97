--! case: over the network in clear
--! connection: {"host": "db.example.com", "crossesNetwork": true, "encrypted": false}
--! expect: this session
--! says: this session goes to db.example.com in clear
--! severity: critical
--! fix: use sslmode=verify-full in the URL, and ssl = on on the server

--! case: a pooler that goes on in clear
--! connection: {"host": "pool.example.com", "crossesNetwork": true, "encrypted": true}
alter function pg_catalog.inet_client_addr() rename to the_real_address;
create function pg_catalog.inet_client_addr() returns inet language sql as $$ select '10.0.0.5'::inet $$;
--! expect: this session
--! says: this session is encrypted up to what answers at pool.example.com, and comes to the server from 10.0.0.5 in clear: a pooler is between
--! severity: high
--! fix: let the pooler speak TLS with the server as well (PgBouncer: server_tls_sslmode = verify-full)

--! case: encrypted by a pooler on the server's own machine
--! connection: {"host": "db.example.com", "crossesNetwork": true, "encrypted": true}
--! expect: none

--! case: the loopback
--! expect: none

--! case: a forwarded port
alter function pg_catalog.inet_client_addr() rename to the_real_address;
create function pg_catalog.inet_client_addr() returns inet language sql as $$ select '172.17.0.1'::inet $$;
--! expect: this session (unknown)
--! fix: run dbctl verify with a URL that names the server itself

--! case: the role may not see its own
--! as: plain
revoke select on pg_catalog.pg_stat_ssl from public;
--! expect: unknown
--! fix: grant select on pg_catalog.pg_stat_ssl to "verify_plain";
