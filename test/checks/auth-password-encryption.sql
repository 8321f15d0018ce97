--! case: MD5 for the whole server
--! server: odd
--! expect: password_encryption
--! says: password_encryption is md5: new passwords are kept as MD5
--! fix: alter system set password_encryption = 'scram-sha-256'; select pg_reload_conf();

--! case: overrides, one of them right
create role "Old ""app";
create role fine;
alter role "Old ""app" set password_encryption = 'md5';
alter role fine set password_encryption = 'scram-sha-256';
alter role fine in database checks set password_encryption = 'MD5';
alter role all set password_encryption = 'md5';
--! expect: password_encryption of role all
--!   password_encryption of role "Old ""app"
--!   password_encryption of role fine in database checks
--! then: fixed

--! case: as PostgreSQL comes
--! expect: none

--! case: an override hides the server's own value
set local password_encryption = 'scram-sha-256';
--! expect: unknown
--! fix: run dbctl verify in a session that does not set password_encryption
