--! case: holes of the program and of libpq, of this major only
--! facts: {"client_tools": [
--!   {"name": "psql", "path": "/opt/old one/psql", "version": 180002}, {"name": "pg_dump", "path": "/opt/new/pg_dump", "version": 180010},
--!   {"name": "pg_restore", "path": "/opt/new/pg_restore", "version": 180002}]}
--! advisories: {"releases": [{"version": 180010, "date": "2099-02-01", "status": "released"}, {"version": 170099, "date": "2099-02-01", "status": "released"}], "cves": [
--!   {"id": "CVE-1", "score": 3.8, "component": "client", "extensions": [], "programs": ["psql"], "subject": "a", "fixed": [180006]},
--!   {"id": "CVE-2", "score": 8.8, "component": "client", "extensions": [], "programs": ["libpq"], "subject": "b", "fixed": [180010, 170099]},
--!   {"id": "CVE-3", "score": 9.9, "component": "client", "extensions": [], "programs": ["pg_rewind"], "subject": "another program", "fixed": [180010]},
--!   {"id": "CVE-4", "score": 9.9, "component": "core", "extensions": [], "programs": [], "subject": "of the server", "fixed": [180010]}]}
--! expect: psql, pg_restore
--! says: pg_restore 18.2 has known holes: CVE-2 (8.8): /opt/new/pg_restore
--! severity: high
--! fix: install the client programs of PostgreSQL 18.10 on this machine: dbctl tools install

--! case: a program older than the server
--! facts: {"client_tools": [{"name": "pg_dump", "path": "/usr/bin/pg_dump", "version": 170011}]}
--! expect: pg_dump
--! says: pg_dump is of 17.11, older than the server (18), which it refuses to work with: /usr/bin/pg_dump
--! severity: medium
--! fix: install the client programs of PostgreSQL 18.6 on this machine: dbctl tools install

--! case: a program nothing is known of
--! facts: {"client_tools": [{"name": "pg_dump", "path": "/usr/bin/pg_dump", "version": 190001}]}
--! expect: pg_dump
--! says: pg_dump is of 19.1, and the advisory data says nothing of its major
--! severity: low

--! case: as new as can be
--! facts: {"client_tools": [{"name": "pg_dump", "path": "/usr/bin/pg_dump", "version": 180006}, {"name": "psql", "path": "/usr/bin/psql", "version": 180010}]}
--! expect: none

--! case: none is there
--! facts: {"client_tools": {"unseen": "no client program of PostgreSQL was found on this machine", "fix": "dbctl tools install"}}
--! expect: unknown
--! fix: dbctl tools install
