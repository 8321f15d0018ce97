--! case: too old, none of this database, of the future
--! facts: {"backups": {"environment": "prod", "max_age_seconds": 93600, "repositories": ["old", "other's", "wrong clock", "server"], "backups": [
--!   {"repository": "old", "id": "1", "database": "checks", "at": "2026-11-20T09:59:00.000Z"},
--!   {"repository": "old", "id": "0", "database": "checks", "at": "2026-11-10T09:59:00.000Z"},
--!   {"repository": "other's", "id": "2", "database": "another", "at": "2026-11-21T11:00:00.000Z"},
--!   {"repository": "wrong clock", "id": "3", "database": "checks", "at": "2026-11-21T12:06:00.000Z"},
--!   {"repository": "server", "id": "4", "database": null, "at": "2026-11-21T11:00:00.000Z"}]}}
--! now: 2026-11-21T12:00:00Z
--! expect: old, other's, wrong clock
--! says: the newest good backup in old is 26.0 hours old, and 26.0 are the most
--! fix: dbctl backup create --env 'prod' --repository 'old'

--! case: none at all
--! facts: {"backups": {"environment": "prod", "max_age_seconds": 93600, "repositories": ["nightly"], "backups": []}}
--! expect: nightly
--! says: repository nightly has no good backup of database checks of prod

--! case: young enough, by a clock that is a little ahead
--! facts: {"backups": {"environment": "prod", "max_age_seconds": 93600, "repositories": ["nightly"], "backups": [
--!   {"repository": "nightly", "id": "3", "database": "checks", "at": "2026-11-21T12:04:00.000Z"}]}}
--! now: 2026-11-21T12:00:00Z
--! expect: none

--! case: the repository did not answer
--! facts: {"backups": {"unseen": "the repository of the backups did not answer within 5 s", "fix": "dbctl backup status"}}
--! expect: unknown
--! fix: dbctl backup status
