--! case: nobody has proved anything
--! connection: {"host": "db.example.com", "crossesNetwork": true, "encrypted": true, "peer": {"sslMode": "require", "verified": false, "certificate": null}}
--! expect: this session
--! says: sslmode is require: anyone between can pass for db.example.com
--! severity: high
--! fix: use sslmode=verify-full in the URL, with the authority's certificate in sslrootcert (or sslrootcert=system)

--! case: in clear
--! connection: {"host": "db", "crossesNetwork": true, "encrypted": false, "peer": {"sslMode": "prefer", "verified": false, "certificate": null}}
--! expect: this session
--! says: sslmode is prefer and the session is in clear: anyone between can pass for db

--! case: some server of the authority
--! connection: {"host": "db", "crossesNetwork": true, "encrypted": true, "peer": {"sslMode": "verify-ca", "verified": true, "certificate": null}}
--! expect: this session
--! severity: medium

--! case: the right one
--! connection: {"host": "db", "crossesNetwork": true, "encrypted": true, "peer": {"sslMode": "verify-full", "verified": true, "certificate": null}}
--! expect: none

--! case: the loopback
--! connection: {"peer": {"sslMode": "prefer", "verified": false, "certificate": null}}
--! expect: none

--! case: a forwarded port
alter function pg_catalog.inet_client_addr() rename to the_real_address;
create function pg_catalog.inet_client_addr() returns inet language sql as $$ select '172.17.0.1'::inet $$;
--! expect: this session (unknown)
--! fix: use sslmode=verify-full in the URL, with the authority's certificate in sslrootcert (or sslrootcert=system)
