--! case: a standby and the primary of other releases, and one that is silent
--! facts: {"cluster_nodes": [
--!   {"node": "a:5432", "version": 180002, "standby": false, "problem": null}, {"node": "b:5432", "version": 180010, "standby": true, "problem": null},
--!   {"node": "c:5432", "version": 180006, "standby": true, "problem": null}, {"node": "d:5432", "version": null, "standby": null, "problem": "no answer"}]}
--! expect: a:5432, c:5432, d:5432
--! says: node a:5432 (the primary) runs 18.2, and another one 18.10
--! fix: install PostgreSQL 18.10 on a:5432 and restart it; standbys first, then a switch-over, then the old primary

--! case: all of one release
--! facts: {"cluster_nodes": [
--!   {"node": "a:5432", "version": 180002, "standby": false, "problem": null}, {"node": "b:5432", "version": 180002, "standby": true, "problem": null}]}
--! expect: none

--! case: a node did not answer, and the others are of one release
--! facts: {"cluster_nodes": {"unseen": "b:5432 could not be asked: connection refused", "fix": "run dbctl verify where b:5432 can be reached"}}
--! expect: unknown
--! fix: run dbctl verify where b:5432 can be reached
