--! case: in ten days
--! now: 2026-11-20T12:00:00Z
--! connection: {"host": "db.example.com", "crossesNetwork": true, "encrypted": true, "peer": {"sslMode": "require", "verified": false, "certificate": {"subject": "CN=db.example.com", "issuer": "CN=Own", "notBefore": "2026-01-01T00:00:00Z", "notAfter": "2026-11-30T23:00:00Z", "selfSigned": false, "mismatch": null}}}
--! expect: certificate: end
--! says: the certificate of CN=db.example.com runs out on 2026-11-30, in 10 days
--! severity: high
--! fix: renew it, put it in the place of ssl_cert_file (and its key into ssl_key_file), then select pg_reload_conf();

--! case: over, for another name, by nobody
--! now: 2026-12-01T00:00:00Z
--! connection: {"host": "db.example.com", "crossesNetwork": true, "encrypted": true, "peer": {"sslMode": "require", "verified": false, "certificate": {"subject": "CN=db.example.com", "issuer": "CN=Own", "notBefore": "2026-01-01T00:00:00Z", "notAfter": "2026-11-30T23:00:00Z", "selfSigned": true, "mismatch": "it is for \"old.example.com\""}}}
--! expect: certificate: authority, certificate: end, certificate: name
--! says: the certificate of CN=db.example.com vouches for itself
--! severity: medium

--! case: not yet
--! now: 2025-12-31T23:00:00Z
--! connection: {"host": "db.example.com", "crossesNetwork": true, "encrypted": true, "peer": {"sslMode": "require", "verified": false, "certificate": {"subject": "CN=db.example.com", "issuer": "CN=Own", "notBefore": "2026-01-01T00:00:00Z", "notAfter": "2026-11-30T23:00:00Z", "selfSigned": false, "mismatch": null}}}
--! expect: certificate: beginning
--! says: is not valid before 2026-01-01 00:00 UTC

--! case: another name, at the end of a tunnel; and pinned
--! now: 2026-02-01T00:00:00Z
--! connection: {"host": "db.example.com", "crossesNetwork": false, "encrypted": true, "peer": {"sslMode": "require", "verified": true, "certificate": {"subject": "CN=db.example.com", "issuer": "CN=Own", "notBefore": "2026-01-01T00:00:00Z", "notAfter": "2026-11-30T23:00:00Z", "selfSigned": true, "mismatch": "it is for \"db.example.com\""}}}
--! expect: none

--! case: a server without TLS has none
--! expect: none

--! case: not shown to a session in clear
--! server: tls
--! expect: certificate (unknown)
--! fix: run dbctl verify with sslmode=require, or better
