--! case: the last one that passed is too long ago, and a later one failed
--! facts: {"drills": {"drill_days": 100, "drills": [
--!   {"repository": "nightly", "id": "1", "at": "2026-08-12T12:00:00.000Z", "ok": true, "backup": "a"},
--!   {"repository": "nightly", "id": "2", "at": "2026-08-13T12:00:00.000Z", "ok": false, "backup": "b"}]}}
--! now: 2026-11-21T12:00:00Z
--! expect: newest drill, newest passed drill
--! says: the newest drill, of 2026-08-13 12:00 UTC, failed
--! fix: dbctl backup drill

--! case: none has passed
--! facts: {"drills": {"drill_days": 100, "drills": []}}
--! expect: newest passed drill
--! says: no drill has passed

--! case: one passed lately, though one before failed
--! facts: {"drills": {"drill_days": 100, "drills": [
--!   {"repository": "nightly", "id": "1", "at": "2026-08-12T12:00:00.000Z", "ok": false, "backup": "a"},
--!   {"repository": "nightly", "id": "2", "at": "2026-08-13T12:00:00.000Z", "ok": true, "backup": "b"}]}}
--! now: 2026-11-21T12:00:00Z
--! expect: none

--! case: the repository did not answer
--! facts: {"drills": {"unseen": "nightly: connection refused", "fix": "dbctl backup status"}}
--! expect: unknown
--! fix: dbctl backup status
